"""Results with judged calls, and review files that somebody has filled in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from pipeline.metadata import CallMetadata
from pipeline.report.call_json import read_call, write_call
from pipeline.report.files import file_stem
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.review.answers import take
from pipeline.review.files import Filled
from pipeline.review.ledger import alone, read_reviewed, save_sample, save_tasks
from pipeline.review.records import Step
from pipeline.review.selection import Collected, Wanted
from pipeline.review.words import REVIEW_LABELS
from pipeline.store import Store
from pipeline.types import FindingState
from tests.golden.sample import NORMS, RULE_TITLES, finding, report, said

NOW = datetime(2026, 6, 20, 9, 0, tzinfo=UTC)
RULES = {**RULE_TITLES, "call_time_window": "时段", "missing_self_id": "未表明身份"}
SHOWING = Showing(labels=Labels("zh", REVIEW_LABELS), norms=NORMS, rule_titles=RULES)
STATES = {state.value: state for state in FindingState}


def made(
    call_id="c1", *, states=("violation",), words="别磨蹭", rules_sha256="c" * 64, last="好的。", **fields
):
    """A judged call with a finding of ``rude_tone`` in each of some states; passed without any."""
    base = report()
    turns = (*base.transcript.turns[:-1], replace(base.transcript.turns[-1], text=last))
    transcript = replace(base.transcript, turns=turns)
    digest = hashlib.sha256(repr([(t.role, t.text) for t in turns]).encode()).hexdigest()
    found = tuple(
        finding("rude_tone", said(turns[2], words[at:]), state=STATES[state], confidence=0.9 - 0.3 * at)
        for at, state in enumerate(states)
    )
    known = {"agent_id": "A100", "started_at": "2026-06-18T10:30:00+08:00", "lender": "松河银行"}
    return replace(
        base,
        call=replace(base.call, call_id=call_id, metadata=CallMetadata.model_validate(known | fields)),
        transcript=transcript,
        findings=found,
        if_swapped=None,
        provenance=replace(base.provenance, transcript_sha256=digest, rules_sha256=rules_sha256),
    )


class Results:
    """A results folder with its database, of either kind."""

    def __init__(self, folder, url=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(url or sa.URL.create("sqlite", database=str(folder / "tinghe.db")))
        self.ids = []

    def save(self, *reports):
        for one in reports:
            write_call(one, self.folder / "calls")
            self.store.save(one)
            if one.call.call_id not in self.ids:
                self.ids.append(one.call.call_id)
        return self

    def read(self, call_id):
        return read_call(self.folder / "calls" / f"{file_stem(call_id)}.json")

    def reviewed(self):
        with self.store.transaction("test") as connection:
            return read_reviewed(connection, self.ids)

    def export(self, person="王芳", *, step="review", sample=None, **options):
        """What a person is asked; kept in the store, as the command does."""
        wanted = Wanted(step=Step(step), person=person, sample=sample, **options)
        ids = [call.call_id for call in sample.drawing.calls] if sample else self.ids
        collected = Collected(wanted=wanted, showing=SHOWING)
        reviewed = self.reviewed()
        for call_id in ids:
            collected.add(self.read(call_id), reviewed)
        with alone(self.store, "test") as connection:
            if sample is not None:
                save_sample(connection, sample, at=NOW)
            save_tasks(connection, collected.tasks, at=NOW)
        return collected.file(sample.sample_id if sample else "")

    def take(self, file, *, correct=False, at=NOW):
        filled = Filled(file=file, place=lambda part, row, field: f"{part}[{row}].{field}")
        return take(self.store, filled, read_call=self.read, rules=lambda: RULES, correct=correct, at=at)

    def decisions(self):
        """All decisions, as rows."""
        from pipeline.review.tables import decisions

        with self.store.transaction("test") as connection:
            query = sa.select(decisions).order_by(decisions.c.task_id, decisions.c.number)
            return [tuple(row) for row in connection.execute(query)]


def answered(file, verdict="confirmed", reason="听过录音", part="findings"):
    """The same file with every row of a part answered."""
    rows = tuple(row.model_copy(update={"verdict": verdict, "reason": reason}) for row in getattr(file, part))
    return file.model_copy(update={part: rows})
