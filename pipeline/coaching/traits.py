"""What the fairness check groups calls by: nothing of it is the agent's doing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.periods import moment_in_china

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = Mapping[str, Any]

_MALE: Final = re.compile("先生|大哥|叔叔")
_FEMALE: Final = re.compile("女士|小姐|太太|大姐|阿姨")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """A call, for the fairness check.

    Attributes:
        codec: of the customer's channel; ``None`` for text.
        seconds: length of the recording; ``None`` for text.
        sex: the customer's, ``M`` or ``F``: as the file says, else as the agent addresses him.
        clearness: mean word probability of what the customer says: how well recognition copes with that way
            of speaking, which accents lower, and noise and the line as well. ``None`` for text.
        bandwidth_hz: the band that the customer's speech reaches.
        hour: of the day, in China.
        violation: whether a rule is broken, confirmed; likewise ``review`` and ``undecided``.
    """

    agent: str
    codec: str | None
    seconds: float | None
    sex: str | None
    clearness: float | None
    bandwidth_hz: int | None
    hour: int | None
    compliance: float | None
    effectiveness: float | None
    red_line: bool
    violation: bool
    review: bool
    undecided: bool


def traits(call: Json, agent: str) -> Traits:
    """The traits of a scored call."""
    sound = _sound(call)
    states = {finding["state"] for finding in call["findings"]}
    moment = moment_in_china(call["metadata"].get("started_at"))
    scores = call["scores"]
    return Traits(
        agent=agent,
        codec=sound["codec"] if sound else None,
        seconds=call["duration"],
        sex=call["metadata"].get("customer_sex") or _addressed(call),
        clearness=_clearness(call),
        bandwidth_hz=sound["bandwidth_hz"] if sound else None,
        hour=moment.hour if moment else None,
        compliance=scores["compliance"],
        effectiveness=scores["effectiveness"],
        red_line=scores["red_line"],
        violation="violation" in states,
        review="needs_review" in states,
        undecided="cannot_decide" in states,
    )


def _sound(call: Json) -> Json | None:
    """The quality of the customer's channel, else of the first."""
    quality = call.get("quality") or ()
    channels = [turn["channel"] for turn in call["turns"] if turn["role"] == "customer"]
    mine = [one for one in quality if one["channel"] in channels]
    return next(iter((*mine, *quality)), None)


def _addressed(call: Json) -> str | None:
    """The customer's sex by how the agent addresses him; ``None`` where that says both or neither."""
    spoken = "".join(turn["text"] for turn in call["turns"] if turn["role"] == "agent")
    male, female = bool(_MALE.search(spoken)), bool(_FEMALE.search(spoken))
    if male == female:
        return None
    return "M" if male else "F"


def _clearness(call: Json) -> float | None:
    heard = [
        (turn["asr_confidence"], len(turn["text"]))
        for turn in call["turns"]
        if turn["role"] == "customer" and turn["asr_confidence"] is not None and turn["text"]
    ]
    weight = sum(size for _, size in heard)
    return sum(value * size for value, size in heard) / weight if weight else None
