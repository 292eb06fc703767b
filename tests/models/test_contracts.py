"""What every adapter promises through its port: fakes always, the real ones on packaged weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from models import registry
from models.weights import Catalogue
from pipeline.ports import Diarizer, SpeechDetector, Tokenizer, ToneClassifier, Transcriber, VoicePrinter
from pipeline.settings import Settings
from pipeline.types import Role, Samples, Tone

REAL = pytest.mark.audio
SILENCE = np.zeros(32_000, dtype=np.float32)
EMPTY = np.zeros(0, dtype=np.float32)
BLIP = np.full(100, 0.1, dtype=np.float32)
NOISE = (np.random.default_rng(3).standard_normal(48_000) * 1e-4).astype(np.float32)
NOBODY = {"empty": EMPTY, "blip": BLIP, "silence": SILENCE, "noise": NOISE}

Make = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def make(settings: Settings, catalogue: Catalogue) -> Make:
    """Build the adapter of a section of the settings by engine name, each once."""
    built: dict[tuple[str, str], Any] = {}

    def of(section: str, engine: str) -> Any:
        if (section, engine) not in built:
            chosen = getattr(settings, section).model_copy(update={"engine": engine})
            builder = {
                "vad": registry.build_speech_detector,
                "asr": registry.build_transcriber,
                "diarization": registry.build_diarizer,
            }[section]
            built[section, engine] = builder(settings.model_copy(update={section: chosen}), catalogue)
        return built[section, engine]

    return of


@pytest.mark.parametrize("engine", ["fake", pytest.param("silero", marks=REAL)])
class TestSpeechDetector:
    def test_intervals_are_ordered_and_inside(self, make: Make, engine: str, speech: Samples) -> None:
        detector = make("vad", engine)
        assert isinstance(detector, SpeechDetector)
        found = detector.detect(speech)
        assert found
        assert all(0 <= i.start_ms < i.end_ms <= 12_000 for i in found)
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(found))

    @pytest.mark.parametrize("sound", NOBODY.values(), ids=NOBODY)
    def test_nobody_speaks(self, make: Make, engine: str, sound: Samples) -> None:
        assert make("vad", engine).detect(sound) == ()

    def test_says_who_it_is(self, make: Make, engine: str) -> None:
        assert len(make("vad", engine).identity) > 3


@pytest.mark.parametrize(
    "engine", ["fake", pytest.param("faster-whisper", marks=REAL), pytest.param("openai-whisper", marks=REAL)]
)
class TestTranscriber:
    def test_words_spell_the_text_in_order(self, make: Make, engine: str, speech: Samples) -> None:
        transcriber = make("asr", engine)
        assert isinstance(transcriber, Transcriber)
        (segments,) = transcriber.transcribe([speech], beam_size=1)
        assert segments
        for segment in segments:
            assert "".join(w.text for w in segment.words) == segment.text.replace(" ", "")
            assert "\ufffd" not in segment.text
            assert all(0 <= w.probability <= 1 for w in segment.words)
            times = [(w.start_ms, w.end_ms) for w in segment.words]
            assert times == sorted(times)
            assert segment.start_ms <= times[0][0]
            assert times[-1][1] <= segment.end_ms <= 12_000
            assert all(start <= end for start, end in times)
        starts = [s.start_ms for s in segments]
        assert starts == sorted(starts)

    def test_same_sound_same_words(self, make: Make, engine: str, speech: Samples) -> None:
        first, second = (make("asr", engine).transcribe([speech[:80_000]], beam_size=2) for _ in range(2))
        assert first == second

    @pytest.mark.parametrize("sound", [EMPTY, SILENCE], ids=["empty", "silence"])
    def test_nobody_speaks(self, make: Make, engine: str, sound: Samples) -> None:
        assert make("asr", engine).transcribe([sound], beam_size=1) == ((),)


@pytest.mark.parametrize("engine", ["fake", pytest.param("pyannote", marks=REAL)])
class TestDiarizer:
    def test_exclusive_spans_do_not_overlap(self, make: Make, engine: str, speech: Samples) -> None:
        diarizer = make("diarization", engine)
        assert isinstance(diarizer, Diarizer)
        found = diarizer.diarize(speech)
        assert found.exclusive
        assert all(0 <= s.start_ms < s.end_ms <= 12_000 for s in found.regular)
        pairs = pairwise(found.exclusive)
        assert all(a.end_ms <= b.start_ms for a, b in pairs)
        assert {s.speaker for s in found.exclusive} <= {s.speaker for s in found.regular}

    @pytest.mark.parametrize("sound", NOBODY.values(), ids=NOBODY)
    def test_nobody_speaks(self, make: Make, engine: str, sound: Samples) -> None:
        found = make("diarization", engine).diarize(sound)
        assert (found.regular, found.exclusive) == ((), ())

    def test_short_sound_is_no_error(self, make: Make, engine: str, speech: Samples) -> None:
        found = make("diarization", engine).diarize(speech[:24_000])
        assert all(s.end_ms <= 1_500 for s in found.regular)


@pytest.mark.parametrize("engine", ["fake", "jieba"])
@pytest.mark.parametrize("text", ["", "您已逾期三十天，会产生罚息。", "APP 里 2,300.50元\n还款😀"])
def test_tokens_join_to_the_text(settings: Settings, catalogue: Catalogue, engine: str, text: str) -> None:
    tokenizer = registry.build_tokenizer(settings, catalogue, engine)
    assert isinstance(tokenizer, Tokenizer)
    assert "".join(tokenizer.cut(text)) == text


@pytest.mark.parametrize("engine", ["fake", "snownlp"])
def test_tones_sum_to_one(settings: Settings, catalogue: Catalogue, engine: str) -> None:
    classifier = registry.build_tone_classifier(settings, catalogue, engine)
    assert isinstance(classifier, ToneClassifier)
    texts = ("您好，请问方便吗？", "少废话，今天必须还！", "嗯")
    found = classifier.classify(texts, (Role.AGENT, Role.AGENT, Role.CUSTOMER))
    assert len(found) == 3
    for probabilities in found:
        assert set(probabilities) == set(Tone)
        assert sum(probabilities.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("engine", ["fake", pytest.param("campplus", marks=REAL)])
class TestVoicePrinter:
    @pytest.fixture
    def printer(self, settings: Settings, catalogue: Catalogue, engine: str) -> VoicePrinter:
        return registry.build_voice_printer(settings, catalogue, engine)

    def test_prints_of_one_voice_are_alike_unit_vectors(self, printer: VoicePrinter, speech: Samples) -> None:
        assert isinstance(printer, VoicePrinter)
        first, second = printer.voice_print(speech[:96_000]), printer.voice_print(speech[96_000:])
        assert first is not None
        assert second is not None
        assert float(np.linalg.norm(first)) == pytest.approx(1, abs=1e-3)
        assert float(first @ second) > 0.6

    def test_too_little_sound_has_no_print(self, printer: VoicePrinter) -> None:
        assert printer.voice_print(BLIP) is None
        assert printer.voice_print(EMPTY) is None

    def test_says_who_it_is(self, printer: VoicePrinter) -> None:
        assert len(printer.identity) > 3
