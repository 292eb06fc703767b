"""How often a stated confidence in roles holds, and the scales that make it hold.

Run with ``python -m tests.benchmarks.roles CALLS [--speech SPEECH]``. ``CALLS`` is a folder of labelled
calls (JSON with ``turns`` of ``speaker`` and ``text``). Each call is taken whole, from its beginning, in
windows and in random subsets of its turns, with none to four tenths of its characters misheard. Scales are
fitted on nine tenths of the calls and judged on the tenth (Platt 1999). ``SPEECH`` is a folder as
``tests.benchmarks.mixes`` reads it: voices on the telephone, for the scale of voice prints.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pipeline.speech.clean import spoken
from pipeline.speech.cues import agent_log_odds, load_cues
from pipeline.speech.enrolled import same_voice_log_odds
from pipeline.speech.roles import speaker_roles, wording_log_odds
from pipeline.speech.text import tokens
from pipeline.speech.turns import Utterance
from pipeline.types import Role, Word
from tests.benchmarks.mixes import Clip, over_the_line, read_clips, read_sound
from tests.homophones import Homophones

SEED = 5
MISHEARD = (0.0, 0.1, 0.25, 0.4)
TURNS = (2, 3, 4, 6, 8, 12)
EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
FOLDS = 10

Numbers = NDArray[np.float64]
Line = tuple[str, str]
console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A part of a call, with both parties in it.

    Attributes:
        call: where from.
        is_whole: whether it is all of the call.
        cues: difference of the summed cue weights, agent minus customer.
        wording: difference of what the wording says.
        share: difference of the shares of characters.
        stated: probability that the pipeline gives to the truth.
    """

    call: str
    is_whole: bool
    cues: float
    wording: float
    share: float
    stated: float


def excerpts(folder: Path) -> list[Excerpt]:
    """Of every labelled call in the folder."""
    rng = random.Random(SEED)
    calls = {
        path.stem: [
            (turn["speaker"], spoken(turn["text"])) for turn in json.loads(path.read_bytes())["turns"]
        ]
        for path in sorted(folder.glob("*.json"))
    }
    ears = Homophones([text for lines in calls.values() for _, text in lines])
    found = []
    for call, lines in calls.items():
        for rate in MISHEARD:
            noisy = [(speaker, ears.mishear(text, rate)) for speaker, text in lines]
            found += [made for part in parts(noisy, rng) if (made := excerpt(call, part, len(noisy)))]
    return found


def lines_of(path: Path) -> list[Line]:
    """Who says what in a labelled call, in bare characters."""
    return [(turn["speaker"], spoken(turn["text"])) for turn in json.loads(path.read_bytes())["turns"]]


def parts(lines: Sequence[Line], rng: random.Random) -> Iterator[Sequence[Line]]:
    """The whole, beginnings, windows and subsets."""
    yield lines
    for size in TURNS:
        yield lines[:size]
        for _ in range(3):
            at = rng.randrange(0, max(1, len(lines) - size))
            yield lines[at : at + size]
        for _ in range(2):
            chosen = sorted(rng.sample(range(len(lines)), min(size, len(lines))))
            yield [lines[i] for i in chosen]


def excerpt(call: str, lines: Sequence[Line], of: int) -> Excerpt | None:
    """``None`` when a party says nothing."""
    cues = load_cues()
    texts = {side: [text for speaker, text in lines if speaker == side] for side in ("agent", "customer")}
    sizes = {side: sum(map(len, said)) for side, said in texts.items()}
    if not all(sizes.values()):
        return None
    said = [Utterance(speaker=side, tokens=tokens((word(text),))) for side in texts for text in texts[side]]
    claim = speaker_roles(said, cues, manifest={})["agent"]
    return Excerpt(
        call=call,
        is_whole=len(lines) == of,
        cues=agent_log_odds(texts["agent"], cues) - agent_log_odds(texts["customer"], cues),
        wording=sum(map(wording_log_odds, texts["agent"])) - sum(map(wording_log_odds, texts["customer"])),
        share=(sizes["agent"] - sizes["customer"]) / sum(sizes.values()),
        stated=claim.confidence if claim.role is Role.AGENT else 1 - claim.confidence,
    )


def word(text: str) -> Word:
    """A text as one word: nothing here depends on times."""
    return Word(text=text, start_ms=0, end_ms=1, probability=1.0)


def features(found: Sequence[Excerpt]) -> Numbers:
    """Signed square roots of cues and wording, and the lengths: what the scales multiply."""
    said = np.array([(x.cues, x.wording) for x in found])
    return np.column_stack([np.sign(said) * np.sqrt(np.abs(said)), [x.share for x in found]])


