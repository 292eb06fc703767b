"""Conditions and calls for tests, built as packs and recordings would build them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.detect.conditions.conditional import ConditionSet
from pipeline.detect.conditions.operators import Toolbox
from pipeline.detect.facts import NOTHING_KNOWN
from pipeline.detect.schema import Rule
from pipeline.detect.view import CallView
from pipeline.metadata import CallMetadata
from pipeline.types import Call, Role, Transcript, Turn

if TYPE_CHECKING:
    from pipeline.detect.conditions.outcome import Outcome
    from pipeline.detect.facts import Facts

TOOLS = Toolbox(words={}, contexts={})


def rule_of(conditions: dict[str, Any], **more: Any) -> Rule:
    """A rule with these conditions; ``raise_when`` is the first of them unless it says otherwise."""
    given = {"raise_when": next(iter(conditions))} if "flow" not in more else {}
    return Rule.model_validate(
        {
            "rule": "tested",
            "title": "测试",
            "conditions": conditions,
            "examples": {"must_hit": ["有"], "must_not_hit": ["无"]},
            **given,
            **more,
        }
    )


def turn(index: int, spoken: str, start: float | None = None, end: float | None = None, **more: Any) -> Turn:
    """A turn from ``A: …`` (agent), ``C: …`` (customer) or ``?: …``; times in seconds."""
    roles = {"A": Role.AGENT, "C": Role.CUSTOMER, "?": Role.UNKNOWN}
    return Turn(
        index=index,
        role=roles[spoken[0]],
        role_confidence=more.pop("role_confidence", 1.0),
        text=spoken[2:].strip(),
        start_ms=None if start is None else round(start * 1000),
        end_ms=None if end is None else round(end * 1000),
        **more,
    )


def call_view(
    *spoken: str | Turn, metadata: dict[str, Any] | None = None, facts: Facts = NOTHING_KNOWN
) -> CallView:
    """A call from its turns, as :func:`turn` reads them."""
    turns = tuple(turn(i, s) if isinstance(s, str) else s for i, s in enumerate(spoken))
    call = Call(call_id="tested", metadata=CallMetadata.model_validate(metadata or {}))
    return CallView.of(call, Transcript(turns=turns), facts)


def answers(conditions: dict[str, Any], view: CallView, tools: Toolbox = TOOLS) -> dict[str, Outcome]:
    """What every condition answers."""
    return dict(ConditionSet.of(rule_of(conditions), tools).evaluate(view))


def answer(condition: Any, view: CallView, tools: Toolbox = TOOLS) -> Outcome:
    """What one condition answers."""
    return answers({"asked": condition}, view, tools)["asked"]
