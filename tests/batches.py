"""Batches whose calls do what they are told, for tests: no models, no scheduler, reports of a few bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from pipeline.batch import heard
from pipeline.batch.bench import Judged, Listened
from pipeline.batch.journal import Journal
from pipeline.batch.keys import Basis, digest
from pipeline.batch.plan import Job
from pipeline.batch.run import Batch
from pipeline.batch.seen import digest_of
from pipeline.batch.units import Cost
from pipeline.errors import KeptError, RecordingError
from pipeline.history import Ledger
from pipeline.metadata import CallMetadata
from pipeline.report.files import write_atomically
from pipeline.settings import load_settings
from pipeline.store import Store
from pipeline.store.tables import tables
from pipeline.types import (
    Call,
    CallReport,
    CallStatus,
    CustomerEvent,
    DecodedAudio,
    Evidence,
    Provenance,
    Recording,
    Role,
    Transcript,
    Turn,
)

SETTINGS = load_settings().batch
PROVENANCE = Provenance(
    program="test",
    recording_sha256=None,
    transcript_sha256="0" * 64,
    models={},
    rules_sha256="0" * 64,
    config_sha256="0" * 64,
)
BASIS = Basis(hearing="h1", judging="j1", showing="s1", rules="r1")


def call_of(name, path=None, **metadata):
    recording = Recording(path=path) if path else None
    return Call(call_id=name, metadata=CallMetadata.model_validate(metadata), recording=recording, line=7)


def text_job(name, text="您好", weight=1, **metadata):
    """A call whose words are given."""
    return Job(
        call=call_of(name, **metadata), file="calls.jsonl", weight=weight, given=digest(text), source=None
    )


def recorded_job(path: Path, **metadata):
    """A call with a recording; the words are the file's content."""
    size = path.stat().st_size if path.exists() else 0
    return Job(call=call_of(path.stem, path, **metadata), file=path.name, weight=size)


def report_of(call, text="", status=CallStatus.NOT_SCORED, events=(), reason="no_speech", seen=None):
    """A report that shows what it was made from: the words, and what was seen of other calls."""
    words = f"{text}|{digest_of(seen)[:8] if seen else ''}"
    turn = Turn(index=0, role=Role.CUSTOMER, role_confidence=1.0, text=words)
    evidence = Evidence(turn=0, start=0, end=1, quote=words[:1])
    return CallReport(
        call=call,
        status=status,
        status_reason=reason,
        provenance=PROVENANCE,
        transcript=Transcript(turns=(turn,)),
        customer_events=tuple(CustomerEvent(event=event, evidence=evidence) for event in events),
    )


