"""Training the second opinion: labelled lines in, weights out. The same lines give the same weights.

A label is one linear support vector machine. Its scores are calibrated on lines whose family of
phrasing it had not seen, so that a stated probability is a frequency on such lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.opinion_features import Vocabulary
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.types import Role, Tone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import numpy as np

Teach = Callable[[Sequence["Line"], Any, Vocabulary], "Mapping[str, Column]"]
"""Lines, their features and the vocabulary in, the columns of the tones out."""
SEED = 20261125
FOLDS = 5
MIN_EXAMPLES = 40
"""A label with fewer lines is not learned."""
INVERSE_REGULARISATION = 0.5
"""Of the support vector machines (mean average precision on the development utterances 0.88; logistic
regressions of the same features reached 0.84 and took three times as long)."""
KINDS = ("act", "rule", "tone")
"""What labels are about."""
MIN_LINES = 3
"""An n-gram in fewer lines is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A labelled line.

    Attributes:
        said: what the model reads.
        turns: the line and what was said before it, as (role, text), the line itself last.
        metadata: what is known of the call.
        complete: whether its acts were written down as its subject: none is missing.
        acts: ``None`` where nobody looked for acts: no proof that there are none.
        family: its idea of phrasing; lines of one family are never split.
    """

    said: Said
    turns: tuple[tuple[Role, str], ...]
    metadata: Mapping[str, Any]
    rules: frozenset[str]
    complete: bool
    acts: frozenset[str] | None
    tone: Tone | None
    family: str


def read_lines(folder: Path) -> tuple[Line, ...]:
    """Every line of every ``*.jsonl`` below ``folder``, in order of file name; of the file, where it is one.

    Raises:
        ConfigError: a file cannot be read, or a line is malformed; the message names file and line number.
    """
    lines = []
    for path in files_of(folder):
        for number, row in enumerate(_rows(path), start=1):
            if not row.strip():
                continue
            try:
                lines.append(_line(json.loads(row), path))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"{path.name}:{number}: no labelled line: {type(error).__name__}") from None
    if not lines:
        raise ConfigError(f"{folder}: no labelled lines")
    return tuple(lines)


def files_of(folder: Path) -> list[Path]:
    """The files of lines below a folder, in order of name; the file itself, where it is one."""
    return [folder] if folder.is_file() else sorted(folder.rglob("*.jsonl"))


def _rows(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from None


def _line(row: dict[str, Any], path: Path) -> Line:
    before = tuple((Role(x["speaker"]), str(x["text"])) for x in row.get("context") or ())
    metadata = row.get("metadata") or {}
    tone, rules, acts = row.get("tone"), row.get("violations") or (), row.get("acts") or ()
    # Lines written for rules name acts only where they are plain; a lawful one without any is silent.
    complete = path.parent.name == "acts"
    told = bool(acts or rules) or complete
    return Line(
        said=Said.of(Role(row["speaker"]), row["text"], before[-1][1] if before else "", metadata),
        turns=(*before, (Role(row["speaker"]), row["text"])),
        metadata=metadata,
        rules=frozenset(rules),
        complete=complete,
        acts=frozenset(acts) if told else None,
        tone=Tone(tone) if tone else None,
        family=f"{path.stem}/{row.get('family', row['text'])}",
    )


def lines_sha256(lines: Sequence[Line]) -> str:
    """Digest of the training data, for identities."""
    parts = (repr((x.said, sorted(x.rules), x.acts and sorted(x.acts), x.tone, x.family)) for x in lines)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Label:
    """One thing to learn: which lines say, and which have it. Both of shape ``(len(lines),)``."""

    name: str
    known: np.ndarray
    wanted: np.ndarray

    @property
    def kind(self) -> str:
        """``rule``, ``act`` or ``tone``."""
        return self.name.partition(":")[0]

    @property
    def subject(self) -> str:
        """The rule, act or tone."""
        return self.name.partition(":")[2]


def labels_of(lines: Sequence[Line]) -> tuple[Label, ...]:
    """The labels (``rule:…``, ``act:…``, ``tone:…``) in order of name; rare ones are left out."""
    import numpy as np

    everything = np.ones(len(lines), dtype=bool)
    told = np.array([x.acts is not None for x in lines])
    toned = np.array([x.tone is not None for x in lines])
    found = [
        Label(f"act:{act}", told, np.array([act in (x.acts or ()) for x in lines]))
        for act in sorted({a for x in lines for a in x.acts or ()})
    ]
    found += [
        Label(f"rule:{rule}", everything, np.array([rule in x.rules for x in lines]))
        for rule in sorted({r for x in lines for r in x.rules})
    ]
    found += [
        Label(f"tone:{tone}", toned, np.array([x.tone is tone for x in lines])) for tone in sorted(Tone)
    ]
    return tuple(label for label in found if label.wanted.sum() >= MIN_EXAMPLES)


def matrix(lines: Sequence[Said], vocabulary: Vocabulary) -> Any:
    """Sparse features, shape ``(len(lines), len(vocabulary))``."""
    from scipy.sparse import csr_matrix

    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for said in lines:
        values = vocabulary.vector(said)
        columns += values.keys()
        data += values.values()
        starts.append(len(data))
    return csr_matrix((data, columns, starts), shape=(len(starts) - 1, len(vocabulary)))


def fit(features: Any, wanted: np.ndarray, worth: np.ndarray | None = None) -> Any:
    """One label's support vector machine; ``worth`` says for how many lines each counts."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=INVERSE_REGULARISATION, dual=True, max_iter=10_000, random_state=SEED)
    return model.fit(features, wanted, sample_weight=worth)


