"""The effectiveness items: what earns their points.

After section 5 of the project's norm research (items E01 to E15), with items of their own for calls
that reach somebody else, for calls in which a life may be at risk, and for the tone of the agent.
Every check looks at :class:`~pipeline.score.facts.Facts` and never at points; in which calls an item
counts is the scorecard's too (:func:`judge_item`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.score.facts import Facts, Places
from pipeline.score.scorecard import Excuse, Item, Situation
from pipeline.types import Commitment, Evidence, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.score.scorecard import ItemRule

_ELSEWHERE: Mapping[Situation, str] = {
    Situation.DEBTOR: "接听人是债务人本人，不适用",
    Situation.OTHER_PERSON: "接听人不是债务人，不适用",
    Situation.CRISIS: "客户有轻生风险，不谈还款，不适用",
}
_EXCUSED: Mapping[Excuse, str] = {
    Excuse.PROMISED_IN_FULL: "客户承诺全额还清且未提困难，不需要",
    Excuse.DISPUTE_RECORDED: "异议已登记，先核实，不要求",
}
NO_CAUSE = "客户没有给出由头（如困难、情绪、异议），不适用"
_PAYS = re.compile(r"还(?![是有没要能可得不])|存|转账|转到|扣|付|打款|打到|充|交|结清")
_PROMISE_ITEMS = frozenset({Item.PTP_AMOUNT, Item.PTP_DATE, Item.PTP_CHANNEL, Item.PTP_CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check says: the share of the points (0..1), ``None`` when the item does not apply."""

    share: float | None
    reason: str
    places: Places = ()


def judge_item(item: Item, rule: ItemRule, facts: Facts) -> Verdict:
    """Judge an item where the scorecard looks at it; what lacks a cause or is excused counts if done."""
    if facts.situation not in rule.calls:
        return Verdict(share=None, reason=_ELSEWHERE[facts.situation])
    cause: Places = ()
    if not _is_done(item, facts):
        excuse = next((e for e in rule.unless if facts.excused(e)), None)
        if excuse:
            return Verdict(share=None, reason=_EXCUSED[excuse])
        if rule.when:
            cause = facts.cause(rule.when)
            if not cause:
                return Verdict(share=None, reason=NO_CAUSE)
    verdict = CHECKS[item](facts)
    if verdict.share == 0 and not verdict.places:
        return Verdict(share=verdict.share, reason=verdict.reason, places=cause)
    return verdict


def _is_done(item: Item, facts: Facts) -> bool:
    return facts.promise is not None if item in _PROMISE_ITEMS else item.value in facts.done


def _act(facts: Facts, act: str, *, good: str, missing: str, factor: float = 1.0, flaw: str = "") -> Verdict:
    """Judge an item by one act: done, done badly, or missing."""
    done = facts.done.get(act)
    if done is None:
        return Verdict(share=0.0, reason=missing)
    share = done.share * factor
    if factor < 1:
        return Verdict(share=share, reason=f"{good}，但{flaw}", places=done.places)
    reason = good if share == 1 else f"{good}，但同一句话里有违规"
    return Verdict(share=share, reason=reason, places=done.places)


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
    return _act(facts, "open_question", good="用开放式问题了解情况或安排", missing="没有开放式提问")


def _reason_probe(facts: Facts) -> Verdict:
    return _act(facts, "reason_probe", good="了解了逾期原因", missing="没有了解逾期原因")


def _empathy(facts: Facts) -> Verdict:
    good = "对客户的处境表示了理解"
    verdict = _act(facts, "empathy", good=good, missing="客户流露困难或情绪，坐席没有回应")
    if verdict.places and verdict.share is not None and verdict.share < 1:
        return Verdict(
            share=verdict.share, reason=f"{good}，但只是套话加催促，或带讽刺、违规", places=verdict.places
        )
    return verdict


def _solution_offer(facts: Facts) -> Verdict:
    return _act(
        facts, "solution_offer", good="给出了可行的方案", missing="没有给出分期、延期、部分还款等方案"
    )


def _promise_item(
    facts: Facts,
    *,
    met: bool,
    good: str,
    missing: str,
    share: float = 1.0,
    flaw: str = "",
    places: Places = (),
) -> Verdict:
    """Judge a part of the promise to pay; a promise under pressure earns nothing."""
    promise = facts.promise
    if promise is None:
        return Verdict(share=0.0, reason="没有得到还款承诺")
    if promise.coerced:
        return Verdict(share=0.0, reason="承诺是在违规施压后作出的，不计分", places=facts.promised)
    if not met:
        return Verdict(share=0.0, reason=missing, places=facts.promised)
    reason = good if share == 1 else f"{good}，但{flaw}"
    return Verdict(share=share, reason=reason, places=places or facts.promised)


_LOOSE: Mapping[Commitment, str] = {
    Commitment.CONDITIONAL: "附有前提",
    Commitment.VAGUE: "说法含糊",
    Commitment.TENTATIVE: "只是试探，没有得到答复",
}


def _term(facts: Facts, act: str, *, met: bool, good: str, missing: str) -> Verdict:
    """Amount or date: worth less in a complete promise that binds loosely.

    Where the other term is missing, that one has lost its points already.
    """
    promise = facts.promise
    complete = promise is not None and promise.amount is not None and promise.date is not None
    flaw = _LOOSE.get(promise.certainty, "") if promise is not None and complete else ""
    share = facts.card.weak_promise if flaw else 1.0
    turns = promise.turns if promise is not None else ()
    places = tuple(at for at in facts.said.get(act, ()) if at.turn in turns)
    return _promise_item(facts, met=met, good=good, missing=missing, share=share, flaw=flaw, places=places)


