"""Chunks of calls for workers in other processes, here or on other machines.

The batch writes what all chunks have in common once (:class:`Errand`) and each chunk as a file of looks; the
names of these files are the batch's id and numbers, so that nothing of a call stands in the parameters of a
scheduler. A worker reads them, does what they say with a :class:`~pipeline.batch.hand.Hand` of its own and
gives an :class:`Account`.

A chunk may be begun again when its worker is gone, by whoever runs it or by the cluster itself, even while
the first worker lives on unseen. Nothing is done twice: a worker that begins a chunk takes its calls over in
the journal, recalls what is done there already, and one that was taken for dead can save nothing any more.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from pipeline.batch.keys import Basis
from pipeline.batch.lanes import Failure
from pipeline.batch.looks import Look, Outcome, OutcomeKind
from pipeline.batch.ownership import owner_of
from pipeline.batch.plan import record_of
from pipeline.batch.seen import After
from pipeline.batch.units import Cost, Stage, Unit, UnitState
from pipeline.errors import BatchStopped, ConfigError, StoreError, TingheError, UnexpectedError
from pipeline.report.files import write_atomically
from pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.batch.hand import Hand

SHARED: Final = "TINGHE_SHARED"
"""The environment variable with the folder in which workers find chunks."""
_ERRAND: Final = "errand.json"


class Errand(BaseModel):
    """What all chunks of a batch have in common.

    Attributes:
        owner: who runs the batch; when that is somebody else, workers stop.
        out: the results folder, under the path that workers see.
        audio: whether the calls are recordings.
        as_kept: take what was heard as it is.
        verify: read recordings to see whether they changed.
        settings: all of them.
        basis: what calls are made with, which must be what a worker makes them with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_id: str
    owner: str
    out: Path
    audio: bool
    as_kept: bool
    verify: bool
    settings: Settings
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What came of a chunk.

    Attributes:
        outcomes: of its calls, in their order; of fewer where it ended before its time.
        failure: why it did.
    """

    outcomes: tuple[Outcome, ...]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The files of a batch's chunks, in the folder that all workers see; readable by their owner only."""

    shared: Path
    batch_id: str

    @classmethod
    def from_environment(cls, batch_id: str) -> Shelf:
        """Where this worker finds chunks.

        Raises:
            ConfigError: nobody told it.
        """
        folder = os.environ.get(SHARED, "")
        if not folder:
            raise ConfigError(f"{SHARED} is not set: a worker must be told the folder that it shares")
        return cls(Path(folder), batch_id)

    @property
    def folder(self) -> Path:
        """Where this batch's files are."""
        return self.shared / self.batch_id

    def write_errand(self, errand: Errand) -> None:
        """Keep what all chunks have in common.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot use {self.shared}: {error.strerror}") from error
        write_atomically(self.folder / _ERRAND, errand.model_dump_json().encode(), mode=0o600)

    def read_errand(self) -> Errand:
        """The inverse of :meth:`write_errand`.

        Raises:
            ConfigError: it is not there, or was written by another version.
        """
        errand: Errand = self._read(_ERRAND, Errand.model_validate_json)
        return errand

    def write_looks(self, name: str, looks: Sequence[Look]) -> None:
        """Keep a chunk.

        Raises:
            StoreError: it cannot be written.
        """
        # By way of plain values: names of files need not be text, and only json writes those.
        content = json.dumps(_looks().dump_python(tuple(looks), mode="json"))
        write_atomically(self.folder / f"{name}.json", content.encode(), mode=0o600)

    def read_looks(self, name: str) -> tuple[Look, ...]:
        """The inverse of :meth:`write_looks`.

        Raises:
            ConfigError: it is not there, or was written by another version.
        """
        looks: tuple[Look, ...] = self._read(
            f"{name}.json", lambda content: _looks().validate_python(json.loads(content))
        )
        return looks

    def drop(self, name: str) -> None:
        """Remove a chunk; what cannot be removed goes with the folder, at the latest."""
        (self.folder / f"{name}.json").unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all files of the batch."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                path.unlink(missing_ok=True)
            self.folder.rmdir()

    def _read(self, name: str, parsed: Any) -> Any:
        # Neither the path nor the content: both go where errors of workers are kept.
        try:
            return parsed((self.folder / name).read_bytes())
        except OSError as error:
            raise ConfigError(
                f"batch {self.batch_id}: {name} is not in the folder that {SHARED} names: {error.strerror}"
            ) from None
        except ValueError:  # no JSON, or of another form
            raise ConfigError(
                f"batch {self.batch_id}: {name} is of another form: is this worker's program another version?"
            ) from None


@cache
def _looks() -> TypeAdapter[tuple[Look, ...]]:
    return TypeAdapter(tuple[Look, ...])


def work_through(hand: Hand, looks: Sequence[Look], *, owner: str, alone: bool) -> Account:
    """Do what a chunk asks for, what was done of it before excepted.

    Args:
        hand: with a journal of its own.
        looks: the chunk.
        owner: who runs the batch; when that is somebody else, the chunk ends.
        alone: no other call is worked on in this process.
    """
    outcomes: list[Outcome] = []
    try:
        hand.attempts.persist(lambda: hand.journal.reclaim([look.job.call.call_id for look in looks]))
        for look in _as_they_are(hand, looks):
            if isinstance(look, Outcome):
                outcomes.append(look)
                continue
            if hand.attempts.persist(lambda: owner_of(hand.journal)) != owner:
                raise BatchStopped(f"batch {hand.journal.batch_id} has another owner now, or none")
            outcomes.append(hand.do(look, alone=alone))
    except TingheError as error:
        return Account(outcomes=tuple(outcomes), failure=Failure.of(error))
    except Exception as error:  # its message may quote a call
        foreign = UnexpectedError(f"a chunk failed: {type(error).__name__}")
        return Account(outcomes=tuple(outcomes), failure=Failure.of(foreign))
    return Account(outcomes=tuple(outcomes))


def _as_they_are(hand: Hand, looks: Sequence[Look]) -> list[Look | Outcome]:
    """What is left to do of a chunk, and what came of what an earlier worker did of it."""
    calls = [look.job.call.call_id for look in looks]
    hearing = hand.attempts.persist(lambda: hand.journal.units(Stage.HEAR, calls))
    judging = hand.attempts.persist(lambda: hand.journal.units(Stage.JUDGE, calls))
    return [
        recalled(look, hearing.get(look.job.call.call_id), judging.get(look.job.call.call_id))
        for look in looks
    ]


def recalled(look: Look, hearing: Unit | None, judging: Unit | None) -> Look | Outcome:
    """What came of a call if it is done already, else the look, starting from what was heard of it.

    All units of a chunk are pending when it is handed out: one that is not was worked on since.

    Args:
        look: as it was handed out.
        hearing: the unit of hearing as it is.
        judging: the unit of judging as it is.
    """
    now, call_id = look.now, look.job.call.call_id
    heard_here = look.first and now.heard is None and hearing is not None
    if heard_here and hearing is not None:
        if hearing.state is UnitState.QUARANTINED:
            return _aside(look, hearing)
        if hearing.state is UnitState.DONE and hearing.output:
            # Judged below or by the hand, which compares its key with that of the recording as it is.
            look = replace(look, hearing=hearing)
    if judging is None or judging.state not in (UnitState.DONE, UnitState.QUARANTINED):
        return look
    if judging.state is UnitState.QUARANTINED:
        return _aside(look, judging)
    if heard_here and hearing is not None:
        now = replace(now, heard=hearing.output)
    was = look.judging
    stands = look.first and was is not None and was.finished_at == judging.finished_at
    now = replace(
        now,
        key=judging.key,
        first_key=judging.first_key,
        output=judging.output,
        worked=now.worked or not stands,
    )
    return Outcome(
        call_id=call_id,
        kind=OutcomeKind.STANDS if stands else OutcomeKind.DONE,
        now=now,
        after=After.from_json(judging.after) if look.first and judging.after is not None else None,
        cost=Cost(cpu_s=judging.cpu_s or 0.0, wall_s=judging.wall_s or 0.0),
    )


def _aside(look: Look, unit: Unit) -> Outcome:
    return Outcome(
        call_id=unit.call_id,
        kind=OutcomeKind.ASIDE,
        now=replace(look.now, worked=True),
        record=record_of(look.job, unit),
    )
