"""What is listened to: mixed calls of real speech, and recorded calls with their labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio import decode
from pipeline.manifest import plan_recordings
from pipeline.settings import PROJECT_ROOT, load_settings
from tests.benchmarks.metrics import Span, plain
from tests.benchmarks.mixes import LINE_RATE, mix_calls

TWO_VOICES, MANY_VOICES = "mixes, two voices", "mixes, many voices"
MONO, STEREO = "calls, mono", "calls, two channels"
KINDS = (TWO_VOICES, MANY_VOICES, MONO, STEREO)

DEMO = PROJECT_ROOT / "demo"
DEMO_LABELS = PROJECT_ROOT / "tests" / "data" / "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a party says, in seconds from the start; without times where the label has none.

    ``spoken`` is the same without the pauses before, after and between its sentences, where that is known.
    """

    speaker: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    spoken: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A recording and what is said in it.

    Attributes:
        kind: one of :data:`KINDS`.
        lines: in order of their start.
        manifest: the manifest that lists the recording, for what is known of the call; ``None`` for mixes.
    """

    name: str
    kind: str
    path: Path
    seconds: float
    lines: tuple[Line, ...]
    manifest: Path | None = None

    @property
    def text(self) -> str:
        """All words in order of time, as they count."""
        return plain("".join(line.text for line in self.lines))

    @property
    def parties(self) -> dict[str, str]:
        """The words of each speaker, as they count."""
        names = dict.fromkeys(line.speaker for line in self.lines)
        return {n: plain("".join(x.text for x in self.lines if x.speaker == n)) for n in names}

    @property
    def has_roles(self) -> bool:
        """Whether speakers are agent and customer."""
        return self.manifest is not None

    @property
    def speakers(self) -> int:
        """How many voices there are."""
        return len({line.speaker for line in self.lines})

    @property
    def spans(self) -> tuple[Span, ...]:
        """Who speaks when; empty where times are not known."""
        timed = (x for x in self.lines if x.start_s is not None and x.end_s is not None)
        return tuple((x.speaker, x.start_s, x.end_s) for x in timed)

    @property
    def spoken(self) -> tuple[Span, ...]:
        """The same without pauses; empty where that is not known."""
        return tuple((x.speaker, start, end) for x in self.lines for start, end in x.spoken)


def mixed(speech: Path, folder: Path, *, seed: int, rounds: int) -> Iterator[Take]:
    """Mixes, written to ``folder`` as telephone recordings."""
    from scipy.io import wavfile

    for mix in mix_calls(speech, seed=seed, rounds=rounds):
        path = folder / f"{mix.name}.wav"
        wavfile.write(path, LINE_RATE, mix.samples)
        lines = tuple(
            Line(speaker=t.voice, text=t.text, start_s=t.start_s, end_s=t.end_s, spoken=t.spoken)
            for t in mix.turns
        )
        kind = TWO_VOICES if len({line.speaker for line in lines}) == 2 else MANY_VOICES
        yield Take(name=mix.name, kind=kind, path=path, seconds=mix.seconds, lines=lines)


def recorded(manifest: Path, labels: Path) -> Iterator[Take]:
    """The calls of a manifest that have a label of the same name in ``labels``."""
    limits = load_settings().audio
    for call in plan_recordings(manifest).calls:
        label = labels / f"{call.call_id}.json"
        if call.recording is None or not label.exists():
            continue
        turns = [turn for turn in json.loads(label.read_text("utf-8"))["turns"] if turn]
        lines = [
            Line(speaker=t["speaker"], text=t["text"], start_s=t.get("start"), end_s=t.get("end"))
            for t in turns
        ]
        audio = decode(call.recording, limits)
        yield Take(
            name=call.call_id,
            kind=MONO if len(audio.channels) == 1 else STEREO,
            path=call.recording.path,
            seconds=audio.duration_ms / 1000,
            lines=tuple(sorted(lines, key=lambda line: line.start_s or 0)),
            manifest=manifest,
        )


def of_the_demo() -> tuple[Take, ...]:
    """The recordings that come with the project; their labels have no times."""
    return tuple(recorded(DEMO / "manifest.csv", DEMO_LABELS))


def gather(
    folder: Path, *, speech: Path | None, calls: Path | None, seed: int, rounds: int
) -> tuple[Take, ...]:
    """Everything there is: mixes, recorded calls, and those of the demo that are not among them.

    Args:
        folder: where mixes are written.
        speech: see :func:`tests.benchmarks.mixes.mix_calls`; ``None`` makes no mixes.
        calls: a folder with ``manifest.csv``, recordings and ``ref/``; ``None`` for none.
        seed: of the mixes.
        rounds: of the mixes.
    """
    takes = list(mixed(speech, folder, seed=seed, rounds=rounds)) if speech else []
    if calls:
        takes += recorded(calls / "manifest.csv", calls / "ref")
    known = {_digest(take.path) for take in takes}
    takes += (take for take in of_the_demo() if _digest(take.path) not in known)
    return tuple(takes)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
