"""Figures of rows as tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from numpy.typing import NDArray
from rich.table import Table

from tests.benchmarks.clock import SPEAKERS, STAGES
from tests.benchmarks.material import KINDS
from tests.benchmarks.measure import Run
from tests.benchmarks.metrics import Estimate, difference, over_calls, rate, ratio
from tests.benchmarks.scores import COLLARS, Row
from tests.benchmarks.systems import (
    FASTER_BEAM,
    FASTER_GREEDY,
    MODES,
    PLAIN,
    PLAIN_CUT,
    PYANNOTE,
    PYANNOTE_CUT,
)

WORD_FIGURES = {
    "CER": "CER",
    "cpCER": "cpCER",
    "role CER": "role CER",
    "roles exchanged": "roles exchanged",
    "cpu words": "CPU, words",
    "cpu": "CPU, all",
    "wall": "wall, all",
}
"""Heads by figure."""
SPEAKER_PARTS = ("DER", "missed", "false alarm", "confusion")
SPEAKER_FIGURES = {
    f"{part}, collar {collar:g}": f"{part} {collar:g}" for collar in COLLARS for part in SPEAKER_PARTS
}
SCORINGS = {
    "turns, ": "finished turns, against whole turns",
    "speech, ": "finished turns without pauses (RTTM), against turns without their pauses",
    "": "the diarizer alone, against whole turns",
    "spoken, ": "the diarizer alone, against turns without their pauses",
}
"""Titles by prefix of the figures."""

Figure = Callable[[NDArray], NDArray]
NOTHING = "–"
"""Where there is no figure."""

AGAINST: tuple[tuple[str, str, str, Figure], ...] = (
    ("tinghe fast", FASTER_GREEDY, "CER", difference),
    ("tinghe fast", FASTER_GREEDY, "cpu words", ratio),
    ("tinghe accurate", FASTER_BEAM, "CER", difference),
    ("tinghe accurate", FASTER_BEAM, "cpu words", ratio),
    *((mode, recipe, "cpu", ratio) for recipe in (PLAIN, PLAIN_CUT) for mode in MODES),
    *((mode, recipe, "cpCER", difference) for recipe in (PLAIN, PLAIN_CUT) for mode in MODES),
    *(
        ("tinghe accurate", pyannote, f"{scoring}DER, collar {collar:g}", difference)
        for pyannote in (PYANNOTE, PYANNOTE_CUT)
        for scoring in SCORINGS
        for collar in COLLARS
    ),
    *(("tinghe accurate", pyannote, f"cpu {SPEAKERS}", ratio) for pyannote in (PYANNOTE, PYANNOTE_CUT)),
)
"""Which system is held against which, in what, and how."""


def estimate(rows: Iterable[Row], figure: str) -> Estimate | None:
    """A figure over calls; ``None`` where no call has it."""
    counts = [row.get(figure) for row in rows]
    known = [c for c in counts if c is not None and c[1] > 0]
    return over_calls(known, rate) if known else None


def paired(ours: Iterable[Row], theirs: Iterable[Row], figure: str, how: Figure) -> Estimate | None:
    """One system against another on the calls that both heard."""
    other = {row.take: row.get(figure) for row in theirs}
    pairs = [(row.get(figure), other.get(row.take)) for row in ours]
    known = [(*a, *b) for a, b in pairs if a is not None and b is not None and a[1] > 0 and b[1] > 0]
    return over_calls(known, how) if known else None


def accuracy(rows: Sequence[Row]) -> Iterable[Table]:
    """A table a kind of calls: words and their cost."""
    for kind, group in _by_kind(rows):
        yield _table(kind, group, WORD_FIGURES)


def speakers(rows: Sequence[Row]) -> Iterable[Table]:
    """Who speaks when, as the diarizer and as the finished turns have it."""
    for kind, group in _by_kind(rows):
        for prefix, title in SCORINGS.items():
            figures = {prefix + figure: head for figure, head in SPEAKER_FIGURES.items()}
            some = {s: g for s, g in group.items() if any(r.get(name) for r in g for name in figures)}
            if some:
                yield _table(f"{kind}: {title} (share of speech, at collar 0 and 0.25)", some, figures)


def stages(rows: Sequence[Row], runs: Sequence[Run]) -> Table:
    """CPU and wall milliseconds a second of sound by stage, and memory."""
    table = Table(
        "system", *STAGES, "all", "load, s", "loaded, MB", "peak, MB",
        title="CPU milliseconds a second of sound (wall)", header_style="bold",
    )  # fmt: skip
    for system, group in _by_system(rows).items():
        own = [run for run in runs if run.system == system]
        costs = (_milliseconds(group, stage) for stage in (*STAGES, ""))
        table.add_row(
            system,
            *costs,
            _most((run.load[0] for run in own), "{:.1f}"),
            _most((run.loaded / 1e6 for run in own), "{:.0f}"),
            _most((run.peak / 1e6 for run in own), "{:.0f}"),
        )
    return table


def _milliseconds(rows: Sequence[Row], stage: str) -> str:
    cpu, wall = (estimate(rows, f"{kind} {stage}".strip()) for kind in ("cpu", "wall"))
    return f"{cpu.value * 1000:.1f} ({wall.value * 1000:.1f})" if cpu and wall else "–"


def _most(values: Iterable[float], form: str) -> str:
    known = list(values)
    return form.format(max(known)) if known else "–"


def against(rows: Sequence[Row]) -> Table:
    """This program held against others, call by call."""
    table = Table("", *KINDS, "mixes together", title="held against (95 % interval)", header_style="bold")
    systems = _by_system(rows)
    for ours, theirs, figure, how in AGAINST:
        if ours not in systems or theirs not in systems:
            continue
        sign = "−" if how is difference else "÷"
        cells = []
        for kinds in (*((kind,) for kind in KINDS), KINDS[:2]):
            a, b = ([r for r in systems[s] if r.kind in kinds] for s in (ours, theirs))
            cells.append(shown(paired(a, b, figure, how), signed=how is difference))
        if set(cells) != {NOTHING}:
            table.add_row(f"{figure}: {ours} {sign} {theirs}", *cells)
    return table


def shown(figure: Estimate | None, *, signed: bool = False) -> str:
    """A figure with its interval; without where there is one call."""
    if figure is None or math.isnan(figure.value):
        return NOTHING
    sign = "+" if signed else ""
    if figure.low == figure.high:
        return f"{figure.value:{sign}.3f}"
    return f"{figure.value:{sign}.3f} ({figure.low:{sign}.3f}–{figure.high:{sign}.3f})".replace("–-", " to -")


def _table(title: str, group: Mapping[str, Sequence[Row]], figures: Mapping[str, str]) -> Table:
    """A row a system; how many calls it heard, as figures of other calls are no comparison."""
    table = Table("system", "calls (s)", *figures.values(), title=title, header_style="bold")
    for system, rows in group.items():
        heard = f"{len(rows)} ({sum(row.seconds for row in rows):.0f})"
        table.add_row(system, heard, *(shown(estimate(rows, figure)) for figure in figures))
    return table


def _by_system(rows: Iterable[Row]) -> dict[str, list[Row]]:
    systems: dict[str, list[Row]] = {}
    for row in rows:
        systems.setdefault(row.system, []).append(row)
    return systems


def _by_kind(rows: Sequence[Row]) -> Iterable[tuple[str, dict[str, list[Row]]]]:
    for kind in KINDS:
        group = _by_system(row for row in rows if row.kind == kind)
        if group:
            yield kind, group


def compared(rows: Sequence[Row], earlier: Sequence[Row], name: str) -> Table:
    """Every system against itself in an earlier run, on the takes that both heard."""
    table = Table(
        "system", "CER", "cpCER", "role CER", "DER, collar 0", "CPU (ratio)", "CPU of words (ratio)",
        title=f"now against {name}: differences and ratios", header_style="bold",
    )  # fmt: skip
    before = _by_system(earlier)
    for system, now in _by_system(rows).items():
        then = before.get(system, [])
        table.add_row(
            system,
            *(
                shown(paired(now, then, figure, difference), signed=True)
                for figure in ("CER", "cpCER", "role CER", "DER, collar 0")
            ),
            *(shown(paired(now, then, figure, ratio)) for figure in ("cpu", "cpu words")),
        )
    return table
