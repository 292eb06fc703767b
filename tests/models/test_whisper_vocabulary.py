"""Whisper without the tokens of other languages: which are kept, and that numbers are never mixed up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ct2_file import Ct2File
from models.weights import Catalogue
from models.whisper_vocabulary import (
    RenumberedWhisper,
    Vocabulary,
    read_tokens,
    shortened,
    vocabulary_of,
)
from pipeline.errors import WeightsError
from pipeline.settings import Settings

SPELLED = ["a", "Ġhello", "ä½ł", "å¥½", "ë§", "Ġíķľ", "Ð¿", "ä", "½", "7"]
TOKENS = [*SPELLED, "<|endoftext|>", "<|startoftranscript|>", "<|zh|>", "<|0.00|>"]
"""A letter, a word, two characters, parts of Korean ones, a Cyrillic letter, bytes, a digit; special ones."""


def small_model(folder: Path) -> Path:
    rows = np.arange(len(TOKENS) * 3, dtype=np.float16).reshape(-1, 3)
    model = Ct2File(
        specification="WhisperSpec",
        revision=3,
        own={"decoder/embeddings/weight": rows, "encoder/weight": np.ones((len(TOKENS), 2), np.float32)},
        aliases={"decoder/projection/weight": "decoder/embeddings/weight"},
    )
    (folder / "model.bin").write_bytes(model.to_bytes())
    (folder / "config.json").write_text(
        json.dumps({"suppress_ids": [4, 9], "lang_ids": [12], "alignment_heads": [[4, 9]]})
    )
    (folder / "vocabulary.txt").write_text("\n".join(TOKENS), encoding="utf-8")
    return folder


def test_what_chinese_is_written_with_is_kept() -> None:
    vocabulary = Vocabulary.chinese(TOKENS)
    left_out = [TOKENS[number] for number in vocabulary.left_out]
    assert left_out == [SPELLED[4], SPELLED[5], SPELLED[6]]


def test_rare_words_of_other_languages_are_left_out_and_short_ones_kept() -> None:
    rare = [f"Ġ{'x' * 6}{i}" for i in range(5_000)]
    vocabulary = Vocabulary.chinese([*rare, "Ġmonsieur", "ĠVI", "12345", "<|endoftext|>"])
    assert vocabulary.left_out == [5_000]


def test_a_list_without_an_end_of_text_is_refused() -> None:
    with pytest.raises(ValueError, match="endoftext"):
        Vocabulary.chinese(["a"])


@given(st.lists(st.integers(0, len(TOKENS) - 1)))
def test_numbers_come_back_as_they_went(numbers: list[int]) -> None:
    vocabulary = Vocabulary.chinese(TOKENS)
    kept = [number for number in numbers if number not in vocabulary.left_out]
    assert vocabulary.full(vocabulary.short(numbers)) == kept
    assert all(number < len(vocabulary.kept) for number in vocabulary.short(numbers))


def test_a_model_loses_the_rows_of_what_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    vocabulary = Vocabulary.chinese(TOKENS)
    files = shortened(small_model(tmp_path), vocabulary)
    (tmp_path / "short.bin").write_bytes(files["model.bin"])
    variables = Ct2File.read(tmp_path / "short.bin").variables
    rows = np.arange(len(TOKENS) * 3).reshape(-1, 3)[list(vocabulary.kept)]
    np.testing.assert_array_equal(variables["decoder/embeddings/weight"], rows)
    np.testing.assert_array_equal(variables["decoder/projection/weight"], rows)
    assert variables["encoder/weight"].shape == (len(TOKENS), 2)
    assert json.loads(files["vocabulary.json"]) == [TOKENS[number] for number in vocabulary.kept]
    config = json.loads(files["config.json"])
    assert config == {"suppress_ids": [6], "lang_ids": [9], "alignment_heads": [[4, 9]]}


def test_a_file_is_written_as_it_was_read(tmp_path: Path) -> None:
    path = small_model(tmp_path) / "model.bin"
    assert Ct2File.read(path).to_bytes() == path.read_bytes()


def test_tokens_are_read_from_either_list(tmp_path: Path) -> None:
    assert read_tokens(small_model(tmp_path)) == tuple(TOKENS)
    (tmp_path / "vocabulary.json").write_text(json.dumps(TOKENS[:3]), encoding="utf-8")
    assert read_tokens(tmp_path) == tuple(TOKENS[:3])
    with pytest.raises(WeightsError, match="no vocabulary"):
        read_tokens(tmp_path / "elsewhere")


def test_other_languages_and_whoever_asks_get_all_tokens(tmp_path: Path, settings: Settings) -> None:
    folder = small_model(tmp_path)
    asr = settings.asr.model_copy(update={"vocabulary": "chinese", "language": "zh"})
    assert vocabulary_of(folder, asr) == Vocabulary.chinese(TOKENS)
    assert vocabulary_of(folder, asr.model_copy(update={"language": "de"})) is None
    assert vocabulary_of(folder, asr.model_copy(update={"vocabulary": "whole"})) is None


@dataclass
class Result:
    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


class Recorder:
    """A model that writes the last token of its prompt and remembers what it was asked."""

    device = "cpu"

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def generate(self, encoded: Any, prompts: list[list[int]], **options: Any) -> list[Result]:
        self.asked = {"prompts": prompts, **options}
        return [Result([[prompt[-1]]], [-0.5], 0.1) for prompt in prompts]

    def align(self, encoded: Any, prompt: list[int], texts: list[list[int]], frames: int, **_: Any) -> Any:
        self.asked = {"prompt": prompt, "texts": texts, "frames": frames}
        return "alignment"


def test_a_short_model_is_spoken_to_in_the_numbers_of_the_whole() -> None:
    inner = Recorder()
    model = RenumberedWhisper(inner, Vocabulary.chinese(TOKENS))
    (written,) = model.generate(None, [[11, 12, 8]], suppress_tokens=[4, 9], beam_size=2)
    assert inner.asked == {"prompts": [[8, 9, 5]], "suppress_tokens": [6], "beam_size": 2}
    assert (written.sequences_ids, written.scores, written.no_speech_prob) == ([[8]], [-0.5], 0.1)
    assert model.align(None, [11], [[8, 9]], 50) == "alignment"
    assert inner.asked == {"prompt": [8], "texts": [[5, 6]], "frames": 50}


@pytest.mark.audio
def test_every_han_character_can_be_written(catalogue: Catalogue) -> None:
    from tokenizers import Tokenizer

    folder = catalogue.ensure("whisper-base")
    kept = set(Vocabulary.chinese(read_tokens(folder)).kept)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    written = "".join(map(chr, range(0x4E00, 0x9FA6))) + "，。？！；：、“”（）《》…—０１２Ａ"
    for start in range(0, len(written), 500):
        used = tokenizer.encode(written[start : start + 500], add_special_tokens=False).ids
        assert set(used) <= kept
