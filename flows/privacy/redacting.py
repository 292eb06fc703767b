"""Redacting results: a masked transcript and covered sound of each call, and listening to it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.audio import decode
from pipeline.errors import RecordingError, TingheError
from pipeline.export.masking import exported, shown_id
from pipeline.privacy.clips import Clipper
from pipeline.privacy.codecs import Codec, codec_of, encode
from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.leaks import Leak, leaks, originals
from pipeline.privacy.spans import personal_spans
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem, write_atomically
from pipeline.speech.text import simplify
from pipeline.speech.transcribe import transcribe_channels
from pipeline.types import Recording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.privacy.sound import Cover, SoundSpan
    from pipeline.settings import Settings
    from pipeline.stages import Ears
    from pipeline.types import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be redacted, and how.

    Attributes:
        to: the folder that takes the copies.
        cover: what stands where personal data were said.
        codec: of the sound; ``None`` for that of the recording where it can be written.
        margin_ms: covered before and after.
        key: opens encrypted sound.
        calls: by call id, what the manifest says; names and the original recording.
    """

    to: Path
    cover: Cover
    codec: Codec | None
    margin_ms: int
    key: bytes | None
    calls: Mapping[str, Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """What was written of a call.

    Attributes:
        call_id: as it may be shown.
        kinds: number of spans by kind.
        covered_ms: sound that is covered.
        sound: the sound, where there is any.
        no_sound: why there is none.
        leaks: what was recognised again; ``None`` where nobody listened.
        originals: of how many things it was asked whether they are recognisable.
    """

    call_id: str
    kinds: Mapping[str, int]
    covered_ms: int
    sound: Path | None
    no_sound: str | None
    leaks: tuple[Leak, ...] | None = None
    originals: int = 0

    def as_json(self) -> dict[str, Any]:
        """For programs; kinds and counts, no values."""
        return {
            "call_id": self.call_id,
            "spans": dict(self.kinds),
            "covered_s": self.covered_ms / 1000,
            "sound": self.sound.name if self.sound else None,
            "no_sound": self.no_sound,
            "looked_for": self.originals,
            "recognisable": None
            if self.leaks is None
            else [{"kind": leak.kind.value, "channel": leak.channel} for leak in self.leaks],
        }


def redact_call(
    path: Path, recording: Path | None, wanted: Wanted, ears: Ears | None, settings: Settings
) -> Redacted:
    """Write the redacted copies of one call.

    Args:
        path: the call's JSON.
        recording: its sound; ``None`` for none.
        wanted: how.
        ears: listen again; ``None`` for not.
        settings: for listening.

    Raises:
        TranscriptError: the JSON is not in the published form.
        StoreError: a copy cannot be written.
        EngineError: listening again failed.
    """
    call = read_call(path)
    known = wanted.calls.get(call["call_id"])
    names = People.of(known.metadata).names if known else ()
    spans = personal_spans(call, names)
    kinds: dict[str, int] = {}
    for span in spans:
        kinds[span.kind.value] = kinds.get(span.kind.value, 0) + 1
    covered = sound_spans(call, spans, margin_ms=wanted.margin_ms)
    stem = file_stem(shown_id(call["call_id"]))
    content = exported(call, names) | {
        "personal": [
            {"turn": s.turn, "start": s.start, "end": s.end, "kind": s.kind.value, "identity": s.identity}
            for s in spans
        ],
        "covered": [{"start": s.start_ms / 1000, "end": s.end_ms / 1000} for s in covered],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_atomically(wanted.to / f"{stem}.json", text.encode(errors="surrogatepass"))
    sound, why = _sound(recording, covered, wanted, stem, settings)
    result = Redacted(
        call_id=shown_id(call["call_id"]),
        kinds=dict(sorted(kinds.items())),
        covered_ms=sum(span.end_ms - span.start_ms for span in covered),
        sound=sound,
        no_sound=why,
    )
    if ears is None or sound is None:
        return result
    sought = originals({turn["index"]: turn["text"] for turn in call["turns"]}, spans, names)
    return Redacted(
        **{name: getattr(result, name) for name in ("call_id", "kinds", "covered_ms", "sound", "no_sound")},
        leaks=leaks(sought, heard_again(sound, ears, settings)),
        originals=len(sought),
    )


def heard_again(sound: Path, ears: Ears, settings: Settings) -> tuple[str, ...]:
    """What a recogniser makes of a recording, a text for each live channel.

    Raises:
        EngineError: it failed.
    """
    try:
        audio = decode(Recording(path=sound), settings.audio)
    except RecordingError:
        return ()  # covered from end to end, it is silent or too short
    channels = [channel.samples for channel in audio.channels if not channel.dead]
    speech = [ears.detector.detect(samples) for samples in channels]
    heard = transcribe_channels(channels, speech, ears.transcriber, settings.asr)
    return tuple("".join(simplify([s.text for s in one.segments])) for one in heard)


def _sound(
    recording: Path | None, covered: Sequence[SoundSpan], wanted: Wanted, stem: str, settings: Settings
) -> tuple[Path | None, str | None]:
    """The covered copy, or why there is none."""
    if recording is None:
        return None, "missing_file"
    try:
        codec = wanted.codec or codec_of(decode(Recording(path=recording), settings.audio).codec)
        whole = Clipper(recording, covered, mode=wanted.cover, key=wanted.key).whole()
    except TingheError as error:
        return None, error.reason
    place = wanted.to / f"{stem}{codec.suffix}"
    write_atomically(place, encode(whole, codec))
    return place, None
