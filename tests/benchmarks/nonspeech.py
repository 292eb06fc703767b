"""What systems write where nobody speaks: every character is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table

from tests import sounds
from tests.benchmarks.metrics import plain
from tests.benchmarks.mixes import LINE_RATE, over_the_line
from tests.benchmarks.systems import Recorded

LEVELS_DBFS = (-50, -35, -20)
LINE_DBFS = -70
"""Noise of the line itself: little, since the sounds are the matter."""

Written = Mapping[str, Mapping[str, tuple[int, int]]]
"""By sound and system: hanzi and Latin letters, and all characters."""


def _level(dbfs: float) -> float:
    return 10 ** (dbfs / 20)


SOUNDS = {
    "silence": sounds.silence,
    **{f"white noise, {dbfs} dBFS": partial(sounds.noise, _level(dbfs)) for dbfs in LEVELS_DBFS},
    **{f"pink noise, {dbfs} dBFS": partial(sounds.pink_noise, _level(dbfs)) for dbfs in LEVELS_DBFS},
    "hum and noise": sounds.line_noise,
    "ringback": sounds.ringback,
    "busy": sounds.busy,
    "congestion": sounds.congestion,
    "keys (DTMF)": sounds.dtmf,
    "plucked melody": sounds.melody,
    "held chords": sounds.chords,
    "fax": sounds.fax,
}


def write_sounds(folder: Path) -> tuple[Recorded, ...]:
    """Every sound as a telephone recording; silence without even the noise of the line."""
    from scipy.io import wavfile

    written = []
    for number, (name, make) in enumerate(SOUNDS.items()):
        path = folder / f"sound-{number}.wav"
        sound = make()
        if sound.any():
            line = over_the_line(sound, np.random.default_rng(number), noise_db=LINE_DBFS)
        else:
            line = np.zeros(len(sound) * LINE_RATE // sounds.RATE, dtype=np.int16)
        wavfile.write(path, LINE_RATE, line)
        written.append(Recorded(name=name, path=str(path)))
    return tuple(written)


def characters(text: str) -> tuple[int, int]:
    """Those that count in an error rate, and all but blanks."""
    return len(plain(text)), len("".join(text.split()))


def table(written: Written, systems: Sequence[str]) -> Table:
    """Characters by sound and system."""
    shown = Table(
        "sound", *systems, title="characters written where nobody speaks (0 is right)", header_style="bold"
    )
    for sound, counts in written.items():
        shown.add_row(sound, *(_cell(counts.get(system)) for system in systems))
    sums = {s: [sum(c[s][i] for c in written.values() if s in c) for i in (0, 1)] for s in systems}
    shown.add_section()
    shown.add_row("all that it heard", *(_cell(sums[system]) for system in systems))
    return shown


def _cell(count: Sequence[int] | None) -> str:
    if count is None:
        return "–"
    words, everything = count
    return str(words) if words == everything else f"{words} (with signs {everything})"
