"""Gathering what an audit pack is made of: results, names, recordings, reviews, pack sets, the key."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import sqlalchemy as sa

from flows.privacy.unmasking import tell
from flows.results.opened import opened_results, source_calls
from pipeline.audit import inputs
from pipeline.audit.access import finished, log_of
from pipeline.audit.archive import Archive
from pipeline.audit.call_files import Cutting, Source
from pipeline.audit.pack import Packed, Wanted, write_pack
from pipeline.audit.selection import Found, Selection, find
from pipeline.audit.signing import SigningKey, read_key
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError
from pipeline.export.calls import result_files
from pipeline.privacy.vault import key_of
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.english import english_for
from pipeline.report.files import file_stem
from pipeline.report.pdf import find_browser, print_pdf
from pipeline.retention.holds import HoldKind, read_holds
from pipeline.review.cases import outcomes_of
from pipeline.review.ledger import read_reviewed
from pipeline.review.records import Standing
from pipeline.store.tables import calls

if TYPE_CHECKING:
    from flows.results.opened import Opened
    from pipeline.audit.archive import PackSet
    from pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOrder:
    """What is asked for.

    Attributes:
        folders: results folders.
        key: the private key; that of the settings when ``None``.
        unsigned: whether a pack without signature is wanted.
        reason: why people are shown; so ``by``: who says so.
        case: a case of legal holds (``tinghe retention hold --case``): its calls, and those of its debtors.
        pdf: a PDF of the first page is written there.
        at: the time that the pack has; now when ``None``.
    """

    folders: tuple[Path, ...]
    selection: Selection
    to: Path
    config: Path | None = None
    key: Path | None = None
    unsigned: bool = False
    unmasked: bool = False
    reason: str = ""
    by: str = ""
    clips: str = "all"
    case: str = ""
    pdf: Path | None = None
    at: datetime | None = None


@dataclass
class _Known:
    """What is known of the calls beside their results."""

    sources: dict[str, Source] = field(default_factory=dict)
    reviewed: dict[str, dict[str, str]] = field(default_factory=dict)
    packs: dict[str, PackSet] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)


def make_pack(order: PackOrder, on_call: Callable[[int], None]) -> Packed:
    """Make a pack.

    Args:
        order: what is asked for.
        on_call: is called with the number of calls, and then with 0 after each.

    Raises:
        ConfigError: a folder holds no results, no call is meant, there is no key, no reason, no browser.
        TranscriptError: a result cannot be read.
        StoreError: the pack or the access log cannot be written.
    """
    if order.unmasked and not order.reason.strip():
        raise ConfigError("--unmasked shows names and numbers of people: say why with --reason")
    if order.to.suffix.lower() != ".zip":
        raise ConfigError(f"{order.to}: the pack is a ZIP file: name it so")
    selection = _with_case(order) if order.case else order.selection
    found = find(order.folders, selection)
    known, settings = _Known(), None
    for folder in order.folders:
        with opened_results(folder, order.config) as opened:
            settings = settings or opened.settings
            _learn(opened, found, known)
    if settings is None:
        raise ConfigError("no results folder was named")
    if order.pdf is not None:
        find_browser(settings.report.browser)
    wanted = Wanted(
        selection=selection,
        found=found,
        to=order.to,
        created_at=order.at or datetime.now(UTC),
        book=rulebook_of(settings),
        sources=known.sources,
        reviewed=known.reviewed,
        packs=known.packs,
        sets=known.sets,
        key=_key(order, settings),
        mask=not order.unmasked,
        access=_announced(order, found, settings),
        language=settings.report.language,
        english=english_for(settings),
        cutting=Cutting(
            clips=order.clips,
            cover=settings.privacy.cover,
            margin_ms=settings.privacy.margin_ms,
            key=key_of(settings.privacy),
        ),
    )
    on_call(len(found.calls))
    packed = write_pack(wanted, lambda: on_call(0))
    if wanted.access is not None:
        _tell_done(order, settings, wanted, packed)
    if order.pdf is not None:
        _print(packed.to, order.pdf, settings.report.browser)
    return packed


def _with_case(order: PackOrder) -> Selection:
    """The selection with the calls of a case in it.

    Raises:
        ConfigError: no hold is of that case, or none of its calls is here.
    """
    held: set[str] = set()
    known = False
    for folder in order.folders:
        here = {unquote(path.stem) for path in result_files(folder)}
        with opened_results(folder, order.config) as opened:
            holds = [hold for hold in read_holds(opened.store) if hold.case == order.case]
            known = known or bool(holds)
            held |= here & {hold.subject for hold in holds if hold.kind is HoldKind.CALL}
            debtors = sorted({hold.subject for hold in holds if hold.kind is HoldKind.DEBTOR})
            with opened.store.transaction("cannot read the calls") as connection:
                query = sa.select(calls.c.call_id).where(calls.c.customer_id.in_(debtors))
                held |= here & set(connection.execute(query).scalars())
    if not known:
        raise ConfigError(f"no hold is of case {order.case}")
    if not held:
        raise ConfigError(f"no call of case {order.case} is here")
    return replace(order.selection, calls=order.selection.calls | held)


def _tell_done(order: PackOrder, settings: Settings, wanted: Wanted, packed: Packed) -> None:
    facts = {"sha256": packed.sha256, "calls": packed.calls}
    log = log_of(order.folders[0], settings)
    finished(log, wanted.access or "", at=datetime.now(UTC), facts=facts)


def _announced(order: PackOrder, found: Found, settings: Settings) -> str | None:
    """The digest of the line in the access log, where people are going to be shown.

    The log is that of the first folder.
    """
    if not order.unmasked:
        return None
    ids = [call.call_id for call in found.calls]
    where = order.folders[0]
    return tell(where, settings, what="audit pack", calls=ids, reason=order.reason, by=order.by)


def _key(order: PackOrder, settings: Settings) -> SigningKey | None:
    """The key that signs.

    Raises:
        ConfigError: there is none and none was waived, or it cannot be used.
    """
    if order.unsigned:
        return None
    named = settings.path(settings.audit.key) if settings.audit.key else None
    path = order.key or named
    if path is None:
        raise ConfigError(
            "an audit pack is signed: make a key (tinghe audit keygen FOLDER) and give it with --key or "
            "[audit] key, or say --unsigned"
        )
    return read_key(path, settings.audit.key_password_env, os.environ)


def _learn(opened: Opened, found: Found, known: _Known) -> None:
    """Names, sound, reviews and pack sets of the calls of a folder."""
    folder = opened.folder
    own = [call for call in found.calls if call.folder == folder]
    rows = {call.call_id: call for call in source_calls(opened)}
    archive = Archive.of(folder, opened.settings)
    by_provenance: dict[tuple[Any, ...], PackSet | None] = {}
    for call in own:
        saw, row = inputs.take(folder, call.call_id), rows.get(call.call_id)
        people = [People.of(one.metadata) for one in (saw, row) if one is not None]
        names = dict.fromkeys(name for one in people for name in one.names)
        playable = folder / "audio" / f"{file_stem(call.call_id)}.wav"
        known.sources[call.call_id] = Source(
            names=tuple(names),
            playable=playable if playable.is_file() else None,
            recording=row.recording.path if row and row.recording else None,
        )
        made_by = read_call(call.path)["provenance"]
        key = tuple(made_by[name] for name in ("rules_sha256", "config_sha256", "program"))
        if key not in by_provenance:
            by_provenance[key] = archive.that_judged(made_by)
        pack = by_provenance[key]
        if pack is not None:
            known.packs[pack.sha256] = pack
            known.sets[call.call_id] = pack.sha256
    with opened.store.transaction("cannot read the reviews") as connection:
        reviewed = read_reviewed(connection, [call.call_id for call in own])
    for call in own:
        outcomes = outcomes_of(read_call(call.path), reviewed)
        known.reviewed[call.call_id] = {
            finding_id: outcome.standing.value
            for finding_id, outcome in outcomes.items()
            if outcome.standing is not Standing.OPEN
        }


def _print(pack: Path, pdf: Path, browser: str) -> None:
    """The first page of a pack as PDF."""
    with tempfile.TemporaryDirectory(prefix="tinghe-pack-") as temporary, zipfile.ZipFile(pack) as container:
        page = Path(container.extract("index.html", temporary))
        print_pdf(page, pdf, browser=browser)


def folders_of(results: Sequence[Path]) -> tuple[Path, ...]:
    """Results folders, each once, in the order named."""
    return tuple(dict.fromkeys(path.absolute() for path in results))
