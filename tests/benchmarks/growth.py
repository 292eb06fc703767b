"""How cost grows: with the length of a call, with the number of calls, with workers."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from rich.table import Table

from tests.benchmarks.material import Take
from tests.benchmarks.measure import ENVIRONMENT, Bench, Run, SystemFailed, last_line
from tests.benchmarks.systems import MODES, Recorded

CALL_S = 30
"""Length of each call where their number grows."""
WORKERS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What one size cost: seconds of sound, of CPU, of wall and of CPU to load; bytes at the peak."""

    size: float
    seconds: float
    cpu: float
    wall: float
    load: float
    peak: int


def by_length(
    bench: Bench, system: str, sources: Sequence[Path], folder: Path, lengths_s: Sequence[int]
) -> list[Grown]:
    """One call of each length, put together from mixes; a process each."""
    grown = []
    for seconds in lengths_s:
        path = folder / f"long-{seconds}.wav"
        write_loop(path, sources, seconds)
        run = bench.run(system, [Recorded(name=path.stem, path=str(path), speakers=2)])
        grown.append(_grown(seconds, seconds, run))
    return grown


def by_number(
    bench: Bench, system: str, sources: Sequence[Path], folder: Path, numbers: Sequence[int]
) -> list[Grown]:
    """So many short calls one after another, in a process each."""
    calls = _short_calls(sources, folder, max(numbers))
    return [_grown(n, n * CALL_S, bench.run(system, calls[:n])) for n in numbers]


def _grown(size: float, seconds: float, run: Run) -> Grown:
    cpu, wall = (sum(s[i] for call in run.calls for s in call.spent.values()) for i in (0, 1))
    return Grown(size=size, seconds=seconds, cpu=cpu, wall=wall, load=run.load[0], peak=run.peak)


def write_loop(path: Path, sources: Sequence[Path], seconds: float, *, skip_s: float = 0) -> None:
    """A recording of exactly this length: the sources one after another, again and again."""
    import wave

    with wave.open(str(sources[0]), "rb") as first:
        form = first.getparams()
    left, skip = round(seconds * form.framerate), round(skip_s * form.framerate)
    with wave.open(str(path), "wb") as out:
        out.setparams(form)
        for source in cycle(sources):
            with wave.open(str(source), "rb") as read:
                if skip >= read.getnframes():
                    skip -= read.getnframes()
                    continue
                read.setpos(skip)
                skip = 0
                frames = read.readframes(min(left, read.getnframes()))
            out.writeframes(frames)
            left -= len(frames) // (form.sampwidth * form.nchannels)
            if left <= 0:
                return


def _short_calls(sources: Sequence[Path], folder: Path, number: int) -> list[Recorded]:
    calls = []
    for index in range(number):
        path = folder / f"short-{index}.wav"
        write_loop(path, sources, CALL_S, skip_s=index * CALL_S)
        calls.append(Recorded(name=path.stem, path=str(path), speakers=2))
    return calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A whole batch through the command line.

    Attributes:
        workers: how many calls at once.
        cpu: seconds of CPU of everything it started.
        wall: seconds.
        peak: resident bytes of its largest process.
        words: by call, a digest of its turns: roles, times and words.
    """

    workers: int
    cpu: float
    wall: float
    peak: int
    words: Mapping[str, str]


def by_workers(
    takes: Sequence[Take], folder: Path, *, mode: str, workers: Sequence[int] = WORKERS
) -> list[Batch]:
    """The same calls with one worker and with more, in the order given.

    Raises:
        SystemFailed: a batch ended with an error.
    """
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("call_id", "file"))
        for take in takes:
            link = folder / f"batch-{take.name}{take.path.suffix}"
            if not link.exists():
                link.write_bytes(take.path.read_bytes())
            rows.writerow((take.name, link.name))
    return [_batch(manifest, folder, mode, count) for count in workers]


def _batch(manifest: Path, folder: Path, mode: str, workers: int) -> Batch:
    config, out = folder / f"workers-{workers}.toml", folder / f"out-{workers}"
    config.write_text(_toml({"batch": {"workers": workers, "chunk_calls": 1}}, MODES[mode]), "utf-8")
    command = (sys.executable, "-m", "flows.cli", "run", manifest, "--out", out, "--config", config)
    begun = time.perf_counter()
    with (folder / "log.txt").open("w+", encoding="utf-8") as log:
        batch = subprocess.Popen(
            command,
            env=os.environ | ENVIRONMENT | {"PREFECT_HOME": str(folder / f"prefect-{workers}")},
            stdout=log,
            stderr=log,
        )
        # its own usage: that of all children would hold the largest of any earlier process
        _, status, usage = os.wait4(batch.pid, 0)
        batch.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read()
    if batch.returncode:
        raise SystemFailed(last_line(said))
    return Batch(
        workers=workers,
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.perf_counter() - begun,
        peak=usage.ru_maxrss * 1024,
        words=words_of(out / "calls"),
    )


def words_of(calls: Path) -> dict[str, str]:
    """Digests of who said what and when, call by call."""
    return {path.stem: _digest(json.loads(path.read_text("utf-8"))) for path in sorted(calls.glob("*.json"))}


def _digest(call: Mapping) -> str:
    said = [(turn["role"], turn["start"], turn["end"], turn["text"]) for turn in call["turns"]]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _toml(*overlays) -> str:
    sections: dict[str, dict] = {"asr": {"threads": 1}}
    for overlay in overlays:
        for section, values in overlay.items():
            sections[section] = sections.get(section, {}) | dict(values)
    return "\n".join(
        "\n".join((f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())))
        for name, values in sections.items()
    )


def growth_table(title: str, head: str, grown: Sequence[Grown]) -> Table:
    """Cost a second of sound and memory, and what they are of the smallest size."""
    table = Table(
        head, "CPU a second of sound", "wall", "load, s", "peak, MB", title=title, header_style="bold"
    )
    for one in grown:
        table.add_row(
            f"{one.size:g}",
            f"{one.cpu / one.seconds:.3f}",
            f"{one.wall / one.seconds:.3f}",
            f"{one.load:.1f}",
            f"{one.peak / 1e6:.0f}",
        )
    return table


def batch_table(batches: Sequence[Batch], calls: int, seconds: float) -> Table:
    """Workers side by side, and whether they heard the same."""
    table = Table(
        "workers", "CPU a second of sound, loading included", "wall, s", "peak, MB", "words",
        title=f"workers: {calls} calls, {seconds:.0f} s", header_style="bold",
    )  # fmt: skip
    for batch in batches:
        table.add_row(
            str(batch.workers),
            f"{batch.cpu / seconds:.3f}",
            f"{batch.wall:.0f}",
            f"{batch.peak / 1e6:.0f}",
            _sameness(batch.words, batches[0].words),
        )
    return table


def _sameness(words: Mapping[str, str], first: Mapping[str, str]) -> str:
    differing = sum(words.get(call) != digest for call, digest in first.items())
    return f"[red]differ in {differing} of {len(first)} calls[/]" if differing else "the same"


def slope(grown: Sequence[Grown]) -> float:
    """Exponent of cost in size between the two largest sizes: 1 is linear."""
    small, large = grown[-2:]
    return float(np.log(large.cpu / small.cpu) / np.log(large.size / small.size))
