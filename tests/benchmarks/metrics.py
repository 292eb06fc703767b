"""Error rates of words and speakers, as counts that can be pooled, with bootstrap intervals over calls.

Counts are kept a call; a figure over several calls is a ratio of sums. Its interval comes from drawing
whole calls with replacement (blockwise bootstrap, Liu & Peng 2019): the errors of one call depend on each
other. What is compared is drawn together, so that a hard call weighs on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cn2an
import numpy as np
import opencc
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

DIGITS = "零一二三四五六七八九"
LONG_NUMBER = 5
"""From so many digits on a number is read digit by digit, unless it is a round one."""
DRAWS = 2000
LEVELS = (2.5, 97.5)
"""Percentiles: the ends of a 95 % interval."""

Span = tuple[str, float, float]
"""Speaker, start and end in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def plain(text: str) -> str:
    """What counts in a character error rate: simplified hanzi and capital letters.

    Numbers are written as they are said; characters that differ only in how a digit is spoken (两 and 二,
    幺 and 一) are one, and zeros are left out, since speakers and engines do as they like with them.
    """
    text = re.sub(r"(?<=\d),(?=\d{3})", "", _simplifier().convert(text))
    text = re.sub(r"(\d+(?:\.\d+)?)(%?)", lambda found: _spoken(*found.groups()), text).upper()
    text = text.translate(str.maketrans({"零": "", "〇": "", "两": "二", "幺": "一"}))
    return "".join(re.findall(r"[\u4e00-\u9fffA-Z]", text))


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _spoken(number: str, percent: str) -> str:
    is_code = len(number) >= LONG_NUMBER and "." not in number and not number.endswith("00")
    try:
        words = _digit_by_digit(number) if is_code else cn2an.an2cn(number)
    except ValueError:
        words = _digit_by_digit(number)
    return ("百分之" if percent else "") + words


def _digit_by_digit(number: str) -> str:
    return "".join(DIGITS[int(c)] for c in number if c.isdigit())


def edits(wanted: str, got: str) -> tuple[int, int]:
    """Character errors of ``got``, and the length of ``wanted``; both texts as :func:`plain` gives them."""
    return Levenshtein.distance(wanted, got), len(wanted)


def role_edits(wanted: Mapping[str, str], got: Mapping[str, str]) -> tuple[int, int]:
    """The same with each name's words compared with that name's words alone; names are those wanted."""
    counts = [edits(text, got.get(name, "")) for name, text in wanted.items()]
    return sum(errors for errors, _ in counts), sum(length for _, length in counts)


def speaker_edits(wanted: Mapping[str, str], got: Mapping[str, str]) -> tuple[int, int]:
    """The same under the assignment of speakers that gives the fewest errors.

    That is cpWER (CHiME-6), on characters. A speaker without a counterpart is wrong throughout.
    """
    from scipy.optimize import linear_sum_assignment

    ours, theirs = list(wanted.values()), list(got.values())
    size = max(len(ours), len(theirs))
    ours += [""] * (size - len(ours))
    theirs += [""] * (size - len(theirs))
    cost = np.array([[Levenshtein.distance(a, b) for b in theirs] for a in ours]).reshape(size, size)
    return int(cost[linear_sum_assignment(cost)].sum()), sum(map(len, ours))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerTime:
    """Seconds of speech, and of each kind of error in who speaks when."""

    speech: float
    missed: float
    false_alarm: float
    confusion: float


def speaker_time(
    wanted: Sequence[Span], got: Sequence[Span], *, seconds: float, collar: float
) -> SpeakerTime:
    """Diarization errors of one call, overlapped speech included (pyannote.metrics).

    Args:
        wanted: who speaks when.
        got: what is to be scored; names are free.
        seconds: length of the call: all of it is scored.
        collar: seconds around each wanted boundary that are not scored, half on either side.
    """
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric = DiarizationErrorRate(collar=collar)
    counts = metric.compute_components(
        _annotation(wanted), _annotation(got), uem=Timeline([Segment(0, seconds)])
    )
    return SpeakerTime(
        speech=counts["total"],
        missed=counts["missed detection"],
        false_alarm=counts["false alarm"],
        confusion=counts["confusion"],
    )


def _annotation(spans: Sequence[Span]):
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri="call")
    for number, (speaker, start, end) in enumerate(spans):
        annotation[Segment(start, end), number] = speaker
    return annotation


def rate(sums: NDArray) -> NDArray:
    """First column over second: errors over length, CPU time over sound."""
    return sums[..., 0] / sums[..., 1]


def difference(sums: NDArray) -> NDArray:
    """One rate minus another, of columns (numerator, denominator) twice."""
    return rate(sums[..., :2]) - rate(sums[..., 2:])


def ratio(sums: NDArray) -> NDArray:
    """One rate over another, of the same columns."""
    return rate(sums[..., :2]) / rate(sums[..., 2:])


def over_calls(
    rows: Sequence[Sequence[float]], figure: Callable[[NDArray], NDArray] = rate, *, seed: int = 0
) -> Estimate:
    """A figure of summed columns, with its interval over calls.

    Args:
        rows: the columns of each call, shape ``(calls, columns)``; at least one call.
        figure: of sums, shape ``(..., columns)``.
        seed: of the drawing.
    """
    columns = np.asarray(rows, dtype=np.float64)
    calls = len(columns)
    drawn = np.random.default_rng(seed).multinomial(calls, np.full(calls, 1 / calls), size=DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(figure(columns.sum(axis=0)))
        low, high = np.nanpercentile(figure(drawn @ columns), LEVELS)
    return Estimate(value=value, low=float(low), high=float(high))
