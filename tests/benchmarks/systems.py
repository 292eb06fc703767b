"""Everything that is measured, by name: this program in its modes, and what it is compared with.

A system is built once in a process of its own and then listens to one recording after another. Only what
a system needs is imported, and when it is built: WhisperX may run in an environment that has nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.benchmarks.clock import DECODE, REST, SPEAKERS, SPEECH, WORDS, Clock, Timed

if TYPE_CHECKING:
    from pipeline.settings import Settings

RATE = 16_000
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What every system is given.

    Attributes:
        whisper: a CTranslate2 Whisper folder in floating point.
        segmentation: the checkpoint of pyannote's segmentation-3.0.
        campplus: the checkpoint of CAM++.
        device: ``cpu`` or ``cuda``.
        words_only: leave out telling the speakers apart.
        settings: values to lay over this program's settings, section by section.
    """

    whisper: str
    segmentation: str
    campplus: str
    device: str = "cpu"
    words_only: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def compute_type(self) -> str:
        """Of CTranslate2."""
        return "int8" if self.device == "cpu" else "float16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording as a system gets it.

    Attributes:
        speakers: how many there are, for systems that want to be told; ``None`` where it is not known.
        manifest: where more is known of it, ``None`` for nothing.
    """

    name: str
    path: str
    speakers: int | None = None
    manifest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a system makes of a recording.

    Attributes:
        text: all words in the system's order of time.
        parties: words by speaker; empty where speakers are not told apart.
        roles: words by role; empty where the system knows no roles.
        words: text, start and end in seconds, probability.
        spans: who speaks when: speaker, start and end in seconds, as the diarizer has it.
        turns: the same after words were given to speakers; empty where a system makes no turns.
        speech: the turns without their pauses, as an RTTM file has them; empty where there are no turns.
    """

    text: str = ""
    parties: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    words: tuple[tuple[str, float, float, float], ...] = ()
    spans: tuple[tuple[str, float, float], ...] = ()
    turns: tuple[tuple[str, float, float], ...] = ()
    speech: tuple[tuple[str, float, float], ...] = ()


class System(Protocol):
    """Something that listens."""

    identity: str

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """Listen to one recording, in stages of the clock."""
        ...


MODES: dict[str, Mapping[str, Mapping[str, Any]]] = {
    "tinghe fast": {"asr": {"mode": "fast"}},
    "tinghe accurate": {"asr": {"mode": "accurate"}},
}
"""The modes of this program: the settings that make each."""
DEFAULT_MODE = "tinghe accurate"


