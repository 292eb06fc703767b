"""Chinese words with jieba and a dictionary of the field."""

from __future__ import annotations

import hashlib
import logging
import warnings
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from models.cut_jieba import JiebaCutter
from models.engine_errors import loading_errors
from models.words_jieba import WordFrequencies
from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.settings import Settings

_ENGINE = "jieba"
DOMAIN_WORDS = CONFIGS / "lexicons" / "domain.txt"


class JiebaTokenizer:
    """A jieba of its own: no global dictionary, no cache file shared between processes."""

    def __init__(self, words: WordFrequencies, digest: str) -> None:
        self._words = words
        self._cutter = JiebaCutter(words)
        self._digest = digest

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """With the words of collection calls added.

        Raises:
            ModelError: jieba or the dictionary cannot be loaded.
        """
        return cls.load(DOMAIN_WORDS)

    @classmethod
    def load(cls, words: Path) -> Self:
        """With the words of a file: ``word frequency tag`` a line."""
        with loading_errors(_ENGINE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba still asks for pkg_resources
            import jieba
            from jieba import finalseg

            jieba.setLogLevel(logging.ERROR)
            with jieba.Tokenizer().get_dict_file() as dictionary:
                known = WordFrequencies(dictionary.read().decode("utf-8"))
            content = words.read_bytes()
            for line in content.decode("utf-8").splitlines():
                if line.strip() and not line.startswith("#"):
                    word, frequency, _ = line.split()
                    known.add(word, int(frequency))
                    if int(frequency) == 0:
                        finalseg.add_force_split(word)
        return cls(known, hashlib.sha256(content).hexdigest())

    @cached_property
    def identity(self) -> str:
        """Name, version and dictionary digest."""
        return f"{_ENGINE}/{version('jieba')} domain@{self._digest[:12]}"

    def frequency(self, word: str) -> int:
        """How often ``word`` stands in the dictionary's corpus; 0 for no word."""
        return self._words.of(word)

    def cut(self, text: str) -> tuple[str, ...]:
        """The words of ``text`` in order; joined they are ``text`` again."""
        return tuple(self._cutter.cut(text))
