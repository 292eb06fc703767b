"""Whose turn it is, told apart by voice where more people speak than the two parties."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.labels import Labels

    Json = Mapping[str, Any]

_PARTIES = 2


def voices(call: Json) -> int:
    """How many people are heard; 0 for text, and for results of versions that did not tell them apart."""
    return len({turn.get("speaker") for turn in call["turns"]} - {None})


def has_third_voice(call: Json) -> bool:
    """Whether more people are heard than the two parties."""
    return voices(call) > _PARTIES


def names(call: Json, labels: Labels) -> dict[int, str]:
    """What each turn's speaker is called, by the turn's index.

    That is the role. Where more than two people are heard, whoever says most in a role keeps its name; the
    others are on that side, numbered on by who speaks first.
    """
    roles = {turn["index"]: labels.of("role", turn["role"]) for turn in call["turns"]}
    if not has_third_voice(call):
        return roles
    said: Counter[tuple[str, str]] = Counter()
    for turn in call["turns"]:
        if turn.get("speaker") is not None:
            said[turn["role"], turn["speaker"]] += len(turn["text"])
    most = {role: max((v for v in said if v[0] == role), key=said.__getitem__) for role, _ in said}
    others = [voice for voice in said if voice not in most.values()]
    further = {
        voice: f"{labels.of('side', voice[0])} · {labels.of('voice', str(number))}"
        for number, voice in enumerate(others, start=len(most) + 1)
    }
    return {
        turn["index"]: further.get((turn["role"], turn.get("speaker")), roles[turn["index"]])
        for turn in call["turns"]
    }
