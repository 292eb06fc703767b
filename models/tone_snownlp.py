"""Tone by snownlp's naive Bayes, trained on the language of collection calls.

snownlp's own sentiment model is never used: it learned from shopping reviews and takes a polite
opening question for a complaint. Only its Bayes classifier is taken, one a role, trained when
the class is built on ``configs/corpora/tone.jsonl`` (a fraction of a second).
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from operator import add
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.engine_errors import loading_errors
from pipeline.errors import ConfigError
from pipeline.settings import CONFIGS
from pipeline.types import Role, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.ports import Tokenizer
    from pipeline.settings import Settings

_ENGINE = "snownlp"
TONE_CORPUS = CONFIGS / "corpora" / "tone.jsonl"
_PARTIES = (Role.AGENT, Role.CUSTOMER)
_SILENT = frozenset("，。、；：…“”‘’《》（）,.;: ")
"""Punctuation that carries no tone; ？ and ！ do."""
_MARKED = str.maketrans("，。", "||")
_TONES = tuple(Tone)
_NEUTRAL = {tone: float(tone is Tone.NEUTRAL) for tone in _TONES}
_WORD, _CHARACTER, _PAIR = "word:", "char:", "pair:"
_Seen = tuple[Sequence[str], str, Sequence[str]]
"""The words, characters and pairs of characters of a text."""
_KINDS_OF_FEATURE = 4
"""A word, its characters, their pairs and the marks tell the same thing again: the evidence is
divided by this so that the probabilities are not absurdly sure. The order of the tones does not
hang on it (macro F1 0.578 to 0.588 for divisors 1 to 7 on the development turns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneLine:
    """One labelled line of the training corpus."""

    role: Role
    text: str
    tone: Tone


def load_tone_lines(path: Path = TONE_CORPUS) -> tuple[ToneLine, ...]:
    """Read a corpus: one JSON object a line with ``role``, ``text`` and ``tone``.

    Raises:
        ConfigError: the file cannot be read, a line is wrong, or a party has no line; the
            message names file and line number, not the text.
    """
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text") from error
    lines = tuple(_read(path, number, row) for number, row in enumerate(rows, 1) if row.strip())
    missing = [role.value for role in _PARTIES if not any(line.role is role for line in lines)]
    if missing:
        raise ConfigError(f"{path}: no line of {', '.join(missing)}")
    return lines


def _read(path: Path, number: int, row: str) -> ToneLine:
    try:
        fields = json.loads(row)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{number}: needs role, text and tone with known values") from error
    return tone_line(path, number, fields)


def tone_line(path: Path, number: int, fields: Any) -> ToneLine:
    """A labelled line from the fields ``role``, ``text`` and ``tone``.

    Raises:
        ConfigError: a field is missing or has no known value; the message names file and line number.
    """
    try:
        line = ToneLine(
            role=Role(fields["role"]), text=str(fields["text"]).strip(), tone=Tone(fields["tone"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}:{number}: needs role, text and tone with known values") from error
    if line.role not in _PARTIES or not line.text:
        raise ConfigError(f"{path}:{number}: needs a party's role and a text")
    return line


class SnownlpTone:
    """One Bayes model a party, trained when the object is built.

    Args:
        tokenizer: cuts texts into words.
        lines: what to learn from; both parties must occur.

    Raises:
        ModelError: snownlp is not usable.
    """

    def __init__(self, tokenizer: Tokenizer, lines: Sequence[ToneLine]) -> None:
        self._tokenizer = tokenizer
        content = "\n".join(f"{line.role}\t{line.tone}\t{line.text}" for line in lines)
        self._digest = hashlib.sha256(content.encode()).hexdigest()
        with loading_errors(_ENGINE):
            self._models = {
                role: self._train([line for line in lines if line.role is role]) for role in _PARTIES
            }

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """Trained on the shipped corpus with the registry's own tokenizer.

        Raises:
            ConfigError: the corpus is not usable.
            ModelError: the tokenizer or snownlp is not.
        """
        from models.registry import build_tokenizer

        return cls(build_tokenizer(settings, catalogue), load_tone_lines())

    @cached_property
    def identity(self) -> str:
        """Version of snownlp, digest of the training lines, identity of the tokenizer."""
        return f"{_ENGINE}-bayes/{version(_ENGINE)} {self._digest[:12]} ({self._tokenizer.identity})"

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        """Probabilities of each tone for each text; each mapping sums to 1.

        A text with nothing in it that the training lines know is neutral. A speaker whose role
        is not known is judged as the mean of both parties.
        """
        features = [self._seen(text) for text in texts]
        judged: dict[Role, dict[int, dict[Tone, float]]] = {}
        for role, model in self._models.items():
            own = [at for at, spoke in enumerate(roles) if spoke is role or spoke not in self._models]
            judged[role] = dict(zip(own, model.probabilities([features[at] for at in own]), strict=True))
        return tuple(
            judged[role][at] if role in judged else _mean([of_role[at] for of_role in judged.values()])
            for at, role in enumerate(roles)
        )

    def _seen(self, text: str) -> _Seen:
        """Words, characters and pairs of characters, marks and all."""
        marked = f"^{text.translate(_MARKED)}$"
        return self._tokenizer.cut(text), text, tuple(map(add, marked, marked[1:]))

    def _features(self, text: str) -> set[str]:
        """The same as names, each once, without marks that carry no tone."""
        words, characters, pairs = self._seen(text)
        return {
            *[f"{_WORD}{word}" for word in words if word not in _SILENT],
            *[f"{_CHARACTER}{character}" for character in characters if character not in _SILENT],
            *[f"{_PAIR}{pair}" for pair in pairs],
        }

    def _train(self, lines: Sequence[ToneLine]) -> _Bayes:
        samples = [(sorted(self._features(line.text)), line.tone) for line in lines]
        model = _bayes_class()()
        model.train(samples)
        # snownlp gives an unseen word 1/n of each class, so that the smallest class wins whatever
        # is new. Told the whole vocabulary (with count 0) every class smooths alike (Laplace).
        vocabulary = sorted({feature for features, _ in samples for feature in features})
        for counts in model.d.values():
            for feature in vocabulary:
                counts.add(feature, 0)
        model.total = sum(counts.getsum() for counts in model.d.values())
        return _Bayes(
            priors={tone: math.log(counts.getsum() / model.total) for tone, counts in model.d.items()},
            places={kind: _of_kind(kind, vocabulary) for kind in (_WORD, _CHARACTER, _PAIR)},
            logs=np.array(
                [[math.log(counts.freq(feature)) for counts in model.d.values()] for feature in vocabulary]
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bayes:
    """What ``Bayes.classify`` computes for every text, computed once.

    Attributes:
        priors: log probability of each tone.
        places: of each feature its row, by kind.
        logs: log frequency of each feature in each tone, shape ``(features, tones)`` in the order of
            ``priors``.
    """

    priors: Mapping[Tone, float]
    places: Mapping[str, Mapping[str, int]]
    logs: np.ndarray[Any, np.dtype[np.float64]]

    def probabilities(self, texts: Sequence[_Seen]) -> list[dict[Tone, float]]:
        """The distribution behind ``Bayes.classify``, which itself returns only the winner.

        Args:
            texts: the features of each text.
        """
        rows = [self._rows(features) for features in texts]
        text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        logs = self.logs[np.array([*chain(*rows)], dtype=np.int64)]
        # column by column and row after row: the same bits on every machine
        sums = [np.bincount(text, column, len(rows)).tolist() for column in logs.T]
        judged = zip(rows, zip(*sums, strict=True), strict=True)
        return [self._distribution(of_text) if row else dict(_NEUTRAL) for row, of_text in judged]

    def _rows(self, seen: _Seen) -> list[int]:
        """The rows of known features, in order."""
        words, characters, pairs = seen
        places = self.places
        rows = {
            *map(places[_WORD].get, words),
            *map(places[_CHARACTER].get, characters),
            *map(places[_PAIR].get, pairs),
        }
        return sorted(row for row in rows if row is not None)

    def _distribution(self, sums: Sequence[float]) -> dict[Tone, float]:
        """Probabilities from the sums of log frequencies."""
        scores = {
            tone: prior + of_tone / _KINDS_OF_FEATURE
            for (tone, prior), of_tone in zip(self.priors.items(), sums, strict=True)
        }
        best = max(scores.values())
        weights = {tone: math.exp(scores[tone] - best) if tone in scores else 0.0 for tone in _TONES}
        total = sum(weights.values())
        return {tone: weight / total for tone, weight in weights.items()}


def _of_kind(kind: str, vocabulary: Sequence[str]) -> dict[str, int]:
    """The features of a kind, with their places among all."""
    return {name[len(kind) :]: place for place, name in enumerate(vocabulary) if name.startswith(kind)}


def _mean(judged: Sequence[Mapping[Tone, float]]) -> dict[Tone, float]:
    return {tone: sum(one[tone] for one in judged) / len(judged) for tone in _TONES}


@cache
def _bayes_class() -> Any:
    """``snownlp.classification.bayes.Bayes`` without running ``snownlp/__init__``.

    The package's ``__init__`` loads every stock model (2 s and 400 MB, measured on 0.12.3) and
    none of them is used. Its submodules are imported under a private package name instead.
    """
    spec = find_spec("snownlp")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("snownlp")
    package = ModuleType("_snownlp_without_stock_models")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[package.__name__] = package
    return importlib.import_module(f"{package.__name__}.classification.bayes").Bayes
