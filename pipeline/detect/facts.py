"""What is known of a call beyond its words and metadata, for conditions that ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ports import LanguageJudge, Opinion
    from pipeline.types import History, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Turns are named by :attr:`pipeline.types.Turn.index`; what was not looked at is ``None``.

    Attributes:
        duration_ms: length of the recording.
        one_sided: whether a channel of the recording is dead.
        tones: tone of each turn.
        acts: names of the acts that each turn shows.
        events: names of the customer events that each turn shows.
        opinions: what the second opinion thinks of each turn.
        history: earlier and other calls.
        judge: a language model that answers questions, where one is configured.
    """

    duration_ms: int | None = None
    one_sided: bool | None = None
    tones: Mapping[int, Tone] | None = None
    acts: Mapping[int, frozenset[str]] | None = None
    events: Mapping[int, frozenset[str]] | None = None
    opinions: Mapping[int, Opinion] | None = None
    history: History | None = None
    judge: LanguageJudge | None = field(default=None, compare=False)


NOTHING_KNOWN = Facts()
