"""The formats that can be imported, and an import as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pipeline.detect.importers import alibaba_rules, contact_lens, transcribe
from pipeline.detect.importers.draft import Note, Where
from pipeline.detect.importers.trial import compiled
from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.detect.importers.alibaba import MinusOne
    from pipeline.detect.importers.draft import DraftPack, Imported
    from pipeline.detect.schema import Kind

Format = Literal["alibaba", "contact-lens", "transcribe"]


def import_file(
    form: Format, path: Path, *, minus_one: MinusOne = "any", kind: Kind = "violation"
) -> Imported:
    """Read rules of another product.

    Every rule that comes out compiles; one that does not is listed as lost.

    Args:
        form: which product.
        path: its JSON.
        minus_one: for ``alibaba``, what ``anchor.hit_time`` -1 means.
        kind: for the others, what a rule is here.

    Raises:
        RulePackError: the file cannot be read or is none of this format.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulePackError(f"{path}: cannot be read as UTF-8 text") from error
    try:
        if form == "alibaba":
            return checked(alibaba_rules.import_rules(text, minus_one=minus_one))
        if form == "contact-lens":
            return checked(contact_lens.import_rules(text, kind=kind))
        return checked(transcribe.import_rules(text, kind=kind))
    except RulePackError as error:
        raise RulePackError(f"{path.name}: {error}") from error
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        raise RulePackError(
            f"{path.name}: a value has another form than documented ({type(error).__name__}: {error})"
        ) from error


def checked(imported: Imported) -> Imported:
    """Without the rules that do not compile, and packs that are empty without them."""
    notes = list(imported.notes)
    packs = tuple(pack for p in imported.packs if (pack := _compiling(p, notes)).rules)
    return replace(imported, packs=packs, notes=tuple(notes))


def _compiling(pack: DraftPack, notes: list[Note]) -> DraftPack:
    kept = []
    for rule in pack.rules:
        try:
            compiled(rule)
        except RulePackError as error:
            notes.append(Note(where=Where(rule=rule["rule"]), parameter="", how="lost", why=str(error)))
        else:
            kept.append(rule)
    return replace(pack, rules=tuple(kept))
