"""Personal data as people say it: identity and card numbers, telephones, plates, addresses, names.

Every span has its kind, its value in plain digits and, where the number has one, whether its check digit is
right. A wrong check digit hides nothing: one misheard digit must not show the rest.

Over the telephone a number often comes in pieces, with the other party's «嗯» or the digits read back in
between; :func:`split_numbers` puts the pieces together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.detect.entities import SPOKEN, cards_in, identities_in, luhn, persons_in, phones_in
from pipeline.whereabouts import addresses_in, plates_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.types import Role, Turn


class Kind(StrEnum):
    """What personal data are."""

    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    MOBILE = "mobile"
    LANDLINE = "landline"
    HOTLINE = "hotline"
    """A 400 or 800 number: a firm's, nobody's own."""
    PLATE = "plate"
    ADDRESS = "address"
    NAME = "name"
    ID_TAIL = "id_tail"
    """The last places of an identity number, which agents verify a person with."""
    CARD_TAIL = "card_tail"
    CODE = "code"
    """Digits said one by one that are nothing else: an answer to «后四位», a one-time code, a PIN."""
    BIRTHDAY = "birthday"
    ACCOUNT = "account"
    """A name or number in a messenger, an e-mail address, an account that is no card."""
    WORKPLACE = "workplace"
    """A firm, shop, hospital or school by its name, where somebody can be met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Personal data where they stand in a text.

    Attributes:
        kind: what they are.
        start: code-point offset of the first character.
        end: offset after the last character.
        value: the number in plain digits, else the words; never logged.
        valid: whether the check digit is right; ``None`` for what has none.
    """

    kind: Kind
    start: int
    end: int
    value: str = field(repr=False)
    valid: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of digits in one turn."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitNumber:
    """A number said in pieces over several turns of one party.

    Attributes:
        kind: what number it is.
        value: its digits; never logged.
        valid: whether its check digit is right; ``None`` where it has none.
        pieces: where its digits were said, in order.
        read_back: where the other party repeated them.
    """

    kind: Kind
    value: str = field(repr=False)
    valid: bool | None
    pieces: tuple[Piece, ...]
    read_back: tuple[Piece, ...] = ()


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DIGIT = "0-9０-９零〇一二三四五六七八九幺两洞拐勾柒玖"
_RUN = re.compile(
    rf"[{_DIGIT}](?:[\s\-－—，、,·]{{0,3}}[{_DIGIT}])+[Xx]?(?![年月号日天元块万千百十个期点岁])"
)
_FEWEST = 3
_LISTENS = re.compile(
    r"(?:[嗯啊哦噢好对是行的呃那您你请继续说慢点讲等一下稍记着然后呢再还有后面接着下面几位吗]|OK|ok|[，。？！、\s])*"
)
_PATIENCE = 3
"""Turns of the other party that may come between two pieces."""


def find_personal(text: str, names: Iterable[str] = ()) -> tuple[Personal, ...]:
    """All personal data in ``text``, in order of position, not overlapping.

    Args:
        text: one turn, as it is or folded.
        names: full names that the file knows.
    """
    found = [
        *(_number(text, Kind.ID_CARD, span) for span in identities_in(text)),
        *(_number(text, Kind.BANK_CARD, span) for span in cards_in(text)),
        *(_number(text, _phone_kind(digits_of(text[slice(*span)])), span) for span in phones_in(text)),
        *(_words(text, Kind.PLATE, span) for span in plates_in(text)),
        *(_words(text, Kind.ADDRESS, span) for span in addresses_in(text)),
        *(_words(text, Kind.NAME, span) for span in persons_in(text, tuple(names))),
    ]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Personal] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def digits_of(spoken: str) -> str:
    """``幺三八，零零…`` as plain digits; a final X stays."""
    return "".join(c for c in spoken.translate(SPOKEN).upper() if c.isdecimal() or c == "X")


def identity_is_valid(number: str) -> bool:
    """Whether an identity number of 18 places has its check digit (GB 11643, ISO 7064 MOD 11-2)."""
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[-1] == _CHECKS[total % 11]


def split_numbers(turns: Sequence[Turn]) -> tuple[SplitNumber, ...]:
    """Identity, card and telephone numbers that one party says over several turns, in order.

    Pieces belong together while the other party only listens or reads digits back. A number said whole in
    one turn is none of these; :func:`find_personal` finds it.
    """
    found: list[SplitNumber] = []
    at = 0
    while at < len(turns):
        number = _from(turns, at)
        if number is None:
            at += 1
        else:
            found.append(number)
            last = number.pieces[-1].turn
            at = next(i for i, turn in enumerate(turns) if turn.index == last) + 1
    return tuple(found)


def _from(turns: Sequence[Turn], at: int) -> SplitNumber | None:
    """The split number whose first piece is in ``turns[at]``; of several lengths the longest."""
    first = _pieces(turns[at])
    if not first:
        return None
    speaker = turns[at].role
    pieces, others, best, waited = [first[-1]], [], None, 0
    said = _said(turns[at], first[-1])
    for turn in turns[at + 1 :]:
        if turn.role is not speaker:
            back = [p for p in _pieces(turn) if _said(turn, p) in said]
            waited += 1
            if waited > _PATIENCE or not (back or _LISTENS.fullmatch(turn.text)):
                break
            others += back
            continue
        more = _pieces(turn)
        if not more:
            if _LISTENS.fullmatch(turn.text):
                continue
            break
        waited = 0
        pieces.append(more[0])
        said += _said(turn, more[0])
        kind = _kind_of(said)
        if kind is not None:
            best = (kind, said, tuple(pieces))
    if best is None:
        return None
    kind, value, parts = best
    return SplitNumber(
        kind=kind,
        value=value,
        valid=_validity(kind, value),
        pieces=parts,
        read_back=tuple([*others, *_read_back(turns, parts[-1].turn, speaker, value, others)]),
    )


def _read_back(
    turns: Sequence[Turn], after: int, speaker: Role, value: str, known: Sequence[Piece]
) -> list[Piece]:
    """Where the other party, in its next turn, repeats digits of the whole."""
    for turn in turns:
        if turn.index > after and turn.role is not speaker:
            return [p for p in _pieces(turn) if _said(turn, p) in value and p not in known]
    return []


def _pieces(turn: Turn) -> list[Piece]:
    return [
        Piece(turn=turn.index, start=match.start(), end=match.end())
        for match in _RUN.finditer(turn.text)
        if len(digits_of(match.group())) >= _FEWEST
    ]


def _said(turn: Turn, piece: Piece) -> str:
    return digits_of(turn.text[piece.start : piece.end])


def _kind_of(digits: str) -> Kind | None:
    for kind, finder in ((Kind.ID_CARD, identities_in), (Kind.BANK_CARD, cards_in), (None, phones_in)):
        if any(span == (0, len(digits)) for span in finder(digits)):
            return kind or _phone_kind(digits)
    return None


def _phone_kind(digits: str) -> Kind:
    home = re.sub(r"^(?:00)?86(?=\d{10,})", "", digits)
    if re.fullmatch(r"1[3-9]\d{9}", home):
        return Kind.MOBILE
    return Kind.HOTLINE if re.fullmatch(r"[48]00\d{7}", home) else Kind.LANDLINE


def _number(text: str, kind: Kind, span: tuple[int, int]) -> Personal:
    value = digits_of(text[slice(*span)])
    return Personal(kind=kind, start=span[0], end=span[1], value=value, valid=_validity(kind, value))


def _validity(kind: Kind, value: str) -> bool | None:
    if kind is Kind.ID_CARD:
        return identity_is_valid(value) if len(value) == len(_WEIGHTS) + 1 else None
    return luhn(value) if kind is Kind.BANK_CARD else None


def _words(text: str, kind: Kind, span: tuple[int, int]) -> Personal:
    return Personal(kind=kind, start=span[0], end=span[1], value=text[slice(*span)])
