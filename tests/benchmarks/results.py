"""The file that a run leaves, which a later run is compared with: counts and costs, never words."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.benchmarks.parts import Outcome
from tests.benchmarks.report import SCORINGS, SPEAKER_FIGURES, WORD_FIGURES, estimate
from tests.benchmarks.scores import Row

FORMAT = 1
PACKAGES = ("torch", "faster-whisper", "ctranslate2", "openai-whisper", "pyannote.audio", "numpy")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@dataclass(kw_only=True)
class Kept:
    """What is kept so far; written anew after every system and part, so that a run that is cut off
    leaves what it has.

    Attributes:
        path: the file; ``None`` keeps nothing.
        repeats: rounds that costs are the mean of.
        mode: this program's where a part runs one.
    """

    path: Path | None
    repeats: int
    mode: str
    content: dict[str, Any] = field(default_factory=dict)

    def add(self, part: str, outcome: Outcome) -> None:
        """Keep what a part gave."""
        if part == "hear":
            self.content |= {
                "systems": {run.system: run.identity for run in outcome.runs},
                "processes": [
                    {"system": r.system, "load": r.load, "loaded": r.loaded, "peak": r.peak}
                    for r in outcome.runs
                ],
                "figures": _figures(outcome.rows),
                "rows": [asdict(row) for row in outcome.rows],
                "left_out": outcome.left_out,
            }
        else:
            self.content[part] = outcome.content
        self.write()

    def write(self) -> None:
        """Write what there is; at the start, so that a path that cannot be written is told early."""
        if self.path:
            head = {"format": FORMAT, "machine": machine(), "repeats": self.repeats, "mode": self.mode}
            part = self.path.with_name(f"{self.path.name}.part")
            part.write_text(json.dumps(head | self.content, ensure_ascii=False, indent=1), "utf-8")
            part.replace(self.path)


def _figures(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The figures that the rows make, for reading; only the rows are read back."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.system), []).append(row)
    return [
        {"kind": kind, "system": system, "figure": name, "value": e.value, "low": e.low, "high": e.high}
        for (kind, system), group in groups.items()
        for name in (*WORD_FIGURES, *(prefix + name for prefix in SCORINGS for name in SPEAKER_FIGURES))
        if (e := estimate(group, name)) is not None
    ]


def read(path: Path) -> list[Row]:
    """The rows that a run kept.

    Raises:
        ValueError: the file is none of these; the message names it.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']} instead of {FORMAT}")
        return [
            Row(**row | {"counts": {name: tuple(c) for name, c in row["counts"].items()}})
            for row in content["rows"]
        ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: no result of this benchmark: {error}") from error
