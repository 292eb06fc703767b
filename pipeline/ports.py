"""What the pipeline asks of models: small protocols, implemented in ``models/``.

An adapter is one class with these methods and one line in ``models/registry.py``. Every adapter
says who it is through ``identity``: name, version and weight digest in one string, kept with
every result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pipeline.types import Interval, Role, Samples, Segment, SpeakerSpan, Tone

SAMPLE_RATE = 16_000
"""Hz; every port takes sound at this rate."""


THIRD_PERSONS = frozenset({"relative", "colleague", "emergency_contact", "stranger"})
"""Who is called, where it is not the debtor: the same words told to a third person are another matter."""


@runtime_checkable
class SpeechDetector(Protocol):
    """Finds where anybody speaks."""

    @property
    def identity(self) -> str:
        """Name, version and weight digest."""
        ...

    def detect(self, samples: Samples) -> tuple[Interval, ...]:
        """Speech intervals of 16 kHz mono ``samples``, in time order, not overlapping."""
        ...


@runtime_checkable
class Transcriber(Protocol):
    """Turns speech into words."""

    @property
    def identity(self) -> str:
        """Name, version and weight digest."""
        ...

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        """Decode each window once, with timestamps and without a prompt.

        The text is as the model wrote it: windows, safeguards, script and punctuation are the
        pipeline's work. What a window gives does not depend on the windows beside it.

        Args:
            windows: 16 kHz mono, each of at most 30 s (most that Whisper hears at once), its silent tail
                included.
            beam_size: texts that are followed at once; 1 is greedy.
            bar_loops: decode so that nothing is said twice in a row, for a window that looped.

        Returns:
            Segments of each window in time order, with word times within the window. The last one's end
            is how far the model listened.

        Raises:
            EngineError: the engine failed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Diarization:
    """A diarizer's two answers.

    Attributes:
        regular: who speaks when, overlaps included.
        exclusive: the same with at most one speaker at a time, made for giving words a speaker; its spans
            carry margins.
        prints: a voice print a speaker, of unit length; empty when the diarizer has none to give.
        traces: what each piece that was asked for sounds like, ``(pieces, dimension)``, NaN where that is
            not known; ``None`` when the diarizer has none to give. The mean of the traces of pieces, weighted
            by their length, is the voice print of all of them, but for its length as a vector.
    """

    regular: tuple[SpeakerSpan, ...]
    exclusive: tuple[SpeakerSpan, ...]
    prints: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    traces: NDArray[np.float32] | None = field(default=None, compare=False)


@runtime_checkable
class Diarizer(Protocol):
    """Separates the speakers of a mono recording."""

    @property
    def identity(self) -> str:
        """Name, version and weight digest."""
        ...

    def diarize(
        self,
        samples: Samples,
        speech: Sequence[Interval] | None = None,
        pieces: Sequence[Interval] = (),
    ) -> Diarization:
        """Speakers of 16 kHz mono ``samples``.

        Args:
            samples: the recording.
            speech: where anybody speaks, in time order, not overlapping: nobody is looked for elsewhere.
                ``None`` when that is not known.
            pieces: short stretches, words say, whose traces are wanted.

        Raises:
            EngineError: the engine failed.
        """
        ...


@runtime_checkable
class VoicePrinter(Protocol):
    """Says what a voice is like, for agents who were enrolled; off unless the settings name their file."""

    @property
    def identity(self) -> str:
        """Name and weight digest: prints of two identities cannot be compared."""
        ...

    def voice_print(self, samples: Samples) -> NDArray[np.float32] | None:
        """A vector of unit length for 16 kHz mono ``samples``; ``None`` when they are too short.

        The cosine of two prints is high when they are of one voice.

        Raises:
            EngineError: the engine failed.
        """
        ...


@runtime_checkable
class Tokenizer(Protocol):
    """Cuts Chinese text into words."""

    @property
    def identity(self) -> str:
        """Name, version and dictionary digest."""
        ...

    def cut(self, text: str) -> tuple[str, ...]:
        """The words of ``text`` in order; joined they are ``text`` again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn as a second opinion reads it.

    Attributes:
        role: who says it.
        text: the words.
        before: the words of the turn before, empty when there is none.
        facts: what the metadata tell, such as who is called; only what is known.
    """

    role: Role
    text: str
    before: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, role: Role, text: str, before: str, metadata: Mapping[str, object]) -> Said:
        """A turn with the one fact of the metadata that changes what words mean.

        Other facts are left to the policy: labelled lines name them where they decide a rule, so that a
        model would take their mere presence for the rule.
        """
        third = metadata.get("callee_role") in THIRD_PERSONS
        facts = {"callee": "third_person"} if third else {}
        return cls(role=role, text=text, before=before, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a learned model thinks of one turn.

    Attributes:
        rules: probability that the turn breaks each rule the model knows.
        acts: probability of each act.
        tones: probability of each tone; sums to 1.
        spans: for rules and acts, the offsets of the clause that speaks most for it.
    """

    rules: Mapping[str, float]
    acts: Mapping[str, float]
    tones: Mapping[Tone, float]
    spans: Mapping[str, tuple[int, int]]


@runtime_checkable
class SecondOpinion(Protocol):
    """Judges turns by what it learned from labelled lines, beside the rules."""

    @property
    def identity(self) -> str:
        """Name, version and training-data digest."""
        ...

    def judge(self, turns: Sequence[Said]) -> tuple[Opinion, ...]:
        """One opinion a turn, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a language model answered about one turn.

    Attributes:
        yes: whether it thinks that the question is true of the turn.
        quote: the stretch of the turn that it rests on, as it wrote it.
        reason: its reason, one sentence.
    """

    yes: bool
    quote: str
    reason: str = ""


@runtime_checkable
class LanguageJudge(Protocol):
    """Answers a question about a turn; off unless the settings name an endpoint."""

    @property
    def identity(self) -> str:
        """Model and endpoint kind, without secrets."""
        ...

    @property
    def stays_here(self) -> bool:
        """Whether what it is asked stays on this machine; else it is masked before."""
        ...

    def ask(self, question: str, role: Role, text: str, before: str) -> Answer:
        """The answer about a turn; ``before`` is the turn before, empty when there is none.

        Raises:
            EngineError: the endpoint cannot be reached or gives no usable answer.
        """
        ...


@runtime_checkable
class WordFrequencies(Protocol):
    """Knows which stretches of text are words, and how common they are."""

    @property
    def identity(self) -> str:
        """Name, version and dictionary digest."""
        ...

    def frequency(self, word: str) -> int:
        """Occurrences of ``word`` in a corpus of some 60 million words; 0 for what is no word."""
        ...


@runtime_checkable
class ToneClassifier(Protocol):
    """Judges how words sound."""

    @property
    def identity(self) -> str:
        """Name, version and training-data digest."""
        ...

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        """Probabilities of each tone for each text; each mapping sums to 1."""
        ...
