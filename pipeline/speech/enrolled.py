"""Voices of agents who were enrolled, and what they say of who is the agent on a call.

A voice print is sensitive personal information (biometric; PIPL art. 28-29), so there is none unless an
operator enrols an agent with that person's separate consent. The file holds nothing but the vector, the
agent's id, the day, the model and the note of consent; only its owner can read it. See docs/roles.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ConfigError, StoreError
from pipeline.ports import SAMPLE_RATE
from pipeline.speech.windows import SAMPLES_PER_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.ports import VoicePrinter
    from pipeline.speech.turns import Utterance
    from pipeline.types import Channel, Interval, Samples

VERSION = 1
ENROL_MS = 10_000
"""Least speech to enrol with."""
PIECE_MS = 5_000
ONE_VOICE = 0.65
"""Least cosine of any two pieces of an enrolment: less is another voice."""
LEAST_MS = 2_000
MOST_MS = 30_000
"""Speech of a party that its print is made of; more brings nothing."""
SLOPE, MIDDLE = 20.0, 0.72
"""Log-odds of the same voice are ``SLOPE * (cosine - MIDDLE)``: measured on the telephone, docs/roles.md."""
LIMIT = 3.0
"""Most that a voice counts, in nats: other lines and other days were not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledVoice:
    """One agent's voice.

    Attributes:
        agent_id: as in the calls' metadata.
        model: identity of the model that made the vector.
        enrolled_on: the day.
        consent: the note of consent.
        vector: unit length.
    """

    agent_id: str
    model: str
    enrolled_on: date
    consent: str
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVoices:
    """The enrolled voices and the model that they are compared with.

    Attributes:
        printer: makes voice prints.
        voices: by agent id.
    """

    printer: VoicePrinter
    voices: Mapping[str, EnrolledVoice]

    @property
    def identity(self) -> str:
        """The model, and a digest of whom it knows."""
        content = json.dumps([_record(v) for _, v in sorted(self.voices.items())], sort_keys=True)
        return f"{self.printer.identity} voices@{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def known_voices(path: Path, printer: VoicePrinter) -> KnownVoices:
    """The voices of a file, to be compared by ``printer``.

    Raises:
        ConfigError: the file cannot be used, or holds a voice that another model made: vectors of two
            models cannot be compared.
    """
    voices = read_voices(path)
    for number, voice in enumerate(voices.values()):
        if voice.model != printer.identity:
            raise ConfigError(
                f"{path}: voices[{number}].model: enrolled with {voice.model}, this is {printer.identity}; "
                "enrol again or forget it"
            )
    return KnownVoices(printer=printer, voices=voices)


def read_voices(path: Path) -> dict[str, EnrolledVoice]:
    """Enrolled voices by agent id.

    Raises:
        ConfigError: the file cannot be read, is malformed, or can be read by others than its owner.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        is_open = os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error
    if is_open:
        raise ConfigError(f"{path}: others than its owner may read it; voice prints need mode 600")
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ConfigError(f"{path}: version: this is no file of voices, or of another version")
    if not isinstance(content.get("voices"), list):
        raise ConfigError(f"{path}: voices: not a list")
    voices = [_voice(path, number, record) for number, record in enumerate(content["voices"])]
    return {voice.agent_id: voice for voice in voices}


def write_voices(path: Path, voices: Mapping[str, EnrolledVoice]) -> None:
    """Replace the file in one step; readable by its owner only, also while it is written.

    Raises:
        StoreError: the file system refuses.
    """
    content = {"version": VERSION, "voices": [_record(voice) for _, voice in sorted(voices.items())]}
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".voices-", dir=path.parent)  # made with mode 600
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def print_of(samples: Samples, speech: Sequence[Interval], printer: VoicePrinter) -> tuple[float, ...]:
    """The voice print of somebody who speaks alone.

    Args:
        samples: 16 kHz mono.
        speech: where somebody speaks.
        printer: makes voice prints.

    Returns:
        A vector of unit length.

    Raises:
        ConfigError: less than ten seconds of speech, or more than one voice.
        EngineError: the model failed.
    """
    sound = _joined(samples, speech)
    if len(sound) < ENROL_MS * SAMPLES_PER_MS:
        heard = len(sound) / SAMPLE_RATE
        raise ConfigError(f"the recording: {heard:.1f} s of speech; enrolling needs {ENROL_MS // 1000} s")
    size = PIECE_MS * SAMPLES_PER_MS
    pieces = [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]
    prints = np.array([made for piece in pieces if (made := printer.voice_print(piece)) is not None])
    if float((prints @ prints.T).min()) < ONE_VOICE:
        raise ConfigError("the recording: more than one voice; enrol from a channel of the agent alone")
    whole = prints.mean(axis=0)
    return tuple(round(float(value), 6) for value in whole / np.linalg.norm(whole))


def voice_evidence(
    said: Sequence[Utterance], channels: Sequence[Channel], agent_id: str | None, known: KnownVoices | None
) -> dict[str, float]:
    """Log-odds of each speaker having the enrolled voice of the call's agent; empty where none is enrolled.

    Args:
        said: what people said.
        channels: live channels.
        agent_id: the call's agent, by its metadata.
        known: enrolled voices; ``None`` when the operator has not opted in.

    Raises:
        EngineError: the model failed.
    """
    voice = known.voices.get(agent_id) if known is not None and agent_id is not None else None
    if known is None or voice is None:
        return {}
    sound = {channel.index: channel.samples for channel in channels}
    first = channels[0].samples
    found: dict[str, float] = {}
    for speaker in sorted({utterance.speaker for utterance in said}):
        own = [utterance for utterance in said if utterance.speaker == speaker]
        samples = first if own[0].channel is None else sound[own[0].channel]
        odds = _log_odds(samples, [utterance.interval for utterance in own], voice, known.printer)
        if odds is not None:
            found[speaker] = odds
    return found


def _log_odds(
    samples: Samples, spoken: Sequence[Interval], voice: EnrolledVoice, printer: VoicePrinter
) -> float | None:
    longest = sorted(spoken, key=lambda at: -at.duration_ms)
    sound = _joined(samples, longest)[: MOST_MS * SAMPLES_PER_MS]
    if len(sound) < LEAST_MS * SAMPLES_PER_MS:
        return None
    made = printer.voice_print(sound)
    return None if made is None else same_voice_log_odds(float(made @ np.array(voice.vector)))


def same_voice_log_odds(cosine: float) -> float:
    """Log-odds that two prints with this cosine are of one voice, before anything else is known."""
    return float(np.clip(SLOPE * (cosine - MIDDLE), -LIMIT, LIMIT))


def _joined(samples: Samples, spoken: Sequence[Interval]) -> NDArray[np.float32]:
    parts = [samples[at.start_ms * SAMPLES_PER_MS : at.end_ms * SAMPLES_PER_MS] for at in spoken]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _record(voice: EnrolledVoice) -> dict[str, Any]:
    return {**asdict(voice), "enrolled_on": voice.enrolled_on.isoformat(), "vector": list(voice.vector)}


def _voice(path: Path, number: int, record: Any) -> EnrolledVoice:
    try:
        vector = tuple(float(value) for value in record["vector"])
        if not vector or abs(float(np.linalg.norm(vector)) - 1) > 1e-3:
            raise ValueError("vector")
        return EnrolledVoice(
            agent_id=str(record["agent_id"]),
            model=str(record["model"]),
            enrolled_on=date.fromisoformat(record["enrolled_on"]),
            consent=str(record["consent"]),
            vector=vector,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: voices[{number}]: malformed: {error}") from error
