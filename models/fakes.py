"""Deterministic stand-ins for every port: for tests, and to try the flow without weights.

Each answers from its input alone, in no time, with answers of the right form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from pipeline.ports import SAMPLE_RATE, Answer, Diarization, Opinion
from pipeline.types import Interval, Segment, SpeakerSpan, Tone, Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.weights import Catalogue
    from pipeline.ports import Said
    from pipeline.settings import Settings
    from pipeline.types import Role, Samples

_FRAME = SAMPLE_RATE // 100
_LOUD = 0.01
"""Root mean square of a 10 ms frame from which it counts as speech."""
_CHARACTER_MS = 200


class _Fake:
    """What all fakes share: they need nothing."""

    name = "fake"

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """Anything goes in, nothing is read."""
        return cls()

    @property
    def identity(self) -> str:
        """The fake's name."""
        return self.name


class FakeSpeechDetector(_Fake):
    """Hears speech wherever the sound is loud."""

    name = "fake-speech-detector/1"

    def detect(self, samples: Samples) -> tuple[Interval, ...]:
        """Runs of loud 10 ms frames."""
        return _loud_runs(samples)


class FakeTranscriber(_Fake):
    """Says ``text``, 200 ms a character, over and over, in every loud run."""

    name = "fake-transcriber/1"

    def __init__(self, text: str = "您好请问什么时候还款") -> None:
        self._text = text

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        """One segment a loud run, one word a character."""
        return tuple(
            tuple(self._segment(run) for run in _loud_runs(window) if run.duration_ms >= _CHARACTER_MS)
            for window in windows
        )

    def _segment(self, run: Interval) -> Segment:
        words = tuple(
            Word(
                text=self._text[i % len(self._text)],
                start_ms=run.start_ms + i * _CHARACTER_MS,
                end_ms=run.start_ms + (i + 1) * _CHARACTER_MS,
                probability=0.9,
            )
            for i in range(run.duration_ms // _CHARACTER_MS)
        )
        return Segment(
            text="".join(w.text for w in words),
            start_ms=run.start_ms,
            end_ms=words[-1].end_ms,
            words=words,
            avg_logprob=-0.1,
            no_speech_prob=0.01,
            compression_ratio=1.0,
        )


class FakeVoicePrinter(_Fake):
    """Tells sounds apart by where their energy lies."""

    name = "fake-voice-printer/1"

    def voice_print(self, samples: Samples) -> NDArray[np.float32] | None:
        """Shares of 64 bands, as a unit vector; ``None`` below a fifth of a second."""
        if len(samples) < SAMPLE_RATE // 5:
            return None
        bands = np.array_split(np.abs(np.fft.rfft(samples))[1:], 64)
        shares = np.array([float(np.mean(np.square(band))) for band in bands]) + 1e-12
        return np.asarray(shares / np.linalg.norm(shares), dtype=np.float32)


class FakeDiarizer(_Fake):
    """Two speakers who take the loud runs in turn."""

    name = "fake-diarizer/1"

    def diarize(
        self,
        samples: Samples,
        speech: Sequence[Interval] | None = None,
        pieces: Sequence[Interval] = (),
    ) -> Diarization:
        """``SPEAKER_00`` and ``SPEAKER_01``, alternating."""
        spans = tuple(
            SpeakerSpan(speaker=f"SPEAKER_{i % 2:02d}", start_ms=run.start_ms, end_ms=run.end_ms)
            for i, run in enumerate(_loud_runs(samples))
        )
        return Diarization(regular=spans, exclusive=spans)


class FakeTokenizer(_Fake):
    """Every character is a word."""

    name = "fake-tokenizer/1"

    def cut(self, text: str) -> tuple[str, ...]:
        """The characters of ``text``."""
        return tuple(text)

    def frequency(self, word: str) -> int:
        """Nothing is a word."""
        return 0


class FakeToneClassifier(_Fake):
    """Everything is neutral."""

    name = "fake-tone/1"

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        """0.8 for neutral, the rest shared."""
        rest = 0.2 / (len(Tone) - 1)
        return tuple({tone: 0.8 if tone is Tone.NEUTRAL else rest for tone in Tone} for _ in texts)


def _loud_runs(samples: Samples) -> tuple[Interval, ...]:
    frames = samples[: samples.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1)) >= _LOUD
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    return tuple(
        Interval(start_ms=int(start) * 10, end_ms=int(end) * 10)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


class FakeOpinion(_Fake):
    """Has no opinion: every turn is neutral and breaks nothing."""

    name = "fake-opinion/1"

    def judge(self, turns: Sequence[Said]) -> tuple[Opinion, ...]:
        """The same for every turn."""
        tones = {tone: float(tone is Tone.NEUTRAL) for tone in Tone}
        return tuple(Opinion(rules={}, acts={}, tones=tones, spans={}) for _ in turns)


class FakeJudge(_Fake):
    """Thinks that nothing is true of any turn."""

    name = "fake-judge/1"
    stays_here = True

    def ask(self, question: str, role: Role, text: str, before: str) -> Answer:
        """No."""
        return Answer(yes=False, quote="", reason="")
