"""Which calls there are, and what is known of them: a manifest or a folder of recordings.

Every row ends up as a call or as a quarantine record with its line and field; none is lost and
none stops the others.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from pipeline.audio.raw import parse_raw_format
from pipeline.errors import ConfigError, ManifestError
from pipeline.fields import FieldsError, Problem, check_call_id, check_metadata, digest_name, safe_name, show
from pipeline.metadata import KNOWN_FIELDS, CallMetadata
from pipeline.places import Source, Url
from pipeline.rows import Row, read_csv, read_jsonl
from pipeline.types import Call, Quarantined, Recording, Role

MANIFEST_NAMES: Final = ("manifest.csv", "manifest.jsonl")

RAW_EXTENSIONS: Final = {
    **{".alaw": "alaw", ".al": "alaw", ".ulaw": "mulaw", ".ul": "mulaw", ".mulaw": "mulaw"},
    **{".gsm": "gsm", ".sln": "s16le"},  # as Asterisk writes them
}
"""In a folder without a manifest the name is the only declaration that headerless sound can have."""

RECORDING_EXTENSIONS: Final = frozenset(
    {
        *(".wav", ".mp3", ".amr", ".awb", ".3gp", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".flac"),
        *(".wma", ".asf", ".webm", ".mka", ".mkv", ".au", *RAW_EXTENSIONS),
        # recordings that cannot be decoded: planned, so that they are quarantined by name, not overlooked
        *(
            ".silk",
            ".vox",
            ".nmf",
            ".v3",
            ".g729",
            ".pcm",
            ".raw",
            ".aif",
            ".aiff",
            ".caf",
            ".w64",
        ),
    }
)
"""What counts as a recording in a folder without a manifest, in lower case."""

T = TypeVar("T")

_OWN_COLUMNS: Final = frozenset({"call_id", "file", "channel_roles", "raw_format"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a source holds: the calls in order, and the rows that are none."""

    calls: tuple[Call, ...]
    rejected: tuple[Quarantined, ...] = ()


def plan_recordings(source: Source) -> Plan:
    """Read a manifest (``.csv``, ``.jsonl``), the manifest in a folder, or a folder of recordings.

    Of a source at a URL the manifest is copied for as long as it is read. Whether the recordings exist is
    not asked here; decoding tells.

    Raises:
        ConfigError: the source does not exist, cannot be read, or holds nothing that could be planned.
        StoreError: the URL cannot be reached.
    """
    if isinstance(source, Url):
        return _plan_url(source)
    if source.is_dir():
        manifests = [source / name for name in MANIFEST_NAMES if (source / name).is_file()]
        if len(manifests) > 1:
            raise ConfigError(f"{source}: holds {' and '.join(MANIFEST_NAMES)}; name the one to use")
        return _plan_manifest(manifests[0]) if manifests else _plan_folder(source)
    if not source.is_file():
        raise ConfigError(f"{source}: no such file or folder")
    return _plan_manifest(source)


def _plan_url(source: Url) -> Plan:
    if source.suffix in (".csv", ".jsonl"):
        return _plan_manifest_at(source)
    files = source.files()
    manifests = [name for name in MANIFEST_NAMES if PurePosixPath(name) in files]
    if len(manifests) > 1:
        raise ConfigError(f"{source}: holds {' and '.join(MANIFEST_NAMES)}; name the one to use")
    if manifests:
        return _plan_manifest_at(source / manifests[0])
    return _plan_files(source, [file for file in files if _is_recording(file)])


def _plan_manifest_at(source: Url) -> Plan:
    with TemporaryDirectory(prefix="tinghe-") as folder:
        copy = Path(folder, source.name)
        if not source.fetch(copy):
            raise ConfigError(f"{source}: no such file")
        return _plan_manifest(copy, base=source.parent)


def _plan_manifest(path: Path, *, base: Source | None = None) -> Plan:
    """The calls of a manifest; recordings lie under ``base``, or else beside it."""
    match path.suffix.lower():
        case ".csv":
            rows = read_csv(path, required=("call_id", "file"), known=_OWN_COLUMNS | KNOWN_FIELDS)
        case ".jsonl":
            rows = read_jsonl(path)
        case _:
            raise ConfigError(f"{path}: a manifest is a .csv or .jsonl file")
    calls: list[Call] = []
    errors: list[tuple[str | None, ManifestError]] = []
    first_lines: dict[str, int] = {}
    for row in rows:
        call_id = _call_id_of(row.values)
        try:
            calls.append(_call(row, path.name, base or path.parent, first_lines))
        except ManifestError as error:
            errors.append((call_id, error))
        if call_id is not None:
            first_lines.setdefault(call_id, row.line)
    rejected = tuple(_quarantined(call_id, error, path, first_lines) for call_id, error in errors)
    return Plan(calls=tuple(calls), rejected=rejected)


def _call_id_of(values: Mapping[str, Any]) -> str | None:
    try:
        return check_call_id(values.get("call_id"))
    except FieldsError:
        return None


def _quarantined(
    call_id: str | None, error: ManifestError, path: Path, first_lines: Mapping[str, int]
) -> Quarantined:
    """The record of a bad row, under an id that no other row's result or record has."""
    name = call_id or f"line-{error.line}"
    if first_lines.get(name, error.line) != error.line:
        name = f"{name}#line-{error.line}"
    return Quarantined(
        call_id=name,
        reason=error.reason,
        message=str(error),
        file=path.name,
        line=error.line,
        field=error.field,
    )


