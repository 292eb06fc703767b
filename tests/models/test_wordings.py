"""Every wording of the coaching guide, judged as if an agent said it."""

from __future__ import annotations

import pytest

from flows.wiring import load_mind
from pipeline.coaching.guide import load_guide
from pipeline.coaching.proof import failing, trial
from pipeline.score.items import CHECKS
from pipeline.settings import CONFIGS, load_settings
from pipeline.stages import judge

GUIDE = load_guide(CONFIGS / "coaching.yaml")
ACTS = {
    "polite_opening", "rpc_confirm", "open_question", "reason_probe", "empathy", "solution_offer",
    "ptp_confirmed", "consequence_accurate", "deescalate", "objection_handling", "closing_summary",
}  # fmt: skip
NOT_THE_ACT = {
    # Who is afraid takes nothing back that was repeated; what is missing is asked for, not repeated.
    "confirm_coerced",
    "confirm_partial_amount",
}


@pytest.fixture(scope="module")
def judged():
    settings = load_settings()
    mind = load_mind(settings)
    found = {}
    for wording in GUIDE.wordings:
        call, transcript, at = trial(wording)
        found[wording.wording] = judge(call, transcript, mind, settings), at
    return found


@pytest.mark.parametrize("wording", [w.wording for w in GUIDE.wordings])
def test_it_breaks_no_rule_and_may_break_none(judged, wording):
    report, at = judged[wording]
    assert failing(report.findings, at) == ()


@pytest.mark.parametrize("wording", [w.wording for w in GUIDE.wordings if w.opens])
def test_an_opening_leaves_nothing_of_an_opening_out(judged, wording):
    report, _ = judged[wording]
    assert {f.rule for f in report.findings}.isdisjoint({"missing_self_id", "recording_notice"})


def test_hardly_any_sounds_pressing(judged):
    hard = [
        name
        for name, (report, at) in judged.items()
        if any(tone.turn == at and tone.tone.value in ("pressing", "hostile") for tone in report.tones)
    ]
    assert len(hard) <= len(judged) / 20


@pytest.mark.parametrize(
    ("wording", "item"),
    [
        (wording.wording, item.value)
        for wording in GUIDE.wordings
        for item in GUIDE.by_name[wording.skill].measure.items
        if item.value in ACTS and wording.wording not in NOT_THE_ACT
    ],
)
def test_it_is_what_its_skill_asks_for(judged, wording, item):
    report, at = judged[wording]
    assert item in {act.act for act in report.acts if act.evidence.turn == at}


def test_a_threat_in_its_place_would_be_found(judged):
    settings = load_settings()
    threat = GUIDE.wordings[0].model_copy(update={"say": "再不还我就去你单位找你领导闹。", "opens": False})
    call, transcript, at = trial(threat)
    assert failing(judge(call, transcript, load_mind(settings), settings).findings, at)


def test_every_item_of_a_skill_can_be_scored():
    assert {item for skill in GUIDE.skills for item in skill.measure.items} <= set(CHECKS)
