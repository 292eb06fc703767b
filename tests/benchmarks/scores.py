"""What was heard against what was said: counts of each call, from which every figure is made.

A row holds counts and seconds, never words, so that rows can be kept and compared with a later run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from tests.benchmarks.clock import DECODE, SPEAKERS, SPEECH, STAGES, WORDS
from tests.benchmarks.material import MANY_VOICES, Take
from tests.benchmarks.measure import Costly, Run
from tests.benchmarks.metrics import (
    Span,
    edits,
    plain,
    role_edits,
    speaker_edits,
    speaker_time,
)
from tests.benchmarks.systems import OPENAI, RECIPES, Heard

COLLARS = (0.0, 0.25)
"""Seconds around a boundary that are not scored, as pyannote.metrics counts: half on either side."""
NEAR_S = 0.5
"""A word this far from every stretch of a speaker belongs to nobody."""

Counts = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One system on one take.

    Attributes:
        system: its name.
        take: the take's name.
        kind: the take's kind.
        seconds: its length.
        cpu: CPU seconds by stage, mean of the rounds.
        wall: the same, wall.
        counts: by name of a figure, what it is a ratio of: numerator and denominator.
    """

    system: str
    take: str
    kind: str
    seconds: float
    cpu: Mapping[str, float] = field(default_factory=dict)
    wall: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)

    def get(self, figure: str) -> Counts | None:
        """Numerator and denominator of a figure, ``None`` where there is none."""
        if figure in COSTS:
            spent = self.cpu if figure.startswith("cpu") else self.wall
            known = [spent[stage] for stage in COSTS[figure] if stage in spent]
            return (sum(known), self.seconds) if known else None
        return self.counts.get(figure)


COSTS: dict[str, tuple[str, ...]] = {
    "cpu": STAGES,
    "wall": STAGES,
    "cpu words": (DECODE, SPEECH, WORDS),
    **{f"{kind} {stage}": (stage,) for kind in ("cpu", "wall") for stage in STAGES},
}
"""Costs a second of sound, by the stages that count."""


def rows_of(runs: Iterable[Run], takes: Sequence[Take]) -> list[Row]:
    """A row a system and take; words and speakers are those of the first round."""
    known = {take.name: take for take in takes}
    heard: dict[tuple[str, str], list[Costly]] = defaultdict(list)
    for run in runs:
        for call in run.calls:
            heard[run.system, call.name].append(call)
    rows = [_row(system, known[name], rounds) for (system, name), rounds in heard.items()]
    words = [name for system, name in heard if system == OPENAI]
    return rows + [
        _recipe(recipe, known[name], heard[OPENAI, name], heard[speakers, name])
        for recipe, speakers in RECIPES.items()
        for name in words
        if (speakers, name) in heard
    ]


def _row(system: str, take: Take, rounds: Sequence[Costly]) -> Row:
    return Row(
        system=system,
        take=take.name,
        kind=take.kind,
        seconds=take.seconds,
        cpu=_mean_spent(rounds, 0),
        wall=_mean_spent(rounds, 1),
        counts=counts_of(take, rounds[0].heard),
    )


def _recipe(recipe: str, take: Take, words: Sequence[Costly], speakers: Sequence[Costly]) -> Row:
    """A plain recipe: the words of the one, given to the speakers of the other."""
    spans = speakers[0].heard.spans
    heard = Heard(
        text=words[0].heard.text,
        parties=nearest_speaker(words[0].heard.words, spans),
        spans=spans,
    )

    def spent(index: int) -> dict[str, float]:
        # the recording would be decoded once, not twice
        return _mean_spent(words, index) | {SPEAKERS: _mean_spent(speakers, index)[SPEAKERS]}

    return Row(
        system=recipe,
        take=take.name,
        kind=take.kind,
        seconds=take.seconds,
        cpu=spent(0),
        wall=spent(1),
        counts=counts_of(take, heard),
    )


def _mean_spent(rounds: Sequence[Costly], index: int) -> dict[str, float]:
    stages = dict.fromkeys(stage for call in rounds for stage in call.spent)
    return {stage: fmean(call.spent.get(stage, (0.0, 0.0))[index] for call in rounds) for stage in stages}


def nearest_speaker(
    words: Iterable[tuple[str, float, float, float]], spans: Sequence[Span]
) -> dict[str, str]:
    """Each word to the speaker with whom it overlaps most, else to the nearest one close by."""
    texts: dict[str, list[str]] = defaultdict(list)
    for text, start, end, _ in words:
        gaps = [(max(s - end, start - e, -min(end, e) + max(start, s)), name) for name, s, e in spans]
        gap, name = min(gaps, default=(NEAR_S + 1, ""))
        texts[name if gap <= NEAR_S else ""].append(text)
    return {name: "".join(parts) for name, parts in texts.items()}


def counts_of(take: Take, heard: Heard) -> dict[str, Counts]:
    """Numerator and denominator of every figure that applies."""
    counts: dict[str, Counts] = {}
    if heard.text or not heard.spans:
        counts["CER"] = edits(take.text, plain(heard.text))
    if heard.parties and take.kind != MANY_VOICES:
        counts["cpCER"] = speaker_edits(take.parties, _plain_texts(heard.parties))
    if heard.roles and take.has_roles:
        counts["role CER"] = role_edits(take.parties, _plain_texts(heard.roles))
        crossed = role_edits(take.parties, _plain_texts(exchanged(heard.roles)))
        counts["roles exchanged"] = (float(crossed < counts["role CER"]), 1)
    if take.kind != MANY_VOICES:
        for prefix, (wanted, got) in {
            "": (take.spans, heard.spans),
            "spoken, ": (take.spoken, heard.spans),
            "turns, ": (take.spans, heard.turns or heard.spans),
            "speech, ": (take.spoken, heard.speech or heard.spans),
        }.items():
            counts |= _speaker_counts(wanted, got, take.seconds, prefix)
    return counts


def exchanged(roles: Mapping[str, str]) -> dict[str, str]:
    """The words of agent and customer, each given to the other."""
    return {"agent": roles.get("customer", ""), "customer": roles.get("agent", "")}


def _plain_texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: plain(text) for name, text in texts.items()}


def _speaker_counts(
    wanted: Sequence[Span], got: Sequence[Span], seconds: float, prefix: str
) -> dict[str, Counts]:
    if not wanted or not got:
        return {}
    counts: dict[str, Counts] = {}
    for collar in COLLARS:
        time = speaker_time(wanted, got, seconds=seconds, collar=collar)
        wrong = time.missed + time.false_alarm + time.confusion
        for part, amount in (
            ("DER", wrong),
            ("missed", time.missed),
            ("false alarm", time.false_alarm),
            ("confusion", time.confusion),
        ):
            counts[f"{prefix}{part}, collar {collar:g}"] = (amount, time.speech)
    return counts
