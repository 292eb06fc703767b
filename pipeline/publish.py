"""Results for those who have no access to the results folder: a copy of what they may read, at a URL.

What is copied is what people and programs read: pages, call JSONs, tables, playable sound, the quarantine.
The database, what was heard, settings, logs and keys stay where they are. A list at the URL says what is
there, so that only what changed is sent; what is gone from the results folder is removed from the URL too,
which a deletion (:mod:`pipeline.retention`) needs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.places import Url

LIST: Final = "published.json"
FORM: Final = "tinghe.published/1"
FOLDERS: Final = ("calls", "audio", "tables", "pages")
"""What comes first is linked to by what comes later."""
FILES: Final = ("quarantine.jsonl", "summary.csv", "summary.xlsx", "summary.html")

Stamp = tuple[int, int]
"""Size in bytes and time of change, nanoseconds since 1970."""
_BEING_SENT: Final[Stamp] = (-1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How many files were sent, and removed because they are gone."""

    sent: int
    removed: int


def publish(results: Path, to: Url) -> Published:
    """Make what is at a URL what is in a results folder.

    Each file is replaced as a whole. What is about to be sent is listed before, so that what a run sent that
    ended early is known, and sent again.

    Args:
        results: the results folder.
        to: a folder of its own.

    Raises:
        StoreError: a file cannot be read, or the URL cannot be written.
    """
    there = _listed(to)
    here = dict(_files(results))
    changed = [name for name, stamp in here.items() if there.get(name) != stamp]
    gone = [name for name in there if name not in here]
    if changed:
        _list(to, {**there, **dict.fromkeys(changed, _BEING_SENT)})
    for name in changed:
        try:
            content = (results / name).read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {results / name}: {error.strerror}") from error
        (to / name).put(content)
    for name in gone:
        (to / name).remove()
    if changed or gone:
        _list(to, here)
    return Published(sent=len(changed), removed=len(gone))


def _files(results: Path) -> Iterator[tuple[str, Stamp]]:
    for folder in FOLDERS:
        if (results / folder).is_dir():
            for path in sorted((results / folder).iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    yield f"{folder}/{path.name}", _stamp(path)
    for name in FILES:
        if (results / name).is_file():
            yield name, _stamp(results / name)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    return found.st_size, found.st_mtime_ns


def _list(to: Url, files: Mapping[str, Stamp]) -> None:
    (to / LIST).put(json.dumps({"form": FORM, "files": files}, ensure_ascii=False).encode())


def _listed(to: Url) -> dict[str, Stamp]:
    """What is at the URL, by the list there.

    A list that cannot be read is an error, not an empty one: then nobody would know what to remove.
    """
    try:
        content = json.loads((to / LIST).read_bytes())
        if content["form"] != FORM:
            raise ValueError(content["form"])
        return {str(name): (int(size), int(changed)) for name, (size, changed) in content["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{to}: {LIST} is not of the form {FORM}: {type(error).__name__}") from None
