"""Personal data hidden in text, without moving a single character.

A masked text has the length of the original, so that offsets of evidence keep pointing at the same words.
Surnames stay (``张＊＊``), as does the province of a plate; everything else that is personal goes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.personal import Kind
from pipeline.privacy.spans import PersonalSpan, personal_spans, spans_of
from pipeline.redact import MASK
from pipeline.types import Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SHOWN = re.compile(r"[\s，。、,.\-－—·]")
"""Pauses and marks between digits stay: they tell nothing, and a masked number still reads as one."""

_WHOLE = frozenset({Kind.NAME, Kind.ADDRESS, Kind.WORKPLACE, Kind.ACCOUNT})

_SHORTEST_QUOTED = 2


class Masker:
    """Masks one call: its turns, and whatever else quotes it.

    Args:
        call: the JSON of the call in the published form.
        names: full names that the file holds.
    """

    def __init__(self, call: Mapping[str, Any], names: Iterable[str] = ()) -> None:
        self._names = tuple(names)
        metadata = call.get("metadata") or {}
        self._firms = tuple(str(metadata[f]) for f in ("lender", "agency") if metadata.get(f))
        self._turns = {turn["index"]: str(turn["text"]) for turn in call["turns"]}
        self.spans = personal_spans(call, self._names)
        by_turn: dict[int, list[PersonalSpan]] = {}
        for span in self.spans:
            by_turn.setdefault(span.turn, []).append(span)
        self._masked = {i: masked(text, by_turn.get(i, ())) for i, text in self._turns.items()}
        self._whole = {self._turns[i]: text for i, text in self._masked.items()}
        self._quoted = sorted(
            {
                (original[s.start : s.end], text[s.start : s.end])
                for s in self.spans
                for original, text in [(self._turns[s.turn], self._masked[s.turn])]
                if s.end - s.start >= _SHORTEST_QUOTED
            },
            key=lambda pair: (-len(pair[0]), pair),
        )

    def turn(self, index: int) -> str:
        """What was said in a turn, masked, at its length."""
        return self._masked[index]

    def is_masked(self, index: int) -> bool:
        """Whether anything of a turn is hidden."""
        return self._masked[index] != self._turns[index]

    def text(self, text: str) -> str:
        """Words about the call, such as a reason: masked is what its turns hide, and what shows by itself.

        A text that is a turn's is masked as that turn.
        """
        if text in self._whole:
            return self._whole[text]
        shown = mask_text(text, self._names, firms=self._firms)
        for original, hidden in self._quoted:
            at = text.find(original)
            while at >= 0:
                shown = shown[:at] + _both(shown[at : at + len(hidden)], hidden) + shown[at + len(hidden) :]
                at = text.find(original, at + 1)
        return shown


def mask_text(text: str, names: Iterable[str] = (), *, firms: Iterable[str] = ()) -> str:
    """Mask a text on its own: numbers, names, addresses, workplaces; the result has its length.

    Args:
        text: a turn or words about one.
        names: full names to hide wherever they stand.
        firms: the lender and the agency, which are no secret.
    """
    return _mask_alone(text, tuple(names), tuple(firms))


def mask_turns(
    turns: Sequence[Turn], names: Iterable[str] = (), *, firms: Iterable[str] = ()
) -> tuple[str, ...]:
    """The texts of turns, masked together: an answer may only be known from its question."""
    spans = spans_of(turns, names=names, firms=firms, heard=any(turn.words for turn in turns))
    return tuple(masked(turn.text, [s for s in spans if s.turn == turn.index]) for turn in turns)


@lru_cache(maxsize=4096)
def _mask_alone(text: str, names: tuple[str, ...], firms: tuple[str, ...]) -> str:
    turn = Turn(index=0, role=Role.UNKNOWN, role_confidence=0.0, text=text)
    return masked(text, spans_of([turn], names=names, firms=firms))


def masked(text: str, spans: Sequence[PersonalSpan]) -> str:
    """A text with its spans hidden, at its length."""
    shown = list(text)
    for span in spans:
        for position in range(span.start + span.kept, span.end):
            if span.kind in _WHOLE or not _SHOWN.match(shown[position]):
                shown[position] = MASK
    return "".join(shown)


def _both(one: str, other: str) -> str:
    return "".join(MASK if MASK in pair else pair[0] for pair in zip(one, other, strict=True))
