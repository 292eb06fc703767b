"""Rules of Alibaba's 智能对话分析 (``UploadRule``: ``JsonStr{conditions, rules}``) as draft packs.

A condition there is a range of sentences and an expression over operators; here it is one condition,
with ``each``, ``any`` and ``none`` for what the expression says of one sentence. Operators about the
whole call under ``||`` or ``!`` become conditions of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pipeline.detect.conditions.logic import Expression, Name, Not, Several
from pipeline.detect.importers.alibaba_operators import ROLES, leaf_of
from pipeline.detect.importers.draft import Reader, documented, identifier
from pipeline.detect.importers.lambdas import conjuncts, read_lambda, replaced

if TYPE_CHECKING:
    from pipeline.detect.importers.alibaba_leaf import Leaf
    from pipeline.detect.importers.draft import Notes

MinusOne = Literal["any", "last"]
_LOCATIONS = {"BEFORE": "before", "AFTER": "after", "AROUND": "around", "CURRENT": "same"}
_WORDS = frozenset(
    {"text", "all_of", "at_least", "near", "number", "similar", "sounds_like", "clause_only", "without"}
    | {"without_turn", "unless"}
)
"""Keys that share their exclusions: two operators with such keys cannot stand side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A condition of the source.

    Attributes:
        conditions: ours by name; the first is the one that others are anchored to.
        expression: how they are joined.
        anchors: conditions of the source that it is anchored to.
    """

    conditions: dict[str, dict[str, Any]]
    expression: Expression
    anchors: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The name that stands for it."""
        return next(iter(self.conditions))


def carry_conditions(raw: list[dict[str, Any]], notes: Notes, minus_one: MinusOne) -> dict[str, Carried]:
    """All conditions of a file by their ``cid``; those that cannot be carried over are left out."""
    taken = {"and", "or", "not", "of"}
    readers: dict[str, Reader] = {}
    for number, content in enumerate(raw, start=1):
        cid = str(Reader(content, notes).peek("cid") or number)
        readers[cid] = Reader(content, notes.at(condition=cid))
    names = {cid: identifier(cid, "c_", taken) for cid in readers}
    found: dict[str, Carried] = {}
    for cid, reader in readers.items():
        carried = _carried(reader, names[cid], names, minus_one)
        if carried is not None:
            found[cid] = carried
    return _anchored_to_what_is_there(found, names, notes)


def _anchored_to_what_is_there(
    found: dict[str, Carried], names: dict[str, str], notes: Notes
) -> dict[str, Carried]:
    """Without what is anchored, at whatever distance, to a condition that was not carried over."""
    while True:
        gone = [cid for cid, c in found.items() if any(a not in found for a in c.anchors)]
        if not gone:
            return found
        for cid in gone:
            notes.at(condition=cid).lost("anchor", "the condition that it is anchored to is not carried over")
        found = {cid: c for cid, c in found.items() if cid not in gone}


def _carried(reader: Reader, name: str, names: dict[str, str], minus_one: MinusOne) -> Carried | None:
    notes = reader.notes
    reader.take("cid")
    reader.lost("id", "a key of the service's database")
    reader.lost("rid", "a condition belongs to the rules that name it")
    reader.lost("name", "conditions are named by their cid")
    reader.lost("userGroup", "who edited it")
    reader.lost("exclusion", "what it excludes is not documented", idle=(0, "0", "", []))
    leaves = _leaves(reader.take("operators", []), notes)
    source = reader.take("lambda") or "&&".join(leaves)
    scope = Reader(reader.take("check_range", {}), notes)
    reader.close()
    try:
        tree = replaced(read_lambda(str(source)), lambda oid: Name(oid) if leaves.get(oid) else None)
    except ValueError as error:
        notes.lost("lambda", str(error))
        return None
    if tree is None:
        notes.lost("", "none of its operators is carried over")
        return None
    known = {oid: leaf for oid, leaf in leaves.items() if leaf}
    return _put_together(tree, known, _Scope.of(scope, name, names, minus_one), name, notes)


