"""The words of review in files and tables, and what a reviewer's words mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.report.labels import Labels
from pipeline.review.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

REVIEW_LABELS: Final = Path(__file__).resolve().parent
"""The folder of ``labels.yaml``, for :class:`pipeline.report.labels.Labels`."""


def verdict_of(word: str) -> Verdict | None:
    """The verdict that a word stands for: its name, or its label in either language."""
    said = word.strip().casefold()
    for verdict in Verdict:
        if said in (verdict.value, *map(str.casefold, _both().both(f"verdict.{verdict.value}"))):
            return verdict
    return None


def words_for(verdicts: Iterable[Verdict]) -> str:
    """The labels of some verdicts, for a message."""
    return ", ".join(_both().both(f"verdict.{verdict.value}")[0] for verdict in verdicts)


def _both() -> Labels:
    return Labels("zh", REVIEW_LABELS)
