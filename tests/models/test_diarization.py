"""The second pass of diarization, and the voices it compares."""

from __future__ import annotations

import os

import numpy as np
import pytest
from numpy.typing import NDArray

from models.diarize_regions import assign_voices, merged, overlapped, with_overlaps
from models.registry import build_diarizer, build_speech_detector
from models.weights import Catalogue
from pipeline.settings import Settings
from pipeline.types import Interval, Samples, SpeakerSpan

Print = NDArray[np.float32]


def span(start_ms: int, end_ms: int, speaker: str = "?") -> SpeakerSpan:
    return SpeakerSpan(speaker=speaker, start_ms=start_ms, end_ms=end_ms)


def voice(number: int, wobble: float = 0.0, seed: int = 0) -> Print:
    base = np.zeros(16, dtype=np.float32)
    base[number] = 1.0
    return base + wobble * np.random.default_rng(seed).standard_normal(16).astype(np.float32)


def speakers(
    spans: list[SpeakerSpan], prints: list[Print | None], found: int = 1, low: int = 1, high: int = 3
) -> list[str]:
    again = assign_voices(spans, prints, found=found, min_speakers=low, max_speakers=high)
    assert [(s.start_ms, s.end_ms) for s in again] == [(s.start_ms, s.end_ms) for s in spans]
    return [s.speaker[-2:] for s in again]


def test_two_voices_that_the_first_pass_took_for_one() -> None:
    spans = [span(i * 2000, i * 2000 + 1500) for i in range(6)]
    prints: list[Print | None] = [voice(i % 2, 0.05, i) for i in range(6)]
    assert speakers(spans, prints, found=1) == ["00", "01"] * 3


def test_speakers_are_numbered_by_who_speaks_first() -> None:
    spans = [span(0, 1500), span(2000, 9000), span(9500, 11_000)]
    assert speakers(spans, [voice(5), voice(2), voice(5, 0.01)]) == ["00", "01", "00"]


def test_one_voice_stays_one() -> None:
    spans = [span(i * 2000, i * 2000 + 1500) for i in range(6)]
    assert set(speakers(spans, [voice(0, 0.02, i) for i in range(6)])) == {"00"}
    assert set(speakers(spans, [voice(0, 0.02, i) for i in range(6)], low=2)) == {"00", "01"}


def test_a_third_voice_only_when_the_first_pass_heard_it() -> None:
    spans = [span(i * 2000, i * 2000 + 1500) for i in range(9)]
    prints: list[Print | None] = [voice(i % 3, 0.02, i) for i in range(9)]
    assert len(set(speakers(spans, prints, found=2))) == 2
    assert len(set(speakers(spans, prints, found=3))) == 3
    assert len(set(speakers(spans, prints, found=3, high=2))) == 2


def test_too_short_to_tell_goes_with_the_nearest() -> None:
    spans = [span(0, 1500), span(1600, 1700), span(5000, 6500)]
    assert speakers(spans, [voice(0), None, voice(1)]) == ["00", "00", "01"]


def test_no_prints_is_one_speaker() -> None:
    assert speakers([span(0, 100), span(300, 400)], [None, None]) == ["00", "00"]
    assert assign_voices([], [], found=0, min_speakers=1, max_speakers=3) == ()


def test_overlap_gets_the_nearest_other_speaker() -> None:
    exclusive = [span(0, 1000, "a"), span(1100, 2000, "b"), span(8000, 9000, "a")]
    found = with_overlaps(exclusive, [Interval(start_ms=900, end_ms=1000)])
    assert found == (span(0, 1000, "a"), span(900, 1000, "b"), span(1100, 2000, "b"), span(8000, 9000, "a"))


def test_overlap_of_one_speaker_alone_adds_nobody() -> None:
    assert with_overlaps([span(0, 1000, "a")], [Interval(start_ms=10, end_ms=50)]) == (span(0, 1000, "a"),)


def test_overlapped_and_merged() -> None:
    spans = [span(0, 1000, "a"), span(800, 1500, "b"), span(900, 1200, "a")]
    assert overlapped(spans)[0] == Interval(start_ms=800, end_ms=1000)
    assert merged(spans) == (span(0, 1200, "a"), span(800, 1500, "b"))


@pytest.mark.audio
def test_parties_of_a_mono_call_are_told_apart(
    settings: Settings, catalogue: Catalogue, call_channels: tuple[Samples, ...]
) -> None:
    """The channels of a shipped call added up; who speaks is known from the channels."""
    detector, diarizer = build_speech_detector(settings, catalogue), build_diarizer(settings, catalogue)
    duration = call_channels[0].size // 16
    truth = np.zeros((2, duration + 1), dtype=bool)
    for channel, samples in enumerate(call_channels):
        for i in detector.detect(samples):
            truth[channel, i.start_ms : i.end_ms] = True
    alone = truth.sum(axis=0) == 1
    found = diarizer.diarize(((call_channels[0] + call_channels[1]) / 2).astype(np.float32))
    names = sorted({s.speaker for s in found.exclusive})
    assert len(names) == 2
    shares = np.zeros((2, 2))
    for s in found.exclusive:
        for channel in (0, 1):
            stretch = slice(s.start_ms, s.end_ms)
            shares[channel, names.index(s.speaker)] += (truth[channel, stretch] & alone[stretch]).sum()
    right = max(shares[0, 0] + shares[1, 1], shares[0, 1] + shares[1, 0])
    assert right / shares.sum() > 0.9


@pytest.mark.audio
def test_a_voice_is_more_like_itself_than_like_another(
    catalogue: Catalogue, call_channels: tuple[Samples, ...]
) -> None:
    from models.embed_campplus import CampplusEmbedding

    model = CampplusEmbedding.from_file(catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt")
    middle = call_channels[0].size // 2
    prints = []
    for samples in call_channels:
        for half in (samples[:middle], samples[middle:]):
            found = model.voice_print(half)
            assert found is not None
            assert found.shape == (192,)
            prints.append(found / np.linalg.norm(found))
    likeness = np.array(prints) @ np.array(prints).T
    assert min(likeness[0, 1], likeness[2, 3]) > likeness[:2, 2:].max()
    assert model.voice_print(call_channels[0][:1000]) is None


@pytest.mark.audio
def test_telemetry_is_off(settings: Settings, catalogue: Catalogue) -> None:
    build_diarizer(settings, catalogue)
    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
    assert not is_metrics_enabled()
