"""The work itself: hearing a call, judging it. In this process, or in a lane that is asked for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.audit import inputs
from pipeline.batch import heard
from pipeline.batch.bench import Judged, Listened
from pipeline.batch.keys import MISSING, transcript_sha256
from pipeline.batch.units import Cost
from pipeline.errors import EngineError, KeptError, TranscriptError
from pipeline.metadata import CallMetadata
from pipeline.privacy.hearing import heard_spans
from pipeline.privacy.vault import key_of
from pipeline.report.call_json import write_call
from pipeline.report.playable import sound_of, write_playable
from pipeline.stages import Ears, Mind, hear, judge, refuse
from pipeline.transcripts import read_transcript
from pipeline.types import Call, CallReport, CallStatus, Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.batch.plan import Job
    from pipeline.settings import Settings
    from pipeline.types import History, Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first request to a lane: what it will be asked about. The answer is :class:`Facts`."""

    settings: Settings
    out: Path
    audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HearOrder:
    """A request: listen to this call. The answer is a :class:`~pipeline.batch.bench.Listened`."""

    job: Job
    key: str
    recording_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOrder:
    """A request: judge this call, as it was heard. The answer is a :class:`~pipeline.batch.bench.Judged`."""

    job: Job
    heard_sha256: str
    seen: History


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What whoever does not judge must know of the rules.

    Attributes:
        titles: of rules, by name.
        norms: titles of clauses, by id.
        provenance: of a report on a call of which nothing is known.
    """

    titles: Mapping[str, str]
    norms: Mapping[str, str]
    provenance: Provenance


@dataclass
class Workshop:
    """Models, rules and the results folder; models are loaded when they are first needed.

    Attributes:
        out: the results folder.
        audio: whether to keep playable copies of recordings.
        clock: seconds of computing so far, of this process or of this thread.
    """

    settings: Settings
    load_mind: Callable[[Settings], Mind]
    load_ears: Callable[[Settings], Ears]
    out: Path
    audio: bool = False
    clock: Callable[[], float] = time.process_time

    @cached_property
    def mind(self) -> Mind:
        """Rules, scorecard, tone."""
        return self.load_mind(self.settings)

    @cached_property
    def ears(self) -> Ears:
        """The speech models."""
        return self.load_ears(self.settings)

    @property
    def facts(self) -> Facts:
        """What others must know of the rules."""
        nobody = refuse(_NOBODY, "", self.mind, self.settings)
        book = self.mind.book
        return Facts(titles=book.titles, norms=book.norms, provenance=nobody.provenance)

    def hear(self, order: HearOrder) -> Listened:
        """Listen to a call, keep a playable copy, people covered in it, and what was heard.

        Raises:
            RecordingError: the recording cannot be judged.
            EngineError: a model failed on it, or the recording is being written to.
            StoreError: nothing can be kept.
        """
        call = order.job.call
        place = heard.place_of(self.out, call.call_id)
        had = heard.take(place)
        if had is not None and had[0].key == order.key:
            return Listened(output=had[1], cost=Cost())
        ears = self.ears
        began, started = self.clock(), time.monotonic()
        found = hear(call, ears, self.settings)
        if order.recording_sha256 not in (found.audio.sha256, MISSING):
            raise EngineError(f"call {call.call_id}: its recording changed while it was read")
        if self.audio:
            privacy = self.settings.privacy
            spans = (
                heard_spans(found.transcript.turns, call.metadata, margin_ms=privacy.margin_ms)
                if self.settings.report.mask
                else None
            )
            sound = sound_of(self.out, call.call_id)
            write_playable(found.audio, sound, spans=spans, mode=privacy.cover, key=key_of(privacy))
        kept = heard.Kept(
            key=order.key, listened_by=ears.identities, audio=found.audio, transcript=found.transcript
        )
        output = heard.keep(kept, place)
        return Listened(output=output, cost=self._cost(began, started))

    def judge(self, order: JudgeOrder) -> Judged:
        """Judge what was kept of a call, or the transcript that was given, and write the result's file.

        Raises:
            KeptError: what was heard is not there, or another.
            TranscriptError: the text cannot be read, or is another now.
            StoreError: the result cannot be written.
        """
        began, started = self.clock(), time.monotonic()
        call, given = order.job.call, None
        if order.job.source is not None:
            given = self._given(order)
            report = judge(call, given, self.mind, self.settings, history=order.seen)
        else:
            found = heard.take(heard.place_of(self.out, call.call_id))
            if found is None or found[1] != order.heard_sha256:
                raise KeptError(f"call {call.call_id}: what was heard is not there any more")
            report = judge(
                call,
                found[0].transcript,
                self.mind,
                self.settings,
                audio=found[0].audio,
                listened_by=found[0].listened_by,
                history=order.seen,
            )
        inputs.keep(self.out, call.call_id, call.metadata, order.seen, given)
        write_call(report, self.out / "calls")
        return Judged(report=report, cost=self._cost(began, started))

    def _given(self, order: JudgeOrder) -> Transcript:
        if order.job.source is None:
            raise ValueError(f"call {order.job.call.call_id} is no transcript")
        _, transcript = read_transcript(order.job.source)
        if transcript_sha256(transcript) != order.heard_sha256:
            raise TranscriptError(f"{order.job.source.title}: changed while the batch ran")
        return transcript

    def _cost(self, began: float, started: float) -> Cost:
        return Cost(cpu_s=self.clock() - began, wall_s=time.monotonic() - started)


_NOBODY = Call(call_id="none", metadata=CallMetadata())


def refusal(call: Call, reason: str, provenance: Provenance) -> CallReport:
    """The report of a call that went to quarantine: nothing is known of it but why."""
    return CallReport(call=call, status=CallStatus.QUARANTINED, status_reason=reason, provenance=provenance)


@dataclass
class LocalBench:
    """Works in this process: its threads share one set of models.

    Attributes:
        workshop: does the work.
        lease: how long a step may take before it is believed to be lost, in seconds.
    """

    workshop: Workshop
    lease: float = 24 * 3600.0

    @cached_property
    def facts(self) -> Facts:
        """What reports need of the rules."""
        return self.workshop.facts

    def hear(self, job: Job, key: str, recording_sha256: str, *, alone: bool) -> Listened:
        """Listen to a call."""
        return self.workshop.hear(HearOrder(job=job, key=key, recording_sha256=recording_sha256))

    def judge(self, job: Job, heard_sha256: str, seen: History, *, alone: bool) -> Judged:
        """Judge a call."""
        return self.workshop.judge(JudgeOrder(job=job, heard_sha256=heard_sha256, seen=seen))

    def refuse(self, call: Call, reason: str) -> CallReport:
        """The report of a call that cannot be judged."""
        return refusal(call, reason, self.facts.provenance)

    def lease_s(self, job: Job) -> float:
        """Nothing stops a step here."""
        return self.lease

    def close(self) -> None:
        """Nothing to end."""
