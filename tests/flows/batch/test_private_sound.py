"""A batch's playable copies hide people where its reports do, and nothing it writes is for others."""

from __future__ import annotations

import pytest

from pipeline.errors import ConfigError
from pipeline.privacy.vault import is_sealed, new_key
from pipeline.report.playable import is_covered, sound_of
from tests.flows.batch.test_batch import order_of, source_of, work

pytestmark = pytest.mark.slow

HERE = 'isolation = "none"\n'


def order_with(folder, **sections):
    more = "".join(f"\n[{name}]\n{lines}" for name, lines in sections.items())
    return order_of(folder, source_of(folder, "a"), batch=HERE + more)


def copy(folder):
    return sound_of(folder / "out", "a")


def test_copies_are_covered_and_a_run_that_masks_later_covers_them_too(tmp_path):
    work(order_with(tmp_path, report="mask = false"))
    assert not is_covered(copy(tmp_path).read_bytes())
    work(order_with(tmp_path))
    covered = copy(tmp_path).read_bytes()
    assert is_covered(covered)
    work(order_with(tmp_path))
    assert copy(tmp_path).read_bytes() == covered
    work(order_with(tmp_path, privacy='cover = "silence"'))
    assert copy(tmp_path).read_bytes() != covered


def test_what_a_run_writes_is_for_its_owner_alone(tmp_path):
    work(order_with(tmp_path))
    out = tmp_path / "out"
    open_to_others = {
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.stat().st_mode & 0o077
    }
    assert open_to_others <= {"metrics.prom"}
    assert out.stat().st_mode & 0o077 == 0


def test_the_group_may_read_where_the_settings_say_so(tmp_path):
    work(order_with(tmp_path, privacy="group_readable = true"))
    assert copy(tmp_path).stat().st_mode & 0o777 == 0o640
    assert copy(tmp_path).parent.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "out" / "tinghe.db").stat().st_mode & 0o777 == 0o640


def test_a_missing_key_is_told_before_anything_is_done(tmp_path):
    with pytest.raises(ConfigError, match="has no key"):
        work(order_with(tmp_path, privacy="encrypt_audio = true"))
    assert not (tmp_path / "out" / "heard").exists()


def test_encrypted_copies_have_no_player(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGHE_AUDIO_KEY", new_key())
    work(order_with(tmp_path, privacy="encrypt_audio = true"))
    assert is_sealed(copy(tmp_path))
    assert "<audio" not in (tmp_path / "out" / "pages" / "a.html").read_text(encoding="utf-8")
