"""Categories of Amazon Transcribe Call Analytics as draft packs; all rules of a category must match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.detect.conditions.logic import Expression, Name, Not
from pipeline.detect.importers.amazon import ROLES, rule_around, tones_of, words_of
from pipeline.detect.importers.draft import Imported, Notes, Reader, documented, identifier, per_kind
from pipeline.detect.importers.lambdas import both, written
from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.detect.schema import Kind

SOURCE = "Amazon Transcribe Call Analytics"
_IDLE = {
    "CreateTime": "when it was made",
    "LastUpdateTime": "when it was made",
    "Tags": "how the account is ordered",
}


def import_rules(text: str, *, kind: Kind = "violation") -> Imported:
    """Read one category, or the answer of ``ListCallAnalyticsCategories``.

    Args:
        text: JSON.
        kind: what a category is here; the source does not say.

    Raises:
        RulePackError: it is no such JSON.
    """
    notes = Notes()
    taken: set[str] = set()
    rules = []
    for raw in _categories(text):
        found = _category(raw, kind, notes, taken)
        if found is not None:
            rules.append((kind, found))
    if rules and kind == "violation":
        notes.decided("", "the source has no severity: minor for all; set it, and norms, by hand")
    return Imported(source=SOURCE, packs=per_kind("imported_transcribe", rules), notes=tuple(notes.all))


def _categories(text: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RulePackError(f"no JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("Categories", content.get("CategoryProperties", content))
    listed = content if isinstance(content, list) else [content]
    if not listed or not all(isinstance(c, dict) and isinstance(c.get("Rules"), list) for c in listed):
        raise RulePackError("no category of the service: an object with CategoryName and Rules is expected")
    return listed


def _category(raw: dict[str, Any], kind: Kind, notes: Notes, taken: set[str]) -> dict[str, Any] | None:
    title = str(raw.get("CategoryName") or f"category {len(taken) + 1}")
    here = notes.at(rule=title)
    reader = Reader(raw, here)
    reader.take("CategoryName")
    for name, why in _IDLE.items():
        reader.lost(name, why)
    reader.lost("InputType", "judged on recorded calls", idle=("POST_CALL",))
    conditions: dict[str, dict[str, Any]] = {}
    parts: list[Expression] = []
    for number, rule in enumerate(reader.take("Rules"), start=1):
        part = _filter(rule, f"c{number}", conditions, here)
        if part is not None:
            parts.append(part)
    reader.close()
    if not parts:
        here.lost("", "the category has no rule that is carried over")
        return None
    return rule_around(identifier(title, "tca_", taken), title, conditions, written(both(*parts)), kind)


def _filter(
    raw: dict[str, Any], name: str, conditions: dict[str, dict[str, Any]], notes: Notes
) -> Expression | None:
    kind = next(iter(raw), "")
    here = notes.at(condition=name, operator=kind)
    for other in list(raw)[1:]:
        here.lost(other, "a rule has one filter")
    if kind not in _FILTERS or not isinstance(raw[kind], dict):
        here.lost("", "no such filter is known")
        return None
    reader = Reader(raw[kind], here)
    keys = documented(lambda: _FILTERS[kind](reader), here)
    scope = {"says": _says(reader), **_stretches(reader)}
    negated = bool(reader.take("Negate", False))
    reader.close()
    if keys is None:
        here.lost("", "left out of the category")
        return None
    conditions[name] = {**scope, **keys}
    return Not(Name(name)) if negated else Name(name)


def _says(reader: Reader) -> str:
    role = reader.take("ParticipantRole")
    if role is not None and role not in ROLES:
        reader.notes.lost("ParticipantRole", f"{role!r} is not documented: anyone is meant")
    return ROLES.get(role, "anyone")


def _stretches(reader: Reader) -> dict[str, Any]:
    """``AbsoluteTimeRange`` (ms) and ``RelativeTimeRange`` (per cent); either one, or both."""
    found: dict[str, Any] = {}
    for name, key, start, end, scale in (
        ("AbsoluteTimeRange", "seconds", "StartTime", "EndTime", 0.001),
        ("RelativeTimeRange", "percent", "StartPercentage", "EndPercentage", 1.0),
    ):
        raw = reader.take(name)
        if not isinstance(raw, dict):
            continue
        inner = Reader(raw, reader.notes)
        given = {
            ours: value * scale
            for ours, theirs in (("from", start), ("to", end), ("first", "First"), ("last", "Last"))
            if (value := inner.take(theirs)) is not None
        }
        inner.close()
        if given.keys() & {"first", "last"}:
            given = {k: v for k, v in given.items() if k in ("first", "last")}
            if len(given) > 1:
                reader.notes.lost(f"{name}.Last", "either First or Last: First is taken")
                given = {"first": given["first"]}
        if given:
            found[key] = given
    return found


def _silence(reader: Reader) -> dict[str, Any]:
    return {"silence": {"seconds": {"gte": _threshold(reader)}}}


def _interruption(reader: Reader) -> dict[str, Any]:
    reader.notes.decided("Threshold", "turns of 4 characters or more: shorter ones are no interruption")
    return {"overlap": {"seconds": {"gte": _threshold(reader)}}}


def _threshold(reader: Reader) -> float:
    return float(reader.take("Threshold", 0)) / 1000


def _words(reader: Reader) -> dict[str, Any] | None:
    kind = reader.take("TranscriptFilterType", "EXACT")
    if kind != "EXACT":
        reader.notes.lost("TranscriptFilterType", f"{kind!r} is not documented: read as EXACT")
    words = words_of(reader.take("Targets", []), reader.notes, "Targets")
    return {"text": words} if words else None


def _sentiment(reader: Reader) -> dict[str, Any] | None:
    tones = tones_of(reader.take("Sentiments", []), reader.notes, "Sentiments")
    return {"tone": tones} if tones else None


_FILTERS: Mapping[str, Callable[[Reader], dict[str, Any] | None]] = {
    "NonTalkTimeFilter": _silence,
    "InterruptionFilter": _interruption,
    "TranscriptFilter": _words,
    "SentimentFilter": _sentiment,
}
