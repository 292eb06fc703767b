"""Stored calls under old and new rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.wiring import load_witnesses
from pipeline.batch.bench import Observer, Silent
from pipeline.detect.compare import CallComparison, RuleComparison, compare_call, compare_rules
from pipeline.detect.engine import detect
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError, TingheError
from pipeline.stored import read_stored
from pipeline.types import CallStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.detect.rulebook import RuleBook
    from pipeline.settings import Settings
    from pipeline.stored import StoredCall
    from pipeline.witnesses import Witnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A result that could not be judged again, and why; no words of the call."""

    file: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What new rules would change.

    Attributes:
        calls: every call that was judged again, in the order of its file.
        not_scored: results that hold nothing to judge: nobody was reached, or the call was quarantined.
        titles: rule name -> the name people read.
    """

    calls: tuple[CallComparison, ...]
    rules: tuple[RuleComparison, ...]
    not_scored: int
    broken: tuple[Broken, ...]
    titles: dict[str, str]


def backtest(
    old: Path, new: Path, results: Path, settings: Settings, observer: Observer | None = None
) -> Backtest:
    """Judge every stored call of a results folder with two folders of rule packs.

    Examples inside the packs are not run: a pack may be tried before it proves itself.

    Raises:
        ConfigError: a pack does not load, or there are no results.
        ModelError: the second opinion is not usable.
    """
    files = sorted((results / "calls").glob("*.json"))
    if not files:
        raise ConfigError(f"{results}: no results: there is no calls/*.json in it")
    books = rulebook_of(settings, old), rulebook_of(settings, new)
    return _judged(files, books, load_witnesses(settings), observer or Silent())


def _judged(
    files: Sequence[Path], books: tuple[RuleBook, RuleBook], witnesses: Witnesses, observer: Observer
) -> Backtest:
    calls: list[CallComparison] = []
    broken: list[Broken] = []
    not_scored = 0
    observer.planned(len(files))
    for path in files:
        status = CallStatus.QUARANTINED
        try:
            stored = read_stored(path)
            status = stored.status
            if status is CallStatus.SCORED:
                calls.append(_compared(stored, books, witnesses))
            else:
                not_scored += 1
        except TingheError as error:
            broken.append(Broken(file=path.name, problem=str(error)))
        observer.finished(path.stem, status)
    titles = {name: title for book in books for name, title in book.titles.items()}
    return Backtest(
        calls=tuple(calls),
        rules=compare_rules(calls),
        not_scored=not_scored,
        broken=tuple(broken),
        titles=titles,
    )


def _compared(stored: StoredCall, books: tuple[RuleBook, RuleBook], witnesses: Witnesses) -> CallComparison:
    settings, facts = witnesses.settings, witnesses.facts(stored)
    before, after = (
        detect(
            stored.call,
            stored.transcript,
            book,
            settings.detect,
            settings.roles,
            facts=facts,
            policy=witnesses.policy,
        ).findings
        for book in books
    )
    return compare_call(stored.call.call_id, before, after)
