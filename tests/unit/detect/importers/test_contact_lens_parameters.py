"""Every documented parameter of a Contact Lens rule is carried over or listed."""

import pytest

from pipeline.detect.importers.contact_lens import import_rules
from pipeline.errors import RulePackError
from tests.unit.detect.importers.contact_lens import EXACT, at_least, function, imported, leaf, says
from tests.unit.detect.importers.support import as_json, loaded, packs, told


def rule(**more):
    return {"Name": "威胁", "Function": as_json(function(says("甲"))), **more}


RULE_PARAMETERS = {
    "Name": "另一名",
    "TriggerEventSource": {"EventSourceName": "OnRealTimeCallAnalysisAvailable"},
    "Actions": [{"ActionType": "ASSIGN_CONTACT_CATEGORY"}],
    "PublishStatus": "PUBLISHED",
    "RuleId": "1",
    "RuleArn": "arn",
    "InstanceId": "i",
    "ClientToken": "t",
    "CreatedTime": 1,
    "LastUpdatedTime": 1,
    "LastUpdatedBy": "me",
    "Tags": {"a": "b"},
    "SomethingNew": 1,
}


def differs(before, after, name):
    fresh = set(after.notes) - set(before.notes)
    return packs(before) != packs(after) or any(name in note.parameter.split(".") for note in fresh)


@pytest.mark.parametrize("name", RULE_PARAMETERS)
def test_every_parameter_of_a_rule_is_carried_or_listed(tmp_path, name):
    after = import_rules(as_json(rule(**{name: RULE_PARAMETERS[name]})))
    assert differs(import_rules(as_json(rule())), after, name)
    loaded(tmp_path, after)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Operands", ["乙"]),
        ("Operator", "EQUALS"),
        ("Negate", True),
        ("FilterClause", {"LogicOperator": "AND", "Filters": [{"Type": "ParticipantRole", "Data": "AGENT"}]}),
        ("FilterClause", {"LogicOperator": "OR", "Filters": []}),
        ("SomethingNew", 1),
    ],
)
def test_every_parameter_of_a_condition_is_carried_or_listed(name, value):
    after = imported(says("甲") | {name: value})
    before = imported(says("甲"))
    # EQUALS asks the same of a word as CONTAINS_ANY
    assert (
        differs(before, after, name)
        or (name, value) == ("Operator", "EQUALS")
        or told(after, "LogicOperator")
    )


@pytest.mark.parametrize(
    "given",
    [
        {"Type": "PostCallContactPeriodSeconds", "Data": {"First": 5}},
        {"Type": "PostCallContactPeriodSeconds", "Data": {"Last": 5}},
        {"Type": "PostCallContactPeriodSeconds", "Data": {"First": 5, "Middle": 3}},
        {"Type": "ParticipantRole", "Data": "SUPERVISOR"},
        {"Type": "PatternMatchLanguageFilter", "Data": "ZH"},
        {"Type": "PatternMatchLanguageFilter", "Data": "EN"},
        {"Type": "AiAgentUseCase", "Data": {"Value": "SelfService"}},
        {"Type": "AiAgentEscalatedToHuman", "Data": "TRUE"},
        {"Type": "ParticipantRole", "Data": "AGENT", "New": 1},
    ],
)
def test_every_filter_is_carried_or_listed(given):
    before, after = imported(says("甲")), imported(leaf(EXACT, ["甲"], filters=[given], Negate=False))
    assert packs(before) != packs(after) or set(after.notes) - set(before.notes)


def test_an_empty_filter_asks_for_nothing():
    assert packs(imported(leaf(EXACT, ["甲"], filters=[{}], Negate=False))) == packs(imported(says("甲")))


@pytest.mark.parametrize(
    "operand",
    [
        [
            {"Type": "PLAIN", "Value": "甲"},
            {"Type": "PROXIMITY", "Value": {"Distance": 3, "IsWithin": True, "New": 1}},
            "乙",
        ],
        [{"Type": "PLAIN", "Value": "甲", "New": 1}],
        [{"Type": "FUZZY", "Value": "甲"}, "乙"],
        [{"Type": "PLAIN", "Value": {"WordCollectionId": "1"}}, "乙"],
        [5, "乙"],
        [{"Type": "PROXIMITY", "Value": {"Distance": 3, "IsWithin": True}}, "乙"],
        [
            "甲",
            {"Type": "PROXIMITY", "Value": {"Distance": 3}},
            "乙",
            {"Type": "PROXIMITY", "Value": {"Distance": 4}},
            "丙",
        ],
    ],
)
def test_what_a_pattern_holds_beyond_is_listed(operand):
    given = imported(leaf("PatternMatch.Transcript", [operand]))
    assert [note for note in given.notes if note.how in ("lost", "changed")]


def test_word_collections_are_listed():
    given = imported(leaf(EXACT, ["甲", {"WordCollectionId": "1"}]))
    assert told(given, "Operands", "lost")
    assert packs(given)[0][0]["conditions"]["c1"]["text"] == ["甲"]


def test_filters_on_what_is_true_of_the_call_are_listed():
    given = imported(leaf("Agent.AgentId", ["a"], filters=[{"Type": "ParticipantRole", "Data": "AGENT"}]))
    assert told(given, "says", "lost")


def test_severity_is_not_in_the_source_and_that_is_said():
    given = imported(says("甲"))
    assert packs(given)[0][0]["severity"] == "minor"
    assert any("no severity" in note.why for note in given.notes if note.how == "decided")


@pytest.mark.parametrize("kind", ["act", "event"])
def test_rules_can_be_imported_as_acts_or_events(tmp_path, kind):
    given = imported(says("甲"), kind=kind)
    assert [r.kind for r in loaded(tmp_path, given).rules] == [kind]


def test_several_rules_and_the_answer_of_the_service(tmp_path):
    answer = {"Rules": [{"Rule": rule()}, {"Rule": rule(Name="另一条")}]}
    given = import_rules(as_json(answer))
    assert [r["title"] for r in packs(given)[0]] == ["威胁", "另一条"]
    assert len({r["rule"] for r in packs(given)[0]}) == 2
    loaded(tmp_path, given)


def test_another_version_is_read_and_said():
    assert told(imported(says("甲"), Version="2030-01-01"), "Version", "decided")


def test_a_rule_with_nothing_left_is_listed():
    given = imported(at_least("Loudness.HighestLoudnessScore", 80))
    assert packs(given) == []
    assert any("no condition that is carried over" in note.why for note in given.notes)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"Rules": []}', '"x"'])
def test_something_else_is_refused(text):
    with pytest.raises(RulePackError):
        import_rules(text)
