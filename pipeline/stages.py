"""The stages of a call as two functions: :func:`hear` (sound to turns) and :func:`judge` (turns to report).

``hear`` is dear and depends on models; ``judge`` is cheap and depends on rules. They meet in a
:class:`~pipeline.types.Transcript`, so new rules need no new listening.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline import __version__
from pipeline.audio import decode
from pipeline.audio.quality import measure, rated
from pipeline.conduct import conduct_of
from pipeline.detect.conditions.ask import Watched
from pipeline.detect.engine import detect, red_line_turns
from pipeline.detect.facts import Facts
from pipeline.detect.second import consult
from pipeline.errors import TingheError
from pipeline.hypotheses import compared, exchanged, only_otherwise, roles_confidence, to_exchange
from pipeline.outcome.promise import find_promise
from pipeline.score import score
from pipeline.score.robustness import robustness, told
from pipeline.speech import listen
from pipeline.speech.prosody import with_prosody
from pipeline.tone import judge_tones
from pipeline.types import (
    CallReport,
    CallStatus,
    NotChecked,
    Provenance,
    Role,
    Swapped,
    ToneFrame,
    Transcript,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.detect.engine import Detection
    from pipeline.detect.rulebook import RuleBook
    from pipeline.detect.second import Policy
    from pipeline.ports import (
        Diarizer,
        LanguageJudge,
        Opinion,
        SecondOpinion,
        SpeechDetector,
        ToneClassifier,
        Transcriber,
        WordFrequencies,
    )
    from pipeline.score import Scorecard
    from pipeline.settings import Settings
    from pipeline.speech.enrolled import KnownVoices
    from pipeline.tone.words import ToneWeights
    from pipeline.types import Call, DecodedAudio, Finding, History, Promise, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """The speech models."""

    detector: SpeechDetector
    transcriber: Transcriber
    diarizer: Diarizer
    words: WordFrequencies
    enrolled: KnownVoices | None = None

    @property
    def identities(self) -> dict[str, str]:
        """Who did the listening, for provenance."""
        return {
            "speech_activity": self.detector.identity,
            "transcriber": self.transcriber.identity,
            "diarizer": self.diarizer.identity,
            "words": self.words.identity,
            **({"enrolled_voices": self.enrolled.identity} if self.enrolled else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Mind:
    """What judging needs: rules, scorecard, tone; a second opinion and a language model, if there are."""

    book: RuleBook
    card: Scorecard
    tone: ToneClassifier
    policy: Policy
    opinion: SecondOpinion | None = None
    judge: LanguageJudge | None = None
    tone_weights: ToneWeights | None = None

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """Who helped to judge, for provenance."""
        second = {"second_opinion": self.opinion.identity} if self.opinion else {}
        asked = {"language_judge": self.judge.identity} if self.judge else {}
        joined = f" weights@{self.tone_weights.sha256[:12]}" if self.tone_weights else ""
        return {"tone": self.tone.identity + joined, **second, **asked}

    @cached_property
    def rules_sha256(self) -> str:
        """Digest of rules, scorecard and policy, for provenance."""
        rules = f"{self.book.sha256} {self.card.model_dump_json()} {self.policy.model_dump_json()}"
        return hashlib.sha256(rules.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording and its transcript."""

    audio: DecodedAudio
    transcript: Transcript


def hear(call: Call, ears: Ears, settings: Settings) -> Heard:
    """Decode and transcribe a call.

    Raises:
        RecordingError: the recording cannot be judged.
        EngineError: a model failed on it.
        ValueError: the call has no recording.
    """
    if call.recording is None:
        raise ValueError(f"call {call.call_id} has no recording")
    audio = decode(call.recording, settings.audio)
    heard = listen(
        audio,
        call,
        detector=ears.detector,
        transcriber=ears.transcriber,
        diarizer=ears.diarizer,
        words=ears.words,
        settings=settings,
        enrolled=ears.enrolled,
    )
    turns = with_prosody(heard.turns, audio.channels)
    return Heard(audio=audio, transcript=replace(heard, turns=turns, quality=measure(audio, heard)))


