"""What English texts lack: Chinese without English, and English whose Chinese is another by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.report.english import read_english, read_file
from pipeline.yaml_files import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.coaching.guide import Guide
    from pipeline.detect.rulebook import RuleBook
    from pipeline.detect.schema.rules import Rule

    Entry = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """What was found.

    Attributes:
        missing: texts of the configuration that are shown in Chinese on English pages: kind, name, text.
        odd: entries that translate nothing, each as ``file:line: ...``: the name is not known, or the Chinese
            is not what the configuration says.
        known: texts of the configuration that have English.
    """

    missing: tuple[tuple[str, str, str], ...]
    odd: tuple[str, ...]
    known: int


def find_gaps(folder: Path, book: RuleBook, guide: Guide) -> Gaps:
    """Hold a folder of English texts against the configuration.

    Args:
        folder: with files of the form ``tinghe.english/1``; what is shipped lies below it.
        book: the rules and clauses.
        guide: the coaching guide.

    Raises:
        ConfigError: a file cannot be read, or a value is wrong.
    """
    english = read_english(folder)
    texts = texts_of(book, guide)
    said = [(kind, name, text) for (kind, name), found in texts.items() for text in found]
    missing = tuple((kind, name, text) for kind, name, text in said if english.of(text) == text)
    odd = tuple(odd for path in sorted(folder.glob("*.yaml")) for odd in _odd(path, texts))
    return Gaps(missing=missing, odd=odd, known=len(said) - len(missing))


def texts_of(book: RuleBook, guide: Guide) -> dict[Entry, tuple[str, ...]]:
    """The Chinese texts that pages show, by kind (``rule``, ``norm``, ``wording``) and name."""
    found: dict[Entry, tuple[str, ...]] = {}
    for compiled in book.rules:
        key = ("rule", compiled.rule.rule)  # an act and an event may have the same name
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *_texts_of_rule(compiled.rule))))
    found |= {("norm", norm.id): (norm.title,) for norm in book.clauses.clauses}
    return found | {("wording", wording.wording): (wording.why,) for wording in guide.wordings}


def _texts_of_rule(rule: Rule) -> Iterator[str]:
    yield rule.title
    yield from _reasons(rule.model_dump(exclude={"examples"}))


def _reasons(value: Any) -> Iterator[str]:
    """The reasons of a rule and of its hits, wherever they stand."""
    if isinstance(value, dict):
        if isinstance(value.get("reason"), str) and value["reason"]:
            yield value["reason"]
        for inner in value.values():
            yield from _reasons(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _reasons(inner)


def _odd(path: Path, texts: Mapping[Entry, tuple[str, ...]]) -> Iterator[str]:
    file = read_file(path)
    entries: Iterable[tuple[str, str, int, tuple[str, ...]]] = (
        *(("rule", r.rule, n, (r.title[0], *(c for c, _ in r.reasons))) for n, r in enumerate(file.rules)),
        *(("norm", one.norm, n, (one.title[0],)) for n, one in enumerate(file.norms)),
        *(("wording", w.wording, n, (w.why[0],)) for n, w in enumerate(file.wordings)),
    )
    for kind, name, number, chinese in entries:
        known = texts.get((kind, name))
        if known is None:
            yield f"{path.name}:{line_of(path, (f'{kind}s', number))}: no {kind} named {name!r}"
            continue
        for text in chinese:
            if text not in known:
                line = line_of(path, (f"{kind}s", number))
                yield f"{path.name}:{line}: {kind} {name}: the Chinese is another by now than {text!r}"
