"""``tinghe train``: how much a rule's word and the model's chance are worth together, and what that brings.

The rules judge every labelled line; the model's chances come from folds that had not seen the line's family
of phrasing. The weights of :mod:`pipeline.detect.joint` are then a logistic regression, one for all rules
and one a rule that is drawn towards it. Everything that is reported is cross-validated over families.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import yaml

from pipeline.detect.engine import detect
from pipeline.detect.joint import Weights
from pipeline.detect.view import test_fields
from pipeline.metadata import CallMetadata
from pipeline.types import Call, FindingState, Role, Transcript, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from pipeline.detect.rulebook import RuleBook
    from pipeline.detect.second import Policy
    from pipeline.settings import Settings

Kind = Literal["rule", "act"]
Progress = Callable[[int, int], None]

PULL = 8.0
"""How strongly the weights of one rule are drawn towards those of all: as so many lines would."""
READ_FOLDS = frozenset({0, 1, 2})
"""Folds of families whose lines the writers of rules read: there rules look better than they are, so that
weights are fitted and measured on the others."""
HEARD_SHARE = 0.33
"""Worth of words that only sound right. Not fitted, for the labelled lines are written, not heard: with a
third, lines with a fifth of their characters misheard keep most of their findings, and ordinary calls
raise no more than without."""
_COLUMNS = ("base", "model", "sure", "unsure")
_TOLD = len(_COLUMNS)
"""The column behind them: the model's log-odds where a rule found its words (of rules only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledLine:
    """A line of the corpora.

    Attributes:
        turns: the line and what was said before it, as (role, text), the line itself last.
        rules: what it breaks.
        fold: of its family of phrasing, 0-based.
    """

    turns: tuple[tuple[Role, str], ...]
    metadata: Mapping[str, Any]
    rules: frozenset[str]
    fold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFamily:
    """What the model says of every line when it has not seen the line's family.

    Attributes:
        kind, name: the label.
        known: shape ``(lines,)``: where somebody looked for it.
        wanted: shape ``(lines,)``: where it holds.
        log_odds: shape ``(lines,)``: calibrated.
    """

    kind: str
    name: str
    known: np.ndarray
    wanted: np.ndarray
    log_odds: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """The corpora with the model's opinion of them."""

    lines: Sequence[LabelledLine]
    sha256: str
    labels: Sequence[OutOfFamily]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the witnesses say of one label, on the lines on which both may speak.

    Attributes:
        name: the rule or act.
        features: shape ``(lines, 4)``: one, the model's log-odds, whether the rule is sure, or unsure; of
            rules a fifth, the model's log-odds where the rule is either, else nought.
        wanted: shape ``(lines,)``: whether the label holds.
        folds: shape ``(lines,)``: the fold of each line's family.
        barred: shape ``(lines,)``: where the rules say that it never holds: nothing is learned there, and
            nothing is raised.
    """

    name: str
    features: np.ndarray
    wanted: np.ndarray
    folds: np.ndarray
    barred: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts of right, wrong and missed at a threshold."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was raised that is right; 1 when nothing was raised."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what is there that was raised."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Weights of one kind of label and their cross-validated worth.

    Attributes:
        weights: for all labels; ``of``: for each.
        measured: witness (``rule``, ``model``, ``joint``) -> label (``""`` for all) -> counts at one half.
        reliability: (lowest, highest probability, lines, share that holds) of the joint probability.
    """

    kind: Kind
    weights: Weights
    of: Mapping[str, Weights]
    measured: Mapping[str, Mapping[str, Measured]]
    reliability: Sequence[tuple[float, float, int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The outcome of ``tinghe train``."""

    lines: int
    lines_sha256: str
    joined: tuple[Joined, ...]


def learn(
    labelled: Labelled, settings: Settings, book: RuleBook, policy: Policy, progress: Progress
) -> Training:
    """Fit the weights of rules and acts.

    Args:
        labelled: the corpora.
        settings: those of detection count.
        book: the rules that judge the lines.
        policy: says of which rules the model is asked, and when.
        progress: is told how many lines are judged, of how many.
    """
    telling = _telling(labelled)
    said: dict[int, _Said] = {}
    for done, number in enumerate(telling, start=1):
        said[number] = _judge(labelled.lines[number], settings, book)
        progress(done, len(telling))
    kinds: tuple[Kind, ...] = ("rule", "act")
    evidence = {kind: tuple(_evidence(kind, labelled, said, policy)) for kind in kinds}
    joined = tuple(_join(kind, found) for kind, found in evidence.items() if found)
    return Training(lines=len(labelled.lines), lines_sha256=labelled.sha256, joined=joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the rules say of a line: names of the sure ones, the unsure ones, acts, acts it never is."""

    sure: frozenset[str]
    unsure: frozenset[str]
    acts: frozenset[str]
    never: frozenset[str]


def _telling(labelled: Labelled) -> list[int]:
    """The lines that may tell something about some label, by number; see :func:`_can_tell`."""
    import numpy as np

    known = np.zeros(len(labelled.lines), dtype=bool)
    for label in labelled.labels:
        known |= label.known
    return [i for i in np.flatnonzero(known).tolist() if labelled.lines[i].fold not in READ_FOLDS]


def _judge(line: LabelledLine, settings: Settings, book: RuleBook) -> _Said:
    turns = tuple(
        Turn(index=i, role=role, role_confidence=1.0, text=text) for i, (role, text) in enumerate(line.turns)
    )
    call = Call(call_id="line", metadata=CallMetadata.model_validate(line.metadata))
    words = settings.detect.model_copy(update={"by_sound": False})
    found = detect(call, Transcript(turns=turns), book, words, settings.roles)
    last = len(turns) - 1
    here = [f for f in found.findings if f.evidence and f.evidence.turn == last]
    return _Said(
        sure=frozenset(f.rule for f in here if f.state is FindingState.VIOLATION),
        unsure=frozenset(f.rule for f in here if f.state is FindingState.NEEDS_REVIEW),
        acts=frozenset(a.act for a in found.acts if a.evidence.turn == last),
        never=frozenset(c.rule.rule for c in book.of_kind("act") if last in c.barred(found.view)),
    )


def _evidence(
    kind: Kind, labelled: Labelled, said: Mapping[int, _Said], policy: Policy
) -> Iterator[Evidence]:
    import numpy as np

    lines = labelled.lines
    for label in labelled.labels:
        name = label.name
        if label.kind != kind or (kind == "rule" and name in policy.rules.deaf):
            continue
        may = np.array([_can_tell(kind, name, line, policy) for line in lines])
        asked = np.flatnonzero(label.known & may).tolist()
        sure = [name in (said[i].acts if kind == "act" else said[i].sure) for i in asked]
        unsure = [kind == "rule" and name in said[i].unsure for i in asked]
        odds = label.log_odds[asked]
        columns = [np.ones(len(asked)), odds, np.array(sure, dtype=float), np.array(unsure, dtype=float)]
        if kind == "rule":
            columns.append(np.minimum(odds, 0) * np.maximum(columns[2], columns[3]))
        yield Evidence(
            name=name,
            features=np.column_stack(columns),
            wanted=label.wanted[asked],
            folds=np.array([lines[i].fold for i in asked]),
            barred=np.array([kind == "act" and name in said[i].never for i in asked], dtype=bool),
        )


def _can_tell(kind: Kind, name: str, line: LabelledLine, policy: Policy) -> bool:
    """Whether this line can tell anything about the label.

    It cannot where the writers of rules read it, where the second opinion is not asked, nor where the
    label might stand beside those that were given: rudeness beside an insult is seldom written down.
    """
    if line.fold in READ_FOLDS:
        return False
    if kind == "act":
        return True
    if name not in line.rules and name in policy.rules.tolerated(line.rules):
        return False
    fields = CallMetadata.model_validate(line.metadata).values
    return line.turns[-1][0] is Role.AGENT and test_fields(policy.rules.when.get(name, {}), fields).holds


def _join(kind: Kind, evidence: Sequence[Evidence]) -> Joined:
    import numpy as np

    joint = {e.name: np.zeros(len(e.wanted)) for e in evidence}
    for fold in sorted({int(fold) for e in evidence for fold in e.folds}):
        seen = {e.name: ~e.barred & (e.folds != fold) for e in evidence}
        common = _fit([(e.features[seen[e.name]], e.wanted[seen[e.name]]) for e in evidence])
        for e in evidence:
            held = ~e.barred & (e.folds == fold)
            own = _fit([(e.features[seen[e.name]], e.wanted[seen[e.name]])], towards=common)
            joint[e.name][held] = _sigmoid(e.features[held] @ own)
    free = {e.name: (e.features[~e.barred], e.wanted[~e.barred]) for e in evidence}
    common = _fit(list(free.values()))
    return Joined(
        kind=kind,
        weights=_weights(common),
        of={name: _weights(_fit([part], towards=common)) for name, part in free.items()},
        measured={
            "rule": _measure(evidence, {e.name: e.features[:, 2] + e.features[:, 3] for e in evidence}),
            "model": _measure(evidence, {e.name: _sigmoid(e.features[:, 1]) for e in evidence}),
            "joint": _measure(evidence, joint),
        },
        reliability=_reliability(evidence, joint),
    )


def _fit(parts: Sequence[tuple[np.ndarray, np.ndarray]], towards: np.ndarray | None = None) -> np.ndarray:
    """Logistic regression; with ``towards`` drawn there, else ever so little to zero."""
    import numpy as np
    from scipy.optimize import minimize

    features = np.vstack([f for f, _ in parts])
    wanted = np.concatenate([w for _, w in parts]).astype(float)
    centre = np.zeros(features.shape[1]) if towards is None else towards
    pull = PULL if towards is not None else 1e-3

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = features @ weights
        off = weights - centre
        value = np.logaddexp(0, odds).sum() - wanted @ odds + pull / 2 * off @ off
        return float(value), features.T @ (_sigmoid(odds) - wanted) + pull * off

    return np.asarray(minimize(loss, centre, jac=True, method="L-BFGS-B").x)


def _sigmoid(odds: np.ndarray) -> np.ndarray:
    import numpy as np

    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))


