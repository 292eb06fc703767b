"""The deeper second opinion: what a small language model makes of a turn, beside its n-grams.

Each label is a linear support vector machine over the averaged hidden states of Gemma 3; its answer
and that of the n-grams, both calibrated, are averaged as log odds. N-grams know wordings, hidden
states know meanings: they err on different turns.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from models.embed_gemma import EMBED_VERSION, WEIGHT, GemmaEmbedder
from models.engine_errors import loading_errors
from models.opinion_ngrams import NgramOpinion, further_lines, labelled_lines
from models.opinion_training import calibrate, fold_of, labels_of, lines_sha256
from pipeline.ports import Opinion
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from models.opinion_training import Line
    from models.weights import Catalogue
    from pipeline.ports import Said
    from pipeline.settings import Settings

HEADS_VERSION = "1"
SHARE = 0.5
"""Weight of the hidden states in the average; found by cross-validation over families of phrasing."""
INVERSE_REGULARISATION = 1.0
_FACT_WEIGHT = 0.5
_ROUNDS = 100
_LEAST = 1e-9
_SHOWN = 0.2
"""A label below this probability needs no span, as with the n-grams."""
_CLAUSE = re.compile(r"[^。！？!?；;，,、]+")
_ENGINE = "embedded"
_DEBTOR, _OTHER = "欠款人", "第三人"


def prompt(said: Said) -> tuple[str, str]:
    """What stands before a turn, with who speaks to whom, and the turn itself."""
    callee = _OTHER if said.facts.get("callee") == "third_person" else _DEBTOR
    agent = said.role is Role.AGENT
    speaker, other = (f"催收员对{callee}", callee) if agent else (callee, "催收员")
    return (f"{other}：{said.before}\n" if said.before else "") + f"{speaker}：", said.text


class EmbeddedOpinion:
    """Linear machines over hidden states, averaged with those over n-grams.

    Args:
        ngrams: the first tier; it also finds the clause that speaks most for a label.
        embedder: turns texts into rows.
        heads: the arrays that :func:`train_heads` wrote.
    """

    def __init__(self, ngrams: NgramOpinion, embedder: GemmaEmbedder, heads: Mapping[str, Any]) -> None:
        self._ngrams, self._embedder = ngrams, embedder
        self._labels = str(heads["labels"]).split("\n")
        self._facts = str(heads["facts"]).split("\n")
        self._mean, self._scale = heads["mean"], heads["scale"]
        self._weights, self._bias = heads["weights"], heads["bias"]
        self._slope, self._shift = heads["slope"], heads["shift"]

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """Trained on the shipped lines, or read from the cache.

        Raises:
            ConfigError: the lines are not usable.
            WeightsError: the language model is not at hand.
            ModelError: training or reading failed.
        """
        import numpy as np

        embedder = GemmaEmbedder.build(catalogue)
        lines = labelled_lines(further_lines(settings))
        digest = catalogue.digest(WEIGHT)
        key = f"heads-{HEADS_VERSION}-{EMBED_VERSION}-{lines_sha256(lines)[:12]}-{digest[:12]}"
        with loading_errors(_ENGINE):
            path = catalogue.make(key, "heads.npz", lambda to: train_heads(lines, embedder, to))
            with np.load(path) as heads:
                arrays = {name: heads[name] for name in heads.files}
        return cls(NgramOpinion.build(settings, catalogue), embedder, arrays)

    @property
    def identity(self) -> str:
        """Both tiers: names, versions, training-data and weight digests."""
        return f"{_ENGINE}/{HEADS_VERSION} {self._embedder.identity} + {self._ngrams.identity}"

    def judge(self, turns: Sequence[Said]) -> tuple[Opinion, ...]:
        """One opinion a turn, in order.

        Raises:
            EngineError: the language model failed.
        """
        import numpy as np

        rows = self._embedder.embed([prompt(said) for said in turns])
        features = np.hstack(((rows - self._mean) / self._scale, _facts(turns, self._facts)))
        odds = self._slope * (features @ self._weights + self._bias) + self._shift
        return tuple(
            self._joined(said, opinion, dict(zip(self._labels, row, strict=True)))
            for said, opinion, row in zip(turns, self._ngrams.judge(turns), odds.tolist(), strict=True)
        )

    def _joined(self, said: Said, ngrams: Opinion, odds: Mapping[str, float]) -> Opinion:
        rules = {name: _blend(chance, odds.get(f"rule:{name}")) for name, chance in ngrams.rules.items()}
        acts = {name: _blend(chance, odds.get(f"act:{name}")) for name, chance in ngrams.acts.items()}
        tones = {tone: _blend(chance, odds.get(f"tone:{tone}")) for tone, chance in ngrams.tones.items()}
        total = sum(tones.values()) or 1.0
        likely = {name for some in (rules, acts) for name, chance in some.items() if chance >= _SHOWN}
        return Opinion(
            rules=rules,
            acts=acts,
            tones={tone: chance / total for tone, chance in tones.items()},
            spans=self._spans(said, likely, ngrams.spans),
        )

    def _spans(
        self, said: Said, likely: set[str], known: Mapping[str, tuple[int, int]]
    ) -> dict[str, tuple[int, int]]:
        """A clause for each likely label: where n-grams have none, the one they would judge highest alone."""
        spans = {name: known[name] for name in likely if name in known}
        missing = likely - spans.keys()
        if missing:
            clauses = [match.span() for match in _CLAUSE.finditer(said.text)] or [(0, len(said.text))]
            alone = self._ngrams.judge([replace(said, text=said.text[a:b]) for a, b in clauses])
            heard = [{**opinion.rules, **opinion.acts} for opinion in alone]
            for name in missing:
                spans[name] = clauses[max(range(len(clauses)), key=lambda at: heard[at][name])]
        return spans


def train_heads(lines: Sequence[Line], embedder: GemmaEmbedder, path: Path) -> None:
    """Train every label on the embedded lines and write the weights (numpy's ``npz``)."""
    import numpy as np

    said = [x.said for x in lines]
    rows = embedder.embed([prompt(x) for x in said])
    mean = rows.mean(axis=0)
    # A row has about unit length whatever the number of values, as the facts beside it have.
    scale = (rows.std(axis=0) + 1e-6) * np.sqrt(rows.shape[1])
    names = sorted({fact for x in said for fact in _facts_of(x)})
    features = np.hstack(((rows - mean) / scale, _facts(said, names))).astype(np.float32)
    labels = labels_of(lines)
    known = np.stack([label.known for label in labels], axis=1)
    wanted = np.stack([label.wanted for label in labels], axis=1)
    weights, bias = _fit(features, wanted, known)
    folds = np.array([fold_of(x.family) for x in lines])
    scores = np.zeros(wanted.shape, np.float32)
    for fold in np.unique(folds):
        held = folds == fold
        unseen, start = _fit(features[~held], wanted[~held], known[~held])
        scores[held] = features[held] @ unseen + start
    calibrated = [
        calibrate(scores[label.known, column], label.wanted[label.known])
        for column, label in enumerate(labels)
    ]
    slope, shift = np.array(calibrated, np.float32).T
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            labels=np.array("\n".join(label.name for label in labels)),
            facts=np.array("\n".join(names)),
            mean=mean,
            scale=scale.astype(np.float32),
            weights=weights,
            bias=bias,
            slope=slope,
            shift=shift,
        )


