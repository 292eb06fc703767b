"""An audit pack: everything about some calls that an auditor needs, in one file that can be checked.

Every call is read once and its files go into the container at once; what is kept in memory are rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.audit import inputs, pack_view, verifier
from pipeline.audit.call_files import CallFiles, Cutting, Source, files_of
from pipeline.audit.clauses import ClauseSheet
from pipeline.audit.container import Container
from pipeline.audit.counters import Counting
from pipeline.audit.pack_tables import tables_of
from pipeline.audit.statutes import article_of, statute_of
from pipeline.metadata import CHINA, CallMetadata
from pipeline.report.call_json import read_call
from pipeline.report.english import English, shipped_english

if TYPE_CHECKING:
    from pipeline.audit.archive import PackSet
    from pipeline.audit.selection import Found, Selected, Selection
    from pipeline.audit.signing import SigningKey
    from pipeline.detect.rulebook import RuleBook
    from pipeline.report.labels import Language

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a pack is made of.

    Attributes:
        selection: what was asked for; ``found``: what that is.
        to: the ZIP file.
        created_at: the time that the pack has.
        book: the rules of today, by which clauses are counted and titled.
        sources: by call id.
        reviewed: by call id, what people said of its findings, by finding id.
        packs: the pack sets that judged the calls, by their digests.
        sets: by call id, the digest of its pack set, where one is kept.
        key: signs the pack; ``None``: it is not signed.
        access: digest of the line in the access log, where people are shown.
        english: the English of titles and reasons.
        cutting: how clips are cut.
    """

    selection: Selection
    found: Found
    to: Path
    created_at: datetime
    book: RuleBook
    sources: Mapping[str, Source] = field(default_factory=dict)
    reviewed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    packs: Mapping[str, PackSet] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    key: SigningKey | None = None
    mask: bool = True
    access: str | None = None
    language: Language = "zh"
    english: English = field(default_factory=shipped_english)
    cutting: Cutting = field(default_factory=Cutting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What came of it.

    Attributes:
        sha256: of the ZIP file.
        clips: findings with a clip; ``findings``: all that stand at a place of a recording.
        sound: calls by what became of their sound.
    """

    to: Path
    sha256: str
    calls: int
    findings: int
    clips: int
    sound: Mapping[str, int]
    fingerprint: str | None


class Gathered:
    """Rows of all calls, for pages and tables.

    Args:
        book: the rules by which clauses are counted.
    """

    def __init__(self, book: RuleBook) -> None:
        self.calls: list[pack_view.CallRow] = []
        self.findings: list[pack_view.FindingRow] = []
        self.provenance: dict[str, Mapping[str, Any]] = {}
        self.clauses = ClauseSheet(book)
        self.counting = Counting()


def write_pack(wanted: Wanted, on_call: Callable[[], None]) -> Packed:
    """Write a pack.

    Args:
        wanted: what it is made of.
        on_call: is called when a call is in it.

    Raises:
        ConfigError: it gets too large.
        TranscriptError: a result cannot be read.
        StoreError: it cannot be written.
    """
    rows = Gathered(wanted.book)
    pages = pack_view.Pages(wanted, TEMPLATES)
    with Container(wanted.to) as container:
        for call in wanted.found.calls:
            _add_call(call, wanted, rows, pages, container)
            on_call()
        for path, content in tables_of(wanted, rows, pages.written).items():
            container.add(path, content)
        for path, content in _norms(wanted, rows).items():
            container.add(path, content)
        for path, content in _versions(wanted, rows).items():
            container.add(path, content)
        container.add("verify.py", Path(verifier.__file__).read_bytes())
        container.add("README.txt", (TEMPLATES / "README.txt").read_bytes())
        container.add("index.html", pages.index(rows))
        sha256 = container.finish(_facts(wanted, rows), wanted.key)
    sound: dict[str, int] = {}
    for row in rows.calls:
        sound[row.sound] = sound.get(row.sound, 0) + 1
    return Packed(
        to=wanted.to,
        sha256=sha256,
        calls=len(rows.calls),
        findings=len(rows.findings),
        clips=sum(row.clip is not None for row in rows.findings),
        sound=dict(sorted(sound.items())),
        fingerprint=wanted.key.fingerprint if wanted.key else None,
    )


def _add_call(
    selected: Selected, wanted: Wanted, rows: Gathered, pages: pack_view.Pages, container: Container
) -> None:
    call = read_call(selected.path)
    saw = inputs.take(selected.folder, selected.call_id)
    source = wanted.sources.get(selected.call_id, Source())
    made: CallFiles = files_of(call, source, mask=wanted.mask, cutting=wanted.cutting)
    reviewed = wanted.reviewed.get(selected.call_id, {})
    row, findings = pack_view.rows_of(made, reviewed)
    rows.calls.append(row)
    rows.findings += findings
    rows.clauses.add(call, reviewed, _supplied(call, saw))
    rows.counting.add(call, saw)
    rows.provenance[made.content["call_id"]] = {
        **call["provenance"],
        "pack_set": wanted.sets.get(selected.call_id),
        "inputs_kept": saw is not None,
    }
    for path, content in made.files.items():
        container.add(path, content)
    container.add(f"{made.folder}/call.html", pages.call(made, row, findings))


def _supplied(call: Mapping[str, Any], saw: inputs.Inputs | None) -> frozenset[str]:
    """The kinds of data that a judgement had; without its inputs, what the result itself has."""
    if saw is not None:
        return frozenset(saw.supplied)
    metadata = CallMetadata.model_validate(dict(call["metadata"]))
    return frozenset(name for name, value in metadata.values.items() if value is not None)


def _norms(wanted: Wanted, rows: Gathered) -> dict[str, bytes]:
    """The clauses of the sheet with their wording, and the statutes that travel along."""
    files: dict[str, bytes] = {}
    clauses: list[dict[str, Any]] = []
    for clause, _ in rows.clauses.rows():
        norm = wanted.book.clauses.by_id.get(clause)
        if norm is None:  # judged with norms that are not those of today
            clauses.append({"id": clause, "title": None})
            continue
        statute = statute_of(norm)
        if statute is not None:
            files[f"norms/{statute.name}"] = statute.read_bytes()
        clauses.append(
            {
                **norm.model_dump(mode="json"),
                "rules": list(rows.clauses.rules_of(clause)),
                "article_text": article_of(norm),
                "statute": f"norms/{statute.name}" if statute else None,
            }
        )
    return {"norms/norms.json": _json({"norms": clauses}), **files}


def _versions(wanted: Wanted, rows: Gathered) -> dict[str, bytes]:
    """What made every report, and what those sets hold."""
    content = {
        "packed_by": f"tinghe {__version__}",
        "rules_of_today_sha256": wanted.book.sha256,
        "pack_sets": sorted(wanted.packs),
        "calls": rows.provenance,
    }
    sets = {f"versions/packs/{sha256}.json": _json(pack.content) for sha256, pack in wanted.packs.items()}
    return {"versions/versions.json": _json(content), **sets}


def _facts(wanted: Wanted, rows: Gathered) -> dict[str, Any]:
    """What the manifest says beside its files."""
    return {
        "created_at": wanted.created_at.astimezone(CHINA).isoformat(timespec="seconds"),
        "program": f"tinghe {__version__}",
        "selection": wanted.selection.as_json(),
        "calls": sorted(row.call_id for row in rows.calls),
        "masked": wanted.mask,
        "access_line": wanted.access,
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
