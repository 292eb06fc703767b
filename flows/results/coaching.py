"""Making a coaching report from settings, for the command line and for the schedule; proving the guide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.privacy.unmasking import tell_by_setting
from pipeline.coaching.guide import load_guide, unknown_rules
from pipeline.coaching.periods import days_of
from pipeline.coaching.proof import GuideFailure, failing, located, prove_guide, trial
from pipeline.coaching.reading import read_period
from pipeline.coaching.report import Order, agents_to_print, write_report
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError
from pipeline.export.calls import call_ids_in, result_files
from pipeline.manifest import plan_recordings
from pipeline.redact import People
from pipeline.report.english import english_for
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from pipeline.coaching.guide import Guide
    from pipeline.coaching.report import Sound, Written
    from pipeline.settings import Settings

    Steps = Callable[[str, int], Callable[[], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to report on, and where.

    Attributes:
        week: ISO week; or the days ``first`` to ``last``. All days when none is given.
        previous: results of earlier weeks, for the trend.
        manifests: files that name the people of these calls.
        sound: where clips are.
        pdf: whether the pages of agents and teams are printed too.
    """

    results: tuple[Path, ...]
    to: Path
    week: str | None = None
    first: date | None = None
    last: date | None = None
    agent: str | None = None
    team: str | None = None
    previous: tuple[Path, ...] = ()
    manifests: tuple[Path, ...] = ()
    sound: Sound = "inside"
    pdf: bool = False


def silent(step: str, total: int) -> Callable[[], None]:
    """Steps that nobody watches."""
    return lambda: None


def write(wanted: Wanted, config: Path | None, steps: Steps = silent) -> Written:
    """Write a report.

    Args:
        wanted: what.
        config: a settings file over the default ones.
        steps: told of each step and its length; gives what to call for each part of it.

    Raises:
        TingheError: settings, guide, results or folder cannot be used.
    """
    settings = load_settings(config)
    guide = proven(settings)
    days = days_of(wanted.week, wanted.first, wanted.last)
    for folder in wanted.results:
        tell_by_setting(folder, settings, what="coaching", calls=call_ids_in(folder))
    number = sum(len(result_files(folder)) for folder in (*wanted.results, *wanted.previous))
    period = read_period(
        wanted.results,
        guide,
        days,
        team=settings.coaching.team,
        previous=wanted.previous,
        on_call=steps("reading", number),
    )
    written = write_report(
        period,
        guide,
        settings.coaching,
        _showing(settings, wanted.manifests),
        wanted.to,
        Order(days=days, agent=wanted.agent, team=wanted.team, sound=wanted.sound),
        steps("writing", 0),
    )
    if wanted.pdf:
        _print(written, settings, steps)
    return written


def proven(settings: Settings) -> Guide:
    """The guide, its examples proven.

    Raises:
        ConfigError: it does not load or an example fails.
    """
    path = settings.path(settings.coaching.guide)
    guide = load_guide(path)
    failures = prove_guide(guide)
    if failures:
        raise ConfigError("\n".join(located(failure, path) for failure in failures))
    return guide


def check(path: Path | None, config: Path | None) -> tuple[Guide, list[str]]:
    """A guide, and what is wrong with it: rules that no pack has, examples, wordings that break a rule.

    Raises:
        ConfigError: it does not load.
    """
    from flows.wiring import load_mind
    from pipeline.stages import judge

    settings = load_settings(config)
    path = path or settings.path(settings.coaching.guide)
    guide, mind = load_guide(path), load_mind(settings)
    problems = list(unknown_rules(guide, mind.book.titles, path))
    problems += [located(failure, path) for failure in prove_guide(guide)]
    for number, wording in enumerate(guide.wordings):
        call, transcript, at = trial(wording)
        rules = failing(judge(call, transcript, mind, settings).findings, at)
        if rules:
            said = f"wording {wording.wording}: said by an agent it breaks, or may break, {', '.join(rules)}"
            problems.append(located(GuideFailure(part="wordings", number=number, message=said), path))
    return guide, problems


def _showing(settings: Settings, manifests: tuple[Path, ...]) -> Showing:
    book = rulebook_of(settings)
    calls = [call for manifest in manifests for call in plan_recordings(manifest).calls]
    return Showing(
        labels=Labels(settings.report.language),
        norms=book.norms,
        rule_titles=book.titles,
        mask=settings.report.mask,
        people={call.call_id: People.of(call.metadata) for call in calls},
        english=english_for(settings),
    )


def _print(written: Written, settings: Settings, steps: Steps) -> None:
    from pipeline.report.pdf import print_pdf

    pages = agents_to_print(written)
    step = steps("printing", len(pages))
    for page in pages:
        print_pdf(page, page.with_suffix(".pdf"), browser=settings.report.browser)
        step()
