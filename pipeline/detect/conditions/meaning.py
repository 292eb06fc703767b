"""Operators over what was understood: tones, acts, events, entities, the second opinion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import NO, Outcome, Place, no, unknown, yes
from pipeline.detect.entities import ENTITIES, Named
from pipeline.errors import UnknownNameError
from pipeline.types import Role, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import CallBuilder, Toolbox, TurnBuilder
    from pipeline.detect.schema.conditions import Condition, Learned, ToneShift
    from pipeline.detect.view import CallView
    from pipeline.ports import Opinion

TONES = "tones"
ACTS = "acts"
EVENTS = "events"
OPINIONS = "opinions"


@dataclass(frozen=True, slots=True)
class Sounds:
    """``tone``: the turn sounds like one of these."""

    tones: frozenset[Tone]

    def at(self, view: CallView, position: int) -> Outcome:
        """The whole turn."""
        tone = _tone(view, position)
        if tone is None:
            return unknown(TONES)
        return yes(Place(position), note=tone.value) if tone in self.tones else no(tone.value)


@dataclass(frozen=True, slots=True)
class Shift:
    """``tone_shift``: a party's tone changes; an unknown speaker is no party."""

    shift: ToneShift

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Every turn where a new tone begins."""
        heard = {p: _tone(view, p) for p in positions if view.turns[p].role is not Role.UNKNOWN}
        begun = [
            (place, old, new)
            for role in (Role.AGENT, Role.CUSTOMER)
            for place, old, new in self._begun(view, [p for p in heard if view.turns[p].role is role], heard)
        ]
        if begun:
            note = ", ".join(dict.fromkeys(f"{old.value} to {new.value}" for _, old, new in begun))
            return yes(*sorted(place for place, _, _ in begun), note=note)
        return unknown(TONES) if None in heard.values() else NO

    def _begun(
        self, view: CallView, own: list[int], heard: Mapping[int, Tone | None]
    ) -> Iterator[tuple[Place, Tone, Tone]]:
        for number, position in enumerate(own):
            new = heard[position]
            if new is None or new not in self.shift.end or (number and heard[own[number - 1]] is new):
                continue
            for earlier in reversed(own[:number]):
                if view.rank[position] - view.rank[earlier] > self.shift.within:
                    break
                old = heard[earlier]
                if old in self.shift.start and old is not new and old is not None:
                    yield Place(position), old, new
                    break


@dataclass(frozen=True, slots=True)
class Shows:
    """``act`` and ``event``: the turn shows one of these."""

    fact: str
    names: frozenset[str]

    def at(self, view: CallView, position: int) -> Outcome:
        """The whole turn."""
        shown: Mapping[int, frozenset[str]] | None = getattr(view.facts, self.fact)
        if shown is None:
            return unknown(self.fact)
        found = self.names & shown.get(view.turns[position].index, frozenset())
        return yes(Place(position), note=", ".join(sorted(found))) if found else NO


@dataclass(frozen=True, slots=True)
class Names:
    """``entity``: something of these kinds is named."""

    kinds: tuple[str, ...]

    def at(self, view: CallView, position: int) -> Outcome:
        """Every stretch that names one."""
        known = Named.of(view.fields)
        found = {kind: list(ENTITIES[kind](view.folded[position], known)) for kind in self.kinds}
        places = {Place(position, *span) for spans in found.values() for span in spans}
        return (
            yes(*sorted(places), note=", ".join(k for k, spans in found.items() if spans)) if places else NO
        )


@dataclass(frozen=True, slots=True)
class Believed:
    """``learned``: what the second opinion gives a label; it is as sure as the opinion."""

    learned: Learned

    def at(self, view: CallView, position: int) -> Outcome:
        """The stretch that speaks most for the label, or the whole turn."""
        turn = view.turns[position]
        if view.facts.opinions is None:
            return unknown(OPINIONS)
        opinion = view.facts.opinions.get(turn.index)
        if opinion is None:
            # A turn without words was not shown to the model.
            return unknown(OPINIONS) if turn.text.strip() else NO
        chance = _chance(opinion, self.learned.label)
        if chance is None:
            return replace(unknown(OPINIONS), note=f"the model does not know {self.learned.label}")
        note = f"{self.learned.label} {chance:.2f}"
        if not self.learned.chance.holds(chance):
            return no(note)
        wants_much = self.learned.chance.gt is not None or self.learned.chance.gte is not None
        span = opinion.spans.get(self.learned.label, (0, 0))
        return yes(Place(position, *span), sure=chance if wants_much else 1 - chance, note=note)


def _tone(view: CallView, position: int) -> Tone | None:
    tones = view.facts.tones
    return None if tones is None else tones.get(view.turns[position].index)


def _chance(opinion: Opinion, label: str) -> float | None:
    for known in (opinion.rules, opinion.acts):
        if label in known:
            return known[label]
    return opinion.tones.get(Tone(label)) if label in {tone.value for tone in Tone} else None


def _sounds(value: tuple[Tone, ...], condition: Condition, tools: Toolbox) -> Sounds:
    return Sounds(frozenset(value))


def _shift(value: ToneShift, condition: Condition, tools: Toolbox) -> Shift:
    return Shift(value)


def _act(value: tuple[str, ...], condition: Condition, tools: Toolbox) -> Shows:
    return Shows(ACTS, _known("act", value, tools.names.get("act")))


def _event(value: tuple[str, ...], condition: Condition, tools: Toolbox) -> Shows:
    return Shows(EVENTS, _known("event", value, tools.names.get("event")))


def _names(value: tuple[str, ...], condition: Condition, tools: Toolbox) -> Names:
    return Names(tuple(sorted(_known("entity", value, frozenset(ENTITIES)))))


def _believed(value: Learned, condition: Condition, tools: Toolbox) -> Believed:
    rules, acts = tools.names.get("violation"), tools.names.get("act")
    if rules is not None and acts is not None:
        _known("label", (value.label,), rules | acts | {tone.value for tone in Tone})
    return Believed(value)


def _known(kind: str, names: tuple[str, ...], known: frozenset[str] | None) -> frozenset[str]:
    """The names, none of which may be unknown where it is known what there is."""
    for name in names:
        if known is not None and name not in known:
            raise UnknownNameError(kind, name, known)
    return frozenset(names)


TURN_OPERATORS: Mapping[str, TurnBuilder] = {
    "tone": _sounds,
    "act": _act,
    "event": _event,
    "entity": _names,
    "learned": _believed,
}
CALL_OPERATORS: Mapping[str, CallBuilder] = {"tone_shift": _shift}
