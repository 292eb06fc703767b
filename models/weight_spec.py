"""What ``configs/models.toml`` says of each weight: records and their parsing."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKAGE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.+!]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageMember:
    """A file inside a pip package: ``member`` is its path in the package, with ``/``."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file of a weight.

    Attributes:
        name: file name in the cache folder.
        sha256: digest that the content must have; ``None`` only for hub files whose digest is
            recorded when they are pulled.
        size: bytes, ``None`` with an unknown digest.
        parts: package members whose bytes, joined in order, are the file; empty for hub files.
    """

    name: str
    sha256: str | None
    size: int | None
    parts: tuple[PackageMember, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSource:
    """A repository on the model hub."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSpec:
    """One weight of the catalogue. An ``optional`` one is prepared only when its packages were fetched."""

    name: str
    title: str
    licence: str
    source: str
    files: tuple[WeightFile, ...]
    hub: HubSource | None = None
    optional: bool = False

    @property
    def packages(self) -> tuple[str, ...]:
        """The pip requirements that carry the files, each once, in order."""
        return tuple(dict.fromkeys(f"{p.package}=={p.version}" for f in self.files for p in f.parts))


def read_specs(path: Path) -> tuple[WeightSpec, ...]:
    """Parse the catalogue.

    Raises:
        ConfigError: the file cannot be read or an entry is malformed; the message names the entry.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    specs = []
    for name, entry in document.items():
        try:
            specs.append(_spec(name, entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: {name}: {type(error).__name__}: {error}") from error
    return tuple(specs)


def _spec(name: str, entry: dict[str, Any]) -> WeightSpec:
    hub = HubSource(**entry["hub"]) if "hub" in entry else None
    spec = WeightSpec(
        name=_plain_name(name),
        title=entry["title"],
        licence=entry["licence"],
        source=entry["source"],
        files=tuple(_file(f, on_hub=hub is not None) for f in entry["files"]),
        hub=hub,
        optional=bool(entry.get("optional", False)),
    )
    unknown = set(entry) - {"title", "licence", "source", "files", "hub", "optional"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    return spec


def _file(entry: dict[str, Any], *, on_hub: bool) -> WeightFile:
    unknown = set(entry) - {"name", "sha256", "size", "parts"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    sha256 = entry.get("sha256")
    if sha256 is None and not on_hub:
        raise ValueError(f"{entry['name']}: a packaged file needs its sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise ValueError(f"{entry['name']}: sha256 is not 64 lower-case hex digits")
    parts = tuple(_member(p) for p in entry.get("parts", ()))
    if not parts and not on_hub:
        raise ValueError(f"{entry['name']}: no parts and no hub")
    return WeightFile(name=_plain_name(entry["name"]), sha256=sha256, size=entry.get("size"), parts=parts)


def _member(entry: dict[str, str]) -> PackageMember:
    match = _PACKAGE.fullmatch(entry["package"])
    if match is None:
        raise ValueError(f"package {entry['package']!r} is not name==version")
    return PackageMember(package=match["name"], version=match["version"], member=entry["member"])


def _plain_name(name: str) -> str:
    """A file name, or a path of them, that stays inside its folder, or :class:`ValueError`."""
    if not all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", part) for part in name.split("/")):
        raise ValueError(f"{name!r} is not a plain file name")
    return name
