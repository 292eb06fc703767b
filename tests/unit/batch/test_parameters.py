"""A results folder knows how it was made."""

import stat
from pathlib import Path

import pytest

from pipeline.batch.parameters import FILE_NAME, new_parameters, read_parameters
from pipeline.errors import ConfigError


def test_they_come_back(tmp_path):
    made = new_parameters(Path("in"), "recordings").started_with(
        source=Path("in"), mode="transcripts", config=tmp_path / "a.toml", dial_log=None
    )
    made.write(tmp_path)
    assert read_parameters(tmp_path) == made
    assert made.source.is_absolute()
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_two_folders_are_two_batches():
    assert (
        new_parameters(Path("in"), "recordings").batch_id != new_parameters(Path("in"), "recordings").batch_id
    )


def test_nothing_was_started():
    assert read_parameters(Path("/nowhere")) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": "tinghe.batch/9", "mode": "recordings"}', "\xff"])
def test_another_file_is_a_clear_error(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text, "latin-1")
    with pytest.raises(ConfigError, match=FILE_NAME):
        read_parameters(tmp_path)
