"""What a call costs beyond transcription, by part: CPU time of one thread.

Run with ``python -m tests.benchmarks.judging TRANSCRIPTS``. Parts take turns, so that other work on the
machine falls on all of them alike; times are scaled to calls of 25 turns.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.wiring import load_mind
from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.second import consult
from pipeline.outcome.promise import find_promise
from pipeline.score import score
from pipeline.settings import DetectSettings, load_settings
from pipeline.stages import judge
from pipeline.tone import judge_tones
from pipeline.transcripts import plan_transcripts
from tests.benchmarks.rules import TURNS, Work, rounds, spread


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("transcripts", type=Path, help="transcripts (call.json files) to judge")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    settings = load_settings()
    mind = load_mind(settings)
    calls = [found for found in plan_transcripts(given.transcripts).read() if isinstance(found, tuple)]
    opinions = [consult(call, said, mind.opinion) if mind.opinion else {} for call, said in calls]
    reports = [judge(call, said, mind, settings) for call, said in calls]
    by_words = settings.detect.model_copy(update={"by_sound": False})

    def rules(how: DetectSettings) -> Work:
        return lambda: [
            detect(call, said, mind.book, how, settings.roles, facts=Facts(opinions=o), policy=mind.policy)
            for (call, said), o in zip(calls, opinions, strict=True)
        ]

    works: dict[str, Work] = {
        "all of it": lambda: [judge(call, said, mind, settings) for call, said in calls],
        "second opinion": lambda: [
            mind.opinion and consult(call, said, mind.opinion) for call, said in calls
        ],
        "tone": lambda: [
            judge_tones(said, mind.tone, o, mind.tone_weights)
            for (_, said), o in zip(calls, opinions, strict=True)
        ],
        "rules, by words and sounds": rules(settings.detect),
        "rules, by words": rules(by_words),
        "promise": lambda: [find_promise(call, said, red_line_turns=frozenset()) for call, said in calls],
        "scores": lambda: [
            score(r.call, r.transcript, r.findings, r.acts, r.customer_events, r.promise, r.tones, mind.card)
            for r in reports
        ],
    }
    turns = statistics.fmean(len(said.turns) for _, said in calls)
    table = Table("part", f"ms over {TURNS} turns (quartiles)", header_style="bold")
    for name, spent in rounds(works, given.rounds).items():
        table.add_row(name, spread([ms / len(calls) * TURNS / turns for ms in spent]))
    Console().print(f"{len(calls)} calls of {turns:.1f} turns")
    Console().print(table)


if __name__ == "__main__":
    main()
