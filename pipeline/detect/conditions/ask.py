"""Questions to a language model, off unless the settings name one (``[judge]``).

The model reads one turn and the one before it. Its yes counts only where it quotes the turn literally:
the quote is the evidence, and what cannot be quoted is no evidence.

What it is given is masked (:func:`pipeline.privacy.masks.mask_turns`, and the customer's number in the file)
unless the model runs on this machine. A masked text has the length of the original, so that a quote is
looked for in what the model read and stands at the same offsets in what was said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import NO, Outcome, Place, no, unknown, yes
from pipeline.detect.patterns import fold
from pipeline.errors import EngineError
from pipeline.privacy.masks import mask_turns
from pipeline.redact import mask_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.detect.conditions.operators import Toolbox, TurnBuilder
    from pipeline.detect.schema.conditions import Ask, Condition
    from pipeline.detect.view import CallView
    from pipeline.ports import Answer, LanguageJudge
    from pipeline.types import Role, Turn

LLM = "llm"
_FIRMS = ("lender", "agency")
SHORTEST_QUOTE = 2
"""Characters; one alone stands nearly everywhere."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``llm``: the model says yes and shows where."""

    question: str

    def at(self, view: CallView, position: int) -> Outcome:
        """The stretch that the model quotes."""
        judge = view.facts.judge
        if judge is None:
            return unknown(LLM)
        turn = view.turns[position]
        if not turn.text.strip():
            return NO
        turns = view.turns[max(0, position - 1) : position + 1]
        texts = [one.text for one in turns] if judge.stays_here else _masked(turns, view)
        shown, shown_before = texts[-1], texts[0] if position else ""
        try:
            answer = judge.ask(self.question, turn.role, shown, shown_before)
        except EngineError:
            return unknown(LLM)
        return _weighed(answer, shown, position)


def _weighed(answer: Answer, shown: str, position: int) -> Outcome:
    """The answer, as far as its quote carries it."""
    if not answer.yes:
        return no("the model says no")
    quote = fold(answer.quote.strip())
    start = fold(shown).find(quote)
    if len(quote) < SHORTEST_QUOTE or start < 0:
        return no("the model says yes, but its quote was not found in the turn")
    return yes(Place(position, start, start + len(quote)), note="the model says yes and quotes the turn")


def _masked(turns: Sequence[Turn], view: CallView) -> list[str]:
    """The texts of turns without what tells who is meant, at the same length."""
    names = [
        value for name, value in view.fields.items() if name.endswith("_name") and isinstance(value, str)
    ]
    number = view.fields.get("customer_id")
    texts = mask_turns(turns, names, firms=[str(view.fields[f]) for f in _FIRMS if view.fields.get(f)])
    if not (isinstance(number, str) and number):
        return list(texts)
    return [text.replace(number, mask_id(number)) for text in texts]


@dataclass(slots=True)
class Watched:
    """A judge that remembers why it could not answer, for the report of one call."""

    judge: LanguageJudge
    failures: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """The judge's own."""
        return self.judge.identity

    @property
    def stays_here(self) -> bool:
        """The judge's own."""
        return self.judge.stays_here

    def ask(self, question: str, role: Role, text: str, before: str) -> Answer:
        """The judge's answer.

        Raises:
            EngineError: the judge could not answer; its reason is kept.
        """
        try:
            return self.judge.ask(question, role, text, before)
        except EngineError as error:
            self.failures.append(error.reason)
            raise


def _asked(value: Ask, condition: Condition, tools: Toolbox) -> Asked:
    parts = [value.question]
    if value.include:
        parts.append("也算：" + "；".join(value.include))
    if value.exclude:
        parts.append("不算：" + "；".join(value.exclude))
    return Asked("\n".join(parts))


TURN_OPERATORS: Mapping[str, TurnBuilder] = {"llm": _asked}
