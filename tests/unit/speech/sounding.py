"""Fakes whose words travel in the sound itself, so that windows and time maps are really used.

A word is a stretch of constant value; the transcriber reads the values of whatever window it is given
and the detector finds where there are any. A word that a window cuts or moves is cut or moved in what
is read.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from pipeline.ports import Diarization
from pipeline.types import Channel, DecodedAudio, Interval, Segment, SpeakerSpan, Word

PER_MS = 16
STEP = 1 / 1024
"""Exact in float32, so that a value read back is the word's number."""


class Vocabulary:
    """Numbers words, and writes them into sound."""

    def __init__(self):
        self.words = []

    def sound(self, script, duration_ms, gain=1.0):
        """``script`` is (text, start_ms, end_ms) a word."""
        samples = np.zeros(duration_ms * PER_MS, dtype=np.float32)
        for text, start_ms, end_ms in script:
            if text not in self.words:
                self.words.append(text)
            value = (self.words.index(text) + 200) * STEP
            samples[start_ms * PER_MS : end_ms * PER_MS] = value * gain
        return samples

    def read(self, samples):
        """(text, start_ms, end_ms) of each run of a known value of 20 ms or more."""
        marks = np.round(samples / STEP).astype(int) - 200
        edges = np.flatnonzero(np.diff(marks)) + 1
        bounds = [0, *edges.tolist(), len(marks)]
        for start, end in itertools.pairwise(bounds):
            number = marks[start] if start < len(marks) else -1
            if end - start >= 20 * PER_MS and 0 <= number < len(self.words):
                yield self.words[number], start // PER_MS, end // PER_MS


@dataclass
class ReadingTranscriber:
    """Reads the words out of the sound; one segment a window."""

    vocabulary: Vocabulary
    identity: str = "reading"
    calls: int = 0
    """Windows that it was given."""

    def transcribe(self, windows, *, beam_size, bar_loops=False):
        self.calls += len(windows)
        return tuple(self.read(window) for window in windows)

    def read(self, window):
        words = tuple(
            Word(text=text, start_ms=start, end_ms=end, probability=0.9)
            for text, start, end in self.vocabulary.read(window)
        )
        return (segment(words),) if words else ()


class EnergyDetector:
    """Everything that is not silence, pauses under 100 ms closed."""

    identity = "energy"

    def detect(self, samples):
        loud = np.flatnonzero(np.abs(samples) > 1e-3)
        if not len(loud):
            return ()
        breaks = np.flatnonzero(np.diff(loud) > 100 * PER_MS)
        starts = [loud[0], *loud[breaks + 1]]
        ends = [*loud[breaks], loud[-1]]
        return tuple(
            Interval(start_ms=int(s) // PER_MS, end_ms=int(e) // PER_MS + 1)
            for s, e in zip(starts, ends, strict=True)
        )


@dataclass
class GivenDiarizer:
    """Says what it was told; counts its calls."""

    spans: tuple[tuple[str, int, int], ...] = ()
    identity: str = "given"
    calls: int = 0

    def diarize(self, samples, speech=None, pieces=()):
        self.calls += 1
        spans = tuple(SpeakerSpan(speaker=s, start_ms=a, end_ms=b) for s, a, b in self.spans)
        return Diarization(regular=spans, exclusive=spans)


def segment(words, *, logprob=-0.3, no_speech=0.1, text=None):
    """A segment of words."""
    return Segment(
        text="".join(w.text for w in words) if text is None else text,
        start_ms=words[0].start_ms,
        end_ms=words[-1].end_ms,
        words=tuple(words),
        avg_logprob=logprob,
        no_speech_prob=no_speech,
        compression_ratio=1.0,
    )


def words(text, start_ms, per_ms=200):
    """A word a character."""
    return tuple(
        Word(text=c, start_ms=start_ms + i * per_ms, end_ms=start_ms + (i + 1) * per_ms, probability=0.9)
        for i, c in enumerate(text)
    )


def script(text, start_ms, per_ms=200):
    """A line for :meth:`Vocabulary.sound`, a word a character."""
    return [(w.text, w.start_ms, w.end_ms) for w in words(text, start_ms, per_ms)]


def channel(index, samples, *, dead=False):
    """A channel as decoding gives it."""
    return Channel(index=index, samples=samples, level_dbfs=-20.0, dead=dead)


def recording(*channels):
    """A decoded recording."""
    return DecodedAudio(
        channels=tuple(channels),
        sample_rate=16_000,
        duration_ms=len(channels[0].samples) // PER_MS,
        sha256="0" * 64,
        container="wav",
        codec="pcm_mulaw",
        source_rate=8_000,
        source_channels=len(channels),
    )
