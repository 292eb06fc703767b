"""What the page of a batch or a period shows, as plain values for its template."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pipeline.report.dashboard.charts import intervals_chart, range_of
from pipeline.report.dashboard.groups import Group, RuleCount, groups_by, heard_by_codec, rule_counts
from pipeline.report.dashboard.measures import (
    QUALITY,
    SHARES,
    Measure,
    bin_name,
    bins,
    score_measures,
    share_measures,
)
from pipeline.report.dashboard.period import FEW_CALLS, Comparison, Period
from pipeline.report.dashboard.rows import LOW_ASR, CallRow
from pipeline.report.dashboard.words import counted, figure, moved, percent, share_of, within
from pipeline.report.routing import RISK
from pipeline.report.showing import DASH, moment, money, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.intervals import Interval
    from pipeline.report.showing import Showing

FIRST: Final = 100
"""Calls of the list to look at first; the list of all calls has the others."""
LISTED: Final = 50
"""Calls of the list that stand in the page itself, for a reader without script: its first page."""
AWAY: Final = 200
"""Quarantined calls in the page; the tables have all."""
DIGEST: Final = 12
"""Characters of a digest that a page shows."""


def dashboard_view(
    now: Period, comparison: Comparison, showing: Showing, precision: Mapping[str, Interval] | None = None
) -> dict[str, Any]:
    """The dashboard of a period.

    Args:
        now: its calls.
        comparison: the previous period, and what can be said of the two.
        showing: how things are shown.
        precision: by rule, the share of its reviewed findings that reviewers confirmed, where they did.
    """
    judged = comparison.judged
    scored = sum(row.scored for row in now.rows)
    return {
        "name": now.name,
        "span": now.span,
        "twice": now.twice,
        "few": FEW_CALLS if scored < FEW_CALLS else None,
        "compared": _compared(comparison),
        "figures": _figures(now),
        "coverage": _coverage(now),
        "first": _first(now, showing),
        "measures": _ranged([_measure(m) for m in share_measures(SHARES, now.rows, judged)]),
        "scores": [_measure(m) for m in score_measures(now.rows, judged)],
        "distributions": [_distribution(name, now.rows, judged) for name in ("compliance", "effectiveness")],
        "rules": _rules(rule_counts(now.rows, judged), showing, precision or {}),
        "reviewed": bool(precision),
        "groups": {
            field: [_group(g) for g in groups_by(field, now.rows, judged)]
            for field in ("agency", "agent", "lender")
        },
        "times": [_times(field, now, comparison) for field in ("hour", "day")],
        "quality": _ranged([_measure(m) for m in share_measures(QUALITY, now.rows, comparison.heard)]),
        "low_asr": f"{LOW_ASR:g}",
        "faults": Counter(fault for row in now.rows for fault in row.faults).most_common(),
        "codecs": _codecs(now.rows),
        "reasons": Counter(row.reason for row in now.rows if not row.scored).most_common(),
        "not_checked": Counter(check for row in now.rows for check in row.not_checked).most_common(),
        "quarantine": _quarantine(now),
        "methods": _methods(now),
        "calls": len(now.rows),
        "listed": [_listed(row) for row in now.rows[:LISTED]],
    }


def _compared(comparison: Comparison) -> dict[str, Any] | None:
    before = comparison.before
    if before is None:
        return None
    return {
        "name": " · ".join(filter(None, (before.name, before.span))),
        "scored": sum(row.scored for row in before.rows),
        "alike": comparison.judged_alike,
        "differs": comparison.differs,
        "mixes": comparison.mixes,
        "few": comparison.few,
    }


def _figures(now: Period) -> list[dict[str, Any]]:
    shares = {m.key: m for m in share_measures(SHARES, now.rows, None)}
    scored = sum(row.scored for row in now.rows)
    risk = sum(RISK in row.events for row in now.rows)
    figures: list[tuple[str, object, str, bool, str]] = [
        ("dash.planned", now.planned, "", False, ""),
        ("status.scored", scored, share_of(scored, now.planned), False, ""),
        ("dash.red", *_of(shares["dash.red"]), True, "tag:red"),
        ("dash.violated", *_of(shares["dash.violated"]), False, "tag:violated"),
        ("dash.waiting", *_of(shares["dash.waiting"]), False, "tag:review"),
        ("dash.complaints", *_of(shares["dash.complaints"]), False, "tag:complaint"),
    ]
    if risk:
        figures.insert(0, ("dash.risks", risk, "", True, "tag:risk"))
    return [
        {"key": key, "value": f"{value:,}", "note": note, "bad": bad and bool(value), "pick": pick}
        for key, value, note, bad, pick in figures
    ]


def _of(measure: Measure) -> tuple[int, str]:
    """How many, and which share with its interval."""
    return measure.hits or 0, f"{figure(measure.now)} ({within(measure.now)})" if measure.now else ""


def _coverage(now: Period) -> dict[str, Any]:
    """How many of the calls and how much of their sound was judged."""
    scored = [row for row in now.rows if row.scored]
    parts = (
        ("status.scored", len(scored), "scored"),
        ("status.not_scored", len(now.rows) - len(scored), "not_scored"),
        ("quarantine", len(now.quarantined), "away"),
    )
    hours = sum(row.seconds or 0 for row in now.rows) / 3600
    judged = sum(row.seconds or 0 for row in scored) / 3600
    return {
        "parts": [
            {
                "key": key,
                "count": f"{count:,}",
                "share": share_of(count, now.planned),
                "width": round(100 * count / now.planned, 2) if now.planned else 0,
                "kind": kind,
            }
            for key, count, kind in parts
        ],
        "hours": f"{judged:,.1f}",
        "all_hours": f"{hours:,.1f}",
        "hours_share": share_of(judged, hours),
        "no_length": sum(row.seconds is None for row in now.rows) + len(now.quarantined),
    }


def _first(now: Period, showing: Showing) -> dict[str, Any]:
    """The calls to look at first: risk of self-harm, red lines, red lines that wait, complaints."""
    wanted = ("risk", "red", "red_review", "complaint")
    counts = Counter(tag for row in now.rows for tag in row.tags)
    found = [row for row in now.rows if set(wanted) & set(row.tags)]
    found.sort(key=lambda row: min(map(wanted.index, set(wanted) & set(row.tags))))
    return {
        "counts": [(tag, counts[tag]) for tag in wanted],
        "rows": [
            {
                "call_id": row.call_id,
                "href": row.href,
                "started": moment(row.started_at),
                "agent": row.agent,
                "agency": row.agency,
                "tags": [tag for tag in wanted if tag in row.tags],
                "compliance": number(row.compliance),
                "events": [
                    {"event": e.event, "href": f"{row.href}#t{e.turn}", "evidence": e.evidence}
                    for e in row.urgent
                    if e.turn is not None
                ],
                "findings": [
                    {
                        "title": showing.rule(f.rule),
                        "state": f.state,
                        "href": f"{row.href}#f{f.place}",
                        "evidence": f.evidence,
                    }
                    for f in row.findings
                    if f.severity == "critical" and f.state != "cannot_decide"
                ],
            }
            for row in found[:FIRST]
        ],
        "more": max(0, len(found) - FIRST),
    }


def _listed(row: CallRow) -> dict[str, Any]:
    return {
        "call_id": row.call_id,
        "href": row.href,
        "started": moment(row.started_at),
        "agent": row.agent,
        "agency": row.agency,
        "lender": row.lender,
        "callee": row.callee,
        "compliance": number(row.compliance),
        "effectiveness": number(row.effectiveness),
        "red_line": row.red_line,
        "violated": row.count("violation"),
        "waiting": row.count("needs_review"),
        "promise": row.promise,
        "amount": DASH if row.promise is None or row.promise.amount is None else money(row.promise.amount),
        "reason": row.reason,
        "tags": [tag for tag in ("risk", "red", "complaint") if tag in row.tags],
    }


def _measure(measure: Measure) -> dict[str, Any]:
    shares = measure.percent
    return {
        "key": measure.key,
        "value": figure(measure.now, shares=shares),
        "within": within(measure.now, shares=shares),
        "counted": counted(measure),
        "before": figure(measure.before, shares=shares) if measure.before else "",
        "before_within": within(measure.before, shares=shares),
        "change": moved(measure.change, shares=shares),
        "verdict": measure.verdict,
        "pick": f"tag:{measure.tag}" if measure.tag else "",
        "interval": measure.now,
        "old": measure.before,
    }


def _ranged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with their intervals on a common scale."""
    top = max((i.high for row in rows for i in (row["interval"], row["old"]) if i), default=1.0)
    for row in rows:
        row["range"], row["old_range"] = range_of(row["interval"], top), range_of(row["old"], top)
    return rows


