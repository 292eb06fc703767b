"""What other rules would change: two sets of findings of the same calls, side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.types import Finding, FindingState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Change(StrEnum):
    """What becomes of a call; it fails where one of its findings is a violation."""

    NEWLY_FAILED = "newly_failed"
    NEWLY_PASSED = "newly_passed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A finding before and after; ``None`` where there is none."""

    before: Finding | None
    after: Finding | None

    @property
    def rule(self) -> str:
        """The rule of both."""
        found = self.after or self.before
        return found.rule if found else ""

    @property
    def same(self) -> bool:
        """Whether nothing changes that a reader of the call would have to know."""
        a, b = self.before, self.after
        return a is not None and b is not None and (a.state, a.severity) == (b.state, b.severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallComparison:
    """A call under old and new rules.

    Attributes:
        before, after: its findings.
        pairs: the findings that came, went, or have another state or severity, in order of time.
    """

    call_id: str
    change: Change
    before: tuple[Finding, ...]
    after: tuple[Finding, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleComparison:
    """How often a rule is raised: findings of any state, and violations among them."""

    rule: str
    before: int
    after: int
    violations_before: int
    violations_after: int


def compare_call(call_id: str, before: Sequence[Finding], after: Sequence[Finding]) -> CallComparison:
    """Compare the findings of one call; findings of a rule on one turn are the same finding."""
    old, new = _keyed(before), _keyed(after)
    keys = sorted({*old, *new}, key=lambda key: (key[1], key[0], *key[2:]))
    pairs = (Pair(before=old.get(key), after=new.get(key)) for key in keys)
    changed = tuple(pair for pair in pairs if not pair.same)
    return CallComparison(
        call_id=call_id,
        change=_change(_fails(before), _fails(after), bool(changed)),
        before=tuple(before),
        after=tuple(after),
        pairs=changed,
    )


def compare_rules(calls: Iterable[CallComparison]) -> tuple[RuleComparison, ...]:
    """Every rule that is raised before or after, by name."""
    found: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    violations: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for call in calls:
        for later, findings in ((False, call.before), (True, call.after)):
            found[later].update(f.rule for f in findings)
            violations[later].update(f.rule for f in findings if f.state is FindingState.VIOLATION)
    return tuple(
        RuleComparison(
            rule=rule,
            before=found[False][rule],
            after=found[True][rule],
            violations_before=violations[False][rule],
            violations_after=violations[True][rule],
        )
        for rule in sorted({*found[False], *found[True]})
    )


_Key = tuple[str, int, str, int]


def _keyed(findings: Iterable[Finding]) -> dict[_Key, Finding]:
    """Findings by rule, turn (-1: the call as a whole) and what is missing; twins are counted."""
    keyed: dict[_Key, Finding] = {}
    seen: Counter[tuple[str, int, str]] = Counter()
    for finding in findings:
        turn = finding.evidence.turn if finding.evidence else -1
        place = (finding.rule, turn, finding.missing or "")
        keyed[(*place, seen[place])] = finding
        seen[place] += 1
    return keyed


def _fails(findings: Iterable[Finding]) -> bool:
    return any(finding.state is FindingState.VIOLATION for finding in findings)


def _change(failed: bool, fails: bool, changed: bool) -> Change:
    if failed != fails:
        return Change.NEWLY_FAILED if fails else Change.NEWLY_PASSED
    return Change.CHANGED if changed else Change.UNCHANGED
