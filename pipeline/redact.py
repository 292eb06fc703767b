"""Masking people in what reports show: names and long numbers, without moving a single character.

Every masked text has the length of the original, so that evidence offsets still point at the same words.
Masking is for pages and tables; the JSON of a call keeps its text literal, because evidence must be.

What is masked:

* a run of 7 or more digits, written or spoken (``一三八…``, ``幺``), with the pauses people make in it:
  phone, card and account numbers. The last 4 stay, as lenders name an account by them. Runs of the length
  of an identity number (15, or 18 with or without a final X) are masked whole, since their last 4 digits
  are what an agent verifies a person with;
* number plates, all but the province, and addresses, all but what comes before the road;
* names that the metadata give, wherever they are said in full or as a given name of two characters or
  more; the surname stays.

What is not masked: amounts of money (``一百二十万``, ``1234567元``), short numbers (digits that are said over
several turns: :func:`pipeline.personal.split_numbers`), names that the metadata do not hold, and places
without a house number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.whereabouts import addresses_in, plates_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.metadata import CallMetadata

MASK = "＊"
KEPT_DIGITS = 4

_DIGIT = "0-9０-９零〇一二三四五六七八九幺两洞拐勾柒玖"
_RUN = re.compile(
    # Possessive: a run followed by a unit of money must fail as a whole, not shrink and match.
    rf"(?<![{_DIGIT}])[{_DIGIT}](?:[\s\-－—，、,·]{{0,3}}[{_DIGIT}]){{6,}}+[Xx]?(?!\s*[元块万亿]|\.[0-9])"
)
_ONE_DIGIT = re.compile(rf"[{_DIGIT}Xx]")
_IDENTITY_LENGTHS = frozenset({15, 18})
_COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳上官司马诸葛东方皇甫尉迟公孙慕容令狐司徒端木独孤南宫夏侯宇文长孙司空闻人淳于单于澹台公冶申屠太史轩辕钟离",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The personal fields of one call's metadata; empty strings where it has none. Never logged."""

    customer_name: str = field(default="", repr=False)
    agent_name: str = field(default="", repr=False)
    customer_id: str = field(default="", repr=False)

    @classmethod
    def of(cls, metadata: CallMetadata) -> People:
        """The people whom the metadata name."""
        return cls(
            customer_name=metadata.customer_name or "",
            agent_name=metadata.agent_name or "",
            customer_id=metadata.customer_id or "",
        )

    def masked(self) -> People:
        """The same people as masked reports show them."""
        return People(
            customer_name=mask_name(self.customer_name),
            agent_name=mask_name(self.agent_name),
            customer_id=mask_id(self.customer_id),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names to look for in what was said."""
        return tuple(name for name in (self.customer_name, self.agent_name) if name)


def mask_text(text: str, names: Iterable[str] = ()) -> str:
    """Mask long numbers, plates, addresses and the given names; the result has the length of ``text``."""
    masked = _RUN.sub(lambda match: _mask_run(match.group()), text)
    for start, end in plates_in(text):
        masked = masked[: start + 1] + MASK * (end - start - 1) + masked[end:]
    for start, end in addresses_in(text):
        masked = masked[:start] + _mask_address(text[start:end]) + masked[end:]
    for name in sorted({n for n in names if len(n) >= 2}, key=lambda n: (-len(n), n)):
        for spoken in forms_of(name):
            masked = masked.replace(spoken, mask_name(name) if spoken == name else MASK * len(spoken))
    return masked


def _mask_address(address: str) -> str:
    """The town and district stay, the road and what follows go."""
    district = re.match(r".*(?:省|自治区|市|区(?!.{0,3}[号栋])|县|旗|镇|乡|街道)", address)
    kept = district.end() if district and district.end() < len(address) - 2 else 0
    return address[:kept] + MASK * (len(address) - kept)


def forms_of(name: str) -> tuple[str, ...]:
    """How a name is said: in full, and the given name alone where it has two characters or more."""
    given = name[surname_length(name) :]
    return (name, given) if 2 <= len(given) < len(name) else (name,)


def long_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the runs of 7 or more digits that :func:`mask_text` masks."""
    return (match.span() for match in _RUN.finditer(text))


def mask_name(name: str) -> str:
    """A name with only its surname left, at the same length; a single character is masked too."""
    kept = surname_length(name)
    return name[:kept] + MASK * (len(name) - kept)


def mask_id(value: str) -> str:
    """An identifier with its last 4 characters left, or fewer, so that at most half of it is seen."""
    kept = min(KEPT_DIGITS, len(value) // 2)
    return MASK * (len(value) - kept) + value[len(value) - kept :]


def surname_length(name: str) -> int:
    """Characters of the surname: 2 for the compound ones, 0 for what is too short to be a name."""
    if len(name) < 2:
        return 0
    return 2 if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else 1


def _mask_run(run: str) -> str:
    at = [match.start() for match in _ONE_DIGIT.finditer(run)]
    hidden = at if len(at) in _IDENTITY_LENGTHS else at[:-KEPT_DIGITS]
    characters = list(run)
    for position in hidden:
        characters[position] = MASK
    return "".join(characters)
