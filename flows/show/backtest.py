"""A backtest for people in a terminal, and for programs as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from pipeline.detect.compare import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.results.backtest import Backtest
    from pipeline.detect.compare import Pair, RuleComparison
    from pipeline.types import Finding

SHOWN_PAIRS = 100
"""Findings listed in the terminal; JSON has them all."""

_STYLE = {
    Change.NEWLY_FAILED: "red",
    Change.NEWLY_PASSED: "green",
    Change.CHANGED: "yellow",
    Change.UNCHANGED: "dim",
}


def backtest_tables(found: Backtest) -> Iterator[Table | str]:
    """Calls by what becomes of them, rules by how often they are raised, findings that came and went."""
    yield _calls(found)
    changed = [rule for rule in found.rules if _moves(rule, found)]
    if changed:
        yield _rules(changed, found.titles)
    pairs = [(call.call_id, pair) for call in found.calls for pair in call.pairs]
    if pairs:
        yield _pairs(pairs[:SHOWN_PAIRS], found.titles)
    if len(pairs) > SHOWN_PAIRS:
        yield f"… and {len(pairs) - SHOWN_PAIRS} more: --json lists them all"
    if found.not_scored:
        yield f"{found.not_scored} results hold nothing to judge (nobody reached, or in quarantine)."
    for broken in found.broken:
        yield f"[red]✗[/] {escape(broken.file)}: {escape(broken.problem)}"


def backtest_json(found: Backtest) -> dict[str, Any]:
    """The same as JSON types; ``turn`` is the index of the turn in the call."""
    return {
        "calls": _counts(found),
        "by_call": [
            {
                "call_id": call.call_id,
                "change": call.change.value,
                "findings": [_pair(pair) for pair in call.pairs],
            }
            for call in found.calls
            if call.pairs
        ],
        "rules": [
            {
                "rule": rule.rule,
                "title": found.titles.get(rule.rule, rule.rule),
                "before": rule.before,
                "after": rule.after,
                "violations_before": rule.violations_before,
                "violations_after": rule.violations_after,
            }
            for rule in found.rules
        ],
        "not_scored": found.not_scored,
        "broken": [{"file": b.file, "problem": b.problem} for b in found.broken],
    }


def _counts(found: Backtest) -> dict[str, int]:
    counts = Counter(call.change for call in found.calls)
    return {"judged": len(found.calls), **{change.value: counts[change] for change in Change}}


def _calls(found: Backtest) -> Table:
    table = Table(title=f"{len(found.calls)} calls", title_justify="left", header_style="bold")
    for column in ("", "calls", "which"):
        table.add_column(column)
    for change in Change:
        ids = [call.call_id for call in found.calls if call.change is change]
        listed = "" if change is Change.UNCHANGED else ", ".join(ids[:10]) + ("…" if len(ids) > 10 else "")
        name = change.value.replace("_", " ")
        table.add_row(f"[{_STYLE[change]}]{name}[/]", str(len(ids)), escape(listed))
    return table


def _moves(rule: RuleComparison, found: Backtest) -> bool:
    """Whether anything about a rule changes, on whichever call."""
    return any(pair.rule == rule.rule for call in found.calls for pair in call.pairs)


def _rules(rules: list[RuleComparison], titles: Mapping[str, str]) -> Table:
    table = Table(title="Rules whose findings change", title_justify="left", header_style="bold")
    for column in ("rule", "title", "findings before", "after", "violations before", "after"):
        table.add_column(column, justify="left" if column in ("rule", "title") else "right", overflow="fold")
    for rule in rules:
        counts = (rule.before, rule.after, rule.violations_before, rule.violations_after)
        table.add_row(rule.rule, escape(titles.get(rule.rule, rule.rule)), *map(str, counts))
    return table


def _pairs(pairs: list[tuple[str, Pair]], titles: Mapping[str, str]) -> Table:
    table = Table(title="Findings that came and went", title_justify="left", header_style="bold")
    for column in ("call", "turn", "rule", "before", "after", "words"):
        table.add_column(column, overflow="fold")
    for call_id, pair in pairs:
        shown = pair.after or pair.before
        at = shown.evidence if shown else None
        table.add_row(
            escape(call_id),
            str(at.turn) if at else "–",
            escape(titles.get(pair.rule, pair.rule)),
            _state(pair.before),
            _state(pair.after),
            escape(at.quote) if at else "the call as a whole",
        )
    return table


def _state(finding: Finding | None) -> str:
    return "–" if finding is None else f"{finding.state.value}, {finding.severity.value}"


def _pair(pair: Pair) -> dict[str, Any]:
    shown = pair.after or pair.before
    at = shown.evidence if shown else None
    return {
        "rule": pair.rule,
        "turn": at.turn if at else None,
        "quote": at.quote if at else None,
        "before": _found(pair.before),
        "after": _found(pair.after),
    }


def _found(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "state": finding.state.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence,
        "reason": finding.reason,
    }
