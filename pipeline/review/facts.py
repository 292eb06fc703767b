"""What of a judged call decides whether it is drawn for review: its group, and signs of risk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pipeline.metadata import CHINA
from pipeline.report.routing import is_at_risk
from pipeline.types import Stability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json = Mapping[str, Any]

SIGNS: Final[Mapping[str, str]] = {
    "red_line": "a red line is broken",
    "risk_of_self_harm": "the customer may harm himself",
    "violation": "a violation is found",
    "needs_review": "a finding waits for a person",
    "near_threshold": "a confidence is near the line between review and violation",
    "depends": "a finding or the score hangs on one word, or on who is who",
    "unsure_roles": "it is not sure who is the agent",
    "poor_sound": "a channel of the recording is poor",
    "complaint": "the customer says that he will complain",
    "not_checked": "a check could not run",
}
"""Signs of risk that a plan may weigh, by name."""

UNKNOWN: Final = "?"
"""The group of calls that lack the field."""

_HANGS_ON: Final = frozenset({Stability.ONE_WORD.value, Stability.FLIPS.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What is known of a call for a sampling plan.

    Attributes:
        scored: whether it was scored at all.
        passed: whether it was and nothing in it is put before a person: no violation, nothing to review. What
            could not be decided for want of a field does not keep a call from passing.
        fields: values that groups can be made of.
        confidences: of findings that a violation's line divides, 0 to 1.
        signs: of :data:`SIGNS`, without ``near_threshold``, which a plan's margin decides.
    """

    call_id: str
    scored: bool
    passed: bool
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    confidences: Sequence[float] = ()
    signs: frozenset[str] = frozenset()

    def is_of(self, population: str) -> bool:
        """Whether it belongs to ``passed``, ``flagged`` or ``scored`` calls."""
        if population == "scored":
            return self.scored
        return self.scored and self.passed == (population == "passed")

    def signs_at(self, threshold: float, margin: float) -> frozenset[str]:
        """All its signs, with a confidence within ``margin`` of ``threshold``."""
        near = any(abs(confidence - threshold) <= margin for confidence in self.confidences)
        return self.signs | {"near_threshold"} if near else self.signs

    def group(self, by: Sequence[str]) -> str:
        """The name of its group: the values of some fields, :data:`UNKNOWN` for what it lacks."""
        return " · ".join(_shown(self.fields.get(name)) for name in by)


def facts_of(call: Json, more: Json | None = None) -> CallFacts:
    """The facts of a call.

    Args:
        call: its JSON, in the published form.
        more: further fields by name, as from its manifest.
    """
    states = [finding["state"] for finding in call["findings"]]
    put = [f for f in call["findings"] if f["state"] in ("violation", "needs_review")]
    scored = call["status"] == "scored"
    return CallFacts(
        call_id=call["call_id"],
        scored=scored,
        passed=scored and not put,
        fields={**(more or {}), **call["metadata"], **_times(call["metadata"].get("started_at"))},
        confidences=tuple(finding["confidence"] for finding in put),
        signs=frozenset(name for name, shown in _signs(call, states).items() if shown),
    )


def _signs(call: Json, states: Sequence[str]) -> dict[str, bool]:
    robustness = call["scores"].get("robustness") or {}
    stable = [finding.get("stability") for finding in call["findings"]] + [robustness.get("stability")]
    return {
        "red_line": bool(call["scores"]["red_line"]),
        "risk_of_self_harm": is_at_risk(call),
        "violation": "violation" in states,
        "needs_review": "needs_review" in states,
        "depends": not _HANGS_ON.isdisjoint(stable),
        "unsure_roles": (call.get("roles") or {}).get("if_swapped") is not None,
        "poor_sound": any(one["faults"] for one in call.get("quality", ())),
        "complaint": "complaint_intent" in call["customer_events"],
        "not_checked": bool(call["not_checked"]),
    }


def _times(started_at: Any) -> dict[str, str]:
    """Day, weekday and hour of the call in China."""
    if not isinstance(started_at, str):
        return {}
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return {}
    local = moment.astimezone(CHINA) if moment.tzinfo else moment
    return {"day": f"{local:%Y-%m-%d}", "weekday": f"{local.isoweekday()}", "hour": f"{local:%H}"}


def day_of(call: Json) -> str | None:
    """The day of a call in China, ISO; ``None`` where that is not known."""
    return _times(call["metadata"].get("started_at")).get("day")


def _shown(value: Any) -> str:
    return UNKNOWN if value is None or value == "" else str(value)
