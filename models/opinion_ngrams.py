"""The second opinion of n-grams: always there, a fraction of a millisecond a turn.

It is trained on ``configs/corpora`` when it is first needed (about a minute) and kept in the cache
folder under the digest of its lines.
"""

from __future__ import annotations

import re
from functools import cached_property, partial
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import loading_errors
from models.opinion_features import FEATURES_VERSION
from models.opinion_lookup import Lookup
from models.opinion_training import lines_sha256, read_lines, train
from models.tone_training import load_taught, taught_sha256, teach
from pipeline.ports import Opinion
from pipeline.settings import CONFIGS
from pipeline.types import Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from models.opinion_lookup import Features
    from models.opinion_training import Line
    from models.weights import Catalogue
    from pipeline.ports import Said
    from pipeline.settings import Settings

_ENGINE = "ngrams"
CORPORA = tuple(CONFIGS / "corpora" / name for name in ("violations", "acts", "ordinary"))
_SHOWN = 0.2
"""A label below this probability needs no span."""
_SAME_VOICE = 1e-9
"""A difference that is one of rounding."""
_MARKS = "。！？!?；;，,、"
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
        self._lookup = Lookup(str(weights["names"]).split("\n"), weights["idf"].tolist())
        self._labels = str(weights["labels"]).split("\n")
        self._weights: np.ndarray = weights["weights"]
        self._bias: np.ndarray = weights["bias"]
        self._slope: np.ndarray = weights["slope"]
        self._shift: np.ndarray = weights["shift"]
        self._digest = digest
        kinds = [label.partition(":")[0] for label in self._labels]
        self._names = [label.partition(":")[2] for label in self._labels]
        columns = {label: column for column, label in enumerate(self._labels)}
        self._rules = [(self._names[i], i) for i, kind in enumerate(kinds) if kind == "rule"]
        self._acts = [(self._names[i], i) for i, kind in enumerate(kinds) if kind == "act"]
        self._tones = [(tone, columns.get(f"tone:{tone}")) for tone in Tone]
        self._with_span = [i for i, kind in enumerate(kinds) if kind != "tone"]

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """Trained on the shipped lines, or read from the cache.

        Raises:
            ConfigError: the lines are not usable.
            ModelError: training or reading failed.
        """
        import numpy as np

        lines, taught = labelled_lines(), load_taught()
        digest = f"{lines_sha256(lines)[:12]}-{taught_sha256(taught)[:12]}"
        key = f"opinion-{FEATURES_VERSION}-{digest}"
        with loading_errors(_ENGINE):
            path = catalogue.make(
                key, "weights.npz", lambda to: train(lines, to, partial(teach, turns=taught))
            )
            with np.load(path) as weights:
                return cls({name: weights[name] for name in weights.files}, digest)

    @cached_property
    def identity(self) -> str:
        """Name, versions and training-data digest."""
        return f"{_ENGINE}/{FEATURES_VERSION} sklearn/{version('scikit-learn')} lines@{self._digest}"

    def judge(self, turns: Sequence[Said]) -> tuple[Opinion, ...]:
        """One opinion a turn, in order."""
        import numpy as np

        if not turns:
            return ()
        features = self._lookup.features(turns)
        rows = self._weights[features.index]
        rows *= features.value.astype(np.float32)[:, None]
        scores = np.zeros((len(turns), len(self._labels)), dtype=rows.dtype)
        filled = np.flatnonzero(np.diff(features.starts))
        if len(filled):
            scores[filled] = np.add.reduceat(rows, features.starts[filled], axis=0)
        chances = 1 / (1 + np.exp(-(self._slope * (scores + self._bias) + self._shift)))
        edges = np.searchsorted(features.gram_turn, np.arange(len(turns) + 1)).tolist()
        return tuple(
            self._opinion(said.text, chance, features, rows, slice(*edge))
            for said, chance, edge in zip(turns, chances.tolist(), pairwise(edges), strict=True)
        )

    def _opinion(
        self, text: str, chance: list[float], features: Features, rows: np.ndarray, grams: slice
    ) -> Opinion:
        shown = [column for column in self._with_span if chance[column] >= _SHOWN]
        tones = {tone: chance[column] if column is not None else 0.0 for tone, column in self._tones}
        total = sum(tones.values()) or 1.0
        spans = _strongest_clauses(text, features, rows, grams, shown) if shown else []
        return Opinion(
            rules={name: chance[column] for name, column in self._rules},
            acts={name: chance[column] for name, column in self._acts},
            tones={tone: p / total for tone, p in tones.items()},
            spans={self._names[column]: span for column, span in zip(shown, spans, strict=True)},
        )


def _strongest_clauses(
    text: str, features: Features, rows: np.ndarray, grams: slice, columns: Sequence[int]
) -> list[tuple[int, int]]:
    """For each label the clause whose n-grams speak most for it, without the mark behind it.

    Every n-gram spreads what its feature adds to a label over its occurrences and their characters.

    Args:
        text: of the turn.
        features: of the call.
        rows: what each feature adds to each label.
        grams: which n-grams are the turn's.
        columns: the labels.
    """
    import numpy as np

    clauses = [match.span() for match in _CLAUSE.finditer(text)] or [(0, len(text))]
    if len(clauses) > 1:
        feature = features.gram_feature[grams]
        start, end = features.gram_start[grams], features.gram_end[grams]
        sizes = np.maximum(end - start, 1)
        share = rows[feature][:, columns] / (features.times[feature] * sizes)[:, None]
        edges = np.array(clauses)
        covered = np.minimum(end[:, None], edges[:, 1]) - np.maximum(start[:, None], edges[:, 0])
        voice = share.T @ np.maximum(covered, 0)
        # of clauses that say the same the first: sums differ in their last bits
        best = (voice >= voice.max(axis=1, keepdims=True) - _SAME_VOICE).argmax(axis=1).tolist()
        chosen = [clauses[i] for i in best]
    else:
        chosen = clauses * len(columns)
    return [(begin, max(min(begin + 1, stop), len(text[:stop].rstrip(_MARKS)))) for begin, stop in chosen]