def _distribution(name: str, rows: Sequence[CallRow], previous: Sequence[CallRow] | None) -> dict[str, Any]:
    counts = bins(getattr(row, name) for row in rows)
    old = None if previous is None else bins(getattr(row, name) for row in previous)
    shares, old_shares = _shares(counts), _shares(old) if old else [0.0] * len(counts)
    most = max(*shares, *old_shares) or 1
    return {
        "name": name,
        "compared": old is not None,
        "bins": [
            {
                "name": bin_name(place),
                "pick": f"{name}:{place}",
                "count": count,
                "share": percent(shares[place]),
                "height": round(85 * shares[place] / most, 1),
                "old": round(85 * old_shares[place] / most, 1) if old_shares[place] else None,
                "top": round(85 * max(shares[place], old_shares[place]) / most, 1),
                "old_share": percent(old_shares[place]) if old else "",
            }
            for place, count in enumerate(counts)
        ],
    }


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _rules(
    found: Sequence[RuleCount], showing: Showing, precision: Mapping[str, Interval]
) -> list[dict[str, Any]]:
    most = max((r.violated + r.waiting for r in found), default=0) or 1
    return [
        {
            "rule": r.rule,
            "title": showing.rule(r.rule),
            "severity": r.severity,
            "violated": r.violated,
            "waiting": r.waiting,
            "undecided": r.undecided,
            "width": round(100 * r.violated / most, 1),
            "review_width": round(100 * r.waiting / most, 1),
            "share": figure(r.share),
            "within": within(r.share),
            "before": figure(r.before) if r.before else "",
            "change": moved(r.change),
            "verdict": _verdict(r.change),
            "precision": _reviewed(precision.get(r.rule)),
        }
        for r in found
    ]


