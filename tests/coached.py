"""Made calls of agents with habits, for coaching: what an agent is like is known, so a report can be checked.

Every call is talked through line by line and scored as a real one; nobody in them lives. The same seed gives
the same calls.
"""

from __future__ import annotations

import random
import wave
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from pipeline.conduct import conduct_of
from pipeline.metadata import CHINA, CallMetadata
from pipeline.report.call_json import to_json
from pipeline.report.files import file_stem
from pipeline.score import score
from pipeline.types import (
    Act,
    AudioQuality,
    Call,
    CallReport,
    CallStatus,
    CustomerEvent,
    Evidence,
    Finding,
    FindingState,
    Promise,
    Provenance,
    Role,
    Severity,
    Tone,
    ToneFrame,
    Transcript,
    Turn,
)
from tests.golden.sample import CARD

MONDAY = date(2026, 11, 16)
RATE = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often an agent does what, where there is occasion to; 0..1."""

    opening: float = 0.95
    verifies: float = 0.95
    open_question: float = 0.6
    empathy: float = 0.7
    solution: float = 0.7
    repeats: float = 0.8
    closing: float = 0.9
    presses: float = 0.05
    threatens: float = 0.0
    promised: float = 0.5
    hardship: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who calls."""

    agent_id: str
    team: str = "一组"
    name: str = ""
    habits: Habits = Habits()


class _Script:
    """A call in the making: lines, and what each of them is."""

    def __init__(self) -> None:
        self.lines: list[tuple[Role, str, Tone, tuple[str, ...]]] = []
        self.broken: list[tuple[int, str, Severity, FindingState]] = []
        self.events: list[tuple[int, str]] = []

    def agent(self, text: str, *acts: str, tone: Tone = Tone.NEUTRAL) -> None:
        self.lines.append((Role.AGENT, text, tone, acts))

    def customer(self, text: str, *acts: str, tone: Tone = Tone.NEUTRAL) -> None:
        self.lines.append((Role.CUSTOMER, text, tone, acts))

    def breaks(self, rule: str, severity: Severity, state: FindingState = FindingState.VIOLATION) -> None:
        """The line said last breaks a rule."""
        self.broken.append((len(self.lines) - 1, rule, severity, state))


def _talk(habits: Habits, chance: random.Random) -> tuple[_Script, Promise | None]:
    def does(often: float) -> bool:
        return chance.random() < often

    script, promise, coerced = _Script(), None, False
    hard = Tone.PRESSING if does(habits.presses) else Tone.NEUTRAL
    script.agent(*(("您好，我是松河银行的客服。", "polite_opening") if does(habits.opening) else ("喂。",)))
    script.customer("喂，你哪位。")
    script.agent(*(("请问是何立明先生本人吗？", "rpc_confirm") if does(habits.verifies) else ("有件事。",)))
    script.customer("是我。")
    script.agent("这期账单四千二还没有还。", "inform_facts", tone=hard)
    if does(habits.hardship):
        script.customer("厂里停工，这个月没发工资。", "hardship", tone=Tone.DISTRESSED)
        script.events.append((len(script.lines) - 1, "hardship"))
        if does(habits.empathy):
            script.agent("停工了确实不容易，谢谢您告诉我。", "empathy", tone=Tone.WARM)
        else:
            script.agent("那你今天能还多少？", tone=hard)
    else:
        script.customer("哦，我忘了。")
        script.agent("麻烦您处理一下。", tone=hard)
    script.customer("嗯。")
    if does(habits.open_question):
        script.agent("您觉得怎么安排合适？", "open_question")
        script.customer("我看看。")
    if does(habits.threatens):
        script.agent("再不还我就去你单位找你领导。", tone=Tone.HOSTILE)
        script.breaks("threat_exposure", Severity.CRITICAL)
        script.customer("你别这样。", tone=Tone.DISTRESSED)
        coerced = True
    if does(habits.solution):
        script.agent("可以先还一部分，其余申请分期。", "solution_offer", tone=hard)
    if does(habits.promised):
        script.customer("那我十五号在APP上还两千。", "ptp_amount", "ptp_date")
        turn = len(script.lines) - 1
        confirmed = does(habits.repeats)
        if confirmed:
            script.agent("跟您确认一下，十五号在APP还两千，对吗？", "ptp_confirmed")
            script.customer("对。", "agree")
        else:
            script.agent("行，就这样吧。", tone=hard)
        promise = Promise(
            amount=Decimal(2000),
            date=date(2026, 12, 15),
            confirmed=confirmed,
            coerced=coerced,
            turns=(turn,),
        )
    else:
        script.customer("再说吧。")
    script.agent(
        *(("感谢您接听，祝您生活愉快。", "closing_summary") if does(habits.closing) else ("挂了。",))
    )
    return script, promise


