"""How well and how fast this program hears, beside what others would run, in one go on one machine.

Systems take turns, each in a process of its own with one thread. Costs are CPU seconds a second of sound,
which other work on the machine disturbs little; accuracy is against exact references. Figures carry 95 %
bootstrap intervals over calls. docs/benchmarks.md says what each figure means.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from flows.wiring import open_catalogue
from pipeline.settings import PROJECT_ROOT, load_settings
from tests.benchmarks import report, results
from tests.benchmarks.material import few, gather
from tests.benchmarks.measure import Bench, pythons
from tests.benchmarks.parts import PARTS, Job
from tests.benchmarks.systems import DEFAULT_MODE, FASTER_BEAM, FASTER_GREEDY, MODES, SYSTEMS, Setup

SPEECH = PROJECT_ROOT.parent / "shared" / "data" / "speech"
CALLS = PROJECT_ROOT.parent / "shared" / "data" / "calls"
QUICK = (*MODES, FASTER_GREEDY, FASTER_BEAM)
WIDTH = 200
"""Columns where the output is no terminal."""


def main() -> None:
    """Measure, print, keep."""
    given = _arguments().parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    kept = results.Kept(path=given.json, repeats=given.repeat, mode=given.mode)
    try:
        earlier = results.read(given.compare) if given.compare else None
        kept.write()
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    with TemporaryDirectory() as scratch, console.status("") as status:
        status.update("gathering what to listen to")
        job = _job(given, Path(scratch), console, status.update)
        for part in given.parts:
            outcome = PARTS[part](job)
            kept.add(part, outcome)
            for system, reason in (outcome.left_out or {}).items():
                console.print(f"[yellow]{system} left out:[/] {escape(reason)}", soft_wrap=True)
            for table in outcome.tables:
                console.print(table)
            if outcome.rows and earlier is not None:
                console.print(report.compared(outcome.rows, earlier, given.compare.name))


def _job(given: argparse.Namespace, folder: Path, console: Console, tell: Callable[[str], None]) -> Job:
    speech = _folder(given.speech, SPEECH, "TINGHE_BENCH_SPEECH", console)
    calls = _folder(given.calls, CALLS, "TINGHE_BENCH_CALLS", console)
    takes = gather(folder, speech=speech, calls=calls, seed=given.seed, rounds=given.rounds)
    takes = tuple(take for take in takes if given.only in take.kind)
    if not takes:
        sys.exit(f"no calls of a kind with {given.only!r} in its name")
    return Job(
        bench=Bench(
            setup=setup(device=given.device, words_only=given.words_only),
            pythons=pythons(given.whisperx_python),
            keep=given.keep,
        ),
        takes=few(takes) if given.quick else takes,
        systems=given.systems or (QUICK if given.quick or given.words_only else tuple(SYSTEMS)),
        folder=folder,
        mode=given.mode,
        repeats=given.repeat,
        quick=given.quick,
        tell=tell,
    )


def setup(*, device: str = "cpu", words_only: bool = False) -> Setup:
    """The weights of the catalogue for all systems."""
    catalogue = open_catalogue(load_settings())
    return Setup(
        whisper=str(catalogue.ensure("whisper-base")),
        segmentation=str(catalogue.ensure("segmentation-3.0") / "pytorch_model.bin"),
        campplus=str(catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt"),
        device=device,
        words_only=words_only,
    )


def _folder(given: Path | None, usual: Path, variable: str, console: Console) -> Path | None:
    """A folder that is named, else the usual one; ``None``, and a line about it, where there is none."""
    named = given or (Path(os.environ[variable]) if os.environ.get(variable) else None)
    folder = named or usual
    if folder.is_dir():
        return folder
    if named:
        sys.exit(f"{folder}: no such folder")
    console.print(f"[yellow]left out:[/] {usual.name}: no folder given (--{usual.name} or {variable})")
    return None


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.speech",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="one call of each kind, fewer systems: a few minutes")
    add("--parts", nargs="+", choices=tuple(PARTS), default=["hear"], help="which parts (default: hear)")
    add("--mode", choices=tuple(MODES), default=DEFAULT_MODE, help="of this program, where one is run")
    add("--words-only", action="store_true", help="do not tell speakers apart: for work on the words")
    add("--systems", nargs="+", choices=tuple(SYSTEMS), help="which systems")
    add("--only", metavar="KIND", default="", help="kinds of calls whose name holds this, such as 'mixes'")
    add("--repeat", type=int, default=2, help="rounds; costs are their mean (default 2)")
    add("--speech", type=Path, help="folder with single sentences, for mixes (aishell1_sample, …)")
    add("--calls", type=Path, help="folder with manifest.csv, recordings and ref/")
    add("--seed", type=int, default=1, help="of the mixes")
    add("--rounds", type=int, default=1, help="how often the sentences are mixed anew")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--whisperx-python", type=Path, help="python of an environment with WhisperX")
    add("--json", type=Path, help="keep counts and costs here")
    add("--compare", type=Path, help="a file that --json wrote earlier")
    add("--keep", type=Path, help="folder for what was heard, words included")
    return parser


if __name__ == "__main__":
    main()
