"""Checks of the fields that manifests and transcript files share: ``call_id`` and the metadata."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.metadata import PERSONAL_FIELDS, CallMetadata

CALL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What a ``call_id`` may look like: it becomes a file name."""

_PHONE_LIKE: Final = re.compile(r"[0-9]{7}")
_DIGEST_PREFIX: Final = "rec-"
_SHOWN: Final = 40
_WRITTEN_TIMES: Final = (
    re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII),
    re.compile(
        r"(\d{4})年(\d{1,2})月(\d{1,2})日\s*(\d{1,2})[:：时](\d{1,2})(?:分?|[:：分](\d{1,2})秒?)", re.ASCII
    ),
    re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})", re.ASCII),
)
"""Times as spreadsheets, people and diallers write them: year, month, day, hour, minute, second."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; ``reason`` goes to ``quarantine.jsonl``."""

    field: str
    text: str
    reason: str | None = None


class FieldsError(ValueError):
    """Some fields of a row or file are wrong; ``problems`` holds all of them, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.text}" for problem in self.problems))

    @property
    def reason(self) -> str | None:
        """The reason that all problems share, if they do."""
        reasons = {problem.reason for problem in self.problems}
        return reasons.pop() if len(reasons) == 1 else None


def check_call_id(value: object) -> str:
    """A usable ``call_id``; whole numbers are taken as text.

    Raises:
        FieldsError: it is missing or has other characters. The message does not quote it, since it
            may be a telephone number.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if text is None or text == "":
        raise FieldsError([Problem("call_id", "is missing")])
    if not isinstance(text, str) or not CALL_ID.fullmatch(text.strip()):
        raise FieldsError(
            [
                Problem(
                    "call_id",
                    "must be 1 to 128 letters, digits, dots, hyphens or underscores, a letter or digit first",
                )
            ]
        )
    return text.strip()


def check_metadata(values: Mapping[str, Any]) -> CallMetadata:
    """Validate the metadata of a call; fields that nobody knows are kept.

    Raises:
        FieldsError: values are wrong; all of them are named, those of a person without the value.
    """
    known = {name: _iso_time(value) if name == "started_at" else value for name, value in values.items()}
    try:
        return CallMetadata.model_validate(known)
    except ValidationError as error:
        raise FieldsError(_problem(detail) for detail in error.errors(include_url=False)) from error


def safe_name(name: str) -> str:
    """``name`` where it can be a ``call_id``, else a digest of it.

    Diallers put telephone numbers into names, so one with seven digits in a row is no id; neither is
    one that looks like a digest of ours.
    """
    if CALL_ID.fullmatch(name) and not _PHONE_LIKE.search(name) and not name.startswith(_DIGEST_PREFIX):
        return name
    return digest_name(name)


def digest_name(name: str, *, length: int = 12) -> str:
    """An id that says nothing of the name: ``rec-`` and ``length`` hexadecimal digits."""
    return _DIGEST_PREFIX + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:length]


def show(value: object) -> str:
    """A short form of a value, for messages about fields that are not personal."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _problem(detail: ErrorDetails) -> Problem:
    field = str(detail["loc"][0]) if detail["loc"] else "row"
    # the one validator of ours that raises is that of times, and its text quotes the value
    if detail["type"] == "value_error":
        text = "Input should be a date with the time of day, as in ISO 8601"
    elif detail["type"] == "bool_parsing":
        text = "Input should be true or false"
    else:
        text = detail["msg"]
    shown = "" if field in PERSONAL_FIELDS else f" (got {show(detail['input'])})"
    return Problem(field, text + shown)


def _iso_time(value: Any) -> Any:
    """Times as spreadsheets rewrite them (``2026/3/5 9:02``) in ISO form; anything else unchanged."""
    text = value.strip() if isinstance(value, str) else ""
    match = next(filter(None, (written.fullmatch(text) for written in _WRITTEN_TIMES)), None)
    if match is None:
        return value
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second).isoformat()
    except ValueError:
        return value
