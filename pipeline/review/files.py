"""The file that a reviewer fills in, and its form in JSON, ``tinghe.review/1``.

The workbook (:mod:`pipeline.review.book`) holds the same rows. Texts are masked like those of other exports,
at their length, so that words which a reviewer copies are found again in the call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.review.records import ReviewError
from pipeline.yaml_files import unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORM: Final = "tinghe.review/1"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FindingRow(_Row):
    """A finding, of the machine or added by a person, and what is said of it.

    Attributes:
        start: seconds into the call.
        before, after: the turns around the evidence.
        why: the machine's reason.
        earlier: what was said so far; only for a final decision.
        verdict: empty, or a word for a :class:`~pipeline.review.records.Verdict`; to be filled in, like
            ``reason``.
    """

    task: str
    call_id: str
    rule: str
    title: str = ""
    severity: str = ""
    state: str = ""
    confidence: float | None = None
    turn: int | None = None
    start: float | None = None
    speaker: str = ""
    evidence: str = ""
    before: str = ""
    after: str = ""
    why: str = ""
    norms: str = ""
    doubts: str = ""
    earlier: str = ""
    verdict: str = ""
    reason: str = ""


class CallRow(_Row):
    """A call as a whole, and what is said of it."""

    task: str
    call_id: str
    started_at: str = ""
    duration: float | None = None
    sound: str = ""
    verdict: str = ""
    reason: str = ""


class MissedRow(_Row):
    """A violation that a person found.

    Attributes:
        rule: its name; what follows a space after it is not looked at.
        turn: index of the turn; empty for the call as a whole.
        words: literal words of that turn; the whole turn where they are empty.
    """

    call_id: str = ""
    rule: str = ""
    turn: int | None = None
    words: str = ""
    reason: str = ""

    @property
    def filled(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.call_id or self.rule or self.words or self.reason or self.turn is not None)


class TurnRow(_Row):
    """What was said."""

    call_id: str
    turn: int
    start: float | None = None
    speaker: str = ""
    text: str = ""


class ReviewFile(_Row):
    """All of it.

    Attributes:
        step: ``review``, ``appeal`` or ``final``.
        person: who fills it in.
        sample: id of the sample that the calls are of; empty for none.
        blind: whether it shows nothing of what the machine said.
    """

    form: Literal["tinghe.review/1"] = FORM
    step: Literal["review", "appeal", "final"]
    person: str = Field(min_length=1)
    sample: str = ""
    blind: bool = False
    masked: bool = True
    findings: tuple[FindingRow, ...] = ()
    calls: tuple[CallRow, ...] = ()
    missed: tuple[MissedRow, ...] = ()
    turns: tuple[TurnRow, ...] = ()

    @property
    def asked(self) -> tuple[FindingRow | CallRow, ...]:
        """Everything that is to be answered."""
        return self.findings + self.calls


PARTS: Final[dict[str, type[_Row]]] = {
    "findings": FindingRow,
    "calls": CallRow,
    "missed": MissedRow,
    "turns": TurnRow,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A review file that was read, and how its places are called.

    Attributes:
        place: of part, number of the row in it from 0, and field: such as
            ``r.xlsx: sheet 复核, row 5, column 结论``.
    """

    file: ReviewFile
    place: Callable[[str, int, str], str]


def review_bytes(file: ReviewFile) -> bytes:
    """The file as JSON."""
    text = json.dumps(file.model_dump(mode="json"), ensure_ascii=False, indent=1)
    return text.encode(errors="surrogatepass") + b"\n"


def read_review(path: Path) -> Filled:
    """Read a review file in JSON.

    Raises:
        ReviewError: it cannot be read, or a field is wrong; the message names each.
    """
    try:
        file = ReviewFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReviewError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise ReviewError("\n".join(_told(path, part) for part in error.errors())) from None
    return Filled(file=file, place=lambda part, row, field: f"{path.name}: {part}[{row}].{field}")


def _told(path: Path, part: Any) -> str:
    loc = part["loc"]
    named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")
    hint = ""
    if part["type"] == "extra_forbidden":
        model: type[BaseModel] = PARTS.get(str(loc[0]), ReviewFile) if len(loc) > 1 else ReviewFile
        hint = f" {unknown_name('field', str(loc[-1]), model.model_fields)}"
    return f"{path.name}: {named or 'the file'}: {part['msg']}{hint}"
