"""Contact Lens rule functions: what is carried over behaves as documented."""

import pytest

from pipeline.detect.facts import Facts
from pipeline.types import Tone
from tests.unit.detect.conditions.support import turn
from tests.unit.detect.importers.contact_lens import EXACT, at_least, at_most, imported, leaf, says
from tests.unit.detect.importers.support import loaded, packs, raised, told


def test_the_documented_example(tmp_path):
    spoken = leaf(EXACT, ["refund"], prefix="$.ContactLens.RealTimeCall.", Negate=False)
    spoken["FilterClause"] = {
        "LogicOperator": "AND",
        "Filters": [{"Type": "ParticipantRole", "Data": "CUSTOMER"}],
    }
    queue = leaf("Queue.QueueId", ["1111"], prefix="$.ContactLens.RealTimeCall.", Negate=False)
    book = loaded(tmp_path, imported(spoken, queue))
    assert raised(book, "A: refund?", "C: a Refund please", metadata={"queue": "1111"}) == [1]
    assert raised(book, "A: refund?", metadata={"queue": "1111"}) == []
    assert raised(book, "C: refund", metadata={"queue": "2222"}) == []
    assert raised(book, "C: refund") == ["queue"]


@pytest.mark.parametrize(
    ("operator", "negate", "spoken", "expected"),
    [
        ("AND", (False, False), ("A: 甲乙",), [0]),
        ("AND", (False, False), ("A: 甲",), []),
        ("OR", (False, False), ("A: 甲", "A: 乙"), [0]),
        ("AND", (False, True), ("A: 甲",), [0]),
        ("AND", (False, True), ("A: 甲", "C: 乙"), []),
    ],
)
def test_logic(tmp_path, operator, negate, spoken, expected):
    parts = [says(word) | {"Negate": negated} for word, negated in zip("甲乙", negate, strict=True)]
    book = loaded(tmp_path, imported(*parts, operator=operator))
    found = raised(book, *spoken)
    assert found[:1] == expected[:1]
    assert bool(found) is bool(expected)


def test_logic_nests(tmp_path):
    inner = {"Operator": "OR", "Operands": [says("乙"), says("丙")], "Negate": True}
    book = loaded(tmp_path, imported(says("甲"), inner))
    assert raised(book, "A: 甲") == [0]
    assert raised(book, "A: 甲", "A: 丙") == []


@pytest.mark.parametrize(
    ("operand", "text", "hit"),
    [
        ([{"Type": "PLAIN", "Value": "停电"}], "说停电了", True),
        ([{"Type": "PLAIN", "Value": "neighbo*"}], "my neighbors", True),
        ([{"Type": "PLAIN", "Value": "pay"}], "payment", False),
        (
            [
                {"Type": "PLAIN", "Value": "转到"},
                {"Type": "LIST", "Value": [{"Type": "PLAIN", "Value": "微信"}, "私户"]},
            ],
            "转到 私户",
            True,
        ),
        ([{"Type": "PLAIN", "Value": "转到"}, {"Type": "LIST", "Value": ["微信"]}], "转到私户", False),
        (
            [
                {"Type": "PLAIN", "Value": "报警"},
                {"Type": "PROXIMITY", "Value": {"Distance": 2, "IsWithin": True}},
                {"Type": "PLAIN", "Value": "抓你"},
            ],
            "抓你就报警",
            True,
        ),
        (
            [
                {"Type": "PLAIN", "Value": "报警"},
                {"Type": "PROXIMITY", "Value": {"Distance": 2, "IsWithin": True}},
                {"Type": "PLAIN", "Value": "抓你"},
            ],
            "报警以后再过几天抓你",
            False,
        ),
        (
            [
                {"Type": "PLAIN", "Value": "报警"},
                {"Type": "PROXIMITY", "Value": {"Distance": 2, "IsWithin": False}},
                {"Type": "PLAIN", "Value": "抓你"},
            ],
            "报警以后再过几天抓你",
            True,
        ),
        ([{"Type": "NUMERICAL", "Value": {"Decimal": True}}], "利率十二点五", True),
        ([{"Type": "NUMERICAL", "Value": {"Decimal": True}}], "利率十二", False),
        ([{"Type": "NUMERICAL", "Value": {"Decimal": False}}], "利率十二", True),
        (
            [{"Type": "PLAIN", "Value": "还"}, {"Type": "NUMERICAL", "Value": {"Decimal": False}}],
            "先还三千",
            True,
        ),
        ([{"Type": "PLAIN", "Value": "还"}, {"Type": "NUMERICAL", "Value": {}}], "先还部分", False),
        ({"Type": "PLAIN", "Value": "停电"}, "停电", True),
    ],
)
def test_patterns(tmp_path, operand, text, hit):
    book = loaded(tmp_path, imported(leaf("PatternMatch.Transcript", [operand])))
    assert bool(raised(book, f"A: {text}")) is hit


