"""Trying a draft rule: whether it loads, and whether a dialogue raises it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.detect.conditions.conditional import ConditionSet, WhenCheck
from pipeline.detect.conditions.operators import Toolbox
from pipeline.detect.schema import Line, Rule
from pipeline.detect.view import CallView
from pipeline.errors import RulePackError, TingheError
from pipeline.metadata import CallMetadata
from pipeline.types import Call, Transcript, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = Toolbox(words={}, contexts={})


def compiled(rule: dict[str, Any]) -> WhenCheck:
    """The rule, ready for calls.

    Raises:
        RulePackError: it cannot be compiled.
    """
    try:
        parsed = Rule.model_validate(rule)
        return WhenCheck.of(parsed, ConditionSet.of(parsed, _NOTHING))
    except ValidationError as error:
        first = error.errors()[0]
        raise RulePackError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except TingheError as error:
        raise RulePackError(str(error)) from error


def raised_by(rule: dict[str, Any], lines: Sequence[dict[str, Any]]) -> bool:
    """Whether a dialogue raises the rule; one that cannot be compiled is raised by none."""
    try:
        check = compiled(rule)
    except RulePackError:
        return False
    turns = tuple(_turn(number, Line.model_validate(line)) for number, line in enumerate(lines))
    call = Call(call_id="example", metadata=CallMetadata())
    view = CallView.of(call, Transcript(turns=turns))
    return any(raised.missing is None for raised in check.find(view))


def _turn(number: int, line: Line) -> Turn:
    start, end = (None, None) if line.at is None else (round(line.at[0] * 1000), round(line.at[1] * 1000))
    return Turn(index=number, role=line.role, role_confidence=1.0, text=line.text, start_ms=start, end_ms=end)
