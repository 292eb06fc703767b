"""What a rule pack may say. ``docs/rules.md`` explains it to the people who write them.

A pack is a YAML file in ``configs/rules/``. Every rule names what it is, whose words it reads,
what raises it and what spares it, and holds examples that must and must not raise it; a pack
whose examples fail does not load.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.types import Role, Severity


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Phrases = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""One pattern or a list of patterns, any of which may match."""

Kind = Literal["violation", "act", "event"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Comparison(_Part):
    """A comparison with a metadata field; all that are given must hold."""

    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    not_in: tuple[Any, ...] | None = None


FieldTest = Comparison | tuple[Any, ...] | str | bool | int | float | None
"""Equal to a value, one of a list, or a :class:`Comparison`."""


class Neighbour(_Part):
    """Another turn near the hit, of ``says``, that matches ``text``."""

    says: Literal["agent", "customer", "anyone"]
    text: Phrases
    within: int = Field(default=2, ge=1, le=200)
    """How many turns away at most."""


class Hit(_Part):
    """One way in which a rule is raised; everything that is given must hold.

    Attributes:
        text: the words; what they match is the evidence.
        also: must match somewhere else in the same turn.
        without: must match nowhere in the sentence of the hit.
        without_turn: must match nowhere in the turn.
        after: a turn before the hit. ``before``: a turn behind it. ``not_after``: none such.
        when: tests on metadata fields.
        if_unknown: what happens when a field of ``when`` is not known.
        first_turns: only in this many first turns of the speaker.
        unless: contexts that spare this hit, instead of the rule's.
        confidence: how sure this wording makes the rule, before roles and recognition count.
        severity, reason: instead of the rule's.
    """

    text: Phrases
    also: Phrases = ()
    without: Phrases = ()
    without_turn: Phrases = ()
    after: Neighbour | None = None
    not_after: Neighbour | None = None
    before: Neighbour | None = None
    when: dict[str, FieldTest] = Field(default_factory=dict)
    if_unknown: Literal["cannot_decide", "review", "ignore"] = "cannot_decide"
    first_turns: int | None = Field(default=None, ge=1)
    unless: tuple[str, ...] | None = None
    confidence: float = Field(default=0.9, gt=0, le=1)
    severity: Severity | None = None
    reason: str | None = None


class Absent(_Part):
    """Raised when none of ``text`` is said.

    Attributes:
        within: number of the speaker's first turns that are read; ``None`` reads all.
        when: tests on metadata that must hold for the rule to apply.
        satisfied_by: metadata tests, any of which makes the rule content without a word.
        needs_turns: the speaker must have at least this many turns, else the call is too short.
        opening: the transcript must begin like a call: one of these in its first two turns.
        unless_said: words, by anyone, that make it needless (a wrong number needs no introduction).
        well_heard: mean word probability of the turns below which silence is no proof, only a doubt.
    """

    says: Literal["agent", "customer"] = "agent"
    text: Phrases
    unless: tuple[str, ...] = ()
    within: int | None = Field(default=None, ge=1)
    when: dict[str, FieldTest] = Field(default_factory=dict)
    satisfied_by: dict[str, FieldTest] = Field(default_factory=dict)
    needs_turns: int = Field(default=2, ge=1)
    opening: Phrases = ()
    unless_said: Phrases = ()
    well_heard: float = Field(default=0.85, ge=0, le=1)
    confidence: float = Field(default=0.85, gt=0, le=1)


class Order(_Part):
    """Raised when ``then`` is said before any of ``first`` has happened.

    The evidence is the exact stretch that broke the order. ``opening`` as in :class:`Absent`:
    a transcript that starts in the middle proves nothing about order.
    """

    says: Literal["agent", "customer"] = "agent"
    then: Phrases
    without: Phrases = ()
    first: tuple[Neighbour, ...]
    opening: Phrases
    when: dict[str, FieldTest] = Field(default_factory=dict)
    confidence: float = Field(default=0.85, gt=0, le=1)


class ClockBand(_Part):
    """A window of the day, ``from`` inside and ``to`` outside, over midnight where it must."""

    start: str = Field(alias="from", pattern=r"^\d\d:\d\d$")
    end: str = Field(alias="to", pattern=r"^\d\d:\d\d$")
    severity: Severity


class Clock(_Part):
    """Raised when the call starts inside a band, in the call's own time zone."""

    bands: tuple[ClockBand, ...]
    when: dict[str, FieldTest] = Field(default_factory=dict)
    unless_field: str | None = None
    """A metadata field that, when set, says that the party agreed to the time."""
    unless_said: Phrases = ()
    """Words, by anyone, that say so: a call-back that was asked for."""


class Amount(_Part):
    """Raised when the speaker states a figure that is not in the file.

    Attributes:
        text: the stretch in which the figure stands.
        unit: ``yuan``, or ``days`` (months count as 30 days).
        ledger: the metadata fields the figure may equal, or their sums and differences; an entry may
            itself be a difference (``total_due-principal``).
        tolerance: share of the ledger figure that may be off; ``at_least`` in the unit itself.
        direction: ``over`` flags only figures above every ledger figure. An inexact figure («八千多») is
            a lower bound and is flagged only above.
        clear: in recordings, every word of the figure must be at least this probable, else it cannot be
            decided: a misheard digit is nobody's misstatement.
    """

    says: Literal["agent", "customer"] = "agent"
    text: Phrases
    without: Phrases = ()
    unit: Literal["yuan", "days"] = "yuan"
    ledger: tuple[str, ...] = Field(min_length=1)
    tolerance: float = Field(default=0.01, ge=0)
    at_least: float = Field(default=10, ge=0)
    direction: Literal["any", "over"] = "any"
    clear: float = Field(default=0.8, ge=0, le=1)
    confidence: float = Field(default=0.85, gt=0, le=1)


class Line(_Part):
    """One line of an example dialogue: ``{agent: …}`` or ``{customer: …}``."""

    agent: str | None = None
    customer: str | None = None

    @model_validator(mode="after")
    def _one_speaker(self) -> Line:
        if (self.agent is None) == (self.customer is None):
            raise ValueError("a line has exactly one of agent, customer")
        return self

    @property
    def role(self) -> Role:
        """Who says the line."""
        return Role.AGENT if self.agent is not None else Role.CUSTOMER

    @property
    def text(self) -> str:
        """What is said."""
        return self.agent if self.agent is not None else self.customer or ""


def _example(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class Example(_Part):
    """A line, with what is said around it and what is known of the call.

    ``text`` is said by the rule's speaker. Without ``text`` the example is a whole dialogue and
    the rule may be raised anywhere in it.
    """

    text: str | None = None
    before: tuple[Line, ...] = ()
    then: tuple[Line, ...] = ()
    dialogue: tuple[Line, ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _line_or_dialogue(self) -> Example:
        if (self.text is None) == (not self.dialogue):
            raise ValueError("an example has either a text or a dialogue")
        return self


Examples = Annotated[tuple[Annotated[Example, BeforeValidator(_example)], ...], Field(min_length=1)]


class ExampleSet(_Part):
    """What must and must not raise the rule."""

    must_hit: Examples
    must_not_hit: Examples


class Rule(_Part):
    """A rule: a violation, an act or an event.

    Attributes:
        rule: the name, one of eval/SCHEMA.md's or your own.
        title: the name people read.
        says: whose words are read.
        reason: one sentence for the reviewer; ``{quote}`` stands for the evidence.
        unless: contexts (``contexts.yaml``) that spare a hit.
        unless_text: wordings that spare a hit anywhere in its sentence.
    """

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    severity: Severity | None = None
    norms: tuple[str, ...] = ()
    says: Literal["agent", "customer", "anyone"] = "agent"
    reason: str = ""
    unless: tuple[str, ...] | None = None
    unless_text: Phrases = ()
    hits: tuple[Hit, ...] = ()
    absent: Absent | None = None
    order: Order | None = None
    clock: Clock | None = None
    amounts: tuple[Amount, ...] = ()
    examples: ExampleSet

    @model_validator(mode="after")
    def _can_be_raised(self) -> Rule:
        if not (self.hits or self.absent or self.order or self.clock or self.amounts):
            raise ValueError("nothing can raise this rule: give hits, absent, order, clock or amounts")
        return self


class RulePack(_Part):
    """A file of rules on one theme.

    Attributes:
        words: word lists of this pack, used in patterns as ``<name>``.
        unless: contexts that spare the hits of every rule that names none itself.
    """

    pack: str
    version: str
    kind: Kind
    owner: str = ""
    unless: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _violations_are_complete(self) -> RulePack:
        if self.kind == "violation":
            for rule in self.rules:
                for name in ("severity", "norms", "reason"):
                    if not getattr(rule, name):
                        raise ValueError(f"rule {rule.rule}: a violation needs {name}")
        return self


class Context(_Part):
    """A way of speaking that spares a hit.

    Attributes:
        scope: where ``text`` must match: in the hit's own clause before or behind it, anywhere in
            its clause, sentence or turn.
        near: for ``before``: the match must end at most this many characters before the hit.
        ignore: wordings that look like ``text`` and are not.
    """

    scope: Literal["before", "behind", "clause", "sentence", "turn"]
    text: Phrases
    ignore: Phrases = ()
    near: int | None = Field(default=None, ge=0)


class ContextFile(_Part):
    """``configs/rules/contexts.yaml``."""

    contexts: dict[str, tuple[Context, ...]]
