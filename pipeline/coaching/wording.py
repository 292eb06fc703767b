"""The wording for a situation: the narrowest that fits, its slots filled with what the call says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.coaching.guide import Guide, Slot, When, Wording
    from pipeline.coaching.talk import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What could be said instead.

    Attributes:
        wording: its name in the guide.
        say: the words, slots filled.
        why: what is better about them.
    """

    wording: str
    say: str
    why: str


def suggest(guide: Guide, skill: str, place: Place, slots: Mapping[Slot, str]) -> Suggestion:
    """The wording of a skill for a situation.

    Of those that fit and whose slots can be filled the one that asks for most things wins; of equals the one
    with more slots, then the first in the guide.

    Raises:
        KeyError: the guide has no wording of the skill, which a guide that was read never lacks.
    """
    fitting = [
        wording
        for wording in guide.wordings
        if wording.skill == skill and fits(wording.when, place) and set(wording.slots) <= set(slots)
    ]
    if not fitting:
        raise KeyError(skill)
    best = max(fitting, key=lambda wording: (wording.when.narrowness, len(wording.slots)))
    return Suggestion(wording=best.wording, say=filled(best, slots), why=best.why)


def fits(when: When, place: Place) -> bool:
    """Whether a situation is as a wording wants it."""
    return (
        (not when.after or bool(place.after.intersection(when.after)))
        and (not when.tone or place.tone in when.tone)
        and (not when.phase or place.phase in when.phase)
        and (not when.promise or place.promise in when.promise)
        and (not when.who or place.who in when.who)
        and (not when.broke or bool(place.broke.intersection(when.broke)))
        and (not when.lawsuit or place.lawsuit in when.lawsuit)
    )


def filled(wording: Wording, slots: Mapping[Slot, str]) -> str:
    """The words with their slots filled."""
    text = wording.say
    for slot in wording.slots:
        text = text.replace(f"{{{slot.value}}}", slots[slot])
    return text