def _ptp_amount(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.amount is not None
    return _term(facts, "ptp_amount", met=met, good="承诺金额明确", missing="承诺没有明确金额")


def _ptp_date(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.date is not None
    return _term(facts, "ptp_date", met=met, good="承诺日期明确", missing="承诺没有明确日期")


def _ptp_channel(facts: Facts) -> Verdict:
    if facts.breaks("private_account"):
        places = facts.broken.get("private_account", ())
        return Verdict(share=0.0, reason="引导到私人账户", places=places)
    named = _named(facts)
    return _promise_item(
        facts, met=bool(named), good="说明了官方还款渠道", missing="没有说明官方还款渠道", places=named
    )


def _named(facts: Facts) -> Places:
    """Where an official channel is named beside words of paying."""
    turns = sorted((*facts.agent_turns, *facts.customer_turns), key=lambda turn: turn.index)
    return tuple(
        Evidence.of(turn, at, at + len(word))
        for turn in turns
        if _PAYS.search(turn.text)
        for word in facts.card.official_channels
        if (at := turn.text.find(word)) >= 0
    )[:1]


def _ptp_confirmed(facts: Facts) -> Verdict:
    met = facts.promise is not None and facts.promise.confirmed
    said = facts.done.get("ptp_confirmed")
    return _promise_item(
        facts,
        met=met,
        good="复述承诺并得到客户确认",
        missing="没有复述承诺并得到确认",
        places=said.places if said else (),
    )


def _consequence_accurate(facts: Facts) -> Verdict:
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
    return _act(facts, "deescalate", good="缓和了客户情绪", missing="客户激动时没有缓和")


def _objection_handling(facts: Facts) -> Verdict:
    blocked = facts.breaks("obstruct_dispute")
    return _act(
        facts,
        "objection_handling",
        good="回应了客户的异议",
        missing="没有回应客户的异议",
        factor=0.0 if blocked else 1.0,
        flaw="阻碍了客户提出异议或投诉",
    )


def _closing_summary(facts: Facts) -> Verdict:
    return _act(facts, "closing_summary", good="总结并礼貌收尾", missing="没有总结收尾")


def _respectful_tone(facts: Facts) -> Verdict:
    heard = [t for t in facts.agent_turns if t.index in facts.tones and t.text]
    if not heard:
        return Verdict(share=None, reason="没有语气数据")
    if facts.breaks("insult_abuse", "threat_violence"):
        places = (*facts.broken.get("insult_abuse", ()), *facts.broken.get("threat_violence", ()))
        return Verdict(share=0.0, reason="辱骂或威胁客户", places=places)
    hostile = [t for t in heard if facts.tones[t.index] is Tone.HOSTILE]
    hard = [t for t in heard if facts.tones[t.index] in (Tone.HOSTILE, Tone.PRESSING)]
    places = tuple(map(Evidence.whole, hard))
    # Half the turns hostile, or all of them pressing, leaves nothing.
    share = max(0.0, 1 - (len(hostile) + len(hard)) / len(heard))
    if facts.breaks("rude_tone"):
        return Verdict(share=min(share, 0.5), reason="有不耐烦、讽刺或命令的话", places=places)
    if hard:
        return Verdict(share=share, reason="部分话语气强硬", places=places)
    return Verdict(share=1.0, reason="语气平和尊重")


def _privacy_kept(facts: Facts) -> Verdict:
    rules = ("disclose_third_party", "collect_from_third_party", "disclose_before_verify")
    if facts.breaks(*rules):
        places = tuple(at for rule in rules for at in facts.broken.get(rule, ()))
        return Verdict(share=0.0, reason="向非债务人透露或催收了债务", places=places)
    return Verdict(share=1.0, reason="没有向非债务人透露债务")


def _next_step(facts: Facts) -> Verdict:
    rules = ("disclose_third_party", "collect_from_third_party", "illegal_info_gathering")
    if facts.breaks(*rules):
        places = tuple(at for rule in rules for at in facts.broken.get(rule, ()))
        return Verdict(share=0.0, reason="以违规方式对待非债务人，结果不计分", places=places)
    if facts.taken_on:
        return Verdict(share=1.0, reason="对方同意转告或配合", places=facts.taken_on)
    handled = facts.done.get("objection_handling")
    if "wrong_number" in facts.events and handled:
        share = handled.share * facts.card.wrong_number
        return Verdict(share=share, reason="号码有误，已登记处理，但没有联系到债务人", places=handled.places)
    return Verdict(share=0.0, reason="没有取得下一步安排")


def _care_first(facts: Facts) -> Verdict:
    if facts.breaks("vulnerable_mishandled"):
        places = facts.broken["vulnerable_mishandled"]
        return Verdict(share=0.0, reason="客户有轻生风险，处置不当", places=places)
    cared = [facts.done[act] for act in ("empathy", "deescalate") if act in facts.done]
    if not cared:
        places = facts.voiced("self_harm_risk")
        return Verdict(share=0.0, reason="客户有轻生风险，没有安抚", places=places)
    places = tuple(dict.fromkeys(at for done in cared for at in done.places))
    share = max(done.share for done in cared)
    return Verdict(share=share, reason="先安抚关怀，没有不当施压", places=places)


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
