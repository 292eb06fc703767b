"""Contact Lens rule functions for tests."""

from pipeline.detect.importers.contact_lens import import_rules
from tests.unit.detect.importers.support import as_json

PREFIX = "$.ContactLens.PostCall."
EXACT = "ExactMatch.Transcript"


def leaf(value, operands, operator="CONTAINS_ANY", filters=None, prefix=PREFIX, **more):
    clause = {"FilterClause": {"LogicOperator": "AND", "Filters": filters}} if filters else {}
    return {"Operator": operator, "Operands": operands, "ComparisonValue": prefix + value, **clause, **more}


def says(*words, role=None, **more):
    filters = [{"Type": "ParticipantRole", "Data": role}] if role else None
    return leaf(EXACT, list(words), filters=filters, Negate=False, **more)


def function(*operands, operator="AND", **more):
    top = {"Operator": operator, "Operands": list(operands)}
    return {"Version": "2022-11-25", "RuleFunction": top, **more}


def imported(*operands, operator="AND", kind="violation", **more):
    return import_rules(as_json(function(*operands, operator=operator, **more)), kind=kind)


def at_least(value, number, role=None, **more):
    filters = [{"Type": "ParticipantRole", "Data": role}] if role else None
    return leaf(value, [number], "NumberGreaterOrEqualTo", filters, **more)


def at_most(value, number, **more):
    return leaf(value, [number], "NumberLessOrEqualTo", **more)
