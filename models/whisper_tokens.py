"""What Whisper's tokens say: segments from timestamps, words from an alignment. For both engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMESTAMP_S = 0.02
"""Seconds between two timestamp tokens."""
MOST_TOKENS = 224
"""Half of the decoder's context, Whisper's own limit: more tokens than 30 s of speech have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Text tokens between two timestamps.

    Attributes:
        tokens: text only.
        start_s: seconds from the window's start.
        end_s: likewise; ``None`` when the model left the stretch open.
    """

    tokens: tuple[int, ...]
    start_s: float
    end_s: float | None


def split_at_timestamps(tokens: Sequence[int], *, first_timestamp: int, end: int) -> tuple[Stretch, ...]:
    """Stretches of text in order.

    A stretch opens with a timestamp and closes with the next one; text without an opening timestamp
    starts where the stretch before it ends.

    Args:
        tokens: what the decoder wrote, without prompt.
        first_timestamp: the token of 0.00 s; all later ones are timestamps.
        end: the end-of-text token; smaller ones are text, others say nothing.
    """
    stretches: list[Stretch] = []
    text: list[int] = []
    start = 0.0
    for token in tokens:
        if token < end:
            text.append(token)
        elif token >= first_timestamp:
            at = (token - first_timestamp) * TIMESTAMP_S
            if text:
                stretches.append(Stretch(tokens=tuple(text), start_s=start, end_s=at))
                text = []
            start = at
    if text:
        stretches.append(Stretch(tokens=tuple(text), start_s=start, end_s=None))
    return tuple(stretches)
