"""Small rule books for tests."""

from datetime import date
from pathlib import Path

import yaml

from pipeline.detect.rulebook import load_rulebook
from pipeline.metadata import CallMetadata
from pipeline.types import Call, Role, Transcript, Turn

WORDS = {"sent": ["人", "兄弟"], "beat": ["揍", "收拾"]}
CONTEXTS = {"contexts": {"negated": [{"scope": "before", "text": "不会|没有", "ignore": "会不会"}]}}
NORM = {
    "id": "law_1",
    "title": "某法第一条",
    "document": "某法",
    "article": "第一条",
    "quote": "不得以言语伤人",
    "rank": "law",
    "kind": "ban",
    "in_force_from": date(2020, 1, 1),
    "in_force_to": None,
    "checked": "recalled",
    "dates_checked": "recalled",
    "source": "made for tests",
}
NORMS = {"norms": [NORM]}
EXAMPLES = {"must_hit": ["unused"], "must_not_hit": ["unused"]}


def rule(**fields):
    base = {
        "rule": "threat",
        "title": "威胁",
        "severity": "critical",
        "norms": ["law_1"],
        "reason": "坐席威胁：「{quote}」",
        "examples": EXAMPLES,
    }
    return {**base, **fields}


def write_pack(folder: Path, *rules, **pack):
    folder.mkdir(exist_ok=True)
    dump(folder / "words.yaml", WORDS)
    dump(folder / "contexts.yaml", CONTEXTS)
    dump(folder.parent / "norms.yaml", NORMS)
    content = {"pack": "test", "version": "1", "kind": "violation", "rules": list(rules), **pack}
    return dump(folder / "pack.yaml", content)


def dump(path: Path, content):
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def load(folder: Path):
    return load_rulebook(folder, folder.parent / "norms.yaml")


def book_of(tmp_path: Path, *rules, **pack):
    write_pack(tmp_path / "rules", *rules, **pack)
    return load(tmp_path / "rules")


def call(**metadata):
    return Call(call_id="c-1", metadata=CallMetadata.model_validate(metadata))


def dialogue(*lines, role_confidence=1.0, asr_confidence=None):
    """Turns from ``("a", text)`` and ``("c", text)``."""
    roles = {"a": Role.AGENT, "c": Role.CUSTOMER, "u": Role.UNKNOWN, "s": Role.SYSTEM}
    turns = tuple(
        Turn(
            index=i,
            role=roles[who],
            role_confidence=role_confidence,
            text=text,
            asr_confidence=asr_confidence,
        )
        for i, (who, text) in enumerate(lines)
    )
    return Transcript(turns=turns)
