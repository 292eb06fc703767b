"""Judging a call again as it was judged then, and comparing the bytes.

From what is kept of a call (what was heard, what the judgement saw) and the pack set of the time comes the
same report, or it is told which fields differ and what is not as it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.audit.archive import Archive, PackSet
from pipeline.batch.keys import judging_code_sha256, judging_versions
from pipeline.errors import ConfigError, EngineError, StoreError
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem
from pipeline.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

_DEADLINE_S: Final = 3600.0
_MOST_FIELDS: Final = 200
_WHY: Final = {
    "inputs": "the manifest's row and the earlier calls were not kept (a result of an earlier version)",
    "heard": "what was heard is not kept any more; the stored result has it with rounded numbers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of judging a call again.

    Attributes:
        pack: digest of the pack set; ``None`` for the configuration of today.
        identical: whether every byte is the same.
        fields: where the reports differ, as JSON pointers (RFC 6901); no values, which may quote the call.
        reasons: what is not as it was then.
        error: why it could not be judged; empty when it could.
    """

    call_id: str
    pack: str | None
    identical: bool = False
    fields: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    error: str = ""


def results_of(source: Path, ids: Sequence[str]) -> tuple[Path, list[Path]]:
    """The results folder and the call files that are meant.

    Args:
        source: a results folder, or a call's file in one.
        ids: calls of the folder; all of it when empty.

    Raises:
        ConfigError: there are none, or a call is not there.
    """
    if source.is_file():
        if ids:
            raise ConfigError(f"{source}: a call's file stands for itself; leave the ids out")
        return source.absolute().parent.parent, [source.absolute()]
    calls = source / "calls"
    if not calls.is_dir():
        raise ConfigError(f"{source}: no results here: it has no folder calls/")
    if not ids:
        return source, sorted(path for path in calls.glob("*.json") if not path.name.startswith("."))
    paths = [calls / f"{file_stem(call_id)}.json" for call_id in ids]
    missing = [call_id for call_id, path in zip(ids, paths, strict=True) if not path.is_file()]
    if missing:
        raise ConfigError(f"{calls}: no result of {', '.join(missing)}")
    return source, paths


def replay(paths: Sequence[Path], archive: Archive, settings: Settings, day: date | None) -> list[Replayed]:
    """Judge calls again.

    Args:
        paths: their results.
        archive: keeps what they were judged with.
        settings: of today, for calls whose pack set is not kept and for what changes no result.
        day: the pack set in force then is taken; that of each report itself when left out.

    Raises:
        ConfigError: nothing is kept of that day, or the configuration of the time cannot be used.
        StoreError: the archive is damaged.
        TranscriptError: a result cannot be read.
    """
    stored = {path: read_call(path) for path in paths}
    fixed = archive.as_of(day) if day else None
    groups: dict[str | None, tuple[PackSet | None, list[Path]]] = {}
    found: dict[Path, Replayed] = {}
    for path, content in stored.items():
        if content["status"] == "quarantined":
            found[path] = Replayed(call_id=content["call_id"], pack=None, error="it was never judged")
            continue
        pack = fixed or archive.that_judged(content["provenance"])
        groups.setdefault(pack.sha256 if pack else None, (pack, []))[1].append(path)
    for pack, members in groups.values():
        found |= _replayed(members, stored, pack, archive, settings)
    return [found[path] for path in paths]


