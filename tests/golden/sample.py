"""A small invented call that uses every part of a report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from pipeline.conduct import conduct_of
from pipeline.metadata import CallMetadata
from pipeline.redact import People
from pipeline.report.call_json import to_json
from pipeline.report.english import read_english
from pipeline.report.pages import write_pages
from pipeline.score import load_scorecard, score
from pipeline.score.robustness import robustness, told
from pipeline.settings import CONFIGS
from pipeline.types import (
    Act,
    AudioQuality,
    Call,
    CallReport,
    CallStatus,
    Certainty,
    CustomerEvent,
    Evidence,
    Finding,
    FindingState,
    IfSwapped,
    Promise,
    Proposer,
    Provenance,
    Quarantined,
    Removal,
    Role,
    Severity,
    SoundFault,
    Swapped,
    Tone,
    ToneFrame,
    Transcript,
    Turn,
    Word,
)

GOLDEN = Path(__file__).resolve().parent
CARD = load_scorecard(CONFIGS / "scorecards" / "default.yaml")

NORMS = {"sample-norm": "《示例规范》第三条"}
RULE_TITLES = {"private_phone_or_im": "私人手机、私人社交软件", "rude_tone": "不耐烦、讽刺、命令"}
ENGLISH = read_english(GOLDEN / "english")
QUARANTINED = (
    Quarantined(
        call_id="golden-2",
        reason="truncated",
        message="golden-2.wav: 12.0 s of 90.0 s",
        file="golden-2.wav",
        line=3,
    ),
    Quarantined(
        call_id="line-4", reason="manifest_row", message="total_due: not a number", line=4, field="total_due"
    ),
)

_LINES = (
    (Role.AGENT, Tone.NEUTRAL, "您好，请问是欧阳志远先生吗？我是松河银行的周敏。"),
    (Role.CUSTOMER, Tone.NEUTRAL, "是我，什么事？"),
    (Role.AGENT, Tone.PRESSING, "卡上欠四千二，别磨蹭，记我的私人号幺三九零零零零幺二三四。"),
    (Role.CUSTOMER, Tone.DISTRESSED, "店里生意垮了，我月底先还一千行不行？"),
    (Role.AGENT, Tone.WARM, "做生意不易，那就三十号前从手机银行还一千元，好吗？"),
    (Role.CUSTOMER, Tone.NEUTRAL, "好的。"),
)
_SECONDS = ((0.4, 5.1), (5.6, 6.9), (7.2, 13.45), (13.9, 17.0), (17.2, 21.5), (21.9, 22.5))


def turns() -> tuple[Turn, ...]:
    """The turns; the first has words."""
    made = tuple(
        Turn(
            index=i,
            role=role,
            role_confidence=0.5 if i == 1 else 0.97,
            text=text,
            start_ms=round(1000 * begin),
            end_ms=round(1000 * end),
            channel=0 if role is Role.AGENT else 1,
            speaker="channel 0" if role is Role.AGENT else "channel 1",
            overlap=i == 3,
            asr_confidence=0.91,
            level_db=None if i == 1 else -24.5 - i,
            words=(Word(text="您好", start_ms=400, end_ms=820, probability=0.98),) if i == 0 else (),
        )
        for i, ((role, _, text), (begin, end)) in enumerate(zip(_LINES, _SECONDS, strict=True))
    )
    return made


def said(turn: Turn, words: str) -> Evidence:
    """Evidence for literal words of a turn."""
    at = turn.text.index(words)
    return Evidence.of(turn, at, at + len(words))


def finding(rule: str, evidence: Evidence | None, **changes: object) -> Finding:
    """A confirmed major finding, with changes."""
    values: dict[str, object] = {
        "rule": rule,
        "state": FindingState.VIOLATION,
        "severity": Severity.MAJOR,
        "confidence": 0.88,
        "norms": ("sample-norm",),
        "reason": "坐席要求客户使用其私人号码。",
        "evidence": evidence,
    }
    return Finding(**(values | changes))  # type: ignore[arg-type]


def report() -> CallReport:
    """The report of the call."""
    spoken = turns()
    call = Call(
        call_id="golden-1",
        metadata=CallMetadata.model_validate(
            {
                "agent_id": "A100",
                "agent_name": "周敏",
                "lender": "松河银行",
                "lender_type": "bank",
                "customer_id": "C00012345",
                "customer_name": "欧阳志远",
                "callee_role": "debtor",
                "started_at": "2026-06-18T10:30:00+08:00",
                "days_overdue": 21,
                "total_due": "4200.50",
                "branch": "城南支行",
            }
        ),
        line=2,
    )
    findings = (
        finding(
            "private_phone_or_im",
            said(spoken[2], "记我的私人号幺三九零零零零幺二三四"),
            certainty=Certainty(words=0.91, lowest_word=0.4, speaker=0.97),
            if_swapped=IfSwapped.FLIPS,
        ),
        finding(
            "rude_tone",
            said(spoken[2], "别磨蹭，记我的"),
            severity=Severity.MINOR,
            state=FindingState.NEEDS_REVIEW,
            confidence=0.55,
            reason="语气可能不耐烦。",
            certainty=Certainty(
                words=0.62, lowest_word=0.11, speaker=0.97, overlap=True, faults=(SoundFault.NOISY,)
            ),
            if_swapped=IfSwapped.STANDS,
        ),
        finding(
            "call_time_window",
            None,
            state=FindingState.CANNOT_DECIDE,
            confidence=0.5,
            reason="缺少约定时间，无法判断。",
            missing="agreed_hours",
        ),
    )
    acts = (
        Act(act="polite_opening", role=Role.AGENT, evidence=said(spoken[0], "您好")),
        Act(act="rpc_confirm", role=Role.AGENT, evidence=said(spoken[0], "请问是欧阳志远先生吗")),
        Act(act="inform_facts", role=Role.AGENT, evidence=said(spoken[2], "欠四千二")),
        Act(act="hardship", role=Role.CUSTOMER, evidence=said(spoken[3], "生意垮了")),
        Act(act="empathy", role=Role.AGENT, evidence=said(spoken[4], "做生意不易")),
        Act(act="ptp_confirmed", role=Role.AGENT, evidence=said(spoken[4], "三十号前")),
        Act(act="agree", role=Role.CUSTOMER, evidence=said(spoken[5], "好的")),
    )
    events = (CustomerEvent(event="hardship", evidence=said(spoken[3], "生意垮了")),)
    promise = Promise(
        amount=Decimal("1000"),
        date=date(2026, 6, 30),
        confirmed=True,
        coerced=False,
        turns=(3, 4, 5),
        proposed_by=Proposer.CUSTOMER,
    )
    tones = tuple(
        ToneFrame(turn=i, tone=tone, probabilities={tone: 0.9}) for i, (_, tone, _) in enumerate(_LINES)
    )
    transcript = Transcript(
        turns=spoken,
        removals=(Removal(start_ms=6900, end_ms=7200, reason="repeated", characters=12),),
        speech_ms=20_000,
        quality=(
            AudioQuality(
                channel=0,
                codec="pcm_alaw",
                source_rate=8000,
                level_dbfs=-24.1,
                snr_db=8.6,
                clipped=0.0042,
                bandwidth_hz=3375,
                faults=(SoundFault.NOISY,),
            ),
            AudioQuality(
                channel=1,
                codec="pcm_alaw",
                source_rate=8000,
                level_dbfs=-28.9,
                snr_db=31.2,
                clipped=0.0,
                bandwidth_hz=3500,
            ),
        ),
    )
    findings = told(findings, doubtful_below=0.5)
    scores = score(call, transcript, findings, acts, events, promise, tones, CARD)
    scores = replace(scores, robustness=robustness(findings, CARD.compliance, doubtful_below=0.5))
    return CallReport(
        call=call,
        status=CallStatus.SCORED,
        provenance=Provenance(
            program="tinghe test",
            recording_sha256="a" * 64,
            transcript_sha256="b" * 64,
            models={"vad": "v1", "asr": "a1"},
            rules_sha256="c" * 64,
            config_sha256="d" * 64,
        ),
        duration_ms=23_000,
        transcript=transcript,
        tones=tones,
        findings=findings,
        acts=acts,
        customer_events=events,
        promise=promise,
        scores=scores,
        roles_confidence=0.72,
        if_swapped=Swapped(
            findings=(finding("missing_self_id", None, reason="没有表明身份。"),),
            scores=replace(scores, compliance=60.0, compliance_if_confirmed=60.0, effectiveness=20.0),
        ),
        conduct=conduct_of(transcript, tones, findings, acts),
    )


def write_sample_pages(folder: Path, *, language: str = "zh", mask: bool = True) -> Path:
    """The pages of a batch of the sample call and two quarantined ones."""
    made = report()
    return write_pages(
        [to_json(made)],
        QUARANTINED,
        folder,
        language="zh" if language == "zh" else "en",
        mask=mask,
        audio={"golden-1": "audio/golden-1.wav"},
        norms=NORMS,
        rule_titles=RULE_TITLES,
        people={"golden-1": People.of(made.call.metadata)},
        english=ENGLISH,
    )
