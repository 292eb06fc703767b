"""The figures of a dashboard: shares of calls and means of scores, each with its interval and its n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.intervals import mean, mean_difference, share, share_difference
from pipeline.report.dashboard.rows import COMPLAINT
from pipeline.report.routing import RISK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.intervals import Interval
    from pipeline.report.dashboard.rows import CallRow

    Rows = Sequence[CallRow]

BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of calls that is counted.

    Attributes:
        key: of its label.
        base: which calls are counted at all.
        holds: for which of them it holds.
        tag: what the list of calls is filtered by to see them; empty for nothing.
        judged: whether it depends on the rules that calls were judged by.
        worse: whether more of it is worse; ``None`` where that cannot be said.
    """

    key: str
    base: Callable[[CallRow], bool]
    holds: Callable[[CallRow], bool]
    tag: str = ""
    judged: bool = True
    worse: bool | None = True

    def count(self, rows: Iterable[CallRow]) -> tuple[int, int]:
        """For how many it holds, and of how many."""
        counted = [self.holds(row) for row in rows if self.base(row)]
        return sum(counted), len(counted)


def _scored(row: CallRow) -> bool:
    return row.scored


def _heard(row: CallRow) -> bool:
    return row.asr is not None


def _waiting(row: CallRow) -> bool:
    return "review" in row.tags


SHARES: Final = (
    Share(key="dash.red", base=_scored, holds=lambda r: r.red_line, tag="red"),
    Share(key="dash.red_review", base=_scored, holds=lambda r: "red_review" in r.tags, tag="red_review"),
    Share(key="dash.violated", base=_scored, holds=lambda r: "violated" in r.tags, tag="violated"),
    Share(
        key="dash.waiting",
        base=_scored,
        holds=_waiting,
        tag="review",
        worse=None,
    ),
    Share(key="dash.undecided", base=_scored, holds=lambda r: r.count("cannot_decide") > 0, worse=None),
    Share(key="dash.complaints", base=_scored, holds=lambda r: COMPLAINT in r.events, tag="complaint"),
    Share(key="dash.risks", base=_scored, holds=lambda r: RISK in r.events, tag="risk"),
    Share(key="dash.promises", base=_scored, holds=lambda r: r.promise is not None, worse=None),
    Share(
        key="dash.coerced",
        base=lambda r: r.promise is not None,
        holds=lambda r: r.promise is not None and r.promise.coerced,
    ),
)
"""Shares among the calls that were scored; the last one among promises."""

QUALITY: Final = (
    Share(key="dash.poor", base=_heard, holds=lambda r: bool(r.faults), tag="poor", judged=False),
    Share(key="dash.low_asr", base=_heard, holds=lambda r: "low_asr" in r.tags, tag="low_asr", judged=False),
    Share(key="dash.roles", base=_heard, holds=lambda r: not r.sure_roles, tag="roles", judged=False),
)
"""Shares among the calls that were heard, not those that came as texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure of this period, and of the previous one where the two can be compared.

    Attributes:
        key: of its label.
        now: the figure; ``None`` where there is too little to tell.
        hits: for how many calls it holds; ``None`` for a mean.
        before: the figure of the previous period; ``None`` where there is none or it cannot be compared.
        change: how far this period is from that one.
        tag: what the list of calls is filtered by to see them; empty for nothing.
        worse: whether more of it is worse; ``None`` where that cannot be said.
        percent: whether it is a share.
    """

    key: str
    now: Interval | None
    hits: int | None = None
    before: Interval | None = None
    change: Interval | None = None
    tag: str = ""
    worse: bool | None = None
    percent: bool = True

    @property
    def verdict(self) -> str:
        """``none`` without a comparison, ``same``, ``better``, ``worse``, or ``other`` for a mere change."""
        if self.change is None:
            return "none"
        if not self.change.excludes_zero:
            return "same"
        if self.worse is None:
            return "other"
        return "worse" if (self.change.value > 0) == self.worse else "better"


def share_measures(shares: Iterable[Share], rows: Rows, previous: Rows | None) -> list[Measure]:
    """Shares of this period beside those of the previous one."""
    made = []
    for one in shares:
        hits, n = one.count(rows)
        before, change = None, None
        if previous is not None:
            old_hits, old_n = one.count(previous)
            before, change = share(old_hits, old_n), share_difference(hits, n, old_hits, old_n)
        made.append(
            Measure(
                key=one.key,
                now=share(hits, n),
                hits=hits,
                before=before,
                change=change,
                tag=one.tag,
                worse=one.worse,
            )
        )
    return made


def score_measures(rows: Rows, previous: Rows | None) -> list[Measure]:
    """Means of both scores; distributions stand beside them, for a mean alone says little."""
    made = []
    for key, name in (("dash.mean_compliance", "compliance"), ("dash.mean_effectiveness", "effectiveness")):
        now, old = _scores(rows, name), None if previous is None else _scores(previous, name)
        made.append(
            Measure(
                key=key,
                now=mean(now),
                before=None if old is None else mean(old),
                change=None if old is None else mean_difference(now, old),
                worse=False,
                percent=False,
            )
        )
    return made


def _scores(rows: Rows, name: str) -> list[float]:
    return [value for row in rows if (value := getattr(row, name)) is not None]


def bins(values: Iterable[float | None]) -> list[int]:
    """How many lie in each of ten bins of ten points; 100 belongs to the last."""
    counts = [0] * BINS
    for value in values:
        if value is not None:
            counts[bin_of(value)] += 1
    return counts


def bin_of(value: float) -> int:
    """The bin of a score of 0 to 100."""
    return min(BINS - 1, int(value // 10))


def bin_name(number: int) -> str:
    """The scores of a bin, in words."""
    return f"{10 * number}–{10 * number + (10 if number == BINS - 1 else 9)}"
