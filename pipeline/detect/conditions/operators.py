"""What operators look like, and which there are.

A turn operator is asked about one turn; a call operator about the call, with the turns of the
condition's scope. A module of operators has a table from the key of a condition to the builder
that turns the condition into its operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.detect.conditions.outcome import Outcome
    from pipeline.detect.context import CompiledContext
    from pipeline.detect.schema.conditions import Condition
    from pipeline.detect.view import CallView


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """What conditions are compiled with.

    Attributes:
        words, contexts: the word lists of the pack, and the contexts of the folder.
        names: the names of all rules of the folder by kind (``violation``, ``act``, ``event``); where a
            kind is missing, names of that kind are not checked.
    """

    words: Mapping[str, tuple[str, ...]]
    contexts: Mapping[str, tuple[CompiledContext, ...]]
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)


class TurnOperator(Protocol):
    """Asked about one turn."""

    def at(self, view: CallView, position: int) -> Outcome:
        """Whether the turn at ``position`` satisfies it; without places the whole turn is meant."""
        ...


class CallOperator(Protocol):
    """Asked about the call."""

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Whether the call satisfies it; ``positions`` are the turns of the condition's scope."""
        ...


TurnBuilder = Callable[[Any, "Condition", Toolbox], TurnOperator | None]
"""Makes an operator of the value under its key; ``None`` where the value asks for another kind."""

CallBuilder = Callable[[Any, "Condition", Toolbox], CallOperator | None]
"""The same for call operators."""
