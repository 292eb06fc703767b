"""What the sound adds to the words of a tone: words only, sound only, both.

Run with ``python -m tests.benchmarks.emotion SPEECH [--labels CALLS]``. ``SPEECH`` is a folder as
``tests.benchmarks.mixes`` reads it. Its two voices of many sentences, moved to other pitches for more voices,
talk to each other over a telephone line, some turns raised, some subdued (``tests.benchmarks.deliveries``).

* *Neutral words*: the sentences are news and commands; a raised turn should be hostile, a subdued one
  distressed. By how many turns a speaker has; "ways" takes pressing for hostile and warm for neutral.
* *Labelled words* (``--labels``, a folder of labelled calls): every labelled turn gets the measured sound of
  a turn that was delivered as its tone may be, with some probability, and calmly else. At probability 0
  the sound is never acted, and the figure is what listening costs.

No recording of a person in anger or sorrow is used: the figures show that the measures find what was put
there and that joining them with words works, not how well real emotion is recognised.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.signal import resample_poly

from flows.wiring import load_mind
from pipeline.detect.second import consult
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.speech.prosody import with_prosody
from pipeline.stages import Mind
from pipeline.tone import judge_tones
from pipeline.types import Call, Channel, Prosody, Role, Tone, Transcript, Turn
from tests.benchmarks.deliveries import RATE_HZ, deliver, drawn
from tests.benchmarks.mixes import Clip, over_the_line, read_clips, read_sound, spoken_part

SEED: Final = 11
TURNS_A_VOICE: Final = (3, 6, 14)
CALLS: Final = {3: 60, 6: 30, 14: 16}
SHARES: Final = {"calm": 0.5, "raised": 0.25, "subdued": 0.25}
MEANT: Final = {"calm": Tone.NEUTRAL, "raised": Tone.HOSTILE, "subdued": Tone.DISTRESSED}
WAY: Final = {Tone.WARM: Tone.NEUTRAL, Tone.PRESSING: Tone.HOSTILE}
"""Tones of one way of speaking: pressing is raised too, warm is calm."""
ACTED: Final = (0.0, 0.25, 0.5, 1.0)
LIKELY: Final = {
    Tone.WARM: ("calm",),
    Tone.NEUTRAL: ("calm",),
    Tone.PRESSING: ("raised",),
    Tone.HOSTILE: ("raised",),
    Tone.DISTRESSED: ("raised", "subdued", "subdued"),
}
"""How a turn of each tone is delivered where it is acted, each as likely as often as it is named."""
WITNESSES: Final = ("words only", "sound only", "both")

Pair = tuple[Tone, Tone]
"""What was meant and what was found."""
console = Console()


class Undecided:
    """Words that say nothing: every tone is as likely as another, an ordinary one a little more so."""

    identity = "undecided"

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        """The same for every text."""
        return tuple({tone: 0.24 if tone is Tone.NEUTRAL else 0.19 for tone in Tone} for _ in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A call and how each of its turns was delivered."""

    transcript: Transcript
    deliveries: tuple[str, ...]


def acted_calls(speech: Path, turns: int, *, seed: int = SEED) -> Iterator[Acted]:
    """Calls of two voices with ``turns`` turns each, listened to with their exact times."""
    clips = read_clips(speech / "aishell1_sample")
    names = sorted({clip.voice for clip in clips})
    for number in range(CALLS[turns]):
        rng = np.random.default_rng([seed, turns, number])
        yield acted_call([[c for c in clips if c.voice == name] for name in names], turns, rng)


def acted_call(voices: Sequence[Sequence[Clip]], turns: int, rng: np.random.Generator) -> Acted:
    """One call: the voices take turns of one or two sentences, each turn in one delivery."""
    queues = [[clips[i] for i in rng.permutation(len(clips))] for clips in voices]
    moved = [float(rng.uniform(-5, 2)) for _ in voices]
    at, made, sounds, deliveries = 0.5, [], [], []
    for index in range(turns * len(voices)):
        voice = index % len(voices)
        delivery = drawn(str(rng.choice(list(SHARES), p=list(SHARES.values()))), rng)
        start, texts = at, []
        for _ in range(int(rng.integers(1, 3))):
            clip = queues[voice].pop()
            sound = deliver(
                read_sound(clip.path), replace(delivery, semitones=delivery.semitones + moved[voice])
            )
            first, last = spoken_part(sound)
            sounds.append((at, sound[int(first * RATE_HZ) : int(last * RATE_HZ)]))
            at += last - first + float(rng.uniform(0.1, 0.4))
            texts.append(clip.text)
        role = (Role.AGENT, Role.CUSTOMER)[voice]
        made.append(
            Turn(
                index=index,
                role=role,
                role_confidence=1.0,
                text="，".join(texts),
                start_ms=round(start * 1000),
                end_ms=round(at * 1000),
                speaker=role,
            )
        )
        deliveries.append(delivery.name)
        at += float(rng.uniform(0.1, 0.9))
    total = np.zeros(int((at + 1) * RATE_HZ))
    for start, sound in sounds:
        total[int(start * RATE_HZ) :][: len(sound)] += sound * 0.25
    line = over_the_line(total, rng).astype(np.float64) / 32768
    heard = resample_poly(line, 2, 1).astype(np.float32)
    channel = Channel(index=0, samples=heard, level_dbfs=-20.0, dead=False)
    return Acted(transcript=Transcript(turns=with_prosody(made, [channel])), deliveries=tuple(deliveries))


