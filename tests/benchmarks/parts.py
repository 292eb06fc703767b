"""The parts of the benchmark: each runs, and gives tables to print and content to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.benchmarks import agreement, growth, nonspeech, report
from tests.benchmarks.material import Take, of_the_demo
from tests.benchmarks.measure import Bench, Run, SystemFailed, recorded
from tests.benchmarks.scores import Row, rows_of
from tests.benchmarks.sizes import Size
from tests.benchmarks.systems import RECIPES

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every part is given.

    Attributes:
        takes: what there is to listen to.
        systems: names of what is measured.
        folder: for files made on the way.
        mode: this program's mode where only one is run.
        size: how much of everything.
        tell: is told what is being done.
        so_far: is given what a long part has, now and then.
    """

    bench: Bench
    takes: Sequence[Take]
    systems: Sequence[str]
    folder: Path
    mode: str
    size: Size
    tell: Tell
    so_far: Callable[[Outcome], None] = lambda outcome: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a part gave.

    Attributes:
        tables: to print.
        content: to keep, by the part's name.
        rows, runs: of the part that listens to calls.
        left_out: systems that could not run, with the reason.
    """

    tables: Sequence[Table]
    content: Any = None
    rows: Sequence[Row] = ()
    runs: Sequence[Run] = ()
    left_out: Mapping[str, str] | None = None


def hear(job: Job) -> Outcome:
    """All systems on all calls: words, speakers, costs."""

    def keep(runs: Sequence[Run]) -> None:
        job.so_far(Outcome(tables=(), rows=rows_of(runs, job.takes), runs=runs))

    turns = job.size.turns(job.systems, job.takes)
    runs, left_out = job.bench.take_turns(turns, job.tell, keep)
    rows = rows_of(runs, job.takes)
    tables = (
        *report.accuracy(rows),
        *report.speakers(rows),
        report.stages(rows, runs),
        report.against(rows),
    )
    tables = [table for table in tables if table.row_count]
    return Outcome(tables=tables, rows=rows, runs=runs, left_out=left_out)


def sounds(job: Job) -> Outcome:
    """What systems write where nobody speaks."""
    made = nonspeech.write_sounds(job.folder)
    written: dict[str, dict[str, tuple[int, int]]] = {sound.name: {} for sound in made}
    left_out = {}
    systems = [system for system in job.systems if system not in RECIPES.values()]
    for system in systems:
        job.tell(f"{system}: sounds without speech")
        try:
            run = job.bench.run(system, job.size.silent(system, made))
        except SystemFailed as error:
            left_out[system] = str(error)
            continue
        for call in run.calls:
            written[call.name][system] = nonspeech.characters(call.heard.text)
    ran = [system for system in systems if system not in left_out]
    return Outcome(tables=[nonspeech.table(written, ran)], content=written, left_out=left_out)


def engines(job: Job) -> Outcome:
    """Both engines of this program on the calls of the demo."""
    takes = _of_the_demo(job.size)
    heard = {}
    for engine, settings in agreement.ENGINES.items():
        job.tell(f"{job.mode} with {engine}")
        setup = replace(job.bench.setup, settings=settings)
        run = job.bench.run(job.mode, [recorded(take) for take in takes], setup)
        heard[engine] = [call.heard for call in run.calls]
    base, *others = heard
    found = {engine: agreement.agreement(heard[base], heard[engine]) for engine in others}
    content = {engine: asdict(one) for engine, one in found.items()}
    return Outcome(tables=[agreement.table(found, base)], content=content)


def growing(job: Job) -> Outcome:
    """Cost against length, number of calls and workers."""
    mixes = [take.path for take in job.takes if take.manifest is None]
    tables, content = [], {}
    if mixes:
        job.tell(f"{job.mode}: calls of growing length")
        by_length = growth.by_length(job.bench, job.mode, mixes, job.folder, job.size.lengths_s)
        title = f"{job.mode}: cost by length, exponent {growth.slope(by_length):.2f} between the last two"
        tables.append(growth.growth_table(title, "length, s", by_length))
        job.tell(f"{job.mode}: more and more calls")
        by_number = growth.by_number(job.bench, job.mode, mixes, job.folder, job.size.numbers)
        title = f"{job.mode}: cost by number of calls of {growth.CALL_S} s in one process"
        tables.append(growth.growth_table(title, "calls", by_number))
        content |= {"length": list(map(asdict, by_length)), "number": list(map(asdict, by_number))}
    job.tell(f"{job.mode}: one worker and two")
    some = _of_the_demo(job.size)
    batches = growth.by_workers(some, job.folder, mode=job.mode)
    tables.append(growth.batch_table(batches, len(some), sum(take.seconds for take in some)))
    return Outcome(tables=tables, content=content | {"workers": list(map(asdict, batches))})


def _of_the_demo(size: Size) -> list[Take]:
    return sorted(of_the_demo(), key=lambda take: take.seconds)[: size.demo]


PARTS: dict[str, Callable[[Job], Outcome]] = {
    "hear": hear,
    "sounds": sounds,
    "engines": engines,
    "growth": growing,
}
