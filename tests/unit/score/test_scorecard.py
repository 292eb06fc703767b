"""A scorecard that cannot be used says which file and which field."""

from __future__ import annotations

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.score import load_scorecard
from pipeline.settings import CONFIGS

SHIPPED = CONFIGS / "scorecards" / "default.yaml"


def changed(tmp_path, **sections):
    """The shipped scorecard with values replaced, ``a__b=1`` for ``a: {b: 1}``."""
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    for path, value in sections.items():
        *parents, last = path.split("__")
        place = content
        for key in parents:
            place = place[key]
        place[last] = value
    file = tmp_path / "card.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def test_the_shipped_scorecard_loads():
    card = load_scorecard(SHIPPED)
    assert card.compliance.major.cap == 60


def test_own_points_are_used(tmp_path):
    assert load_scorecard(changed(tmp_path, compliance__major__first=30)).compliance.major.first == 30


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"compliance__major__first": "viel"}, "compliance.major.first"),
        ({"compliance__minor__cap": 101}, "compliance.minor.cap"),
        ({"compliance__colour": 1}, "compliance.colour"),
        ({"effectiveness__items__smile": 5}, "effectiveness.items.smile"),
        ({"effectiveness__items__empathy": 0}, "empathy"),
        ({"effectiveness__items": {}}, "effectiveness.items"),
        ({"effectiveness__caps__red_line": 90}, "effectiveness.caps"),
        ({"effectiveness__act_beside_major": 0.9}, "act_beside_major"),
        ({"version": None}, "version"),
    ],
)
def test_a_wrong_value_names_file_and_field(tmp_path, change, field):
    file = changed(tmp_path, **change)
    with pytest.raises(ConfigError) as caught:
        load_scorecard(file)
    assert str(file) in str(caught.value)
    assert field in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"", b"just words"])
def test_what_is_no_scorecard_is_a_config_error(tmp_path, content):
    file = tmp_path / "card.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="card"):
        load_scorecard(file)


def test_a_missing_file_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_scorecard(tmp_path / "nowhere.yaml")
