"""Legal holds: set and released by somebody, for a reason, at a time; all of it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.errors import ConfigError
from pipeline.retention.holds import Subjects, held, read_holds, release_holds, set_holds
from pipeline.store import Store

AT = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
LATER = datetime(2027, 6, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    opened = Store(database_url)
    yield opened
    opened.close()


def now_held(store):
    with store.transaction("test") as connection:
        return held(connection)


def test_a_hold_says_who_when_and_why(store):
    set_holds(store, Subjects(calls=("c1",), debtors=("D1",)), by="王", why="投诉", at=AT)
    assert now_held(store).calls == {"c1"}
    assert now_held(store).debtors == {"D1"}
    release_holds(store, Subjects(debtors=("D1",)), by="李", why="撤诉", at=LATER)
    assert now_held(store).debtors == frozenset()
    assert now_held(store).calls == {"c1"}
    by_subject = {hold.subject: hold for hold in read_holds(store)}
    assert by_subject["D1"].released_by == "李"
    assert by_subject["D1"].released_why == "撤诉"
    assert by_subject["D1"].set_at == AT.isoformat()
    assert by_subject["c1"].active
    assert [hold.subject for hold in read_holds(store, active=True)] == ["c1"]


def test_a_case_joins_and_releases_as_a_whole(store):
    set_holds(store, Subjects(calls=("c1", "c2"), debtors=("D1",), case="K1"), by="a", why="b", at=AT)
    set_holds(store, Subjects(calls=("c1",), case="K2"), by="a", why="b", at=AT)
    assert len(release_holds(store, Subjects(case="K1"), by="a", why="b", at=LATER)) == 3
    assert now_held(store).calls == {"c1"}, "the other case still holds it"


def test_setting_twice_holds_once(store):
    named = Subjects(calls=("c1",), case="K1")
    assert len(set_holds(store, named, by="a", why="b", at=AT)) == 1
    assert set_holds(store, named, by="a", why="b", at=LATER) == ()
    assert len(read_holds(store)) == 1


@pytest.mark.parametrize("values", [{"by": " ", "why": "b"}, {"by": "a", "why": ""}])
def test_nobody_and_no_reason_hold_nothing(store, values):
    with pytest.raises(ConfigError, match="--by"):
        set_holds(store, Subjects(calls=("c1",)), **values, at=AT)
    with pytest.raises(ConfigError, match="--by"):
        release_holds(store, Subjects(calls=("c1",)), **values, at=AT)


def test_naming_nothing_is_wrong_usage(store):
    with pytest.raises(ConfigError, match="name a call"):
        set_holds(store, Subjects(case="K1"), by="a", why="b", at=AT)
    with pytest.raises(ConfigError, match="name a call"):
        release_holds(store, Subjects(), by="a", why="b", at=AT)
    with pytest.raises(ConfigError, match="under hold"):
        release_holds(store, Subjects(calls=("c9",)), by="a", why="b", at=AT)


def test_printing_a_hold_shows_no_debtor(store):
    (made,) = set_holds(store, Subjects(debtors=("D-secret",)), by="a", why="of D-secret", at=AT)
    assert "D-secret" not in repr(made)
