"""Results folders with calls of every age, for tests of retention: real files, a real database, no models."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa

from pipeline.audit import inputs
from pipeline.batch import heard
from pipeline.batch.journal import Journal
from pipeline.batch.keys import FileStamp, file_sha256, place_of
from pipeline.batch.parameters import new_parameters
from pipeline.batch.units import Cost, Pending, Stage
from pipeline.metadata import CallMetadata
from pipeline.report.call_json import to_json, write_call
from pipeline.report.files import file_stem, write_atomically
from pipeline.report.pages import write_pages
from pipeline.report.table import write_tables
from pipeline.retention.apply import Retention
from pipeline.retention.profiles import load_profiles
from pipeline.retention.proof import Key
from pipeline.settings import CONFIGS
from pipeline.store import Store
from pipeline.types import Channel, DecodedAudio, History, Quarantined, Recording
from tests.golden.sample import NORMS, RULE_TITLES, report

NOW = datetime(2030, 1, 1, 3, 0, tzinfo=UTC)
KEY = Key(b"a key of more than 16 bytes")
PROFILES = load_profiles(CONFIGS / "retention.yaml", CONFIGS / "norms.yaml")
SHIPPED = {"lender_type": "bank", "product_type": "consumer_loan"}


def phrase(call_id):
    """What is said in this call and in no other."""
    return f"这一句只在{call_id}里说过"


class Results:
    """A results folder."""

    def __init__(self, folder, url=None):
        self.out = folder / "out"
        self.originals = folder / "originals"
        self.originals.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(exist_ok=True)
        self.store = Store(url or sa.URL.create("sqlite", database=str(self.out / "tinghe.db")))
        self.parameters = new_parameters(self.originals, "recordings")
        self.parameters.write(self.out)
        self.journal = Journal(self.store, self.parameters.batch_id, "host:1:a", clock=lambda: 1.8e9)
        self.reports = {}
        self.recordings = {}
        self.quarantined = []

    def add(self, call_id, *, promise=False, **metadata):
        """A call with all that a batch leaves of one."""
        made = report()
        fields = {**SHIPPED, "customer_id": f"D-{call_id}", "started_at": "2026-06-18T10:30:00+08:00"}
        recording = self.originals / f"{call_id}.wav"
        recording.write_bytes(f"RIFF {phrase(call_id)}".encode())
        turns = made.transcript.turns
        turns = (*turns[:-1], replace(turns[-1], text=turns[-1].text + phrase(call_id)))
        made = replace(
            made,
            call=replace(
                made.call,
                call_id=call_id,
                metadata=CallMetadata.model_validate({**fields, **metadata}),
                recording=Recording(path=recording),
            ),
            transcript=replace(made.transcript, turns=turns),
            promise=made.promise if promise else None,
            provenance=replace(made.provenance, recording_sha256=file_sha256(recording)),
        )
        self.reports[call_id] = made
        self.recordings[call_id] = recording
        audio = DecodedAudio(
            channels=(Channel(index=0, samples=np.zeros(0, np.float32), level_dbfs=-20.0, dead=False),),
            sample_rate=16_000,
            duration_ms=23_000,
            sha256=made.provenance.recording_sha256,
            container="wav",
            codec="pcm",
            source_rate=8_000,
            source_channels=1,
        )
        kept = heard.Kept(key="k", listened_by={}, audio=audio, transcript=made.transcript)
        sha256 = heard.keep(kept, heard.place_of(self.out, call_id))
        inputs.keep(self.out, call_id, made.call.metadata, History(), made.transcript)
        write_call(made, self.out / "calls")
        write_atomically(self.out / "audio" / f"{file_stem(call_id)}.wav", phrase(call_id).encode())
        self._write_down(call_id, made, sha256, recording)
        return self

    def _write_down(self, call_id, made, sha256, recording):
        pending = [Pending(call_id=call_id, stage=stage, weight=1) for stage in Stage]
        self.journal.begin(pending, planned=1, skipped=0, quarantined=0)
        for stage in Stage:
            self.journal.claim(call_id, stage, "k", lease_s=60)
        with self.store.transaction("test") as within:
            self.store.save(made, within=within)
            self.journal.remember_file(
                place_of(recording), FileStamp.of(recording), file_sha256(recording), within=within
            )
            for stage in Stage:
                self.journal.done(
                    call_id,
                    stage,
                    key="k",
                    output=sha256 if stage is Stage.HEAR else "scored",
                    cost=Cost(cpu_s=1.0),
                    within=within,
                    **({} if stage is Stage.HEAR else {"after": {"note": phrase(call_id)}}),
                )

    def set_aside(self, call_id):
        """A call in quarantine."""
        self.quarantined.append(
            Quarantined(call_id=call_id, reason="truncated", message=f"{call_id}.wav: 1 s of 2 s")
        )
        self.store.save_quarantined(self.quarantined[-1])

    def show(self):
        """Pages and tables, as a batch leaves them."""
        from pipeline.report.quarantine import write_quarantine

        reports = [to_json(made) for made in self.reports.values()]
        shown = {"norms": NORMS, "rule_titles": RULE_TITLES}
        write_pages(reports, self.quarantined, self.out, **shown)
        write_tables(reports, self.quarantined, self.out, **shown)
        write_quarantine(self.quarantined, self.out / "quarantine.jsonl")
        return self

    def rebuild(self, pages_of):
        """Summaries of what is left, in a moment."""
        left = [json.loads(path.read_bytes()) for path in sorted((self.out / "calls").glob("*.json"))]
        lines = "".join(f"{call['call_id']} {call['turns'][-1]['text']}\n" for call in left)
        tables = [f"tables/{path.name}" for path in (self.out / "tables").glob("*.csv")]
        for name in ("summary.html", "summary.csv", "summary.xlsx", *tables):
            write_atomically(self.out / name, lines.encode())

    def retention(self, **changes):
        """Retention of this folder with the shipped profiles."""
        values = {
            "folder": self.out,
            "store": self.store,
            "batch_id": self.parameters.batch_id,
            "profiles": PROFILES,
            "key": KEY,
            "clock": lambda: NOW,
            "rebuild": self.rebuild,
            "recordings": self.recordings,
        }
        return Retention(**{**values, **changes})

    def files_with(self, text):
        """Names of the files in the results folder that hold a text, whatever they are."""
        return files_with(self.out, text)


def files_with(folder, text):
    """Names of files that hold a text in any byte, compressed ones unpacked."""
    import gzip
    import io
    import zipfile

    wanted = [text.encode(), text.encode("utf-16-le"), json.dumps(text)[1:-1].encode()]
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            content += gzip.decompress(content)
        if path.suffix == ".xlsx" and zipfile.is_zipfile(io.BytesIO(content)):
            packed = zipfile.ZipFile(io.BytesIO(content))
            content += b"".join(packed.read(name) for name in packed.namelist())
        if any(form in content for form in wanted):
            found.append(path.relative_to(folder).as_posix())
    return found
