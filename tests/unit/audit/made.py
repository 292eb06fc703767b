"""Results to pack: made calls with sound, of which nobody lives."""

from __future__ import annotations

import json
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audit.call_files import Source
from pipeline.audit.pack import Wanted, write_pack
from pipeline.audit.selection import Selection, find
from pipeline.detect.rulebook import rulebook_of
from pipeline.report.files import file_stem
from pipeline.report.quarantine import write_quarantine
from pipeline.settings import load_settings
from pipeline.types import Quarantined
from tests.unit.export.samples import content, quarantined

AT = datetime(2026, 6, 20, 1, 2, 3, tzinfo=UTC)
SETTINGS = load_settings()
BOOK = rulebook_of(SETTINGS)


def call(call_id: str, **changes: Any) -> dict[str, Any]:
    """The sample call under another id; ``metadata`` is added to its own."""
    made = json.loads(json.dumps(content()))
    metadata = made["metadata"] | changes.pop("metadata", {})
    for finding in made["findings"]:
        finding["norms"] = ["card_68"]
    return made | {"call_id": call_id, "metadata": metadata} | changes


def write_tone(path: Path, seconds: float = 24.0, rate: int = 8000) -> None:
    """Two channels of sound that is not silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(int(seconds * rate)) / rate
    sound = (3000 * np.sin(2 * np.pi * 300 * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.column_stack([sound, sound]).tobytes())


def results(folder: Path, *calls: dict[str, Any], sound: bool = True) -> Path:
    """A results folder."""
    for one in calls:
        path = folder / "calls" / f"{file_stem(one['call_id'])}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(one, ensure_ascii=False), encoding="utf-8")
        if sound and one["status"] != "quarantined":
            write_tone(folder / "audio" / f"{file_stem(one['call_id'])}.wav")
    return folder


def usual(folder: Path) -> Path:
    """Two calls of two agencies, one that could not be judged, and a row that never became a call."""
    results(
        folder,
        call("c1", metadata={"agency": "和润资产"}),
        call("c2", metadata={"agency": "明达外包", "started_at": "2026-07-01T10:00:00+08:00"}),
        quarantined("c3"),
    )
    aside = (
        Quarantined(call_id="c3", reason="silent", message="silent"),
        Quarantined(call_id="line-9", reason="manifest_row", message="total_due: not a number", line=9),
    )
    write_quarantine(aside, folder / "quarantine.jsonl")
    return folder


def wanted(folder: Path, to: Path, selection: Selection | None = None, **changes: Any) -> Wanted:
    """What a pack of all of a folder is made of."""
    selection = selection or Selection()
    found = find([folder], selection)
    sources = {
        one.call_id: Source(
            names=("欧阳志远", "周敏"),
            playable=folder / "audio" / f"{file_stem(one.call_id)}.wav",
        )
        for one in found.calls
    }
    values = {
        "selection": selection,
        "found": found,
        "to": to,
        "created_at": AT,
        "book": BOOK,
        "sources": sources,
    }
    return Wanted(**values | changes)


def packed(folder: Path, to: Path, selection: Selection | None = None, **changes: Any):
    """Write a pack of a folder."""
    return write_pack(wanted(folder, to, selection, **changes), lambda: None)
