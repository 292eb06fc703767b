"""Which calls a pack is about."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.audit.selection import Selection, find
from pipeline.errors import ConfigError
from tests.unit.audit.made import call, results, usual


@pytest.fixture
def folder(tmp_path):
    return usual(tmp_path / "results")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, ["c1", "c2", "c3"]),
        ({"calls": frozenset({"c2"})}, ["c2"]),
        ({"agency": "和润资产"}, ["c1"]),
        ({"first": date(2026, 7, 1)}, ["c2"]),
        ({"last": date(2026, 6, 30)}, ["c1", "c3"]),
        ({"first": date(2026, 7, 1), "last": date(2026, 7, 1), "agency": "明达外包"}, ["c2"]),
    ],
)
def test_all_that_is_asked_for_must_be_met(folder, asked, ids):
    found = find([folder], Selection(**asked))
    assert [one.call_id for one in found.calls] == ids
    assert set(found.quarantined) == {"c3"} & set(ids)
    assert [one.call_id for one in found.unplaced] == ["line-9"]


def test_the_day_is_that_in_china(tmp_path):
    folder = results(tmp_path, call("c1", metadata={"started_at": "2026-06-30T16:30:00+00:00"}))
    assert find([folder], Selection(first=date(2026, 7, 1), last=date(2026, 7, 1))).calls
    with pytest.raises(ConfigError, match="no call"):
        find([folder], Selection(last=date(2026, 6, 30)))


def test_a_call_without_a_day_is_in_no_period_and_is_told(tmp_path):
    undated = call("c2")
    del undated["metadata"]["started_at"]
    folder = results(tmp_path, call("c1"), undated)
    found = find([folder], Selection(first=date(2020, 1, 1)))
    assert ([one.call_id for one in found.calls], found.undated) == (["c1"], ["c2"])


def test_an_empty_pack_would_look_clean(folder):
    with pytest.raises(ConfigError, match="no call"):
        find([folder], Selection(agency="没有这家"))
    with pytest.raises(ConfigError, match="no result of c9"):
        find([folder], Selection(calls=frozenset({"c1", "c9"})))


def test_a_call_in_two_folders_is_refused(folder, tmp_path):
    again = results(tmp_path / "again", call("c1"))
    with pytest.raises(ConfigError, match="call c1 stands in"):
        find([folder, again], Selection())
