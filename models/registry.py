"""Which engine a name in the settings stands for. Adding an engine is one class and one line here.

A class is imported when it is first asked for, so that a run on transcripts loads no speech model.
The builders below are what ``flows/wiring.py`` calls.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.asr_shared import SharedTranscriber
from pipeline.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.weights import Catalogue
    from pipeline.ports import (
        Diarizer,
        LanguageJudge,
        SecondOpinion,
        SpeechDetector,
        Tokenizer,
        ToneClassifier,
        Transcriber,
        VoicePrinter,
        WordFrequencies,
    )
    from pipeline.settings import Settings

SPEECH_DETECTORS = {
    "silero": ("models.vad_silero", "SileroDetector"),
    "fake": ("models.fakes", "FakeSpeechDetector"),
}
TRANSCRIBERS = {
    "faster-whisper": ("models.asr_faster_whisper", "FasterWhisperTranscriber"),
    "openai-whisper": ("models.asr_whisper", "WhisperTranscriber"),
    "fake": ("models.fakes", "FakeTranscriber"),
}
DIARIZERS = {
    "pyannote": ("models.diarize_pyannote", "PyannoteDiarizer"),
    "fake": ("models.fakes", "FakeDiarizer"),
}
VOICE_PRINTERS = {
    "campplus": ("models.voice_campplus", "CampplusPrinter"),
    "fake": ("models.fakes", "FakeVoicePrinter"),
}
TOKENIZERS = {
    "jieba": ("models.tokenize_jieba", "JiebaTokenizer"),
    "fake": ("models.fakes", "FakeTokenizer"),
}
SECOND_OPINIONS = {
    "ngrams": ("models.opinion_ngrams", "NgramOpinion"),
    "embedded": ("models.opinion_embedded", "EmbeddedOpinion"),
    "fake": ("models.fakes", "FakeOpinion"),
}
LANGUAGE_JUDGES = {
    "openai": ("models.judge_openai", "OpenAIJudge"),
    "fake": ("models.fakes", "FakeJudge"),
}
TONE_CLASSIFIERS = {
    "snownlp": ("models.tone_snownlp", "SnownlpTone"),
    "fake": ("models.fakes", "FakeToneClassifier"),
}


def build_speech_detector(settings: Settings, catalogue: Catalogue) -> SpeechDetector:
    """The detector that ``vad.engine`` names.

    Raises:
        UnknownNameError: no such engine; the message lists those there are.
        ModelError: its weights are not at hand or it cannot be loaded.
    """
    return _build("speech detector", SPEECH_DETECTORS, settings.vad.engine, settings, catalogue)


def build_transcriber(settings: Settings, catalogue: Catalogue) -> Transcriber:
    """The transcriber that ``asr.engine`` names; raises as :func:`build_speech_detector`.

    One that does better with one use at a time is shared by the workers, so that its batches are full.
    """
    engine: Transcriber = _build("transcriber", TRANSCRIBERS, settings.asr.engine, settings, catalogue)
    return SharedTranscriber(engine) if getattr(engine, "takes_turns", False) else engine


def build_diarizer(settings: Settings, catalogue: Catalogue) -> Diarizer:
    """The diarizer that ``diarization.engine`` names; raises as :func:`build_speech_detector`."""
    return _build("diarizer", DIARIZERS, settings.diarization.engine, settings, catalogue)


def build_voice_printer(settings: Settings, catalogue: Catalogue, name: str = "campplus") -> VoicePrinter:
    """The voice printer ``name``; raises as :func:`build_speech_detector`."""
    printer: VoicePrinter = _build("voice printer", VOICE_PRINTERS, name, settings, catalogue)
    return printer


def build_tokenizer(settings: Settings, catalogue: Catalogue, name: str = "jieba") -> Tokenizer:
    """The tokenizer ``name``; raises as :func:`build_speech_detector`."""
    return _build("tokenizer", TOKENIZERS, name, settings, catalogue)


def build_word_frequencies(settings: Settings, catalogue: Catalogue, name: str = "jieba") -> WordFrequencies:
    """The dictionary of the tokenizer ``name``; raises as :func:`build_speech_detector`."""
    words: WordFrequencies = _build("tokenizer", TOKENIZERS, name, settings, catalogue)
    return words


def build_tone_classifier(settings: Settings, catalogue: Catalogue, name: str = "snownlp") -> ToneClassifier:
    """The tone classifier ``name``; raises as :func:`build_speech_detector`."""
    return _build("tone classifier", TONE_CLASSIFIERS, name, settings, catalogue)


def build_second_opinion(settings: Settings, catalogue: Catalogue) -> SecondOpinion | None:
    """The second opinion that ``opinion.engine`` names, ``None`` for ``none``; raises as above."""
    if settings.opinion.engine == "none":
        return None
    opinion: SecondOpinion = _build(
        "second opinion", SECOND_OPINIONS, settings.opinion.engine, settings, catalogue
    )
    return opinion


def build_language_judge(settings: Settings, catalogue: Catalogue) -> LanguageJudge | None:
    """The language model that ``judge.engine`` names, ``None`` for ``none``; raises as above."""
    if settings.judge.engine == "none":
        return None
    judge: LanguageJudge = _build(
        "language judge", LANGUAGE_JUDGES, settings.judge.engine, settings, catalogue
    )
    return judge


def _build(
    kind: str, table: Mapping[str, tuple[str, str]], name: str, settings: Settings, catalogue: Catalogue
) -> Any:
    if name not in table:
        raise UnknownNameError(kind, name, table)
    module, attribute = table[name]
    return getattr(import_module(module), attribute).build(settings, catalogue)
