"""Why a rule was raised on a call, or was not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.explain import explain
from pipeline.detect.facts import NOTHING_KNOWN, Facts
from pipeline.detect.second import consult
from pipeline.errors import ConfigError
from pipeline.settings import load_settings
from tests.unit.detect.support import EXAMPLES, book_of, call, dialogue, rule
from tests.unit.detect.test_second import POLICY, Model

SETTINGS = load_settings()


def explained(book, *lines, name="threat", facts=NOTHING_KNOWN, policy=None, **metadata):
    return explain(
        name,
        call(**metadata),
        dialogue(*lines),
        book,
        SETTINGS.detect,
        SETTINGS.roles,
        facts=facts,
        policy=policy,
    )


def one(book, *lines, **more):
    (explanation,) = explained(book, *lines, **more)
    return explanation


def decisive(step):
    """The labels of what decided, from the top down."""
    inner = [label for part in step.steps for label in decisive(part)]
    return [step.label, *inner] if step.decisive else inner


def find_step(step, label):
    """The first step of that label in a tree."""
    for part in step.steps:
        found = part if part.label == label else find_step(part, label)
        if found:
            return found
    return None


def test_a_hit_shows_the_words_that_raised_it(tmp_path):
    explanation = one(book_of(tmp_path, rule(hits=[{"text": "揍你"}])), ("c", "喂"), ("a", "我揍你"))
    assert explanation.raised is True
    (way,) = explanation.ways
    (text,) = way.steps
    assert (way.label, way.source, text.holds) == ("hit 1", "揍你", True)
    assert [(q.turn, q.role.value, q.text) for q in text.quotes] == [(1, "agent", "揍你")]
    assert decisive(way) == []
    assert [made.finding.state.value for made in explanation.findings] == ["violation"]


DEMANDS = {
    "without": ({"without": "玩笑"}, [("a", "我揍你，开玩笑")], "玩笑"),
    "without_turn": ({"without_turn": "玩笑"}, [("a", "我揍你。开玩笑的")], "玩笑"),
    "also": ({"also": "今晚"}, [("a", "我揍你")], None),
    "unless negated": ({"unless": ["negated"]}, [("a", "我不会揍你")], "不会"),
    "after": ({"after": {"says": "customer", "text": "报警"}}, [("c", "喂"), ("a", "我揍你")], None),
    "not_after": ({"not_after": {"says": "customer", "text": "饶"}}, [("c", "饶了"), ("a", "我揍你")], "饶"),
    "before": ({"before": {"says": "customer", "text": "报警"}}, [("a", "我揍你"), ("c", "哦")], None),
    "first_turns": ({"first_turns": 1}, [("a", "您好"), ("a", "我揍你")], None),
    "when callee_role": ({"when": {"callee_role": "relative"}}, [("a", "我揍你")], None),
    "given": ({"given": "asked"}, [("a", "我揍你")], None),
}


@pytest.mark.parametrize(("label", "case"), DEMANDS.items())
def test_the_demand_that_failed_is_the_reason(tmp_path, label, case):
    demand, lines, words = case
    asked = {"conditions": {"asked": {"says": "customer", "text": "分期"}}} if label == "given" else {}
    book = book_of(tmp_path, rule(hits=[{"text": "揍你", **demand}], **asked))
    explanation = one(book, *lines, callee_role="debtor")
    assert explanation.raised is False
    (way,) = explanation.ways
    assert decisive(way)[0] == label
    assert [q.text for q in find_step(way, label).quotes] == ([words] if words else [])
    assert not explanation.findings


def test_the_first_of_several_failures_is_the_reason(tmp_path):
    hit = {"text": "揍你", "without": "玩笑", "unless": ["negated"], "when": {"callee_role": "relative"}}
    (way,) = one(book_of(tmp_path, rule(hits=[hit])), ("a", "我不会揍你，开玩笑"), callee_role="debtor").ways
    failed = [step.label for step in way.steps[0].steps if step.holds is False]
    assert failed == ["without", "unless negated", "when callee_role"]
    assert decisive(way) == ["without"]


def test_a_field_that_is_not_known_leaves_it_open(tmp_path):
    hit = {"text": "揍你", "when": {"callee_role": "relative"}}
    explanation = one(book_of(tmp_path, rule(hits=[hit])), ("a", "我揍你"))
    assert explanation.raised is None
    assert decisive(explanation.ways[0]) == ["when callee_role"]
    (made,) = explanation.findings
    assert made.why == "callee_role is not known"


def test_what_names_a_person_is_not_told(tmp_path):
    hit = {"text": "揍你", "when": {"customer_name": "某人"}}
    explanation = one(book_of(tmp_path, rule(hits=[hit])), ("a", "我揍你"), customer_name="张三丰")
    assert "张三丰" not in repr(explanation.ways)


@pytest.mark.parametrize(
    ("lines", "note", "quotes"),
    [
        ([("a", "您好")], "not said by the agent", []),
        ([("c", "我揍你")], "not said by the agent, but by somebody else", ["揍你"]),
    ],
)
def test_words_that_are_nowhere_are_one_line(tmp_path, lines, note, quotes):
    (way,) = one(book_of(tmp_path, rule(hits=[{"text": "揍你"}])), *lines).ways
    assert (way.holds, way.detail, way.steps) == (False, note, ())
    assert [q.text for q in way.quotes] == quotes


def test_stretches_of_a_turn_that_fail_alike_are_told_once(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": ["揍你", "收拾你"], "also": "今晚"}]))
    (way,) = one(book, ("a", "揍你，收拾你")).ways
    assert [[q.text for q in step.quotes] for step in way.steps] == [["收拾你", "揍你"]]


CHECKS = {
    "absent text": (
        {"absent": {"text": "录音", "unless": ["negated"], "opening": "您好"}},
        [("a", "您好，本次通话录音"), ("a", "还款吧")],
        ["text"],
    ),
    "absent needs_turns": ({"absent": {"text": "录音"}}, [("a", "您好")], ["needs_turns"]),
    "absent opening": (
        {"absent": {"text": "录音", "opening": "您好"}},
        [("a", "还款"), ("a", "快")],
        ["opening"],
    ),
    "absent satisfied_by": (
        {"absent": {"text": "录音", "satisfied_by": {"callee_role": "debtor"}}},
        [("a", "您好"), ("a", "快")],
        ["satisfied_by callee_role"],
    ),
    "order first": (
        {"order": {"then": "逾期", "first": [{"says": "customer", "text": "我是"}], "opening": "您好"}},
        [("a", "您好"), ("c", "我是"), ("a", "逾期了")],
        ["then", "first"],
    ),
    "order then": (
        {"order": {"then": "逾期", "first": [{"says": "customer", "text": "我是"}], "opening": "您好"}},
        [("a", "您好")],
        ["then"],
    ),
}


@pytest.mark.parametrize("case", CHECKS.values(), ids=CHECKS)
def test_checks_tell_what_kept_them_quiet(tmp_path, case):
    way, lines, reason = case
    explanation = one(
        book_of(tmp_path, rule(**way)),
        *lines,
        callee_role="debtor",
        started_at="2026-03-05T10:00:00+08:00",
    )
    assert explanation.raised is False
    assert decisive(explanation.ways[0]) == reason


def test_figures_are_compared_with_the_file(tmp_path):
    amount = {"text": "欠..8元", "without": "每期", "ledger": ["total_due"]}
    lines = [("a", "您欠五千元"), ("a", "您欠八千元"), ("a", "每期欠一百元")]
    (way,) = one(book_of(tmp_path, rule(amounts=[amount])), *lines, total_due="5000").ways
    assert [(s.label, s.holds) for s in way.steps] == [
        ("ledger", True),
        ("without", False),
        ("figure", False),
        ("figure", True),
    ]
    assert way.holds is True


CONDITIONS = {"asked": {"text": "还款"}, "told": {"says": "customer", "text": "没钱"}}


def test_an_expression_shows_the_truth_of_its_names(tmp_path):
    book = book_of(tmp_path, rule(conditions=CONDITIONS, raise_when="asked and not told"))
    explanation = one(book, ("a", "还款"), ("c", "我没钱"))
    (way,) = explanation.ways
    assert (way.label, way.holds) == ("raise_when", False)
    assert way.detail == "asked (yes) and not told (yes)"
    assert decisive(way) == ["told"]
    assert [q.text for q in find_step(way, "told").quotes] == ["没钱"]
    assert one(book, ("a", "还款")).raised is True


def test_what_is_left_open_says_what_the_rule_does_then(tmp_path):
    conditions = {"long": {"duration": {"gt": 60}}}
    book = book_of(tmp_path, rule(conditions=conditions, raise_when="long", if_unknown="ignore"))
    explanation = one(book, ("a", "还款"))
    assert explanation.raised is False
    assert explanation.ways[0].detail == "long (not known); not known, if_unknown: ignore"


def test_a_flow_names_the_step_that_is_missing(tmp_path):
    book = book_of(tmp_path, rule(conditions=CONDITIONS, flow={"steps": ["asked", "told"]}))
    (way,) = one(book, ("a", "还款")).ways
    assert way.holds is True
    assert find_step(way, "step told").detail == "is missing"


def test_what_the_second_opinion_overruled_is_told(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "小心"}]))
    lines = [("a", "您好，小心你的车。")]
    facts = Facts(opinions=consult(call(), dialogue(*lines), Model(threat=0.01)))
    explanation = one(book, *lines, facts=facts, policy=POLICY)
    (made,) = explanation.findings
    assert explanation.raised is True
    assert made.overruled
    assert made.why.startswith("joint probability 0.17 is below")
    assert [round(c.chance, 2) for c in explanation.chances] == [0.01]


@pytest.mark.parametrize(
    ("fields", "pack", "why"),
    [
        ({}, {}, "confidence 0.90 reaches 0.70"),
        ({"needs": 0.95}, {}, "confidence 0.90 is below 0.95"),
        ({}, {"draft": True}, "the pack is a draft"),
    ],
)
def test_a_state_has_its_why(tmp_path, fields, pack, why):
    explanation = one(book_of(tmp_path, rule(hits=[{"text": "揍你"}], **fields), **pack), ("a", "我揍你"))
    assert [made.why for made in explanation.findings] == [why]


def test_a_rule_out_of_its_days_raises_nothing_and_says_so(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "揍你"}], effective_from="2027-01-01"))
    explanation = one(book, ("a", "我揍你"), started_at="2026-03-05T10:00:00+08:00")
    assert explanation.raised is True
    assert explanation.findings == ()
    assert "does not apply" in explanation.notes[0]


def test_an_act_shows_where_it_counts(tmp_path):
    act = {"rule": "greets", "title": "问候", "hits": [{"text": "您好"}], "examples": EXAMPLES}
    explanation = one(book_of(tmp_path, act, kind="act"), ("a", "您好"), name="greets")
    assert [q.text for q in explanation.shown] == ["您好"]
    assert explanation.findings == ()


def test_a_wrong_name_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'threat'"):
        explained(book_of(tmp_path, rule(hits=[{"text": "揍你"}])), ("a", "您好"), name="treat")


PIECES = ["揍你", "不会", "会不会", "，", "。", "玩笑", "今晚", "饶", "收拾你"]
LINES = st.lists(
    st.tuples(
        st.sampled_from("ac"),
        st.lists(
            st.sampled_from(["揍你", "不会", "会不会", "，", "。", "玩笑", "今晚", "饶", "收拾你"]),
            min_size=1,
            max_size=5,
        ).map("".join),
    ),
    min_size=1,
    max_size=5,
)
EVERYTHING = {
    "text": ["揍你", "收拾你", "揍你..4收拾"],
    "also": "今晚|，",
    "without": "玩笑",
    "unless": ["negated"],
    "not_after": {"says": "customer", "text": "饶"},
    "first_turns": 3,
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return book_of(tmp_path_factory.mktemp("book"), rule(hits=[EVERYTHING]))


@given(LINES)
def test_what_is_explained_is_what_is_found(everything, lines):
    explanation = one(everything, *lines)
    raised = {made.finding.evidence.quote: made.finding.evidence.turn for made in explanation.findings}
    told = {
        (step.quotes[0].turn, step.quotes[0].text)
        for way in explanation.ways
        for step in way.steps
        if step.holds
    }
    assert {(turn, quote) for quote, turn in raised.items()} <= told
    assert explanation.raised is bool(explanation.findings)
    for way in explanation.ways:
        for step in way.steps:
            assert step.holds is all(part.holds for part in step.steps)
