"""How well and how fast this program hears, beside what others would run, in one go on one machine.

Systems take turns, each in a process of its own with one thread. Costs are CPU seconds a second of sound,
which other work on the machine disturbs little; accuracy is against exact references. Figures carry 95 %
bootstrap intervals over calls. Without options everything is measured on a choice of calls, in about three
quarters of an hour on two idle cores; --full takes all calls for all systems, for hours.
docs/benchmarks.md says what each figure means.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from flows.wiring import open_catalogue
from pipeline.settings import PROJECT_ROOT, load_settings
from tests.benchmarks import report, results
from tests.benchmarks.answers import Answers
from tests.benchmarks.material import gather
from tests.benchmarks.measure import Bench, SystemFailed, pythons
from tests.benchmarks.parts import PARTS, Job, Outcome
from tests.benchmarks.sizes import FULL, QUICK, STANDARD, Size
from tests.benchmarks.systems import DEFAULT_MODE, FASTER_BEAM, FASTER_GREEDY, MODES, SYSTEMS, Setup

SPEECH = PROJECT_ROOT.parent / "shared" / "data" / "speech"
CALLS = PROJECT_ROOT.parent / "shared" / "data" / "calls"
FEW_SYSTEMS = (*MODES, FASTER_GREEDY, FASTER_BEAM)
WIDTH = 220
"""Columns where the output is no terminal."""


def main() -> None:
    """Measure, print, keep."""
    given = _arguments().parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    size = _size(given)
    kept = results.Kept(path=given.json, repeats=size.rounds, mode=given.mode)
    try:
        earlier = results.read(given.compare) if given.compare else None
        kept.write()
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    failed = False
    with TemporaryDirectory() as scratch, console.status("") as status:

        def so_far(outcome: Outcome) -> None:
            kept.add("hear", outcome)

        def tell(doing: str) -> None:
            if console.is_terminal:
                status.update(escape(doing))
            else:
                console.print(f"{datetime.now():%H:%M:%S} {escape(doing)}", soft_wrap=True)

        tell("gathering what to listen to")
        job = _job(given, size, Path(scratch), console, so_far, tell)
        for part in given.parts or (("hear",) if given.words_only else PARTS):
            try:
                outcome = PARTS[part](job)
            except SystemFailed as error:  # the other parts are worth having
                failed = True
                console.print(f"[red]{part} failed:[/] {escape(str(error))}", soft_wrap=True)
                continue
            kept.add(part, outcome)
            for system, reason in (outcome.left_out or {}).items():
                console.print(f"[yellow]{system} left out:[/] {escape(reason)}", soft_wrap=True)
            for table in outcome.tables:
                console.print(table)
            if outcome.rows and earlier is not None:
                console.print(report.compared(outcome.rows, earlier, given.compare.name))
    sys.exit(int(failed))


def _size(given: argparse.Namespace) -> Size:
    size = QUICK if given.quick else FULL if given.full else STANDARD
    return replace(size, rounds=given.repeat or size.rounds)


def _job(
    given: argparse.Namespace,
    size: Size,
    folder: Path,
    console: Console,
    so_far: Callable[[Outcome], None],
    tell: Callable[[str], None],
) -> Job:
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
            answers=Answers(given.resume) if given.resume else None,
        ),
        takes=takes,
        systems=given.systems or (FEW_SYSTEMS if given.quick or given.words_only else tuple(SYSTEMS)),
        folder=folder,
        mode=given.mode,
        size=size,
        tell=tell,
        so_far=so_far,
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
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="one call of each kind, fewer systems: minutes")
    sizes.add_argument("--full", action="store_true", help="all systems on all calls, two rounds: hours")
    add("--parts", nargs="+", choices=tuple(PARTS), help="which parts (default: all; hear for words only)")
    add("--mode", choices=tuple(MODES), default=DEFAULT_MODE, help="of this program, where one is run")
    add("--words-only", action="store_true", help="do not tell speakers apart: for work on the words")
    add("--systems", nargs="+", choices=tuple(SYSTEMS), help="which systems")
    add("--only", metavar="KIND", default="", help="kinds of calls whose name holds this, such as 'mixes'")
    add("--repeat", type=int, help="rounds; costs are their mean (default 1, with --full 2)")
    add("--speech", type=Path, help="folder with single sentences, for mixes (aishell1_sample, …)")
    add("--calls", type=Path, help="folder with manifest.csv, recordings and ref/")
    add("--seed", type=int, default=1, help="of the mixes")
    add("--rounds", type=int, default=1, help="how often the sentences are mixed anew")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--whisperx-python", type=Path, help="python of an environment with WhisperX")
    add("--json", type=Path, help="keep counts and costs here")
    add("--compare", type=Path, help="a file that --json wrote earlier")
    add("--keep", type=Path, help="folder for what was heard, words included")
    add("--resume", type=Path, help="folder of answers: what is in it is not asked again; words included")
    return parser


if __name__ == "__main__":
    main()