def judged(call: Call, transcript: Transcript, mind: Mind) -> dict[str, list[Tone]]:
    """The tone of every turn by each set of witnesses."""
    opinions = consult(call, transcript, mind.opinion) if mind.opinion else None
    silent = replace(transcript, turns=tuple(replace(turn, prosody=None) for turn in transcript.turns))
    frames = (
        judge_tones(silent, mind.tone, opinions, mind.tone_weights),
        judge_tones(transcript, Undecided()),
        judge_tones(transcript, mind.tone, opinions, mind.tone_weights),
    )
    return {name: [f.tone for f in found] for name, found in zip(WITNESSES, frames, strict=True)}


def f1(pairs: Sequence[Pair], tone: Tone) -> float:
    """Of one tone."""
    hits = sum(meant is found is tone for meant, found in pairs)
    named = sum(meant is tone for meant, _ in pairs) + sum(found is tone for _, found in pairs)
    return 2 * hits / named if named else 0.0


def macro_f1(pairs: Sequence[Pair]) -> float:
    """Over the tones that were meant."""
    meant = {tone for tone, _ in pairs}
    return sum(f1(pairs, tone) for tone in meant) / len(meant)


def neutral_words(acted: Mapping[int, Sequence[Acted]], mind: Mind) -> Table:
    """Words that say nothing, by how much of a speaker there is to hear."""
    tones = tuple(MEANT.values())
    columns = ("turns a voice", "witnesses", "turns", "abstained", "macro F1", *tones, "ways")
    table = Table(*columns, title="neutral words")
    call = Call(call_id="acted", metadata=CallMetadata())
    for turns, calls in acted.items():
        pairs: dict[str, list[Pair]] = {name: [] for name in WITNESSES}
        for one in calls:
            for name, found in judged(call, one.transcript, mind).items():
                pairs[name] += zip([MEANT[d] for d in one.deliveries], found, strict=True)
        silent = [t.prosody is None or t.prosody.abstains for one in calls for t in one.transcript.turns]
        for name, told in pairs.items():
            ways = [(meant, WAY.get(found, found)) for meant, found in told]
            by_tone = [f"{f1(told, tone):.2f}" for tone in tones]
            figures = [f"{macro_f1(told):.3f}", *by_tone, f"{macro_f1(ways):.3f}"]
            abstained = f"{np.mean([bool(s) for s in silent]):.0%}"
            table.add_row(str(turns), name, str(len(told)), abstained, *figures)
    return table


def labelled_words(folder: Path, sounds: Mapping[str, Sequence[Prosody]], mind: Mind) -> Table:
    """Labelled turns with a voice put to them."""
    table = Table("acted", *WITNESSES, title="labelled words, macro F1")
    calls = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    for share in ACTED:
        rng = np.random.default_rng([SEED, round(share * 100)])
        pairs: dict[str, list[Pair]] = {name: [] for name in WITNESSES}
        for content in calls:
            turns = []
            for index, told in enumerate(content["turns"]):
                ways = LIKELY[Tone(told["tone"])] if rng.random() < share else ("calm",)
                pool = sounds[str(rng.choice(ways))]
                turns.append(
                    Turn(
                        index=index,
                        role=Role(told["speaker"]),
                        role_confidence=1.0,
                        text=told["text"],
                        prosody=pool[int(rng.integers(len(pool)))],
                    )
                )
            call = Call(call_id=content["call_id"], metadata=CallMetadata())
            for name, found in judged(call, Transcript(turns=tuple(turns)), mind).items():
                pairs[name] += zip([Tone(t["tone"]) for t in content["turns"]], found, strict=True)
        table.add_row(f"{share:.0%}", *(f"{macro_f1(pairs[name]):.3f}" for name in WITNESSES))
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("speech", type=Path, help="folder of real speech")
    parser.add_argument("--labels", type=Path, help="folder of labelled calls")
    arguments = parser.parse_args()
    mind = load_mind(load_settings())
    acted = {turns: list(acted_calls(arguments.speech, turns)) for turns in TURNS_A_VOICE}
    console.print(neutral_words(acted, mind))
    if arguments.labels:
        # As in a call, a turn may be too short to be heard: what abstains is in the pool too.
        sounds: dict[str, list[Prosody]] = {name: [] for name in MEANT}
        for one in acted[TURNS_A_VOICE[-1]]:
            for name, turn in zip(one.deliveries, one.transcript.turns, strict=True):
                sounds[name] += [turn.prosody] if turn.prosody else []
        console.print(labelled_words(arguments.labels, sounds, mind))


if __name__ == "__main__":
    main()
