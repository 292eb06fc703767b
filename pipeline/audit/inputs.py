"""What a judgement saw beside what was heard, kept with its result: ``inputs/<call>.json.gz``.

The row of the manifest and the earlier calls that concern this one come from places that change: the
manifest may be gone, the history grows. With this file, what was heard (:mod:`pipeline.batch.heard`) and the
rules of the time (:mod:`pipeline.audit.archive`) the same report can be made again. It names people and is
readable by its owner only; :mod:`pipeline.retention` deletes it with the call.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from pipeline.metadata import CallMetadata
from pipeline.report.files import file_stem, write_atomically
from pipeline.types import Contact, History, PastPromise, Transcript

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = "inputs"
FORM: Final = "tinghe.inputs/1"
ENDING: Final = ".json.gz"
_QUICK: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a judgement saw.

    Attributes:
        metadata: all that was known of the call, columns that Tinghe does not know too.
        transcript: the words, where they were given as text; ``None`` for recordings.
        contacts: of the history that the call saw; so the other fields.
    """

    call_id: str
    metadata: CallMetadata
    transcript: Transcript | None = None
    contacts: tuple[Contact, ...] = ()
    promises: tuple[PastPromise, ...] = ()
    from_dial_log: bool = False
    supplied: tuple[str, ...] = ()
    form: str = FORM

    @property
    def seen(self) -> History:
        """The history that the call saw."""
        return History(
            contacts=self.contacts,
            promises=self.promises,
            from_dial_log=self.from_dial_log,
            supplied=frozenset(self.supplied),
        )


def place_of(folder: Path, call_id: str) -> Path:
    """Where the inputs of a call are kept, under the results folder."""
    return folder / FOLDER / f"{file_stem(call_id)}{ENDING}"


def keep(
    folder: Path, call_id: str, metadata: CallMetadata, seen: History, transcript: Transcript | None = None
) -> None:
    """Write what a judgement saw.

    Raises:
        StoreError: the file system refuses.
    """
    inputs = Inputs(
        call_id=call_id,
        metadata=metadata,
        transcript=transcript,
        contacts=seen.contacts,
        promises=seen.promises,
        from_dial_log=seen.from_dial_log,
        supplied=tuple(sorted(seen.supplied)),
    )
    text = _form().dump_json(inputs, exclude_defaults=True)
    packed = gzip.compress(text, compresslevel=_QUICK, mtime=0)
    write_atomically(place_of(folder, call_id), packed, mode=0o600)


def take(folder: Path, call_id: str) -> Inputs | None:
    """What was kept; ``None`` when there is none that can be used."""
    try:
        inputs = _form().validate_json(gzip.decompress(place_of(folder, call_id).read_bytes()))
    except (OSError, EOFError, zlib.error, ValidationError):
        return None
    return inputs if inputs.call_id == call_id and inputs.form == FORM else None


@cache
def _form() -> TypeAdapter[Inputs]:
    return TypeAdapter(Inputs)
