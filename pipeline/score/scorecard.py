"""The scorecard: what costs, what earns, in which calls, and how far; read from YAML.

A card is of the form ``tinghe.scorecard/1`` (``configs/schema/scorecard.schema.json``, see docs/scores.md).
It says how much and when; how an item is judged is written in :mod:`pipeline.score.items`.
"""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ConfigError, RulePackError
from pipeline.types import Commitment, FindingState, Severity, Tone
from pipeline.yaml_files import parse_file

if TYPE_CHECKING:
    from pathlib import Path

SCORECARD_SCHEMA_ID = "tinghe.scorecard/1"


class Item(StrEnum):
    """What effectiveness can look at; :data:`pipeline.score.items.CHECKS` says how."""

    POLITE_OPENING = "polite_opening"
    RPC_CONFIRM = "rpc_confirm"
    INFORM_FACTS = "inform_facts"
    OPEN_QUESTION = "open_question"
    REASON_PROBE = "reason_probe"
    EMPATHY = "empathy"
    SOLUTION_OFFER = "solution_offer"
    PTP_AMOUNT = "ptp_amount"
    PTP_DATE = "ptp_date"
    PTP_CHANNEL = "ptp_channel"
    PTP_CONFIRMED = "ptp_confirmed"
    CONSEQUENCE_ACCURATE = "consequence_accurate"
    DEESCALATE = "deescalate"
    OBJECTION_HANDLING = "objection_handling"
    CLOSING_SUMMARY = "closing_summary"
    RESPECTFUL_TONE = "respectful_tone"
    PRIVACY_KEPT = "privacy_kept"
    NEXT_STEP = "next_step"
    CARE_FIRST = "care_first"


class Situation(StrEnum):
    """Who was reached, which decides what a good call is."""

    DEBTOR = "debtor"
    """The debtor, or a guarantor, who owes as well."""
    OTHER_PERSON = "other_person"
    """Somebody who owes nothing."""
    CRISIS = "crisis"
    """Words of self-harm: collection has to stop and care comes first."""


