"""The effectiveness items: when each applies and what earns its points.

After section 5 of the project's norm research (items E01 to E15), with items of their own for calls
that reach somebody else, for calls in which a life may be at risk, and for the tone of the agent.
Every check looks at :class:`~pipeline.score.facts.Facts` and never at points, which are the scorecard's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.score.facts import Facts, Situation
from pipeline.score.scorecard import Item
from pipeline.types import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OUTBURST = (Tone.HOSTILE, Tone.DISTRESSED)
NO_DEBTOR = "本通电话未与债务人谈还款，不适用"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check says: the share of the points (0..1), ``None`` when the item does not apply."""

    share: float | None
    reason: str
    turns: tuple[int, ...] = ()


def _skip(reason: str) -> Verdict:
    return Verdict(share=None, reason=reason)


def _act(facts: Facts, act: str, *, good: str, missing: str, factor: float = 1.0, flaw: str = "") -> Verdict:
    """Judge an item by one act: done, done badly, or missing."""
    done = facts.done.get(act)
    if done is None:
        return Verdict(share=0.0, reason=missing)
    share = done.share * factor
    if factor < 1:
        return Verdict(share=share, reason=f"{good}，但{flaw}", turns=done.turns)
    reason = good if share == 1 else f"{good}，但同一句话里有违规"
    return Verdict(share=share, reason=reason, turns=done.turns)


def _dispute_recorded(facts: Facts) -> bool:
    """The customer disputes, does not simply refuse, and the agent takes it up: no promise is due then."""
    return (
        bool(facts.voiced("dispute"))
        and not facts.voiced("refusal")
        and "objection_handling" in facts.done
        and not facts.breaks("obstruct_dispute")
    )


def _polite_opening(facts: Facts) -> Verdict:
    hidden = facts.breaks("missing_self_id", "agency_poses_as_lender")
    return _act(
        facts,
        "polite_opening",
        good="有礼貌的开场",
        missing="没有礼貌开场",
        factor=0.5 if hidden else 1.0,
        flaw="未如实表明身份",
    )


def _rpc_confirm(facts: Facts) -> Verdict:
    early = facts.breaks("disclose_before_verify")
    return _act(
        facts,
        "rpc_confirm",
        good="核实了对方身份",
        missing="没有核实对方身份",
        factor=0.5 if early else 1.0,
        flaw="核实之前已说出债务",
    )


def _inform_facts(facts: Facts) -> Verdict:
    if facts.situation is not Situation.DEBTOR:
        return _skip(NO_DEBTOR)
    wrong = facts.breaks("amount_misstated")
    return _act(
        facts,
        "inform_facts",
        good="说明了金额、天数等事实",
        missing="没有说清欠款事实",
        factor=0.0 if wrong else 1.0,
        flaw="金额有误",
    )


def _open_question(facts: Facts) -> Verdict:
    if facts.situation is not Situation.DEBTOR:
        return _skip(NO_DEBTOR)
    return _act(facts, "open_question", good="用开放式问题了解情况或安排", missing="没有开放式提问")


def _reason_probe(facts: Facts) -> Verdict:
    if facts.situation is not Situation.DEBTOR:
        return _skip(NO_DEBTOR)
    return _act(facts, "reason_probe", good="了解了逾期原因", missing="没有了解逾期原因")


def _empathy(facts: Facts) -> Verdict:
    voiced = facts.voiced(
        "hardship", "illness", "complaint_intent", "self_harm_risk"
    ) + facts.customer_sounds(*OUTBURST)
    if not voiced and "empathy" not in facts.done:
        return _skip("客户没有流露困难或情绪，不适用")
    verdict = _act(
        facts, "empathy", good="对客户的处境表示了理解", missing="客户流露困难或情绪，坐席没有回应"
    )
    return (
        verdict
        if verdict.turns
        else Verdict(share=0.0, reason=verdict.reason, turns=tuple(sorted(set(voiced))))
    )


