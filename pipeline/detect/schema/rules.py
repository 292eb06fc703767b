"""Rules and packs."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from pipeline.detect.schema.conditions import Condition, Flow
from pipeline.detect.schema.examples import ExampleSet
from pipeline.detect.schema.parts import Names, Part, Phrases, Says
from pipeline.detect.schema.raising import Absent, Amount, Hit, Order
from pipeline.types import Severity

Kind = Literal["violation", "act", "event", "note"]
"""A note is something that no report shows, kept for later calls with the same person."""

IfUnknown = Literal["cannot_decide", "if_supplied", "ignore"]


class Rule(Part):
    """A rule: a violation, an act or an event.

    Attributes:
        rule: the name, one of eval/SCHEMA.md's or your own.
        title: the name people read.
        says: whose words are read.
        reason: one sentence for the reviewer; ``{quote}`` stands for the evidence.
        owner: who answers for it, instead of the pack's.
        unless: contexts (``contexts.yaml``) that spare a hit.
        unless_text: wordings that spare a hit anywhere in its sentence.
        unless_alone: contexts that spare no hit, but in which the second opinion's word alone counts for less
            (``rules.spared`` in ``opinion.yaml``).
        never: turns that one of these hits are no such act, event or note, whoever sees one there: hits of
            this rule or the second opinion. Contexts and ``unless_text`` of the rule do not spare them.
        conditions: named conditions, for ``raise_when``, ``flow`` and the ``given`` of hits.
        raise_when: names joined by ``and``, ``or``, ``not``, ``2 of (a, b, c)`` and parentheses.
        show: the conditions whose places are the evidence; those of ``raise_when`` when left out.
        confidence: of what ``raise_when`` or ``flow`` raises.
        severity_when: severities other than the rule's, each with what must hold for it as in
            ``raise_when``; the gravest that holds counts.
        if_unknown: what happens when the conditions leave it open: ``cannot_decide`` (a finding names
            what is missing), ``if_supplied`` (the same, but only where the operator supplies all that is
            missing for other calls of the batch), ``ignore``.
        flow: steps that must come in order.
        per: whether every turn that raises it is a finding, or the first alone (``call``).
        most: at most so many findings a call.
        points: what a finding takes from the compliance score, instead of the scorecard's.
        cap: the most the rule takes from a call.
        red_line: whether a violation leaves nothing of the score; critical ones do.
        needs: confidence from which it is a violation, instead of ``detect.violation_confidence``.
        effective_from, effective_to: days of the call, both inside, on which the rule applies.
    """

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    severity: Severity | None = None
    norms: tuple[str, ...] = ()
    says: Says = "agent"
    reason: str = ""
    owner: str = ""
    unless: tuple[str, ...] | None = None
    unless_text: Phrases = ()
    unless_alone: tuple[str, ...] = ()
    never: tuple[Hit, ...] = ()
    hits: tuple[Hit, ...] = ()
    absent: Absent | None = None
    order: Order | None = None
    amounts: tuple[Amount, ...] = ()
    conditions: dict[str, Condition] = Field(default_factory=dict)
    raise_when: str | None = None
    show: Names = ()
    confidence: float = Field(default=0.9, gt=0, le=1)
    severity_when: dict[Severity, str] = Field(default_factory=dict)
    if_unknown: IfUnknown = "cannot_decide"
    flow: Flow | None = None
    per: Literal["hit", "call"] = "hit"
    most: int | None = Field(default=None, ge=1)
    points: float | None = Field(default=None, ge=0, le=100)
    cap: float | None = Field(default=None, ge=0, le=100)
    red_line: bool | None = None
    needs: float | None = Field(default=None, gt=0, le=1)
    effective_from: date | None = None
    effective_to: date | None = None
    examples: ExampleSet = ExampleSet()

    @model_validator(mode="after")
    def _can_be_raised(self) -> Rule:
        ways = (self.hits, self.absent, self.order, self.amounts, self.raise_when, self.flow)
        if not any(ways):
            raise ValueError(
                "nothing can raise this rule: give hits, absent, order, amounts, raise_when or flow"
            )
        if self.show and not self.raise_when:
            raise ValueError("show names the evidence of raise_when")
        if self.severity_when and not self.raise_when:
            raise ValueError("severity_when grades what raise_when raises")
        if self.effective_from and self.effective_to and self.effective_from > self.effective_to:
            raise ValueError("effective_from lies behind effective_to")
        return self


class RulePack(Part):
    """A file of rules on one theme.

    Attributes:
        draft: a pack that has not proven itself (imported, half written): its rules may lack norms and
            examples, and what it raises is for review only.
        words: word lists of this pack, used in patterns as ``<name>``.
        unless: contexts that spare the hits of every rule that names none itself.
    """

    pack: str
    version: str
    draft: bool = False
    kind: Kind
    owner: str = ""
    unless: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _violations_are_complete(self) -> RulePack:
        needed = ("severity", "reason") if self.draft else ("severity", "norms", "reason")
        if self.kind == "violation":
            for rule in self.rules:
                for name in needed:
                    if not getattr(rule, name):
                        raise ValueError(f"rule {rule.rule}: a violation needs {name}")
        return self

    @model_validator(mode="after")
    def _violations_have_excuses_only(self) -> RulePack:
        for rule in self.rules if self.kind == "violation" else ():
            if rule.never:
                raise ValueError(f"rule {rule.rule}: never is for acts, events and notes; use unless")
        for rule in self.rules:
            if any(hit.when or hit.given for hit in rule.never):
                raise ValueError(f"rule {rule.rule}: never asks for words and turns, not for when or given")
        return self

    @model_validator(mode="after")
    def _rules_are_proven(self) -> RulePack:
        for rule in () if self.draft else self.rules:
            for name in ("must_hit", "must_not_hit"):
                if not getattr(rule.examples, name):
                    raise ValueError(f"rule {rule.rule}: examples.{name}: only a draft may lack them")
        return self