def _weights(fitted: np.ndarray) -> Weights:
    """Rounded weights; what only sounds right is worth a share of what a rule is not sure of."""
    values: dict[str, Any] = {k: round(float(v), 2) for k, v in zip(_COLUMNS, fitted, strict=False)}
    told = {"told": round(float(fitted[1] + min(fitted[_TOLD], 0)), 2)} if len(fitted) > _TOLD else {}
    return Weights(**values, heard=round(HEARD_SHARE * values["unsure"], 2), **told)


def _measure(evidence: Sequence[Evidence], chances: Mapping[str, np.ndarray]) -> dict[str, Measured]:
    counted = {}
    for e in evidence:
        raised = chances[e.name] >= 0.5
        counted[e.name] = Measured(
            right=int((raised & e.wanted).sum()),
            wrong=int((raised & ~e.wanted).sum()),
            missed=int((~raised & e.wanted).sum()),
        )
    every = list(counted.values())
    counted[""] = Measured(
        right=sum(m.right for m in every),
        wrong=sum(m.wrong for m in every),
        missed=sum(m.missed for m in every),
    )
    return counted


def _reliability(
    evidence: Sequence[Evidence], joint: Mapping[str, np.ndarray]
) -> list[tuple[float, float, int, float]]:
    import numpy as np

    chances = np.concatenate([joint[e.name] for e in evidence])
    wanted = np.concatenate([e.wanted for e in evidence])
    edges = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)
    table = []
    for low, high in pairwise(edges):
        inside = (chances >= low) & ((chances < high) | (high == 1.0))
        if inside.any():
            table.append((low, high, int(inside.sum()), float(wanted[inside].mean())))
    return table


def policy_text(policy: Policy, training: Training, head: str) -> str:
    """``opinion.yaml`` with the weights that were learned; ``head`` is its opening comment."""
    content = policy.model_dump(mode="json", exclude_none=True)
    for joined in training.joined:
        part = content[f"{joined.kind}s"]
        part["weights"] = joined.weights.model_dump(exclude_none=True)
        part["of"] = {
            name: weights.model_dump(exclude_none=True) for name, weights in sorted(joined.of.items())
        }
    return head + yaml.dump(content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=116)
