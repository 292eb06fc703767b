"""What a batch has to do: its calls compared with what the journal says is done.

A call has a first look, with what is known of other calls before the night, and a second one where others of
the night concern it. A first look whose key is unchanged is recalled, not repeated; which report a call must
have is only known when all first looks are there (:mod:`pipeline.history`).
"""

from __future__ import annotations

import os
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.batch.keys import MISSING, FileStamp, file_sha256, place_of, url_place
from pipeline.batch.seen import After, digest_of, seen_by
from pipeline.batch.units import Stage, Unit, UnitState
from pipeline.places import Url
from pipeline.report.files import file_stem
from pipeline.transcripts import TranscriptSource
from pipeline.types import BatchSummary, Call, CallStatus, Quarantined, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import sqlalchemy as sa

    from pipeline.batch.journal import Journal
    from pipeline.batch.keys import Basis
    from pipeline.history import Ledger

_SPARSE: Final = 600
"""Bytes a second of the thinnest speech codec, AMR at 4.75 kbit/s."""
_RIFF: Final = struct.Struct("<4s4x4s4s4xHHII")
"""RIFF header with its first chunk: marks, then format, channels, rate, bytes a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A call as a unit of work.

    Attributes:
        call: its id is unique in the batch.
        file: name of the file it comes from, for messages.
        weight: how much work it is, compared with others: bytes.
        given: digest of its transcript, where it comes as text; ``None`` for a recording.
        source: where that text lies.
        stamp: of a recording that is not on this machine; ``None`` where there is no such file.
    """

    call: Call
    file: str | None = None
    weight: int = 0
    given: str | None = None
    source: TranscriptSource | None = None
    stamp: FileStamp | None = None


@dataclass(slots=True)
class Standing:
    """How far a call is.

    Attributes:
        recording: digest of its recording, when it is known.
        heard: digest of its transcript, when there is one.
        first_key: of the first look that was made, if any.
        key: of the report that stands, or of the attempt that failed.
        aside: whether it is in quarantine.
        output: status of the report that stands.
        worked: whether anything was done for it in this run.
    """

    recording: str | None = None
    heard: str | None = None
    first_key: str | None = None
    key: str | None = None
    aside: bool = False
    output: str | None = None
    worked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All calls with their standing.

    Attributes:
        standing: by call.
        to_look: the jobs whose first look is to be made.
        aside: the units in quarantine that need not be tried again, by call.
        hearing: the units of hearing before this run, by call.
        judging: those of judging.
        failed_later: those that failed at their second look; whether it is still the same is not known yet.
    """

    standing: dict[str, Standing]
    to_look: tuple[Job, ...]
    aside: dict[str, Unit]
    failed_later: dict[str, Unit]
    hearing: dict[str, Unit]
    judging: dict[str, Unit]


def order(jobs: Iterable[Job]) -> list[Job]:
    """The longest first, so that the end of the batch does not wait for one long call."""
    return sorted(jobs, key=lambda job: (-job.weight, job.call.call_id))


@dataclass
class Recordings:
    """Digests of recordings, each file read once as long as it does not change.

    Attributes:
        verify: whether to read all files, whatever their stamps say.
    """

    journal: Journal
    verify: bool = False
    _known: dict[str, tuple[FileStamp, str]] = field(default_factory=dict)
    _fresh: dict[str, tuple[FileStamp, str]] = field(default_factory=dict)

    def load(self, jobs: Sequence[Job]) -> None:
        """Read what the journal remembers of the recordings of these jobs."""
        places = [_place(job) for job in jobs if job.call.recording]
        self._known = {} if self.verify else self.journal.stamps(places)

    def known(self, job: Job) -> str | None:
        """The digest of a recording if that is known without reading it."""
        stamp = _stamp(job)
        if stamp is None:
            return MISSING
        known = self._known.get(_place(job))
        return known[1] if known and known[0] == stamp else None

    def read(self, job: Job, here: Path) -> str:
        """The digest of a recording, by reading it where that is needed.

        Args:
            job: its call.
            here: where it is on this machine.
        """
        known = self.known(job)
        if known is not None:
            return known
        stamp = _stamp(job)  # before reading: a change while it is read shows the next time
        sha256 = file_sha256(here)
        if stamp is not None and sha256 != MISSING:
            self._known[_place(job)] = self._fresh[_place(job)] = stamp, sha256
        return sha256

    def save(self, job: Job, within: sa.Connection) -> None:
        """Remember the digest of a recording that was read, in somebody's transaction."""
        if job.call.recording is None:
            return
        place = _place(job)
        if place in self._fresh:
            stamp, sha256 = self._fresh[place]
            self.journal.remember_file(place, stamp, sha256, within=within)


def fetched(job: Job, folder: Path) -> Job:
    """The job with its recording on this machine, copied into ``folder`` where it is not.

    Whoever asks for it removes the copy; what a process leaves behind that was killed is removed when the
    next run begins (:func:`pipeline.report.files.remove_unfinished`).

    Raises:
        StoreError: the recording cannot be reached, or there is no room for it.
    """
    recording = job.call.recording
    if recording is None or not recording.url:
        return job
    name = f".{file_stem(job.call.call_id)}.{os.getpid()}-{threading.get_ident()}.tmp"
    copy = folder / name
    Url(recording.url).fetch(copy)  # one that is not there is refused by whoever opens it
    here = replace(recording, path=copy, url="")
    return replace(job, call=replace(job.call, recording=here))


