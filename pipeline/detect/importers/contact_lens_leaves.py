"""What a ``ComparisonValue`` of Contact Lens becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.detect.importers.amazon import tones_of, words_of
from pipeline.detect.importers.contact_lens_patterns import pattern_match

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.detect.importers.draft import Notes

_PART_OF_A_CALL = 25.0
"""Per cent of a call that its beginning and its end are taken to be."""
MOST_SENTENCES = 200
LONGEST_SENTENCE = 50


@dataclass(frozen=True, slots=True)
class Leaf:
    """Keys of a condition.

    Attributes:
        spoken: whether it is about turns, which filters choose.
        negated: whether it holds where the condition does not.
    """

    keys: dict[str, Any]
    spoken: bool = True
    negated: bool = False


def leaf_of(value: str, operator: str, operands: list[Any], notes: Notes) -> Leaf | None:
    """A condition by its ``ComparisonValue`` (without prefix); ``None`` where it has no counterpart."""
    if value in _WORDS:
        if operator not in ("CONTAINS_ANY", "EQUALS"):
            notes.decided("Operator", f"{operator!r} is read as CONTAINS_ANY")
        return _WORDS[value](operands, notes)
    if value in _NUMBERS:
        bound = _bound(operator, operands, notes)
        return None if bound is None else _NUMBERS[value](*bound, notes)
    field = _field_of(value)
    if field is None:
        notes.lost("ComparisonValue", "has no counterpart")
        return None
    return _field(field, value, operator, operands, notes)


def _bound(operator: str, operands: list[Any], notes: Notes) -> tuple[str, float] | None:
    keys = {"NumberGreaterOrEqualTo": "gte", "NumberLessOrEqualTo": "lte"}
    if operator not in keys or not operands:
        notes.lost("Operator", f"{operator!r} compares no number")
        return None
    if len(operands) > 1:
        notes.lost("Operands", "only the first number counts")
    return keys[operator], float(operands[0])


def _exact(operands: list[Any], notes: Notes) -> Leaf | None:
    words = words_of(operands, notes, "Operands")
    return Leaf({"text": words}) if words else None


def _patterns(operands: list[Any], notes: Notes) -> Leaf | None:
    found = [keys for operand in operands if (keys := pattern_match(operand, notes))]
    texts = [word for keys in found if set(keys) == {"text"} for word in keys["text"]]
    rest = [keys for keys in found if set(keys) != {"text"}]
    parts = [*([{"text": texts}] if texts else []), *rest]
    if not parts:
        return None
    return Leaf(parts[0] if len(parts) == 1 else {"any": parts})


def _semantic(operands: list[Any], notes: Notes) -> Leaf | None:
    given = [str(sentence) for sentence in operands]
    kept = [sentence for sentence in given if 2 <= len(sentence) <= LONGEST_SENTENCE][:MOST_SENTENCES]
    if len(kept) < len(given):
        notes.lost("Operands", f"{len(given) - len(kept)} sentences too many, too long or too short")
    if not kept:
        return None
    notes.changed("ComparisonValue", "alike in characters and sound, not in meaning: try it, or use llm")
    return Leaf({"similar": {"sentences": kept}})


def _statement(operands: list[Any], notes: Notes) -> Leaf | None:
    statements = [str(statement) for statement in operands if len(str(statement)) >= 4]
    if not statements:
        notes.lost("Operands", "there is no statement")
        return None
    notes.changed("ComparisonValue", "asked of one turn at a time, and a yes needs a literal quote")
    notes.decided("ComparisonValue", "needs a language model ([judge]); else nothing is decided")
    parts = [{"llm": {"question": statement}} for statement in statements]
    return Leaf(parts[0] if len(parts) == 1 else {"any": parts})


def _state(operands: list[Any], notes: Notes) -> Leaf | None:
    tones = tones_of(operands, notes, "Operands")
    if not tones:
        return None
    notes.changed("ComparisonValue", "some turn has the tone, not the call as a whole")
    return Leaf({"tone": tones})


def _score(where: dict[str, Any]) -> Callable[[str, float, Notes], Leaf | None]:
    def build(bound: str, value: float, notes: Notes) -> Leaf | None:
        sides = {"gte": (value > 0, ["warm"]), "lte": (value < 0, ["pressing", "hostile", "distressed"])}
        clear, tones = sides[bound]
        if not clear:
            notes.lost("Operands", "tones have no scale: only a clearly good or bad score has a counterpart")
            return None
        notes.changed("Operands", f"some turn there sounds {' or '.join(tones)}; tones have no scale")
        return Leaf({"tone": tones, **where})

    return build


def _silence(total: bool) -> Callable[[str, float, Notes], Leaf | None]:
    def build(bound: str, value: float, notes: Notes) -> Leaf:
        if total:
            return Leaf({"silence": {"seconds": {bound: value}, "total": True}})
        if bound == "gte":
            return Leaf({"silence": {"seconds": {"gte": value}}})
        return Leaf({"silence": {"seconds": {"gt": value}}}, negated=True)

    return build


def _interruptions(bound: str, value: float, notes: Notes) -> Leaf:
    notes.decided("Operands", "a turn of 4 characters or more that begins while the other party speaks")
    return Leaf({"overlap": {"seconds": {"gt": 0}}, "count": {bound: value}})


def _talk(bound: str, value: float, notes: Notes) -> Leaf:
    return Leaf({"talk_time": {bound: value}})


def _loudness(bound: str, value: float, notes: Notes) -> Leaf | None:
    notes.lost("Operands", "its decibels have no reference that dB below full scale could be told from")
    return None


def _share_of_silence(bound: str, value: float, notes: Notes) -> Leaf | None:
    notes.lost("Operands", "silence is measured in seconds, not as a share: write silence with total by hand")
    return None


def _handled(field: str) -> Callable[[str, float, Notes], Leaf | None]:
    def build(bound: str, value: float, notes: Notes) -> Leaf:
        notes.decided(
            "ComparisonValue", f"not heard in a recording: the manifest must have the field {field}"
        )
        return Leaf({"field": {field: {bound: value}}}, spoken=False)

    return build


_WORDS: Mapping[str, Callable[[list[Any], Notes], Leaf | None]] = {
    "ExactMatch.Transcript": _exact,
    "PatternMatch.Transcript": _patterns,
    "SemanticMatch.Transcript": _semantic,
    "SemanticMatch.Phrase": _statement,
    "Sentiment.State": _state,
}
_NUMBERS: Mapping[str, Callable[[str, float, Notes], Leaf | None]] = {
    "Sentiment.OverallScore": _score({}),
    "Sentiment.Score.Beginning": _score({"percent": {"first": _PART_OF_A_CALL}}),
    "Sentiment.Score.End": _score({"percent": {"last": _PART_OF_A_CALL}}),
    "NonTalkTime.TotalTimeSecs": _silence(total=True),
    "NonTalkTime.LongestTimeSecs": _silence(total=False),
    "Interruptions.Instances": _interruptions,
    "TalkTime.TotalTimeSecs": _talk,
    "Loudness.HighestLoudnessScore": _loudness,
    "Agent.NonTalkTimePct": _share_of_silence,
    "Agent.CustomerHoldDurationSecs": _handled("hold_seconds"),
    "Agent.LongestHoldDurationSecs": _handled("longest_hold_seconds"),
    "Agent.NumberOfHolds": _handled("number_of_holds"),
    "Agent.CustomerHoldDurationPct": _handled("hold_percent"),
    "Agent.AgentInteractionDurationSecs": _handled("agent_interaction_seconds"),
    "Agent.AfterContactWorkDurationSecs": _handled("after_call_work_seconds"),
}
_FIELDS = {
    "Agent.AgentId": "agent_id",
    "Agent.HierarchyGroup.ARN": "agent_hierarchy",
    "Agent.RoutingProfile": "routing_profile",
    "Queue.QueueId": "queue",
    "InitiationMethod": "initiation_method",
    "DisconnectReason": "disconnect_reason",
    "PotentialDisconnectIssue": "potential_disconnect_issue",
    "AiAgent.IdWithVersion": "ai_agent",
}
_KNOWN_FIELDS = frozenset({"agent_id", "direction"})
_DIRECTIONS = {"INBOUND": "inbound", "OUTBOUND": "outbound"}


def _field_of(value: str) -> str | None:
    for prefix in ("ContactAttribute.", "SegmentAttributes.UserDefined."):
        if value.startswith(prefix):
            return value.removeprefix(prefix).strip("[]`\"'")
    return _FIELDS.get(value)


def _field(field: str, value: str, operator: str, operands: list[Any], notes: Notes) -> Leaf | None:
    if operator not in ("CONTAINS_ANY", "EQUALS"):
        notes.lost("Operator", f"{operator!r} compares no text")
        return None
    if value == "InitiationMethod" and all(operand in _DIRECTIONS for operand in operands):
        field, operands = "direction", [_DIRECTIONS[operand] for operand in operands]
    if field not in _KNOWN_FIELDS:
        notes.decided("ComparisonValue", f"the manifest must have the field {field}, else nothing is decided")
    if not operands:
        notes.changed("Operands", f"no value: the field {field} is empty or not there")
        return Leaf({"field": {field: [None]}}, spoken=False)
    return Leaf({"field": {field: operands if len(operands) > 1 else operands[0]}}, spoken=False)
