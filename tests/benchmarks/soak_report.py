"""What the soak found, as tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from tests.benchmarks.soak_night import STORED_S
from tests.benchmarks.soak_run import Passed

_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A night of one size, run twice.

    Attributes:
        sound_s: seconds of sound that were listened to.
        wrong: what is wrong with its account.
    """

    calls: int
    workers: int
    recordings: int
    sound_s: float
    bad: int
    first: Passed
    second: Passed
    wrong: list[str] = field(default_factory=list)

    @property
    def overhead(self) -> float:
        """CPU seconds of the night beyond the work."""
        return self.first.cpu - self.first.work

    @property
    def judging(self) -> float:
        """CPU seconds to judge a call."""
        return self.first.stages.get("judge", 0.0) / (self.calls - self.bad)

    @property
    def hearing(self) -> float | None:
        """CPU seconds to hear a second; ``None`` where nothing was listened to."""
        return self.first.stages.get("hear", 0.0) / self.sound_s if self.sound_s else None


def size_table(size: Size) -> Table:
    """The night as a whole, and run again."""
    first, second = size.first, size.second
    table = Table(
        "",
        "first run",
        "second run",
        title=f"{size.calls} calls, {size.workers} workers",
        header_style="bold",
    )
    rows: list[tuple[str, str, str]] = [
        ("wall, s", f"{first.wall:.1f}", f"{second.wall:.1f}"),
        ("calls an hour", f"{size.calls / first.wall * 3600:.0f}", ""),
        ("CPU, s", f"{first.cpu:.1f}", f"{second.cpu:.1f}"),
        ("  work: " + ", ".join(first.stages), ", ".join(f"{s:.1f}" for s in first.stages.values()), ""),
        ("  parent", f"{first.own:.1f}", f"{second.own:.1f}"),
        ("  beyond work", f"{size.overhead:.1f}", ""),
        ("peak of the parent, MB", f"{first.parent_peak / _MB:.0f}", f"{second.parent_peak / _MB:.0f}"),
        ("peak of a worker, MB", f"{first.lane_peak / _MB:.0f}", f"{second.lane_peak / _MB:.0f}"),
        ("calls", ", ".join(f"{n} {name}" for name, n in sorted(first.counts.items())), ""),
        ("account", "[red]does not hold[/]" if size.wrong else f"holds, {size.bad} bad calls set aside", ""),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def cost_table(size: Size, hear: float | None) -> Table:
    """Where the time goes that is no work, a call, and its share of the work on a call of three minutes."""
    rate = size.hearing if size.hearing is not None else hear
    work = size.judging + (rate or 0.0) * STORED_S
    table = Table("beyond work", "ms a call", "share of the work", header_style="bold")
    table.title = f"work on a call of {STORED_S:.0f} s: " + (
        f"{work:.2f} CPU s ({rate:.3f} a second, judging {size.judging:.2f})"
        if rate is not None
        else f"judging {size.judging:.2f} CPU s; hearing is not known"
    )
    first = size.first
    parts = dict(sorted(first.parts.items(), key=lambda part: -part[1]))
    parts["parent: imports, Prefect, threads"] = first.own - sum(parts.values())
    parts[f"workers: {len(first.starts)} started"] = sum(first.starts)
    parts["Prefect's server"] = first.server
    parts["workers: models, requests"] = first.lanes - first.work - sum(first.starts) - first.server
    parts["[bold]all[/]"] = size.overhead
    for name, seconds in parts.items():
        table.add_row(name, f"{1000 * seconds / size.calls:.2f}", _share(seconds / size.calls, work, rate))
    return table


def _share(seconds: float, work: float, rate: float | None) -> str:
    return "–" if rate is None else f"{seconds / work:.2%}"


def growth_table(sizes: Sequence[Size]) -> Table:
    """Cost and memory a call against the number of calls; an exponent of 1 is linear."""
    table = Table(
        "calls", "beyond work, ms a call", "of each further call", "parent, ms a call", "exponent",
        "second run, CPU s",
        "peak of the parent, MB", "of a worker, MB", title="growth", header_style="bold",
    )  # fmt: skip
    before: Size | None = None
    for size in sizes:
        table.add_row(
            str(size.calls),
            f"{1000 * size.overhead / size.calls:.1f}",
            "–" if before is None else f"{further(before, size):.1f}",
            f"{1000 * size.first.own / size.calls:.1f}",
            "–" if before is None else f"{exponent(before, size):.2f}",
            f"{size.second.cpu:.1f}",
            f"{size.first.parent_peak / _MB:.0f}",
            f"{size.first.lane_peak / _MB:.0f}",
        )
        before = size
    return table


def further(small: Size, large: Size) -> float:
    """Milliseconds of CPU beyond work that each call more costs: what starts once is not in it."""
    return 1000 * (large.overhead - small.overhead) / (large.calls - small.calls)


def exponent(small: Size, large: Size) -> float:
    """Of the parent's CPU time in the number of calls."""
    return math.log(large.first.own / small.first.own) / math.log(large.calls / small.calls)


def prefect_table(calls: int, rounds: Sequence[Mapping[str, float]]) -> Table:
    """The same night with the flow and with a bare pool of threads: medians, and the range of differences."""
    table = Table(
        f"{calls} calls", "with Prefect", "without", "difference (range)", "a call", header_style="bold"
    )
    for name, title, unit in (
        ("own", "CPU of the parent, s", 1.0),
        ("all", "CPU of all, s", 1.0),
        ("wall", "wall, s", 1.0),
        ("peak", "peak of the parent, MB", _MB),
    ):
        one, other = ([r[f"{side}_{name}"] / unit for r in rounds] for side in ("with", "without"))
        more = [a - b for a, b in zip(one, other, strict=True)]
        each = "" if name == "peak" else f"{1000 * statistics.median(more) / calls:.1f} ms"
        table.add_row(
            title,
            f"{statistics.median(one):.2f}",
            f"{statistics.median(other):.2f}",
            f"{statistics.median(more):.2f} ({min(more):.2f} to {max(more):.2f})",
            each,
        )
    return table