def _call(row: Row, name: str, base: Source, first_lines: Mapping[str, int]) -> Call:
    """The call of one row.

    Raises:
        ManifestError: with all that is wrong with the row in its message.
    """
    if row.problem is not None:
        where = f"{row.column}: " if row.column else ""
        raise ManifestError(f"{name}, line {row.line}: {where}{row.problem}", line=row.line, field=row.column)
    problems: list[Problem] = []
    call_id = _checked(problems, lambda: _unique_call_id(row.values.get("call_id"), first_lines))
    file = _checked(problems, lambda: _relative_file(row.values.get("file")))
    roles = _checked(problems, lambda: parse_channel_roles(row.values.get("channel_roles")))
    raw_format = _checked(problems, lambda: _raw_format(row.values.get("raw_format")))
    rest = {name: value for name, value in row.values.items() if name not in _OWN_COLUMNS}
    metadata = _checked(problems, lambda: check_metadata(rest))
    if problems or call_id is None or file is None or metadata is None:
        error = FieldsError(problems)
        raise ManifestError(
            f"{name}, line {row.line}: {error}",
            line=row.line,
            field=problems[0].field,
            reason=error.reason,
        )
    recording = _recording(base, file, channel_roles=roles or (), raw_format=raw_format)
    return Call(call_id=call_id, metadata=metadata, recording=recording, line=row.line)


def _recording(
    base: Source,
    file: PurePosixPath,
    *,
    channel_roles: tuple[Role, ...] = (),
    raw_format: str | None = None,
) -> Recording:
    """The recording of a file under ``base``."""
    path, url = (Path(file), str(base / file)) if isinstance(base, Url) else (base / file, "")
    return Recording(path=path, channel_roles=channel_roles, raw_format=raw_format, url=url)


def _checked(problems: list[Problem], check: Callable[[], T]) -> T | None:
    """The result of a check, or ``None`` with its problems added to the list."""
    try:
        return check()
    except FieldsError as error:
        problems.extend(error.problems)
        return None


def _unique_call_id(value: object, first_lines: Mapping[str, int]) -> str:
    call_id = check_call_id(value)
    if call_id in first_lines:
        text = f"stands in line {first_lines[call_id]} already; the first row is used"
        raise FieldsError([Problem("call_id", text, "duplicate_call_id")])
    return call_id


def _relative_file(value: object) -> PurePosixPath:
    """A path under the manifest's folder; backslashes are Windows separators.

    Raises:
        FieldsError: it is missing, absolute, leaves the folder, or is no path at all.
    """
    if value is None or value == "":
        raise FieldsError([Problem("file", "is missing")])
    if not isinstance(value, str) or _CONTROL.search(value):
        raise FieldsError([Problem("file", "is not the path of a file")])
    text = value.strip()
    path = posixpath.normpath(text.replace("\\", "/"))
    if path.startswith("/") or PureWindowsPath(text).drive or "://" in text:
        problem = "must be relative to the manifest; link the folder of recordings next to it"
        raise FieldsError([Problem("file", problem, "unsafe_path")])
    if path == ".." or path.startswith("../"):
        raise FieldsError([Problem("file", "leaves the folder of the manifest", "unsafe_path")])
    return PurePosixPath(path)


def parse_channel_roles(value: object) -> tuple[Role, ...]:
    """Read ``agent,customer`` or ``customer,agent`` (or a JSON list of the two); empty when not known.

    Raises:
        FieldsError: anything else.
    """
    if value is None or value == "" or value == []:
        return ()
    parts = value.replace("，", ",").split(",") if isinstance(value, str) else value
    names = [str(part).strip().lower() for part in parts] if isinstance(parts, list) else []
    if sorted(names) != [Role.AGENT, Role.CUSTOMER]:
        problem = f"must be agent,customer or customer,agent (got {show(value)})"
        raise FieldsError([Problem("channel_roles", problem)])
    return tuple(Role(name) for name in names)


def _raw_format(value: object) -> str | None:
    if value is None or value == "":
        return None
    try:
        parse_raw_format(str(value))
    except ValueError as error:
        raise FieldsError([Problem("raw_format", f"{error} (got {show(value)})")]) from error
    return str(value).strip().lower()


def _plan_folder(folder: Path) -> Plan:
    return _plan_files(folder, sorted(_recordings_under(folder)))


def _plan_files(folder: Source, files: Sequence[PurePosixPath]) -> Plan:
    if not files:
        raise ConfigError(f"{folder}: holds no manifest and no recordings")
    calls = tuple(
        Call(
            call_id=call_id,
            metadata=CallMetadata(),
            recording=_recording(folder, file, raw_format=RAW_EXTENSIONS.get(file.suffix.lower())),
        )
        for call_id, file in zip(_ids_for(files), files, strict=True)
    )
    return Plan(calls=calls)


def _recordings_under(folder: Path) -> Iterator[PurePosixPath]:
    """Paths relative to ``folder``; hidden files and folders, and linked folders, are passed over."""
    for parent, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = PurePosixPath(Path(parent, name).relative_to(folder).as_posix())
            if _is_recording(file):
                yield file


def _is_recording(file: PurePosixPath) -> bool:
    """Whether a path under a source is a recording, by its ending; what is hidden is none."""
    hidden = any(part.startswith(".") for part in file.parts)
    return not hidden and file.suffix.lower() in RECORDING_EXTENSIONS


def _unreadable(error: OSError) -> None:
    raise ConfigError(f"{error.filename}: {error.strerror}") from error


def _ids_for(files: Sequence[PurePosixPath]) -> list[str]:
    """One id a file: its stem where that is safe and unique, else a digest of its relative path."""
    stems = Counter(file.stem for file in files)
    ids: list[str] = []
    taken: set[str] = set()
    for file in files:
        name, length = file.stem, 12
        if stems[name] > 1 or safe_name(name) != name:
            name = digest_name(str(file))
        while name in taken:
            length += 1
            name = digest_name(str(file), length=length)
        taken.add(name)
        ids.append(name)
    return ids
