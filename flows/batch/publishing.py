"""Where results are published, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.places import Url
from pipeline.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Settings


def published_at(base: str, results: Path) -> Url | None:
    """The folder at a URL for a results folder: of its name; ``None`` where none is wanted.

    Raises:
        ConfigError: the URL cannot be used.
    """
    return Url(base) / results.absolute().name if base else None


def publish_as_set(results: Path, settings: Settings) -> None:
    """Copy what people read to where ``[batch] publish`` says, if it does.

    Raises:
        ConfigError: the URL cannot be used.
        StoreError: it cannot be written; the results folder is complete all the same.
    """
    url = published_at(settings.batch.publish, results)
    if url is not None:
        publish(results, url)
