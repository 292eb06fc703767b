"""What became of a task by what was said of it, and who may say more.

Reviewers judge independently; where they differ, or somebody appeals, another person decides. A decision that
somebody corrected himself stays on record and counts no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.review.records import Outcome, Standing, Step, Verdict, same_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.review.records import Decision


def standing(decisions: Iterable[Decision], *, carried: bool = False) -> Outcome:
    """The outcome of a task.

    Args:
        decisions: all of the task, in any order.
        carried: whether they were said of an earlier judgement of the call.
    """
    history = sorted(decisions, key=lambda decision: decision.number)
    last = _last_words(history)
    reviews = tuple((d.person, d.verdict) for d in last if d.step is Step.REVIEW)
    appeals = [d for d in last if d.step is Step.APPEAL]
    finals = [d for d in last if d.step is Step.FINAL]
    if finals and not (appeals and appeals[-1].number > finals[-1].number):
        return _outcome(finals[-1].verdict, finals[-1].person, reviews, carried)
    if appeals:
        return Outcome(standing=Standing.APPEALED, by=appeals[-1].person, reviews=reviews, carried=carried)
    if not reviews:
        return Outcome(standing=Standing.OPEN, carried=carried)
    sure = {verdict for _, verdict in reviews if verdict is not Verdict.UNSURE}
    if len(sure) > 1:
        return Outcome(standing=Standing.DISPUTED, reviews=reviews, carried=carried)
    verdict = sure.pop() if sure else Verdict.UNSURE
    by = next(person for person, said in reversed(reviews) if said is verdict)
    return _outcome(verdict, by, reviews, carried)


def why_not(history: Sequence[Decision], step: Step, person: str, agent_id: str | None) -> str | None:
    """Why somebody may not speak in a step of a task; ``None`` where he may.

    Args:
        history: what was said of the task.
        step: the step.
        person: who.
        agent_id: of the call.
    """
    who = same_person(person)
    said = {step_: {same_person(d.person) for d in history if d.step is step_} for step_ in Step}
    if step is Step.APPEAL:
        own = who in said[Step.REVIEW] or who in said[Step.FINAL]
        return "spoke on it already: who judges cannot appeal" if own else None
    if agent_id is not None and who == same_person(agent_id):
        return "is the agent of the call"
    if step is Step.REVIEW:
        if who in said[Step.APPEAL]:
            return "appealed against it"
        return "decided it finally" if who in said[Step.FINAL] else None
    if who in said[Step.REVIEW]:
        return "reviewed it already: another person must decide"
    if who in said[Step.APPEAL]:
        return "appealed against it: another person must decide"
    if (
        standing(history).standing in (Standing.APPEALED, Standing.DISPUTED, Standing.UNSURE)
        or who in said[Step.FINAL]
    ):
        return None
    return "there is nothing to decide: no appeal, and reviewers do not differ"


def last_word(history: Iterable[Decision], step: Step, person: str) -> Decision | None:
    """What somebody said last in a step."""
    who = same_person(person)
    own = [d for d in history if d.step is step and same_person(d.person) == who]
    return max(own, key=lambda d: d.number, default=None)


def _last_words(history: Sequence[Decision]) -> list[Decision]:
    """By person and step, what was said last; in the order of each one's first word in the step.

    A final decision is placed by its last word, for an appeal may have come between two of them.
    """
    found: dict[tuple[Step, str], Decision] = {}
    for decision in history:
        key = (decision.step, same_person(decision.person))
        if decision.step is not Step.REVIEW:
            found.pop(key, None)
        found[key] = decision
    return list(found.values())


def _outcome(verdict: Verdict, by: str, reviews: Sequence[tuple[str, Verdict]], carried: bool) -> Outcome:
    return Outcome(standing=Standing(verdict.value), by=by, reviews=reviews, carried=carried)