def _reviewed(confirmed: Interval | None) -> str:
    return DASH if confirmed is None else f"{figure(confirmed)} ({within(confirmed)}, n={confirmed.n})"


def _verdict(change: Interval | None) -> str:
    """What a change of something bad comes to."""
    if change is None:
        return "none"
    return ("worse" if change.value > 0 else "better") if change.excludes_zero else "same"


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "calls": group.calls,
        "scored": group.scored,
        "red": figure(group.red),
        "red_within": within(group.red),
        "any_red": bool(group.red and group.red.value),
        "violated": figure(group.violated),
        "within": within(group.violated),
        "range": range_of(group.violated, 1.0),
        "waiting": group.waiting,
        "compliance": number(group.compliance),
        "effectiveness": number(group.effectiveness),
        "before": figure(group.before) if group.before else "",
        "change": moved(group.change),
        "verdict": "none" if group.few else _verdict(group.change),
        "few": group.few,
    }


def _times(field: str, now: Period, comparison: Comparison) -> dict[str, Any]:
    """Calls by hour of the day, or by day; days are not those of another period."""
    groups = groups_by(field, now.rows, comparison.judged if field == "hour" else None)
    points = [
        (f"{g.name}:00" if field == "hour" else g.name[5:], g.violated, f"{field}:{g.name}")
        for g in groups
        if g.name
    ]
    return {
        "field": field,
        "groups": [_group(g) for g in groups],
        "chart": intervals_chart(points) if len(points) > 1 else None,
    }


def _codecs(rows: Sequence[CallRow]) -> list[dict[str, Any]]:
    return [
        {
            "codec": heard.codec,
            "calls": heard.calls,
            "asr": DASH if heard.asr is None else f"{heard.asr:.2f}",
            "poor": figure(heard.poor),
            "poor_within": within(heard.poor),
            "low": figure(heard.low),
            "low_within": within(heard.low),
            "not_scored": heard.not_scored,
        }
        for heard in heard_by_codec(rows)
    ]


def _quarantine(now: Period) -> dict[str, Any]:
    return {
        "reasons": Counter(call.reason for call in now.quarantined).most_common(),
        "rows": now.quarantined[:AWAY],
        "more": max(0, len(now.quarantined) - AWAY),
        "count": len(now.quarantined),
    }


def _methods(now: Period) -> list[tuple[str, str]]:
    """What the calls were judged with; more than one where the period mixes versions."""
    pairs: list[tuple[str, Iterable[str]]] = [
        ("provenance.program", now.versions("program")),
        ("provenance.rules_sha256", (digest[:DIGEST] for digest in now.versions("rules"))),
        ("provenance.config_sha256", (digest[:DIGEST] for digest in now.versions("config"))),
        (
            "provenance.models",
            (f"{name} {version}" for name, found in sorted(now.models.items()) for version in sorted(found)),
        ),
    ]
    return [(key, "\n".join(values)) for key, values in pairs]