def test_several_patterns_are_alternatives(tmp_path):
    near = [
        {"Type": "PLAIN", "Value": "甲"},
        {"Type": "PROXIMITY", "Value": {"Distance": 1, "IsWithin": True}},
        "乙",
    ]
    book = loaded(tmp_path, imported(leaf("PatternMatch.Transcript", [near, ["丙"], ["丁"]])))
    assert sorted(set(raised(book, "A: 甲乙", "A: 丙", "A: 丁", "A: 甲"))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [0, 1, 2, 3]),
        ([{"Type": "PostCallContactPeriodSeconds", "Data": {"First": 15}}], [0, 1]),
        ([{"Type": "PostCallContactPeriodSeconds", "Data": {"Last": 20}}], [2, 3]),
        ([{"Type": "ParticipantRole", "Data": "AGENT"}], [0, 2]),
        ([{"Type": "ParticipantRole", "Data": "ANY"}], [0, 1, 2, 3]),
        ([{"ParticipantRole": "CUSTOMER"}, {"PostCallContactPeriodSeconds": {"First": 15}}], [1]),
        ([{"Type": "PatternMatchLanguageFilter", "Data": "ZH"}], [0, 1, 2, 3]),
    ],
)
def test_filters(tmp_path, filters, expected):
    spoken = [turn(n, f"{'AC'[n % 2]}: 还钱", 10 * n, 10 * n + 5) for n in range(4)]
    book = loaded(tmp_path, imported(leaf(EXACT, ["还钱"], filters=filters)))
    assert raised(book, *spoken, facts=Facts(duration_ms=40_000)) == expected


SPOKEN = (
    turn(0, "A: 您好请问", 0, 2),
    turn(1, "C: 我现在没有钱还", 6, 10),
    turn(2, "A: 那您什么时候能还", 9, 12),
    turn(3, "C: 不知道呢再说吧", 13, 16),
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (at_least("NonTalkTime.LongestTimeSecs", 4), [1]),
        (at_least("NonTalkTime.LongestTimeSecs", 5), []),
        (at_most("NonTalkTime.LongestTimeSecs", 4), [None]),
        (at_most("NonTalkTime.LongestTimeSecs", 3), []),
        (at_least("NonTalkTime.TotalTimeSecs", 5), [1]),
        (at_least("NonTalkTime.TotalTimeSecs", 6), []),
        (at_least("Interruptions.Instances", 1), [2]),
        (at_least("Interruptions.Instances", 2), []),
        (at_most("Interruptions.Instances", 1), [2]),
        (at_least("TalkTime.TotalTimeSecs", 7, "CUSTOMER"), [None]),
        (at_least("TalkTime.TotalTimeSecs", 7, "AGENT"), []),
        (at_most("TalkTime.TotalTimeSecs", 5), []),
    ],
)
def test_sound(tmp_path, condition, expected):
    book = loaded(tmp_path, imported(condition))
    assert raised(book, *SPOKEN, facts=Facts(duration_ms=16_000)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            leaf(
                "Sentiment.State", ["NEGATIVE"], "EQUALS", [{"Type": "ParticipantRole", "Data": "CUSTOMER"}]
            ),
            [3],
        ),
        (
            leaf(
                "Sentiment.State", ["POSITIVE"], "EQUALS", [{"Type": "ParticipantRole", "Data": "CUSTOMER"}]
            ),
            [],
        ),
        (at_least("Sentiment.OverallScore", 1, "AGENT"), [0]),
        (at_most("Sentiment.Score.End", -1), [3]),
        (at_most("Sentiment.Score.Beginning", -1), []),
    ],
)
def test_sentiment(tmp_path, condition, expected):
    tones = {0: Tone.WARM, 1: Tone.NEUTRAL, 2: Tone.NEUTRAL, 3: Tone.HOSTILE}
    given = imported(condition)
    known = Facts(duration_ms=16_000, tones=tones)
    assert raised(loaded(tmp_path, given), *SPOKEN, facts=known) == expected
    assert any(note.how == "changed" for note in given.notes)


