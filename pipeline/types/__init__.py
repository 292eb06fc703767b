"""The records that flow through the pipeline.

Conventions, the same in every record:

* times are integer milliseconds from the start of the recording, half-open
  (``start_ms`` inside, ``end_ms`` outside); ``None`` where a transcript came without times;
* text positions are code-point offsets into ``Turn.text``, half-open;
* money is ``Decimal`` yuan; confidences and probabilities are 0..1; scores are 0..100;
* records are frozen, sequences are tuples.
"""

from pipeline.types.basics import (
    CallStatus,
    FindingState,
    Interval,
    Outcome,
    Role,
    Severity,
    Stability,
    Tone,
    Witness,
)
from pipeline.types.conduct import (
    CallConduct,
    Interruption,
    Monologue,
    PartyConduct,
    Phase,
    Silences,
    TonePhase,
    TonePoint,
    ToneShift,
    Turning,
)
from pipeline.types.history import Contact, History, PastPromise
from pipeline.types.prosody import Abstention, Prosody, ToneWitness
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
    Robustness,
    ScoreItem,
    Scores,
    Tariff,
    ToneFrame,
    words_at,
)

__all__ = [
    "Abstention",
    "Act",
    "AudioQuality",
    "BatchSummary",
    "Call",
    "CallConduct",
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
    "Interruption",
    "Interval",
    "Monologue",
    "NotChecked",
    "Outcome",
    "PartyConduct",
    "PastPromise",
    "Phase",
    "Promise",
    "Proposer",
    "Prosody",
    "Provenance",
    "Quarantined",
    "Recording",
    "Removal",
    "Robustness",
    "Role",
    "Samples",
    "ScoreItem",
    "Scores",
    "Segment",
    "Severity",
    "Silences",
    "SoundFault",
    "SpeakerSpan",
    "Stability",
    "Swapped",
    "Tariff",
    "Tone",
    "ToneFrame",
    "TonePhase",
    "TonePoint",
    "ToneShift",
    "ToneWitness",
    "Transcript",
    "Turn",
    "Turning",
    "Witness",
    "Word",
    "words_at",
]
