"""How much a clause is worded like the collector's, by the sound of its syllables.

A logistic regression over runs of one to three syllables without tones, learned from the clauses of
``configs/corpora``: recognition mishears words and keeps their sound. ``python -m tests.benchmarks.wording``
learns it anew and measures it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from pypinyin import lazy_pinyin

from pipeline.errors import ConfigError
from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ROLE_SYLLABLES = CONFIGS / "lexicons" / "role_syllables.tsv"
MOST_SYLLABLES = 3
START, END = "<", ">"
"""Stand for the edges of a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What was learned.

    Attributes:
        bias: log odds of the agent where nothing is known of a clause.
        weights: log odds that a run adds, once a clause, by its syllables with a space between.
    """

    bias: float
    weights: Mapping[str, float]

    def placed_log_odds(self, pieces: Sequence[str]) -> list[float]:
        """Log odds that the agent says a clause, shared out among its pieces.

        Args:
            pieces: bare characters of the clause in order; a run counts for the piece of its middle, the bias
                for each by its length.
        """
        ends = list(accumulate(map(len, pieces)))
        odds = [self.bias * len(piece) / max(ends[-1], 1) for piece in pieces]
        seen: set[str] = set()
        for run, middle in runs("".join(pieces)):
            weight = self.weights.get(run)
            if weight is not None and run not in seen:
                seen.add(run)
                odds[min(bisect_right(ends, middle), len(ends) - 1)] += weight
        return odds


def runs(text: str) -> Iterator[tuple[str, int]]:
    """Every run of up to :data:`MOST_SYLLABLES` syllables or edges, and the character in its middle."""
    syllables = [START, *syllables_of(text), END]
    for size in range(1, MOST_SYLLABLES + 1):
        for first in range(len(syllables) - size + 1):
            run = " ".join(syllables[first : first + size])
            if run not in (START, END):
                yield run, max(first + size // 2 - 1, 0)


def syllables_of(text: str) -> list[str]:
    """A syllable a hanzi, without its tone; other characters as they are."""
    return list(lazy_pinyin(text, errors=list))  # type: ignore[arg-type]  # a list is documented


@cache
def load_wording(path: Path = ROLE_SYLLABLES) -> Wording:
    """Read what was learned: lines of a run, a tab and its weight; the bias has an empty run.

    Raises:
        ConfigError: the file cannot be read, or a line is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error
    weights: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            continue
        run, tab, weight = line.partition("\t")
        try:
            weights[run] = float(weight)
        except ValueError as error:
            raise ConfigError(f"{path}: line {number}: the weight is not a number") from error
        if not tab:
            raise ConfigError(f"{path}: line {number}: no tab")
    if "" not in weights:
        raise ConfigError(f"{path}: the bias is missing")
    return Wording(bias=weights.pop(""), weights=weights)
