"""Decoded channels become a transcript: the stages of listening in their order.

Two channels::

    speech of each channel -> minus echoes -> windows -> words -> cleaned -> turns -> roles

One channel::

    speech -> windows -> words -> cleaned -> clauses, given to the parties -> turns -> roles
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pipeline.speech.automatic import Parted, part_machines, unreachable
from pipeline.speech.clean import clean, load_hallucinations
from pipeline.speech.correct import correct_speakers
from pipeline.speech.cues import load_cues
from pipeline.speech.enrolled import voice_evidence
from pipeline.speech.intervals import subtract, total_ms, union
from pipeline.speech.leakage import drop_echoes, overlaps, own_speech
from pipeline.speech.levels import with_levels
from pipeline.speech.mix import give_to_parties, places, simultaneous_speech
from pipeline.speech.nonspeech import call_tones, load_prompts
from pipeline.speech.roles import RoleClaim, speaker_roles, turn_role
from pipeline.speech.text import STOP_PAUSE_MS, tokens
from pipeline.speech.transcribe import transcribe_channels
from pipeline.speech.turns import build_turns, take_turns, utterances
from pipeline.types import Role, Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import Diarizer, SpeechDetector, Transcriber, WordFrequencies
    from pipeline.settings import Settings
    from pipeline.speech.enrolled import KnownVoices
    from pipeline.speech.text import Token
    from pipeline.types import Call, Channel, DecodedAudio, Interval, Removal, Segment


MIX = "mix"
"""The speaker of a mono recording before it is known who speaks."""


class Hook(Protocol):
    """Is told what each stage did, for progress and logs: counts and times, never words."""

    def __call__(self, stage: str, figures: Mapping[str, int]) -> None:
        """One stage is done; milliseconds and counts by name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What was said, before it is known who is who.

    Attributes:
        parted: people's and machines' utterances.
        speech: detected speech, one tuple a channel.
        simultaneous: where more than one party speaks.
        removals: what was taken out.
    """

    parted: Parted
    speech: tuple[tuple[Interval, ...], ...]
    simultaneous: tuple[Interval, ...]
    removals: tuple[Removal, ...]


def listen(
    audio: DecodedAudio,
    call: Call,
    *,
    detector: SpeechDetector,
    transcriber: Transcriber,
    diarizer: Diarizer,
    words: WordFrequencies,
    settings: Settings,
    enrolled: KnownVoices | None = None,
    hook: Hook | None = None,
) -> Transcript:
    """Who said what, and when.

    Two or more live channels are kept apart: a channel is a party. A single live channel is taken as a
    mix of both parties, unless the manifest says whose channel it is and the other one is dead.

    Args:
        audio: decoded channels at 16 kHz.
        call: for the manifest's word on channels.
        detector: speech activity.
        transcriber: speech to words.
        diarizer: speakers of a single channel.
        words: what is a word, for putting misheard terms right.
        settings: all settings; ``asr``, ``turns`` are read here.
        enrolled: voices of agents who agreed to be known by theirs; ``None`` for nobody.
        hook: told of every stage.

    Raises:
        EngineError: an engine failed.
    """
    tell = hook or _ignore
    live = tuple(channel for channel in audio.channels if not channel.dead)
    tell("channels", {"live": len(live), "dead": len(audio.channels) - len(live)})
    if not live:
        return Transcript(turns=(), speech_ms=0)
    manifest = _manifest_roles(audio, call)
    if len(live) > 1 or (len(audio.channels) > 1 and manifest):
        said = _hear_channels(live, detector, transcriber, settings, tell)
    else:
        said = _hear_mix(live[0], detector, transcriber, diarizer, settings, tell)
    voices = voice_evidence(said.parted.people, live, call.metadata.agent_id, enrolled)
    return _transcript(said, live, manifest, voices, call, words, tell)


def _ignore(stage: str, figures: Mapping[str, int]) -> None:
    """Nobody asked."""


def _speaker(channel: Channel) -> str:
    return f"channel {channel.index}"


def _manifest_roles(audio: DecodedAudio, call: Call) -> dict[str, Role]:
    """The manifest's roles by channel; none when the recording has another number of channels."""
    roles = call.recording.channel_roles if call.recording is not None else ()
    if len(roles) != len(audio.channels) or len(roles) < 2:
        return {}
    return {_speaker(channel): role for channel, role in zip(audio.channels, roles, strict=True)}