def test_a_shift_is_the_and_of_beginning_and_end(tmp_path):
    book = loaded(
        tmp_path,
        imported(at_least("Sentiment.Score.Beginning", 2, "AGENT"), at_most("Sentiment.Score.End", -2)),
    )
    tones = {0: Tone.WARM, 1: Tone.NEUTRAL, 2: Tone.NEUTRAL, 3: Tone.HOSTILE}
    assert raised(book, *SPOKEN, facts=Facts(duration_ms=16_000, tones=tones)) == [0]
    assert raised(book, *SPOKEN, facts=Facts(duration_ms=16_000, tones=tones | {3: Tone.WARM})) == []


def test_a_statement_is_a_question_to_a_language_model(tmp_path):
    given = imported(leaf("SemanticMatch.Phrase", ["坐席要求客户把钱转到私人账户"], "EQUALS", Negate=False))
    assert packs(given)[0][0]["conditions"]["c1"]["llm"] == {"question": "坐席要求客户把钱转到私人账户"}
    assert raised(loaded(tmp_path, given), "A: 转我微信") == ["llm"]


def test_sentences_of_like_meaning_are_compared():
    given = imported(leaf("SemanticMatch.Transcript", ["请您尽快把钱还上", "长" * 60]))
    assert packs(given)[0][0]["conditions"]["c1"]["similar"] == {"sentences": ["请您尽快把钱还上"]}
    assert told(given, "Operands", "lost")


@pytest.mark.parametrize(
    ("value", "operands", "field"),
    [
        ("Agent.AgentId", ["a1"], "agent_id"),
        ("Agent.HierarchyGroup.ARN", ["arn:x"], "agent_hierarchy"),
        ("Agent.RoutingProfile", ["arn:x"], "routing_profile"),
        ("Queue.QueueId", ["q1", "q2"], "queue"),
        ("ContactAttribute.vip_level", ["gold"], "vip_level"),
        ("SegmentAttributes.UserDefined.[product]", ["card"], "product"),
        ("InitiationMethod", ["INBOUND"], "direction"),
        ("InitiationMethod", ["INBOUND", "CALLBACK"], "initiation_method"),
        ("DisconnectReason", ["AGENT_DISCONNECT"], "disconnect_reason"),
        ("PotentialDisconnectIssue", ["X"], "potential_disconnect_issue"),
        ("AiAgent.IdWithVersion", ["uuid:1"], "ai_agent"),
    ],
)
def test_what_is_known_of_a_call_is_metadata(tmp_path, value, operands, field):
    given = imported(leaf(value, operands), says("甲"))
    book = loaded(tmp_path, given)
    first = "inbound" if field == "direction" else operands[0]
    assert raised(book, "A: 甲", metadata={field: first}) == [0]
    other = "outbound" if field == "direction" else "another"
    assert raised(book, "A: 甲", metadata={field: other}) == []
    assert raised(book, "A: 甲") == [field]


def test_no_queue_at_all(tmp_path):
    book = loaded(tmp_path, imported(leaf("Queue.QueueId", [], "EQUALS"), says("甲")))
    assert raised(book, "A: 甲") == [0]
    assert raised(book, "A: 甲", metadata={"queue": "q"}) == []


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Agent.CustomerHoldDurationSecs", "hold_seconds"),
        ("Agent.LongestHoldDurationSecs", "longest_hold_seconds"),
        ("Agent.NumberOfHolds", "number_of_holds"),
        ("Agent.CustomerHoldDurationPct", "hold_percent"),
        ("Agent.AgentInteractionDurationSecs", "agent_interaction_seconds"),
        ("Agent.AfterContactWorkDurationSecs", "after_call_work_seconds"),
    ],
)
def test_what_a_recording_does_not_tell_comes_from_the_manifest(tmp_path, value, field):
    given = imported(at_least(value, 30))
    book = loaded(tmp_path, given)
    assert raised(book, "A: 喂", metadata={field: 31}) == [None]
    assert raised(book, "A: 喂", metadata={field: 29}) == []
    assert raised(book, "A: 喂") == [field]
    assert field in told(given, "ComparisonValue", "decided")[0].why


@pytest.mark.parametrize(
    "condition",
    [
        at_least("Loudness.HighestLoudnessScore", 80, "AGENT"),
        at_least("Agent.NonTalkTimePct", 20),
        at_least("Sentiment.OverallScore", 0),
        at_most("Sentiment.Score.End", 2),
        leaf("Something.New", [1]),
    ],
)
def test_what_has_no_counterpart_is_listed_and_left_out(condition):
    given = imported(condition, says("甲"))
    assert packs(given)[0][0]["raise_when"] == "c1"
    lost = [note for note in given.notes if note.how == "lost" and note.where.operator != EXACT]
    assert any("left out of the rule's expression" in note.why for note in lost)
    assert len(lost) >= 2
