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
from tests.sounds import busy, dtmf, fax, line_noise, melody, noise, pink_noise, ringback
from tests.unit.speech.sounding import GivenDiarizer, channel, recording

pytestmark = pytest.mark.audio


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
        (fax, None),
        (noise, None),
        (pink_noise, None),
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
