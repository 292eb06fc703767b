"""The tokens that Chinese calls are written with: Whisper's vocabulary without those of other languages.

Most of Whisper's 51,865 tokens spell languages that are not spoken here, yet every step of its decoder reads
them all and weighs them all: more than half of the weights of its smallest models. Without their rows a step
costs less, and nothing can be written in Korean or Cyrillic letters. What is left out is never needed to
write Chinese: a character that has no token of its own is spelled by tokens of its bytes, which are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.ct2_file import Ct2File
from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.settings import AsrSettings

_CHINESE = frozenset({"zh", "yue"})
"""Whisper's names of Mandarin and Cantonese."""
_FREQUENT = 5_000
"""Tokens are numbered in the order in which byte pairs were merged, the most frequent first."""
_SHORT = 2
"""Letters of a token that is kept however rare: what is said in letters is spelled with these."""
_SPECIAL = "<|endoftext|>"
"""The first token that is no text; all behind it steer the decoder or tell times."""
_NEVER = frozenset(lead for lead in range(0xC0, 0x100) if lead not in {0xE2, 0xE3, *range(0xE4, 0xEA), 0xEF})
"""Bytes that begin no character of Chinese text in UTF-8."""
_WRITTEN = ((0x2010, 0x2030), (0x3000, 0x3040), (0x3400, 0xA000), (0xFF00, 0xFFF0))
"""Code points of Chinese text beside ASCII: marks, Han, full-width forms."""
_ROWS = ("decoder/embeddings/weight", "decoder/projection/weight", "decoder/projection/bias")
"""Variables with a row a token, and those of their scales where they are quantised."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Some of a model's tokens, numbered anew in their order.

    Attributes:
        kept: their numbers in the whole vocabulary, rising.
        whole: how many tokens the whole vocabulary has.
    """

    kept: tuple[int, ...]
    whole: int
    _at: Mapping[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_at", {number: short for short, number in enumerate(self.kept)})

    @classmethod
    def chinese(cls, tokens: Sequence[str]) -> Self:
        """Those that Chinese, digits, letters and frequent English words are written with.

        Args:
            tokens: the whole vocabulary, text as the printable characters that stand for its bytes.

        Raises:
            ValueError: there is no end-of-text token.
        """
        if _SPECIAL not in tokens:
            raise ValueError(f"no {_SPECIAL} among the tokens")
        special = tokens.index(_SPECIAL)
        text = (number for number in range(special) if _is_needed(number, _spelled(tokens[number])))
        return cls(kept=(*text, *range(special, len(tokens))), whole=len(tokens))

    def short(self, numbers: Iterable[int]) -> list[int]:
        """From numbers in the whole vocabulary; those of tokens that are left out are left out."""
        at = self._at
        return [at[number] for number in numbers if number in at]

    def full(self, numbers: Iterable[int]) -> list[int]:
        """To numbers in the whole vocabulary."""
        return [self.kept[number] for number in numbers]

    @property
    def left_out(self) -> list[int]:
        """Numbers of all tokens that are not kept."""
        return sorted(set(range(self.whole)) - set(self.kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote for a window: as CTranslate2's result, with numbers of the whole vocabulary."""

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class RenumberedWhisper:
    """A model with few tokens that is spoken to in the numbers of the whole vocabulary.

    Args:
        model: a ``ctranslate2.models.Whisper`` of :func:`shortened` files.
        vocabulary: its tokens.
    """

    model: Any
    vocabulary: Vocabulary

    @property
    def device(self) -> str:
        """Where the model computes."""
        return str(self.model.device)

    @property
    def is_multilingual(self) -> bool:
        """Only models of many languages have a vocabulary to be shortened."""
        return True

    def encode(self, features: Any, **options: Any) -> Any:
        """As the model does."""
        return self.model.encode(features, **options)

    def generate(
        self,
        encoded: Any,
        prompts: Sequence[Sequence[int]],
        *,
        suppress_tokens: Iterable[int],
        **options: Any,
    ) -> list[Written]:
        """Texts of windows, see ``ctranslate2.models.Whisper.generate``."""
        results = self.model.generate(
            encoded,
            [self.vocabulary.short(prompt) for prompt in prompts],
            suppress_tokens=self.vocabulary.short(suppress_tokens),
            **options,
        )
        return [
            Written(
                sequences_ids=[self.vocabulary.full(ids) for ids in result.sequences_ids],
                scores=result.scores,
                no_speech_prob=result.no_speech_prob,
            )
            for result in results
        ]

    def align(
        self,
        encoded: Any,
        prompt: Sequence[int],
        texts: Sequence[Sequence[int]],
        frames: Any,
        **options: Any,
    ) -> Any:
        """Where the tokens of texts were said, see ``ctranslate2.models.Whisper.align``."""
        short = self.vocabulary.short
        return self.model.align(encoded, short(prompt), [short(text) for text in texts], frames, **options)


def vocabulary_of(folder: Path, settings: AsrSettings) -> Vocabulary | None:
    """The tokens that a model is to write with, ``None`` for all of them.

    Raises:
        WeightsError: the folder has no list of tokens.
    """
    if settings.vocabulary == "whole" or settings.language not in _CHINESE:
        return None
    return Vocabulary.chinese(read_tokens(folder))


def read_tokens(folder: Path) -> tuple[str, ...]:
    """The vocabulary of a CTranslate2 Whisper model, in order.

    Raises:
        WeightsError: the folder has none.
    """
    try:
        if (listed := folder / "vocabulary.json").is_file():
            return tuple(json.loads(listed.read_text(encoding="utf-8")))
        return tuple((folder / "vocabulary.txt").read_text(encoding="utf-8").rstrip("\n").split("\n"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder}: no vocabulary: {error}") from error


def shortened(folder: Path, vocabulary: Vocabulary) -> dict[str, bytes]:
    """The files of a CTranslate2 Whisper model with the rows of a vocabulary alone, for its loader.

    Raises:
        WeightsError: the folder holds no such model.
    """
    model = Ct2File.read(folder / "model.bin")
    rows = np.asarray(vocabulary.kept)
    own = {
        name: values[rows] if _has_rows(name, values.shape, vocabulary.whole) else values
        for name, values in model.own.items()
    }
    short = Ct2File(
        specification=model.specification, revision=model.revision, own=own, aliases=model.aliases
    )
    tokens = read_tokens(folder)
    files = {
        "model.bin": short.to_bytes(),
        "config.json": json.dumps(_config(folder, vocabulary)).encode(),
        "vocabulary.json": json.dumps([tokens[number] for number in vocabulary.kept]).encode(),
    }
    for name in ("tokenizer.json", "preprocessor_config.json"):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    return files


def _config(folder: Path, vocabulary: Vocabulary) -> Mapping[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        listed = {
            key: vocabulary.short(config[key])
            for key in ("suppress_ids", "suppress_ids_begin", "lang_ids")
            if key in config
        }
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{folder / 'config.json'}: no configuration of a model: {error}") from error
    return config | listed


def _has_rows(name: str, shape: Sequence[int], tokens: int) -> bool:
    return name.removesuffix("_scale") in _ROWS and len(shape) > 0 and shape[0] == tokens


def _is_needed(number: int, spelled: bytes) -> bool:
    if max(spelled, default=0) < 0x80:
        word = spelled.strip()
        return number < _FREQUENT or len(word) <= _SHORT or word.isdigit()
    if len(spelled) == 1:
        return True
    if not _NEVER.isdisjoint(spelled):
        return False
    try:
        characters = spelled.decode()
    except UnicodeDecodeError:  # part of a character
        return True
    return all(ord(c) < 0x80 or any(low <= ord(c) < high for low, high in _WRITTEN) for c in characters)


def _spelled(token: str) -> bytes:
    """The bytes of a token that is written in byte-level BPE's printable characters."""
    return bytes(_BYTES[character] for character in token)


def _printable() -> dict[str, int]:
    """The characters that stand for bytes, as in GPT-2's vocabulary: those that print, then 256 onwards."""
    printed = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(0x100) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTES = _printable()
