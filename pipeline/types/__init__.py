"""The records that flow through the pipeline.

Conventions, the same in every record:

* times are integer milliseconds from the start of the recording, half-open
  (``start_ms`` inside, ``end_ms`` outside); ``None`` where a transcript came without times;
* text positions are code-point offsets into ``Turn.text``, half-open;
* money is ``Decimal`` yuan; confidences and probabilities are 0..1; scores are 0..100;
* records are frozen, sequences are tuples.
"""

from pipeline.types.basics import CallStatus, FindingState, Interval, Role, Severity, Tone, Witness
from pipeline.types.history import Contact, History, PastPromise
from pipeline.types.report import BatchSummary, CallReport, Provenance, Quarantined, Swapped
from pipeline.types.sound import (
    AudioQuality,
    Call,
    Channel,
    DecodedAudio,
    Recording,
    Samples,
    Segment,
    SoundFault,
    SpeakerSpan,
    Word,
)
from pipeline.types.transcript import Correction, Removal, Transcript, Turn
from pipeline.types.verdict import (
    Act,
    Certainty,
    Commitment,
    CustomerEvent,
    Evidence,
    Finding,
    IfSwapped,
    NotChecked,
    Promise,
    Proposer,
    ScoreItem,
    Scores,
    Tariff,
    ToneFrame,
    words_at,
)

__all__ = [
    "Act",
    "AudioQuality",
    "BatchSummary",
    "Call",
    "CallReport",
    "CallStatus",
    "Certainty",
    "Channel",
    "Commitment",
    "Contact",
    "Correction",
    "CustomerEvent",
    "DecodedAudio",
    "Evidence",
    "Finding",
    "FindingState",
    "History",
    "IfSwapped",
    "Interval",
    "NotChecked",
    "PastPromise",
    "Promise",
    "Proposer",
    "Provenance",
    "Quarantined",
    "Recording",
    "Removal",
    "Role",
    "Samples",
    "ScoreItem",
    "Scores",
    "Segment",
    "Severity",
    "SoundFault",
    "SpeakerSpan",
    "Swapped",
    "Tariff",
    "Tone",
    "ToneFrame",
    "Transcript",
    "Turn",
    "Witness",
    "Word",
    "words_at",
]
