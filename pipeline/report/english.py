"""The English of texts that are written in Chinese: titles of rules and clauses, reasons, advice.

Results hold Chinese, and stay as they are: English is found when a page or table is made. What configuration
says has its English in files of the form ``tinghe.english/1`` (``configs/locales/en``, docs/english.md), what
Tinghe itself writes in ``templates/sentences.yaml``. Every entry names the Chinese that it translates: a text
that was changed has no English, and is shown in Chinese, until somebody translates it anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.errors import ConfigError, RulePackError
from pipeline.report.labels import TEMPLATES
from pipeline.settings import CONFIGS
from pipeline.yaml_files import parse_file, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.settings import Settings

ENGLISH_SCHEMA_ID: Final = "tinghe.english/1"
SHIPPED: Final = CONFIGS / "locales" / "en"
_OWN: Final = TEMPLATES / "sentences.yaml"
_SLOT: Final = re.compile(r"\{([a-z]+)((?:_\d+)?)\}")
_KINDS: Final = {
    "quote": ".*?",
    "number": r"[\d.,%+−-]+?",
    "name": r"[\w.:/-]+?",
    "sentence": ".+?",
    "part": ".+?",
}
"""Slot -> what stands in it: words that were said, figures, a name for programs, a sentence translated where
its English is known, and a part without whose English the whole has none."""


def _same_slots(pair: tuple[str, str]) -> tuple[str, str]:
    chinese, english = (sorted(_SLOT.findall(text)) for text in pair)
    for kind, _ in chinese:
        if kind not in _KINDS:
            raise ValueError(unknown_name("slot", kind, _KINDS))
    if len(set(chinese)) != len(chinese):
        raise ValueError("a slot stands twice; number the second: {number_2}")
    if chinese != english:
        raise ValueError("Chinese and English do not have the same slots")
    return pair


Pair = Annotated[
    tuple[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]],
    AfterValidator(_same_slots),
]
"""Chinese, then English; both with the same slots, such as ``{quote}``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleTexts(_Part):
    """A rule of a pack.

    Attributes:
        rule: its name.
        title: what people read.
        reasons: that of the rule and those of its hits; ``{quote}`` stands for the evidence.
    """

    rule: str
    title: Pair
    reasons: tuple[Pair, ...] = ()


class NormTexts(_Part):
    """A clause of the file of norms: its id and title."""

    norm: str
    title: Pair


class WordingTexts(_Part):
    """A wording of the coaching guide: its name, and why it is better. The words themselves stay Chinese."""

    wording: str
    why: Pair


class EnglishFile(_Part):
    """A file of English texts.

    Attributes:
        sentences: anything else that results or pages say, exactly or with slots.
    """

    form: Literal["tinghe.english/1"] = Field(alias="schema")
    rules: tuple[RuleTexts, ...] = ()
    norms: tuple[NormTexts, ...] = ()
    wordings: tuple[WordingTexts, ...] = ()
    sentences: tuple[Pair, ...] = ()

    @property
    def pairs(self) -> Iterator[tuple[str, str]]:
        """Everything in it, Chinese and English."""
        for rule in self.rules:
            yield rule.title
            yield from rule.reasons
        yield from (norm.title for norm in self.norms)
        yield from (wording.why for wording in self.wordings)
        yield from self.sentences


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with slots: it matches what begins and ends as it does, then slot by slot."""

    begin: str
    end: str
    pattern: re.Pattern[str]
    english: str
    weight: int

    @classmethod
    def of(cls, chinese: str, english: str) -> _Template:
        parts = _SLOT.split(chinese)  # literal, kind, number, literal, kind, number, ..., literal
        literals = parts[::3]
        slots = [f"(?P<{k}{n}>{_KINDS[k]})" for k, n in zip(parts[1::3], parts[2::3], strict=True)]
        told = "".join(a + b for a, b in zip(map(re.escape, literals), (*slots, ""), strict=True))
        pattern = re.compile(told, re.DOTALL)
        return cls(literals[0], literals[-1], pattern, english, sum(map(len, literals)))


@dataclass(frozen=True, slots=True)
class English:
    """What is known in English.

    Attributes:
        exact: English by Chinese.
        templates: sentences with slots, the most specific first.
    """

    exact: Mapping[str, str]
    templates: tuple[_Template, ...] = ()

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> English:
        """Of Chinese and English; of the same Chinese the later one counts."""
        known = dict(pairs)
        made = [_Template.of(chinese, told) for chinese, told in known.items() if _SLOT.search(chinese)]
        made.sort(key=lambda template: -template.weight)
        return cls({c: e for c, e in known.items() if not _SLOT.search(c)}, tuple(made))

    def of(self, text: str) -> str:
        """The English of a text; the text itself where there is none."""
        found = self._find(text)
        return text if found is None else found

    def _find(self, text: str) -> str | None:
        known = self.exact.get(text)
        if known is not None:
            return known
        for template in self.templates:
            if text.startswith(template.begin) and text.endswith(template.end):
                match = template.pattern.fullmatch(text)
                told = self._filled(template, match.groupdict()) if match else None
                if told is not None:
                    return told
        return None

    def _filled(self, template: _Template, slots: Mapping[str, str]) -> str | None:
        """The English of a template; ``None`` where a part of it has none."""
        shown = {}
        for slot, text in slots.items():
            known = self._find(text) if slot.startswith(("sentence", "part")) else text
            if known is None and slot.startswith("part"):
                return None
            shown[slot] = text if known is None else known
        return _SLOT.sub(lambda at: shown[at[1] + at[2]], template.english)


def read_english(folder: Path = SHIPPED) -> English:
    """The English of Tinghe's own texts, and over it that of a folder.

    Args:
        folder: with files of the form ``tinghe.english/1``; a later one, by name, counts.

    Raises:
        ConfigError: a file cannot be read, or a value is wrong: with file, line and field.
    """
    own = [_OWN, *_files(SHIPPED)]
    more = [path for path in _files(folder) if path not in own]
    return English.of_pairs(pair for path in (*own, *more) for pair in read_file(path).pairs)


def english_for(settings: Settings) -> English:
    """The English that reports with these settings use.

    Raises:
        ConfigError: as :func:`read_english`.
    """
    return read_english(settings.path(settings.report.english))


def titles_for(settings: Settings, titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by name in the language of reports.

    Raises:
        ConfigError: as :func:`read_english`.
    """
    if settings.report.language == "zh":
        return dict(titles)
    english = english_for(settings)
    return {name: english.of(title) for name, title in titles.items()}


@cache
def shipped_english() -> English:
    """The English that travels along, read once."""
    return read_english()


def read_file(path: Path) -> EnglishFile:
    """A file of English texts.

    Raises:
        ConfigError: it cannot be read, or a value is wrong: with file, line and field.
    """
    try:
        return parse_file(EnglishFile, path)
    except RulePackError as error:
        raise ConfigError(str(error)) from error


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise ConfigError(f"{folder}: no files of English texts (*.yaml)")
    return found


def english_schema() -> dict[str, object]:
    """JSON Schema (Draft 2020-12) of a file of English texts, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ENGLISH_SCHEMA_ID,
        **EnglishFile.model_json_schema(by_alias=True),
    }
