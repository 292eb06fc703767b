"""One call as a unit of work, from a recording or from a transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.report.files import file_stem
from pipeline.report.playable import write_playable
from pipeline.stages import Ears, Mind, hear, judge, refuse
from pipeline.transcripts import read_transcript
from pipeline.whitelist import compared, load_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from flows.shelf import Shelf
    from pipeline.history import Ledger
    from pipeline.settings import Settings
    from pipeline.stages import Heard
    from pipeline.transcripts import TranscriptSource
    from pipeline.types import Call, CallReport, History


@dataclass
class Workshop:
    """What all jobs of a process share; each part is loaded when it is first needed."""

    settings: Settings
    load_mind: Callable[[Settings], Mind]
    load_ears: Callable[[Settings], Ears]
    audio_folder: Path | None = None
    """Where playable copies of recordings go; ``None`` keeps none."""
    ledger: Ledger | None = None
    """What the calls of the batch are to each other; ``None`` judges each by itself."""
    shelf: Shelf | None = None
    """Where recordings wait that other calls may concern."""

    @cached_property
    def mind(self) -> Mind:
        """Rules, scorecard, tone."""
        return self.load_mind(self.settings)

    @cached_property
    def ears(self) -> Ears:
        """The speech models."""
        return self.load_ears(self.settings)

    @cached_property
    def own_numbers(self) -> frozenset[str] | None:
        """The institution's numbers, where the settings name a list."""
        listed = self.settings.detect.cli_whitelist
        return load_numbers(self.settings.path(listed)) if listed else None

    @property
    def history(self) -> History | None:
        """What is known of other calls so far."""
        return self.ledger.history if self.ledger else None


@dataclass(frozen=True)
class _Job:
    """What jobs of both kinds share."""

    call: Call
    workshop: Workshop

    def refuse(self, reason: str) -> CallReport:
        """The report of a call that cannot be judged."""
        return refuse(self.call, reason, self.workshop.mind, self.workshop.settings)


@dataclass(frozen=True)
class RecordingJob(_Job):
    """A recorded call."""

    @property
    def file(self) -> str | None:
        """The recording's file name."""
        return self.call.recording.path.name if self.call.recording else None

    def run(self) -> CallReport:
        """Listen, keep a playable copy, judge."""
        shop = self.workshop
        heard = hear(self.call, shop.ears, shop.settings)
        if shop.audio_folder is not None:
            write_playable(heard.audio, shop.audio_folder / f"{file_stem(self.call.call_id)}.wav")
        if shop.ledger and shop.shelf and shop.ledger.may_concern(self.call.call_id):
            shop.shelf.keep(self.call.call_id, heard)
        return self._judge(heard)

    def again(self) -> CallReport:
        """Judge what was heard before.

        Raises:
            StoreError: it was not kept.
        """
        if self.workshop.shelf is None:
            raise StoreError(f"call {self.call.call_id} was not kept")
        return self._judge(self.workshop.shelf.take(self.call.call_id))

    def _judge(self, heard: Heard) -> CallReport:
        shop = self.workshop
        return judge(
            self.call,
            heard.transcript,
            shop.mind,
            shop.settings,
            audio=heard.audio,
            listened_by=shop.ears.identities,
            history=shop.history,
        )


@dataclass(frozen=True)
class TranscriptJob(_Job):
    """A call whose words are given; they are read when its turn comes."""

    source: TranscriptSource

    @property
    def file(self) -> str | None:
        """The transcript's file name."""
        return self.source.path.name

    def run(self) -> CallReport:
        """Read and judge."""
        shop = self.workshop
        call, transcript = read_transcript(self.source)
        return judge(
            compared(call, shop.own_numbers), transcript, shop.mind, shop.settings, history=shop.history
        )

    def again(self) -> CallReport:
        """Read and judge once more."""
        return self.run()