def _hear_channels(
    live: Sequence[Channel],
    detector: SpeechDetector,
    transcriber: Transcriber,
    settings: Settings,
    tell: Hook,
) -> _Said:
    detected = [detector.detect(channel.samples) for channel in live]
    speech = own_speech(live, detected, leakage_db=settings.turns.leakage_db)
    tell("speech", {"detected_ms": sum(map(total_ms, detected)), "own_ms": sum(map(total_ms, speech))})
    heard, removals = _hear(live, speech, transcriber, settings)
    kept, echoes = drop_echoes(heard)
    tell("words", {"segments": sum(map(len, kept)), "removals": len(removals) + len(echoes)})
    said = [
        utterance
        for channel, segments in zip(live, kept, strict=True)
        for utterance in utterances(_tokens(segments), speaker=_speaker(channel), channel=channel.index)
    ]
    turns = take_turns(said, max_gap_ms=settings.turns.max_gap_ms)
    return _Said(
        parted=part_machines(turns, load_prompts()),
        speech=speech,
        simultaneous=overlaps(speech),
        removals=(*removals, *echoes),
    )


def _hear_mix(
    channel: Channel,
    detector: SpeechDetector,
    transcriber: Transcriber,
    diarizer: Diarizer,
    settings: Settings,
    tell: Hook,
) -> _Said:
    speech = detector.detect(channel.samples)
    tell("speech", {"detected_ms": total_ms(speech), "own_ms": total_ms(speech)})
    (segments,), removals = _hear((channel,), (speech,), transcriber, settings)
    tell("words", {"segments": len(segments), "removals": len(removals)})
    breaths = utterances(_tokens(segments), speaker=MIX, pause_ms=STOP_PAUSE_MS)
    parted = part_machines(breaths, load_prompts())
    if not parted.people:
        return _Said(parted=parted, speech=(speech,), simultaneous=(), removals=removals)
    words = [token for utterance in parted.people for token in utterance.tokens]
    diarization = diarizer.diarize(channel.samples, speech, places(words))
    tell("speakers", {"speakers": len({span.speaker for span in diarization.exclusive})})
    said = give_to_parties(words, channel.samples, diarization, load_cues())
    people = take_turns(said, max_gap_ms=settings.turns.max_gap_ms)
    return _Said(
        parted=replace(parted, people=people),
        speech=(speech,),
        simultaneous=simultaneous_speech(diarization.regular),
        removals=removals,
    )


def _hear(
    channels: Sequence[Channel],
    speech: Sequence[Sequence[Interval]],
    transcriber: Transcriber,
    settings: Settings,
) -> tuple[tuple[tuple[Segment, ...], ...], tuple[Removal, ...]]:
    """Cleaned segments of each channel, and what was taken out of all."""
    sounds = [channel.samples for channel in channels]
    kept: list[tuple[Segment, ...]] = []
    removals: list[Removal] = []
    heard = transcribe_channels(sounds, speech, transcriber, settings.asr)
    for found, intervals in zip(heard, speech, strict=True):
        segments, gone = clean(found.segments, intervals, load_hallucinations())
        kept.append(segments)
        removals += (*found.removals, *gone)
    return tuple(kept), tuple(removals)


def _tokens(segments: Sequence[Segment]) -> tuple[Token, ...]:
    words = sorted((word for s in segments for word in s.words), key=lambda w: (w.start_ms, w.end_ms))
    return tokens(words)


def _transcript(
    said: _Said,
    live: Sequence[Channel],
    manifest: Mapping[str, Role],
    voices: Mapping[str, float],
    call: Call,
    words: WordFrequencies,
    tell: Hook,
) -> Transcript:
    # Corrected only now: telling the parties apart rests on the words as the engine wrote them.
    people, corrections = correct_speakers(said.parted.people, call.metadata, words)
    parted = replace(said.parted, people=people)
    tell("corrected", {"corrections": len(corrections)})
    claims = speaker_roles(parted.people, load_cues(), manifest=manifest, voices=voices)
    placed = [(turn, turn_role(turn, claims[turn.speaker])) for turn in parted.people]
    placed += [(turn, _MACHINE) for turn in parted.machines]
    placed.sort(key=lambda item: (item[0].interval.start_ms, item[0].interval.end_ms))
    turns = build_turns(
        [turn for turn, _ in placed],
        [(claim.role, claim.confidence) for _, claim in placed],
        simultaneous=said.simultaneous,
    )
    machines = [turn.interval for turn in parted.machines]
    spoken = subtract(union(i for intervals in said.speech for i in intervals), machines)
    tones = tuple(tone for channel in live for tone in call_tones(channel.samples))
    tell("turns", {"turns": len(turns), "speech_ms": total_ms(spoken)})
    return Transcript(
        turns=with_levels(turns, live),
        corrections=corrections,
        removals=tuple(sorted(said.removals, key=lambda r: (r.start_ms, r.end_ms, r.reason))),
        speech_ms=total_ms(spoken),
        unreachable=unreachable(parted, tones),
    )


_MACHINE = RoleClaim(role=Role.SYSTEM, confidence=0.95)
