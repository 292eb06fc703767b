"""The twenty seconds that show a skill: the words, masked, and the sound, with personal data covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.coaching.talk import Talk
from pipeline.errors import RecordingError
from pipeline.privacy.clips import Clipper, pcm_of_wav, wav_bytes
from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.spans import personal_spans
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem
from pipeline.report.showing import clock, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.coaching.tally import CallKey
    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]

_TELEPHONE_HZ: Final = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn of an excerpt.

    Attributes:
        focus: whether it is the turn that the excerpt is about.
    """

    role: str
    text: str
    clock: str
    focus: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A stretch of a call.

    Attributes:
        started: day and minute of the call.
        sound: WAV; ``None`` for text, or where the recording is not kept.
        seconds: length of the sound.
    """

    call_id: str
    started: str
    lines: tuple[Line, ...]
    sound: bytes | None
    seconds: float


class Excerpts:
    """Cuts excerpts out of results; the call it read last is kept, for moments often share one.

    Args:
        showing: masks words; personal data are covered in the sound where it masks.
        clip_ms: length of the stretches.
        sound: whether there is any sound at all.
    """

    def __init__(self, showing: Showing, *, clip_ms: int, sound: bool = True) -> None:
        self._showing, self._clip_ms, self._sound = showing, clip_ms, sound
        self._last: tuple[CallKey, Talk] | None = None

    def talk(self, key: CallKey) -> Talk:
        """The call itself.

        Raises:
            TranscriptError: its result is not in the published form.
        """
        if self._last is None or self._last[0] != key:
            path = key.results / "calls" / f"{file_stem(key.call_id)}.json"
            self._last = (key, Talk(read_call(path)))
            self._showing.reading(self._last[1].call)
        return self._last[1]

    def cut(self, key: CallKey, focus: int) -> Excerpt:
        """The stretch around an agent's turn.

        Args:
            key: the call.
            focus: the turn's place in it.

        Raises:
            TranscriptError: its result is not in the published form.
        """
        talk = self.talk(key)
        places, heard = window(talk, focus, self._clip_ms)
        sound = self._clip(key, talk.call, heard) if heard and self._sound else None
        return Excerpt(
            call_id=key.call_id,
            started=moment(talk.call["metadata"].get("started_at")),
            lines=tuple(
                Line(
                    role=talk.turns[place]["role"],
                    text=self._showing.text(talk.turns[place]["text"], key.call_id),
                    clock=clock(talk.turns[place]["start"]),
                    focus=place == focus,
                )
                for place in places
            ),
            sound=sound,
            seconds=(heard[1] - heard[0]) / 1000 if heard and sound else 0.0,
        )

    def _clip(self, key: CallKey, call: Json, heard: tuple[int, int]) -> bytes | None:
        recording = key.results / "audio" / f"{file_stem(key.call_id)}.wav"
        if not recording.is_file():
            return None
        people = self._showing.people.get(key.call_id)
        spans = personal_spans(call, people.names if people else ())
        try:
            clipper = Clipper(recording, sound_spans(call, spans) if self._showing.mask else ())
            return slim(clipper.clip(*heard))
        except (RecordingError, ValueError):
            # A recording that is gone or shorter than its words leaves the words.
            return None


def slim(wav: bytes) -> bytes:
    """A clip as one channel of telephone sound, 8 kHz where its rate is a multiple of that.

    A page holds several; both parties on one channel are what a listener needs.

    Args:
        wav: 16-bit WAV of at most 16 kHz.
    """
    read = pcm_of_wav(wav)
    if read is None:
        return wav
    samples, rate = read
    mono = samples.astype(np.float64).mean(axis=1)
    step = rate // _TELEPHONE_HZ if rate % _TELEPHONE_HZ == 0 else 1
    if step > 1:
        # Nothing above the new band may be left, it would sound as something else (windowed sinc, 63 taps).
        taps = np.arange(-31, 32)
        kernel = np.sinc(taps / step * 0.92) * np.hamming(len(taps))
        mono = np.convolve(mono, kernel / kernel.sum(), mode="same")[::step]
    made = np.clip(np.rint(mono), -32768, 32767).astype(np.int16)
    return wav_bytes(made.reshape(-1, 1), rate // step)


def window(talk: Talk, focus: int, clip_ms: int) -> tuple[Sequence[int], tuple[int, int] | None]:
    """The turns of an excerpt, and the stretch that is heard.

    It begins with the customer's words before, where both fit; a transcript without times gives these turns
    and the answer.

    Args:
        talk: the call.
        focus: place of the turn that it is about.
        clip_ms: length of the stretch.
    """
    turns, before = talk.turns, talk.before(focus)
    first = focus if before is None else before
    turn = turns[focus]
    if turn["start"] is None or turn["end"] is None:
        last = next((i for i in range(focus + 1, len(turns)) if turns[i]["role"] == "customer"), focus)
        return [i for i in range(first, last + 1) if turns[i]["text"]], None
    begins, ends = round(turn["start"] * 1000), round(turn["end"] * 1000)
    lead = turns[first]["start"]
    wanted = begins if lead is None else round(lead * 1000)
    start = begins if ends - begins >= clip_ms else max(0, min(begins, max(wanted, ends - clip_ms)))
    end = start + clip_ms
    duration = talk.call["duration"]
    if duration is not None:
        end = min(end, round(duration * 1000))
    inside = [
        i
        for i, one in enumerate(turns)
        if one["text"]
        and one["start"] is not None
        and one["start"] * 1000 < end
        and one["end"] * 1000 > start
    ]
    return inside, (start, end)
