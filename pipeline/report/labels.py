"""The words of pages and tables, in Chinese and English."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal["zh", "en"]
TEMPLATES = Path(__file__).resolve().parent / "templates"


class Labels:
    """Labels of one language: ``labels("status")``, ``labels.of("tone", "warm")``.

    Args:
        language: ``zh`` or ``en``.
        more: folders with a ``labels.yaml`` of their own, for the pages of another package; the later one
            wins where two name the same key.
    """

    def __init__(self, language: Language, *more: Path) -> None:
        self.language: Language = language
        self.folders = (TEMPLATES, *more)
        self._pairs = {key: pair for folder in self.folders for key, pair in _pairs(folder).items()}

    def __call__(self, key: str) -> str:
        """The label of a fixed key.

        Raises:
            KeyError: there is no such label, a mistake in a template.
        """
        return self._pairs[key][self.language != "zh"]

    def __contains__(self, key: str) -> bool:
        """Whether there is such a label."""
        return key in self._pairs

    def include(self, pairs: Mapping[str, tuple[str, str]]) -> None:
        """Add labels that a file of the user names, such as those of skills."""
        self._pairs.update(pairs)

    def of(self, kind: str, name: str) -> str:
        """The label of a value such as an act or a tone; the value itself when it has none."""
        key = f"{kind}.{name}"
        return self(key) if key in self._pairs else name

    def choose(self, chinese: str, english: str) -> str:
        """Of a text that is no label, such as a reason, the one in this language."""
        return chinese if self.language == "zh" else english

    def both(self, key: str) -> tuple[str, str]:
        """The label of a fixed key in Chinese and in English.

        Raises:
            KeyError: there is no such label.
        """
        return self._pairs[key]


@cache
def _pairs(folder: Path) -> Mapping[str, tuple[str, str]]:
    pairs: dict[str, list[str]] = yaml.safe_load((folder / "labels.yaml").read_text(encoding="utf-8"))
    return {key: (chinese, english) for key, (chinese, english) in pairs.items()}
