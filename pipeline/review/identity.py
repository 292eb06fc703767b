"""What a decision is about: so that it stays with the same words, and with nothing else.

The id of a finding names a rule and a place in the transcript. When the recording is heard anew, other words
may stand there. A decision therefore remembers a digest of its evidence: the rule, who speaks, the whole turn
and the place in it. It is carried over

* within the same transcript to the finding with the same id and evidence;
* to another transcript where exactly one finding has the same evidence, word for word.

A finding about the call as a whole rests on all that was said: its evidence is the transcript and the reason
that it states, so that another transcript is another question.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.review.records import Kind, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Json = Mapping[str, Any]


def finding_task(call: Json, finding: Json) -> Task:
    """The task about a finding of a call, both as JSON."""
    evidence = evidence_sha256(call, finding["rule"], _place(finding), finding["reason"])
    return Task(
        task_id=_digest(
            Kind.FINDING, call["call_id"], finding["id"], call["provenance"]["transcript_sha256"], evidence
        ),
        kind=Kind.FINDING,
        finding_id=finding["id"],
        rule=finding["rule"],
        state=finding["state"],
        severity=finding["severity"],
        confidence=finding["confidence"],
        turn=finding["turn"],
        text_start=finding["text_start"],
        text_end=finding["text_end"],
        evidence_sha256=evidence,
        **_of(call),
    )


def call_task(call: Json) -> Task:
    """The task about a call as a whole: about its recording, or its text where there is none."""
    heard = call["provenance"]["recording_sha256"] or call["provenance"]["transcript_sha256"]
    return Task(
        task_id=_digest(Kind.CALL, call["call_id"], heard),
        kind=Kind.CALL,
        evidence_sha256=heard,
        **_of(call),
    )


def added_task(call: Json, rule: str, place: tuple[int, int, int] | None) -> Task:
    """The task about a violation that a person found.

    Args:
        call: the JSON of the call.
        rule: its name.
        place: turn, start and end of the words; ``None`` for the call as a whole.
    """
    evidence = evidence_sha256(call, rule, place, "")
    turn, start, end = place or (None, None, None)
    return Task(
        task_id=_digest(Kind.ADDED, call["call_id"], evidence),
        kind=Kind.ADDED,
        rule=rule,
        turn=turn,
        text_start=start,
        text_end=end,
        evidence_sha256=evidence,
        **_of(call),
    )


def evidence_sha256(call: Json, rule: str, place: tuple[int, int, int] | None, reason: str) -> str:
    """The digest of what a decision is about.

    Args:
        call: the JSON of the call.
        rule: name of the rule.
        place: turn, start and end of the words; ``None`` for the call as a whole.
        reason: what a finding about the call as a whole states.
    """
    if place is None:
        return _digest(rule, call["provenance"]["transcript_sha256"], reason, length=64)
    index, start, end = place
    turn = next(turn for turn in call["turns"] if turn["index"] == index)
    return _digest(rule, turn["role"], turn["text"], start, end, length=64)


def pair(call: Json, tasks: Iterable[Task]) -> dict[str, tuple[Task, bool]]:
    """Which tasks are about the findings that a call has now.

    Args:
        call: its JSON.
        tasks: of the call, of any kind; the oldest first.

    Returns:
        By task id of the finding as it is now (:func:`finding_task`), the task that was asked, and whether it
        was carried over from another transcript or other rules.
    """
    now = [finding_task(call, finding) for finding in call["findings"]]
    asked = [task for task in tasks if task.kind is Kind.FINDING and task.call_id == call["call_id"]]
    by_id = {task.task_id: task for task in asked}
    often = Counter(task.evidence_sha256 for task in now)
    found: dict[str, tuple[Task, bool]] = {}
    for task in now:
        same = by_id.get(task.task_id)
        if same is None and often[task.evidence_sha256] == 1:
            same = _only(asked, task.evidence_sha256)
        if same is not None:
            other_rules = same.rules_sha256 != task.rules_sha256
            found[task.task_id] = (same, other_rules or same.task_id != task.task_id)
    return found


def _only(asked: Sequence[Task], evidence: str) -> Task | None:
    """The one task with this evidence; none where one transcript had it several times."""
    same = [task for task in asked if task.evidence_sha256 == evidence]
    per_transcript = Counter(task.transcript_sha256 for task in same)
    if not same or max(per_transcript.values()) > 1:
        return None
    return same[-1]


def _place(finding: Json) -> tuple[int, int, int] | None:
    if finding["turn"] is None or finding["text_start"] is None:
        return None
    return finding["turn"], finding["text_start"], finding["text_end"]


def _of(call: Json) -> dict[str, Any]:
    return {
        "call_id": call["call_id"],
        "transcript_sha256": call["provenance"]["transcript_sha256"],
        "rules_sha256": call["provenance"]["rules_sha256"],
    }


def _digest(*parts: Any, length: int = 16) -> str:
    text = json.dumps(parts, ensure_ascii=False).encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:length]
