"""Character error rates of a call against its label, all words and by role."""

from dataclasses import dataclass

import cn2an
from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class SpeechErrors:
    """Error rates: 0 is perfect."""

    by_role: float
    swapped: float
    """What ``by_role`` would be with agent and customer exchanged."""


def speech_errors(label, call):
    spoken = {role: _plain(t["text"] for t in label["turns"] if t["speaker"] == role) for role in ROLES}
    heard = {role: _plain(t["text"] for t in call["turns"] if t["role"] == role) for role in ROLES}
    size = sum(map(len, spoken.values()))
    agent, customer = ROLES
    straight = _distance(spoken[agent], heard[agent]) + _distance(spoken[customer], heard[customer])
    crossed = _distance(spoken[agent], heard[customer]) + _distance(spoken[customer], heard[agent])
    return SpeechErrors(straight / size, crossed / size)


ROLES = ("agent", "customer")


def _plain(texts):
    """Hanzi only, digits as they are said."""
    text = cn2an.transform("".join(texts), "an2cn")
    return "".join(c for c in text if "\u4e00" <= c <= "\u9fff")


_distance = Levenshtein.distance
