"""A results folder opened for review: drawing samples, making review files, taking them back."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from flows.privacy.unmasking import tell
from flows.results.opened import opened_results, source_calls
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError
from pipeline.export.calls import result_files
from pipeline.export.formats import Done
from pipeline.export.record import record, require_reason
from pipeline.manifest import plan_recordings
from pipeline.metadata import PERSONAL_FIELDS
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.english import english_for
from pipeline.report.files import file_stem, write_atomically
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.review.answers import take
from pipeline.review.book import book_bytes, read_book
from pipeline.review.cases import PUT_BEFORE_A_PERSON
from pipeline.review.draw import draw
from pipeline.review.facts import facts_of
from pipeline.review.figures import figures, gather
from pipeline.review.figures_table import figures_book, figures_csv
from pipeline.review.files import read_review, review_bytes
from pipeline.review.ledger import alone, read_reviewed, save_sample, save_tasks
from pipeline.review.lines import lines_of
from pipeline.review.plans import StratifiedPlan, load_review
from pipeline.review.records import ReviewError, Step
from pipeline.review.samples import Scope, all_findings, sample_of
from pipeline.review.selection import Collected, Wanted
from pipeline.review.words import REVIEW_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from flows.results.opened import Opened
    from pipeline.detect.rulebook import RuleBook
    from pipeline.review.answers import Imported
    from pipeline.review.cases import Looked
    from pipeline.review.figures import Figures
    from pipeline.review.files import ReviewFile
    from pipeline.review.plans import ReviewConfig
    from pipeline.review.samples import Sample
    from pipeline.types import Call

    OnCall = Callable[[], None]

PRIVATE = 0o600
"""Files about calls are their reader's alone."""


def nothing() -> None:
    """No progress is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """A results folder with what review needs of it."""

    found: Opened
    config: ReviewConfig
    _load_book: Callable[[], RuleBook] = field(repr=False)
    _calls: Mapping[str, Call] = field(repr=False)

    @property
    def folder(self) -> Path:
        """The results folder."""
        return self.found.folder

    @property
    def book(self) -> RuleBook:
        """The rules; reading them takes seconds, so that it is done only where they are needed."""
        return self._load_book()

    @property
    def showing(self) -> Showing:
        """How things are called in files and tables."""
        labels = Labels(self.found.settings.report.language, REVIEW_LABELS)
        return Showing(
            labels=labels,
            norms=self.book.norms,
            rule_titles=self.book.titles,
            english=english_for(self.found.settings),
        )

    def call_ids(self) -> list[str]:
        """All calls with a result, by file name."""
        return [unquote(path.stem) for path in result_files(self.folder)]

    def read(self, call_id: str) -> dict[str, Any]:
        """The JSON of a call.

        Raises:
            TranscriptError: it cannot be read.
        """
        return read_call(self.folder / "calls" / f"{file_stem(call_id)}.json")

    def names(self, call_id: str) -> tuple[str, ...]:
        """The names that the manifest gives, to be masked."""
        call = self._calls.get(call_id)
        return People.of(call.metadata).names if call else ()

    def columns(self, call_id: str) -> dict[str, Any]:
        """What the manifest says and a call's JSON may lack, such as further columns; nothing of persons."""
        call = self._calls.get(call_id)
        known = call.metadata.values if call else {}
        return {
            name: value for name, value in known.items() if name not in PERSONAL_FIELDS and value is not None
        }

    def sound(self, call_id: str) -> str:
        """Where the playable copy of a call is, in the results folder; empty where there is none."""
        place = f"audio/{file_stem(call_id)}.wav"
        return place if (self.folder / place).exists() else ""


@contextmanager
def opened_review(
    folder: Path, config: Path | None, *, manifest: Path | None = None, named: bool = True
) -> Iterator[Reviewing]:
    """A results folder for review.

    Args:
        folder: the results folder.
        config: settings; those of its last run when ``None``.
        manifest: of its calls; the source of its last run, where that is still there, when ``None``.
        named: whether names and columns of the manifest are needed.

    Raises:
        ConfigError: the settings, plans or folder cannot be used.
        StoreError: the database cannot be opened.
    """
    with opened_results(folder, config) as found:
        settings = found.settings
        calls = plan_recordings(manifest).calls if manifest else source_calls(found) if named else ()
        yield Reviewing(
            found=found,
            config=load_review(settings.path(settings.review.plans)),
            _load_book=cache(lambda: rulebook_of(settings)),
            _calls={call.call_id: call for call in calls},
        )


