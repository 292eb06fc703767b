"""What the page of a batch shows: a row a call, and the counts over them."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.report.doubt_view import has_poor_sound, has_unsure_roles
from pipeline.report.files import file_stem
from pipeline.report.quarantine import in_order
from pipeline.report.routing import RISK, is_at_risk
from pipeline.report.showing import Showing, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.types import Quarantined

    Json = Mapping[str, Any]

BINS = 10
TOP_RULES = 12
FEW_CALLS = 20
"""An agent with fewer calls should not be compared (section 7.2 of the norm research)."""

_SEVERITIES = ("critical", "major", "minor")


def row(call: Json, showing: Showing) -> dict[str, Any]:
    """The row of one call: all that the summary keeps of it."""
    scores, metadata = call["scores"], call["metadata"]
    states = [finding["state"] for finding in call["findings"]]
    tags = {
        "risk": is_at_risk(call),
        "red": scores["red_line"],
        "review": "needs_review" in states,
        "not_scored": call["status"] != "scored",
        "poor": has_poor_sound(call),
        "roles": has_unsure_roles(call),
    }
    role = metadata.get("callee_role")
    people = showing.person(call["call_id"])
    return {
        "call_id": call["call_id"],
        "href": f"pages/{quote(file_stem(call['call_id']))}.html",
        "started": moment(metadata.get("started_at")),
        "agent": " ".join(filter(None, (metadata.get("agent_id"), people.agent_name))),
        "lender": metadata.get("lender", ""),
        "callee": showing.labels.of("callee", role) if role else "",
        "status": showing.labels.of("status", call["status"]),
        "scored": call["status"] == "scored",
        "red_line": scores["red_line"],
        "compliance": number(scores["compliance"]),
        "compliance_sort": _sortable(scores["compliance"]),
        "effectiveness": number(scores["effectiveness"]),
        "effectiveness_sort": _sortable(scores["effectiveness"]),
        "compliance_value": scores["compliance"],
        "effectiveness_value": scores["effectiveness"],
        "confirmed": states.count("violation"),
        "review": states.count("needs_review"),
        "promise": showing.promise(call["promise_to_pay"]),
        "tags": [tag for tag, holds in tags.items() if holds],
        "rules": sorted({(f["rule"], f["severity"], f["state"]) for f in call["findings"]}),
    }


def summary_view(
    rows: Iterable[Json], quarantined: Iterable[Quarantined], showing: Showing
) -> dict[str, Any]:
    """The summary of a batch; a customer at risk comes first, then the gravest calls."""
    t = showing.labels
    rows = sorted(
        rows,
        key=lambda r: (
            "risk" not in r["tags"],
            not r["red_line"],
            r["compliance_value"] is None,
            r["compliance_value"] or 0,
            r["call_id"],
        ),
    )
    away = in_order(quarantined)
    return {
        "figures": _figures(rows, len(away), showing),
        "filters": [
            "all",
            *_found(rows, ("risk",)),
            "red",
            "review",
            "not_scored",
            *_found(rows, ("poor", "roles")),
        ],
        "compliance_bins": _bins(r["compliance_value"] for r in rows),
        "effectiveness_bins": _bins(r["effectiveness_value"] for r in rows),
        "rules": _rules(rows, showing),
        "rows": rows,
        "columns": [
            (t("call"), "text"),
            (t("started_at"), "text"),
            (t("agent"), "text"),
            (t("lender"), "text"),
            (t("callee"), "text"),
            (t("compliance"), "num"),
            (t("effectiveness"), "num"),
            (t("confirmed_n"), "num"),
            (t("review_n"), "num"),
            (t("promise"), "text"),
            (t("status"), "text"),
        ],
        "agents": _agents(rows),
        "quarantine": [
            {
                "call_id": call.call_id,
                "reason": t.of("reason", call.reason),
                "message": call.message,
                "file": call.file or "",
                "line": "" if call.line is None else call.line,
                "attempts": call.attempts,
            }
            for call in away
        ],
    }


def _sortable(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _figures(rows: Sequence[Json], away: int, showing: Showing) -> list[dict[str, Any]]:
    t = showing.labels
    scored = sum(r["scored"] for r in rows)
    red = sum(r["red_line"] for r in rows)
    tags = ("risk", "review", "poor", "roles")
    risk, review, poor, roles = (sum(tag in r["tags"] for r in rows) for tag in tags)
    share = f" · {100 * red / scored:.1f}%" if red else ""
    figures = [
        ("calls", len(rows) + away, "", False),
        ("status.scored", scored, "", False),
        ("status.not_scored", len(rows) - scored, "", False),
        ("quarantine", away, "", away > 0),
        *([(f"event.{RISK}", risk, "", True)] if risk else []),
        ("red_lines", red, share, red > 0),
        ("to_review", review, "", False),
        ("poor_sound", poor, "", False),
        ("unsure_roles", roles, "", False),
    ]
    return [{"name": t(key) + note, "value": value, "bad": bad} for key, value, note, bad in figures]


def _found(rows: Sequence[Json], tags: Iterable[str]) -> list[str]:
    """Those of ``tags`` that a row has."""
    return [tag for tag in tags if any(tag in row["tags"] for row in rows)]


def _bins(values: Iterable[float | None]) -> list[dict[str, Any]]:
    """Ten bins of ten points; 100 belongs to the last."""
    counts = [0] * BINS
    for value in values:
        if value is not None:
            counts[min(BINS - 1, int(value // 10))] += 1
    most = max(counts) or 1
    return [
        {
            "name": f"{10 * i}–{10 * i + (10 if i == BINS - 1 else 9)}",
            "count": count,
            "height": round(85 * count / most),
        }
        for i, count in enumerate(counts)
    ]


def _rules(rows: Iterable[Json], showing: Showing) -> list[dict[str, Any]]:
    """Rules by the number of calls that break them, with those that wait for review behind."""
    calls: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"violation": 0, "needs_review": 0})
    gravest: dict[str, int] = {}
    for found in (r["rules"] for r in rows):
        states: defaultdict[str, set[str]] = defaultdict(set)
        for rule, severity, state in found:
            if state != "cannot_decide":
                states[rule].add(state)
                gravest[rule] = min(gravest.get(rule, len(_SEVERITIES)), _SEVERITIES.index(severity))
        for rule, seen in states.items():
            calls[rule]["violation" if "violation" in seen else "needs_review"] += 1
    ranked = sorted(calls, key=lambda rule: (-calls[rule]["violation"], -calls[rule]["needs_review"], rule))[
        :TOP_RULES
    ]
    most = max((sum(calls[rule].values()) for rule in ranked), default=1)
    return [
        {
            "title": showing.rule(rule),
            "severity": _SEVERITIES[gravest[rule]],
            "confirmed": calls[rule]["violation"],
            "review": calls[rule]["needs_review"],
            "width": round(100 * calls[rule]["violation"] / most, 1),
            "review_width": round(100 * calls[rule]["needs_review"] / most, 1),
        }
        for rule in ranked
    ]


def _agents(rows: Iterable[Json]) -> list[dict[str, Any]]:
    by_agent: defaultdict[str, list[Json]] = defaultdict(list)
    for r in rows:
        if r["agent"] and r["scored"]:
            by_agent[r["agent"]].append(r)
    return [
        {
            "name": name,
            "calls": len(mine),
            "compliance": _median(r["compliance_value"] for r in mine),
            "effectiveness": _median(r["effectiveness_value"] for r in mine),
            "red_lines": sum(r["red_line"] for r in mine),
            "few": len(mine) < FEW_CALLS,
        }
        for name, mine in sorted(by_agent.items())
    ]


def _median(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return number(median(known) if known else None)
