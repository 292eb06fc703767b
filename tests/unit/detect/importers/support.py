"""Importing, loading and judging in a few lines."""

import json

from pipeline.detect.importers.formats import checked
from tests.unit.detect.conditions.support import call_view
from tests.unit.detect.support import CONTEXTS, NORMS, WORDS, dump, load


def loaded(tmp_path, imported):
    """The rule book of the packs that came out, through the real loader."""
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    dump(folder / "words.yaml", WORDS)
    dump(folder / "contexts.yaml", CONTEXTS)
    dump(tmp_path / "norms.yaml", NORMS)
    for pack, text in checked(imported).files():
        (folder / f"{pack.name}.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def raised(book, *spoken, rule=None, **known):
    """The turns that raise a rule (``None``: the call), or what is missing to tell."""
    compiled = next(r for r in book.rules if rule in (None, r.rule.rule))
    return [r.missing or r.position for r in compiled.find(call_view(*spoken, **known))]


def told(imported, parameter, how=None):
    """The notes about a parameter."""
    return [
        note
        for note in imported.notes
        if note.parameter.split(".")[-1].lower().replace("_", "") == parameter.lower().replace("_", "")
        and how in (None, note.how)
    ]


def packs(imported):
    """The packs without the account of the import."""
    return [pack.rules for pack in imported.packs]


def as_json(content):
    return json.dumps(content, ensure_ascii=False)