def _fit(
    features: NDArray[np.float32], wanted: NDArray[np.bool_], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Support vector machines (squared hinge) of all labels at once, each on the lines that know it."""
    import torch

    x = torch.from_numpy(features)
    sign, counted = torch.from_numpy(wanted * 2.0 - 1.0).float(), torch.from_numpy(known).float()
    weights = torch.zeros(x.shape[1], sign.shape[1], requires_grad=True)
    bias = torch.zeros(sign.shape[1], requires_grad=True)
    steps = torch.optim.LBFGS((weights, bias), max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        steps.zero_grad()
        short = torch.relu(1 - sign * (x @ weights + bias))
        total = INVERSE_REGULARISATION * (short.square() * counted).sum() + weights.square().sum() / 2
        total.backward()  # type: ignore[no-untyped-call]
        return total

    steps.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach().numpy(), bias.detach().numpy()


def _facts_of(said: Said) -> set[str]:
    return {f"{name}={value}" for name, value in said.facts.items()} | {f"role={said.role}"}


def _facts(turns: Sequence[Said], names: Sequence[str]) -> NDArray[np.float32]:
    import numpy as np

    found = [_facts_of(said) for said in turns]
    return np.array([[_FACT_WEIGHT * (name in some) for name in names] for some in found], np.float32)


def _blend(chance: float, odds: float | None) -> float:
    if odds is None:
        return chance
    first = math.log(max(chance, _LEAST) / max(1 - chance, _LEAST))
    return 1 / (1 + math.exp(-(SHARE * odds + (1 - SHARE) * first)))
