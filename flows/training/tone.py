"""``tinghe train-tone``: what classifier, second opinion and the turns around a turn are worth for its tone.

A multinomial logistic regression over :data:`pipeline.tone.words.FEATURES`, fitted on invented calls of which
neither witness saw a turn. Every figure is cross-validated over calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from pipeline.tone.words import FEATURES, TONES, ToneWeights, features

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from pipeline.types import Role, Tone

FOLDS = 5
PULL = 10.0
"""How strongly weights are drawn to zero (ridge), as so many turns would."""
TEMPERATURE = 1.5
"""Invented calls are plainer than others: what is 0.9 sure there is right less often elsewhere. One number,
which changes no order of the tones; chosen on one half of the development turns, measured on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedCall:
    """A labelled call with what the witnesses say of its turns.

    Attributes:
        name: of the call; decides its fold.
        roles: who speaks.
        words: probabilities by the tone classifier, shape ``(turns, 5)`` in the order of the tones.
        opinions: by the second opinion, of the same shape.
        tones: the labels.
    """

    name: str
    roles: tuple[Role, ...]
    words: np.ndarray
    opinions: np.ndarray
    tones: tuple[Tone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneTraining:
    """The outcome: weights, and what is measured on calls that weights had not seen.

    Attributes:
        turns: number of labelled turns.
        f1: of each tone, by (witness, tone); witnesses are ``words``, ``opinion``, ``joint``.
        calibration: expected calibration error of the joint probabilities, in ten equal bins.
    """

    weights: ToneWeights
    turns: int
    f1: dict[str, dict[Tone, float]]
    calibration: float


def learn_tone(calls: Sequence[WitnessedCall]) -> ToneTraining:
    """Fit the weights.

    Raises:
        ValueError: a tone is missing from the calls.
    """
    import numpy as np

    tones = np.concatenate([[TONES.index(tone) for tone in call.tones] for call in calls])
    if len(set(tones.tolist())) < len(TONES):
        raise ValueError("the calls lack a tone")
    usual = np.bincount(tones, minlength=len(TONES)) / len(tones)
    usual = np.round(usual, 3)
    matrix = np.vstack([features(call.roles, call.words, call.opinions, usual=usual) for call in calls])
    folds = np.concatenate([np.full(len(call.tones), at % FOLDS) for at, call in enumerate(calls)])
    chances = np.zeros((len(tones), len(TONES)))
    for fold in range(FOLDS):
        held = folds == fold
        if held.any():
            told = _fit(matrix[~held], tones[~held])
            chances[held] = _chances(matrix[held] @ told / TEMPERATURE)
    witnesses = {
        "words": np.vstack([call.words for call in calls]),
        "opinion": np.vstack([call.opinions for call in calls]),
        "joint": chances,
    }
    return ToneTraining(
        weights=_weights(_fit(matrix, tones), usual),
        turns=len(tones),
        f1={name: _f1(tones, found.argmax(axis=1)) for name, found in witnesses.items()},
        calibration=calibration_error(chances, tones),
    )


def _fit(matrix: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """Weights of shape ``(features, 5)``."""
    import numpy as np
    from scipy.optimize import minimize

    width = matrix.shape[1]
    wanted = np.eye(len(TONES))[tones]
    free = np.array([name == "base" for name in FEATURES])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        told = flat.reshape(width, len(TONES))
        chances = _chances(matrix @ told)
        held = np.where(free[:, None], 1e-6, PULL)
        value = -np.log((chances * wanted).sum(axis=1) + 1e-12).sum() + (held * told**2).sum() / 2
        slope = matrix.T @ (chances - wanted) + held * told
        return float(value), slope.ravel()

    found = minimize(
        loss, np.zeros(width * len(TONES)), jac=True, method="L-BFGS-B", options={"maxiter": 2000}
    )
    fitted: np.ndarray = found.x.reshape(width, len(TONES))
    return fitted


def _chances(odds: np.ndarray) -> np.ndarray:
    import numpy as np

    raised = np.exp(odds - odds.max(axis=1, keepdims=True))
    normed: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return normed


def _weights(told: np.ndarray, usual: np.ndarray) -> ToneWeights:
    return ToneWeights(
        temperature=TEMPERATURE,
        usual=dict(zip(TONES, usual.tolist(), strict=True)),
        weights={
            name: {tone: round(float(w), 2) for tone, w in zip(TONES, row, strict=True)}
            for name, row in zip(FEATURES, told, strict=True)
        },
    )


def _f1(wanted: np.ndarray, found: np.ndarray) -> dict[Tone, float]:
    figures = {}
    for at, tone in enumerate(TONES):
        right = int(((wanted == at) & (found == at)).sum())
        total = int((wanted == at).sum() + (found == at).sum())
        figures[tone] = 2 * right / total if total else 0.0
    return figures


def calibration_error(chances: np.ndarray, tones: np.ndarray) -> float:
    """Expected calibration error of the likeliest tone (Naeini et al. 2015): ten equal bins, 0..1."""
    import numpy as np

    sure, right = chances.max(axis=1), chances.argmax(axis=1) == tones
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        float(abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean())
        for b in set(bins.tolist())
    ]
    return sum(gaps)


def weights_text(training: ToneTraining) -> str:
    """``tone.yaml``."""
    head = (
        "# What words, second opinion and the turns around weigh for tone (pipeline/tone/words.py).\n"
        "# Written by `tinghe train-tone --write`; do not edit.\n"
    )
    content = training.weights.model_dump(mode="json")
    return head + yaml.dump(content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=116)


def report_text(training: ToneTraining) -> str:
    """``docs/tone-report.md``."""
    rows = ["| | " + " | ".join(TONES) + " | macro F1 |", "| --- |" + " --- |" * (len(TONES) + 1)]
    for name, figures in training.f1.items():
        cells = [f"{figures[tone]:.2f}" for tone in TONES]
        rows.append(f"| {name} | " + " | ".join(cells) + f" | {sum(figures.values()) / len(TONES):.2f} |")
    return "\n".join(
        (
            "# Tone by words: what joining brings\n",
            "Written by `tinghe train-tone --write`; do not edit. F1 on the invented calls in "
            "`configs/corpora/tone`, each judged by a second opinion and by weights that had not seen it. "
            "Invented calls are plainer than others: docs/tone.md has the figures that count.\n",
            f"{training.turns} turns; expected calibration error {training.calibration:.3f} "
            f"(temperature {training.weights.temperature}).\n",
            *rows,
            "",
        )
    )
