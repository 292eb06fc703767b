"""Effectiveness: what was done well, over what could be done in this call.

``100 * points got / points that apply``, then capped by compliance, because pressure must never pay:
a red line or a failed call keeps a low score however much it collected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.score.items import judge_item
from pipeline.types import ScoreItem

if TYPE_CHECKING:
    from pipeline.score.compliance import Compliance
    from pipeline.score.facts import Facts
    from pipeline.score.scorecard import Caps, EffectivenessCard, Item, ItemRule

CAP = "cap"
"""Name of the line that says that compliance limits the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effectiveness:
    """The effectiveness half of :class:`pipeline.types.Scores`; no score when nothing could be judged."""

    score: float | None
    items: tuple[ScoreItem, ...]


def judge_effectiveness(facts: Facts, compliance: Compliance, card: EffectivenessCard) -> Effectiveness:
    """Score effectiveness of a call in which an agent spoke; the score is rounded to 0.1."""
    if not facts.agent_turns:
        return Effectiveness(score=None, items=())
    items = tuple(_item(item, rule, facts) for item, rule in card.items.items())
    possible = sum(item.possible for item in items if item.applicable)
    if not possible:
        return Effectiveness(score=None, items=items)
    raw = 100 * sum(item.points for item in items) / possible
    limit, reason = _limit(compliance, card.caps)
    if raw <= limit:
        return Effectiveness(score=round(raw, 1), items=items)
    told = f"{reason}，原得{raw:.1f}分，最高计{limit:g}分"
    return Effectiveness(
        score=limit, items=(*items, ScoreItem(name=CAP, points=0.0, applicable=False, reason=told))
    )


def _item(item: Item, rule: ItemRule, facts: Facts) -> ScoreItem:
    verdict = judge_item(item, rule, facts)
    return ScoreItem(
        name=str(item),
        points=round(rule.points * (verdict.share or 0.0), 2),
        possible=rule.points,
        applicable=verdict.share is not None,
        reason=verdict.reason,
        turns=tuple(sorted({at.turn for at in verdict.places})),
        evidence=verdict.places,
    )


def _limit(compliance: Compliance, caps: Caps) -> tuple[float, str]:
    if compliance.red_line:
        return caps.red_line, "触碰红线"
    if compliance.failed:
        return caps.failed, f"合规分低于{compliance.failed_below:g}分"
    return 100.0, ""
