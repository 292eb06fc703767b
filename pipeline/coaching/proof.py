"""A guide's examples and wordings put to the test: examples get their wording, wordings break no rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.guide import PromiseState, Slot
from pipeline.coaching.talk import AGENT, CUSTOMER, Talk
from pipeline.coaching.wording import filled, suggest
from pipeline.errors import ConfigError
from pipeline.metadata import CallMetadata
from pipeline.score.scorecard import Situation
from pipeline.types import Call, Role, Transcript, Turn
from pipeline.yaml_files import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.coaching.guide import CoachingExample, Guide, Wording
    from pipeline.types import Finding

LENDER: Final = "海岳银行"
SAMPLE: Final[Mapping[Slot, str]] = {
    Slot.AMOUNT: "2000元",
    Slot.DATE: "3月15日",
    Slot.TITLE: "先生",
    Slot.LENDER: LENDER,
}
_METADATA: Final = {
    "lender": LENDER,
    "lender_type": "bank",
    "is_outsourced": False,
    "product_type": "consumer_loan",
    "direction": "outbound",
    "lawsuit_status": "none",
    "ivr_recording_notice": True,
    "started_at": "2026-03-10T10:00:00+08:00",
    "days_overdue": 30,
    "total_due": 6000,
    "principal": 5600,
}
_OPENING: Final = f"您好，我是{LENDER}的客服专员林文，工号六零一二，这通电话会录音。请问您是陈强先生本人吗？"
_CLOSING: Final = "好的，感谢您接听，祝您生活愉快，再见。"
_EVENTS: Final = frozenset({"self_harm_risk", "illness", "wrong_number", "third_party", "insult_by_customer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideFailure:
    """An example or a wording that does not come out as it should.

    Attributes:
        part: ``examples`` or ``wordings``.
        number: its place there, from 0.
        message: what is wrong, for people.
    """

    part: str
    number: int
    message: str


def prove_guide(guide: Guide) -> tuple[GuideFailure, ...]:
    """Run every example.

    Raises:
        ConfigError: an example is about a turn that it does not have.
    """
    return tuple(
        GuideFailure(part="examples", number=number, message=f"example {example.example}: {problem}")
        for number, example in enumerate(guide.examples)
        for problem in _differences(example, guide)
    )


def located(failure: GuideFailure, path: Path) -> str:
    """A failure with file and line."""
    return f"{path.name}:{line_of(path, (failure.part, failure.number))}: {failure.message}"


def trial(wording: Wording) -> tuple[Call, Transcript, int]:
    """A call in which an agent says a wording, and the turn in which that is.

    Before it comes what the call needs to be a proper one (who calls, recording, identity) and what the
    customer says right before; an opening comes first. The slots hold samples.
    """
    lines: list[tuple[Role, str]] = []
    say = filled(wording, SAMPLE)
    stranger = Situation.OTHER_PERSON in wording.when.who
    if wording.opens:
        lines += [(Role.CUSTOMER, wording.before), (Role.AGENT, say), (Role.CUSTOMER, "是我，你说。")]
    else:
        verified = "我不是，他不在。" if stranger else "是我，我是陈强，你说。"
        lines += [(Role.AGENT, _OPENING), (Role.CUSTOMER, verified)]
        lines += [(Role.AGENT, "好的，我先听您说。"), (Role.CUSTOMER, wording.before), (Role.AGENT, say)]
    at = next(i for i, (_, text) in enumerate(lines) if text == say)
    lines += [(Role.CUSTOMER, "嗯，知道了。"), (Role.AGENT, _CLOSING)]
    lawsuit = wording.when.lawsuit[0] if wording.when.lawsuit else "none"
    agency = {"is_outsourced": True, "agency": "诚信服务公司"} if _is_agency(wording) else {}
    metadata = CallMetadata.model_validate(
        {
            **_METADATA,
            "callee_role": "relative" if stranger else "debtor",
            "lawsuit_status": lawsuit,
            **agency,
        }
    )
    turns = tuple(
        Turn(index=i, role=role, role_confidence=1.0, text=text) for i, (role, text) in enumerate(lines)
    )
    return Call(call_id=wording.wording, metadata=metadata), Transcript(turns=turns), at


def failing(findings: Iterable[Finding], at: int) -> tuple[str, ...]:
    """The rules that a wording breaks or may break, by the findings of its trial: those in its turn."""
    return tuple(sorted({f.rule for f in findings if f.evidence and f.evidence.turn == at}))


def _is_agency(wording: Wording) -> bool:
    return "agency_poses_as_lender" in wording.when.broke


def _differences(example: CoachingExample, guide: Guide) -> Iterator[str]:
    if example.skill not in guide.by_name:
        raise ConfigError(f"example {example.example}: skill {example.skill}: there is none")
    if example.turn >= len(example.turns) or AGENT not in example.turns[example.turn]:
        raise ConfigError(f"example {example.example}: turn {example.turn}: none of the agent")
    talk = Talk(_as_call(example))
    got = suggest(guide, example.skill, talk.place(example.turn), talk.slots())
    if got.wording != example.wording:
        yield f"expected wording {example.wording}, got {got.wording}"
    elif example.say is not None and got.say != example.say:
        yield f"expected «{example.say}», got «{got.say}»"


def _as_call(example: CoachingExample) -> dict[str, Any]:
    """The example in the form of a call's JSON, as far as situations look at it."""
    lines = [(role, text) for turn in example.turns for role, text in turn.items()]
    tones = {tone.turn: tone.name for tone in example.tones}
    return {
        "turns": [
            {"index": i, "role": role, "text": text, "tone": tones.get(i, "neutral")}
            for i, (role, text) in enumerate(lines)
        ],
        "metadata": {
            "lender": LENDER,
            "lawsuit_status": "none",
            "callee_role": "relative" if example.who is Situation.OTHER_PERSON else "debtor",
        },
        "customer_events": ["self_harm_risk"] if example.who is Situation.CRISIS else [],
        "customer_event_evidence": [
            {"event": said.name, "turn": said.turn} for said in example.customer if said.name in _EVENTS
        ],
        "acts": [
            {"act": said.name, "role": CUSTOMER, "turn": said.turn}
            for said in example.customer
            if said.name not in _EVENTS
        ],
        "findings": [
            {"rule": broke.name, "turn": broke.turn, "state": "violation", "severity": "major"}
            for broke in example.broke
        ],
        "promise_to_pay": _promise(example),
    }


def _promise(example: CoachingExample) -> dict[str, Any] | None:
    given = example.promise
    if given is None:
        return None
    state = PromiseState(given.get("state", PromiseState.UNCONFIRMED))
    date = given.get("date")
    return {
        "amount": given.get("amount"),
        "date": None if date is None else str(date),
        "confirmed": state is PromiseState.CONFIRMED,
        "coerced": state is PromiseState.COERCED,
        "certainty": "conditional" if state is PromiseState.LOOSE else "firm",
    }
