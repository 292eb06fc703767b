"""Who speaks on short calls of two alike real voices, and whether what is wrong is known to be unsure.

Run with ``python -m tests.benchmarks.alike_parties CALLS SPEECH``: folders of labelled calls and of real
speech, see :mod:`tests.benchmarks.alike`. Speech activity, diarization and all that follows are the
program's; the words are the reference's, misheard, so nothing is transcribed and two minutes are enough.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from flows.wiring import load_ears
from pipeline.settings import Settings, load_settings
from pipeline.speech.cues import load_cues
from pipeline.speech.mix import give_to_parties, places
from pipeline.speech.roles import speaker_roles, turn_role
from pipeline.speech.text import tokens
from pipeline.speech.turns import take_turns
from tests.benchmarks.alike import KINDS, Alike, alike_calls
from tests.benchmarks.metrics import Estimate, over_calls
from tests.homophones import Homophones

FLAGGED = 0.8
"""Less sure is for a person to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What became of a call's words.

    Attributes:
        kind: of the call.
        right: whether each word has its role.
        stated: how sure the program says that is.
        is_customers: whose each word is.
    """

    kind: str
    right: Sequence[bool]
    stated: Sequence[float]
    is_customers: Sequence[bool]

    @property
    def is_exchanged(self) -> bool:
        """Whether the call would be better with its parties exchanged."""
        return sum(self.right) * 2 < len(self.right)


def given(calls: Iterator[Alike], settings: Settings) -> Iterator[Given]:
    """The words of every call with the roles that the program gives them."""
    ears, cues = load_ears(settings), load_cues()
    for call in calls:
        said = tokens(call.words)
        speech = ears.detector.detect(call.samples)
        diarization = ears.diarizer.diarize(call.samples, speech, places(said))
        parties = give_to_parties(said, call.samples, diarization, cues)
        turns = take_turns(parties, max_gap_ms=settings.turns.max_gap_ms)
        claims = speaker_roles(turns, cues, manifest={})
        found = {
            id(token): turn_role(part, claims[part.speaker]) for part in parties for token in part.tokens
        }
        yield Given(
            kind=call.kind,
            right=[
                found[id(token)].role == speaker for token, speaker in zip(said, call.speakers, strict=True)
            ],
            stated=[found[id(token)].confidence for token in said],
            is_customers=[speaker == "customer" for speaker in call.speakers],
        )


def table(calls: Sequence[Given]) -> Table:
    """Shares of characters by kind of call, with 95 % intervals over calls."""
    made = Table(
        "voices",
        "calls",
        "with the wrong party, %",
        "of the customer's own, found, %",
        "exchanged",
        "stated",
        "held",
        f"wrong and below {FLAGGED:g}, %",
        title="who speaks, alike voices",
        header_style="bold",
    )
    for kind in (*KINDS, "all"):
        some = [call for call in calls if kind in (call.kind, "all")]
        if not some:
            continue
        right = np.concatenate([call.right for call in some])
        stated = np.concatenate([call.stated for call in some])
        made.add_row(
            kind,
            str(len(some)),
            _percent(over_calls([(len(c.right) - sum(c.right), len(c.right)) for c in some])),
            _percent(over_calls([_customers(c) for c in some])),
            str(sum(call.is_exchanged for call in some)),
            f"{stated.mean():.3f}",
            f"{right.mean():.3f}",
            f"{100 * np.mean(stated[~right] < FLAGGED):.0f}" if (~right).any() else "",
        )
    return made


def _customers(call: Given) -> tuple[int, int]:
    own = np.array(call.is_customers)
    return int(np.array(call.right)[own].sum()), int(own.sum())


def _percent(found: Estimate) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f}-{100 * found.high:.1f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calls", type=Path, help="folder of labelled calls")
    parser.add_argument("speech", type=Path, help="folder of real speech")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=24, help="calls of each kind")
    arguments = parser.parse_args()
    texts = [
        [(turn["speaker"], turn["text"]) for turn in json.loads(path.read_bytes())["turns"]]
        for path in sorted(arguments.calls.glob("*.json"))
    ]
    ears = Homophones([text for lines in texts for _, text in lines])
    calls = alike_calls(arguments.speech, texts, ears, seed=arguments.seed, calls=arguments.number)
    Console().print(table(list(given(calls, load_settings()))))


if __name__ == "__main__":
    main()
