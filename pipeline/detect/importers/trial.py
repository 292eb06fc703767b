"""Trying a draft rule: whether it loads, and whether a dialogue raises it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.detect.conditions.conditional import ConditionSet, WhenCheck
from pipeline.detect.conditions.operators import Toolbox
from pipeline.detect.proof import view_of
from pipeline.detect.schema import Example, Rule
from pipeline.errors import RulePackError, TingheError

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
    view, _ = view_of("anyone", Example.model_validate({"dialogue": lines}))
    return any(raised.missing is None for raised in check.find(view))