def draw_sample(
    reviewing: Reviewing,
    plan_name: str,
    *,
    n: int | None,
    seed: int,
    by: tuple[str, ...] = (),
    on_call: OnCall = nothing,
) -> Sample:
    """Draw calls by a plan; ``by`` are other groups than those of a stratified one.

    Raises:
        ConfigError: there is no such plan, or it has no groups.
        TranscriptError: a result cannot be read.
    """
    plan = reviewing.config.plan(plan_name)
    if by:
        if not isinstance(plan, StratifiedPlan):
            raise ConfigError(f"--by: plan {plan_name} makes no groups: it is {plan.method}")
        plan = plan.model_copy(update={"by": by})
    calls = []
    for call_id in reviewing.call_ids():
        calls.append(facts_of(reviewing.read(call_id), reviewing.columns(call_id)))
        on_call()
    threshold = reviewing.found.settings.detect.violation_confidence
    drawing = draw(calls, plan, n=plan.n if n is None else n, seed=seed, threshold=threshold)
    return sample_of(plan, drawing, seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a review file holds.

    Attributes:
        left_out: tasks that are not in it, by why.
        gone: calls of the sample that have no result here.
    """

    file: ReviewFile
    sample_id: str
    left_out: Mapping[str, int]
    gone: int


def write_review(
    reviewing: Reviewing,
    wanted: Wanted,
    to: Path,
    *,
    why_unmasked: str = "",
    only: tuple[str, ...] = (),
    on_call: OnCall = nothing,
) -> Written:
    """Write a review file, and keep its sample and tasks.

    Args:
        reviewing: the results.
        wanted: what the file is to hold.
        to: the file, ``.xlsx`` or ``.json``.
        why_unmasked: why people are shown, where they are.
        only: ids of calls; all of the sample or of the results when empty.
        on_call: called for each call.

    Raises:
        ConfigError: people are shown without a reason, or ``to`` is neither form.
        TranscriptError: a result cannot be read.
        StoreError: the file or the database cannot be written.
    """
    require_reason(wanted.mask, why_unmasked)
    if to.suffix.lower() not in (".xlsx", ".json"):
        raise ConfigError(f"{to}: neither .xlsx nor .json")
    here = set(reviewing.call_ids())
    drawn = [call.call_id for call in wanted.sample.drawing.calls] if wanted.sample else sorted(here)
    ids = [call_id for call_id in drawn if call_id in here and (not only or call_id in only)]
    collected = Collected(wanted=wanted, showing=reviewing.showing)
    with reviewing.found.store.transaction("cannot read the review") as connection:
        reviewed = read_reviewed(connection, ids)
    for call_id in ids:
        collected.add(
            reviewing.read(call_id),
            reviewed,
            people=reviewing.names(call_id),
            sound=reviewing.sound(call_id),
        )
        on_call()
    sample = wanted.sample or _everything(wanted, collected, only)
    sample_id = sample.sample_id if sample else ""
    file = collected.file(sample_id)
    if not wanted.mask:  # told before the first word is written
        tell(reviewing.folder, reviewing.found.settings, what="review", calls=ids, reason=why_unmasked)
    at = datetime.now(UTC)
    with alone(reviewing.found.store, "cannot keep what is asked") as connection:
        if sample is not None:
            save_sample(connection, sample, at=at)
        save_tasks(connection, collected.tasks, at=at)
    content = (
        book_bytes(file, _titles(reviewing), language=reviewing.found.settings.report.language)
        if to.suffix.lower() == ".xlsx"
        else review_bytes(file)
    )
    write_atomically(to, content, mode=PRIVATE)
    shown = len({row.call_id for row in file.asked})
    done = Done(calls=shown, left_out=dict(collected.left_out))
    record(reviewing.folder, "review", done, mask=wanted.mask, reason=why_unmasked, at=at)
    gone = len([call_id for call_id in drawn if call_id not in set(here)])
    return Written(
        file=file, sample_id=sample_id, left_out=dict(sorted(collected.left_out.items())), gone=gone
    )


def _titles(reviewing: Reviewing) -> dict[str, str]:
    """The title of each rule in the language of the file."""
    showing = reviewing.showing
    return {rule: showing.rule(rule) for rule in reviewing.book.titles}


def take_review(reviewing: Reviewing, path: Path, *, correct: bool) -> Imported:
    """Put what was filled in on record.

    Raises:
        ReviewError: the file is wrong somewhere; nothing was recorded.
        StoreError: the database cannot be written; nothing was recorded.
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".json"):
        raise ReviewError(f"{path}: neither .xlsx nor .json")
    filled = read_book(path) if suffix == ".xlsx" else read_review(path)
    return take(
        reviewing.found.store,
        filled,
        read_call=reviewing.read,
        rules=lambda: reviewing.book.titles,
        correct=correct,
        at=datetime.now(UTC),
    )


