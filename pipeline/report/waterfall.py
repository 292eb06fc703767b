"""How the two scores were made, step by step: what the page of a call and ``tinghe explain`` show.

Compliance starts at 100 and loses what each rule costs. Effectiveness adds up what its items earned, scales
it to 100 and is capped by compliance. Every step has its reason and the words that it rests on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.report.doubt_view import has_unsure_roles
from pipeline.report.showing import clock, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]

FULL = 100.0
QUOTE_CHARACTERS = 36
"""What is shown of the words; the place tells where the rest is."""

_CAP = "cap"
_STABILITIES = ("stands", "depends_on_one_word", "flips")


def waterfall(call: Json, showing: Showing) -> dict[str, Any]:
    """Both scores of a call's JSON as steps; each step is flat, so that a template or a table prints it."""
    return {
        "compliance": _compliance(call, showing),
        "effectiveness": _effectiveness(call, showing),
        "robustness": _robustness(call, showing),
    }


def _compliance(call: Json, showing: Showing) -> dict[str, Any]:
    t, scores = showing.labels, call["scores"]
    steps, level = [], FULL
    for item in scores["compliance_items"]:
        if not item["applicable"]:
            continue
        after = level + item["points"]
        steps.append(_deduction(item, call, showing) | _bar(after, level) | {"level": number(after)})
        level = after
    waiting = [
        _deduction(item, call, showing) for item in scores["compliance_items"] if not item["applicable"]
    ]
    gap = scores["compliance_if_confirmed"] != scores["compliance"]
    return {
        "start": number(FULL),
        "steps": steps,
        "score": number(scores["compliance"]),
        "width": scores["compliance"],
        "waiting": waiting,
        "if_confirmed": number(scores["compliance_if_confirmed"]) if waiting and gap else None,
        "note": None if scores["complete"] or scores["compliance"] is None else t("incomplete"),
    }


def _deduction(item: Json, call: Json, showing: Showing) -> dict[str, Any]:
    state = "violation" if item["applicable"] else "needs_review"
    mine = [f for f in call["findings"] if f["rule"] == item["name"] and f["state"] == state]
    stability = _weakest(mine)
    return {
        "name": item["name"],
        "title": showing.rule(item["name"]),
        "points": _points(item["points"]) if item["applicable"] else showing.labels("state.needs_review"),
        "reason": showing.reason(item["reason"], call["call_id"]),
        "places": _places(item, call, showing),
        "severity": mine[0]["severity"] if mine else None,
        "stability": stability,
        "stability_name": _stability(stability, call, showing),
    }


def _weakest(findings: Sequence[Json]) -> str | None:
    """How robust it is that a rule is broken: the surest of its findings carries it."""
    told = [f["stability"] for f in findings if f.get("stability")]
    return min(told, key=_STABILITIES.index, default=None)


def _effectiveness(call: Json, showing: Showing) -> dict[str, Any]:
    scores = call["scores"]
    items = [item for item in scores["effectiveness_items"] if item["name"] != _CAP]
    counted = [item for item in items if item["applicable"]]
    got = sum(item["points"] for item in counted)
    possible = sum(item["possible"] for item in counted)
    cap = next((item for item in scores["effectiveness_items"] if item["name"] == _CAP), None)
    steps, level = [], 0.0
    for item in counted:
        after = level + FULL * item["points"] / possible
        steps.append(_earned(item, call, showing) | _bar(level, after) | {"level": number(after)})
        level = after
    return {
        "steps": steps,
        "skipped": [_earned(item, call, showing) for item in items if not item["applicable"]],
        "got": f"{got:g}",
        "possible": f"{possible:g}",
        "raw": number(level) if counted else None,
        "cap": showing.said(cap["reason"]) if cap else None,
        "score": number(scores["effectiveness"]),
        "width": scores["effectiveness"],
    }


def _earned(item: Json, call: Json, showing: Showing) -> dict[str, Any]:
    counts = item["applicable"]
    share = item["points"] / item["possible"] if counts and item["possible"] else None
    return {
        "name": item["name"],
        "title": showing.labels.of("act", item["name"]),
        "points": f"{item['points']:g} / {item['possible']:g}"
        if counts
        else showing.labels("not_applicable"),
        "share": None if share is None else round(100 * share),
        "reason": showing.reason(item["reason"], call["call_id"]),
        "places": _places(item, call, showing),
        "stability": None,
    }


def _bar(low: float, high: float) -> dict[str, float]:
    """Where a step's bar lies between 0 and 100."""
    return {"left": round(max(0.0, low), 1), "width": round(min(FULL, high) - max(0.0, low), 1)}


def _points(points: float) -> str:
    return number(points).replace("-", "−")


def _places(item: Json, call: Json, showing: Showing) -> list[dict[str, Any]]:
    """Turn, time and words that a step rests on; results of earlier versions have the turns only."""
    turns = {turn["index"]: turn for turn in call["turns"]}
    told = item.get("evidence") or [{"turn": turn, "text_start": 0, "text_end": 0} for turn in item["turns"]]
    return [
        {
            "turn": at["turn"],
            "clock": clock(turns[at["turn"]]["start"]),
            "quote": _cut(
                showing.text(turns[at["turn"]]["text"], call["call_id"])[at["text_start"] : at["text_end"]]
            ),
        }
        for at in told
        if at["turn"] in turns
    ]


def _cut(text: str) -> str:
    return text if len(text) <= QUOTE_CHARACTERS else f"{text[:QUOTE_CHARACTERS]}…"


def _stability(stability: str | None, call: Json, showing: Showing) -> str | None:
    """How robust something is; what flips says whether that hangs on one turn or on the whole call."""
    if stability == "flips":
        scope = "call" if has_unsure_roles(call) else "turn"
        return showing.labels(f"if_swapped.{scope}.flips")
    return showing.labels(f"stability.{stability}") if stability else None


def _robustness(call: Json, showing: Showing) -> dict[str, Any] | None:
    """What compliance comes to, and whether that stands; ``None`` in results of earlier versions."""
    robust, t = call["scores"].get("robustness"), showing.labels
    if robust is None:
        return None
    otherwise = robust["otherwise"]
    return {
        "outcome": robust["outcome"],
        "outcome_name": t.of("outcome", robust["outcome"]),
        "stability": robust["stability"],
        "stability_name": _stability(robust["stability"], call, showing),
        "turns": list(robust["turns"]),
        "otherwise_name": t.of("outcome", otherwise) if otherwise else None,
    }
