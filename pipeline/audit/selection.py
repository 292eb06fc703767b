"""Which calls a pack is about: a case, an agency, a lender, a period, or all of some results folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.export.calls import result_files
from pipeline.metadata import CHINA
from pipeline.report.call_json import read_call
from pipeline.report.quarantine import read_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.types import Quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for; what is empty asks for nothing, and all that is asked for must be met.

    Attributes:
        calls: ids.
        agency: as the metadata have it; so ``lender``.
        first: first day in China; so ``last``, both inside.
    """

    calls: frozenset[str] = frozenset()
    agency: str = ""
    lender: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def by_metadata(self) -> bool:
        """Whether a call's metadata decide."""
        return bool(self.agency or self.lender or self.first or self.last)

    def takes(self, content: Mapping[str, Any]) -> bool:
        """Whether a call is meant. A call whose day is not known is in no period."""
        metadata = content["metadata"]
        day = day_of(content)
        return (
            (not self.calls or content["call_id"] in self.calls)
            and (not self.agency or metadata.get("agency") == self.agency)
            and (not self.lender or metadata.get("lender") == self.lender)
            and (self.first is None or (day is not None and day >= self.first))
            and (self.last is None or (day is not None and day <= self.last))
        )

    def as_json(self) -> dict[str, Any]:
        """As JSON types, ids left out: the pack names its calls elsewhere."""
        return {
            "calls": len(self.calls) or None,
            "agency": self.agency or None,
            "lender": self.lender or None,
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A call of a pack: its result, and where that lies."""

    folder: Path
    path: Path
    call_id: str


@dataclass(slots=True, kw_only=True)
class Found:
    """What a selection finds.

    Attributes:
        calls: in order of their ids.
        quarantined: those of them that could not be judged, with the reason.
        unplaced: rows that never became calls, of which nobody can tell whether they are meant.
        undated: calls whose day is not known, where a period is asked for.
    """

    calls: list[Selected] = field(default_factory=list)
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    unplaced: list[Quarantined] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)


def find(folders: Sequence[Path], selection: Selection) -> Found:
    """The calls of a pack.

    Raises:
        ConfigError: a folder holds no results, a call is not there or stands in two folders, or none is
            meant.
        TranscriptError: a result is not in the published form.
        StoreError: the quarantine cannot be read.
    """
    found = Found()
    seen: dict[str, Path] = {}
    for folder in folders:
        aside = {one.call_id: one for one in read_quarantine(folder / "quarantine.jsonl")}
        for path in result_files(folder):
            content = read_call(path)
            call_id = content["call_id"]
            if not selection.takes(content):
                if selection.first or selection.last:
                    found.undated += [call_id] * (day_of(content) is None)
                continue
            if call_id in seen:
                raise ConfigError(f"call {call_id} stands in {seen[call_id]} and in {folder}")
            seen[call_id] = folder
            found.calls.append(Selected(folder=folder, path=path, call_id=call_id))
            if call_id in aside:
                found.quarantined[call_id] = aside[call_id]
        with_result = {path.stem for path in (folder / "calls").glob("*.json")}
        found.unplaced += [
            one for one in aside.values() if one.call_id not in with_result and one.call_id not in seen
        ]
    missing = sorted(selection.calls - seen.keys())
    if missing:
        raise ConfigError(f"no result of {', '.join(missing)}")
    if not found.calls:
        raise ConfigError("the selection holds no call: an empty pack would look like a clean one")
    found.calls.sort(key=lambda call: call.call_id)
    return found


def day_of(content: Mapping[str, Any]) -> date | None:
    """The day of a call in China; ``None`` where it is not known."""
    started = content["metadata"].get("started_at")
    if not started:
        return None
    moment = datetime.fromisoformat(started)
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(CHINA).date()