def write_lines(reviewing: Reviewing, to: Path, on_call: OnCall = nothing) -> int:
    """Write decided turns as labelled lines, people masked; how many there are.

    Raises:
        TranscriptError: a result cannot be read.
        StoreError: the file or the database cannot be written or read.
    """
    ids = reviewing.call_ids()
    with reviewing.found.store.transaction("cannot read the review") as connection:
        reviewed = read_reviewed(connection, ids)
    lines: list[dict[str, Any]] = []
    for call_id in ids:
        lines += lines_of(reviewing.read(call_id), reviewed, reviewing.names(call_id))
        on_call()
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    write_atomically(to, text.encode(), mode=PRIVATE)
    done = Done(calls=len({line["family"] for line in lines}), left_out={})
    record(reviewing.folder, "review lines", done, mask=True, reason="", at=datetime.now(UTC))
    return len(lines)


def figures_of(
    folders: Sequence[Path],
    config: Path | None,
    *,
    until: str | None = None,
    against: str | None = None,
    on_call: OnCall = nothing,
) -> tuple[Figures, Showing]:
    """The figures of some results folders together, and how they are shown.

    Raises:
        ConfigError: a folder, the settings or an option cannot be used.
        TranscriptError: a result cannot be read.
    """
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise ConfigError(f"--until: not a day such as 2026-06-18: {until}") from None
    if against not in (None, "before", "previous"):
        raise ConfigError(f"--against: {against}: neither before nor previous")
    looked: list[tuple[str, Looked]] = []
    rules = showing = None
    for number, folder in enumerate(folders):
        with opened_review(folder, config, named=False) as reviewing:
            calls = gather(reviewing.found.store, reviewing.call_ids(), reviewing.read, on_call)
            looked += [(f"{number}", call) for call in calls]
            rules, showing = rules or reviewing.config.figures, showing or reviewing.showing
    if rules is None or showing is None:
        raise ConfigError("name a results folder")
    if against is not None:
        rules = rules.model_copy(update={"against": against})
    return figures(looked, rules, until=last), showing


def write_figures(found: Figures, showing: Showing, to: Path) -> None:
    """Write figures as a workbook, or as CSV files into a folder.

    Raises:
        StoreError: a file cannot be written.
    """
    if to.suffix.lower() == ".xlsx":
        write_atomically(to, figures_book(found, showing), mode=PRIVATE)
        return
    for name, content in figures_csv(found, showing).items():
        write_atomically(to / name, content, mode=PRIVATE)


def _everything(wanted: Wanted, collected: Collected, only: tuple[str, ...]) -> Sample | None:
    """All findings of a scope count as drawn for sure; calls that somebody picked by hand do not."""
    if wanted.step is not Step.REVIEW or only or wanted.agent_id is not None:
        return None
    scope = wanted.scope
    states = scope.states or PUT_BEFORE_A_PERSON
    return all_findings(collected.in_scope, Scope(rules=scope.rules, states=states))