def judge(
    call: Call,
    transcript: Transcript,
    mind: Mind,
    settings: Settings,
    *,
    audio: DecodedAudio | None = None,
    listened_by: Mapping[str, str] | None = None,
    history: History | None = None,
) -> CallReport:
    """Findings, acts, tone, promise and scores of a transcribed call.

    A call with nothing to score is ``not_scored`` with its reason; a part that fails is named in
    ``not_checked`` and the rest of the report stands. ``history`` is what there was beside this call,
    for rules that look across calls. Where it is not sure who speaks, the call is judged a second time with
    the parties exchanged (:mod:`pipeline.hypotheses`); what one of the two lacked is named.
    """
    transcript = replace(transcript, quality=rated(transcript.quality, settings.quality))
    report = CallReport(
        call=call,
        status=CallStatus.SCORED,
        provenance=_provenance(transcript, mind, settings, audio, listened_by or {}),
        duration_ms=audio.duration_ms if audio else None,
        transcript=transcript,
        roles_confidence=roles_confidence(transcript),
    )
    nothing = _nothing_to_score(transcript, settings)
    if nothing:
        return replace(report, status=CallStatus.NOT_SCORED, status_reason=nothing)
    case = _Case(call=call, mind=mind, settings=settings, audio=audio, history=history)
    verdict = case.judge(transcript)
    exchange = to_exchange(transcript, verdict.found.findings, both_below=settings.roles.both_below)
    other = case.judge(exchanged(transcript, exchange.turns)) if exchange else None
    findings, not_checked, if_swapped = verdict.found.findings, verdict.not_checked, None
    if exchange and other:
        findings = compared(findings, other.found.findings, exchange)
        not_checked = tuple(dict.fromkeys((*not_checked, *other.not_checked)))
        if exchange.whole_call:
            if_swapped = Swapped(
                findings=only_otherwise(findings, other.found.findings),
                scores=case.close(other, other.found.findings)[1],
            )
    doubtful_below = settings.detect.asr_review_below
    findings = told(findings, doubtful_below=doubtful_below)
    promise, scores = case.close(verdict, findings)
    robust = robustness(
        findings,
        mind.card.compliance,
        doubtful_below=doubtful_below,
        if_swapped=if_swapped.scores if if_swapped else None,
    )
    return replace(
        report,
        tones=verdict.tones,
        findings=findings,
        overruled=verdict.found.overruled,
        not_checked=not_checked,
        acts=verdict.found.acts,
        customer_events=verdict.found.events,
        notes=verdict.found.notes,
        promise=promise,
        scores=replace(scores, robustness=robust),
        if_swapped=if_swapped,
        conduct=conduct_of(transcript, verdict.tones, findings, verdict.found.acts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What is found in a transcript, before it is scored."""

    transcript: Transcript
    tones: tuple[ToneFrame, ...]
    found: Detection
    not_checked: tuple[NotChecked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Judges one call, with whatever roles its turns have."""

    call: Call
    mind: Mind
    settings: Settings
    audio: DecodedAudio | None
    history: History | None

    def judge(self, transcript: Transcript) -> _Verdict:
        """What there is in a transcript, and what could not be looked for."""
        call, mind, audio = self.call, self.mind, self.audio
        opinions, without_opinion = _opinions(call, transcript, mind)
        tones, without_tone = _tones(transcript, mind, opinions)
        asked = Watched(mind.judge) if mind.judge else None
        facts = Facts(
            duration_ms=audio.duration_ms if audio else None,
            one_sided=_has_dead_channel(audio) if audio else None,
            history=self.history,
            tones={frame.turn: frame.tone for frame in tones} if tones else None,
            opinions=opinions or None,
            judge=asked,
        )
        found = detect(
            call,
            transcript,
            mind.book,
            self.settings.detect,
            self.settings.roles,
            facts=facts,
            policy=mind.policy,
        )
        not_checked = (*without_opinion, *without_tone, *_unanswered(asked), *_one_sided(audio))
        return _Verdict(transcript=transcript, tones=tones, found=found, not_checked=not_checked)

    def close(self, verdict: _Verdict, findings: tuple[Finding, ...]) -> tuple[Promise | None, Scores]:
        """The promise and the scores that follow from findings."""
        call, transcript, found = self.call, verdict.transcript, verdict.found
        promise = find_promise(call, transcript, red_line_turns=red_line_turns(findings))
        scores = score(
            call, transcript, findings, found.acts, found.events, promise, verdict.tones, self.mind.card
        )
        return promise, scores


def refuse(call: Call, reason: str, mind: Mind, settings: Settings) -> CallReport:
    """The report of a call that went to quarantine: nothing is known of it but why."""
    nothing = Transcript(turns=())
    return CallReport(
        call=call,
        status=CallStatus.QUARANTINED,
        status_reason=reason,
        provenance=_provenance(nothing, mind, settings, None, {}),
        transcript=nothing,
    )


def _nothing_to_score(transcript: Transcript, settings: Settings) -> str | None:
    if transcript.unreachable:
        return transcript.unreachable
    if not any(t.text and t.role is not Role.SYSTEM for t in transcript.turns):
        return "no_speech"
    if transcript.speech_ms is not None and transcript.speech_ms < settings.turns.min_scored_speech_ms:
        return "too_little_speech"
    return None


def _opinions(
    call: Call, transcript: Transcript, mind: Mind
) -> tuple[dict[int, Opinion], tuple[NotChecked, ...]]:
    if mind.opinion is None:
        return {}, ()
    try:
        return consult(call, transcript, mind.opinion), ()
    except TingheError as error:
        return {}, (NotChecked(check="second_opinion", reason=error.reason),)


def _tones(
    transcript: Transcript, mind: Mind, opinions: Mapping[int, Opinion]
) -> tuple[tuple[ToneFrame, ...], tuple[NotChecked, ...]]:
    try:
        return judge_tones(transcript, mind.tone, opinions, mind.tone_weights), ()
    except TingheError as error:
        return (), (NotChecked(check="tone", reason=error.reason),)


def _unanswered(asked: Watched | None) -> tuple[NotChecked, ...]:
    """Questions that the language model left open, by reason."""
    reasons = dict.fromkeys(asked.failures) if asked else ()
    return tuple(NotChecked(check="llm", reason=reason) for reason in reasons)


def _one_sided(audio: DecodedAudio | None) -> tuple[NotChecked, ...]:
    """A dead channel hides a party: what that party said was not checked."""
    if audio is None or not _has_dead_channel(audio):
        return ()
    return (NotChecked(check="both_parties", reason="dead_channel"),)


def _has_dead_channel(audio: DecodedAudio) -> bool:
    return any(channel.dead for channel in audio.channels)


def _provenance(
    transcript: Transcript,
    mind: Mind,
    settings: Settings,
    audio: DecodedAudio | None,
    listened_by: Mapping[str, str],
) -> Provenance:
    words = repr([(t.role.value, t.start_ms, t.end_ms, t.text) for t in transcript.turns])
    return Provenance(
        program=f"tinghe {__version__}",
        recording_sha256=audio.sha256 if audio else None,
        transcript_sha256=hashlib.sha256(words.encode()).hexdigest(),
        models={**listened_by, **mind.identities},
        rules_sha256=mind.rules_sha256,
        config_sha256=settings.sha256,
    )