def _solution_offer(facts: Facts) -> Verdict:
    if "solution_offer" not in facts.done:
        if facts.situation is not Situation.DEBTOR:
            return _skip(NO_DEBTOR)
        if facts.full_promise and not facts.voiced("hardship", "illness"):
            return _skip("客户承诺全额还清且未提困难，不需要方案")
        if _dispute_recorded(facts):
            return _skip("异议已登记，先核实")
    return _act(
        facts, "solution_offer", good="给出了可行的方案", missing="没有给出分期、延期、部分还款等方案"
    )


def _promise_item(facts: Facts, *, met: bool, good: str, missing: str) -> Verdict:
    """Judge a part of the promise to pay; a promise under pressure earns nothing."""
    promise = facts.promise
    if facts.situation is not Situation.DEBTOR:
        return _skip(NO_DEBTOR)
    if promise is None:
        return (
            _skip("异议已登记，先核实，不要求承诺")
            if _dispute_recorded(facts)
            else Verdict(share=0.0, reason="没有得到还款承诺")
        )
    if promise.coerced:
        return Verdict(share=0.0, reason="承诺是在违规施压后作出的，不计分", turns=promise.turns)
    return Verdict(share=float(met), reason=good if met else missing, turns=promise.turns)


def _ptp_amount(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.amount is not None
    return _promise_item(facts, met=met, good="承诺金额明确", missing="承诺没有明确金额")


def _ptp_date(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.date is not None
    return _promise_item(facts, met=met, good="承诺日期明确", missing="承诺没有明确日期")


def _ptp_channel(facts: Facts) -> Verdict:
    private = facts.breaks("private_account")
    named = any(
        word in turn.text
        for turn in (*facts.agent_turns, *facts.customer_turns)
        for word in facts.official_channels
    )
    missing = "引导到私人账户" if private else "没有说明官方还款渠道"
    return _promise_item(facts, met=named and not private, good="说明了官方还款渠道", missing=missing)


def _ptp_confirmed(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.confirmed
    return _promise_item(facts, met=met, good="复述承诺并得到客户确认", missing="没有复述承诺并得到确认")


def _consequence_accurate(facts: Facts) -> Verdict:
    if "consequence_accurate" not in facts.done:
        if facts.situation is not Situation.DEBTOR:
            return _skip(NO_DEBTOR)
        if _dispute_recorded(facts):
            return _skip("异议已登记，先核实")
    false = facts.breaks("mislead_consequence", "mislead_criminal", "fake_legal_process")
    return _act(
        facts,
        "consequence_accurate",
        good="如实告知了逾期后果",
        missing="没有如实告知后果",
        factor=0.0 if false else 1.0,
        flaw="另有不实后果",
    )


def _deescalate(facts: Facts) -> Verdict:
    anger = facts.voiced("complaint_intent", "insult_by_customer", "self_harm_risk") + facts.customer_sounds(
        Tone.HOSTILE
    )
    if not anger and "deescalate" not in facts.done:
        return _skip("客户没有激动，不适用")
    verdict = _act(facts, "deescalate", good="缓和了客户情绪", missing="客户激动时没有缓和")
    return (
        verdict
        if verdict.turns
        else Verdict(share=0.0, reason=verdict.reason, turns=tuple(sorted(set(anger))))
    )


def _objection_handling(facts: Facts) -> Verdict:
    raised = facts.voiced("dispute", "complaint_intent", "refusal")
    if not raised and "objection_handling" not in facts.done:
        return _skip("客户没有提出异议，不适用")
    blocked = facts.breaks("obstruct_dispute")
    verdict = _act(
        facts,
        "objection_handling",
        good="回应了客户的异议",
        missing="没有回应客户的异议",
        factor=0.0 if blocked else 1.0,
        flaw="阻碍了客户提出异议或投诉",
    )
    return verdict if verdict.turns else Verdict(share=0.0, reason=verdict.reason, turns=raised)


def _closing_summary(facts: Facts) -> Verdict:
    return _act(facts, "closing_summary", good="总结并礼貌收尾", missing="没有总结收尾")


def _respectful_tone(facts: Facts) -> Verdict:
    heard = [(t.index, facts.tones[t.index]) for t in facts.agent_turns if t.index in facts.tones]
    if not heard:
        return _skip("没有语气数据")
    if facts.breaks("insult_abuse", "threat_violence"):
        return Verdict(share=0.0, reason="辱骂或威胁客户")
    hostile = tuple(i for i, tone in heard if tone is Tone.HOSTILE)
    pressing = tuple(i for i, tone in heard if tone is Tone.PRESSING)
    # Half the turns hostile, or all of them pressing, leaves nothing.
    share = max(0.0, 1 - (2 * len(hostile) + len(pressing)) / len(heard))
    if facts.breaks("rude_tone"):
        return Verdict(
            share=min(share, 0.5), reason="有不耐烦、讽刺或命令的话", turns=tuple(sorted(hostile + pressing))
        )
    if hostile or pressing:
        return Verdict(share=share, reason="部分话语气强硬", turns=tuple(sorted(hostile + pressing)))
    return Verdict(share=1.0, reason="语气平和尊重")


def _privacy_kept(facts: Facts) -> Verdict:
    if facts.situation is not Situation.OTHER_PERSON:
        return _skip("接听人是债务人本人，不适用")
    rules = ("disclose_third_party", "collect_from_third_party", "disclose_before_verify")
    if facts.breaks(*rules):
        turns = sorted({turn for rule in rules for turn in facts.broken.get(rule, ())})
        return Verdict(share=0.0, reason="向非债务人透露或催收了债务", turns=tuple(turns))
    return Verdict(share=1.0, reason="没有向非债务人透露债务")


def _next_step(facts: Facts) -> Verdict:
    if facts.situation is not Situation.OTHER_PERSON:
        return _skip("接听人是债务人本人，不适用")
    if facts.breaks("disclose_third_party", "collect_from_third_party", "illegal_info_gathering"):
        return Verdict(share=0.0, reason="以违规方式对待非债务人，结果不计分")
    if "agree" in facts.said:
        return Verdict(share=1.0, reason="对方同意转告或配合", turns=facts.said["agree"])
    handled = facts.done.get("objection_handling")
    if "wrong_number" in facts.events and handled:
        return Verdict(share=handled.share, reason="号码有误，已登记处理", turns=handled.turns)
    return Verdict(share=0.0, reason="没有取得下一步安排")


def _care_first(facts: Facts) -> Verdict:
    if facts.situation is not Situation.CRISIS:
        return _skip("没有轻生等危机，不适用")
    if facts.breaks("vulnerable_mishandled"):
        return Verdict(
            share=0.0, reason="客户有轻生风险，处置不当", turns=facts.broken["vulnerable_mishandled"]
        )
    cared = [facts.done[act] for act in ("empathy", "deescalate") if act in facts.done]
    if not cared:
        return Verdict(share=0.0, reason="客户有轻生风险，没有安抚", turns=facts.voiced("self_harm_risk"))
    turns = sorted({turn for done in cared for turn in done.turns})
    return Verdict(
        share=max(done.share for done in cared), reason="先安抚关怀，没有不当施压", turns=tuple(turns)
    )


CHECKS: Mapping[Item, Callable[[Facts], Verdict]] = {
    Item.POLITE_OPENING: _polite_opening,
    Item.RPC_CONFIRM: _rpc_confirm,
    Item.INFORM_FACTS: _inform_facts,
    Item.OPEN_QUESTION: _open_question,
    Item.REASON_PROBE: _reason_probe,
    Item.EMPATHY: _empathy,
    Item.SOLUTION_OFFER: _solution_offer,
    Item.PTP_AMOUNT: _ptp_amount,
    Item.PTP_DATE: _ptp_date,
    Item.PTP_CHANNEL: _ptp_channel,
    Item.PTP_CONFIRMED: _ptp_confirmed,
    Item.CONSEQUENCE_ACCURATE: _consequence_accurate,
    Item.DEESCALATE: _deescalate,
    Item.OBJECTION_HANDLING: _objection_handling,
    Item.CLOSING_SUMMARY: _closing_summary,
    Item.RESPECTFUL_TONE: _respectful_tone,
    Item.PRIVACY_KEPT: _privacy_kept,
    Item.NEXT_STEP: _next_step,
    Item.CARE_FIRST: _care_first,
}
"""How each item is judged."""
