"""What a condition may say: where to look (scope, anchor) and what to look for (operators).

A condition is true of a call when some turn of its scope (or, with ``every``, each) satisfies all of
its operators; the turns that do are its places, and other conditions can be anchored to them. Where
what it needs is not known (no metadata field, no times, no sound) it is neither true nor false.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.detect.schema.parts import FieldTest, Names, Part, Phrases, Range, Says, Seconds
from pipeline.detect.schema.records import ClockWindow, Contacts, Earlier, PromiseState, Shortfall
from pipeline.types import Tone

Phase = Literal["opening", "verification", "body", "closing"]
"""Parts of a call: until who is called is asked for; until that is answered; the rest; the goodbye."""

Chance = Annotated[float, Field(ge=0, le=1)]


class TurnRange(Part):
    """Turns of the condition's speaker, counted from 1; negative numbers count from the end.

    Beside an anchor 1 is the turn next to it (``after``, ``before``); ``around`` counts negative
    before and positive behind it, and 0 is the anchor itself.
    """

    start: int | None = Field(default=None, alias="from")
    end: int | None = Field(default=None, alias="to")
    first: int | None = Field(default=None, ge=1)
    last: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> TurnRange:
        ways = (self.first is not None, self.last is not None, self.start is not None or self.end is not None)
        if sum(ways) != 1:
            raise ValueError("give one of first, last, from and to")
        return self


class Stretch(Part):
    """A stretch of the call, in seconds or per cent; half-open, ``from`` inside."""

    start: float | None = Field(default=None, alias="from", ge=0)
    end: float | None = Field(default=None, alias="to", ge=0)
    first: float | None = Field(default=None, gt=0)
    last: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Stretch:
        ways = (self.first is not None, self.last is not None, self.start is not None or self.end is not None)
        if sum(ways) != 1:
            raise ValueError("give one of first, last, from and to")
        return self


class AtLeast(Part):
    """So many different phrases of a list, in one turn or (``across``) in all turns of the scope."""

    n: int = Field(ge=1)
    of: tuple[str, ...] = Field(min_length=1)
    across: bool = False

    @model_validator(mode="after")
    def _possible(self) -> AtLeast:
        if self.n > len(self.of):
            raise ValueError(f"{self.n} of {len(self.of)} phrases can never be said")
        return self


class Near(Part):
    """Words close to each other: at most ``distance`` characters between neighbours.

    Attributes:
        words: patterns, each of which must match.
        ordered: whether they must come in this order.
        apart: instead, raised when no two of them stand so close (Amazon's ``IsWithin: false``).
    """

    words: tuple[str, ...] = Field(min_length=2)
    distance: int = Field(ge=0, le=200)
    ordered: bool = False
    apart: bool = False


class Number(Part):
    """A number that is said.

    Attributes:
        unit: ``yuan``, ``days`` (months count 30), ``percent``, ``any`` (every numeral).
        value: bounds; without them any number of the unit.
        decimal: only numbers with (true) or without (false) a fraction.
        about: a pattern that must match in the same sentence.
    """

    unit: Literal["yuan", "days", "percent", "any"] = "any"
    value: Range | None = None
    decimal: bool | None = None
    about: Phrases = ()


class Similar(Part):
    """Sentences that say nearly the same.

    Attributes:
        sentences: up to 200, of at most 50 characters.
        score: likeness from which a sentence of the turn counts, 0..1 (cosine of weighted n-grams of
            characters and sounds).
    """

    sentences: tuple[Annotated[str, Field(min_length=2, max_length=50)], ...] = Field(
        min_length=1, max_length=200
    )
    score: Chance = 0.8


class SoundsLike(Part):
    """Phrases by their sound: what recognition writes down may be other characters.

    Attributes:
        phrases: hanzi and letters, two syllables at least.
        score: likeness a stretch must have, 0..1, for a phrase of four syllables heard with certainty.
            Longer phrases need less, shorter ones more, and where the engine was unsure of the words
            less is needed.
    """

    phrases: tuple[Annotated[str, Field(min_length=2, max_length=30)], ...] = Field(min_length=1)
    score: Chance = 0.8


class Loudness(Part):
    """Level of the turn.

    Attributes:
        level: dB relative to full scale (negative).
        above_own: dB above the same speaker's median in this call.
        jump: dB above the turn before of the same speaker.
        span: dB between the speaker's loudest and softest turn of the scope.
    """

    level: Range | None = None
    above_own: Range | None = None
    jump: Range | None = None
    span: Range | None = None

    @model_validator(mode="after")
    def _something(self) -> Loudness:
        if not (self.level or self.above_own or self.jump or self.span):
            raise ValueError("give level, above_own, jump or span")
        return self


class Silence(Part):
    """Nobody speaks before the turn.

    Attributes:
        seconds: how long.
        after: who spoke last before; ``other`` for the other party.
        total: the silence before all turns of the scope together.
    """

    seconds: Range
    after: Literal["agent", "customer", "anyone", "same", "other"] = "anyone"
    total: bool = False


class Overlap(Part):
    """The turn begins while the other party is still speaking.

    Attributes:
        seconds: how long both speak.
        min_chars: turns shorter than this are back-channels («嗯»), not interruptions.
        late: seconds the other party must have been speaking before.
    """

    seconds: Range
    min_chars: int = Field(default=4, ge=0)
    late: Seconds = 0.0


class Rate(Part):
    """Characters a minute; ``average`` takes all turns of the scope together."""

    value: Range
    min_chars: int = Field(default=4, ge=1)
    average: bool = False


class Hangup(Part):
    """Who ends the call, and how soon after the last word.

    Attributes:
        last_speaker: who speaks last.
        seconds: sound left behind the last word.
    """

    last_speaker: Literal["agent", "customer", "anyone"] = "anyone"
    seconds: Range | None = None


class Repeat(Part):
    """The speaker says the same again (nagging).

    Attributes:
        times: how often in all.
        similarity: from which two turns are the same, 0..1.
        min_chars: shorter turns do not count.
        within: among so many neighbouring turns of the speaker.
        excludes: turns that match are not counted.
    """

    times: int = Field(default=2, ge=2)
    similarity: Chance = 0.8
    min_chars: int = Field(default=4, ge=1)
    within: int = Field(default=10, ge=2)
    excludes: Phrases = ()

    @model_validator(mode="after")
    def _possible(self) -> Repeat:
        if self.times > self.within:
            raise ValueError(f"{self.times} times among {self.within} turns can never be")
        return self


class ToneShift(Part):
    """The speaker's tone changes between two of his turns, at most ``within`` turns of his apart."""

    start: Annotated[tuple[Tone, ...], Field(min_length=1)] = Field(alias="from")
    end: Annotated[tuple[Tone, ...], Field(min_length=1)] = Field(alias="to")
    within: int = Field(default=3, ge=1)


class Learned(Part):
    """What the second opinion thinks: a rule, act or tone of its vocabulary and its probability."""

    label: str
    chance: Range


class Ask(Part):
    """A question to a language model; counts only where the answer quotes the turn literally.

    Attributes:
        question: what must be true of a turn, in plain words.
        include, exclude: what counts too and what does not.
    """

    question: str = Field(min_length=4)
    include: Phrases = ()
    exclude: Phrases = ()


Hit = Annotated[int | Literal["any", "every", "first", "last"], Field(description="a number counts from 1")]


class Condition(Part):
    """Where to look and what for. All that is given must hold; see the module.

    Scope: ``says``, ``role_confidence``, ``turns``, ``seconds``, ``percent``, ``phase``; ``every`` turn of it
    must satisfy the operators, or ``count`` of them, else one is enough.
    Anchor: ``after``/``before``/``around``/``same`` name another condition, ``hit`` which of its
    places, ``within`` (turns of anybody) and ``within_seconds`` how far.
    Nested: ``any``, ``each``, ``none`` of several conditions without scope or anchor, in the same turn.
    """

    says: Says | None = None
    role_confidence: Chance | None = None
    turns: TurnRange | None = None
    seconds: Stretch | None = None
    percent: Stretch | None = None
    phase: Annotated[tuple[Phase, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = ()
    every: bool = False
    count: Range | None = None

    after: str | None = None
    before: str | None = None
    around: str | None = None
    same: str | None = None
    hit: Hit = "any"
    within: int | None = Field(default=None, ge=0)
    within_seconds: Seconds | None = None

    text: Phrases = ()
    all_of: tuple[str, ...] = ()
    at_least: AtLeast | None = None
    without: Phrases = ()
    without_turn: Phrases = ()
    clause_only: bool = False
    unless: tuple[str, ...] = ()
    near: Near | None = None
    number: Number | None = None
    similar: Similar | None = None
    sounds_like: SoundsLike | None = None

    silence: Silence | None = None
    overlap: Overlap | None = None
    rate: Rate | None = None
    loudness: Loudness | None = None
    length: Range | None = Field(default=None, description="seconds of the turn")
    chars: Range | None = Field(default=None, description="characters of the turn")
    repeat: Repeat | None = None
    hangup: Hangup | None = None
    duration: Range | None = Field(default=None, description="seconds of the recording")
    turn_count: Range | None = Field(default=None, description="turns of the speaker in the scope")
    talk_time: Range | None = Field(default=None, description="seconds that the speaker's turns take")
    talk_share: Range | None = Field(default=None, description="per cent of all speech that is the speaker's")

    tone: Annotated[tuple[Tone, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = ()
    tone_shift: ToneShift | None = None
    act: Names = ()
    event: Names = ()
    entity: Names = Field(
        default=(), description="phone, id_card, bank_card, money, date, person, plate, address"
    )
    learned: Learned | None = None
    llm: Ask | None = None

    any: tuple[Condition, ...] = ()
    each: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    field: dict[str, FieldTest] = Field(default_factory=dict)
    clock: ClockWindow | None = None
    shortfall: Shortfall | None = None
    one_sided: bool | None = Field(default=None, description="whether a channel of the recording is dead")

    contacts: Contacts | None = None
    earlier: Earlier | None = None
    promise: PromiseState | None = None

    @model_validator(mode="before")
    @classmethod
    def _words_alone(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, (str, list)) else value

    @model_validator(mode="after")
    def _anchored_once(self) -> Condition:
        anchors = [name for name in ("after", "before", "around", "same") if getattr(self, name)]
        if len(anchors) > 1:
            raise ValueError(f"only one of {', '.join(anchors)}")
        if not anchors and (self.hit != "any" or self.within is not None or self.within_seconds is not None):
            raise ValueError("hit, within and within_seconds need after, before, around or same")
        if isinstance(self.hit, int) and self.hit < 1:
            raise ValueError("hit counts from 1")
        if self.every and self.count:
            raise ValueError("every and count exclude each other")
        return self

    @model_validator(mode="after")
    def _inner_ones_look_where_this_one_does(self) -> Condition:
        for inner in (*self.any, *self.each, *self.none):
            wrong = inner.model_fields_set & _WHERE
            if wrong:
                raise ValueError(f"{min(wrong)} belongs to the outer condition")
        return self

    @model_validator(mode="after")
    def _what_is_spared_is_words(self) -> Condition:
        sparing = self.model_fields_set & _SPARING
        if sparing and not self.model_fields_set & _SPARED:
            raise ValueError(
                f"{min(sparing)} spares words beside it: give one of {', '.join(sorted(_SPARED))}"
            )
        return self

    @property
    def asks(self) -> bool:
        """Whether a language model is asked, here or in an inner condition."""
        return self.llm is not None or any(inner.asks for inner in (*self.any, *self.each, *self.none))

    @property
    def anchor(self) -> tuple[str, str] | None:
        """How and to which condition this one is anchored."""
        for location in ("after", "before", "around", "same"):
            if name := getattr(self, location):
                return location, name
        return None


class Branch(Part):
    """A step of a flow that depends: ``{if: refused, then: [probe], else: [offer]}``."""

    condition: str = Field(alias="if")
    then: tuple[FlowStep, ...] = ()
    otherwise: tuple[FlowStep, ...] = Field(default=(), alias="else")


class Optional(Part):
    """A step that may be left out, but not come at another place."""

    optional: str


class Either(Part):
    """A step that one of several conditions makes."""

    either: tuple[str, ...] = Field(min_length=2)


FlowStep = str | Branch | Optional | Either


class Flow(Part):
    """Steps that must come in this order.

    Attributes:
        steps: names of conditions, branches, options.
        faults: what raises the rule: a step that is ``missing``, a step out of ``order``.
    """

    steps: tuple[FlowStep, ...] = Field(min_length=1)
    faults: tuple[Literal["missing", "order"], ...] = ("missing", "order")


_WHERE = frozenset(
    {"says", "role_confidence", "turns", "seconds", "percent", "phase", "every", "count"}
    | {"after", "before", "around", "same", "hit", "within", "within_seconds"}
)
"""Keys of a condition that say where to look, not what for."""
_SPARING = frozenset({"without", "without_turn", "unless", "clause_only"})
_SPARED = frozenset({"text", "all_of", "at_least", "near", "number", "similar", "sounds_like"})
"""Keys that exclude words, and those whose words they exclude."""

Condition.model_rebuild()
Branch.model_rebuild()
