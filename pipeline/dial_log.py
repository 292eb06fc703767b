"""The log of a dialler: every dial, answered or not, as CSV or JSON Lines.

A line that cannot be used costs that line. What a line holds beside the columns below is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.contacts import Payment, contact_from, payment_told
from pipeline.errors import ConfigError
from pipeline.fields import FieldsError, Problem, check_call_id, check_metadata
from pipeline.rows import Row, read_csv, read_jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.types import Contact

COLUMNS: Final = (
    "started_at",
    "called_number",
    "customer_id",
    "lender",
    "agency",
    "agent_id",
    "callee_role",
    "direction",
    "connected",
    "talk_seconds",
    "cdr_talk_seconds",
    "asked_for",
    "paid_amount",
    "paid_at",
)
"""What is read of a line as metadata; beside it ``call_id`` and ``events``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLine:
    """A line that cannot be used.

    Attributes:
        line: 1-based.
        field: the column at fault, where one is.
        message: file, line, field and what is wrong; never a number or a name.
    """

    line: int
    field: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialLog:
    """The dials of a log in the order of its lines, what was told of payments, and what was lost."""

    contacts: tuple[Contact, ...]
    payments: tuple[Payment, ...] = ()
    lost: tuple[LostLine, ...] = ()


def read_dial_log(path: Path) -> DialLog:
    """Read a log.

    A dial is outbound where the log does not say.

    Raises:
        ConfigError: the file is none of both kinds, cannot be read, or lacks ``started_at``.
    """
    match path.suffix.lower():
        case ".csv":
            rows = read_csv(path, required=("started_at",), known=frozenset({*COLUMNS, "call_id", "events"}))
        case ".jsonl":
            rows = read_jsonl(path)
        case _:
            raise ConfigError(f"{path}: a dial log is a .csv or .jsonl file")
    contacts: list[Contact] = []
    payments: list[Payment] = []
    lost: list[LostLine] = []
    for row in rows:
        try:
            contact, payment = _dial(row)
        except FieldsError as error:
            field = error.problems[0].field
            lost.append(
                LostLine(
                    line=row.line,
                    field=None if field == _ROW else field,
                    message=f"{path.name}, line {row.line}: {error}",
                )
            )
            continue
        contacts.append(contact)
        payments.extend([payment] if payment else [])
    return DialLog(contacts=tuple(contacts), payments=tuple(payments), lost=tuple(lost))


_ROW: Final = "row"


def _dial(row: Row) -> tuple[Contact, Payment | None]:
    """The dial of one line, and what it tells of a payment.

    Raises:
        FieldsError: with all that is wrong with the line.
    """
    if row.problem is not None:
        raise FieldsError([Problem(row.column or _ROW, row.problem)])
    values = {name: row.values[name] for name in COLUMNS if row.values.get(name) not in (None, "")}
    metadata = check_metadata(values)
    if metadata.started_at is None:
        raise FieldsError([Problem("started_at", "is missing")])
    if metadata.called_number is None and metadata.customer_id is None:
        raise FieldsError([Problem("called_number", "and customer_id are both missing")])
    call_id = row.values.get("call_id")
    contact = contact_from(
        {**metadata.model_dump(), "direction": metadata.direction or "outbound"},
        metadata.started_at,
        call_id=None if call_id in (None, "") else check_call_id(call_id),
        events=_events(row.values.get("events")),
    )
    return contact, payment_told(metadata)


def _events(value: Any) -> list[str]:
    """``contact_refused;dispute`` or a JSON list of names.

    Raises:
        FieldsError: it is neither.
    """
    if value is None:
        return []
    names = value.replace("；", ";").replace(",", ";").split(";") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FieldsError([Problem("events", "must be names of events, joined by semicolons")])
    return [name.strip() for name in names if name.strip()]
