"""Which tasks go into somebody's review file, and what the file shows of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.export.masking import exported, shown_id
from pipeline.privacy.masks import Masker
from pipeline.report.doubt_view import doubts
from pipeline.report.names import names_in
from pipeline.report.voices import names as speakers
from pipeline.review.cases import PUT_BEFORE_A_PERSON
from pipeline.review.files import CallRow, FindingRow, ReviewFile, TurnRow
from pipeline.review.identity import call_task, finding_task, pair
from pipeline.review.outcome import last_word, standing, why_not
from pipeline.review.records import Kind, Standing, Step
from pipeline.review.samples import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.report.showing import Showing
    from pipeline.review.ledger import Reviewed
    from pipeline.review.records import Decision, Task
    from pipeline.review.samples import Sample

    Json = Mapping[str, Any]

_CONTEXT: Final = 2
"""Turns before and after the evidence."""
_TO_DECIDE: Final = frozenset({Standing.APPEALED, Standing.DISPUTED, Standing.UNSURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file is to hold.

    Attributes:
        step: in which capacity the person speaks.
        sample: the sample that its calls are of; ``None`` for findings by scope.
        scope: rules and states of findings; all rules, and :data:`PUT_BEFORE_A_PERSON`, where it is empty.
        agent_id: only calls of this agent.
        double: only what others reviewed already, for a second, independent opinion; else only what nobody
            did.
        again: what the person answered already, too.
        mask: whether people are masked.
    """

    step: Step
    person: str
    sample: Sample | None = None
    scope: Scope = field(default_factory=Scope)
    agent_id: str | None = None
    double: bool = False
    again: bool = False
    mask: bool = True

    @property
    def blind(self) -> bool:
        """Whether it shows nothing of what the machine said."""
        return self.step is Step.REVIEW and self.sample is not None and self.sample.blind

    def asks_about_all_of(self, findings: Sequence[Json]) -> bool:
        """Whether a call with these findings is asked about as a whole: blind, or without any of them."""
        if self.step is not Step.REVIEW or self.sample is None:
            return False
        return self.blind or (not findings and self.scope == Scope())


@dataclass(slots=True)
class Collected:
    """A review file in the making, a call at a time.

    Attributes:
        tasks: those of its rows, to be kept before anybody answers.
        in_scope: calls with a finding in the scope, whether or not there is anything left to ask.
        left_out: rows that are not in it, by why.
    """

    wanted: Wanted
    showing: Showing
    tasks: list[Task] = field(default_factory=list)
    in_scope: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _findings: list[FindingRow] = field(default_factory=list)
    _calls: list[CallRow] = field(default_factory=list)
    _turns: list[TurnRow] = field(default_factory=list)

    def add(self, call: Json, reviewed: Reviewed, *, people: Iterable[str] = (), sound: str = "") -> None:
        """Take what is to be asked about a call.

        Args:
            call: its JSON.
            reviewed: what is known of its review.
            people: names to mask, beside those that stand with a title.
            sound: where its recording can be heard.
        """
        wanted, call_id = self.wanted, call["call_id"]
        if wanted.agent_id is not None and call["metadata"].get("agent_id") != wanted.agent_id:
            return
        findings = [finding for finding in call["findings"] if self._in_scope(finding)]
        if findings:
            self.in_scope.append(call_id)
        shown = _Shown(call, (*people, *names_in(call)), self.showing, mask=wanted.mask)
        before = len(self._findings) + len(self._calls)
        if not wanted.blind:
            self._add_findings(call, findings, reviewed, shown)
        if wanted.asks_about_all_of(findings):
            task = call_task(call)
            if self._is_asked(task, reviewed.history(task.task_id), call):
                self._calls.append(shown.call_row(task, sound))
                self.tasks.append(task)
        if wanted.step is Step.REVIEW and len(self._findings) + len(self._calls) > before:
            self._turns += shown.turn_rows()

    def file(self, sample_id: str = "") -> ReviewFile:
        """The file."""
        return ReviewFile(
            step=self.wanted.step.value,
            person=self.wanted.person,
            sample=sample_id,
            blind=self.wanted.blind,
            masked=self.wanted.mask,
            findings=tuple(self._findings),
            calls=tuple(self._calls),
            turns=tuple(self._turns),
        )

    def _in_scope(self, finding: Json) -> bool:
        scope = self.wanted.scope
        states = scope.states or PUT_BEFORE_A_PERSON
        return finding["state"] in states and (not scope.rules or finding["rule"] in scope.rules)

    def _add_findings(self, call: Json, findings: Sequence[Json], reviewed: Reviewed, shown: _Shown) -> None:
        asked = reviewed.tasks.get(call["call_id"], ())
        paired = pair(call, asked)
        for finding in findings:
            now = finding_task(call, finding)
            task, _ = paired.get(now.task_id, (now, False))
            history = reviewed.history(task.task_id)
            if self._is_asked(task, history, call):
                self._findings.append(shown.finding_row(task, finding, self._earlier(history, shown)))
                self.tasks.append(task)
        for task in asked:
            in_rules = not self.wanted.scope.rules or task.rule in self.wanted.scope.rules
            history = reviewed.history(task.task_id)
            if task.kind is Kind.ADDED and in_rules and self._is_asked(task, history, call):
                self._findings.append(shown.added_row(task, self._earlier(history, shown)))
                self.tasks.append(task)

    def _is_asked(self, task: Task, history: Sequence[Decision], call: Json) -> bool:
        wanted = self.wanted
        found = standing(history).standing
        if wanted.step is Step.FINAL and found not in _TO_DECIDE:
            return False
        if wanted.step is Step.APPEAL and found is Standing.REJECTED:
            return False
        answered = last_word(history, wanted.step, wanted.person) is not None
        if answered and not wanted.again:
            self.left_out["answered"] += 1
            return False
        if why_not(history, wanted.step, wanted.person, call["metadata"].get("agent_id")) is not None:
            self.left_out["not_for_this_person"] += 1
            return False
        if wanted.step is Step.REVIEW and not answered:
            others = any(decision.step is Step.REVIEW for decision in history)
            # What a person added was reviewed by that person: to others it is new.
            if others != wanted.double and task.kind is not Kind.ADDED:
                self.left_out["reviewed_by_others" if others else "not_reviewed_yet"] += 1
                return False
        return True

    def _earlier(self, history: Sequence[Decision], shown: _Shown) -> str:
        """What was said so far, for whoever decides; a reviewer must not know."""
        if self.wanted.step is Step.REVIEW:
            return ""
        t = self.showing.labels
        return "\n".join(
            f"{t(f'review.step.{d.step.value}')} {d.person}{t('colon')}{t(f'verdict.{d.verdict.value}')}"
            + (f"{t('comma')}{shown.text(d.reason)}" if d.reason else "")
            for d in history
        )


