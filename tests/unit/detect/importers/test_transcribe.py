"""Categories of Transcribe Call Analytics."""

import pytest

from pipeline.detect.facts import Facts
from pipeline.detect.importers.transcribe import import_rules
from pipeline.errors import RulePackError
from pipeline.types import Tone
from tests.unit.detect.conditions.support import turn
from tests.unit.detect.importers.support import as_json, loaded, packs, raised, told

SPOKEN = (
    turn(0, "A: 您好请问", 0, 2),
    turn(1, "C: 我现在没有钱还", 6, 10),
    turn(2, "A: 那您什么时候能还", 9, 12),
    turn(3, "C: 不知道呢再说吧", 13, 16),
)
KNOWN = Facts(duration_ms=16_000, tones={0: Tone.WARM, 1: Tone.NEUTRAL, 2: Tone.PRESSING, 3: Tone.HOSTILE})


def imported(*filters, **more):
    return import_rules(as_json({"CategoryName": "类别", "Rules": list(filters), **more}))


def words(*targets, **more):
    return {"TranscriptFilter": {"TranscriptFilterType": "EXACT", "Targets": list(targets), **more}}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"NonTalkTimeFilter": {"Threshold": 4000}}], [1]),
        ([{"NonTalkTimeFilter": {"Threshold": 4001}}], []),
        ([{"NonTalkTimeFilter": {"Threshold": 4001, "Negate": True}}], [None]),
        ([{"InterruptionFilter": {"Threshold": 1000, "ParticipantRole": "AGENT"}}], [2]),
        ([{"InterruptionFilter": {"Threshold": 1000, "ParticipantRole": "CUSTOMER"}}], []),
        ([words("能还", "没有")], [1, 2]),
        ([words("能还", "没有", ParticipantRole="AGENT")], [2]),
        ([words("能还"), words("没有")], [2]),
        ([words("能还"), words("滚")], []),
        ([words("能还"), words("滚", Negate=True)], [2]),
        ([words("没有", AbsoluteTimeRange={"StartTime": 0, "EndTime": 5000})], []),
        ([words("没有", AbsoluteTimeRange={"First": 7000})], [1]),
        ([words("再说", AbsoluteTimeRange={"Last": 4000})], [3]),
        ([words("再说", RelativeTimeRange={"StartPercentage": 50, "EndPercentage": 100})], [3]),
        ([words("再说", RelativeTimeRange={"First": 50})], []),
        ([words("再说", RelativeTimeRange={"Last": 25})], [3]),
        ([{"SentimentFilter": {"Sentiments": ["NEGATIVE"]}}], [2, 3]),
        ([{"SentimentFilter": {"Sentiments": ["POSITIVE", "NEUTRAL"], "ParticipantRole": "CUSTOMER"}}], [1]),
    ],
)
def test_filters_behave_as_documented(tmp_path, filters, expected):
    assert raised(loaded(tmp_path, imported(*filters)), *SPOKEN, facts=KNOWN) == expected


RANGES = [
    ("Negate", True),
    ("ParticipantRole", "AGENT"),
    ("AbsoluteTimeRange", {"First": 5000}),
    ("RelativeTimeRange", {"Last": 10}),
    ("SomethingNew", 1),
]
PARAMETERS = [
    *(("NonTalkTimeFilter", {"Threshold": 1000}, *p) for p in [("Threshold", 2000), *RANGES]),
    *(("InterruptionFilter", {"Threshold": 1000}, *p) for p in [("Threshold", 2000), *RANGES]),
    *(
        ("TranscriptFilter", {"Targets": ["甲"]}, *p)
        for p in [("Targets", ["乙"]), ("TranscriptFilterType", "FUZZY"), *RANGES]
    ),
    *(
        ("SentimentFilter", {"Sentiments": ["NEGATIVE"]}, *p)
        for p in [("Sentiments", ["MIXED", "NEUTRAL"]), *RANGES]
    ),
]


@pytest.mark.parametrize(
    ("kind", "base", "name", "value"), PARAMETERS, ids=[f"{p[0]}.{p[2]}" for p in PARAMETERS]
)
def test_every_parameter_is_carried_or_listed(tmp_path, kind, base, name, value):
    before, after = imported({kind: base}), imported({kind: {**base, name: value}})
    assert packs(before) != packs(after) or told(after, name)
    loaded(tmp_path, after)


@pytest.mark.parametrize("name", ["InputType", "CreateTime", "LastUpdateTime", "Tags", "SomethingNew"])
def test_every_parameter_of_a_category_is_listed(name):
    assert told(imported(words("甲"), **{name: "REAL_TIME"}), name)


def test_filters_that_are_not_known_are_left_out_and_listed():
    given = imported({"ToneFilter": {"Threshold": 1}}, words("甲"))
    assert packs(given)[0][0]["raise_when"] == "c2"
    assert any("no such filter" in note.why for note in given.notes)


def test_a_list_of_categories():
    listed = {"Categories": [{"CategoryName": n, "Rules": [words("甲")]} for n in ("a", "b")]}
    assert [r["rule"] for r in packs(import_rules(as_json(listed)))[0]] == ["tca_a", "tca_b"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"Categories": [{"CategoryName": "x"}]}'])
def test_something_else_is_refused(text):
    with pytest.raises(RulePackError):
        import_rules(text)
