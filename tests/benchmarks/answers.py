"""What the processes of a run answered, kept so that a run that was cut off can go on where it was.

An answer belongs to what was asked: the system, its settings, the samples of every recording, the round, and
the sources that hear. Where any of these is another, the system listens again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.batch.keys import file_sha256
from pipeline.settings import PROJECT_ROOT
from tests.benchmarks.systems import MODES

BENCHMARK = tuple(
    f"tests/benchmarks/{name}.py" for name in ("child", "clock", "systems", "baselines", "plain_campplus")
)
OWN = ("pipeline/**/*.py", "models/*.py", "flows/wiring.py", "configs/default.toml", "configs/lexicons/*")
OTHERS = ("models/campplus_net.py", "models/ct2_file.py", "models/whisper_convert.py")


@dataclass(frozen=True, slots=True)
class Answers:
    """A folder of answers; they hold the words that were heard."""

    folder: Path

    def get(self, order: Mapping[str, Any], number: int) -> Mapping[str, Any] | None:
        """What was answered to an order in a round; ``None`` where it was not asked yet."""
        path = self._path(order, number)
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def put(self, order: Mapping[str, Any], number: int, answer: Mapping[str, Any]) -> None:
        """Keep an answer; it is there as a whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(order, number)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")
        part.replace(path)

    def _path(self, order: Mapping[str, Any], number: int) -> Path:
        # mixes are written to another folder each time: what counts of a recording is what is in it
        recordings = [
            recording
            | {
                key: path and file_sha256(Path(path))
                for key in ("path", "manifest")
                for path in [recording[key]]
            }
            for recording in order["recordings"]
        ]
        sources = _digests((*BENCHMARK, *(OWN if order["system"] in MODES else OTHERS)))
        asked = json.dumps([order["system"], order["setup"], recordings, number, sources], sort_keys=True)
        name = order["system"].replace(" ", "-").replace(",", "")
        return self.folder / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"


def _digests(places: Iterable[str]) -> list[list[str]]:
    files = sorted({path for place in places for path in PROJECT_ROOT.glob(place) if path.is_file()})
    return [[path.relative_to(PROJECT_ROOT).as_posix(), file_sha256(path)] for path in files]
