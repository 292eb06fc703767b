"""Training the second opinion: labelled lines in, weights out. The same lines give the same weights.

A label is one logistic regression. Its scores are calibrated on lines whose family of phrasing it
had not seen, so that a stated probability is a frequency on such lines.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.opinion_features import Vocabulary
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.types import Role, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

SEED = 20261125
FOLDS = 5
MIN_EXAMPLES = 40
"""A label with fewer lines is not learned."""
INVERSE_REGULARISATION = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A labelled line. ``family`` names its idea of phrasing; lines of one family are never split."""

    said: Said
    rules: frozenset[str]
    acts: frozenset[str]
    tone: Tone | None
    family: str


def read_lines(folder: Path) -> tuple[Line, ...]:
    """Every line of every ``*.jsonl`` below ``folder``, in order of file name.

    Raises:
        ConfigError: a line is malformed; the message names file and line number.
    """
    lines = []
    for path in sorted(folder.rglob("*.jsonl")):
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not row.strip():
                continue
            try:
                lines.append(_line(json.loads(row), path.stem))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"{path.name}:{number}: no labelled line: {type(error).__name__}") from None
    if not lines:
        raise ConfigError(f"{folder}: no labelled lines")
    return tuple(lines)


def _line(row: dict[str, Any], stem: str) -> Line:
    context = row.get("context") or [{"text": ""}]
    tone = row.get("tone")
    return Line(
        said=Said.of(Role(row["speaker"]), row["text"], context[-1]["text"], row.get("metadata") or {}),
        rules=frozenset(row.get("violations") or ()),
        acts=frozenset(row.get("acts") or ()),
        tone=Tone(tone) if tone else None,
        family=f"{stem}/{row.get('family', row['text'])}",
    )


def lines_sha256(lines: Sequence[Line]) -> str:
    """Digest of the training data, for identities."""
    parts = (repr((x.said, sorted(x.rules), sorted(x.acts), x.tone, x.family)) for x in lines)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def labels_of(lines: Sequence[Line]) -> dict[str, np.ndarray]:
    """By label (``rule:…``, ``act:…``, ``tone:…``), which lines have it; rare labels are left out."""
    import numpy as np

    names = sorted(
        {f"rule:{r}" for x in lines for r in x.rules}
        | {f"act:{a}" for x in lines for a in x.acts}
        | {f"tone:{t}" for t in Tone}
    )
    found = {name: np.array([_has(x, name) for x in lines]) for name in names}
    return {name: y for name, y in found.items() if y.sum() >= MIN_EXAMPLES}


def _has(line: Line, label: str) -> bool:
    kind, _, name = label.partition(":")
    if kind == "rule":
        return name in line.rules
    return name in line.acts if kind == "act" else line.tone is not None and line.tone.value == name


def matrix(lines: Sequence[Said], vocabulary: Vocabulary) -> Any:
    """Sparse features, shape ``(len(lines), len(vocabulary))``."""
    from scipy.sparse import csr_matrix

    data: list[float] = []
    columns: list[int] = []
    starts = [0]
    for said in lines:
        values, _ = vocabulary.vector(said)
        columns += values.keys()
        data += values.values()
        starts.append(len(data))
    return csr_matrix((data, columns, starts), shape=(len(starts) - 1, len(vocabulary)))


def fit(features: Any, wanted: np.ndarray) -> Any:
    """One label's logistic regression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=INVERSE_REGULARISATION, solver="liblinear", max_iter=300, random_state=SEED)
    return model.fit(features, wanted)


def out_of_family(lines: Sequence[Line], features: Any, wanted: np.ndarray) -> np.ndarray:
    """The score of each line by a model that saw no line of its family."""
    import numpy as np

    folds = np.array([_fold(x.family) for x in lines])
    scores = np.zeros(len(lines))
    for fold in range(FOLDS):
        held = folds == fold
        if wanted[~held].any() and held.any():
            scores[held] = fit(features[~held], wanted[~held]).decision_function(features[held])
    return scores


def _fold(family: str) -> int:
    return int(hashlib.sha256(family.encode()).hexdigest(), 16) % FOLDS


def train(lines: Sequence[Line], path: Path) -> None:
    """Train every label and write the weights (numpy's ``npz``)."""
    import numpy as np

    said = [x.said for x in lines]
    vocabulary = Vocabulary.of(said)
    features = matrix(said, vocabulary)
    labels = labels_of(lines)
    weights = np.zeros((len(vocabulary), len(labels)), dtype=np.float32)
    bias, slope, shift = (np.zeros(len(labels), dtype=np.float32) for _ in range(3))
    for column, wanted in enumerate(labels.values()):
        model = fit(features, wanted)
        weights[:, column], bias[column] = model.coef_[0], model.intercept_[0]
        slope[column], shift[column] = _calibrate(out_of_family(lines, features, wanted), wanted)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.array("\n".join(vocabulary.names)),
            idf=np.array(vocabulary.idf, dtype=np.float32),
            labels=np.array("\n".join(labels)),
            weights=weights,
            bias=bias,
            slope=slope,
            shift=shift,
        )


def _calibrate(scores: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
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
