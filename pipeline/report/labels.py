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
    """Labels of one language: ``labels("status")``, ``labels.of("tone", "warm")``."""

    def __init__(self, language: Language) -> None:
        self._texts = {key: pair[language != "zh"] for key, pair in _pairs().items()}

    def __call__(self, key: str) -> str:
        """The label of a fixed key.

        Raises:
            KeyError: there is no such label, a mistake in a template.
        """
        return self._texts[key]

    def of(self, kind: str, name: str) -> str:
        """The label of a value such as an act or a tone; the value itself when it has none."""
        return self._texts.get(f"{kind}.{name}", name)


@cache
def _pairs() -> Mapping[str, tuple[str, str]]:
    pairs: dict[str, list[str]] = yaml.safe_load((TEMPLATES / "labels.yaml").read_text(encoding="utf-8"))
    return {key: (chinese, english) for key, (chinese, english) in pairs.items()}
