"""A coaching report in its folder: a page an agent and a team, their list, tables, and the fairness check.

``index.html`` lists the teams, ``teams/`` and ``agents/`` have their pages, ``coaching.xlsx`` and the CSV
files beside it the tables. ``quality/`` is for the head of quality: nothing outside it links there.
Files are readable by their owner alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pipeline.coaching.choose import findings
from pipeline.coaching.excerpts import Excerpts
from pipeline.coaching.fairness import fairness
from pipeline.coaching.fairness_view import fairness_view
from pipeline.coaching.reading import NO_TEAM
from pipeline.coaching.sheets import as_csv, as_workbook, coaching_tables, fairness_table
from pipeline.coaching.tally import together
from pipeline.coaching.views import Subject, data_uri, index_row
from pipeline.errors import ConfigError, StoreError, UnknownNameError
from pipeline.report.files import file_stem, write_atomically
from pipeline.report.labels import Labels
from pipeline.report.page import PageKit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.coaching.choose import Findings
    from pipeline.coaching.guide import Guide
    from pipeline.coaching.periods import Days
    from pipeline.coaching.reading import Period
    from pipeline.coaching.settings import CoachingSettings
    from pipeline.report.showing import Showing

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
Sound = Literal["inside", "beside", "none"]
"""Where clips are: in the page, in files beside it, nowhere."""
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to report and how.

    Attributes:
        days: the period, for its heading.
        agent: only this agent's page; of all when ``None``.
        team: only this team and its agents.
        sound: where clips are.
    """

    days: Days
    agent: str | None = None
    team: str | None = None
    sound: Sound = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What there is after a report was written.

    Attributes:
        pages: of teams and agents, relative to the folder, in order.
    """

    folder: Path
    pages: tuple[Path, ...]
    agents: int
    teams: int
    calls: int
    compared: int


def write_report(
    period: Period,
    guide: Guide,
    settings: CoachingSettings,
    showing: Showing,
    folder: Path,
    order: Order,
    on_page: Callable[[], None] | None = None,
) -> Written:
    """Write a report.

    The same calls give the same bytes.

    Args:
        period: what was read.
        guide: skills and wordings.
        settings: ``[coaching]``.
        showing: labels, titles of rules, and whether people are masked.
        folder: takes the report; made when it is not there.
        order: what to report.
        on_page: told after every page.

    Raises:
        ConfigError: nobody is left to report on.
        UnknownNameError: there is no such agent or team.
        StoreError: a file cannot be written.
        TranscriptError: a result that is quoted is not in the published form.
    """
    _require(period, order)
    report = _Report(period, guide, settings, showing, folder, order)
    pages = []
    for page in report.pages():
        pages.append(page)
        if on_page:
            on_page()
    report.tables()
    checked = report.fairness()
    return Written(
        folder=folder,
        pages=tuple(pages),
        agents=len(report.of_agents),
        teams=len(report.of_teams),
        calls=sum(found.tally.calls for found in report.of_agents.values()),
        compared=checked,
    )


class _Report:
    """A report in the making."""

    def __init__(
        self,
        period: Period,
        guide: Guide,
        settings: CoachingSettings,
        showing: Showing,
        folder: Path,
        order: Order,
    ) -> None:
        names = {f"skill.{skill.skill}": skill.name for skill in guide.skills}
        self._plain = Labels(showing.labels.language, TEMPLATES)
        self._plain.include(names)
        self._kit = PageKit(self._plain, masked=showing.mask)
        self._kit.labels.include(names)
        self._showing = replace(showing, labels=self._kit.labels)
        self._excerpts = Excerpts(
            self._showing, clip_ms=round(settings.clip_s * 1000), sound=order.sound != "none"
        )
        self._period, self._guide, self._settings = period, guide, settings
        self._folder, self._order = folder, order
        self.of_agents, self.of_teams = self._all_findings()

    def pages(self) -> list[Path]:
        """Write the pages of agents and teams, and their list; where they are, relative to the folder."""
        made = []
        for key in sorted(self.of_agents):
            made.append(self._agent_page(key, self.of_agents[key]))
        for team in sorted(self.of_teams):
            made.append(self._team_page(team, self.of_teams[team]))
        made.append(self._index())
        return made

    def tables(self) -> None:
        """Write the workbook and the CSV files."""
        found = [self.of_agents[key] for key in sorted(self.of_agents)]
        names = {one.tally.agent: self._agent_name(one.tally.agent) for one in found}
        tables = coaching_tables(found, names, self._plain)
        self._write(Path("coaching.xlsx"), as_workbook(tables.values()))
        for name, table in tables.items():
            self._write(Path(f"{name}.csv"), as_csv(table))

    def fairness(self) -> int:
        """Write the fairness check, over all calls that were read; how many comparisons it made."""
        check = fairness(self._period.traits, fewest=self._settings.min_calls)
        view = fairness_view(check, self._kit.labels)
        page = self._kit.render("fairness", f=view, period=self._days())
        self._write(Path("quality") / "fairness.html", page)
        table = fairness_table(check, self._plain)
        self._write(Path("quality") / "fairness.xlsx", as_workbook([table]))
        self._write(Path("quality") / "fairness.csv", as_csv(table))
        return check.compared

    def _all_findings(self) -> tuple[dict[tuple[str, str], Findings], dict[str, Findings]]:
        fewest, least = self._settings.min_calls, self._settings.min_gain
        teams = self._period.teams
        self._wholes = wholes = {team: together(agents, team) for team, agents in teams.items()}
        of_agents = {
            (team, one.agent): findings(one, agents, self._guide, fewest=fewest, least_gain=least)
            for team, agents in teams.items()
            for one in agents
            if self._order.team in (None, team) and self._order.agent in (None, one.agent)
        }
        peers = list(wholes.values())
        of_teams = {
            team: findings(whole, peers, self._guide, fewest=fewest, least_gain=least)
            for team, whole in wholes.items()
            if self._order.agent is None and self._order.team in (None, team)
        }
        return of_agents, of_teams

    def _agent_page(self, key: tuple[str, str], found: Findings) -> Path:
        team, agent = key
        page = self._agent_path(key)
        view = Subject(
            found,
            self._guide,
            self._excerpts,
            self._showing,
            self._linked(page),
            named=True,
            team=self._wholes[team],
        ).view()
        t = self._kit.labels
        with_team = self._order.agent is None
        return self._render(
            page,
            {
                **view,
                "title": t("coaching.agent_title"),
                "heading": t("coaching.agent_title"),
                "name": self._agent_name(agent),
                "team": self._team_name(team),
                "others": t("coaching.others"),
                "best_name": t("coaching.best"),
                "worst_name": t("coaching.worst"),
                "back": f"../{self._team_path(team).as_posix()}" if with_team else "",
                "back_name": t("coaching.back_team"),
            },
        )

    def _team_page(self, team: str, found: Findings) -> Path:
        page = self._team_path(team)
        t = self._kit.labels
        view = Subject(
            found, self._guide, self._excerpts, self._showing, self._linked(page), named=False
        ).view()
        rows = [
            self._named_skills(
                index_row(
                    one,
                    name=self._agent_name(one.tally.agent),
                    href=f"../{self._agent_path(key).as_posix()}",
                    few=one.tally.calls < self._settings.min_calls,
                )
            )
            for key, one in sorted(self.of_agents.items())
            if key[0] == team
        ]
        return self._render(
            page,
            {
                **view,
                "title": t("coaching.team_title"),
                "heading": t("coaching.team_title"),
                "name": self._team_name(team),
                "team": "",
                "others": t("coaching.other_teams"),
                "best_name": t("coaching.team_best"),
                "worst_name": t("coaching.team_worst"),
                "rows": rows,
                "rows_name": t("coaching.agents"),
                "back": "../index.html",
                "back_name": t("coaching.back_index"),
            },
        )

    def _index(self) -> Path:
        t = self._kit.labels
        rows = [
            {
                **self._named_skills(
                    index_row(found, name=self._team_name(team), href=self._team_path(team).as_posix())
                ),
                "agents": sum(key[0] == team for key in self.of_agents),
            }
            for team, found in sorted(self.of_teams.items())
        ]
        if not rows:
            rows = [
                {
                    **self._named_skills(
                        index_row(found, name=self._agent_name(key[1]), href=self._agent_path(key).as_posix())
                    ),
                    "agents": 1,
                }
                for key, found in sorted(self.of_agents.items())
            ]
        counts = self._period.counts
        return self._render(
            Path("index.html"),
            {
                "title": t("coaching.title"),
                "heading": t("coaching.index_title"),
                "name": "",
                "team": "",
                "figures": [],
                "notices": [],
                "grave": [],
                "rows": rows,
                "rows_name": t("coaching.teams") if self.of_teams else t("coaching.agents"),
                "with_agents": bool(self.of_teams),
                "skills": [],
                "others": "",
                "guide": self._guide.version,
                "back": "",
                "left": [(t(f"coaching.left.{why}"), n) for why, n in sorted(counts.items()) if n],
            },
        )

    def _render(self, page: Path, view: Mapping[str, Any]) -> Path:
        values = {"rows": [], "with_agents": False, "left": [], "period": self._days(), **view}
        self._write(page, self._kit.render("coaching", c=values))
        return page

    def _linked(self, page: Path) -> Callable[[bytes], str]:
        """How a clip gets into a page."""
        if self._order.sound == "inside":
            return data_uri

        def beside(sound: bytes) -> str:
            name = f"{hashlib.sha256(sound).hexdigest()[:16]}.wav"
            self._write(Path("clips") / name, sound)
            return f"../clips/{name}"

        return beside

    def _named_skills(self, row: dict[str, Any]) -> dict[str, Any]:
        t = self._kit.labels
        named = {kind: [t(f"skill.{skill}") for skill in row[kind]] for kind in ("work_on", "strengths")}
        return {**row, **named}

    def _agent_name(self, agent: str) -> str:
        """Id and name, the name as the report may show it."""
        people = self._showing.person(self._period.agents.get(agent, ""))
        return " ".join(filter(None, (agent, people.agent_name)))

    def _team_name(self, team: str) -> str:
        return self._kit.labels("coaching.no_team") if team == NO_TEAM else team

    def _agent_path(self, key: tuple[str, str]) -> Path:
        """The page of an agent; with the team in its name where the agent is in several."""
        team, agent = key
        several = sum(one.agent == agent for agents in self._period.teams.values() for one in agents) > 1
        return Path("agents") / f"{file_stem(f'{agent}~{team}' if several else agent)}.html"

    def _team_path(self, team: str) -> Path:
        return Path("teams") / f"{file_stem(team)}.html"

    def _days(self) -> str:
        """The period in words: the days that were asked for, else those that there are."""
        days, period = self._order.days, self._period
        first, last = days.first or period.first, days.last or period.last
        if first is None or last is None:
            return self._kit.labels("coaching.all_days")
        return f"{first} – {last}"

    def _write(self, path: Path, content: bytes) -> None:
        target = self._folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"cannot use {target.parent}: {error.strerror}") from error
        write_atomically(target, content, mode=_MODE)


def _require(period: Period, order: Order) -> None:
    """There is somebody to report on.

    Raises:
        ConfigError: no call of the period names an agent.
        UnknownNameError: there is no such agent or team.
    """
    teams = period.teams
    if not teams:
        raise ConfigError("no scored call of an agent in this period")
    if order.team is not None and order.team not in teams:
        raise UnknownNameError("team in these calls", order.team, list(teams))
    agents = sorted({one.agent for team, members in teams.items() for one in members if _wanted(team, order)})
    if order.agent is not None and order.agent not in agents:
        raise UnknownNameError("agent in these calls", order.agent, agents)


def _wanted(team: str, order: Order) -> bool:
    return order.team in (None, team)


def agents_to_print(written: Written) -> tuple[Path, ...]:
    """The pages of agents and teams, as files."""
    return tuple(written.folder / page for page in written.pages if page.parent != Path())