class Excuse(StrEnum):
    """What makes an item not due that would be otherwise."""

    PROMISED_IN_FULL = "promised_in_full"
    """The customer promises all that is due and tells of no hardship."""
    DISPUTE_RECORDED = "dispute_recorded"
    """The customer disputes, does not simply refuse, and the agent takes it up: it is checked first."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassDeduction(_Part):
    """What the rules of one severity cost.

    Attributes:
        first: points for the first turn that breaks a rule.
        further: points for each further turn that breaks the same rule.
        cap: the most that all rules of the severity together can cost.
    """

    first: float = Field(ge=0, le=100)
    further: float = Field(ge=0, le=100)
    cap: float = Field(ge=0, le=100)


class RedLines(_Part):
    """Which rules leave nothing of the score: critical ones and these, without those.

    Attributes:
        also: rules that are red lines whatever their severity.
        never: rules that are none, whatever their severity.
        confidence: how probable a finding has to be to leave nothing; a less sure one costs like a major rule
            until somebody confirms it. Findings that no second opinion was asked about state no probability.
        by_rule: whether a rule has to speak for it, too: what a learned model alone says costs like a major
            rule until somebody confirms it, however sure the model is.
    """

    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    confidence: float = Field(default=0.85, ge=0, le=1)
    by_rule: bool = True

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        both = sorted(set(self.also) & set(self.never))
        if both:
            raise ValueError(f"also and never both name {both[0]!r}")
        return self


class ComplianceCard(_Part):
    """Deductions from 100; a red line needs no figure, it leaves 0.

    Attributes:
        failed_below: a call with fewer points than this has failed.
    """

    major: ClassDeduction
    minor: ClassDeduction
    red_lines: RedLines = RedLines()
    failed_below: float = Field(default=60, ge=0, le=100)


class Cause(_Part):
    """What the customer gives an item its cause with.

    Attributes:
        voiced: any of these acts or events.
        sounds: any of these tones.
    """

    voiced: tuple[str, ...] = ()
    sounds: tuple[Tone, ...] = ()


class ItemRule(_Part):
    """What an item is worth and when it is looked at; a bare number is its points.

    Attributes:
        points: above 0; only the ratio to the other items matters.
        calls: the calls in which it counts; all when left out.
        when: what the customer has to give as a cause. What is done without a cause counts as done.
        unless: what makes it not due. What is done all the same counts.
    """

    points: float = Field(gt=0, le=100)
    calls: tuple[Situation, ...] = Field(default=tuple(Situation), min_length=1)
    when: Cause | None = None
    unless: tuple[Excuse, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _bare_points(cls, value: Any) -> Any:
        return {"points": value} if isinstance(value, (int, float, str)) else value


class Caps(_Part):
    """Upper limits of effectiveness for calls that break rules: pressure never pays.

    Attributes:
        red_line: of a call with a red line.
        failed: of a call whose compliance is below ``compliance.failed_below``.
    """

    red_line: float = Field(ge=0, le=100)
    failed: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _worse_is_lower(self) -> Self:
        if self.red_line > self.failed:
            raise ValueError("red_line must not be above failed")
        return self


class EffectivenessCard(_Part):
    """Items with their points; an item that is not listed is not looked at.

    Attributes:
        act_beside_minor: share of an item's points for an act in a turn that breaks a minor rule.
        act_beside_major: the same beside a major or critical rule.
        formula_empathy: the same for a formula of empathy with a demand right after it.
        weak_promise: share of the points of amount and date when the promise binds loosely: on a
            condition, roughly named, or not answered.
        wrong_number: share of the points of the next step for taking up a wrong number: it is cleared,
            and nobody is nearer to the debtor.
    """

    items: dict[Item, ItemRule] = Field(min_length=1)
    act_beside_minor: float = Field(ge=0, le=1)
    act_beside_major: float = Field(ge=0, le=1)
    formula_empathy: float = Field(default=0.5, ge=0, le=1)
    weak_promise: float = Field(default=0.5, ge=0, le=1)
    wrong_number: float = Field(default=0.5, ge=0, le=1)
    caps: Caps
    official_channels: tuple[str, ...]

    @model_validator(mode="after")
    def _worse_beside_major(self) -> Self:
        if self.act_beside_major > self.act_beside_minor:
            raise ValueError("act_beside_major must not be above act_beside_minor")
        return self


class ExampleFinding(_Part):
    """A finding of an example; without a turn it is about the whole call."""

    rule: str
    severity: Severity = Severity.MAJOR
    state: FindingState = FindingState.VIOLATION
    turn: int | None = Field(default=None, ge=0)


class ExampleAct(_Part):
    """An act of either party, in a turn of its own party; a bare name stands in the first."""

    act: str
    turn: int | None = Field(default=None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"act": value} if isinstance(value, str) else value


class ExamplePromise(_Part):
    """A promise to pay; confirmed and firm unless it says otherwise."""

    amount: Decimal | None = None
    date: Date | None = None
    confirmed: bool = True
    coerced: bool = False
    certainty: Commitment = Commitment.FIRM


class Expected(_Part):
    """What an example has to score; what is left out is not compared.

    Attributes:
        effectiveness: ``None`` is the score of a call in which no agent speaks.
        items: points of items; ``None`` for one that does not apply.
    """

    compliance: float | None = None
    if_confirmed: float | None = None
    red_line: bool | None = None
    effectiveness: float | None = None
    items: dict[Item, float | None] = Field(default_factory=dict)


class ScoreExample(_Part):
    """A call in a few words, and what it has to score.

    Attributes:
        example: what it shows.
        call: metadata, as in a manifest.
        turns: ``agent: words`` or ``customer: words``; six turns of each, taking turns, when left out.
        agent, customer: their acts.
    """

    example: str
    call: dict[str, Any] = Field(default_factory=dict)
    turns: tuple[dict[Literal["agent", "customer"], str], ...] = ()
    findings: tuple[ExampleFinding, ...] = ()
    agent: tuple[ExampleAct, ...] = ()
    customer: tuple[ExampleAct, ...] = ()
    events: tuple[str, ...] = ()
    promise: ExamplePromise | None = None
    expect: Expected


class Scorecard(_Part):
    """Both halves of a scorecard, and its examples."""

    form: Literal["tinghe.scorecard/1"] = Field(alias="schema")
    version: str = Field(min_length=1)
    compliance: ComplianceCard
    effectiveness: EffectivenessCard
    examples: tuple[ScoreExample, ...] = Field(min_length=1)


def load_scorecard(path: Path) -> Scorecard:
    """Read a scorecard; :func:`pipeline.score.proof.prove_card` runs its examples.

    Raises:
        ConfigError: the file cannot be read, or a value is wrong: one line an error, with file, line
            and field.
    """
    try:
        return parse_file(Scorecard, path)
    except RulePackError as error:
        raise ConfigError(str(error)) from error
