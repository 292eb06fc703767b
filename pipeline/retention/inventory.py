"""The calls of a results folder, each with what decides how long it is kept.

The database says it of most calls. The call's JSON is read only where the day alone leaves it open.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import sqlalchemy as sa

from pipeline.batch.journal_tables import work, work_runs
from pipeline.batch.units import UnitState
from pipeline.errors import StoreError
from pipeline.metadata import CHINA
from pipeline.report.files import file_stem
from pipeline.report.quarantine import read_quarantine
from pipeline.retention.profiles import MATCHED, Item
from pipeline.store.tables import calls, promises, quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.store import Store

PLACES: Final[Mapping[str, tuple[Item, str, str]]] = {
    "sound": (Item.SOUND, "audio", ".wav"),
    "heard": (Item.RECORDS, "heard", ".json.gz"),
    "inputs": (Item.RECORDS, "inputs", ".json.gz"),
    "result": (Item.RECORDS, "calls", ".json"),
    "page": (Item.RECORDS, "pages", ".html"),
}
"""The files of a call: what they are, in which folder, with which ending."""
SUMMARIES: Final = ("summary.html", "summary.csv", "summary.xlsx")
QUARANTINE: Final = "quarantine.jsonl"
NOT_OF_A_CALL: Final = frozenset(
    {
        *(QUARANTINE, *SUMMARIES, "tables", "dial_log_rejected.jsonl", "batch.json", ".lock"),
        *("tinghe.db", "tinghe.db-wal", "tinghe.db-shm", "deletions.jsonl", ".retention.key"),
        *("exports.jsonl", "log.jsonl", "metrics.prom", "access.log.jsonl", "exports.before.jsonl", "packs"),
    }
)
"""Files right in a results folder that retention rewrites, or that hold nothing of a call."""

_FACTS: Final = tuple(
    calls.c[name] for name in ("call_id", "lender", "agency", "customer_id", "started_at", "recording_sha256")
)
_AT_ONCE: Final = 500
"""Values in one query: databases bound the number of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCall:
    """What decides about a call.

    Attributes:
        day: the day of the call in China; of its first appearance where the call has no time.
        debtor: ``customer_id``, ``None`` where it is not known.
        facts: fields of :data:`pipeline.retention.profiles.MATCHED` and ``promise``, where they are known.
        not_before: a day that the manifest named as that of deletion.
        recording_sha256: of the recording that was judged.
        kinds: which of :data:`PLACES` there are.
        rows: whether the database holds anything of it.
        in_work: whether a batch has it in hand.
        readable: whether its JSON could be read, where there is one.
        told: whether all facts were looked up; not so where the day alone decides.
    """

    call_id: str
    day: date | None
    debtor: str | None = field(default=None, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    not_before: date | None = None
    recording_sha256: str | None = None
    kinds: frozenset[str] = frozenset()
    rows: bool = False
    in_work: bool = False
    readable: bool = True
    told: bool = True

    @property
    def items(self) -> frozenset[Item]:
        """What of it is here."""
        found = {PLACES[kind][0] for kind in self.kinds}
        return frozenset(found | {Item.RECORDS} if self.rows else found)


@dataclass(slots=True)
class _Rows:
    """What the database says of a call."""

    values: dict[str, Any] = field(default_factory=dict)
    promise: bool | None = None
    first: float | None = None
    in_work: bool = False


def known_calls(
    folder: Path, store: Store, batch_id: str | None, *, now: datetime, open_at: Callable[[date], bool]
) -> Iterator[KnownCall]:
    """All calls of a results folder, in the order of their ids.

    Args:
        folder: the results folder.
        store: its database, which other folders may share.
        batch_id: of the folder; ``None`` when nothing was ever run there.
        now: the time.
        open_at: whether a call of a day needs a closer look.

    Raises:
        StoreError: a folder or the database cannot be read.
    """
    files = _files(folder)
    rows, last_run = _database(folder, store, batch_id, set(files), now)
    for call_id in sorted({*files, *rows}):
        yield _known(folder, call_id, files.get(call_id, frozenset()), rows.get(call_id), last_run, open_at)


def place_of(folder: Path, kind: str, call_id: str) -> Path:
    """Where a file of a call lies."""
    _, where, ending = PLACES[kind]
    return folder / where / f"{file_stem(call_id)}{ending}"


def unknown_files(folder: Path) -> tuple[str, ...]:
    """What lies in a results folder that retention knows nothing of: it may hold what calls said."""
    known = NOT_OF_A_CALL | {where for _, where, _ in PLACES.values()}
    try:
        return tuple(sorted(entry.name for entry in os.scandir(folder) if entry.name not in known))
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror}") from error


