"""What effectiveness promises: items apply where they make sense, and pressure never pays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CallMetadata
from pipeline.score import score
from pipeline.score.items import CHECKS
from pipeline.score.scorecard import Item, Scorecard
from pipeline.types import (
    Act,
    Call,
    Commitment,
    Evidence,
    FindingState,
    Role,
    Severity,
    Tone,
    Transcript,
    Turn,
)
from tests.golden.sample import CARD
from tests.unit.score.build import AGENT_ACTS, found, items, judged, promised

ALL_ACTS = tuple(AGENT_ACTS)


def test_every_item_has_a_check_and_tone_alone_costs_nothing_in_the_shipped_scorecard():
    assert set(CHECKS) == set(Item)
    assert set(CARD.effectiveness.items) == set(Item) - {Item.RESPECTFUL_TONE}


def test_a_call_that_does_everything_gets_everything():
    result = judged(acts=ALL_ACTS, said=("hardship", "agree"), promise=promised(), tones={1: Tone.HOSTILE})
    assert result.effectiveness == 100


def test_a_call_that_does_nothing_gets_nothing():
    assert judged(text="嗯").effectiveness == 0


@pytest.mark.parametrize(
    ("item", "without", "trigger"),
    [
        ("deescalate", {}, {"tones": {1: Tone.HOSTILE}}),
        ("deescalate", {}, {"said": ("complaint_intent",)}),
        ("empathy", {}, {"said": ("hardship",)}),
        ("empathy", {}, {"tones": {1: Tone.DISTRESSED}}),
        ("objection_handling", {}, {"events": ("dispute",)}),
        (
            "solution_offer",
            {"promise": promised("900"), "total_due": 900},
            {"promise": promised("300"), "total_due": 900},
        ),
        ("privacy_kept", {"callee_role": "debtor"}, {"callee_role": "relative"}),
        ("next_step", {}, {"events": ("wrong_number",)}),
        ("care_first", {}, {"events": ("self_harm_risk",)}),
    ],
)
def test_an_item_applies_only_when_the_call_gives_cause(item, without, trigger):
    assert not items(judged(**without))[item].applicable
    assert items(judged(**trigger))[item].applicable


@pytest.mark.parametrize("who", ["relative", "colleague", "stranger", "emergency_contact"])
def test_nobody_else_is_asked_for_a_promise(who):
    judged_items = items(judged(callee_role=who))
    for name in ("ptp_amount", "ptp_date", "ptp_confirmed", "inform_facts", "solution_offer"):
        assert not judged_items[name].applicable


def test_a_guarantor_owes_and_is_judged_like_the_debtor():
    assert items(judged(callee_role="guarantor"))["ptp_amount"].applicable


def test_keeping_a_debt_from_others_and_a_next_step_make_a_good_call():
    acts = ("polite_opening", "rpc_confirm", "closing_summary")
    asked = "麻烦您转告他回个电话，好吗？"
    kept = judged(callee_role="relative", acts=acts, said=("agree",), text=asked)
    told = judged(
        callee_role="relative",
        acts=acts,
        said=("agree",),
        text=asked,
        findings=[found("disclose_third_party", Severity.CRITICAL)],
    )
    assert kept.effectiveness == 100
    assert told.effectiveness < 40


def test_words_of_self_harm_stop_collection():
    calm = judged(
        events=("self_harm_risk", "hardship"),
        acts=("polite_opening", "rpc_confirm", "empathy", "deescalate", "closing_summary"),
    )
    assert calm.effectiveness == 100
    assert not items(calm)["ptp_amount"].applicable


def test_a_recorded_dispute_asks_for_no_promise_but_a_blocked_one_does_not_excuse_it():
    recorded = judged(events=("dispute",), acts=("objection_handling",))
    assert not items(recorded)["ptp_amount"].applicable
    blocked = judged(
        events=("dispute",), acts=("objection_handling",), findings=[found("obstruct_dispute", at=4)]
    )
    assert items(blocked)["ptp_amount"].applicable
    assert items(blocked)["objection_handling"].points == 0


def test_a_recorded_dispute_asks_neither_why_nor_when_the_customer_pays():
    recorded = items(judged(events=("dispute",), acts=("objection_handling",)))
    assert not recorded["open_question"].applicable
    assert not recorded["reason_probe"].applicable
    asked = items(judged(events=("dispute",), acts=("objection_handling", "reason_probe")))
    assert asked["reason_probe"].points > 0


def test_a_promise_under_pressure_earns_nothing():
    got = items(judged(promise=promised(coerced=True)))
    assert sum(got[name].points for name in ("ptp_amount", "ptp_date", "ptp_channel", "ptp_confirmed")) == 0


@pytest.mark.parametrize("certainty", [c for c in Commitment if c is not Commitment.FIRM])
def test_a_promise_that_binds_loosely_is_worth_less_and_says_why(certainty):
    firm = items(judged(promise=promised()))
    loose = items(judged(promise=replace(promised(), certainty=certainty)))
    for name in ("ptp_amount", "ptp_date"):
        assert loose[name].points == CARD.effectiveness.weak_promise * firm[name].points
        assert "但" in loose[name].reason


def test_a_missing_term_costs_its_own_points_only():
    vague = replace(promised(None), certainty=Commitment.VAGUE)
    assert (
        items(judged(promise=vague))["ptp_date"].points
        == items(judged(promise=promised()))["ptp_date"].points
    )


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("理解理解，那您今天到底还多少？", 0.5),
        ("您的情况我理解，可是什么时候能还？", 0.5),
        ("我理解，孩子住院花钱，换谁都难。您看什么时候方便还？", 1.0),
        ("我特别理解您的难处。", 1.0),
        ("我理解你就是不想还。", 0.0),
    ],
)
def test_a_formula_with_a_demand_is_half_and_sarcasm_no_empathy(text, share):
    empathy = items(judged(acts=("empathy",), said=("hardship",), text=text))["empathy"]
    assert empathy.points == share * CARD.effectiveness.items[Item.EMPATHY].points


@pytest.mark.parametrize(
    ("lines", "stands"),
    [
        (("麻烦您帮忙转告一声，好吗？", "行。"), True),
        (("打扰您了。", "他回来我让他打给你们。"), True),
        (("好的，我不再拨打。", "那就这样吧。"), False),
        (("好的，我不再拨打。", "我没法转告他，就这样。"), False),
    ],
)
def test_a_next_step_answers_what_was_asked_or_takes_it_on(lines, stands):
    turns = tuple(
        Turn(index=i, role=(Role.AGENT, Role.CUSTOMER)[i % 2], role_confidence=1.0, text=text)
        for i, text in enumerate(lines)
    )
    agreed = Act(act="agree", role=Role.CUSTOMER, evidence=Evidence.whole(turns[1]))
    call = Call(call_id="c", metadata=CallMetadata(callee_role="relative"))
    result = score(call, Transcript(turns=turns), (), (agreed,), (), None, (), CARD)
    assert bool(items(result)["next_step"].points) is stands


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("我先问一下他愿不愿意。", True),
        ("等会儿我喊他打给你们。", True),
        ("他欠你们钱，我怎么跟他说？", False),
        ("我跟他说过好几回了。", False),
        ("你让他打给我。", False),
    ],
)
def test_who_takes_it_on_in_his_own_words_needs_no_yes(said, stands):
    turns = (
        Turn(index=0, role=Role.AGENT, role_confidence=1.0, text="请他给客服回个电话。"),
        Turn(index=1, role=Role.CUSTOMER, role_confidence=1.0, text=said),
    )
    call = Call(call_id="c", metadata=CallMetadata(callee_role="relative"))
    result = score(call, Transcript(turns=turns), (), (), (), None, (), CARD)
    assert bool(items(result)["next_step"].points) is stands


def test_a_result_weighs_more_than_manners():
    polite = judged(acts=("polite_opening", "rpc_confirm", "inform_facts", "closing_summary"))
    curt = judged(promise=promised())
    assert curt.effectiveness > polite.effectiveness


def test_every_point_has_its_words_and_what_was_missed_has_its_cause():
    result = judged(
        acts=ALL_ACTS[:5],
        said=("hardship",),
        promise=promised(),
        findings=[found("rude_tone", Severity.MINOR, at=4), found("recording_notice", Severity.MINOR, None)],
    )
    assert all(item.evidence for item in result.effectiveness_items if item.points)
    assert items(result)["empathy"].evidence
    for item in (*result.compliance_items, *result.effectiveness_items):
        assert item.reason
        assert {at.turn for at in item.evidence} == set(item.turns)


def test_a_channel_is_named_beside_words_of_paying():
    assert items(judged(promise=promised(), text="在APP上还"))["ptp_channel"].points > 0
    assert items(judged(promise=promised(), text="我看APP上是这个数"))["ptp_channel"].points == 0


def test_parts_of_a_promise_count_one_by_one():
    got = items(judged(promise=promised(None, confirmed=False)))
    assert got["ptp_date"].points > 0
    assert got["ptp_amount"].points == got["ptp_confirmed"].points == 0


def test_a_private_account_is_no_official_channel():
    good = items(judged(promise=promised()))["ptp_channel"]
    bad = items(judged(promise=promised(), findings=[found("private_account", at=4)]))["ptp_channel"]
    assert good.points > bad.points == 0


@pytest.mark.parametrize(
    ("findings", "limit"),
    [
        ([found("x", Severity.CRITICAL, at=6)], CARD.effectiveness.caps.red_line),
        ([found("x", at=6), found("y", at=6), found("z", at=6)], CARD.effectiveness.caps.failed),
    ],
)
def test_a_failed_call_is_capped_and_says_so(findings, limit):
    result = judged(findings=findings, acts=ALL_ACTS, promise=promised(), said=("hardship",))
    assert result.effectiveness == limit
    assert result.effectiveness_items[-1].name == "cap"


@pytest.mark.parametrize(("severity", "share"), [(Severity.MINOR, 0.5), (Severity.MAJOR, 0.0)])
def test_an_act_beside_a_violation_is_worth_less(severity, share):
    points = CARD.effectiveness.items[Item.EMPATHY].points
    result = judged(acts=[("empathy", 4)], findings=[found("x", severity, at=4)])
    assert items(result)["empathy"].points == points * share
    again = judged(acts=[("empathy", 4), ("empathy", 6)], findings=[found("x", severity, at=4)])
    assert items(again)["empathy"].points == points


def test_a_hard_tone_costs_and_abuse_leaves_nothing_for_tone():
    content = CARD.model_dump(by_alias=True)
    content["effectiveness"]["items"]["respectful_tone"] = 10
    card = Scorecard.model_validate(content)

    def tone(**call):
        return items(judged(card=card, **call))["respectful_tone"].points

    calm, pressing, hostile = tone(), tone(tones={0: Tone.PRESSING}), tone(tones={0: Tone.HOSTILE})
    assert calm > pressing > hostile > 0
    assert tone(tones={i: Tone.HOSTILE for i in range(0, 12, 2)}) == 0
    assert tone(findings=[found("insult_abuse", Severity.CRITICAL)]) == 0
    assert tone(tones={1: Tone.HOSTILE}) == calm


def test_without_an_agent_there_is_no_effectiveness():
    lone = Transcript(turns=(Turn(index=0, role=Role.UNKNOWN, role_confidence=0.2, text="喂"),))
    result = score(Call(call_id="c", metadata=CallMetadata()), lone, (), (), (), None, (), CARD)
    assert result.effectiveness is None
    assert result.compliance == 100


RULES = (
    "rude_tone",
    "insult_abuse",
    "obstruct_dispute",
    "private_account",
    "missing_self_id",
    "disclose_before_verify",
    "disclose_third_party",
    "vulnerable_mishandled",
    "mislead_consequence",
    "amount_misstated",
)
some_findings = st.lists(
    st.builds(found, st.sampled_from(RULES), st.sampled_from(Severity), st.none() | st.integers(0, 11)),
    max_size=5,
)
some_calls = st.fixed_dictionaries(
    {
        "acts": st.lists(st.tuples(st.sampled_from(ALL_ACTS), st.sampled_from(range(0, 12, 2)))),
        "said": st.lists(st.sampled_from(["hardship", "dispute", "refusal", "agree", "complaint_intent"])),
        "events": st.lists(
            st.sampled_from(["dispute", "third_party", "wrong_number", "self_harm_risk"]), max_size=2
        ),
        "promise": st.sampled_from([None, promised(), promised(None), promised(coerced=True)]),
        "tones": st.dictionaries(st.integers(0, 11), st.sampled_from(Tone), max_size=4),
        "callee_role": st.sampled_from(["debtor", "relative", "guarantor", None]),
    }
)


@given(some_calls, some_findings, some_findings)
def test_one_more_violation_never_raises_effectiveness_which_stays_in_range(call, findings, more):
    before, after = judged(findings=findings, **call), judged(findings=findings + more, **call)
    assert 0 <= after.effectiveness <= before.effectiveness <= 100


@given(some_calls, some_findings)
def test_a_finding_for_review_leaves_effectiveness_alone(call, findings):
    waiting = [found(f.rule, f.severity, state=FindingState.NEEDS_REVIEW) for f in findings]
    assert judged(findings=waiting, **call).effectiveness == judged(**call).effectiveness


@given(some_calls, some_findings)
def test_no_item_gets_more_than_it_can(call, findings):
    for item in judged(findings=findings, **call).effectiveness_items:
        assert 0 <= item.points <= item.possible or item.name == "cap"
        assert item.reason


def test_a_wrong_number_taken_up_is_less_than_a_message_passed_on():
    cleared = judged(events=("wrong_number",), acts=("objection_handling",), text="打错了")
    passed_on = judged(callee_role="relative", said=("agree",), text="麻烦转告他好吗？")
    share = CARD.effectiveness.wrong_number
    assert items(cleared)["next_step"].points == share * items(passed_on)["next_step"].points > 0