def fit(x: Numbers) -> Numbers:
    """Scales of the logistic through nought; exchanging the parties changes the sign and nothing else."""
    from sklearn.linear_model import LogisticRegression

    both, truth = np.concatenate([x, -x]), np.repeat([1, 0], len(x))
    return np.asarray(LogisticRegression(C=1e4, fit_intercept=False).fit(both, truth).coef_[0])


def cross_fitted(found: Sequence[Excerpt]) -> Numbers:
    """Probability of the truth, by scales that saw other calls only."""
    x, calls = features(found), np.array([e.call for e in found])
    names, chance = sorted(set(calls)), np.zeros(len(found))
    for fold in range(FOLDS):
        held = np.isin(calls, names[fold::FOLDS])
        if held.any():
            chance[held] = 1 / (1 + np.exp(-x[held] @ fit(x[~held])))
    return chance


def reliability(title: str, chance: Numbers) -> None:
    """Print how often what is stated holds, the Brier score and the expected calibration error."""
    sure, right = np.maximum(chance, 1 - chance), chance > 0.5
    table = Table("stated", "number", "mean stated", "held", title=title, header_style="bold")
    error = 0.0
    for low, high in pairwise(EDGES):
        inside = (sure >= low) & ((sure < high) | (high == 1.0))
        if inside.any():
            stated, held = float(sure[inside].mean()), float(right[inside].mean())
            error += float(inside.mean()) * abs(stated - held)
            table.add_row(f"{low:.2f}-{high:.2f}", str(inside.sum()), f"{stated:.3f}", f"{held:.3f}")
    console.print(table)
    brier = float(np.mean((sure - right) ** 2))
    console.print(f"{len(chance)}: right {right.mean():.4f}, Brier {brier:.4f}, ECE {error:.4f}\n")


def telephone(clips: Sequence[Clip], rng: np.random.Generator) -> NDArray[np.float32]:
    """Sentences over a line with its own level and noise, at 16 kHz."""
    from scipy.signal import resample_poly

    gain = 10 ** (-rng.uniform(0, 12) / 20)
    sound = np.concatenate([read_sound(clip.path) * gain for clip in clips])
    line = over_the_line(sound, rng, noise_db=-52 + rng.uniform(0, 12)) / 32768
    return np.asarray(resample_poly(line, 2, 1), dtype=np.float32)


def voices(speech: Path) -> None:
    """Print cosines of the same and of other voices on the telephone, and what is made of them."""
    from models.registry import build_voice_printer
    from models.weights import Catalogue
    from pipeline.settings import load_settings

    printer = build_voice_printer(load_settings(), Catalogue.load())
    rng = np.random.default_rng(SEED)
    many, others = read_clips(speech / "aishell1_sample"), read_clips(speech / "aishell3_30speakers")

    def made(clips: Sequence[Clip]) -> Numbers:
        vector = printer.voice_print(telephone(clips, rng))
        return np.full(1, np.nan) if vector is None else np.asarray(vector, dtype=np.float64)

    same, different = [], []
    strangers = [made([clip]) for clip in others]
    for voice in sorted({clip.voice for clip in many}):
        own = [clip for clip in many if clip.voice == voice]
        own = [own[i] for i in rng.permutation(len(own))]
        enrolled = made(own[:6])
        for at in range(6, 26, 2):
            same.append(float(enrolled @ made(own[at : at + 2])))
        different += [float(enrolled @ stranger) for stranger in strangers]
    for title, cosines in (("same voice", same), ("other voice", different)):
        quartiles = " ".join(f"{q:.2f}" for q in np.percentile(cosines, [0, 25, 50, 75, 100]))
        console.print(f"{title}: {len(cosines)} cosines, {quartiles}")
    odds = np.array([same_voice_log_odds(c) for c in same] + [-same_voice_log_odds(c) for c in different])
    reliability("voice prints, both alike beforehand", 1 / (1 + np.exp(-odds)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calls", type=Path, help="folder of labelled calls")
    parser.add_argument("--speech", type=Path, help="folder of real speech, for voice prints")
    arguments = parser.parse_args()
    found = excerpts(arguments.calls)
    reliability("as the pipeline states it", np.array([e.stated for e in found]))
    reliability("the same, whole calls", np.array([e.stated for e in found if e.is_whole]))
    reliability("scales fitted on other calls", cross_fitted(found))
    cues, wording, share = fit(features(found))
    console.print(
        f"fitted on all: CUE_SCALE {cues:.2f}, WORDING_SCALE {wording:.2f}, LENGTH_SCALE {share:.2f}"
    )
    if arguments.speech:
        voices(arguments.speech)


if __name__ == "__main__":
    main()