def compare(
    jobs: Sequence[Job],
    *,
    journal: Journal,
    basis: Basis,
    ledger: Ledger,
    recordings: Recordings,
    results: Path,
    as_kept: bool = False,
) -> Comparison:
    """Find out what there is to do; first looks that stand are told to the ledger.

    Args:
        jobs: all calls.
        journal: what is done.
        basis: what calls are made with now.
        ledger: the history before the night; with it the keys of first looks are made.
        recordings: digests of recordings.
        results: the folder of results; a call whose result is gone is judged again.
        as_kept: take what was heard as it is, whatever it was made from.

    Raises:
        StoreError: the journal cannot be read.
    """
    calls = [job.call.call_id for job in jobs]
    heard_units, judged_units = journal.units(Stage.HEAR, calls), journal.units(Stage.JUDGE, calls)
    there = {path.name for path in results.iterdir()} if results.is_dir() else frozenset()
    recordings.load(jobs)
    standing: dict[str, Standing] = {}
    to_look: list[Job] = []
    aside: dict[str, Unit] = {}
    failed_later: dict[str, Unit] = {}
    for job in jobs:
        call_id = job.call.call_id
        hearing, judging = heard_units.get(call_id), judged_units.get(call_id)
        now = Standing()
        standing[call_id] = now
        _listen(job, now, hearing, basis, recordings, as_kept=as_kept)
        if now.aside and hearing is not None:
            aside[call_id] = hearing
            continue
        if judging is None or now.heard is None:
            to_look.append(job)
            continue
        first = basis.judge_key(
            job.call, now.heard, digest_of(seen_by(job.call, ledger.history, ledger.alike))
        )
        now.key, now.first_key, now.output = judging.key, judging.first_key, judging.output
        now.aside = judging.state is UnitState.QUARANTINED
        if now.aside and judging.key == first:
            aside[call_id] = judging
        elif judging.first_key == first and judging.after is not None:
            if now.aside:
                failed_later[call_id] = judging
            elif judging.state is not UnitState.DONE or f"{file_stem(call_id)}.json" not in there:
                now.key = None
            ledger.recall(job.call, After.from_json(judging.after))
        else:
            now.aside, now.key, now.first_key, now.output = False, None, None, None
            to_look.append(job)
    return Comparison(
        standing=standing,
        to_look=tuple(order(to_look)),
        aside=aside,
        failed_later=failed_later,
        hearing=heard_units,
        judging=judged_units,
    )


def _listen(
    job: Job,
    now: Standing,
    hearing: Unit | None,
    basis: Basis,
    recordings: Recordings,
    *,
    as_kept: bool,
) -> None:
    """Find out whether a call need be heard."""
    if job.given is not None:
        now.heard = job.given
    elif as_kept:
        now.aside = hearing is not None and hearing.state is UnitState.QUARANTINED
        now.heard = hearing.output if hearing else None
    else:
        now.recording = recordings.known(job)
        if hearing is None or now.recording is None:
            return
        if hearing.key == basis.hear_key(job.call, now.recording):
            now.heard = hearing.output if hearing.state is UnitState.DONE else None
            now.aside = hearing.state is UnitState.QUARANTINED


def seconds_at_most(path: Path) -> float:
    """How long a recording may be, by its header or its size, without decoding; 0 where there is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_RIFF.size)
            size = path.stat().st_size
    except OSError:
        return 0.0
    if len(head) == _RIFF.size:
        riff, wave, _, _, _, _, rate = _RIFF.unpack(head)
        if riff == b"RIFF" and wave == b"WAVE" and rate >= _SPARSE:
            return float(size / rate)
    return size / _SPARSE


def _place(job: Job) -> str:
    recording = _recording(job)
    return url_place(recording.url) if recording.url else place_of(recording.path)


def _stamp(job: Job) -> FileStamp | None:
    recording = _recording(job)
    return job.stamp if recording.url else FileStamp.of(recording.path)


def _recording(job: Job) -> Recording:
    if job.call.recording is None:
        raise ValueError(f"call {job.call.call_id} has no recording")
    return job.call.recording


def account(
    jobs: Sequence[Job], standing: Mapping[str, Standing], *, aside: Mapping[str, Quarantined], rejected: int
) -> BatchSummary:
    """Every call once: judged in this run, left as it was, or set aside; who is none of these is missing.

    Args:
        jobs: all calls.
        standing: where they stand, by call.
        aside: what is in quarantine, by call; rows that are no calls among them.
        rejected: how many rows are no calls.
    """
    counts: Counter[str] = Counter()
    for job in jobs:
        now = standing[job.call.call_id]
        if job.call.call_id not in aside and now.output is not None and now.key is not None:
            counts[now.output if now.worked else "skipped"] += 1
    return BatchSummary(
        planned=len(jobs) + rejected,
        scored=counts[CallStatus.SCORED],
        not_scored=counts[CallStatus.NOT_SCORED],
        quarantined=len(aside),
        skipped=counts["skipped"],
    )


def record_of(job: Job, unit: Unit) -> Quarantined:
    """A unit in quarantine, as it is told; its line is that of today's manifest."""
    return Quarantined(
        call_id=unit.call_id,
        reason=unit.reason or "",
        message=unit.message or "",
        file=job.file,
        line=job.call.line,
        attempts=unit.attempts,
    )
