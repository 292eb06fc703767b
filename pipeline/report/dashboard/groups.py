"""Calls by rule, team, agent, lender, hour and day: how often something is wrong there, and how sure that is.

A group is never a rank: groups stand in the order of their names, and those with few calls say so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from pipeline.intervals import share, share_difference
from pipeline.report.dashboard.period import FEW_CALLS
from pipeline.report.dashboard.rows import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.intervals import Interval
    from pipeline.report.dashboard.rows import CallRow

GROUPS: Final = ("agency", "agent", "lender", "hour", "day")
"""Fields by which calls are grouped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Calls that have something in common.

    Attributes:
        name: what; empty for calls that do not say.
        calls: how many there are.
        scored: how many of them were scored.
        red: share of the scored ones that crossed a red line.
        violated: share of the scored ones with a confirmed violation.
        waiting: how many have findings that wait for review.
        compliance: median score.
        effectiveness: median score.
        before: the share with a violation in the previous period.
        change: how far ``violated`` is from that.
    """

    name: str
    calls: int
    scored: int
    red: Interval | None
    violated: Interval | None
    waiting: int
    compliance: float | None
    effectiveness: float | None
    before: Interval | None = None
    change: Interval | None = None

    @property
    def few(self) -> bool:
        """Whether there are too few calls to compare it."""
        return self.scored < FEW_CALLS


def groups_by(field: str, rows: Iterable[CallRow], previous: Iterable[CallRow] | None = None) -> list[Group]:
    """Groups of calls in the order of their names, those without a name last.

    Args:
        field: one of :data:`GROUPS`.
        rows: calls of this period.
        previous: those of the previous one, where the two can be compared.
    """
    now, old = _grouped(rows, field), _grouped(previous or (), field)
    return [_group(name, now[name], old.get(name, ())) for name in sorted(now, key=lambda n: (not n, n))]


def name_of(row: CallRow, field: str) -> str:
    """What a call's group is called; an hour has two digits."""
    if field == "hour":
        return "" if row.hour is None else f"{row.hour:02}"
    return str(getattr(row, field))


def _grouped(rows: Iterable[CallRow], field: str) -> dict[str, list[CallRow]]:
    found: defaultdict[str, list[CallRow]] = defaultdict(list)
    for row in rows:
        found[name_of(row, field)].append(row)
    return found


def _group(name: str, rows: Sequence[CallRow], previous: Sequence[CallRow]) -> Group:
    scored, old = [r for r in rows if r.scored], [r for r in previous if r.scored]
    bad, old_bad = _violated(scored), _violated(old)
    return Group(
        name=name,
        calls=len(rows),
        scored=len(scored),
        red=share(sum(r.red_line for r in scored), len(scored)),
        violated=share(bad, len(scored)),
        waiting=sum(r.count("needs_review") > 0 for r in scored),
        compliance=_median(scored, lambda r: r.compliance),
        effectiveness=_median(scored, lambda r: r.effectiveness),
        before=share(old_bad, len(old)),
        change=share_difference(bad, len(scored), old_bad, len(old)),
    )


def _violated(rows: Iterable[CallRow]) -> int:
    return sum(r.count("violation") > 0 for r in rows)


def _median(rows: Iterable[CallRow], of: Callable[[CallRow], float | None]) -> float | None:
    known = [value for row in rows if (value := of(row)) is not None]
    return median(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """In how many scored calls a rule was found broken.

    Attributes:
        rule: its name.
        severity: the gravest that it was found with.
        violated: calls with a confirmed violation.
        waiting: other calls where it waits for review.
        undecided: other calls where it cannot be decided.
        share: of the scored calls, those with a violation.
        before: that share in the previous period, where the two can be compared.
        change: how far this one is from it.
    """

    rule: str
    severity: str
    violated: int
    waiting: int
    undecided: int
    share: Interval | None
    before: Interval | None = None
    change: Interval | None = None


def rule_counts(rows: Iterable[CallRow], previous: Iterable[CallRow] | None = None) -> list[RuleCount]:
    """Rules with findings: red lines first, then by calls that break them; also those only found before."""
    scored = [row for row in rows if row.scored]
    old = None if previous is None else [row for row in previous if row.scored]
    now, before = _counted(scored), _counted(old or ())
    gravest: dict[str, int] = {}
    for row in (*scored, *(old or ())):
        for found in row.findings:
            place = SEVERITIES.index(found.severity)
            gravest[found.rule] = min(place, gravest.get(found.rule, place))
    nothing = (0, 0, 0)
    made = []
    for rule, place in gravest.items():
        violated, waiting, undecided = now.get(rule, nothing)
        old_violated = before.get(rule, nothing)[0]
        if not any((violated, waiting, undecided, old_violated)):
            continue
        made.append(
            RuleCount(
                rule=rule,
                severity=SEVERITIES[place],
                violated=violated,
                waiting=waiting,
                undecided=undecided,
                share=share(violated, len(scored)),
                before=None if old is None else share(old_violated, len(old)),
                change=None
                if old is None
                else share_difference(violated, len(scored), old_violated, len(old)),
            )
        )
    return sorted(
        made, key=lambda r: (r.severity != "critical", -r.violated, -r.waiting, -r.undecided, r.rule)
    )


def _counted(rows: Iterable[CallRow]) -> dict[str, tuple[int, int, int]]:
    """By rule, the calls in which its gravest state is a violation, waits, or cannot be decided."""
    found: dict[str, tuple[int, int, int]] = {}
    for row in rows:
        seen: set[str] = set()
        for place, state in enumerate(("violation", "needs_review", "cannot_decide")):
            for rule in row.rules(state) - seen:
                counts = list(found.get(rule, (0, 0, 0)))
                counts[place] += 1
                found[rule] = (counts[0], counts[1], counts[2])
                seen.add(rule)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How well recordings of a kind were heard.

    Attributes:
        codec: codec and sample rate.
        calls: how many.
        asr: median of the calls' mean confidence, 0 to 1; ``None`` where nothing was heard.
        poor: share of poor recordings.
        low: share of doubtful transcripts.
        not_scored: how many were not scored.
    """

    codec: str
    calls: int
    asr: float | None
    poor: Interval | None
    low: Interval | None
    not_scored: int


def heard_by_codec(rows: Iterable[CallRow]) -> list[Heard]:
    """Recordings by codec, the most frequent first; calls that came as texts are left out."""
    found: defaultdict[str, list[CallRow]] = defaultdict(list)
    for row in rows:
        if row.codec:
            found[row.codec].append(row)
    return [
        Heard(
            codec=codec,
            calls=len(mine),
            asr=_median(mine, lambda r: r.asr),
            poor=share(sum(bool(r.faults) for r in mine), len(mine)),
            low=share(sum("low_asr" in r.tags for r in mine), sum(r.asr is not None for r in mine)),
            not_scored=sum(not r.scored for r in mine),
        )
        for codec, mine in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
