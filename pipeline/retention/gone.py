"""The calls that later runs leave out: what was deleted is not made again from a manifest that has it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.errors import ConfigError
from pipeline.metadata import CHINA
from pipeline.retention import proof
from pipeline.retention.profiles import Item
from pipeline.retention.tables import intents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.store import Store
    from pipeline.types import Call


def gone(
    folder: Path, store: Store, calls: Iterable[Call], *, variable: str, environment: Mapping[str, str]
) -> frozenset[str]:
    """Those of some calls whose records were deleted from a results folder, or are being deleted.

    An id that is used again for a call after the period of the old one is a new call.

    Args:
        folder: the results folder.
        store: its database.
        calls: the calls of a source.
        variable: name of the environment variable with the key.
        environment: the environment.

    Raises:
        ConfigError: calls were deleted, and their proofs were made with a key that is not given.
        StoreError: the chain of proofs is broken, or cannot be read.
    """
    with store.transaction("cannot read deletions under way") as connection:
        under_way = set(connection.execute(sa.select(intents.c.subject)).scalars())
    calls = list(calls)
    found = {call.call_id for call in calls if call.call_id in under_way}
    if not (folder / proof.FILE_NAME).exists():
        return frozenset(found)
    lines = [line for line in proof.read(folder) if Item.RECORDS.value in line["items"]]
    if not lines:
        return frozenset(found)
    key = proof.find_key(folder, variable, environment)
    if key is None or any(line["key"] != key.identity for line in lines):
        raise ConfigError(
            f"calls were deleted from {folder}, and which they were cannot be told: "
            f"set {variable} to the key of {proof.FILE_NAME}"
        )
    kept_to = {line["call"]: date.fromisoformat(line["kept_to"]) for line in lines if line["kept_to"]}
    deleted = {line["call"] for line in lines}
    for call in calls:
        name = key.of(call.call_id)
        if name in deleted and not _is_later(call, kept_to.get(name)):
            found.add(call.call_id)
    return frozenset(found)


def _is_later(call: Call, kept_to: date | None) -> bool:
    started = call.metadata.started_at
    return started is not None and kept_to is not None and started.astimezone(CHINA).date() > kept_to