def settings_of(*overlays: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The default settings, for one thread, with values laid over them in turn."""
    from pipeline.settings import Settings, load_settings

    values = load_settings().model_dump()
    for overlay in ({"asr": {"threads": 1}}, *overlays):
        for section, changed in overlay.items():
            values[section] |= changed
    return Settings.model_validate(values)


class Tinghe:
    """This program's path from the file to turns with roles."""

    def __init__(self, setup: Setup, mode: Mapping[str, Mapping[str, Any]]) -> None:
        from flows.wiring import load_ears

        device = {"asr": {"device": setup.device}} if setup.device == "cpu" else GPU
        self._settings = settings_of(device, mode, setup.settings)
        ears = load_ears(self._settings)
        self._ears = ears
        self._one_voice = setup.words_only
        self.identity = " | ".join(ears.identities.values())

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """Decode and listen."""
        from dataclasses import replace

        from pipeline.audio import decode
        from pipeline.errors import RecordingError
        from pipeline.stages import hear
        from pipeline.types import Role

        call = _call(recorded)
        with clock.stage("decode alone"):
            try:
                decode(call.recording, self._settings.audio)
            except RecordingError:  # refused, silence for one: nothing is written
                return Heard()
        decoding = clock.spent.pop("decode alone")
        diarizer = Timed(_OneVoice() if self._one_voice else self._ears.diarizer, clock, SPEAKERS)
        ears = replace(
            self._ears,
            detector=Timed(self._ears.detector, clock, SPEECH),
            transcriber=Timed(self._ears.transcriber, clock, WORDS),
            diarizer=diarizer,
        )
        with clock.stage(REST):
            transcript = hear(call, ears, self._settings).transcript
        clock.move(*decoding, source=REST, target=DECODE)
        said = [turn for turn in transcript.turns if turn.role is not Role.SYSTEM]
        roles = {role: "".join(t.text for t in said if t.role.value == role) for role in ROLES}
        return Heard(
            text="".join(turn.text for turn in said),
            parties={name: text for name, text in roles.items() if text},
            roles={name: roles[name] for name in ("agent", "customer")},
            words=tuple(
                (word.text, word.start_ms / 1000, word.end_ms / 1000, word.probability)
                for turn in said
                for word in turn.words
            ),
            spans=() if self._one_voice else _spans(diarizer.returned),
            turns=tuple((t.role.value, t.start_ms / 1000, t.end_ms / 1000) for t in said),
            speech=_speech(said),
        )


def _spans(answers: Iterable[Any]) -> tuple[tuple[str, float, float], ...]:
    """Who speaks when, overlaps included, of whatever the diarizer answered."""
    return tuple(
        (span.speaker, span.start_ms / 1000, span.end_ms / 1000)
        for answer in answers
        for span in getattr(answer, "regular", ())
    )


def _speech(turns: Iterable[Any]) -> tuple[tuple[str, float, float], ...]:
    """The turns as an RTTM file has them."""
    from pipeline.export.rttm import runs_of_speech
    from pipeline.types import Interval

    return tuple(
        (turn.role.value, run.start_ms / 1000, run.end_ms / 1000)
        for turn in turns
        for run in runs_of_speech(
            Interval(start_ms=word.start_ms, end_ms=word.end_ms) for word in turn.words if word.text.strip()
        )
    )


ROLES = ("agent", "customer", "unknown")
GPU = {"asr": {"device": "cuda", "compute_type": "float16"}, "diarization": {"device": "cuda"}}


class _OneVoice:
    """A diarizer that has nothing to tell."""

    identity = "one voice"

    def diarize(self, samples: Any, *_: Any, **__: Any) -> Any:
        from pipeline.ports import Diarization
        from pipeline.types import SpeakerSpan

        whole = (SpeakerSpan(speaker="one", start_ms=0, end_ms=len(samples) * 1000 // RATE),)
        return Diarization(regular=whole, exclusive=whole)


def _call(recorded: Recorded) -> Any:
    from pipeline.manifest import plan_recordings
    from pipeline.metadata import CallMetadata
    from pipeline.types import Call, Recording

    if recorded.manifest is None:
        recording = Recording(path=Path(recorded.path))
        return Call(call_id=recorded.name, metadata=CallMetadata(), recording=recording)
    calls = plan_recordings(Path(recorded.manifest)).calls
    return next(call for call in calls if call.call_id == recorded.name)


def _tinghe(name: str) -> Callable[[Setup], System]:
    return lambda setup: Tinghe(setup, MODES[name])


def _baseline(name: str, **options: Any) -> Callable[[Setup], System]:
    def build(setup: Setup) -> System:
        from tests.benchmarks import baselines

        return getattr(baselines, name)(setup, **options)

    return build


FASTER_GREEDY, FASTER_BEAM = "faster-whisper greedy", "faster-whisper beam 5"
FASTER_BATCHED, OPENAI, WHISPERX = "faster-whisper batched", "openai-whisper greedy", "whisperx"
PYANNOTE, PYANNOTE_CUT = "pyannote, defaults", "pyannote, frames cut"
PLAIN, PLAIN_CUT = "plain recipe", "plain recipe, frames cut"
RECIPES = {PLAIN: PYANNOTE, PLAIN_CUT: PYANNOTE_CUT}
"""openai-whisper and a pyannote together: put together from what the two gave, not run again."""

SYSTEMS: dict[str, Callable[[Setup], System]] = {
    **{name: _tinghe(name) for name in MODES},
    FASTER_GREEDY: _baseline("FasterWhisper", beam_size=1),
    FASTER_BEAM: _baseline("FasterWhisper", beam_size=5),
    FASTER_BATCHED: _baseline("FasterWhisperBatched"),
    OPENAI: _baseline("OpenaiWhisper"),
    WHISPERX: _baseline("WhisperX"),
    PYANNOTE: _baseline("Pyannote", frames="pooled"),
    PYANNOTE_CUT: _baseline("Pyannote", frames="cut"),
}
