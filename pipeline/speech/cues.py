"""How much a text sounds like the collector: weighted phrases, found on bare characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, islice
from typing import TYPE_CHECKING

import yaml

from pipeline.errors import ConfigError
from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ROLE_CUES = CONFIGS / "lexicons" / "role_cues.yaml"
GAP = "…"
GAP_CHARACTERS = 12
MOST_COUNTED = 3
"""A cue counts at most so often for a speaker: a habit of speech is one piece of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A phrase and what it says: positive for the agent, negative for the customer (log odds)."""

    pattern: re.Pattern[str]
    weight: float


@cache
def load_cues(path: Path = ROLE_CUES) -> tuple[Cue, ...]:
    """Read the cues.

    Raises:
        ConfigError: the file cannot be read or is not two mappings of phrase to positive weight.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error
    if not isinstance(content, dict) or set(content) != {"agent", "customer"}:
        raise ConfigError(f"{path}: needs exactly the mappings 'agent' and 'customer'")
    return tuple(
        _cue(path, str(phrase), weight, sign)
        for name, sign in (("agent", 1), ("customer", -1))
        for phrase, weight in content[name].items()
    )


def _cue(path: Path, phrase: str, weight: object, sign: int) -> Cue:
    if not isinstance(weight, int | float) or weight <= 0:
        raise ConfigError(f"{path}: {phrase}: the weight is not a positive number")
    pattern = f".{{0,{GAP_CHARACTERS}}}?".join(re.escape(part) for part in phrase.split(GAP))
    return Cue(pattern=re.compile(pattern), weight=sign * float(weight))


def agent_log_odds(texts: Iterable[str], cues: Iterable[Cue]) -> float:
    """Summed weights of the cues in one speaker's texts (bare characters), in nats."""
    texts = tuple(texts)
    total = 0.0
    for cue in cues:
        count = sum(len(cue.pattern.findall(text)) for text in texts)
        total += cue.weight * min(count, MOST_COUNTED)
    return total


def placed_log_odds(pieces: Sequence[str], cues: Iterable[Cue]) -> list[float]:
    """The same for a sentence in pieces: a cue that runs over several counts for that of its middle."""
    ends = list(accumulate(map(len, pieces)))
    odds = [0.0] * len(pieces)
    for cue in cues:
        for match in islice(cue.pattern.finditer("".join(pieces)), MOST_COUNTED):
            odds[min(bisect_right(ends, (match.start() + match.end()) // 2), len(ends) - 1)] += cue.weight
    return odds
