"""The tone of a turn from its words and the turns around it.

Two witnesses read the words: the tone classifier and the second opinion. Their probabilities, what both say
of the turns around it, and who speaks are the features of a multinomial logistic regression (Bishop, Pattern
Recognition and Machine Learning, 4.3.4). "Nothing of the sort" is calm or frightened by what was said before;
a turn's words alone do not tell. ``tinghe train-tone`` fits the weights on invented calls.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import ConfigError
from pipeline.settings import CONFIGS
from pipeline.types import Role, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TONE_WEIGHTS = CONFIGS / "tone.yaml"
TONES = tuple(Tone)
FLOOR = 0.01
"""Least probability of a witness that counts: none of them is surer than that."""
LENT = 2.0
"""So many usual turns are added to the turns of a party, whose mean a few turns do not settle."""
_AROUND = ("before", "earlier", "own", "other")
FEATURES = (
    "base",
    "agent",
    *(f"{source}.{tone}" for source in ("words", "opinion", *_AROUND) for tone in TONES),
)
"""``words``, ``opinion``: log probability. The others are means of both, less what is usual: of the turn of
the other party ``before``, of the speaker's ``earlier`` turn, of the speaker's ``own`` other turns in the
call, and of the ``other`` party's. The turn after tells nothing more (macro F1 on the invented calls 0.816
without it, 0.812 with it)."""


class ToneWeights(BaseModel):
    """How the features are weighed.

    Attributes:
        temperature: log odds are divided by it, so that a stated probability is a frequency.
        usual: how common each tone is in a call.
        weights: of each feature for each tone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(gt=0)
    usual: dict[Tone, float]
    weights: dict[str, dict[Tone, float]]

    @model_validator(mode="after")
    def _complete(self) -> ToneWeights:
        for name in FEATURES:
            if name not in self.weights:
                raise ValueError(f"weights: {name} is missing")
        for name, row in self.weights.items():
            if name not in FEATURES:
                raise ValueError(f"weights: {name} is no feature")
            if set(row) != set(TONES):
                raise ValueError(f"weights: {name}: needs every tone")
        if set(self.usual) != set(TONES):
            raise ValueError("usual: needs every tone")
        return self

    @property
    def sha256(self) -> str:
        """Digest, for provenance."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_tone_weights(path: Path = TONE_WEIGHTS) -> ToneWeights:
    """Read the weights.

    Raises:
        ConfigError: the file cannot be read or a value is wrong; the message names file and field.
    """
    try:
        return ToneWeights.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not YAML in UTF-8: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path.name}: {where}: {first['msg']}") from error


def join_words(
    roles: Sequence[Role],
    words: Sequence[Mapping[Tone, float]],
    opinions: Sequence[Mapping[Tone, float] | None],
    weights: ToneWeights,
) -> tuple[dict[Tone, float], ...]:
    """The probabilities of each turn's tones; each mapping sums to 1.

    Args:
        roles: who speaks, in the order of the turns.
        words: what the tone classifier says of each turn.
        opinions: what the second opinion says of it; where there is none, the classifier speaks for both.
        weights: see :class:`ToneWeights`.
    """
    if not roles:
        return ()
    first = _rows(words)
    second = _rows([mine or other for mine, other in zip(opinions, words, strict=True)])
    matrix = features(roles, first, second, usual=_rows([weights.usual])[0])
    told = np.array([[weights.weights[name][tone] for tone in TONES] for name in FEATURES])
    odds = matrix @ told / weights.temperature
    odds -= odds.max(axis=1, keepdims=True)
    chances = np.exp(odds)
    chances /= chances.sum(axis=1, keepdims=True)
    return tuple(dict(zip(TONES, row, strict=True)) for row in chances.tolist())


def features(
    roles: Sequence[Role],
    words: NDArray[np.float64],
    opinions: NDArray[np.float64],
    *,
    usual: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The features of every turn of a call, shape ``(turns, len(FEATURES))``.

    Args:
        roles: who speaks, in the order of the turns.
        words: probabilities, shape ``(turns, 5)`` in the order of :data:`TONES`.
        opinions: of the same shape.
        usual: how common each tone is, shape ``(5,)``.
    """
    count = len(roles)
    mean = words + opinions
    mean /= np.maximum(mean.sum(axis=1, keepdims=True), 1e-9)
    total = mean.sum(axis=0)
    own, other = np.empty_like(mean), np.empty_like(mean)
    for role in set(roles):
        mine = [at for at, spoke in enumerate(roles) if spoke is role]
        of_role = mean[mine].sum(axis=0)
        own[mine] = _shrunk(of_role - mean[mine], len(mine) - 1, usual)
        other[mine] = _shrunk(total - of_role, count - len(mine), usual)
    unusual = np.vstack([mean - usual, np.zeros(len(TONES))])  # the last stands for no turn
    before, earlier = _turns_before(roles)
    sides = {Role.AGENT: 1.0, Role.CUSTOMER: 0.0}
    return np.column_stack(
        (
            np.ones(count),
            [sides.get(role, 0.5) for role in roles],
            _logs(words),
            _logs(opinions),
            unusual[before],
            unusual[earlier],
            own,
            other,
        )
    )


def _turns_before(roles: Sequence[Role]) -> tuple[list[int], list[int]]:
    """For each turn the last one of another party and that of its own speaker; -1 where there is none."""
    last: dict[Role, int] = {}
    before, earlier = [], []
    for at, role in enumerate(roles):
        before.append(max((when for spoke, when in last.items() if spoke is not role), default=-1))
        earlier.append(last.get(role, -1))
        last[role] = at
    return before, earlier


def _shrunk(total: NDArray[np.float64], turns: int, usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of some turns with usual ones beside them, less what is usual."""
    return (total + LENT * usual) / (turns + LENT) - usual


def _logs(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log probabilities less the usual size of a log, so that the base weight stays small."""
    return np.log(np.maximum(chances, FLOOR)) - math.log(1 / len(TONES))


def _rows(chances: Sequence[Mapping[Tone, float]]) -> NDArray[np.float64]:
    return np.array([[one.get(tone, 0.0) for tone in TONES] for one in chances], dtype=np.float64)
