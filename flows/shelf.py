"""Where what was heard waits for a second judgement: files of this process, gone with the batch."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.report.files import file_stem

if TYPE_CHECKING:
    from types import TracebackType

    from pipeline.stages import Heard


class Shelf:
    """Transcripts and what is known of their sound, without the sound, in a folder that only we read.

    Args:
        beside: a folder on the disk to use; it must exist.

    Raises:
        StoreError: there is no room.
    """

    def __init__(self, beside: Path) -> None:
        try:
            self._folder = TemporaryDirectory(dir=beside, prefix=".heard-")
        except OSError as error:
            raise StoreError(f"cannot use {beside}: {error.strerror}") from error

    def __enter__(self) -> Shelf:
        """The shelf itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear it."""
        self._folder.cleanup()

    def keep(self, call_id: str, heard: Heard) -> None:
        """Put a call on the shelf.

        Raises:
            StoreError: it cannot be written.
        """
        silent = tuple(replace(c, samples=c.samples[:0].copy()) for c in heard.audio.channels)
        kept = replace(heard, audio=replace(heard.audio, channels=silent))
        try:
            self._place(call_id).write_bytes(pickle.dumps(kept))
        except OSError as error:
            raise StoreError(f"cannot keep call {call_id}: {error.strerror}") from error

    def take(self, call_id: str) -> Heard:
        """A call that was kept.

        Raises:
            StoreError: it is not there or cannot be read.
        """
        try:
            heard: Heard = pickle.loads(self._place(call_id).read_bytes())
        except OSError as error:
            raise StoreError(f"cannot read call {call_id} again: {error.strerror}") from error
        return heard

    def _place(self, call_id: str) -> Path:
        return Path(self._folder.name) / file_stem(call_id)
