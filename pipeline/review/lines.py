"""Decisions as labelled lines, in the form of ``configs/corpora``: what persons decided, to learn from.

A turn becomes a line when everything that the machine puts before a person in it is decided: it breaks the
rules that were upheld, and none of those that were rejected. People are masked. The lines of a call are one
family of phrasing, so that none is judged by what saw another.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.export.masking import exported
from pipeline.redact import MASK
from pipeline.report.names import names_in
from pipeline.review.cases import PUT_BEFORE_A_PERSON
from pipeline.review.identity import finding_task, pair
from pipeline.review.outcome import standing
from pipeline.review.records import Kind, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.review.ledger import Reviewed
    from pipeline.review.records import Outcome

    Json = Mapping[str, Any]

_METADATA: Final = (
    "callee_role",
    "lawsuit_status",
    "is_outsourced",
    "days_overdue",
    "product_type",
    "lender",
    "agency",
)
"""What of a call a line may say: what rules look at, and nothing of a person."""
_PARTIES: Final = frozenset({"agent", "customer"})


def lines_of(call: Json, reviewed: Reviewed, names: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """The labelled lines of a call, in the order of its turns.

    Args:
        call: its JSON.
        reviewed: what is known of its review.
        names: to be masked, beside those that stand with a title.
    """
    said = _said(call, reviewed)
    if not said:
        return
    shown = exported(call, (*names, *names_in(call)))
    turns = shown["turns"]
    acts = defaultdict(set)
    for act in shown["acts"]:
        acts[act["turn"], act["role"]].add(act["act"])
    metadata = {name: call["metadata"][name] for name in _METADATA if call["metadata"].get(name) is not None}
    family = f"review-{hashlib.sha256(call['call_id'].encode(errors='surrogatepass')).hexdigest()[:12]}"
    for at, turn in enumerate(turns):
        outcomes = said.get(turn["index"])
        if not outcomes or turn["role"] not in _PARTIES or not all(o.decided for _, o in outcomes):
            continue
        if turn["text"].count(MASK) * 2 > len(turn["text"]):
            continue  # hardly anything is left to learn from
        yield {
            "text": turn["text"],
            "speaker": turn["role"],
            "context": [
                {"speaker": before["role"], "text": before["text"]}
                for before in turns[max(0, at - 1) : at]
                if before["role"] in _PARTIES
            ],
            "metadata": metadata,
            "violations": sorted({rule for rule, o in outcomes if o.standing is Standing.CONFIRMED}),
            # The machine's, for nobody was asked about acts: none at all would say that there is none.
            "acts": sorted(acts[turn["index"], turn["role"]]),
            "family": family,
        }


def _said(call: Json, reviewed: Reviewed) -> dict[int, list[tuple[str, Outcome]]]:
    """By turn, the rules that were stated or added there and what became of each."""
    tasks = reviewed.tasks.get(call["call_id"], ())
    paired = pair(call, tasks)
    said: dict[int, list[tuple[str, Outcome]]] = defaultdict(list)
    for finding in call["findings"]:
        if finding["turn"] is None or finding["state"] not in PUT_BEFORE_A_PERSON:
            continue
        now = finding_task(call, finding)
        task, _ = paired.get(now.task_id, (now, False))
        said[finding["turn"]].append((finding["rule"], standing(reviewed.history(task.task_id))))
    heard = call["provenance"]["transcript_sha256"]
    for task in tasks:
        is_here = task.kind is Kind.ADDED and task.transcript_sha256 == heard
        if is_here and task.turn is not None and task.rule is not None:
            said[task.turn].append((task.rule, standing(reviewed.history(task.task_id))))
    # A rule that a person added where the machine states it too is upheld by either.
    return {turn: _upheld_once(outcomes) for turn, outcomes in said.items()}


def _upheld_once(outcomes: list[tuple[str, Outcome]]) -> list[tuple[str, Outcome]]:
    upheld = {rule for rule, outcome in outcomes if outcome.standing is Standing.CONFIRMED}
    return [(rule, o) for rule, o in outcomes if rule not in upheld or o.standing is Standing.CONFIRMED]