def _replayed(
    paths: Sequence[Path],
    stored: Mapping[Path, Mapping[str, Any]],
    pack: PackSet | None,
    archive: Archive,
    settings: Settings,
) -> dict[Path, Replayed]:
    """The calls of one pack set, judged by one process."""
    with tempfile.TemporaryDirectory(prefix="tinghe-replay-") as temporary:
        folder = Path(temporary)
        configs: str | None = None
        named: dict[str, str] = {}
        changed: list[str] = []
        if pack is not None:
            archive.unpack(pack, folder)
            configs = str(folder / "configs")
            named = {name: str(folder / place) for name, place in pack.content["named"].items()}
            settings, changed = settings_of(pack, settings)
        answer = _ask(
            {
                "configs": configs,
                "settings": settings.model_dump(mode="json"),
                "named": named,
                "calls": [
                    {"call_id": stored[path]["call_id"], "result": str(path.absolute())} for path in paths
                ],
                "to": str(folder / "again"),
            }
        )
        return {
            path: _compared(
                path,
                folder / "again" / f"{file_stem(stored[path]['call_id'])}.json",
                answer["calls"][stored[path]["call_id"]],
                pack,
                changed,
            )
            for path in paths
        }


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    """Let a process judge.

    Raises:
        ConfigError: it cannot use the configuration.
        EngineError: it died.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "flows.results.replay_child"],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT_ROOT,
            timeout=_DEADLINE_S,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise EngineError(f"judging again took more than {_DEADLINE_S:.0f} s") from None
    except ValueError:
        raise EngineError(f"the process that judges again ended with {done.returncode}") from None
    if answer["failed"]:
        failed = answer["failed"]
        raise ConfigError(
            f"what calls were judged with then cannot be used now: ({failed['code']}) {failed['message']}"
        )
    return answer


def settings_of(pack: PackSet, today: Settings) -> tuple[Settings, list[str]]:
    """The settings of a pack set, and what is not as it was.

    A setting that there was not yet has its value of today; one that there is no more is left out.

    Raises:
        ConfigError: a value of then is not allowed any more.
    """
    values, changed = today.model_dump(mode="json"), []
    for section, content in pack.settings.items():
        for name, value in content.items():
            if name in values.get(section, {}):
                values[section][name] = value
            else:
                changed.append(f"setting {section}.{name} is no more")
    for section in pack.settings.keys() & values.keys():
        changed += [
            f"setting {section}.{name} is new"
            for name in values[section].keys() - pack.settings[section].keys()
        ]
    try:
        return Settings.model_validate(values), sorted(changed)
    except ValueError as error:
        raise ConfigError(f"the settings of then cannot be used now: {type(error).__name__}") from None


def _compared(
    then: Path, now: Path, answer: Mapping[str, Any], pack: PackSet | None, changed: Sequence[str]
) -> Replayed:
    call_id, sha256 = read_call(then)["call_id"], pack.sha256 if pack else None
    if answer["error"]:
        return Replayed(call_id=call_id, pack=sha256, error=answer["error"])
    try:
        old, new = then.read_bytes(), now.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {error.filename}: {error.strerror}") from error
    if old == new:
        return Replayed(call_id=call_id, pack=sha256, identical=True)
    before, after = json.loads(old), json.loads(new)
    fields = list(differences(before, after))
    more = [f"and {len(fields) - _MOST_FIELDS} more"] if len(fields) > _MOST_FIELDS else []
    return Replayed(
        call_id=call_id,
        pack=sha256,
        fields=(*fields[:_MOST_FIELDS], *more) or ("(only the way it is written)",),
        reasons=(
            *(_provenance(before["provenance"], after["provenance"])),
            *(_program(pack)),
            *changed,
            *(_WHY[name] for name in answer["lacking"]),
        ),
    )


def _provenance(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What reports say of what made them, where it differs."""
    for name in ("program", "rules_sha256", "config_sha256", "transcript_sha256"):
        if then[name] != now[name]:
            yield f"{name}: {then[name]} then, {now[name]} now"
    for name in sorted(then["models"].keys() | now["models"].keys()):
        if then["models"].get(name) != now["models"].get(name):
            yield f"model {name}: {then['models'].get(name)} then, {now['models'].get(name)} now"


def _program(pack: PackSet | None) -> Iterator[str]:
    """What makes a report beside the rules, where it is not as it was."""
    if pack is None:
        yield "no pack set is kept with the digests of this report: judged with the configuration of today"
        return
    if pack.content["code_sha256"] != judging_code_sha256():
        yield "the program's code is another one than then"
    versions = judging_versions()
    for name, version in sorted(pack.content["packages"].items()):
        if versions.get(name, version) != version:
            yield f"package {name}: {version} then, {versions[name]} now"


def differences(then: Any, now: Any, at: str = "") -> Iterator[str]:
    """JSON pointers to where two JSON values differ, the topmost place of each difference."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted(then.keys() | now.keys()):
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in then and name in now:
                yield from differences(then[name], now[name], place)
            else:
                yield place
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, f"{at}/{index}")
    elif then != now or type(then) is not type(now):
        yield at
