"""What replay says of reports that differ, without judging anything."""

from __future__ import annotations

import pytest

from flows.results.replaying import differences, results_of, settings_of
from pipeline.audit.archive import PackSet
from pipeline.errors import ConfigError
from pipeline.settings import NOT_IN_RESULTS, load_settings


@pytest.mark.parametrize(
    ("then", "now", "fields"),
    [
        ({"a": 1, "b": [1, {"c": "x"}]}, {"a": 1, "b": [1, {"c": "x"}]}, []),
        ({"a": 1, "b": [1, {"c": "x"}]}, {"a": 1, "b": [1, {"c": "y"}]}, ["/b/1/c"]),
        ({"a": 1}, {"a": 1.0}, ["/a"]),
        ({"a": 1, "b/c~": 2}, {"a": 1}, ["/b~1c~0"]),
        ({"a": [1, 2]}, {"a": [1]}, ["/a"]),
        ({"a": None}, {"a": False}, ["/a"]),
    ],
)
def test_differences_are_named_by_their_place(then, now, fields):
    assert list(differences(then, now)) == fields
    assert list(differences(now, then)) == fields


def pack(**changes):
    settings = load_settings().model_dump(mode="json", exclude=set(NOT_IN_RESULTS))
    for place, value in changes.items():
        section, name = place.split("__")
        settings.setdefault(section, {})
        if value is None:
            del settings[section][name]
        else:
            settings[section][name] = value
    return PackSet(sha256="0" * 64, content={"settings": settings})


def test_the_settings_of_then_hold_for_what_can_change_a_result():
    today = load_settings()
    then, changed = settings_of(pack(detect__violation_confidence=0.9), today)
    assert then.detect.violation_confidence == 0.9
    assert then.report == today.report
    assert changed == []


def test_settings_that_came_or_went_are_told():
    _, changed = settings_of(pack(detect__by_sound=None, detect__by_smell=True), load_settings())
    assert changed == ["setting detect.by_smell is no more", "setting detect.by_sound is new"]


def test_a_value_that_is_not_allowed_any_more_is_refused():
    with pytest.raises(ConfigError, match="of then"):
        settings_of(pack(detect__violation_confidence=7), load_settings())


def test_calls_are_found_in_a_folder_or_named_by_their_file(tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    for name in ("a", "b"):
        (calls / f"{name}.json").write_text("{}", encoding="utf-8")
    assert [path.stem for path in results_of(tmp_path, [])[1]] == ["a", "b"]
    assert [path.stem for path in results_of(tmp_path, ["b"])[1]] == ["b"]
    assert results_of(calls / "a.json", []) == (tmp_path, [calls / "a.json"])
    with pytest.raises(ConfigError, match="no result of c"):
        results_of(tmp_path, ["a", "c"])
    with pytest.raises(ConfigError, match="no results here"):
        results_of(calls, [])
