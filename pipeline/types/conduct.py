"""How a call was held: who speaks how much, how fast and in what tone, and where that turns.

These measures are reported and take nothing from a score. ``None`` always means that it cannot be known:
a transcript came without times, or both parties are on one channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.types.basics import Role, Tone


class Phase(StrEnum):
    """A third of the call: by time, or by characters where there are no times."""

    OPENING = "opening"
    MIDDLE = "middle"
    CLOSING = "closing"


class Turning(StrEnum):
    """Which way a party's tone turns."""

    ESCALATION = "escalation"
    DE_ESCALATION = "de_escalation"


@dataclass(frozen=True, slots=True, kw_only=True)
class TonePoint:
    """The tone of one turn in its party's course.

    Attributes:
        turn: index of the turn.
        tone: as it was judged.
        strain: the same as a number: warm 0, neutral 1, pressing and distressed 2, hostile 3.
        smoothed: ``strain`` with the party's turns on either side, 0..3.
    """

    turn: int
    tone: Tone
    strain: int
    smoothed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TonePhase:
    """A party's tone in a third of the call.

    Attributes:
        turns: how many of the party's turns fall into it.
        tone: the tone of most of what is said; ``None`` when the party is silent.
        strain: mean over what is said and all that its tone may be, 0..3; ``None`` when the party is silent.
    """

    phase: Phase
    turns: int
    tone: Tone | None
    strain: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneShift:
    """Where a party's tone turns for more than a moment, and what the other party did before.

    Attributes:
        turn: index of the turn in which it turns.
        role: whose tone.
        kind: to more or to less strain.
        from_tone: tone of the party's turn before.
        to_tone: tone of the turn.
        after: the other party's last turn before; ``None`` when it has not spoken yet.
        after_tone: tone of that turn.
        after_rules: rules that it breaks or may break.
        after_acts: acts in it.
    """

    turn: int
    role: Role
    kind: Turning
    from_tone: Tone
    to_tone: Tone
    after: int | None = None
    after_tone: Tone | None = None
    after_rules: tuple[str, ...] = ()
    after_acts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A party begins while the other speaks, and the other stops.

    Attributes:
        turn: of whoever interrupts.
        role: who interrupts.
        interrupted: turn of whoever is interrupted.
        start_ms: where the interruption begins.
        overlap_ms: how long both speak.
    """

    turn: int
    role: Role
    interrupted: int
    start_ms: int
    overlap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Monologue:
    """A stretch in which one party alone has the floor.

    Attributes:
        first: index of its first turn.
        last: index of its last turn of that party.
        characters: hanzi, letters and digits in it.
        duration_ms: from its first word to its last, pauses included; ``None`` without times.
    """

    first: int
    last: int
    characters: int
    duration_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """Where nobody speaks for long, between the first and the last word of the parties.

    Attributes:
        count: silences of 3 s and more.
        total_ms: all of them together.
        longest_ms: the longest of them, 0 when there is none.
        share: ``total_ms`` of the time between the first and the last word, 0..1.
        longest_before: index of the turn that ends the longest; ``None`` when there is none.
    """

    count: int
    total_ms: int
    longest_ms: int
    share: float
    longest_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyConduct:
    """How one party held the call.

    Attributes:
        role: agent or customer.
        turns: turns with words.
        characters: hanzi, letters and digits.
        speech_ms: time in which the party speaks, without pauses of 400 ms and more.
        talk_share: ``speech_ms`` of that of both parties, 0..1.
        rate: characters a minute of ``speech_ms``; ``None`` below 10 s of speech.
        monologue: the longest; ``None`` when the party says nothing.
        interruptions: how often the party interrupts the other.
        responses: how often the party answers the other.
        response_ms: median time from the other's last word to the answer, 0 where they overlap.
        slow_responses: answers after more than 3 s.
        open_questions: with a question word: why, how, which day, how much.
        closed_questions: for yes or no or a choice, or who somebody is.
        course: tone turn by turn; empty when no tone was judged.
        phases: tone by thirds of the call; empty when no tone was judged.
    """

    role: Role
    turns: int
    characters: int
    speech_ms: int | None
    talk_share: float | None
    rate: float | None
    monologue: Monologue | None
    interruptions: int | None
    responses: int | None
    response_ms: int | None
    slow_responses: int | None
    open_questions: int
    closed_questions: int
    course: tuple[TonePoint, ...] = ()
    phases: tuple[TonePhase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConduct:
    """How the call was held.

    Attributes:
        agent: the agent's side.
        customer: the other side.
        silences: ``None`` without times.
        overlap_ms: time in which both speak; ``None`` without times or on one channel.
        overlap_share: the same of the time in which anybody speaks, 0..1.
        interruptions: by either party, in time order; ``None`` as for ``overlap_ms``.
        shifts: where tone turns, in order of the turns.
    """

    agent: PartyConduct
    customer: PartyConduct
    silences: Silences | None
    overlap_ms: int | None
    overlap_share: float | None
    interruptions: tuple[Interruption, ...] | None
    shifts: tuple[ToneShift, ...] = ()
