"""How alike two syllables sound: 0 the same, 1 nothing in common.

The costs follow what speakers merge (flat and curled tongue, n and l, f and h, front and back nasals)
and what a recogniser mixes up on narrow-band sound, where the noise of s, x, f and the release of
stops are cut off. Tones are cheap: they are the first thing lost. (Weighted phonetic edit distance on
initial, final and tone: DIMSIM, Li et al., CoNLL 2018.)
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.phonetics.syllables import Readings, Syllable

TONE = 0.05
OTHER_INITIAL = 0.7
OTHER_FINAL = 0.7
RARER_READING = 0.2
"""Added for each step down a character's list of readings."""

MERGED, NEAR, MIXED_UP = 0.2, 0.3, 0.4
"""Merged by whole dialects; one feature apart; mixed up on the telephone."""


def _pairs(costs: Iterable[tuple[float, str]]) -> dict[tuple[str, str], float]:
    """«a-b c-d» by cost, as a table that is read either way round; «0» stands for no initial."""
    table: dict[tuple[str, str], float] = {}
    for cost, listed in costs:
        for pair in listed.split():
            one, other = (part.replace("0", "") for part in pair.split("-"))
            table[one, other] = table[other, one] = cost
    return table


INITIALS = _pairs(
    (
        (MERGED, "z-zh c-ch s-sh"),
        (NEAR, "n-l"),
        (MIXED_UP, "f-h r-l j-q j-x q-x z-c z-s c-s zh-ch zh-sh ch-sh b-p d-t g-k m-n zh-j ch-q sh-x r-0"),
    )
)
FINALS = _pairs(
    (
        (MERGED, "an-ang en-eng in-ing ian-iang uan-uang uen-ueng"),
        (NEAR, "ia-a iao-ao iou-ou iang-ang ua-a uo-o uo-e uai-ai uei-ei uan-an uang-ang uen-en"),
        (NEAR, "v-i ve-ie van-ian vn-in iong-ong ueng-ong eng-ong ai-ei ve-van ï-e ï-i ie-i"),
        (MIXED_UP, "an-en ang-eng ian-in o-e o-ou uo-ou e-en ie-ian an-ai ao-ou ou-u u-v vn-ing an-ian"),
    )
)


@cache
def neighbours(initial: str, final: str) -> tuple[tuple[str, str], ...]:
    """Initials and finals that one mix-up turns into these, these themselves first."""
    initials = [(0.0, initial), *((cost, b) for (a, b), cost in INITIALS.items() if a == initial)]
    finals = [(0.0, final), *((cost, b) for (a, b), cost in FINALS.items() if a == final)]
    return tuple((i, f) for cost, i in initials for more, f in finals if cost + more <= MIXED_UP)


@lru_cache(maxsize=200_000)
def distance(one: Syllable, other: Syllable) -> float:
    """Distance of two syllables, 0..1."""
    cost = TONE * (one.tone != other.tone and 0 not in (one.tone, other.tone))
    if one.initial != other.initial:
        cost += INITIALS.get((one.initial, other.initial), OTHER_INITIAL)
    if one.final != other.final:
        cost += FINALS.get((one.final, other.final), OTHER_FINAL)
    return min(cost, 1.0)


@lru_cache(maxsize=200_000)
def nearest(heard: Readings, meant: Readings) -> float:
    """Distance between the closest readings; 1 where either has none."""
    found = (
        distance(a, b) + RARER_READING * (i + k) for i, a in enumerate(heard) for k, b in enumerate(meant)
    )
    return min(1.0, min(found, default=1.0))
