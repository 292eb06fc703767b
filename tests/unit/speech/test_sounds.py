"""The real detector and transcriber on sounds in which nobody speaks."""

from pathlib import Path

import numpy as np
import pytest

from models.fakes import FakeTokenizer
from pipeline.errors import ModelError
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.speech import listen
from pipeline.types import Call, Recording
from tests.unit.speech.sounding import GivenDiarizer, channel, recording

pytestmark = pytest.mark.audio

RATE = 16_000
SECONDS = 12
DTMF_HZ = [(697, 1209), (770, 1336), (852, 1477), (941, 1209), (697, 1633), (941, 1477)]


def time(seconds):
    return np.arange(int(seconds * RATE)) / RATE


def sine(hertz, seconds, level=0.15):
    return level * np.sin(2 * np.pi * hertz * time(seconds))


def pause(seconds):
    return np.zeros(int(seconds * RATE))


def ringback():
    return np.concatenate([sine(450, 1), pause(4)] * 3)


def busy():
    return np.concatenate([sine(450, 0.35), pause(0.35)] * 16)


def dtmf():
    keys = [np.concatenate([sine(a, 0.12) + sine(b, 0.12), pause(0.2)]) for a, b in DTMF_HZ]
    return np.concatenate(keys * 6)


def melody():
    """A tune of plucked notes with overtones, as of hold music."""
    notes = [262, 330, 392, 523, 392, 330, 294, 349, 440, 587, 440, 349] * 3
    fade = np.exp(-3 * time(0.35))
    return np.concatenate([fade * sum(sine(k * n, 0.35, 0.1 / k) for k in (1, 2, 3, 4)) for n in notes])


def noise():
    return np.random.default_rng(7).normal(0, 0.02, SECONDS * RATE)


def line_noise():
    return np.random.default_rng(8).normal(0, 0.002, SECONDS * RATE) + sine(50, SECONDS, 0.01)


@pytest.fixture(scope="module")
def engines():
    registry = pytest.importorskip("models.registry")
    from models.weights import Catalogue

    settings = load_settings()
    try:
        catalogue = Catalogue.load()
        return registry.build_speech_detector(settings, catalogue), registry.build_transcriber(
            settings, catalogue
        )
    except ModelError as error:
        pytest.skip(f"weights are not at hand: {error}")


@pytest.mark.parametrize(
    ("sound", "unreachable"),
    [
        (ringback, "no_answer"),
        (busy, "busy"),
        (dtmf, None),
        (melody, None),
        (noise, None),
        (line_noise, None),
    ],
)
def test_no_words_where_nobody_speaks(engines, sound, unreachable):
    detector, transcriber = engines
    rng = np.random.default_rng(1)
    samples = sound()
    samples = (samples + rng.normal(0, 1e-3, len(samples))).astype(np.float32)
    call = Call(call_id="tones", metadata=CallMetadata(), recording=Recording(path=Path("tones.wav")))
    transcript = listen(
        recording(channel(0, samples)),
        call,
        detector=detector,
        transcriber=transcriber,
        diarizer=GivenDiarizer(),
        words=FakeTokenizer(),
        settings=load_settings(),
    )
    assert transcript.turns == ()
    assert transcript.unreachable == unreachable
