"""What calls were judged with, kept: rules, norms, scorecard, policy, corpora, lexicons, settings.

A *pack set* names every file of the configuration by its SHA-256, the settings that can change a result, and
what else a report depends on: version and digest of the program, versions of packages, identities of models.
Sets and files are kept by their digests, each once however many nights used it::

    packs/used.jsonl             a line a run: when, which set; chained (pipeline.chain)
    packs/sets/<sha256>.json     a set
    packs/files/<sha256>.gz      a file

Weights are not kept: ``models.toml`` in the set has their digests. Nor is the program: where another version
judges, a report may come out otherwise, and :mod:`flows.results.replaying` says that this may be why.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.batch.keys import Basis, judging_code_sha256, judging_versions
from pipeline.chain import Chain
from pipeline.errors import ConfigError, StoreError
from pipeline.metadata import CHINA
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem, write_atomically
from pipeline.settings import CONFIGS, NOT_IN_RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.settings import Settings

FOLDER: Final = "packs"
INDEX: Final = "used.jsonl"
FORM: Final = "tinghe.packs/1"
SET_FORM: Final = "tinghe.packset/1"
NAMED: Final = ("detect.rules", "detect.norms", "score.scorecard", "opinion.policy")
"""Settings that name files which judging reads; they may lie outside the ``configs`` folder."""
_NOT_KEPT: Final = frozenset({"laws", "locales", "profiles", "prefect.yaml", "retention.yaml"})
"""What lies in ``configs`` and is not read when a call is judged; laws are quoted by their titles."""
_LEVEL: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSet:
    """What a run judged with.

    Attributes:
        sha256: of the set itself.
        content: the set, see :func:`describe`.
    """

    sha256: str
    content: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that can change a result, by section."""
        settings: Mapping[str, Any] = self.content["settings"]
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A run that judged calls.

    Attributes:
        at: when it ended.
        pack: digest of the set that it used.
        rules_sha256: as in the provenance of its reports; so ``config_sha256`` and ``program``.
    """

    at: datetime
    pack: str
    rules_sha256: str
    config_sha256: str
    program: str

    @property
    def day(self) -> date:
        """The day in China."""
        return self.at.astimezone(CHINA).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A folder of pack sets, which many results folders may share."""

    folder: Path

    @classmethod
    def of(cls, results: Path, settings: Settings) -> Archive:
        """The archive of a results folder."""
        return cls(folder=results / (settings.audit.archive or FOLDER))

    @property
    def index(self) -> Chain:
        """Which run used which set."""
        return Chain(path=self.folder / INDEX, form=FORM, mode=0o600, unfinished="the next run goes on")

    def keep(
        self, settings: Settings, provenance: Mapping[str, Any], *, batch_id: str, at: datetime
    ) -> PackSet:
        """Keep what a run judged with, and write that it did.

        Args:
            settings: those of the run.
            provenance: of any of its reports, as in the call's JSON.
            batch_id: which results they are.
            at: now.

        Raises:
            StoreError: the archive cannot be written, or its index is broken.
        """
        files = _files(settings)
        content = describe(settings, provenance, {name: _sha256(path) for name, path in files.items()})
        text = _text(content)
        made = PackSet(sha256=hashlib.sha256(text).hexdigest(), content=content)
        for name, sha256 in content["files"].items():
            self._keep_file(files[name], sha256)
        place = self._set(made.sha256)
        if not place.exists():
            write_atomically(place, text, mode=0o600)
        line = {
            "at": at.isoformat(timespec="seconds"),
            "batch": batch_id,
            "pack": made.sha256,
            "rules_sha256": provenance["rules_sha256"],
            "config_sha256": provenance["config_sha256"],
            "program": provenance["program"],
        }
        self.index.append_repaired([line], {"at": line["at"], "batch": None})
        return made

    def uses(self) -> tuple[Use, ...]:
        """Every run, the first one first; none where there is no archive.

        Raises:
            StoreError: the index cannot be read or was changed.
        """
        return tuple(
            Use(
                at=datetime.fromisoformat(line["at"]),
                pack=line["pack"],
                rules_sha256=line["rules_sha256"],
                config_sha256=line["config_sha256"],
                program=line["program"],
            )
            for line in self.index.read()
            if line["batch"] is not None
        )

    def as_of(self, day: date) -> PackSet:
        """The set in force on a day: the one that was used last on it or before it.

        Raises:
            ConfigError: nothing is kept of that time.
            StoreError: the archive cannot be read.
        """
        uses = self.uses()
        last = next((use for use in reversed(uses) if use.day <= day), None)
        if last is None:
            first = f"; the first was used on {uses[0].day}" if uses else ""
            raise ConfigError(f"{self.folder}: no rules are kept that were used up to {day}{first}")
        return self.read(last.pack)

    def that_judged(self, provenance: Mapping[str, Any]) -> PackSet | None:
        """The set of a report's provenance, that of its program version first; ``None`` when it is not kept.

        Raises:
            StoreError: the archive cannot be read.
        """
        names = ("rules_sha256", "config_sha256")
        like = [use for use in self.uses() if all(getattr(use, n) == provenance[n] for n in names)]
        like.sort(key=lambda use: use.program == provenance["program"])
        return self.read(like[-1].pack) if like else None

    def read(self, sha256: str) -> PackSet:
        """A set by its digest.

        Raises:
            StoreError: it is not there or not what it was.
        """
        path = self._set(sha256)
        try:
            text = path.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error
        if hashlib.sha256(text).hexdigest() != sha256:
            raise StoreError(f"{path}: it was changed")
        return PackSet(sha256=sha256, content=json.loads(text))

    def unpack(self, pack: PackSet, to: Path) -> None:
        """Write the files of a set into a folder, as they lay in ``configs``.

        Raises:
            StoreError: a file is not there or not what it was, or cannot be written.
        """
        for name, sha256 in pack.content["files"].items():
            path = self._file(sha256)
            try:
                content = gzip.decompress(path.read_bytes())
            except (OSError, EOFError, zlib.error) as error:
                raise StoreError(f"cannot read {path}: {type(error).__name__}") from error
            if hashlib.sha256(content).hexdigest() != sha256:
                raise StoreError(f"{path}: it was changed")
            target = to / name
            if not target.resolve().is_relative_to(to.resolve()):
                raise StoreError(f"{self._set(pack.sha256)}: a file would lie outside its folder")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            except OSError as error:
                raise StoreError(f"cannot write {target}: {error.strerror}") from error

    def _keep_file(self, path: Path, sha256: str) -> None:
        place = self._file(sha256)
        if place.exists():
            return
        content = _bytes(path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreError(f"{path}: changed while it was read")
        write_atomically(place, gzip.compress(content, compresslevel=_LEVEL, mtime=0), mode=0o600)

    def _set(self, sha256: str) -> Path:
        return self.folder / "sets" / f"{sha256}.json"

    def _file(self, sha256: str) -> Path:
        return self.folder / "files" / f"{sha256}.gz"


def keep_packs(
    results: Path,
    settings: Settings,
    basis: Basis,
    calls: Iterable[str],
    *,
    batch_id: str,
    anew: bool,
    at: datetime,
) -> PackSet | None:
    """Keep what a run judged with.

    Args:
        results: the results folder.
        settings: those of the run.
        basis: what the run began with.
        calls: ids of calls that it judged.
        batch_id: of the folder.
        anew: whether any were judged now. If not, all are as this configuration has them, and the set is kept
            only where none is yet: an earlier run may have died before it could.
        at: now.

    Returns:
        The set; ``None`` when there is nothing to keep, or when the configuration changed while the run went
        on: nobody can say then what judged.

    Raises:
        StoreError: the archive cannot be written.
    """
    archive = Archive.of(results, settings)
    if not anew and archive.index.path.exists():
        return None
    paths = (results / "calls" / f"{file_stem(call_id)}.json" for call_id in sorted(calls))
    judged = next((path for path in paths if path.is_file()), None)
    if judged is None or Basis.of(settings).configuration != basis.configuration:
        return None
    return archive.keep(settings, read_call(judged)["provenance"], batch_id=batch_id, at=at)


def describe(settings: Settings, provenance: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """A pack set as JSON types.

    Args:
        settings: those of the run.
        provenance: of any of its reports.
        files: SHA-256 of every file by its place.
    """
    return {
        "form": SET_FORM,
        "program": provenance["program"],
        "code_sha256": judging_code_sha256(),
        "packages": judging_versions(),
        "rules_sha256": provenance["rules_sha256"],
        "config_sha256": provenance["config_sha256"],
        "models": dict(sorted(provenance["models"].items())),
        "settings": settings.model_dump(mode="json", exclude=set(NOT_IN_RESULTS)),
        "named": {setting: _place(setting, settings) for setting in NAMED},
        "files": dict(sorted(files.items())),
    }


def _files(settings: Settings) -> dict[str, Path]:
    """All files that judging reads, by their place in a set."""
    found = {f"configs/{name}": path for name, path in _under(CONFIGS) if _is_kept(name)}
    for setting in NAMED:
        path, place = _path(setting, settings), _place(setting, settings)
        if not place.startswith("configs/"):
            inside = dict(_under(path)) if path.is_dir() else {"": path}
            found |= {f"{place}/{name}" if name else place: file for name, file in inside.items()}
    return found


def _under(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path


def _is_kept(name: str) -> bool:
    return name.split("/")[0] not in _NOT_KEPT


def _path(setting: str, settings: Settings) -> Path:
    section, name = setting.split(".")
    return settings.path(getattr(getattr(settings, section), name))


def _place(setting: str, settings: Settings) -> str:
    """Where a set has what a setting names: a file or a folder."""
    path = _path(setting, settings)
    inside = path.resolve().is_relative_to(CONFIGS.resolve())
    if inside and _is_kept(name := path.resolve().relative_to(CONFIGS.resolve()).as_posix()):
        return f"configs/{name}"
    return f"outside/{setting}" if path.is_dir() else f"outside/{setting}{path.suffix}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(_bytes(path)).hexdigest()


def _text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
