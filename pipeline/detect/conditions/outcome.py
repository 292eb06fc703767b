"""What a condition answers: yes with the places, no, or nothing known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one turn.

    Attributes:
        turn: position of the turn in the view.
        start, end: offsets in its text; an empty stretch stands for the whole turn.
    """

    turn: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer.

    Attributes:
        holds: ``None`` when it cannot be known.
        places: where it was found; empty for what is true of the call as a whole.
        missing: what would have to be known: a metadata field, ``times``, ``levels``, ``dial_log`` …
        sure: how sure the operator is, 0..1; the rule's confidence is multiplied by it.
        note: what was measured, for people who ask why; no words of the call.
    """

    holds: bool | None
    places: tuple[Place, ...] = ()
    missing: str | None = None
    sure: float = 1.0
    note: str = ""


NO = Outcome(holds=False)


def yes(*places: Place, sure: float = 1.0, note: str = "") -> Outcome:
    """It holds, there."""
    return Outcome(holds=True, places=places, sure=sure, note=note)


def no(note: str = "") -> Outcome:
    """It does not hold."""
    return Outcome(holds=False, note=note)


def unknown(missing: str) -> Outcome:
    """It cannot be known without ``missing``."""
    return Outcome(holds=None, missing=missing, note=f"{missing} is not known")
