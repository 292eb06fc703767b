"""How long the rules take over a call, how that grows, and what each rule costs.

Run with ``python -m tests.benchmarks.rules [TRANSCRIPTS]``; without transcripts the calls are drawn from
the examples of the rule packs, which hold more of what rules look for than calls do. Everything is CPU
time of one thread; rounds of what is compared take turns, so that other work on the machine falls on
all of it alike.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.detect.engine import detect
from pipeline.detect.proof import view_of
from pipeline.detect.rulebook import RuleBook, load_rulebook
from pipeline.detect.scan import Scanner
from pipeline.detect.view import CallView
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.transcripts import plan_transcripts
from pipeline.types import Call, Role, Transcript, Turn

Work = Callable[[], object]
TURNS = 25


def rounds(works: dict[str, Work], count: int) -> dict[str, list[float]]:
    """CPU milliseconds of each work, ``count`` times, taking turns."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(count):
        for name, work in works.items():
            begun = time.process_time()
            work()
            spent[name].append((time.process_time() - begun) * 1000)
    return spent


def spread(values: Sequence[float]) -> str:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


Line = tuple[Role, str]


def lines_of_packs(book: RuleBook) -> list[Line]:
    """Every example of the packs."""
    examples = [
        (rule.rule.says, example)
        for rule in book.rules
        for group in (rule.rule.examples.must_hit, rule.rule.examples.must_not_hit)
        for example in group
    ]
    return [(turn.role, turn.text) for says, example in examples for turn in view_of(says, example)[0].turns]


def lines_of_transcripts(path: Path) -> list[Line]:
    """Every turn of transcripts."""
    read = (found for found in plan_transcripts(path).read() if isinstance(found, tuple))
    return [(turn.role, turn.text) for _, transcript in read for turn in transcript.turns]


def call_of(lines: Sequence[Line], turns: int) -> tuple[Call, Transcript]:
    """A call with so many turns, drawn with a fixed seed."""
    said = random.Random(turns).choices(lines, k=turns)
    joined = tuple(
        Turn(index=i, role=role, role_confidence=1.0, text=text) for i, (role, text) in enumerate(said)
    )
    return Call(call_id="benchmark", metadata=CallMetadata()), Transcript(turns=joined)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("transcripts", type=Path, nargs="?", help="transcripts (call.json files) to judge")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    settings = load_settings()
    words = settings.detect.model_copy(update={"by_sound": False})
    book = load_rulebook(settings.path(settings.detect.rules), settings.path(settings.detect.norms))
    source = lines_of_transcripts(given.transcripts) if given.transcripts else lines_of_packs(book)
    if not source:
        sys.exit("no transcripts")
    console = Console()

    def judge(turns: int) -> Work:
        call, transcript = call_of(source, turns)
        return lambda: detect(call, transcript, book, words, settings.roles)

    lengths = rounds({str(n): judge(n) for n in (TURNS, 2 * TURNS, 4 * TURNS)}, given.rounds)
    table = Table("turns", "ms (quartiles)", f"ratio to {TURNS}", header_style="bold")
    base = lengths[str(TURNS)]
    for name, values in lengths.items():
        table.add_row(name, spread(values), spread([v / b for v, b in zip(values, base, strict=True)]))
    console.print(table)
    console.print(_searches(source, book, given.rounds))
    console.print(_cost_by_rule(source, book, given.rounds))


def _searches(source: Sequence[Line], book: RuleBook, count: int) -> Table:
    """One search for all patterns against a loop over them, with a quarter, half and all of them."""
    call, transcript = call_of(source, TURNS)
    # many hits share their exclusions: each pattern counts once
    patterns = list({p.expression: p for rule in book.rules for p in rule.searched}.values())
    texts = CallView.of(call, transcript).folded
    works: dict[str, Work] = {}
    for share in (4, 2, 1):
        some = patterns[::share]
        scanner = Scanner.of(some)
        works[f"one search, {len(some)} patterns"] = lambda s=scanner: s.candidates(dict(enumerate(texts)))
    works[f"loop, {len(patterns)} patterns"] = lambda: [p.spans(t, {}) for t in texts for p in patterns]
    spent = rounds(works, count)
    first = next(iter(spent.values()))
    table = Table("finding what may match", "ms (quartiles)", "ratio to the first", header_style="bold")
    for name, values in spent.items():
        table.add_row(name, spread(values), spread([v / f for v, f in zip(values, first, strict=True)]))
    return table


def _cost_by_rule(source: Sequence[Line], book: RuleBook, count: int) -> Table:
    call, transcript = call_of(source, TURNS)

    def find(number: int) -> Work:
        def work() -> object:
            view = CallView.of(call, transcript, scanner=book.scanner)
            return list(book.rules[number].find(view))

        return work

    empty = {"": lambda: CallView.of(call, transcript, scanner=book.scanner).lines}
    spent = rounds({**empty, **{str(n): find(n) for n in range(len(book.rules))}}, max(3, count // 3))
    search = statistics.median(spent.pop(""))
    costs = sorted(
        ((statistics.median(v) - search, book.rules[int(n)]) for n, v in spent.items()), key=lambda c: -c[0]
    )
    table = Table("rule", "kind", f"ms over {TURNS} turns", header_style="bold")
    for cost, rule in costs:
        table.add_row(rule.rule.rule, rule.kind, f"{max(cost, 0):.3f}")
    table.add_row("the common search", "", f"{search:.3f}")
    return table


if __name__ == "__main__":
    main()
