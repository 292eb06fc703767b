"""Names in the settings and the engines behind them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from models import registry
from models.weights import Catalogue
from pipeline.errors import UnknownNameError
from pipeline.settings import Settings

TABLES = (
    "SPEECH_DETECTORS",
    "TRANSCRIBERS",
    "DIARIZERS",
    "VOICE_PRINTERS",
    "TOKENIZERS",
    "LANGUAGE_JUDGES",
    "TONE_CLASSIFIERS",
)


@pytest.mark.parametrize("table", TABLES)
def test_every_line_leads_to_a_class_that_can_be_built(table: str) -> None:
    for module, attribute in getattr(registry, table).values():
        assert callable(getattr(import_module(module), attribute).build)


def test_unknown_engine_lists_what_exists(settings: Settings, tmp_path: Path) -> None:
    wrong = settings.model_copy(update={"asr": settings.asr.model_copy(update={"engine": "faster-wisper"})})
    with pytest.raises(UnknownNameError, match=r"Did you mean 'faster-whisper'.*openai-whisper"):
        registry.build_transcriber(wrong, Catalogue.load(cache=tmp_path))


def test_defaults_exist(settings: Settings) -> None:
    assert settings.vad.engine in registry.SPEECH_DETECTORS
    assert settings.asr.engine in registry.TRANSCRIBERS
    assert settings.diarization.engine in registry.DIARIZERS
    assert settings.asr.model in Catalogue.load().names