def _leaves(raw: list[dict[str, Any]], notes: Notes) -> dict[str, Leaf | None]:
    found: dict[str, Leaf | None] = {}
    for number, content in enumerate(raw, start=1):
        oid = str(Reader(content, notes).take_all("oid", "id") or number)
        here = notes.at(operator=oid)
        operator = Reader(content, here)
        operator.take_all("oid", "id")
        kind = str(operator.take("type", ""))
        operator.lost("name", "operators have no names")
        operator.lost("operName", "operators have no names")
        operator.lost("qualityCheckType", "calls are judged after they were recorded")
        param = Reader(operator.take("param") or {}, here)
        leaf = documented(partial(leaf_of, kind, param), here)
        if leaf is None:
            here.lost("type", f"{kind or 'the operator'} is left out of the expression")
        param.close()
        operator.close()
        found[oid] = leaf
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """Where a condition looks.

    Attributes:
        keys: of our condition.
        helpers: conditions that only find the sentence that it looks at.
        anchors: as in :class:`Carried`.
        absolute: whether sentences are counted over both parties.
    """

    keys: dict[str, Any]
    helpers: dict[str, dict[str, Any]]
    anchors: tuple[str, ...]
    absolute: bool

    @classmethod
    def of(cls, reader: Reader, name: str, names: dict[str, str], minus_one: MinusOne) -> _Scope:
        """Read a ``check_range``."""
        keys: dict[str, Any] = {"says": _says(reader)}
        reader.lost("roleId", "numbers of roles are the service's own: role says who is meant")
        anchors: tuple[str, ...] = ()
        anchor = reader.take("anchor")
        if anchor:
            inner = Reader(anchor, reader.notes)
            cid = str(inner.take("cid", ""))
            keys |= _anchor(inner, names.get(cid, cid), minus_one)
            inner.close()
            anchors = (cid,)
        turns = _bounds(reader.take("range"), int)
        if turns:
            keys["turns"] = turns
        seconds = _bounds(reader.take_all("time_range"), lambda ms: float(ms) / 1000)
        if seconds:
            keys["seconds"] = seconds
            reader.notes.decided("time_range", "taken as milliseconds from the start of the call")
        if reader.take("allSentencesSatisfy", False):
            keys["every"] = True
        absolute = bool(reader.take("absolute", False))
        if absolute and anchor:
            reader.notes.lost("absolute", "beside an anchor turns are counted from the anchor")
            absolute = False
        reader.close()
        return cls(keys=keys, helpers={}, anchors=anchors, absolute=absolute)

    def spoken_by(self, role: str, name: str) -> _Scope:
        """The same sentences, counted over both parties, where the role speaks."""
        if "turns" not in self.keys or self.anchors:
            return _Scope(
                keys={**self.keys, "says": role}, helpers={}, anchors=self.anchors, absolute=self.absolute
            )
        helper = f"{name}_at"
        rest = {key: value for key, value in self.keys.items() if key not in ("says", "turns")}
        return _Scope(
            keys={"says": role, "same": helper, **rest},
            helpers={helper: {"says": "anyone", "turns": self.keys["turns"]}},
            anchors=(),
            absolute=True,
        )


def _says(reader: Reader) -> str:
    role = reader.take("role")
    if role is not None and role not in ROLES:
        reader.notes.lost("role", "neither 客服 nor 客户: anyone is meant")
    return ROLES.get(role, "anyone")


def _anchor(reader: Reader, name: str, minus_one: MinusOne) -> dict[str, Any]:
    location = str(reader.take("location", "CURRENT")).upper()
    if location not in _LOCATIONS:
        reader.notes.decided("anchor.location", f"{location!r} is not documented: taken as CURRENT")
    keys: dict[str, Any] = {_LOCATIONS.get(location, "same"): name}
    hit = int(reader.take("hit_time", -1))
    if hit > 0:
        keys["hit"] = hit
    elif hit == 0:
        keys["hit"] = "every"
    else:
        keys["hit"] = minus_one
        reader.notes.decided(
            "anchor.hit_time",
            f"-1 is any hit on one page of the documentation and the last on another: taken as {minus_one}"
            " (--minus-one)",
        )
    return keys


