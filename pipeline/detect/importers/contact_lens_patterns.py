"""``PatternMatch`` operands: PLAIN, LIST, PROXIMITY and NUMERICAL objects in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.detect.importers.draft import Reader
from pipeline.detect.importers.wording import DECIMAL, NUMERAL, WHOLE_NUMERAL, whole_words

if TYPE_CHECKING:
    from pipeline.detect.importers.draft import Notes

CHARACTERS_A_WORD = 2
"""Distances are counted in words there, in characters here; a Chinese word has about two."""
_FARTHEST = 200
_BETWEEN = r"[\s,，、]?"
"""What may stand between parts that follow each other."""


def pattern_match(operand: Any, notes: Notes) -> dict[str, Any] | None:
    """An operand as keys of a condition: ``text``, ``number`` or ``near``."""
    objects = operand if isinstance(operand, list) else [operand]
    groups: list[list[str]] = [[]]
    distances: list[tuple[int, bool]] = []
    kinds = []
    for raw in objects:
        if isinstance(raw, str):
            raw = {"Type": "PLAIN", "Value": raw}
        if not isinstance(raw, dict):
            notes.lost("Operands", "a pattern object is expected")
            continue
        reader = Reader(raw, notes)
        kind, value = str(reader.take("Type", "PLAIN")), reader.take("Value")
        reader.close()
        kinds.append(kind)
        if kind == "PROXIMITY":
            distances.append(_proximity(value, notes))
            groups.append([])
        else:
            part = _part(kind, value, notes)
            if part:
                groups[-1].append(part)
    if kinds == ["NUMERICAL"] and groups[0]:
        return {"number": _number(objects[0])}
    words = [_BETWEEN.join(group) for group in groups if group]
    if not words:
        return None
    if not distances:
        return {"text": words}
    return _near(words, distances, notes)


def _part(kind: str, value: Any, notes: Notes) -> str | None:
    if kind == "PLAIN":
        return _plain(value, notes)
    if kind == "LIST":
        given = value if isinstance(value, list) else [value]
        parts = [p for v in given if (p := _plain(v.get("Value") if isinstance(v, dict) else v, notes))]
        return f"(?:{'|'.join(parts)})" if parts else None
    if kind == "NUMERICAL":
        decimal = _decimal(value)
        return NUMERAL if decimal is None else DECIMAL if decimal else WHOLE_NUMERAL
    notes.lost("Operands", f"no pattern object of type {kind!r} is known")
    return None


def _plain(value: Any, notes: Notes) -> str | None:
    if not isinstance(value, str) or not value.strip():
        notes.lost("Operands", "a word collection or empty word is not in the file")
        return None
    if "*" in value:
        notes.changed("Operands", "* stands for the rest of a Latin word, or for two hanzi at most")
    return whole_words(value)


def _decimal(value: Any) -> bool | None:
    given = value.get("Decimal") if isinstance(value, dict) else None
    return None if given is None else bool(given)


def _number(raw: dict[str, Any]) -> dict[str, Any]:
    decimal = _decimal(raw.get("Value"))
    return {"unit": "any", **({} if decimal is None else {"decimal": decimal})}


def _proximity(value: Any, notes: Notes) -> tuple[int, bool]:
    content = value if isinstance(value, dict) else {}
    reader = Reader(content, notes)
    distance, within = int(reader.take("Distance", 0)), bool(reader.take("IsWithin", True))
    reader.close()
    notes.changed("PROXIMITY.Distance", f"a word is taken as {CHARACTERS_A_WORD} characters")
    return min(distance * CHARACTERS_A_WORD, _FARTHEST), within


def _near(words: list[str], distances: list[tuple[int, bool]], notes: Notes) -> dict[str, Any] | None:
    if len(words) < 2:
        notes.lost("PROXIMITY", "a distance needs words on both sides")
        return {"text": words}
    if len(set(distances)) > 1:
        notes.changed("PROXIMITY", "several distances in a row: the largest is taken for all")
    distance, within = max(distances)
    return {"near": {"words": words, "distance": distance, **({} if within else {"apart": True})}}
