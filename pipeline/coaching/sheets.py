"""The tables of a coaching report: CSV of each, and all of them as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.coaching.fairness_view import group_name
from pipeline.intervals import mean
from pipeline.report.sheets import csv_bytes, workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.coaching.choose import Chosen, Findings
    from pipeline.coaching.fairness import Fairness
    from pipeline.intervals import Interval
    from pipeline.report.labels import Labels
    from pipeline.report.sheets import Cell

Table = tuple[str, tuple[tuple[str, str], ...], list[list["Cell"]]]
"""Title, headings with their kinds, rows."""

_AGENT: Final = (("coaching.team", "id"), ("agent", "id"))
_AGENTS: Final = (
    *_AGENT,
    ("coaching.calls", "short"),
    ("coaching.compliance", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("coaching.effectiveness", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("coaching.promise_rate", "short"),
    ("coaching.hard_rate", "short"),
    ("coaching.red_lines", "short"),
)
_SKILLS: Final = (
    *_AGENT,
    ("coaching.skill", "id"),
    ("table.done", "short"),
    ("table.n", "short"),
    ("coaching.rate", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("coaching.shrunk", "short"),
    ("coaching.others", "short"),
    ("coaching.gap", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("table.sure_low", "short"),
    ("table.sure_high", "short"),
    ("coaching.lost", "short"),
)
_WEEKS: Final = (
    *_AGENT,
    ("coaching.skill", "id"),
    ("coaching.week", "short"),
    ("table.n", "short"),
    ("coaching.rate", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
)
_SAID: Final = (
    *_AGENT,
    ("table.kind", "short"),
    ("coaching.skill", "id"),
    ("table.basis", "text"),
    ("coaching.rate", "short"),
    ("coaching.others", "short"),
    ("coaching.gain", "short"),
)
_FAIRNESS: Final = (
    ("fair.trait", "id"),
    ("fair.group", "id"),
    ("fair.outcome", "id"),
    ("fair.n", "short"),
    ("fair.mean", "short"),
    ("fair.others", "short"),
    ("coaching.gap", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("fair.within", "short"),
    ("table.low", "short"),
    ("table.high", "short"),
    ("table.sure_low", "short"),
    ("table.sure_high", "short"),
)


def coaching_tables(found: Sequence[Findings], names: Mapping[str, str], t: Labels) -> dict[str, Table]:
    """The tables about agents, by the name of their file.

    Args:
        found: of every agent, in order.
        names: how agents are shown, by id.
        t: the words, in one language.
    """
    tables = {
        "agents": (_AGENTS, [_agent(one, names, t) for one in found]),
        "skills": (_SKILLS, [row for one in found for row in _skills(one, names, t)]),
        "weeks": (_WEEKS, [row for one in found for row in _weeks(one, names, t)]),
        "said": (_SAID, [row for one in found for row in _said(one, names, t)]),
    }
    return {name: _named(f"sheet.{name}", columns, rows, t) for name, (columns, rows) in tables.items()}


def fairness_table(check: Fairness, t: Labels) -> Table:
    """The table of the fairness check."""
    rows: list[list[Cell]] = [
        [
            t(f"trait.{gap.trait}"),
            group_name(gap, t),
            t(f"outcome.{gap.outcome}"),
            gap.n,
            _rounded(gap.mean),
            _rounded(gap.others),
            *_three(gap.difference),
            *_three(gap.within),
            *_three(gap.sure)[1:],
        ]
        for gap in check.gaps
    ]
    return _named("sheet.fairness", _FAIRNESS, rows, t)


def as_workbook(tables: Iterable[Table]) -> bytes:
    """Tables as the sheets of a workbook."""
    return workbook_bytes(tables)


def as_csv(table: Table) -> bytes:
    """A table as CSV."""
    _, columns, rows = table
    return csv_bytes([heading for heading, _ in columns], rows)


def _named(title: str, columns: tuple[tuple[str, str], ...], rows: list[list[Cell]], t: Labels) -> Table:
    return t(title), tuple((t(key), kind) for key, kind in columns), rows


def _who(found: Findings, names: Mapping[str, str]) -> list[Cell]:
    return [found.tally.team, names.get(found.tally.agent, found.tally.agent)]


def _agent(found: Findings, names: Mapping[str, str], t: Labels) -> list[Cell]:
    tally = found.tally
    return [
        *_who(found, names),
        tally.calls,
        *_three(mean(tally.compliance), _plain_mean(tally.compliance)),
        *_three(mean(tally.effectiveness), _plain_mean(tally.effectiveness)),
        _value(found.promise_rate[0]),
        _value(found.hard_rate[0]),
        tally.red_lines,
    ]


def _skills(found: Findings, names: Mapping[str, str], t: Labels) -> Iterable[list[Cell]]:
    for one in found.skills:
        yield [
            *_who(found, names),
            t(f"skill.{one.skill}"),
            round(one.rate.value * one.rate.n),
            one.rate.n,
            *_three(one.rate),
            _rounded(one.shrunk),
            _value(one.others),
            *_three(one.difference),
            *_three(one.sure)[1:],
            _rounded(one.lost),
        ]


def _weeks(found: Findings, names: Mapping[str, str], t: Labels) -> Iterable[list[Cell]]:
    for skill, trend in found.trends.items():
        for week, rate in trend.weeks:
            if rate is not None:
                yield [*_who(found, names), t(f"skill.{skill}"), week, rate.n, *_three(rate)]


def _said(found: Findings, names: Mapping[str, str], t: Labels) -> Iterable[list[Cell]]:
    for kind, chosen in (("work_on", found.work_on), ("strength", found.strengths)):
        for one in chosen:
            yield [*_who(found, names), t(f"kind.{kind}"), *_verdict(one, t)]


def _verdict(chosen: Chosen, t: Labels) -> list[Cell]:
    one = chosen.compared
    return [
        t(f"skill.{chosen.skill}"),
        t(f"coaching.why.{chosen.why.value}"),
        _rounded(one.rate.value),
        _value(one.others),
        _rounded(one.gain) if one.sure else None,
    ]


def _three(interval: Interval | None, value: float | None = None) -> list[Cell]:
    if interval is None:
        return [_rounded(value), None, None]
    return [_rounded(interval.value), _rounded(interval.low), _rounded(interval.high)]


def _plain_mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _value(interval: Interval | None) -> float | None:
    return None if interval is None else _rounded(interval.value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0
