"""The second opinion of n-grams: always there, a fraction of a millisecond a turn.

It is trained on ``configs/corpora`` when it is first needed (about a minute) and kept in the cache
folder under the digest of its lines.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import loading_errors
from models.opinion_features import FEATURES_VERSION
from models.opinion_lookup import Lookup
from models.opinion_training import files_of, lines_sha256, read_lines, train
from models.tone_training import TAUGHT, load_taught, taught_sha256, teach
from pipeline.ports import Opinion
from pipeline.settings import CONFIGS
from pipeline.types import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

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


def labelled_lines(more: Iterable[Path] = ()) -> tuple[Line, ...]:
    """Every labelled line that the project ships, and those of further files or folders.

    Raises:
        ConfigError: a line is malformed.
    """
    return tuple(line for place in (*CORPORA, *more) for line in read_lines(place))


def _digest_of_lines(further: Iterable[Path]) -> str:
    """Digest of all that the second opinion learns from."""
    return f"{lines_sha256(labelled_lines(further))[:12]}-{taught_sha256(load_taught())[:12]}"


def _contents(further: Iterable[Path]) -> Iterator[bytes | str]:
    """Names and contents of all files that it learns from; who reads their lines says what is wrong."""
    for path in (*(file for place in (*CORPORA, *further) for file in files_of(place)), *TAUGHT):
        yield f"{path.parent.name}/{path.name}"
        with suppress(OSError):
            yield path.read_bytes()


def further_lines(settings: Settings) -> tuple[Path, ...]:
    """The files of labelled lines that the settings name."""
    return tuple(settings.path(place) for place in settings.opinion.lines)


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
        """Trained on the shipped lines and those that the settings name, or read from the cache.

        Raises:
            ConfigError: the lines are not usable.
            ModelError: training or reading failed.
        """
        import numpy as np

        further = further_lines(settings)

        def learn(to: Path) -> None:
            train(labelled_lines(further), to, partial(teach, turns=load_taught()))

        # To read all lines for their digest takes longer than all else: of known files it is known.
        digest = settings.kept.text("lines", _contents(further), lambda: _digest_of_lines(further))
        key = f"opinion-{FEATURES_VERSION}-{digest}"
        with loading_errors(_ENGINE):
            path = catalogue.make(key, "weights.npz", learn)
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
        shown = [[c for c in self._with_span if chance[c] >= _SHOWN] for chance in chances.tolist()]
        spans = _strongest_clauses([said.text for said in turns], features, rows, shown)
        return tuple(map(self._opinion, chances.tolist(), shown, spans))

    def _opinion(
        self, chance: list[float], shown: Sequence[int], spans: Sequence[tuple[int, int]]
    ) -> Opinion:
        tones = {tone: chance[column] if column is not None else 0.0 for tone, column in self._tones}
        total = sum(tones.values()) or 1.0
        return Opinion(
            rules={name: chance[column] for name, column in self._rules},
            acts={name: chance[column] for name, column in self._acts},
            tones={tone: p / total for tone, p in tones.items()},
            spans={self._names[column]: span for column, span in zip(shown, spans, strict=True)},
        )


def _strongest_clauses(
    texts: Sequence[str], features: Features, rows: np.ndarray, shown: Sequence[Sequence[int]]
) -> list[list[tuple[int, int]]]:
    """For each label of each turn the clause whose n-grams speak most for it, without the mark behind it.

    Every n-gram spreads what its feature adds to a label over its occurrences and their characters.

    Args:
        texts: of the turns.
        features: of the call.
        rows: what each feature adds to each label.
        shown: the labels of each turn.
    """
    clauses = [[match.span() for match in _CLAUSE.finditer(text)] or [(0, len(text))] for text in texts]
    asked = [(turn, column) for turn, mine in enumerate(shown) for column in mine if len(clauses[turn]) > 1]
    voices = _voices(texts, features, rows, clauses, asked) if asked else ()
    best = {pair: clauses[pair[0]][_first_best(said)] for pair, said in zip(asked, voices, strict=True)}
    return [
        [_without_mark(text, *best.get((turn, column), clauses[turn][0])) for column in mine]
        for turn, (text, mine) in enumerate(zip(texts, shown, strict=True))
    ]


def _without_mark(text: str, start: int, end: int) -> tuple[int, int]:
    return start, max(min(start + 1, end), len(text[:end].rstrip(_MARKS)))


def _voices(
    texts: Sequence[str],
    features: Features,
    rows: np.ndarray,
    clauses: Sequence[Sequence[tuple[int, int]]],
    asked: Sequence[tuple[int, int]],
) -> list[list[float]]:
    """For each pair of a turn and a label what the n-grams of each clause say: a sum over its characters.

    The texts of all pairs stand on one line, on which the sums run on.
    """
    import numpy as np

    turn, label = np.array(asked).T
    sizes = np.array([len(texts[of]) + 1 for of, _ in asked])
    begins = np.cumsum(sizes) - sizes
    first = np.searchsorted(features.gram_turn, turn)
    count = np.searchsorted(features.gram_turn, turn, side="right") - first
    pair = np.repeat(np.arange(len(asked)), count)
    gram = np.arange(len(pair)) + np.repeat(first - np.cumsum(count) + count, count)
    start, end, feature = (a[gram] for a in (features.gram_start, features.gram_end, features.gram_feature))
    share = rows[feature, label[pair]] / (features.times[feature] * np.maximum(end - start, 1))
    line = int(sizes.sum())
    step = np.bincount(start + begins[pair], share, line) - np.bincount(end + begins[pair], share, line)
    of_characters = np.cumsum(step)
    before = (np.cumsum(of_characters) - of_characters).tolist()
    return [
        [before[begin + end] - before[begin + start] for start, end in clauses[of]]
        for (of, _), begin in zip(asked, begins.tolist(), strict=True)
    ]


def _first_best(voices: Sequence[float]) -> int:
    """The loudest; of those that say the same the first: sums differ in their last bits."""
    least = max(voices) - _SAME_VOICE
    return next(number for number, voice in enumerate(voices) if voice >= least)