@dataclass
class FakeBench:
    """Does the work in no time; ``outcomes`` by call are raised one after the other, then all goes well.

    Attributes:
        version: of the fake models; what is heard says it.
        events: by call, what happens in it when it is judged.
    """

    out: Path
    outcomes: dict = field(default_factory=dict)
    at_hearing: dict = field(default_factory=dict)
    events: dict = field(default_factory=dict)
    version: str = "1"
    rules: str = "1"
    did: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)

    def hear(self, job, key, recording_sha256, *, alone):
        name = job.call.call_id
        place = heard.place_of(self.out, name)
        had = heard.take(place)
        if had and had[0].key == key:
            self.did.append(("adopt", name, alone))
            return Listened(output=had[1], cost=Cost())
        self.did.append(("hear", name, alone))
        self._fail(self.at_hearing, name)
        if not job.call.recording.path.exists():
            raise RecordingError("missing_file", f"{job.file}: is not there")
        text = job.call.recording.path.read_text("utf-8") + self.version
        audio = DecodedAudio(
            channels=(),
            sample_rate=16_000,
            duration_ms=1,
            sha256=recording_sha256,
            container="wav",
            codec="pcm",
            source_rate=8_000,
            source_channels=1,
        )
        turn = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text=text)
        kept = heard.Kept(key=key, listened_by={}, audio=audio, transcript=Transcript(turns=(turn,)))
        return Listened(output=heard.keep(kept, place), cost=Cost(cpu_s=2.0, wall_s=3.0))

    def judge(self, job, heard_sha256, seen, *, alone):
        name = job.call.call_id
        self.did.append(("judge", name, alone))
        self._fail(self.outcomes, name)
        text = heard_sha256
        if job.given is None:
            had = heard.take(heard.place_of(self.out, name))
            if had is None or had[1] != heard_sha256:
                raise KeptError(f"call {name}: gone")
            text = had[0].transcript.turns[0].text
        self.seen.setdefault(name, []).append(seen)
        report = report_of(job.call, f"{text} by {self.rules}", events=self.events.get(name, ()), seen=seen)
        content = {"call_id": name, "status": report.status.value, "text": report.transcript.turns[0].text}
        write_atomically(self.out / "calls" / f"{name}.json", json.dumps(content).encode())
        return Judged(report=report, cost=Cost(cpu_s=0.5, wall_s=0.5))

    def refuse(self, call, reason):
        empty = replace(report_of(call), transcript=Transcript(turns=()))
        return replace(empty, status=CallStatus.QUARANTINED, status_reason=reason)

    def lease_s(self, job):
        return 3600.0

    def times(self, what):
        """Which calls it did that for, in order."""
        return [name for done, name, _ in self.did if done == what]

    @staticmethod
    def _fail(outcomes, name):
        if outcomes.get(name):
            outcome = outcomes[name].pop(0)
            if isinstance(outcome, BaseException):
                raise outcome


class Recorder:
    """An observer that keeps what it is told."""

    def __init__(self):
        self.events = []

    def planned(self, calls):
        self.events.append(("planned", calls))

    def finished(self, call_id, outcome):
        self.events.append((call_id, outcome.value))


def batch_of(folder, jobs, rejected=(), *, bench=None, settings=None, alike=(), basis=BASIS, **more):
    """A batch in a results folder; the store is opened anew, as by a new process."""
    store = more.pop("store", None) or Store(f"sqlite:///{folder / 'tinghe.db'}")
    calls = [job.call for job in jobs]
    return Batch(
        jobs=jobs,
        rejected=rejected,
        out=folder,
        store=store,
        journal=more.pop("journal", None) or Journal(store, "b", "me"),
        basis=basis,
        bench=bench or FakeBench(folder),
        settings=SETTINGS.model_copy(update=settings or {}),
        ledger=Ledger(
            calls=calls, remembered=store.remembered(calls), alike=frozenset(alike), recordings=False
        ),
        wait=more.pop("wait", lambda seconds: None),
        **more,
    )


def contents(folder, url=None):
    """Everything that a batch left behind but times, costs and who did it: files, and rows by table.

    The database is the one in the folder where no URL is given; both kinds give the same values.
    """
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] != "packs"  # when which rules were used
        and (path.parent != folder or path.name.startswith(("summary", "quarantine")))
    }
    engine = sa.create_engine(url or f"sqlite:///{folder / 'tinghe.db'}")
    rows = {}
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            if table.name not in OF_RUNS:
                kept = [column for column in table.c if column.name not in OF_A_RUN]
                rows[table.name] = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*kept)))
    engine.dispose()
    return files, rows


OF_RUNS = ("work_runs", "work_owners", "work_files", "batches")
OF_A_RUN = {"run", "attempts", "lost", "owner", "lease_until", "started_at", "finished_at", "cpu_s", "wall_s"}
"""Columns that tell of the way and not of the result."""


def run(batch):
    """Both passes, one chunk after the other."""
    for number in range(batch.open()):
        batch.run_chunk(number)
    batch.run_alone()
    for number in range(batch.reopen()):
        batch.run_chunk(number)
    batch.run_alone()
    return batch.close()
