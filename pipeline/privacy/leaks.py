"""What is still recognisable in covered sound: it is heard again and searched for the originals.

A number leaks when its digits come back, as digits, as they are said, or as what a recogniser writes for
their sound; of a long one, six in a row are enough. A name leaks when something that sounds like it comes
back (:mod:`pipeline.phonetics`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.personal import Kind
from pipeline.phonetics.search import SoundIndex
from pipeline.privacy.names import TITLES
from pipeline.privacy.numbers import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.privacy.spans import PersonalSpan

ENOUGH_DIGITS: Final = 6
_FEWEST_DIGITS: Final = 4
_ALIKE_SHORT, _ALIKE_LONG = 0.06, 0.15
"""Mean distance of a syllable up to which a stretch of two, or of more characters counts as a name."""

_TITLE = re.compile(TITLES)
_SAID_DIGIT = re.compile(r"[^\s\-－—，、,·。！？]")
_NUMBERS: Final = frozenset(
    {
        Kind.ID_CARD,
        Kind.BANK_CARD,
        Kind.MOBILE,
        Kind.LANDLINE,
        Kind.ID_TAIL,
        Kind.CARD_TAIL,
        Kind.CODE,
        Kind.ACCOUNT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What must not come back.

    Attributes:
        kind: what it is.
        value: its digits, or the name; never logged.
    """

    kind: Kind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """An original that is recognisable: where, not what.

    Attributes:
        original: position among the originals.
        kind: what it is.
        channel: position of the text in which it came back.
    """

    original: int
    kind: Kind
    channel: int


def originals(
    texts: Mapping[int, str], spans: Iterable[PersonalSpan], names: Iterable[str] = ()
) -> tuple[Original, ...]:
    """What a call must not give away: the numbers and full names of its spans, and the names of the file.

    Args:
        texts: of the call's turns, by index.
        spans: of the call.
        names: full names that the file holds.
    """
    found = [Original(kind=Kind.NAME, value=name) for name in names if len(name) > 1]
    for span in spans:
        said = texts[span.turn][span.start : span.end]
        if span.kind in _NUMBERS:
            digits = value_of(said)
            if len(digits) >= _FEWEST_DIGITS:
                found.append(Original(kind=span.kind, value=digits))
        elif span.kind is Kind.NAME and 0 < span.kept < len(said) and not _TITLE.fullmatch(said[span.kept :]):
            found.append(Original(kind=span.kind, value=said))
    return tuple(dict.fromkeys(found))


def leaks(known: Sequence[Original], heard: Sequence[str]) -> tuple[Leak, ...]:
    """Which originals come back in what was heard of the covered sound.

    Args:
        known: the originals.
        heard: a text for each channel, simplified characters.
    """
    return tuple(
        Leak(original=place, kind=one.kind, channel=channel)
        for channel, text in enumerate(heard)
        for place, one in enumerate(known)
        if _comes_back(one, text)
    )


def _comes_back(one: Original, text: str) -> bool:
    if one.kind is Kind.NAME:
        most = _ALIKE_SHORT if len(one.value) < 3 else _ALIKE_LONG
        return any(True for _ in SoundIndex([one.value]).find(text, most=most))
    needles = (
        [one.value[at : at + ENOUGH_DIGITS] for at in range(len(one.value) - ENOUGH_DIGITS + 1)]
        if len(one.value) > ENOUGH_DIGITS
        else [one.value]
    )
    runs = _runs(text)
    return any(needle in run for needle in needles for run in runs)


def _runs(text: str) -> list[str]:
    """Digits that are said one after the other, homophones read as digits; pauses do not part them."""
    runs, run = [], ""
    for character in text:
        digit = value_of(character)
        if digit.isdecimal():
            run += digit
        elif _SAID_DIGIT.match(character):
            runs.append(run)
            run = ""
    return [*runs, run]
