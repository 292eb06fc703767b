"""Names and ids of people: how they look when they are masked, at the same length.

What of a call's words is personal is said by :mod:`pipeline.privacy.spans` and hidden by
:mod:`pipeline.privacy.masks`; here is what is known without the call, the personal fields of its metadata.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.metadata import CallMetadata

MASK = "＊"
KEPT_DIGITS = 4

_DIGIT = "0-9０-９零〇一二三四五六七八九幺两洞拐勾柒玖"
_RUN = re.compile(
    # Possessive: a run followed by a unit of money must fail as a whole, not shrink and match.
    rf"(?<![{_DIGIT}])[{_DIGIT}](?:[\s\-－—，、,·]{{0,3}}[{_DIGIT}]){{6,}}+[Xx]?(?!\s*[元块万亿]|\.[0-9])"
)
COMPOUND_SURNAMES = frozenset(
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


def forms_of(name: str) -> tuple[str, ...]:
    """How a name is said: in full, and the given name alone where it has two characters or more."""
    given = name[surname_length(name) :]
    return (name, given) if 2 <= len(given) < len(name) else (name,)


def long_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the runs of 7 or more digits; a run that a unit of money follows is none."""
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
    return 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
