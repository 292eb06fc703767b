"""A period: the calls of one or more results folders, and whether another one can be compared with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pipeline.report.quarantine import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.report.dashboard.rows import CallRow
    from pipeline.types import Quarantined

FEW_CALLS: Final = 20
"""Fewer calls of an agent or a group should not be compared (section 7.2 of the norm research)."""
OTHER_MIX: Final = 0.2
"""Share of calls that would have to change sides before two periods had the same mix; above, a figure may
have changed because others were called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Calls that a dashboard is about.

    Attributes:
        rows: those that were judged, the gravest first.
        quarantined: those that could not be, in the order of reports.
        name: what people call it; empty for the days it covers.
        twice: calls that were found in several folders and are counted once.
    """

    rows: Sequence[CallRow]
    quarantined: Sequence[Quarantined] = ()
    name: str = ""
    twice: int = 0

    @property
    def planned(self) -> int:
        """How many calls there were."""
        return len(self.rows) + len(self.quarantined)

    @property
    def days(self) -> list[str]:
        """ISO dates on which calls began, in order."""
        return sorted({row.day for row in self.rows if row.day})

    @property
    def span(self) -> str:
        """First and last day; empty where no call says when it was."""
        days = self.days
        return "" if not days else days[0] if len(days) == 1 else f"{days[0]} – {days[-1]}"

    def versions(self, kind: str) -> tuple[str, ...]:
        """Versions of a kind (``rules``, ``config``, ``program``) among the scored calls."""
        return tuple(sorted({getattr(row.versions, kind) for row in self.rows if row.scored}))

    @property
    def models(self) -> dict[str, set[str]]:
        """Versions of each model among the scored calls; a call uses only those that it needs."""
        found: dict[str, set[str]] = {}
        for name, version in {pair for row in self.rows if row.scored for pair in row.versions.models}:
            found.setdefault(name, set()).add(version)
        return found


def period(rows: Iterable[CallRow], quarantined: Iterable[Quarantined] = (), *, name: str = "") -> Period:
    """The period of these calls; one that was judged in several folders counts once, as it was judged last.

    A call is the same when its id and its recording are; a call that was set aside in one folder and judged
    in another is judged.
    """
    kept: dict[tuple[str, str], CallRow] = {}
    given = 0
    for row in rows:
        given += 1
        kept[row.call_id, row.recording] = row
    judged = {row.call_id for row in kept.values()}
    away = [call for call in quarantined if call.call_id not in judged]
    # A manifest's line is named by its number, which the lines of other days have too.
    lines = [call for call in away if call.reason == "manifest_row"]
    unique = {call.call_id: call for call in away if call.reason != "manifest_row"}
    return Period(
        rows=sorted(kept.values(), key=lambda row: (*row.gravity, row.recording)),
        quarantined=in_order((*unique.values(), *lines)),
        name=name,
        twice=given - len(kept),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two periods stand to each other.

    Attributes:
        before: the previous one; ``None`` where there is none.
        differs: what is not the same: ``rules``, ``config``, ``models``, ``program``.
        mixes: fields (``lender``, ``agency``) of which the two have another mix.
        few: whether either has too few scored calls.
    """

    before: Period | None
    differs: tuple[str, ...] = ()
    mixes: tuple[str, ...] = ()
    few: bool = False

    @property
    def judged_alike(self) -> bool:
        """Whether findings and scores can be compared: only what was heard and judged alike can."""
        return self.before is not None and not {"rules", "config", "models"} & set(self.differs)

    @property
    def judged(self) -> Sequence[CallRow] | None:
        """The previous calls, for what rules decide; ``None`` where that cannot be compared."""
        return self.before.rows if self.before and self.judged_alike else None

    @property
    def heard(self) -> Sequence[CallRow] | None:
        """The previous calls, for what does not depend on rules; ``None`` where other models heard them."""
        return self.before.rows if self.before and "models" not in self.differs else None


def compare(now: Period, before: Period | None) -> Comparison:
    """What has to be said of a comparison before its figures."""
    if before is None or not any(row.scored for row in before.rows):
        return Comparison(before=None)
    return Comparison(
        before=before,
        differs=_differs(now, before),
        mixes=tuple(
            name
            for name in ("lender", "agency")
            if _moved(now.rows, before.rows, attrgetter(name)) > OTHER_MIX
        ),
        few=min(sum(row.scored for row in p.rows) for p in (now, before)) < FEW_CALLS,
    )


def _differs(now: Period, before: Period) -> tuple[str, ...]:
    ours, theirs = now.models, before.models
    differs = {kind: now.versions(kind) != before.versions(kind) for kind in ("rules", "config")}
    # A model that only one of them needed says nothing.
    differs["models"] = any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys())
    differs["program"] = now.versions("program") != before.versions("program")
    return tuple(kind for kind, it_does in differs.items() if it_does)


def _moved(rows: Sequence[CallRow], others: Sequence[CallRow], of: Callable[[CallRow], str]) -> float:
    """Total variation distance of the two mixes, 0 to 1."""
    if not rows or not others:
        return 0.0
    now, before = Counter(map(of, rows)), Counter(map(of, others))
    return sum(abs(now[k] / len(rows) - before[k] / len(others)) for k in {*now, *before}) / 2