def made_report(
    agent: Agent, number: int, *, day: date = MONDAY, seed: int = 0, **given: object
) -> CallReport:
    """A call of an agent.

    Args:
        agent: who calls.
        number: which of his calls.
        day: on which it is.
        seed: of what is drawn.
        given: metadata besides, or instead.
    """
    chance = random.Random(f"{seed} {agent.agent_id} {day} {number}")
    script, promise = _talk(agent.habits, chance)
    starts = datetime(day.year, day.month, day.day, 9 + number % 9, number % 60, tzinfo=CHINA)
    metadata = {
        "agent_id": agent.agent_id,
        "agent_name": agent.name or None,
        "team": agent.team,
        "lender": "松河银行",
        "callee_role": "debtor",
        "customer_name": "何立明",
        "customer_sex": "M" if chance.random() < 0.5 else "F",
        "started_at": starts.isoformat(),
        "total_due": "4200",
        **given,
    }
    clear = round(min(0.99, max(0.4, chance.gauss(0.85, 0.06))), 4)
    turns = tuple(
        Turn(
            index=i,
            role=role,
            role_confidence=0.98,
            text=text,
            start_ms=4000 * i,
            end_ms=4000 * i + 3500,
            channel=0 if role is Role.AGENT else 1,
            asr_confidence=clear,
        )
        for i, (role, text, _, _) in enumerate(script.lines)
    )
    acts = tuple(
        Act(act=act, role=role, evidence=Evidence.whole(turns[i]))
        for i, (role, _, _, names) in enumerate(script.lines)
        for act in names
    )
    found = tuple(
        Finding(
            rule=rule,
            state=state,
            severity=severity,
            confidence=0.95,
            norms=(),
            reason="示例。",
            evidence=Evidence.whole(turns[at]),
        )
        for at, rule, severity, state in script.broken
    )
    events = tuple(
        CustomerEvent(event=name, evidence=Evidence.whole(turns[at])) for at, name in script.events
    )
    tones = tuple(
        ToneFrame(turn=i, tone=tone, probabilities={tone: 0.9})
        for i, (_, _, tone, _) in enumerate(script.lines)
    )
    codec = ("pcm_alaw", "opus", "mp3")[chance.randrange(3)]
    transcript = Transcript(
        turns=turns,
        speech_ms=3500 * len(turns),
        quality=tuple(
            AudioQuality(
                channel=channel,
                codec=codec,
                source_rate=RATE,
                level_dbfs=-24.0,
                snr_db=25.0,
                clipped=0.0,
                bandwidth_hz=chance.choice((2800, 3300, 3600)),
            )
            for channel in (0, 1)
        ),
    )
    call = Call(call_id=f"{agent.agent_id}-{day}-{number:03}", metadata=CallMetadata.model_validate(metadata))
    return CallReport(
        call=call,
        status=CallStatus.SCORED,
        provenance=Provenance(
            program="tinghe test",
            recording_sha256="a" * 64,
            transcript_sha256="b" * 64,
            models={},
            rules_sha256="c" * 64,
            config_sha256="d" * 64,
        ),
        duration_ms=4000 * len(turns),
        transcript=transcript,
        tones=tones,
        findings=found,
        acts=acts,
        customer_events=events,
        promise=promise,
        scores=score(call, transcript, found, acts, events, promise, tones, CARD),
        conduct=conduct_of(transcript, tones, found, acts),
        roles_confidence=0.98,
    )


def made_results(
    folder: Path,
    agents: list[Agent],
    *,
    calls: int = 30,
    weeks: int = 1,
    days: int = 5,
    last: date = MONDAY,
    seed: int = 0,
    sound: bool = False,
    **given: object,
) -> Path:
    """A results folder of so many calls an agent and week; the last week begins on the day ``last``.

    ``given`` are metadata of all of them.
    """
    import json

    (folder / "calls").mkdir(parents=True, exist_ok=True)
    for week in range(weeks):
        monday = last - timedelta(weeks=weeks - 1 - week)
        for agent in agents:
            for number in range(calls):
                report = made_report(
                    agent, number, day=monday + timedelta(days=number % days), seed=seed, **given
                )
                path = folder / "calls" / f"{file_stem(report.call.call_id)}.json"
                path.write_text(json.dumps(to_json(report), ensure_ascii=False), "utf-8")
                if sound:
                    write_tone(folder / "audio" / f"{file_stem(report.call.call_id)}.wav", report)
    return folder


def write_tone(path: Path, report: CallReport) -> None:
    """A recording as long as a call: 440 Hz for the agent, 220 Hz for the customer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(RATE * (report.duration_ms or 0) // 1000) / RATE
    both = np.stack([np.sin(2 * np.pi * hz * time) for hz in (440, 220)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((both * 8000).astype("<i2").tobytes())


def alike(count: int, *, team: str = "一组", **habits: float) -> list[Agent]:
    """Agents of the same habits."""
    return [Agent(agent_id=f"A{n:03}", team=team, habits=replace(Habits(), **habits)) for n in range(count)]
