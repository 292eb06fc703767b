"""Where the database of results is: in the results folder, or where ``[store] url`` says.

The password of a server never stands in a file: it comes from the environment variable that
``[store] password_env`` names. Where that is not set, PostgreSQL's own ways hold (``PGPASSWORD``,
``~/.pgpass``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from pipeline.errors import ConfigError, StoreError
from pipeline.store.results import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.settings import StoreSettings

FILE_NAME: Final = "tinghe.db"
"""The SQLite file in a results folder."""


def open_store(folder: Path, settings: StoreSettings, environment: Mapping[str, str]) -> Store:
    """Open the store of a results folder; the folder is made where it is not there.

    Raises:
        ConfigError: the settings name no database that can be used.
        StoreError: the folder cannot be made, or the database cannot be opened.
    """
    address = store_address(folder, settings, environment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot use {folder}: {error.strerror}") from error
    return Store(address)


def store_address(folder: Path, settings: StoreSettings, environment: Mapping[str, str]) -> sa.URL:
    """The URL of the store; printed, it shows no password.

    Raises:
        ConfigError: ``[store] url`` is no URL, has a password in it, or names neither SQLite nor PostgreSQL.
    """
    if not settings.url:
        return sa.URL.create("sqlite", database=str(folder / FILE_NAME))
    try:
        address = sa.make_url(settings.url)
    except (ArgumentError, ValueError):
        raise ConfigError("store.url: not a URL such as postgresql://user@host:5432/database") from None
    if address.password is not None or "password" in address.query:
        raise ConfigError(
            f"store.url: holds a password; take it out and set {settings.password_env or 'PGPASSWORD'} "
            "in the environment"
        )
    backend = address.get_backend_name()
    if backend == "sqlite":
        return address
    if backend != "postgresql":
        raise ConfigError(f"store.url: {backend}: neither sqlite nor postgresql")
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    password = environment.get(settings.password_env, "") if settings.password_env else ""
    return address.set(password=password) if password else address
