"""Who said what, and what we changed in what the engine wrote."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types.basics import Role
from pipeline.types.prosody import Prosody
from pipeline.types.sound import AudioQuality, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one party says until the other takes over.

    Attributes:
        index: 0-based position in the call.
        role_confidence: how sure it is that ``role`` said this.
        text: simplified Chinese with punctuation.
        channel: 0-based channel, ``None`` for mono and text.
        speaker: whose voice, by a name that says nothing of the person (``channel 0``, ``voice 1``): two
            speakers may have one role, as a debtor and a relative do; ``None`` for machines and text.
        overlap: whether the other party speaks at the same time for part of the turn.
        asr_confidence: mean probability of the words, ``None`` for transcripts given as text.
        level_db: mean level of the party's sound in dB relative to full scale, ``None`` where unknown.
        prosody: how it is spoken; ``None`` for text and for machines.
    """

    index: int
    role: Role
    role_confidence: float
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    words: tuple[Word, ...] = ()
    channel: int | None = None
    speaker: str | None = None
    overlap: bool = False
    asr_confidence: float | None = None
    level_db: float | None = None
    prosody: Prosody | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Words that an engine gave and that we took out, with the reason (kept for audits)."""

    start_ms: int
    end_ms: int
    reason: str
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A stretch that was replaced by a term that sounds like it, with the proof (kept for audits).

    Attributes:
        start_ms: start of its first word.
        end_ms: end of its last word.
        original: what the engine wrote.
        corrected: the term, of as many characters.
        kind: ``trade``, or the metadata that has the name: ``lender``, ``agency``, ``agent``, ``customer``.
        reason: ``sound``, ``context`` or ``no_word``.
        distance: mean distance of a syllable, 0..1; 0 for the same sound.
        probability: the engine's mean probability of the changed characters.
    """

    start_ms: int
    end_ms: int
    original: str
    corrected: str
    kind: str
    reason: str
    distance: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All turns of a call in time order."""

    turns: tuple[Turn, ...]
    removals: tuple[Removal, ...] = ()
    corrections: tuple[Correction, ...] = ()
    speech_ms: int | None = None
    """Milliseconds in which anybody speaks; ``None`` for text."""
    quality: tuple[AudioQuality, ...] = ()
    """Of the live channels, in order of the file; empty for text."""
    unreachable: str | None = None
    """Why nobody was reached (``voicemail``, ``ivr_only`` …), when that is what was heard."""

    def by_role(self, role: Role) -> tuple[Turn, ...]:
        """The turns of one party, in time order."""
        return tuple(t for t in self.turns if t.role is role)
