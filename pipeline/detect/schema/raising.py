"""The readable ways to raise a rule: words, absence, order, figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.detect.schema.parts import FieldTest, Part, Phrases, Says
from pipeline.types import Severity


class Neighbour(Part):
    """Another turn near the hit, of ``says``, that matches ``text``."""

    says: Says
    text: Phrases
    within: int = Field(default=2, ge=1, le=200)
    """How many turns away at most."""


class Hit(Part):
    """One way in which a rule is raised; everything that is given must hold.

    Attributes:
        text: the words; what they match is the evidence.
        also: must match somewhere else in the same turn.
        without: must match nowhere in the sentence of the hit.
        without_turn: must match nowhere in the turn.
        without_passage: must match nowhere in the passage of the hit: the turn, cut where the speaker
            changes course (``turning`` in ``words.yaml``: «不过», «再不还»).
        after: a turn before the hit. ``before``: a turn behind it. ``not_after``: none such.
        when: tests on metadata fields.
        if_unknown: what happens when a field of ``when`` is not known.
        first_turns: only in this many first turns of the speaker.
        given: conditions of the rule that must hold of the call, as in ``raise_when``.
        unless: contexts that spare this hit, instead of the rule's.
        confidence: how sure this wording makes the rule, before roles and recognition count. An act of
            confidence 1 stands whatever the second opinion thinks of it.
        severity, reason: instead of the rule's.
    """

    text: Phrases
    also: Phrases = ()
    without: Phrases = ()
    without_turn: Phrases = ()
    without_passage: Phrases = ()
    after: Neighbour | None = None
    not_after: Neighbour | None = None
    before: Neighbour | None = None
    when: dict[str, FieldTest] = Field(default_factory=dict)
    if_unknown: Literal["cannot_decide", "review", "ignore"] = "cannot_decide"
    first_turns: int | None = Field(default=None, ge=1)
    given: str | None = None
    unless: tuple[str, ...] | None = None
    confidence: float = Field(default=0.9, gt=0, le=1)
    severity: Severity | None = None
    reason: str | None = None


class Absent(Part):
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


class Order(Part):
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


class Amount(Part):
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
