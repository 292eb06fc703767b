"""Whether both engines of this program hear the same, on the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log
from statistics import fmean, quantiles
from typing import Any

from rapidfuzz.distance import Levenshtein
from rich.table import Table

from tests.benchmarks.metrics import plain
from tests.benchmarks.systems import Heard

ENGINES: dict[str, Mapping[str, Mapping[str, Any]]] = {
    "openai-whisper": {"asr": {"engine": "openai-whisper"}},
    "faster-whisper float32": {"asr": {"engine": "faster-whisper", "compute_type": "float32"}},
    "faster-whisper int8": {"asr": {"engine": "faster-whisper", "compute_type": "int8"}},
}
"""Settings of each; the first is what the others are compared with."""
LEAST = 1e-6
"""Probabilities below count as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One character with the time and probability of its word, seconds."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far one engine is from another, over all calls.

    Attributes:
        calls: how many, and how many of them have the very same text.
        same: see above.
        differing: share of characters that differ.
        log_probability: mean absolute difference of log-probabilities of characters that agree.
        starts_ms: mean and 95th percentile of the absolute difference of their starts.
    """

    calls: int
    same: int
    differing: float
    log_probability: float
    starts_ms: tuple[float, float]


def characters(heard: Heard) -> tuple[Character, ...]:
    """The characters that count, each with what is known of its word."""
    return tuple(
        Character(text=c, start=start, end=end, probability=probability)
        for text, start, end, probability in heard.words
        for c in plain(text)
    )


def agreement(ours: Sequence[Heard], theirs: Sequence[Heard]) -> Agreement:
    """Compare two engines call by call; at least one character must agree."""
    pairs = [(characters(a), characters(b)) for a, b in zip(ours, theirs, strict=True)]
    texts = [("".join(c.text for c in a), "".join(c.text for c in b)) for a, b in pairs]
    agreed = list(chain.from_iterable(agreeing(a, b) for a, b in pairs))
    starts = [abs(a.start - b.start) * 1000 for a, b in agreed]
    wrong = sum(Levenshtein.distance(a, b) for a, b in texts)
    return Agreement(
        calls=len(pairs),
        same=sum(a == b for a, b in texts),
        differing=wrong / max(sum(len(a) for a, _ in texts), 1),
        log_probability=fmean(
            abs(log(max(a.probability, LEAST)) - log(max(b.probability, LEAST))) for a, b in agreed
        ),
        starts_ms=(fmean(starts), quantiles(starts, n=20)[-1] if len(starts) > 1 else starts[0]),
    )


def agreeing(ours: Sequence[Character], theirs: Sequence[Character]) -> list[tuple[Character, Character]]:
    """Characters that both have, in the alignment with the fewest edits."""
    blocks = Levenshtein.opcodes([c.text for c in ours], [c.text for c in theirs])
    return [
        pair
        for block in blocks
        if block.tag == "equal"
        for pair in zip(
            ours[block.src_start : block.src_end], theirs[block.dest_start : block.dest_end], strict=True
        )
    ]


def table(found: Mapping[str, Agreement], base: str) -> Table:
    """Each engine against the first."""
    shown = Table(
        "engine", "calls with the same text", "characters that differ", "mean |Δ log p|",
        "|Δ start|, ms: mean (95 %)", title=f"engines of this program, against {base}", header_style="bold",
    )  # fmt: skip
    for name, one in found.items():
        mean, most = one.starts_ms
        shown.add_row(
            name,
            f"{one.same} of {one.calls}",
            f"{one.differing:.4f}",
            f"{one.log_probability:.2g}",
            f"{mean:.0f} ({most:.0f})",
        )
    return shown
