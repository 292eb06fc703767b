"""What effectiveness promises: items apply where they make sense, and pressure never pays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CallMetadata
from pipeline.score import score
from pipeline.score.items import CHECKS
from pipeline.score.scorecard import Item
from pipeline.types import Call, FindingState, Role, Severity, Tone, Transcript, Turn
from tests.golden.sample import CARD
from tests.unit.score.build import AGENT_ACTS, found, items, judged, promised

ALL_ACTS = tuple(AGENT_ACTS)


def test_every_item_has_a_check_and_stands_in_the_shipped_scorecard():
    assert set(CHECKS) == set(Item) == set(CARD.effectiveness.items)


def test_a_call_that_does_everything_gets_everything():
    result = judged(acts=ALL_ACTS, said=("hardship", "agree"), promise=promised(), tones={1: Tone.HOSTILE})
    assert result.effectiveness == 100


def test_a_call_that_does_nothing_keeps_only_the_points_for_its_tone():
    got = {name for name, item in items(judged(text="嗯")).items() if item.points}
    assert got == {"respectful_tone"}


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
    kept = judged(callee_role="relative", acts=acts, said=("agree",))
    told = judged(
        callee_role="relative",
        acts=acts,
        said=("agree",),
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


def test_a_promise_under_pressure_earns_nothing():
    got = items(judged(promise=promised(coerced=True)))
    assert sum(got[name].points for name in ("ptp_amount", "ptp_date", "ptp_channel", "ptp_confirmed")) == 0


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
    points = CARD.effectiveness.items[Item.EMPATHY]
    result = judged(acts=[("empathy", 4)], findings=[found("x", severity, at=4)])
    assert items(result)["empathy"].points == points * share
    again = judged(acts=[("empathy", 4), ("empathy", 6)], findings=[found("x", severity, at=4)])
    assert items(again)["empathy"].points == points


def test_a_hard_tone_costs_and_abuse_leaves_nothing_for_tone():
    def tone(**call):
        return items(judged(**call))["respectful_tone"].points

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
