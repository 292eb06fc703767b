"""When debts were settled: a file from the lender, for periods that end only then.

CSV with the columns ``customer_id`` (as in the manifest), ``settled_at`` (a day) and, where a debtor may owe
to several, ``lender``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError
from pipeline.rows import read_csv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REQUIRED = ("customer_id", "settled_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlements:
    """Days of settlement by debtor; each with the lender, ``None`` for any."""

    by_debtor: Mapping[str, tuple[tuple[date, str | None], ...]] = field(default_factory=dict)

    def since(self, debtor: str | None, lender: str | None, day: date) -> date | None:
        """The first day, from ``day`` on, on which the debt was settled; ``None`` while it is not.

        A debt that was settled before the call is another one. A settlement with one lender says nothing
        of a call whose lender is not known.
        """
        if debtor is None:
            return None
        found = (
            settled
            for settled, owed_to in self.by_debtor.get(debtor, ())
            if settled >= day and owed_to in (None, lender)
        )
        return min(found, default=None)


def read_settlements(path: Path) -> Settlements:
    """Read the file.

    Raises:
        ConfigError: it cannot be read, or a row is wrong; the message names file, line and field and
            quotes nothing.
    """
    found: dict[str, list[tuple[date, str | None]]] = {}
    for row in read_csv(path, required=_REQUIRED):
        where = f"{path.name}: line {row.line}"
        if row.problem is not None:
            raise ConfigError(f"{where}: {f'{row.column}: ' if row.column else ''}{row.problem}")
        for name in _REQUIRED:
            if not str(row.values.get(name) or "").strip():
                raise ConfigError(f"{where}: {name}: is missing")
        try:
            day = date.fromisoformat(str(row.values["settled_at"]).strip())
        except ValueError:
            raise ConfigError(f"{where}: settled_at: no day such as 2026-03-05") from None
        lender = str(row.values.get("lender") or "").strip() or None
        found.setdefault(str(row.values["customer_id"]).strip(), []).append((day, lender))
    return Settlements(by_debtor={debtor: tuple(days) for debtor, days in found.items()})
