"""What was filled in becomes decisions: all of a file, or nothing of it and every place that is wrong.

Taking the same file again adds nothing. Somebody who says otherwise than before must say that it is a
correction; what was said before stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.export.masking import shown_id
from pipeline.redact import MASK
from pipeline.review.identity import added_task
from pipeline.review.ledger import Said, alone, append, read_histories, read_tasks, save_tasks
from pipeline.review.outcome import last_word, why_not
from pipeline.review.records import ANSWERS, Kind, ReviewError, Step, Verdict, same_person
from pipeline.review.tables import samples
from pipeline.review.words import verdict_of, words_for
from pipeline.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from pipeline.review.files import CallRow, Filled, FindingRow, MissedRow
    from pipeline.review.records import Decision, Task
    from pipeline.store import Store

    Json = Mapping[str, Any]

_NO_REASON_NEEDED = frozenset({Verdict.CONFIRMED, Verdict.CLEAN, Verdict.MISSED})
SHOWN = 50
"""Problems that a message lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file.

    Attributes:
        new: decisions that were added.
        corrected: those among them that take the place of an earlier one.
        known: answers that were on record already.
        added: violations among them that the machine had not found.
        unanswered: rows without a verdict.
    """

    new: int
    corrected: int
    known: int
    added: int
    unanswered: int


@dataclass(slots=True)
class _Answer:
    """One answer and where it stands."""

    said: Said
    place: str
    before: Decision | None = None


def take(
    store: Store,
    filled: Filled,
    *,
    read_call: Callable[[str], Json],
    rules: Callable[[], Iterable[str]],
    correct: bool = False,
    at: datetime,
) -> Imported:
    """Put the answers of a file on record.

    Args:
        store: the database of the results.
        filled: the file.
        read_call: the JSON of a call by its id, for what was added to it; raises ``TingheError``.
        rules: names of all rules; asked for only where a violation was added.
        correct: whether answers that differ from what the same person said before correct that.
        at: when.

    Raises:
        ReviewError: something in the file is wrong or contradicts what is on record; nothing was added.
        StoreError: the database cannot be read or written; nothing was added.
    """
    with alone(store, "cannot record the review") as connection:
        taking = _Taking(connection, filled, read_call, rules, correct)
        taking.rows()
        taking.missed()
        if taking.problems:
            more = len(taking.problems) - SHOWN
            shown = [*taking.problems[:SHOWN], *([f"… and {more} more"] if more > 0 else [])]
            raise ReviewError("nothing was imported:\n" + "\n".join(shown))
        fresh = taking.fresh
        save_tasks(connection, [one.said.task for one in fresh if one.said.task.kind is Kind.ADDED], at=at)
        append(connection, [(one.said, one.before) for one in fresh], at=at)
    return Imported(
        new=len(fresh),
        corrected=sum(one.before is not None for one in fresh),
        known=taking.known,
        added=sum(one.before is None and one.said.task.task_id in taking.added for one in fresh),
        unanswered=taking.unanswered,
    )


@dataclass(slots=True)
class _Taking:
    """The answers of a file being looked at."""

    connection: sa.Connection
    filled: Filled
    read_call: Callable[[str], Json]
    rules: Callable[[], Iterable[str]]
    correct: bool
    problems: list[str] = field(default_factory=list)
    fresh: list[_Answer] = field(default_factory=list)
    known: int = 0
    unanswered: int = 0
    added: set[str] = field(default_factory=set)
    _tasks: dict[str, Task] = field(default_factory=dict)
    _histories: dict[str, list[Decision]] = field(default_factory=dict)
    _agents: dict[str, str | None] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _verdicts: dict[str, Verdict | None] = field(default_factory=dict)
    _real_ids: dict[str, str] = field(default_factory=dict)
    _shown: dict[tuple[str, int], str] = field(default_factory=dict)
    _blind: bool = False

    def rows(self) -> None:
        """Look at findings and calls."""
        file = self.filled.file
        ids = {row.task for row in file.asked}
        self._tasks = read_tasks(self.connection, ids)
        self._histories = read_histories(self.connection, ids)
        self._agents = self._read_agents({task.call_id for task in self._tasks.values()})
        self._blind = self._read_blind(file.sample)
        for number, finding in enumerate(file.findings):
            self._row("findings", number, finding)
        for number, call in enumerate(file.calls):
            self._row("calls", number, call)

    def missed(self) -> None:
        """Look at what was added."""
        file = self.filled.file
        self._real_ids = {row.call_id: t.call_id for row in file.asked if (t := self._tasks.get(row.task))}
        wholes = {row.call_id: number for number, row in enumerate(file.calls)}
        with_rows: set[str] = set()
        places: list[tuple[Task, int, MissedRow]] = []
        self._shown = {(turn.call_id, turn.turn): turn.text for turn in file.turns}
        for number, row in enumerate(file.missed):
            if not row.filled:
                continue
            if file.step != Step.REVIEW.value:
                self._problem("missed", number, "rule", "violations are added in the step of review only")
                continue
            with_rows.add(row.call_id)
            if row.call_id not in self._real_ids:
                self._problem("missed", number, "call_id", "is no call of this file")
            elif row.call_id in wholes and self._verdicts.get(row.call_id) is not Verdict.MISSED:
                word = words_for((Verdict.MISSED,))
                self._problem("missed", number, "call_id", f"the verdict on this call is not {word}")
            elif (task := self._added(number, row)) is not None:
                places.append((task, number, row))
        self._histories.update(read_histories(self.connection, [task.task_id for task, _, _ in places]))
        for task, number, row in places:
            self.added.add(task.task_id)
            self._answer(
                task,
                Verdict.CONFIRMED,
                row.reason,
                "missed",
                number,
                blind=self._blind and row.call_id in wholes,
            )
        for call_id, number in wholes.items():
            if self._verdicts.get(call_id) is Verdict.MISSED and call_id not in with_rows:
                self._problem(
                    "calls", number, "verdict", "says that something was missed, and no row says what"
                )

    def _row(self, part: str, number: int, row: FindingRow | CallRow) -> None:
        verdict = self._verdict(part, number, row)
        self._verdicts[row.call_id] = verdict if part == "calls" else self._verdicts.get(row.call_id)
        task = self._tasks.get(row.task)
        if task is None:
            self._problem(part, number, "task", "no such task in these results: exported from others?")
            return
        if row.call_id not in (task.call_id, shown_id(task.call_id)):
            self._problem(part, number, "call_id", "does not belong to the task of this row: sorted apart?")
            return
        if part == "findings" and task.rule != getattr(row, "rule", None):
            self._problem(part, number, "rule", "does not belong to the task of this row: sorted apart?")
            return
        if verdict is None:
            return
        step = Step(self.filled.file.step)
        allowed = ANSWERS.get((task.kind, step), ())
        if verdict not in allowed:
            self._problem(part, number, "verdict", f"may be {words_for(allowed)} here")
            return
        self._answer(task, verdict, row.reason, part, number, blind=self._blind and part == "calls")

    def _verdict(self, part: str, number: int, row: FindingRow | CallRow) -> Verdict | None:
        if not row.verdict.strip():
            if row.reason.strip():
                self._problem(part, number, "verdict", "a reason stands there and no verdict")
            else:
                self.unanswered += 1
            return None
        verdict = verdict_of(row.verdict)
        if verdict is None:
            kind = Kind.FINDING if part == "findings" else Kind.CALL
            allowed = ANSWERS.get((kind, Step(self.filled.file.step)), ())
            self._problem(part, number, "verdict", f"is none; may be {words_for(allowed)}")
        return verdict

    def _answer(
        self, task: Task, verdict: Verdict, reason: str, part: str, number: int, *, blind: bool
    ) -> None:
        step, person = Step(self.filled.file.step), self.filled.file.person.strip()
        reason = reason.strip()
        history = self._histories.get(task.task_id, [])
        if not reason and (verdict not in _NO_REASON_NEEDED or step is Step.FINAL):
            self._problem(part, number, "reason", "say why")
            return
        if task.task_id in self._seen:
            field_name = "verdict" if part != "missed" else "words"
            self._problem(
                part, number, field_name, f"is answered twice, before at {self._seen[task.task_id]}"
            )
            return
        field_name = "verdict" if part != "missed" else "rule"
        place = self.filled.place(part, number, field_name)
        self._seen[task.task_id] = place
        before = last_word(history, step, person)
        if before is not None and (before.verdict, before.reason) == (verdict, reason):
            self.known += 1
            return
        if before is not None and not self.correct:
            own = [d for d in history if d.step is step and same_person(d.person) == same_person(person)]
            if any((d.verdict, d.reason) == (verdict, reason) for d in own):
                self.known += 1  # an earlier file again, which was corrected since
                return
            said = words_for((before.verdict,))
            self.problems.append(
                f"{place}: {before.person} said {said} on {before.decided_at[:16]}, and otherwise here; "
                "with --correct this takes its place, and both stay on record"
            )
            return
        problem = why_not(history, step, person, self._agents.get(task.call_id))
        if problem is not None:
            self.problems.append(f"{place}: {person} {problem}")
            return
        said_now = Said(task=task, step=step, person=person, verdict=verdict, reason=reason, blind=blind)
        self.fresh.append(_Answer(said=said_now, place=place, before=before))

    def _added(self, number: int, row: MissedRow) -> Task | None:
        """The task of a violation that was added; ``None`` where the row is wrong."""
        rule = row.rule.split()[0] if row.rule.strip() else ""
        if rule not in self.rules():
            self._problem("missed", number, "rule", f"no rule named {rule!r}")
            return None
        if not row.reason.strip():
            self._problem("missed", number, "reason", "say why")
            return None
        call = self.read_call(self._real_ids[row.call_id])
        if row.turn is None:
            if row.words.strip():
                self._problem("missed", number, "turn", "words stand there and no turn")
                return None
            return added_task(call, rule, None)
        text = next((turn["text"] for turn in call["turns"] if turn["index"] == row.turn), None)
        if text is None:
            self._problem("missed", number, "turn", f"the call has no turn {row.turn}")
            return None
        shown = self._shown.get((row.call_id, row.turn), text)
        if not _is_the_same(shown, text):
            what = "the call was heard anew since the export: export it again"
            self._problem("missed", number, "turn", what)
            return None
        words = row.words.strip()
        at = max(shown.find(words), text.find(words))
        if at < 0:
            self._problem("missed", number, "words", f"do not stand literally in turn {row.turn}")
            return None
        return added_task(call, rule, (row.turn, at, at + len(words) if words else len(text)))

    def _problem(self, part: str, number: int, field_name: str, what: str) -> None:
        self.problems.append(f"{self.filled.place(part, number, field_name)}: {what}")

    def _read_agents(self, ids: set[str]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        known = sorted(ids)
        for start in range(0, len(known), 500):
            query = sa.select(calls.c.call_id, calls.c.agent_id).where(
                calls.c.call_id.in_(known[start : start + 500])
            )
            found.update({row.call_id: row.agent_id for row in self.connection.execute(query)})
        return found

    def _read_blind(self, sample_id: str) -> bool:
        if not sample_id:
            return False
        query = sa.select(samples.c.content).where(samples.c.sample_id == sample_id)
        content = self.connection.execute(query).scalar_one_or_none()
        return bool(content and content.get("blind"))


def _is_the_same(shown: str, text: str) -> bool:
    """Whether a turn is the one that the file showed, but for what was masked."""
    pairs = zip(shown, text, strict=False)
    return len(shown) == len(text) and all(seen in (MASK, said) for seen, said in pairs)
