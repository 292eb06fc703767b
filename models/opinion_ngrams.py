"""The second opinion of n-grams: always there, a fraction of a millisecond a turn.

It is trained on ``configs/corpora`` when it is first needed (about a minute) and kept in the cache
folder under the digest of its lines.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import loading_errors
from models.opinion_features import FEATURES_VERSION, Gram, Vocabulary
from models.opinion_training import lines_sha256, read_lines, train
from pipeline.ports import Opinion
from pipeline.settings import CONFIGS
from pipeline.types import Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from models.opinion_training import Line
    from models.weights import Catalogue
    from pipeline.ports import Said
    from pipeline.settings import Settings

_ENGINE = "ngrams"
CORPORA = tuple(CONFIGS / "corpora" / name for name in ("violations", "acts", "ordinary"))
_SHOWN = 0.2
"""A label below this probability needs no span."""
_CLAUSE = re.compile(r"[^。！？!?；;，,、]+[。！？!?；;，,、]*")


def labelled_lines() -> tuple[Line, ...]:
    """Every labelled line that the project ships.

    Raises:
        ConfigError: a line is malformed.
    """
    return tuple(line for folder in CORPORA for line in read_lines(folder))


class NgramOpinion:
    """Linear support vector machines over n-grams, with calibrated probabilities.

    Args:
        weights: the arrays that :func:`models.opinion_training.train` wrote.
        digest: of the training lines.
    """

    def __init__(self, weights: Mapping[str, Any], digest: str) -> None:
        self._vocabulary = Vocabulary(str(weights["names"]).split("\n"), weights["idf"].tolist())
        self._labels = str(weights["labels"]).split("\n")
        self._weights: np.ndarray = weights["weights"]
        self._bias: np.ndarray = weights["bias"]
        self._slope: np.ndarray = weights["slope"]
        self._shift: np.ndarray = weights["shift"]
        self._digest = digest

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """Trained on the shipped lines, or read from the cache.

        Raises:
            ConfigError: the lines are not usable.
            ModelError: training or reading failed.
        """
        import numpy as np

        lines = labelled_lines()
        digest = lines_sha256(lines)
        key = f"opinion-{FEATURES_VERSION}-{digest[:12]}"
        with loading_errors(_ENGINE):
            path = catalogue.make(key, "weights.npz", lambda to: train(lines, to))
            with np.load(path) as weights:
                return cls({name: weights[name] for name in weights.files}, digest)

    @property
    def identity(self) -> str:
        """Name, versions and training-data digest."""
        return f"{_ENGINE}/{FEATURES_VERSION} sklearn/{version('scikit-learn')} lines@{self._digest[:12]}"

    def judge(self, turns: Sequence[Said]) -> tuple[Opinion, ...]:
        """One opinion a turn, in order."""
        return tuple(self._judge(said) for said in turns)

    def _judge(self, said: Said) -> Opinion:
        import numpy as np

        values, places = self._vocabulary.vector(said)
        index = np.fromiter(values, dtype=np.int64, count=len(values))
        amount = np.fromiter(values.values(), dtype=np.float32, count=len(values))
        rows = self._weights[index] * amount[:, None]
        scores = rows.sum(axis=0) + self._bias
        chance = 1 / (1 + np.exp(-(self._slope * scores + self._shift)))
        of = dict(zip(self._labels, chance.tolist(), strict=True))
        shares = {i: rows[n] for n, i in enumerate(values) if i in places}
        spans = {
            label.partition(":")[2]: _strongest_clause(said.text, places, shares, column)
            for column, label in enumerate(self._labels)
            if of[label] >= _SHOWN and not label.startswith("tone:")
        }
        tones = {tone: of.get(f"tone:{tone}", 0.0) for tone in Tone}
        total = sum(tones.values()) or 1.0
        return Opinion(
            rules={k.partition(":")[2]: p for k, p in of.items() if k.startswith("rule:")},
            acts={k.partition(":")[2]: p for k, p in of.items() if k.startswith("act:")},
            tones={tone: p / total for tone, p in tones.items()},
            spans=spans,
        )


def _strongest_clause(
    text: str, places: Mapping[int, list[Gram]], shares: Mapping[int, np.ndarray], column: int
) -> tuple[int, int]:
    """The clause whose n-grams speak most for a label, without the mark behind it."""
    voice = [0.0] * len(text)
    for index, found in places.items():
        share = float(shares[index][column]) / len(found)
        for gram in found:
            for at in range(gram.start, gram.end):
                voice[at] += share / (gram.end - gram.start)
    clauses = [match.span() for match in _CLAUSE.finditer(text)] or [(0, len(text))]
    start, end = max(clauses, key=lambda span: sum(voice[span[0] : span[1]]))
    while end - start > 1 and text[end - 1] in "。！？!?；;，,、":
        end -= 1
    return start, end
