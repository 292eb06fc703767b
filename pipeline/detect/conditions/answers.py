"""The answers of a rule's conditions, each given when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.detect.conditions.condition import CompiledCondition
    from pipeline.detect.conditions.outcome import Outcome
    from pipeline.detect.view import CallView


@dataclass(frozen=True, slots=True)
class Answers(Mapping[str, "Outcome"]):
    """Outcomes by name, on one call.

    Attributes:
        conditions: by name, each behind the one that it is anchored to.
        view: the call.
        ask: whether a language model may be asked; else what needs one is not known.
    """

    conditions: Mapping[str, CompiledCondition]
    view: CallView
    ask: bool
    _given: dict[str, Outcome] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Outcome:
        """The answer of a condition."""
        if name not in self._given:
            condition = self.conditions[name]
            dear = condition.asks and not self.ask
            self._given[name] = unknown("llm") if dear else condition.evaluate(self.view, self)
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        """The names of all conditions."""
        return iter(self.conditions)

    def __len__(self) -> int:
        """How many conditions there are."""
        return len(self.conditions)


@dataclass(frozen=True, slots=True)
class Truths:
    """What answers come down to: true, false or not known."""

    answers: Mapping[str, Outcome]

    def __getitem__(self, name: str) -> bool | None:
        """Whether a condition holds."""
        return self.answers[name].holds
