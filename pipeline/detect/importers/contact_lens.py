"""Rules of Amazon Connect Contact Lens (rule functions, version 2022-11-25) as draft packs.

Source: the pages ``OnPostCallAnalysisAvailable`` and ``patternmatch-operands`` of its API reference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.detect.conditions.logic import Expression, Name, Not, Several
from pipeline.detect.importers.amazon import ROLES, rule_around
from pipeline.detect.importers.contact_lens_leaves import leaf_of
from pipeline.detect.importers.draft import Imported, Notes, Reader, documented, identifier, per_kind
from pipeline.detect.importers.lambdas import written
from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from pipeline.detect.schema import Kind

SOURCE = "Amazon Connect Contact Lens"
VERSION = "2022-11-25"
_PREFIXES = ("$.ContactLens.PostCall.", "$.ContactLens.RealTimeCall.", "$.")
_IDLE = {
    "RuleId": "a key of the service",
    "RuleArn": "a key of the service",
    "InstanceId": "the account that the rule belongs to",
    "ClientToken": "a key of one request",
    "CreatedTime": "when it was made",
    "LastUpdatedTime": "when it was made",
    "LastUpdatedBy": "who made it",
    "Tags": "how the account is ordered",
    "PublishStatus": "what is imported is a draft",
    "Actions": "what the service does next; here a finding is reported, and nothing else happens",
}


def import_rules(text: str, *, kind: Kind = "violation") -> Imported:
    """Read one rule function, one rule (``CreateRule``, ``DescribeRule``) or a list of rules.

    Args:
        text: JSON.
        kind: what a rule of the file is here; the source does not say.

    Raises:
        RulePackError: it is no such JSON.
    """
    notes = Notes()
    taken: set[str] = set()
    rules = []
    for number, raw in enumerate(_rules(text), start=1):
        found = _rule(raw, number, kind, notes, taken)
        if found is not None:
            rules.append((kind, found))
    if rules and kind == "violation":
        notes.decided("", "the source has no severity: minor for all; set it, and norms, by hand")
    return Imported(source=SOURCE, packs=per_kind("imported_contact_lens", rules), notes=tuple(notes.all))


def _rules(text: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RulePackError(f"no JSON: {error}") from error
    if isinstance(content, dict) and isinstance(content.get("Rules"), list):
        content = content["Rules"]
    listed = content if isinstance(content, list) else [content]
    rules = [raw.get("Rule", raw) for raw in listed if isinstance(raw, dict)]
    if not rules or not all("Function" in rule or "RuleFunction" in rule for rule in rules):
        raise RulePackError("no rule of the service: an object with RuleFunction or Function is expected")
    return rules


def _rule(
    raw: dict[str, Any], number: int, kind: Kind, notes: Notes, taken: set[str]
) -> dict[str, Any] | None:
    title = str(raw.get("Name") or f"rule {number}")
    here = notes.at(rule=title)
    reader = Reader(raw, here)
    reader.take("Name")
    for name, why in _IDLE.items():
        reader.lost(name, why, idle=([], {}))
    _trigger(reader)
    function = reader.take("Function")
    if function is not None:
        try:
            inner = json.loads(function) if isinstance(function, str) else function
        except ValueError as error:
            here.lost("Function", f"no JSON: {error}")
            return None
        reader.close()
        reader = Reader(inner, here)
    version = reader.take("Version")
    if version != VERSION:
        here.decided("Version", f"{version!r} is read as {VERSION}")
    top = reader.take("RuleFunction")
    reader.close()
    if not isinstance(top, dict):
        here.lost("RuleFunction", "there is none")
        return None
    conditions: dict[str, dict[str, Any]] = {}
    expression = _expression(top, conditions, here)
    if expression is None:
        here.lost("", "the rule has no condition that is carried over")
        return None
    return rule_around(identifier(title, "cl_", taken), title, conditions, written(expression), kind)


def _trigger(reader: Reader) -> None:
    source = reader.take("TriggerEventSource")
    name = source.get("EventSourceName") if isinstance(source, dict) else source
    extra = {k: v for k, v in source.items() if k != "EventSourceName"} if isinstance(source, dict) else {}
    for key in extra:
        reader.notes.lost(f"TriggerEventSource.{key}", "another system's key")
    if name is not None and name != "OnPostCallAnalysisAvailable":
        reader.notes.changed("TriggerEventSource", f"{name}: judged like all rules, on recorded calls")


def _expression(
    node: dict[str, Any], conditions: dict[str, dict[str, Any]], notes: Notes
) -> Expression | None:
    """A condition of the source; its leaves are added to ``conditions``."""
    operator = str(node.get("Operator") or node.get("LogicOperator") or "")
    if operator in ("AND", "OR"):
        reader = Reader(node, notes)
        reader.take_all("Operator", "LogicOperator")
        inner = [_expression(part, conditions, notes) for part in reader.take("Operands", [])]
        negated = bool(reader.take("Negate", False))
        reader.close()
        parts = tuple(part for part in inner if part is not None)
        if not parts:
            return None
        joined = parts[0] if len(parts) == 1 else Several(len(parts) if operator == "AND" else 1, parts)
        return Not(joined) if negated else joined
    return _leaf(node, conditions, notes)


def _leaf(node: dict[str, Any], conditions: dict[str, dict[str, Any]], notes: Notes) -> Expression | None:
    value = str(node.get("ComparisonValue") or "")
    short = next((value.removeprefix(p) for p in _PREFIXES if value.startswith(p)), value)
    name = identifier("", "c", set(conditions))
    here = notes.at(condition=name, operator=short)
    reader = Reader(node, here)
    reader.take("ComparisonValue")
    if value.startswith("$.ContactLens.RealTimeCall."):
        here.changed("ComparisonValue", "judged on the recorded call, not while it lasts")
    scope = _filters(reader)
    operator = str(reader.take("Operator", ""))
    operands = reader.take("Operands", [])
    negated = bool(reader.take("Negate", False))
    reader.close()
    given = operands if isinstance(operands, list) else [operands]
    leaf = documented(lambda: leaf_of(short, operator, given, here), here)
    if leaf is None:
        here.lost("", "left out of the rule's expression")
        return None
    keys = {**({"says": "anyone"} if leaf.spoken else {}), **scope, **leaf.keys}
    if not leaf.spoken:
        for filtered in scope:
            here.lost(filtered, "what is asked is true of the call, not of a turn")
        keys = leaf.keys
    conditions[name] = keys
    found: Expression = Name(name)
    return Not(found) if negated != leaf.negated else found


def _filters(reader: Reader) -> dict[str, Any]:
    """``FilterClause`` as a scope."""
    clause = reader.take("FilterClause")
    if clause is None:
        return {}
    notes = reader.notes
    given = clause
    if isinstance(clause, dict):
        inner = Reader(clause, notes)
        if inner.take("LogicOperator", "AND") != "AND":
            notes.lost("FilterClause.LogicOperator", "only AND is documented")
        given = inner.take("Filters", [])
        inner.close()
    scope: dict[str, Any] = {}
    for raw in filter(None, given):
        # Written as {Type, Data} in the reference, as {Type: Data} elsewhere.
        pair = raw if "Type" in raw else dict(zip(("Type", "Data"), next(iter(raw.items())), strict=True))
        kind, data = str(pair["Type"]), pair.get("Data")
        scope |= _filter(kind, data, notes)
        for key in pair.keys() - {"Type", "Data"}:
            notes.lost(f"{kind}.{key}", "not a parameter that the importer knows")
    return scope


def _filter(kind: str, data: Any, notes: Notes) -> dict[str, Any]:
    if kind == "ParticipantRole":
        role = ROLES.get(str(data))
        if role is None:
            notes.lost(kind, f"{data!r} is not documented: anyone is meant")
        return {"says": role or "anyone"}
    if kind == "PostCallContactPeriodSeconds" and isinstance(data, dict):
        given = {key.lower(): float(value) for key, value in data.items() if value is not None}
        bounds = {key: given.pop(key) for key in ("first", "last") if key in given}
        for key in given:
            notes.lost(f"{kind}.{key}", "not a parameter that the importer knows")
        if len(bounds) > 1:
            notes.lost(f"{kind}.Last", "either First or Last: First is taken")
        first = next(iter(bounds.items()), None)
        return {"seconds": {first[0]: first[1]}} if first else {}
    if kind == "PatternMatchLanguageFilter":
        languages = [str(d) for d in data] if isinstance(data, list) else [str(data)]
        if any(language.upper().startswith("ZH") for language in languages):
            notes.decided(kind, "all calls are in Mandarin: the filter asks for nothing more")
        else:
            notes.lost(kind, f"{', '.join(languages)}: calls are in Mandarin")
        return {}
    notes.lost(kind, "has no counterpart")
    return {}
