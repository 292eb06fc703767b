"""A results folder opened: the settings of its last run, its database, the calls of its source."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.batch.night import Order, plan
from pipeline.batch.parameters import FILE_NAME, Parameters, read_parameters
from pipeline.errors import ConfigError, TingheError
from pipeline.settings import load_settings
from pipeline.store import open_store
from pipeline.store.address import FILE_NAME as DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.settings import Settings
    from pipeline.store import Store
    from pipeline.types import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What commands about a results folder need."""

    folder: Path
    settings: Settings
    parameters: Parameters | None
    store: Store


@contextmanager
def opened_results(folder: Path, config: Path | None) -> Iterator[Opened]:
    """A results folder with its database; the settings of its last run where no others are named.

    Raises:
        ConfigError: it is no results folder, or the settings cannot be used.
        StoreError: the database cannot be opened.
    """
    parameters = read_parameters(folder)
    if parameters is None and not (folder / DATABASE).exists() and not (folder / "calls").is_dir():
        raise ConfigError(f"{folder}: is no results folder (it holds neither {FILE_NAME} nor results)")
    settings = load_settings(config or (parameters.config if parameters else None))
    store = open_store(folder, settings.store, os.environ)
    try:
        yield Opened(folder=folder, settings=settings, parameters=parameters, store=store)
    finally:
        store.close()


def source_calls(found: Opened) -> tuple[Call, ...]:
    """The calls that the folder was made from, in order; none where the source is gone."""
    if found.parameters is None:
        return ()
    order = Order(source=found.parameters.source, out=found.folder, mode=found.parameters.mode)
    try:
        jobs, _ = plan(order, found.settings)
    except (TingheError, OSError):
        return ()
    return tuple(job.call for job in jobs)
