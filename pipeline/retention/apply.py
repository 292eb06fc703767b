"""Deleting what is due, so that it can be interrupted anywhere and goes on from there.

1. An intent is committed: what is to be deleted of a call, with digests, unless the call is under hold.
2. Its files are deleted, then its rows.
3. Summaries are made anew without it, and the database is compacted.
4. Its proof is added to the chain, then the intent is deleted.

The intent is the only place where the call still has its name; it goes last. A deletion that was interrupted
is finished by the next :meth:`Retention.apply`, whatever is due then.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline import __version__
from pipeline.batch.keys import place_of as token_of
from pipeline.batch.ownership import locked
from pipeline.errors import ConfigError
from pipeline.metadata import CHINA
from pipeline.report.files import remove_unfinished
from pipeline.report.quarantine import read_quarantine, write_quarantine
from pipeline.retention import proof
from pipeline.retention.files import may_delete, sha256_and_size, unlink
from pipeline.retention.holds import alone, held
from pipeline.retention.inventory import PLACES, QUARANTINE, known_calls, place_of, unknown_files
from pipeline.retention.plan import Decision, Standing, decide
from pipeline.retention.profiles import Item
from pipeline.retention.rows import CallTables, overwrite_deleted
from pipeline.retention.settlements import Settlements
from pipeline.retention.tables import intents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pipeline.retention.profiles import Profiles
    from pipeline.store import Store

INTENDED: Final = "intended"
EMPTIED: Final = "emptied"

_Intent = tuple[str, str, dict[str, Any]]
"""Name of the deletion, call, content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done.

    Attributes:
        calls: of which something was deleted, by id.
        finished: of those, the ones that an earlier run had begun.
        files: deleted.
        rows: deleted.
        stopped: calls that a hold kept from being deleted after the plan.
        head: digest of the last line of the chain.
        unknown: what lies in the folder that retention knows nothing of.
    """

    calls: tuple[str, ...]
    finished: int
    files: int
    rows: int
    stopped: tuple[str, ...]
    head: str
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Retention of one results folder.

    Attributes:
        folder: the results folder.
        batch_id: of the folder; ``None`` when nothing was ever run there.
        profiles: the periods.
        key: names calls in proofs.
        clock: the time, with a zone.
        recordings: by call, where its original lies, as far as that is known.
        may_delete_in: folders in which originals may be deleted.
        rebuild: makes the summaries of the folder anew, from the results that are there, and the pages of the
            calls that are named.
        new_id: makes a name for a deletion.
    """

    folder: Path
    store: Store
    batch_id: str | None
    profiles: Profiles
    key: proof.Key
    clock: Callable[[], datetime]
    rebuild: Callable[[frozenset[str]], None]
    recordings: Mapping[str, Path] = field(default_factory=dict)
    may_delete_in: Sequence[Path] = ()
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex

    def plan(self, settlements: Settlements | None = None) -> tuple[Decision, ...]:
        """What is due today; nothing is changed.

        Raises:
            StoreError: the folder or the database cannot be read.
        """
        return tuple(self._decisions(settlements or Settlements()))

    def apply(self, settlements: Settlements | None = None) -> Applied:
        """Finish what was interrupted and delete what is due.

        Raises:
            ConfigError: earlier proofs were written with another key; nothing is deleted.
            StoreError: a batch is at work in the folder, something cannot be deleted, or the chain of
                proofs is broken; the next call goes on from there.
        """
        with locked(self.folder):
            remove_unfinished(self.folder)
            proof.repair(self.folder)
            self._check_chain()
            with self.store.transaction("cannot read the database") as connection:
                tables = CallTables.of(connection)
            stopped: list[str] = []
            begun = self._intents(INTENDED)
            for deletion_id, call_id, content in begun:
                self._finish(tables, deletion_id, call_id, content, stopped)
            for decision in self._decisions(settlements or Settlements()):
                if decision.standing is Standing.DUE:
                    self._delete(tables, decision, stopped)
            return self._conclude(tables, len(begun), stopped)

    @property
    def _token(self) -> str:
        """Names the folder in a database that others share."""
        return self.batch_id or token_of(self.folder.resolve())

    def _check_chain(self) -> None:
        """Delete nothing of which no proof could be written, or none under the same key."""
        if any(line["key"] != self.key.identity for line in proof.read(self.folder)):
            raise ConfigError(f"{proof.FILE_NAME} was written with another key; use that one")

    def _decisions(self, settlements: Settlements) -> Iterator[Decision]:
        now = self.clock()
        today = now.astimezone(CHINA).date()
        with self.store.transaction("cannot read the holds") as connection:
            under_hold = held(connection)
        yield from decide(
            list(
                known_calls(
                    self.folder,
                    self.store,
                    self.batch_id,
                    now=now,
                    open_at=lambda day: today > self.profiles.at_least(day),
                )
            ),
            profiles=self.profiles,
            held=under_hold,
            settlements=settlements,
            today=today,
            recordings=self._deletable(),
        )

    def _deletable(self) -> dict[str, bool]:
        """The calls whose originals may be deleted; one that is of several calls is not."""
        counts: dict[Path, int] = {}
        for path in self.recordings.values():
            counts[path] = counts.get(path, 0) + 1
        return {
            call_id: True
            for call_id, path in self.recordings.items()
            if self.may_delete_in and counts[path] == 1 and may_delete(path, self.may_delete_in)
        }

    def _delete(self, tables: CallTables, decision: Decision, stopped: list[str]) -> None:
        """Commit an intent and carry it out, unless a hold came in between."""
        call = decision.call
        content = self._content(decision)
        if content is None:
            return
        deletion_id = self.new_id()
        with self.store.transaction(f"cannot begin to delete call {call.call_id}") as connection:
            alone(connection)
            if held(connection).covers(call.call_id, call.debtor):
                stopped.append(call.call_id)
                return
            if Item.RECORDS in decision.items:
                found = tables.rows_of(connection, call.call_id)
                content["rows"] = {"count": found.count, "sha256": found.sha256}
            connection.execute(
                sa.insert(intents).values(
                    deletion_id=deletion_id,
                    subject=call.call_id,
                    folder=self._token,
                    state=INTENDED,
                    content=content,
                )
            )
        self._carry_out(tables, deletion_id, call.call_id, content)

    def _content(self, decision: Decision) -> dict[str, Any] | None:
        """What an intent says of a call; ``None`` when there is nothing to delete after all."""
        call = decision.call
        files = []
        for kind, (item, _, _) in PLACES.items():
            if item in decision.items:
                found = sha256_and_size(place_of(self.folder, kind, call.call_id))
                if found is not None:
                    files.append({"kind": kind, "sha256": found[0], "bytes": found[1]})
        original = None
        if Item.RECORDING in decision.items:
            path = self.recordings[call.call_id]
            found = sha256_and_size(path)
            if found is not None and found[0] == call.recording_sha256:  # else it is another one by now
                files.append({"kind": "recording", "sha256": found[0], "bytes": found[1]})
                original = str(path.resolve())
        if not files and not (Item.RECORDS in decision.items and call.rows):
            return None
        return {
            "items": [item.value for item in decision.items],
            "files": files,
            "rows": None,
            "rules": [
                {
                    "profile": rule.profile.profile,
                    "norms": list(rule.profile.norms),
                    "kept_to": rule.kept_to.isoformat() if rule.kept_to else None,
                }
                for rule in decision.rules
            ],
            "kept_to": decision.kept_to.isoformat() if decision.kept_to else None,
            "profiles_sha256": self.profiles.sha256,
            "debtor": call.debtor,
            "original": original,
        }

    def _finish(
        self,
        tables: CallTables,
        deletion_id: str,
        call_id: str,
        content: dict[str, Any],
        stopped: list[str],
    ) -> None:
        """Go on with a deletion that was interrupted; a hold that came since keeps what is left."""
        with self.store.transaction(f"cannot finish deleting call {call_id}") as connection:
            alone(connection)
            if held(connection).covers(call_id, content["debtor"]):
                stopped.append(call_id)
                gone = [part for part in content["files"] if not self._path(call_id, part, content).exists()]
                which = intents.c.deletion_id == deletion_id
                if gone:
                    left = {**content, "files": gone, "rows": None, "stopped_by_hold": True}
                    left["items"] = sorted({_item(part["kind"]) for part in gone} - {Item.RECORDS.value})
                    connection.execute(sa.update(intents).where(which).values(state=EMPTIED, content=left))
                else:
                    connection.execute(sa.delete(intents).where(which))
                return
        self._carry_out(tables, deletion_id, call_id, content)

    def _carry_out(
        self, tables: CallTables, deletion_id: str, call_id: str, content: Mapping[str, Any]
    ) -> None:
        unlink(self._path(call_id, part, content) for part in content["files"])
        with self.store.transaction(f"cannot delete the rows of call {call_id}") as connection:
            overwrite_deleted(connection)
            if content["rows"] is not None:
                recording = self.recordings.get(call_id)
                tables.delete(
                    connection,
                    call_id,
                    debtor=content["debtor"],
                    place=token_of(recording) if recording else None,
                )
            connection.execute(
                sa.update(intents).where(intents.c.deletion_id == deletion_id).values(state=EMPTIED)
            )

    def _path(self, call_id: str, part: Mapping[str, Any], content: Mapping[str, Any]) -> Path:
        if part["kind"] == "recording":
            return Path(content["original"])
        return place_of(self.folder, part["kind"], call_id)

    def _conclude(self, tables: CallTables, finished: int, stopped: Sequence[str]) -> Applied:
        """Leave nothing in summaries and database, write the proofs, forget the names."""
        emptied = self._intents(EMPTIED)
        if emptied:
            self._summarise(emptied)
            self.store.compact(tables.names)
            proven = {line["deletion"] for line in proof.read(self.folder)}
            proof.append(
                self.folder,
                [
                    self._proof(deletion_id, call_id, content)
                    for deletion_id, call_id, content in emptied
                    if deletion_id not in proven
                ],
            )
            with self.store.transaction("cannot finish a deletion") as connection:
                overwrite_deleted(connection)
                connection.execute(
                    sa.delete(intents).where(intents.c.folder == self._token, intents.c.state == EMPTIED)
                )
            self.store.compact([intents.name], rewrite=False)
        return Applied(
            calls=tuple(call_id for _, call_id, _ in emptied),
            finished=min(finished, len(emptied)),
            files=sum(len(content["files"]) for _, _, content in emptied),
            rows=sum(content["rows"]["count"] for _, _, content in emptied if content["rows"]),
            stopped=tuple(stopped),
            head=proof.verify(self.folder).head,
            unknown=unknown_files(self.folder),
        )

    def _summarise(self, emptied: Sequence[_Intent]) -> None:
        gone = {call_id for _, call_id, content in emptied if Item.RECORDS.value in content["items"]}
        silent = {call_id for _, call_id, content in emptied if Item.SOUND.value in content["items"]} - gone
        path = self.folder / QUARANTINE
        if gone and path.exists():
            write_quarantine([call for call in read_quarantine(path) if call.call_id not in gone], path)
        if gone or silent:
            self.rebuild(frozenset(silent))

    def _intents(self, state: str) -> list[_Intent]:
        query = sa.select(intents).where(intents.c.folder == self._token, intents.c.state == state)
        with self.store.transaction("cannot read deletions under way") as connection:
            rows = connection.execute(query.order_by(intents.c.subject, intents.c.deletion_id)).all()
        return [(row.deletion_id, row.subject, row.content) for row in rows]

    def _proof(self, deletion_id: str, call_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in content.items() if name not in ("debtor", "original")}
        return {
            "deletion": deletion_id,
            "at": self.clock().isoformat(timespec="seconds"),
            "call": self.key.of(call_id),
            "key": self.key.identity,
            "program": f"tinghe {__version__}",
            **told,
        }


def _item(kind: str) -> str:
    return Item.RECORDING.value if kind == "recording" else PLACES[kind][0].value