def out_of_family(lines: Sequence[Line], features: Any, label: Label) -> np.ndarray:
    """The score of each line by a model that saw no line of its family."""
    import numpy as np

    folds = np.array([fold_of(x.family) for x in lines])
    scores = np.zeros(len(lines))
    for fold in range(FOLDS):
        held = folds == fold
        seen = ~held & label.known
        if label.wanted[seen].any() and held.any():
            scores[held] = fit(features[seen], label.wanted[seen]).decision_function(features[held])
    return scores


def fold_of(family: str) -> int:
    """The fold of a family: always the same one."""
    return int(hashlib.sha256(family.encode()).hexdigest(), 16) % FOLDS


@dataclass(frozen=True, slots=True)
class CrossScores:
    """What models say of lines whose families they had not seen.

    Attributes:
        label: what was learned.
        scores: distance from the border, shape ``(len(lines),)``.
        slope, shift: of the calibration, see :func:`calibrate`.
    """

    label: Label
    scores: np.ndarray
    slope: float
    shift: float

    @property
    def log_odds(self) -> np.ndarray:
        """Calibrated log-odds of each line."""
        return self.slope * self.scores + self.shift


def cross_examine(lines: Sequence[Line], kinds: Collection[str] = KINDS) -> tuple[CrossScores, ...]:
    """Scores out of family of every label of some kinds, features and all."""
    said = [line.said for line in lines]
    return cross_scores(lines, matrix(said, Vocabulary.of(said, at_least=MIN_LINES)), kinds)


def cross_scores(
    lines: Sequence[Line], features: Any, kinds: Collection[str] = KINDS
) -> tuple[CrossScores, ...]:
    """Scores out of family of every label of some kinds, with their calibration."""
    found = []
    for label in (label for label in labels_of(lines) if label.kind in kinds):
        scores = out_of_family(lines, features, label)
        found.append(CrossScores(label, scores, *calibrate(scores[label.known], label.wanted[label.known])))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What is learned of one label.

    Attributes:
        weights: of the n-grams, shape ``(n-grams,)``; ``bias`` is added to their sum.
        slope, shift: of the calibration, see :func:`calibrate`.
    """

    weights: np.ndarray
    bias: float
    slope: float
    shift: float


def train(lines: Sequence[Line], path: Path, teach: Teach | None = None) -> None:
    """Train every label and write the weights (numpy's ``npz``).

    Args:
        lines: the corpora.
        path: of the file.
        teach: learns the tones, where there is more to learn them from than the lines.
    """
    import numpy as np

    said = [x.said for x in lines]
    vocabulary = Vocabulary.of(said, at_least=MIN_LINES)
    features = matrix(said, vocabulary)
    crossed = cross_scores(lines, features, ("act", "rule") if teach else KINDS)
    columns = {x.label.name: _column(features, x) for x in crossed}
    if teach:
        columns |= teach(lines, features, vocabulary)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.array("\n".join(vocabulary.names)),
            idf=np.array(vocabulary.idf, dtype=np.float32),
            labels=np.array("\n".join(columns)),
            weights=np.stack([x.weights for x in columns.values()], axis=1).astype(np.float32),
            bias=np.array([x.bias for x in columns.values()], dtype=np.float32),
            slope=np.array([x.slope for x in columns.values()], dtype=np.float32),
            shift=np.array([x.shift for x in columns.values()], dtype=np.float32),
        )


def _column(features: Any, crossed: CrossScores) -> Column:
    """A label learned from every line that knows it."""
    label = crossed.label
    model = fit(features[label.known], label.wanted[label.known])
    return Column(
        weights=model.coef_[0],
        bias=float(model.intercept_[0]),
        slope=crossed.slope,
        shift=crossed.shift,
    )


def calibrate(scores: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Platt scaling: probability = sigmoid(slope * score + shift).

    A label whose scores say nothing of families unseen gets its base rate, whatever the turn.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6, random_state=SEED).fit(scores[:, None], wanted)
    if model.coef_[0, 0] <= 0:
        rate = float(np.mean(wanted))
        return 0.0, float(np.log(rate / (1 - rate)))
    return float(model.coef_[0, 0]), float(model.intercept_[0])
