"""What the conditions of a rule raise, through ``raise_when``, ``flow`` and the ``given`` of hits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pipeline.detect.conditions.answers import Answers, Truths
from pipeline.detect.conditions.condition import CompiledCondition
from pipeline.detect.conditions.flow import conditions_of, walk
from pipeline.detect.conditions.logic import every_name, names, parse
from pipeline.detect.raised import Raised
from pipeline.errors import RulePackError, TingheError, UnknownNameError
from pipeline.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.detect.conditions.logic import Expression
    from pipeline.detect.conditions.operators import Toolbox
    from pipeline.detect.conditions.outcome import Outcome, Place
    from pipeline.detect.patterns import Pattern
    from pipeline.detect.schema import Flow, Rule
    from pipeline.detect.schema.rules import IfUnknown
    from pipeline.detect.view import CallView


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """The conditions of a rule by name, each behind the one that it is anchored to.

    Attributes:
        asks: whether one of them asks a language model.
        if_unknown: what the rule does where they do not decide it.
    """

    conditions: Mapping[str, CompiledCondition]
    asks: bool
    if_unknown: IfUnknown = "cannot_decide"

    @classmethod
    def of(cls, rule: Rule, tools: Toolbox) -> ConditionSet:
        """Compile the conditions of a rule.

        Raises:
            RulePackError: a condition is wrong, anchored to none that is there, or in a circle.
        """
        compiled = {}
        for name, condition in rule.conditions.items():
            try:
                compiled[name] = CompiledCondition.of(name, condition, rule.says, tools)
            except TingheError as error:
                raise RulePackError(f"condition {name}: {error}") from error
        ordered: dict[str, CompiledCondition] = {}
        for name in compiled:
            _place(name, compiled, ordered, ())
        return cls(ordered, any(condition.asks for condition in ordered.values()), rule.if_unknown)

    def undecided(self, view: CallView, missing: tuple[str, ...]) -> str | None:
        """What a finding has to name as missing; ``None`` where the rule says nothing then."""
        if self.if_unknown == "ignore" or not missing:
            return None
        history = view.facts.history
        if self.if_unknown == "if_supplied" and not (history and history.supplied.issuperset(missing)):
            return None
        return missing[0]

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return tuple(pattern for condition in self.conditions.values() for pattern in condition.searched)

    def evaluate(self, view: CallView, expression: Expression | None = None) -> Answers:
        """The answers of the conditions, each given when it is asked for.

        A language model is dear: it is asked only where ``expression`` is still open without it.
        """
        answers = Answers(self.conditions, view, ask=False)
        if self.asks and (expression is None or expression.value(Truths(answers)) is None):
            return Answers(self.conditions, view, ask=True)
        return answers

    def expression(self, source: str) -> Expression:
        """An expression over these conditions.

        Raises:
            RulePackError: it cannot be read or names a condition that is not there.
        """
        expression = parse(source)
        self.require(every_name(expression))
        return expression

    def require(self, wanted: tuple[str, ...]) -> None:
        """Refuse names that are none of these conditions.

        Raises:
            UnknownNameError: one is not there.
        """
        for name in wanted:
            if name not in self.conditions:
                raise UnknownNameError("condition", name, list(self.conditions))


def _place(
    name: str,
    compiled: Mapping[str, CompiledCondition],
    ordered: dict[str, CompiledCondition],
    trail: tuple[str, ...],
) -> None:
    """Put a condition behind its anchor."""
    if name in trail:
        raise RulePackError(f"conditions are anchored in a circle: {' → '.join((*trail, name))}")
    if name not in compiled:
        near = get_close_matches(name, list(compiled), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RulePackError(f"condition {trail[-1]}: no condition named {name!r}.{hint}")
    if name in ordered:
        return
    anchor = compiled[name].anchor
    if anchor:
        _place(anchor[1], compiled, ordered, (*trail, name))
    ordered[name] = compiled[name]


@dataclass(frozen=True, slots=True)
class Given:
    """``given``: an expression that must hold of the call for a hit to count."""

    conditions: ConditionSet
    expression: Expression

    @classmethod
    def of(cls, source: str, conditions: ConditionSet) -> Given:
        """Compile the expression of a hit.

        Raises:
            RulePackError: it cannot be read or names a condition that is not there.
        """
        return cls(conditions, conditions.expression(source))

    def limit(self, view: CallView, found: Iterable[Raised]) -> Iterator[Raised]:
        """What was found, where the expression holds; undecided where that is not known."""
        hits = tuple(found)
        if not hits:
            return
        outcomes = self.conditions.evaluate(view, self.expression)
        truth = self.expression.value(Truths(outcomes))
        if truth is False:
            return
        if truth is None:
            missing = self.conditions.undecided(view, _missing(outcomes, self.expression))
            hits = tuple(replace(raised, missing=raised.missing or missing) for raised in hits if missing)
        yield from hits


@dataclass(frozen=True, slots=True)
class WhenCheck:
    """``raise_when``: an expression over conditions.

    Attributes:
        grades: severities other than the rule's with what must hold for each, the gravest first.
    """

    rule: Rule
    conditions: ConditionSet
    expression: Expression
    show: tuple[str, ...]
    grades: tuple[tuple[Severity, Expression], ...] = ()
    searched: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, rule: Rule, conditions: ConditionSet) -> WhenCheck:
        """Compile the expression of a rule.

        Raises:
            RulePackError: it cannot be read or names a condition that is not there.
        """
        expression = conditions.expression(rule.raise_when or "")
        conditions.require(rule.show)
        show = rule.show or tuple(dict.fromkeys(names(expression)))
        grades = tuple(
            (severity, conditions.expression(rule.severity_when[severity]))
            for severity in Severity
            if severity in rule.severity_when
        )
        return cls(rule, conditions, expression, show, grades)

    def find(self, view: CallView) -> Iterator[Raised]:
        """One finding a turn of the evidence, or one about the call where there is none."""
        outcomes = self.conditions.evaluate(view, self.expression)
        truths = Truths(outcomes)
        truth = self.expression.value(truths)
        if truth is False:
            return
        if truth is None:
            missing = self.conditions.undecided(view, _missing(outcomes, self.expression))
            if missing:
                yield Raised(position=None, confidence=self.rule.confidence, missing=missing)
            return
        severity = next((severity for severity, when in self.grades if when.value(truths)), None)
        shown = [outcomes[name] for name in self.show if outcomes[name].holds]
        sure = min((o.sure for o in shown), default=1.0)
        evidence = next((o.places for o in shown if o.places), ())
        for place in evidence or (None,):
            yield replace(_raised(place, self.rule.confidence * sure), severity=severity)


@dataclass(frozen=True, slots=True)
class FlowCheck:
    """``flow``: steps in order."""

    rule: Rule
    flow: Flow
    conditions: ConditionSet
    searched: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, rule: Rule, flow: Flow, conditions: ConditionSet) -> FlowCheck:
        """Compile the flow of a rule.

        Raises:
            UnknownNameError: a step names a condition that is not there.
        """
        conditions.require(conditions_of(flow))
        return cls(rule, flow, conditions)

    def find(self, view: CallView) -> Iterator[Raised]:
        """Every step that is missing or came at the wrong place."""
        walked = walk(self.flow, self.conditions.evaluate(view))
        missing = self.conditions.undecided(view, (walked.missing,) if walked.missing else ())
        if missing:
            yield Raised(position=None, confidence=self.rule.confidence, missing=missing)
        for fault in walked.faults:
            yield _raised(fault.place, self.rule.confidence)


def _missing(outcomes: Mapping[str, Outcome], expression: Expression) -> tuple[str, ...]:
    """What would have to be known, each thing once."""
    unknown = (outcomes[name] for name in every_name(expression) if outcomes[name].holds is None)
    return tuple(dict.fromkeys(outcome.missing for outcome in unknown if outcome.missing))


def _raised(place: Place | None, confidence: float) -> Raised:
    if place is None:
        return Raised(position=None, confidence=confidence)
    return Raised(position=place.turn, start=place.start, end=place.end, confidence=confidence)
