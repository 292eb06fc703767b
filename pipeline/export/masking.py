"""What of a call may be exported: the fields named here, with people masked unless told otherwise.

A field that a later version adds to the JSON of a call stays out until it is named here. Masked text has the
length of the original, so that offsets keep pointing at the same words.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from pipeline.personal import Kind, find_personal
from pipeline.privacy.hearing import word_places
from pipeline.privacy.masks import Masker
from pipeline.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_CALL: Final = ("status", "status_reason", "duration", "not_checked", "scores", "provenance")
_TURN: Final = (
    "index",
    "start",
    "end",
    "role",
    "role_confidence",
    "tone",
    "channel",
    "overlap",
    "asr_confidence",
    "level_db",
)
_PLACE: Final = ("turn", "text_start", "text_end")
_FINDING: Final = (
    "id",
    "rule",
    "state",
    "severity",
    "start",
    "end",
    "confidence",
    "norms",
    "missing",
    "witnesses",
)
_PROMISE: Final = (
    "amount",
    "date",
    "confirmed",
    "coerced",
    "turns",
    "proposed_by",
    "certainty",
    "condition_turn",
)
_QUALITY: Final = (
    "channel",
    "codec",
    "source_rate",
    "level_dbfs",
    "snr_db",
    "clipped",
    "bandwidth_hz",
    "faults",
)
_WRITTEN_BY_PEOPLE: Final = frozenset({"disposition", "agreed_window"})
"""Metadata in free words."""
_NUMBERS: Final = frozenset({Kind.ID_CARD, Kind.BANK_CARD, Kind.MOBILE})


def exported(call: Mapping[str, Any], names: Iterable[str] = (), *, mask: bool = True) -> dict[str, Any]:
    """The part of a call's JSON that may be exported.

    Args:
        call: the JSON of a call, in the published form.
        names: full names to hide wherever they are said, beside those that the call itself introduces.
        mask: whether people are masked; the fields are the same either way.

    Returns:
        A new object with the names and types of the published form; texts have their length.
    """
    hide = _Hiding(Masker(call, names), call["turns"]) if mask else _Showing(call["turns"])
    return {
        "call_id": shown_id(call["call_id"]) if mask else call["call_id"],
        **{name: call[name] for name in _CALL},
        "status_reason": hide.text(call["status_reason"]),
        "metadata": {
            name: hide.text(value) if name in _WRITTEN_BY_PEOPLE and isinstance(value, str) else value
            for name, value in call["metadata"].items()
        },
        "turns": [_turn(turn, hide) for turn in call["turns"]],
        "findings": [
            {name: finding.get(name) for name in _FINDING}
            | _evidence(finding, hide)
            | {"reason": hide.text(finding["reason"])}
            for finding in call["findings"]
        ],
        "acts": [{"act": act["act"], "role": act["role"]} | _evidence(act, hide) for act in call["acts"]],
        "customer_event_evidence": [
            {"event": event["event"]} | _evidence(event, hide) for event in call["customer_event_evidence"]
        ],
        "promise_to_pay": _promise(call["promise_to_pay"], hide),
        "scores": _scores(call["scores"], hide),
        "quality": [{name: one.get(name) for name in _QUALITY} for one in call.get("quality", ())],
        "roles_confidence": (call.get("roles") or {}).get("confidence"),
    }


def shown_id(call_id: str) -> str:
    """A call's id where people are masked: a digest in its place when it holds somebody's number."""
    if any(one.kind in _NUMBERS and one.valid is not False for one in find_personal(call_id)):
        return f"call-{hashlib.sha256(call_id.encode(errors='surrogatepass')).hexdigest()[:16]}"
    return call_id


class _Showing:
    """Everything as it is."""

    def __init__(self, turns: Sequence[Mapping[str, Any]]) -> None:
        self._turns = {turn["index"]: turn["text"] for turn in turns}

    def text(self, text: Any) -> Any:
        """Words about a call."""
        return text

    def turn(self, index: int) -> str:
        """What was said in a turn."""
        return str(self._turns[index])

    def word(self, text: str, _index: int, _span: tuple[int, int] | None) -> str:
        """A word of a turn, where it stands in it."""
        return text


class _Hiding(_Showing):
    """People masked."""

    def __init__(self, masker: Masker, turns: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(turns)
        self._masker = masker

    def text(self, text: Any) -> Any:
        return None if text is None else self._masker.text(text)

    def turn(self, index: int) -> str:
        return self._masker.turn(index)

    def word(self, text: str, index: int, span: tuple[int, int] | None) -> str:
        if span is not None:
            return self._masker.turn(index)[slice(*span)]
        # Not found in its turn: it may be any of the words that are masked there.
        return MASK * len(text) if self._masker.is_masked(index) else text


def _turn(turn: Mapping[str, Any], hide: _Showing) -> dict[str, Any]:
    index = turn["index"]
    return {
        **{name: turn.get(name) for name in _TURN},
        "speaker": turn.get("speaker"),
        "text": hide.turn(index),
        "words": [
            {
                "text": hide.word(word["text"], index, span),
                "start": word["start"],
                "end": word["end"],
                "probability": word["probability"],
            }
            for word, span in zip(turn["words"], word_places(turn), strict=True)
        ],
    }


def _evidence(one: Mapping[str, Any], hide: _Showing) -> dict[str, Any]:
    place = {name: one[name] for name in _PLACE}
    if one["turn"] is None or one["text_start"] is None:
        return place | {"evidence": hide.text(one["evidence"])}
    return place | {"evidence": hide.turn(one["turn"])[one["text_start"] : one["text_end"]]}


def _promise(promise: Mapping[str, Any] | None, hide: _Showing) -> dict[str, Any] | None:
    if promise is None:
        return None
    return {name: promise.get(name) for name in _PROMISE} | {"condition": hide.text(promise.get("condition"))}


def _scores(scores: Mapping[str, Any], hide: _Showing) -> dict[str, Any]:
    named = ("compliance", "compliance_if_confirmed", "effectiveness", "red_line", "complete")
    return {name: scores[name] for name in named} | {
        part: [
            {name: item[name] for name in ("name", "points", "possible", "applicable", "turns")}
            | {"reason": hide.text(item["reason"])}
            for item in scores[part]
        ]
        for part in ("compliance_items", "effectiveness_items")
    }
