"""From frame probabilities to intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.registry import build_speech_detector
from models.vad_silero import SileroDetector, speech_intervals
from models.weights import Catalogue
from pipeline.settings import Settings, VadSettings
from pipeline.types import Samples

FRAME = 32
VAD = VadSettings(engine="silero", threshold=0.5, min_speech_ms=96, min_silence_ms=96, pad_ms=0)


def intervals(probabilities: list[float], **changes: object) -> list[tuple[int, int]]:
    values = np.array(probabilities, dtype=np.float32)
    found = speech_intervals(values, len(values) * FRAME, VAD.model_copy(update=changes))
    return [(i.start_ms, i.end_ms) for i in found]


def test_speech_runs_from_threshold_to_silence() -> None:
    assert intervals([0.1, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]) == [(FRAME, 4 * FRAME)]


def test_a_dip_above_the_lower_threshold_does_not_end_speech() -> None:
    assert intervals([0.9] * 3 + [0.4] * 9 + [0.9] * 3) == [(0, 15 * FRAME)]


def test_a_short_pause_does_not_end_speech() -> None:
    assert intervals([0.9] * 3 + [0.1] * 2 + [0.9] * 3) == [(0, 8 * FRAME)]


def test_a_click_is_no_speech() -> None:
    assert intervals([0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]) == []


def test_speech_at_the_very_end_is_kept() -> None:
    assert intervals([0.1] * 3 + [0.9] * 4) == [(3 * FRAME, 7 * FRAME)]


def test_padding_that_would_meet_is_shared() -> None:
    found = intervals([0.9] * 4 + [0.1] * 4 + [0.9] * 4, pad_ms=200)
    assert found == [(0, 6 * FRAME), (6 * FRAME, 12 * FRAME)]


@given(
    st.lists(st.floats(0, 1), max_size=200),
    st.integers(0, 400),
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0.05, 0.95),
)
def test_intervals_are_ordered_and_inside(
    probabilities: list[float], pad: int, speech: int, silence: int, threshold: float
) -> None:
    found = intervals(
        probabilities, pad_ms=pad, min_speech_ms=speech, min_silence_ms=silence, threshold=threshold
    )
    flat = [t for pair in found for t in pair]
    assert flat == sorted(flat)
    assert all(0 <= t <= len(probabilities) * FRAME for t in flat)
    assert all(start < end for start, end in found)


@pytest.mark.audio
def test_what_comes_after_does_not_matter(
    settings: Settings, catalogue: Catalogue, call_channels: tuple[Samples, ...]
) -> None:
    """The state goes from block to block, so 20 s (more than a block) are heard as within the whole."""
    detector = build_speech_detector(settings, catalogue)
    assert isinstance(detector, SileroDetector)
    samples = call_channels[0]
    whole, part = detector.probabilities(samples), detector.probabilities(samples[: 20 * 16_000])
    assert whole.shape == (-(-samples.size // 512),)
    np.testing.assert_allclose(whole[: part.size], part, atol=1e-5)


@pytest.mark.audio
def test_probabilities_are_those_of_the_streaming_model(
    settings: Settings, catalogue: Catalogue, speech: Samples
) -> None:
    """Frame by frame with silero's own streaming file, which ships beside the one we use."""
    from importlib.metadata import distribution

    import onnxruntime

    path = distribution("silero-vad").locate_file("silero_vad/data/silero_vad.onnx")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    state, context, expected = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for frame in speech[: speech.size // 512 * 512].reshape(-1, 512)[:200]:
        sound = np.concatenate([context, frame])[None]
        value, state = session.run(None, {"input": sound, "state": state, "sr": np.array(16_000)})
        context = frame[-64:]
        expected.append(float(value[0, 0]))
    detector = build_speech_detector(settings, catalogue)
    assert isinstance(detector, SileroDetector)
    np.testing.assert_allclose(detector.probabilities(speech)[:200], expected, atol=1e-4)
