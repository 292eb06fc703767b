"""What became of every clause: in how many calls it was checked, hit, left open, not checked.

A clause counts for the calls on whose day it was in force. Each of them is counted once: it was checked (with
a hit or without), or it could not be decided, or it was not checked; the three add up. What could not be
checked never counts as clean: a call that was not scored, a check that could not run, a rule that is silent
for want of data (:mod:`pipeline.audit.needs`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.audit.needs import silent_without
from pipeline.audit.selection import day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from pipeline.detect.rulebook import CompiledRule, RuleBook

CONFIRMED: Final = "confirmed"
REJECTED: Final = "rejected"
_NEEDED_BY_ALL: Final = frozenset({"second_opinion", "both_parties"})
"""Checks whose failure touches every rule; any other touches the rules that ask for it by its name."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Calls, by what became of a clause in them.

    Attributes:
        calls: on whose day the clause was in force.
        hits: with a finding that rests on it: ``violations`` (at least one is sure) and ``open`` (all are
            for review).
        confirmed: calls with a finding that a person confirmed; ``rejected``: that a person rejected, and
            none was confirmed.
        cannot_decide: without a hit, and data are missing that a rule needs.
        not_checked: without a hit, and not scored, in quarantine, or a rule could not run in full or had
            no data.
    """

    calls: int = 0
    hits: int = 0
    violations: int = 0
    open: int = 0
    confirmed: int = 0
    rejected: int = 0
    cannot_decide: int = 0
    not_checked: int = 0

    @property
    def checked(self) -> int:
        """Calls in which every rule of the clause ran, or hit."""
        return self.calls - self.cannot_decide - self.not_checked


@dataclass
class ClauseSheet:
    """The sheet in the making, a call at a time.

    Attributes:
        book: the rules of today, which say what rests on which clause.
        not_checked: by reason, calls that were not checked in full.
    """

    book: RuleBook
    counts: dict[str, Counts] = field(default_factory=dict)
    not_checked: dict[str, int] = field(default_factory=dict)
    _resting: dict[date | None, dict[str, frozenset[str]]] = field(default_factory=dict)
    _asking: dict[str, frozenset[str]] = field(default_factory=dict)
    _silent: dict[frozenset[str], dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def add(self, content: Mapping[str, Any], reviewed: Mapping[str, str], supplied: frozenset[str]) -> None:
        """Count a call.

        Args:
            content: its JSON, in the published form.
            reviewed: what people said, by finding id: ``confirmed``, ``rejected`` or anything else.
            supplied: the kinds of data that the judgement had, see :class:`pipeline.types.History`.
        """
        scored, failed = content["status"] == "scored", self._failed(content)
        silent = self._silent_without(supplied) if scored else {}
        lacking = sorted({f"data.{name}" for fields in silent.values() for name in fields})
        for reason in (*failed, *lacking):
            self.not_checked[reason] = self.not_checked.get(reason, 0) + 1
        stopped = frozenset(silent).union(*map(self._touched, failed)) if scored else None
        by_clause: dict[str, list[Mapping[str, Any]]] = {}
        for finding in content["findings"]:
            for norm in finding["norms"]:
                by_clause.setdefault(norm, []).append(finding)
        resting = self._rules_by_clause(day_of(content))
        for clause in resting.keys() | by_clause.keys():
            counts = self.counts.setdefault(clause, Counts())
            rules = resting.get(clause, frozenset())
            incomplete = stopped is None or bool(rules & stopped)
            _count(counts, by_clause.get(clause, []), reviewed, incomplete=incomplete)

    def rows(self) -> Iterator[tuple[str, Counts]]:
        """The clauses in the order of the file of norms."""
        order = {norm.id: place for place, norm in enumerate(self.book.clauses.clauses)}
        for clause in sorted(self.counts, key=lambda name: (order.get(name, len(order)), name)):
            yield clause, self.counts[clause]

    def rules_of(self, clause: str) -> tuple[str, ...]:
        """The rules that rest on a clause, on any day that was counted."""
        found: set[str] = set()
        for resting in self._resting.values():
            found |= resting.get(clause, frozenset())
        return tuple(sorted(found))

    def _failed(self, content: Mapping[str, Any]) -> tuple[str, ...]:
        """Why not all was checked in a call; names of checks, or its status."""
        if content["status"] != "scored":
            return (f"{content['status']}.{content['status_reason']}",)
        return tuple(dict.fromkeys(one["check"] for one in content["not_checked"]))

    def _rules_by_clause(self, day: date | None) -> dict[str, frozenset[str]]:
        """Clause id -> the rules that rest on it on a day."""
        if day not in self._resting:
            found: dict[str, set[str]] = {}
            for compiled in self._violations():
                if compiled.in_effect(day):
                    for norm in self.book.clauses.on(compiled.rule.norms, day):
                        found.setdefault(norm, set()).add(compiled.rule.rule)
            self._resting[day] = {norm: frozenset(rules) for norm, rules in found.items()}
        return self._resting[day]

    def _silent_without(self, supplied: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """The rules that these data silence, with what they lack."""
        if supplied not in self._silent:
            rules = (compiled.rule for compiled in self._violations())
            self._silent[supplied] = silent_without(rules, supplied)
        return self._silent[supplied]

    def _touched(self, check: str) -> frozenset[str]:
        """The rules that a check which could not run is part of."""
        if check not in self._asking:
            everything = frozenset(compiled.rule.rule for compiled in self._violations())
            asking = frozenset(
                c.rule.rule for c in self._violations() if _asks_for(c.rule.model_dump(), check)
            )
            self._asking[check] = everything if check in _NEEDED_BY_ALL or not asking else asking
        return self._asking[check]

    def _violations(self) -> tuple[CompiledRule, ...]:
        return self.book.of_kind("violation")


def _count(
    counts: Counts, findings: list[Mapping[str, Any]], reviewed: Mapping[str, str], *, incomplete: bool
) -> None:
    states = {finding["state"] for finding in findings}
    said = {reviewed.get(finding["id"], "") for finding in findings if finding["state"] != "cannot_decide"}
    counts.calls += 1
    if states & {"violation", "needs_review"}:
        counts.hits += 1
        counts.violations += "violation" in states
        counts.open += "violation" not in states
        counts.confirmed += CONFIRMED in said
        counts.rejected += REJECTED in said and CONFIRMED not in said
    elif incomplete:
        counts.not_checked += 1
    elif "cannot_decide" in states:
        counts.cannot_decide += 1


def _asks_for(value: Any, name: str) -> bool:
    """Whether a rule has a condition of a name anywhere."""
    if isinstance(value, dict):
        return any((key == name and inner) or _asks_for(inner, name) for key, inner in value.items())
    return isinstance(value, list | tuple) and any(_asks_for(inner, name) for inner in value)
