"""Which rules say nothing for want of data.

A rule with ``if_unknown: if_supplied`` asks for data that some operators never give (a dial log, the number
called) and is silent without them, so that not every call bears the same «cannot decide». A sheet of what was
checked must not count that silence as a clean call: here it is worked out from the rule itself.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

from pipeline.detect.conditions.logic import every_name, parse
from pipeline.history import DIAL_LOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.detect.schema import Rule

_KEYS: Final = {
    "debtor": "customer_id",
    "contact": "customer_id",
    "number": "called_number",
    "lender": "lender",
    "agent": "agent_id",
}
"""By what earlier calls are found -> the field that has it."""
_OFTEN_UNANSWERED: Final = frozenset({"missed", "attempts"})
_MOST: Final = 12
"""Conditions of an expression that are tried in every way; with more, what is missing silences the rule."""


def silent_without(rules: Iterable[Rule], supplied: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The rules that cannot be broken as far as these data go.

    Args:
        rules: of one kind.
        supplied: the data that are given at all, by their names, see :class:`pipeline.types.History`.

    Returns:
        Rule -> the data that it lacks, sorted.
    """
    found = {}
    for rule in rules:
        missing = _missing(rule, supplied)
        if missing:
            found[rule.rule] = missing
    return found


def _missing(rule: Rule, supplied: frozenset[str]) -> tuple[str, ...]:
    """What a rule lacks so that nothing can raise it; empty where something can."""
    if rule.if_unknown != "if_supplied" or not rule.raise_when:
        return ()
    lacks: dict[str, tuple[str, ...]] = {}
    fixed: dict[str, bool | None] = {}
    for name, condition in rule.conditions.items():
        content = condition.model_dump()
        needed = sorted(set(_needed(content)) - supplied)
        if needed:
            lacks[name] = tuple(needed)
            fixed[name] = True if _takes_unknown(content) else None
    if not lacks or _can_hold(rule.raise_when, fixed):
        return ()
    unknown = [name for name in lacks if fixed[name] is None] or list(lacks)
    return tuple(sorted({field for name in unknown for field in lacks[name]}))


def _needed(condition: Mapping[str, Any]) -> Iterator[str]:
    """The data that a condition reads."""
    yield from condition.get("field") or {}
    for part in ("contacts", "earlier"):
        asked = condition.get(part)
        if asked:
            by = asked["by"]
            yield "started_at"
            yield from (_KEYS.get(key, key) for key in ((by,) if isinstance(by, str) else by))
            if asked.get("count") in _OFTEN_UNANSWERED:
                yield DIAL_LOG
    shortfall = condition.get("shortfall")
    if shortfall:
        yield shortfall["field"]


def _takes_unknown(condition: Mapping[str, Any]) -> bool:
    """Whether a field that is not known counts as one of the values, as ``null`` in a list says."""
    fields = condition.get("field") or {}
    only_fields = not any(condition.get(part) for part in ("contacts", "earlier", "shortfall"))
    listed = [isinstance(values, list | tuple) and None in values for values in fields.values()]
    return only_fields and bool(listed) and all(listed)


def _can_hold(source: str, fixed: Mapping[str, bool | None]) -> bool:
    """Whether an expression can come true, whatever the conditions are that are not ``fixed``."""
    expression = parse(source)
    free = [name for name in every_name(expression) if name not in fixed]
    if len(free) > _MOST:
        return False
    return any(
        expression.value({**fixed, **dict(zip(free, values, strict=True))}) is True
        for values in product((True, False), repeat=len(free))
    )
