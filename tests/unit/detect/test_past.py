"""Examples with a past prove rules about other calls; notes are for later calls only."""

import pytest
from pydantic import ValidationError

from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.proof import prove
from pipeline.detect.schema import Example
from pipeline.settings import load_settings
from pipeline.types import History
from tests.unit.detect.support import book_of, call, dialogue, dump, load, rule, write_pack

SETTINGS = load_settings()
OFTEN = {
    "conditions": {
        "three": {"contacts": {"count": "connected", "value": {"gt": 2}}},
        "broken": {"promise": {"state": "broken"}},
    },
    "raise_when": "three or broken",
    "severity_when": {"critical": "three"},
    "severity": "minor",
}
KNOWN = {"customer_id": "k1", "started_at": "2026-03-05 17:00", "direction": "outbound", "connected": True}


def example(**more):
    return {"text": "您好", "metadata": KNOWN, **more}


def failures(tmp_path, *, hit=(), miss=(), **fields):
    examples = {
        "must_hit": [*hit, example(contacts=[{"hours_ago": 1, "times": 2}])],
        "must_not_hit": [*miss, "您好"],
    }
    return [f.example for f in prove(book_of(tmp_path, rule(**{**OFTEN, **fields, "examples": examples})))]


def test_contacts_and_promises_of_an_example_count(tmp_path):
    hit = [
        example(what="two before", contacts=[{"hours_ago": 1}, {"minutes_ago": 90}], severity="critical"),
        example(what="several", contacts=[{"hours_ago": 1, "times": 2, "every": 30}]),
        example(what="at", contacts=[{"at": f"2026-03-05T0{h}:00:00+08:00"} for h in (8, 9)]),
        example(
            what="broken", promises=[{"days_ago": 9, "due": "2026-03-01", "kept": False}], severity="minor"
        ),
    ]
    miss = [
        example(what="one before", contacts=[{"hours_ago": 1}]),
        example(what="yesterday", contacts=[{"days_ago": 1, "times": 5}]),
        example(what="missed", contacts=[{"hours_ago": 1, "times": 5, "connected": False}], dial_log=True),
        example(what="somebody else", contacts=[{"hours_ago": 1, "times": 5, "customer_id": "k2"}]),
        example(what="kept", promises=[{"days_ago": 9, "due": "2026-03-01", "kept": True}]),
        {"text": "您好", "what": "no time", "contacts": [{"hours_ago": 1, "times": 5}]},
    ]
    assert failures(tmp_path, hit=hit, miss=miss) == []


def test_an_example_that_is_found_less_grave_fails(tmp_path):
    few = example(
        what="graver", promises=[{"days_ago": 9, "due": "2026-03-01", "kept": False}], severity="critical"
    )
    assert failures(tmp_path, hit=[few]) == ["graver"]


@pytest.mark.parametrize(
    "contact",
    [{}, {"hours_ago": 1, "days_ago": 1}, {"hours_ago": -1}, {"hours_ago": 1, "times": 0}, {"hours": 1}],
)
def test_a_contact_has_one_time(contact):
    with pytest.raises(ValidationError):
        Example.model_validate(example(contacts=[contact]))


def test_acts_and_events_of_the_book_are_known_to_examples(tmp_path):
    examples = {
        "must_hit": [{"dialogue": [{"customer": "我住院了"}, {"agent": "那也得还"}]}],
        "must_not_hit": [{"dialogue": [{"customer": "我在家"}]}],
    }
    sick = {"conditions": {"sick": {"says": "customer", "event": "illness"}}, "raise_when": "sick"}
    write_pack(tmp_path / "rules", rule(**sick, examples=examples))
    assert [f.rule for f in prove(load(tmp_path / "rules"))] == ["threat"]
    event = rule(
        rule="illness",
        says="customer",
        hits=[{"text": "住院"}],
        examples={"must_hit": ["住院了"], "must_not_hit": ["没事"]},
    )
    pack = {"pack": "events", "version": "1", "kind": "event", "rules": [event]}
    dump(tmp_path / "rules" / "events.yaml", pack)
    assert prove(load(tmp_path / "rules")) == ()


def test_a_note_is_no_event_of_the_call(tmp_path):
    noted = rule(rule="contact_refused", says="customer", hits=[{"text": "别再打"}])
    book = book_of(tmp_path, noted, kind="note")
    found = detect(
        call(),
        dialogue(("a", "您好"), ("c", "别再打了")),
        book,
        SETTINGS.detect,
        SETTINGS.roles,
        facts=Facts(history=History()),
    )
    assert [note.event for note in found.notes] == ["contact_refused"]
    assert (found.events, found.acts, found.findings) == ((), (), ())