def _bounds(raw: Any, convert: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        return {}
    given = {str(key).lower(): value for key, value in raw.items() if value is not None}
    return {key: convert(given[key]) for key in ("from", "to") if key in given}


def _put_together(
    tree: Expression, leaves: dict[str, Leaf], scope: _Scope, name: str, notes: Notes
) -> Carried | None:
    parts = list(conjuncts(tree))
    roles = [p for p in parts if isinstance(p, Name) and leaves[p.name].says]
    rest = [p for p in parts if p not in roles]
    if any(leaves[oid].says for part in rest for oid in _oids(part)):
        notes.lost("lambda", "ROLE_CHECK under || or !: join two conditions by hand")
        return None
    if roles or (scope.absolute and scope.keys["says"] != "anyone"):
        role = next((leaves[p.name].says for p in roles), None) or scope.keys["says"]
        scope = scope.spoken_by(role, name)
    where = dict(scope.keys)
    if _is_absence(rest, leaves) and not where.get("every"):
        where["every"] = True
        notes.decided("lambda", "that nothing is said holds where no turn of the range says it")
    if all(_fits(part, leaves) for part in rest):
        what = _merged([_as_keys(part, leaves) for part in rest])
        return Carried(
            conditions={name: {**where, **what}, **scope.helpers},
            expression=Name(name),
            anchors=scope.anchors,
        )
    return _apart(rest, leaves, scope, where, name, notes)


def _apart(
    parts: list[Expression],
    leaves: dict[str, Leaf],
    scope: _Scope,
    where: dict[str, Any],
    name: str,
    notes: Notes,
) -> Carried:
    """Every operator as a condition of its own."""
    notes.changed("lambda", "its operators are looked for anywhere in the range, not in one sentence")
    used = [oid for part in parts for oid in _oids(part)]
    taken: set[str] = set()
    names = {oid: identifier(oid, f"{name}_", taken) for oid in dict.fromkeys(used)}
    conditions = {names[oid]: {**where, **leaves[oid].keys} for oid in names}
    expression = replaced(
        parts[0] if len(parts) == 1 else Several(len(parts), tuple(parts)), lambda oid: Name(names[oid])
    )
    return Carried(
        conditions={**conditions, **scope.helpers},
        expression=expression or Name(name),
        anchors=scope.anchors,
    )


def _oids(part: Expression) -> list[str]:
    if isinstance(part, Name):
        return [part.name]
    if isinstance(part, Not):
        return _oids(part.part)
    return [oid for inner in part.parts for oid in _oids(inner)]


def _fits(part: Expression, leaves: dict[str, Leaf]) -> bool:
    """Whether it can stand in one condition."""
    return isinstance(part, Name) or not any(leaves[oid].whole for oid in _oids(part))


def _is_absence(parts: list[Expression], leaves: dict[str, Leaf]) -> bool:
    if len(parts) != 1:
        return False
    part = parts[0]
    if isinstance(part, Name):
        return leaves[part.name].absence
    return isinstance(part, Not) and not any(leaves[oid].whole for oid in _oids(part))


def _as_keys(part: Expression, leaves: dict[str, Leaf]) -> dict[str, Any]:
    """What an expression says of one turn."""
    if isinstance(part, Name):
        return leaves[part.name].keys
    if isinstance(part, Not):
        return {"none": [_as_keys(part.part, leaves)]}
    inner = [_as_keys(p, leaves) for p in part.parts]
    return {"any": inner} if part.n == 1 else _merged(inner)


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """All of several, side by side where their keys allow it, else inside ``each``."""
    keys: dict[str, Any] = {}
    inside: list[dict[str, Any]] = []
    for part in parts:
        crowded = set(keys) & set(part) or (_WORDS & set(keys) and _WORDS & set(part))
        if crowded:
            inside.append(part)
        else:
            keys |= part
    if not inside:
        return keys
    return {**keys, "each": [*keys.pop("each", []), *inside]}