def _files(folder: Path) -> dict[str, frozenset[str]]:
    """By call, the kinds of files that there are."""
    found: dict[str, set[str]] = {}
    for kind, (_, where, ending) in PLACES.items():
        try:
            names = [entry.name for entry in os.scandir(folder / where)]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"cannot read {folder / where}: {error.strerror}") from error
        for name in names:
            if name.endswith(ending) and not name.startswith("."):
                found.setdefault(unquote(name.removesuffix(ending)), set()).add(kind)
    return {call_id: frozenset(kinds) for call_id, kinds in found.items()}


def _database(
    folder: Path, store: Store, batch_id: str | None, named: set[str], now: datetime
) -> tuple[dict[str, _Rows], float | None]:
    """By call, what the database says of those that are of this folder; and when the last run began."""
    set_aside = {call.call_id for call in read_quarantine(folder / QUARANTINE)}
    found: dict[str, _Rows] = {}
    with store.transaction("cannot read the calls") as connection:
        running = (work.c.state == UnitState.RUNNING.value) & (work.c.lease_until > now.timestamp())
        for row in connection.execute(
            sa.select(
                work.c.call_id,
                sa.func.min(work.c.started_at).label("first"),
                sa.func.max(sa.case((running, 1), else_=0)).label("in_work"),
            )
            .where(work.c.batch_id == batch_id)
            .group_by(work.c.call_id)
        ):
            found[row.call_id] = _Rows(first=row.first, in_work=bool(row.in_work))
        ours = None if _is_in(folder, store) else sorted({*found, *named, *set_aside})
        for known in _select(connection, sa.select(*_FACTS), calls.c.call_id, ours):
            found.setdefault(known.call_id, _Rows()).values = known._asdict()
        for known in _select(connection, sa.select(quarantine.c.call_id), quarantine.c.call_id, ours):
            found.setdefault(known.call_id, _Rows())
        with_promise = _select(connection, sa.select(promises.c.call_id), promises.c.call_id, ours)
        promised = {known.call_id for known in with_promise}
        last = connection.execute(
            sa.select(sa.func.max(work_runs.c.started_at)).where(work_runs.c.batch_id == batch_id)
        ).scalar_one()
    for call_id, rows in found.items():
        if rows.values:
            rows.promise = call_id in promised
    for call_id in set_aside:
        found.setdefault(call_id, _Rows())
    return found, last


def _select(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[str], ids: Sequence[str] | None
) -> Iterator[sa.Row[Any]]:
    """Rows of a query; only those of some calls, where ids are given."""
    if ids is None:
        yield from connection.execute(query)
        return
    for at in range(0, len(ids), _AT_ONCE):
        yield from connection.execute(query.where(column.in_(ids[at : at + _AT_ONCE])))


def _is_in(folder: Path, store: Store) -> bool:
    """Whether the database is a file of this folder, so that all in it is the folder's."""
    path = store.file
    return path is not None and path.resolve().parent == folder.resolve()


def _known(
    folder: Path,
    call_id: str,
    kinds: frozenset[str],
    rows: _Rows | None,
    last_run: float | None,
    open_at: Callable[[date], bool],
) -> KnownCall:
    said = rows or _Rows()
    told_day = _day(said.values.get("started_at"))
    quick = told_day is not None and not open_at(told_day)
    content: Mapping[str, Any] | None = {}
    if "result" in kinds and not quick:
        content = _read(place_of(folder, "result", call_id))
    metadata = (content or {}).get("metadata") or {}
    provenance = (content or {}).get("provenance") or {}
    facts = {name: metadata.get(name) or said.values.get(name) for name in MATCHED}
    promise = said.promise if not content else content.get("promise_to_pay") is not None
    day = _day(metadata.get("started_at")) or told_day
    return KnownCall(
        call_id=call_id,
        day=day or _first_seen(folder, call_id, kinds, said, last_run),
        debtor=said.values.get("customer_id"),
        facts={**{k: v for k, v in facts.items() if v is not None}, "promise": promise},
        not_before=_day(metadata.get("retention_until")),
        recording_sha256=provenance.get("recording_sha256") or said.values.get("recording_sha256"),
        kinds=kinds,
        rows=rows is not None,
        in_work=said.in_work,
        readable=content is not None,
        told=not quick,
    )


def _read(path: Path) -> Mapping[str, Any] | None:
    """A call's JSON; ``None`` where it is none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("metadata"), dict):
        return None
    return content


def _day(text: Any) -> date | None:
    """The day in China of a moment or day in ISO 8601; ``None`` where it is neither."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) == len("2026-03-05"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(CHINA).date()


def _first_seen(
    folder: Path, call_id: str, kinds: frozenset[str], rows: _Rows, last_run: float | None
) -> date | None:
    """A day on which a call without a time was there already: it cannot be younger."""
    at = rows.first
    if at is None and kinds:
        stats = []
        for kind in kinds:
            try:
                stats.append(place_of(folder, kind, call_id).stat().st_mtime)
            except OSError:
                continue
        at = max(stats, default=None)  # the latest: a copied folder may have lost its times
    if at is None and not kinds:
        at = last_run
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone(CHINA).date()