class _Shown:
    """What may be seen of a call."""

    def __init__(self, call: Json, names: Iterable[str], showing: Showing, *, mask: bool) -> None:
        self._call = call
        self._names = tuple(names)
        self._masker = Masker(call, self._names) if mask else None
        self._showing = showing
        self._who = speakers(call, showing.labels)
        content = exported(call, self._names, mask=mask)
        self._turns: dict[int, Json] = {turn["index"]: turn for turn in content["turns"]}
        self._findings = content["findings"]
        self._id = shown_id(call["call_id"]) if mask else call["call_id"]

    def text(self, text: str) -> str:
        """Words about the call."""
        return self._masker.text(text) if self._masker else text

    def finding_row(self, task: Task, finding: Json, earlier: str) -> FindingRow:
        """The row of a finding of the machine."""
        labels, masked = self._showing.labels, self._findings[_position(self._call["findings"], finding)]
        return self._row(
            task,
            earlier,
            state=labels.of("state", finding["state"]),
            severity=labels.of("severity", finding["severity"]),
            confidence=finding["confidence"],
            start=finding["start"],
            evidence=masked["evidence"] or "",
            why=self._showing.said(masked["reason"]),
            norms=labels("comma").join(self._showing.clause(norm) for norm in finding["norms"]),
            doubts=doubts(finding, self._call, labels),
        )

    def added_row(self, task: Task, earlier: str) -> FindingRow:
        """The row of what a person added."""
        turn = self._turns.get(task.turn) if task.turn is not None else None
        same = turn is not None and task.transcript_sha256 == self._call["provenance"]["transcript_sha256"]
        words = turn["text"][task.text_start : task.text_end] if same and turn else ""
        state = self._showing.labels("review.added_state")
        return self._row(task, earlier, state=state, evidence=words, start=turn["start"] if turn else None)

    def call_row(self, task: Task, sound: str) -> CallRow:
        """The row of a call as a whole."""
        return CallRow(
            task=task.task_id,
            call_id=self._id,
            started_at=self._call["metadata"].get("started_at") or "",
            duration=self._call["duration"],
            sound=sound if self._id == task.call_id else "",  # the file is named by the call
        )

    def turn_rows(self) -> list[TurnRow]:
        """What was said."""
        return [
            TurnRow(
                call_id=self._id,
                turn=index,
                start=turn["start"],
                speaker=self._who[index],
                text=turn["text"],
            )
            for index, turn in self._turns.items()
        ]

    def _row(self, task: Task, earlier: str, **fields: Any) -> FindingRow:
        return FindingRow(
            task=task.task_id,
            call_id=self._id,
            rule=task.rule or "",
            title=self._showing.rule(task.rule or ""),
            turn=task.turn,
            speaker=self._who.get(task.turn, "") if task.turn is not None else "",
            before=self._around(task.turn, -_CONTEXT, 0),
            after=self._around(task.turn, 1, _CONTEXT + 1),
            earlier=earlier,
            **fields,
        )

    def _around(self, turn: int | None, first: int, end: int) -> str:
        if turn is None:
            return ""
        order = list(self._turns)
        at = order.index(turn) if turn in self._turns else None
        if at is None:
            return ""
        near = order[max(0, at + first) : max(0, at + end)]
        colon = self._showing.labels("colon")
        return "\n".join(f"{self._who[index]}{colon}{self._turns[index]['text']}" for index in near)


def _position(findings: Sequence[Json], finding: Json) -> int:
    return next(position for position, one in enumerate(findings) if one is finding)
