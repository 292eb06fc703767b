"""How the scores of a call were made, for people in a terminal and for programs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.report.doubt_view import quality_lines, roles_note
from pipeline.report.showing import clock, moment, number
from pipeline.report.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]

_WIDTH = 20
"""Characters of a bar from 0 to 100."""

_COLOUR = {"critical": "red", "major": "yellow", "minor": "cyan", None: "white"}
_OUTCOME = {"passed": "green", "failed": "yellow", "red_line": "red"}


def scores_json(call: Json, showing: Showing) -> dict[str, Any]:
    """The header and both waterfalls as JSON types."""
    return {"call_id": call["call_id"], "status": call["status"], **waterfall(call, showing)}


def scores_view(call: Json, showing: Showing) -> Group:
    """The header and both waterfalls as tables."""
    t, steps = showing.labels, waterfall(call, showing)
    if call["scores"]["compliance"] is None:
        reason = call["status_reason"]
        told = t.of("status", call["status"]) + (f"{t('colon')}{t.of('reason', reason)}" if reason else "")
        return Group(*_header(call, showing), Text(told))
    return Group(
        *_header(call, showing),
        *_robustness(steps["robustness"], showing),
        _compliance(steps["compliance"], showing),
        _effectiveness(steps["effectiveness"], showing),
        *_skipped(steps["effectiveness"]["skipped"], showing),
    )


def _header(call: Json, showing: Showing) -> list[Text]:
    t, metadata, scores = showing.labels, call["metadata"], call["scores"]
    role = metadata.get("callee_role")
    parts = [
        moment(metadata.get("started_at")),
        clock(call["duration"]),
        f"{t('agent')} {metadata['agent_id']}" if "agent_id" in metadata else "",
        t.of("callee", role) if role else "",
        metadata.get("lender", ""),
    ]
    red = f"  [bold red]{t('red_line.long')}[/]" if scores["red_line"] else ""
    told = (
        f"[bold]{escape(call['call_id'])}[/]  {t('compliance')} [bold]{number(scores['compliance'])}[/]  "
        f"{t('effectiveness')} [bold]{number(scores['effectiveness'])}[/]{red}"
    )
    lines = [told, f"[dim]{escape(' · '.join(part for part in parts if part))}[/]"]
    lines += [f"[dim]{escape(line)}[/]" for line in quality_lines(call, t)]
    lines += [f"[yellow]{escape(line)}[/]" for line in roles_note(call, showing)]
    return [Text.from_markup(line) for line in lines]


def _robustness(robust: Json | None, showing: Showing) -> list[Text]:
    if robust is None:
        return []
    t = showing.labels
    hangs = " ".join(f"#{turn}" for turn in robust["turns"])
    otherwise = robust["otherwise_name"]
    told = f"{t('robustness')}{t('colon')}[{_OUTCOME[robust['outcome']]}]{robust['outcome_name']}[/] · "
    told += f"{'' if robust['stability'] == 'stands' else '[yellow]'}{robust['stability_name']}"
    told += "" if robust["stability"] == "stands" else "[/]"
    told += (
        f" ({hangs}{' ' if hangs else ''}{t('outcome.otherwise')}{t('colon')}{otherwise})"
        if otherwise
        else ""
    )
    return [Text.from_markup(told)]


def _table(title: str, showing: Showing) -> Table:
    t = showing.labels
    table = Table(title=title, title_justify="left", header_style="bold", expand=True)
    table.add_column(t("waterfall.step"), min_width=12)
    table.add_column(t("waterfall.points"), justify="right", no_wrap=True)
    table.add_column(t("waterfall.level"), justify="right", no_wrap=True)
    table.add_column("", width=_WIDTH, no_wrap=True)
    table.add_column(t("waterfall.basis"), ratio=1)
    return table


def _compliance(steps: Json, showing: Showing) -> Table:
    t = showing.labels
    table = _table(t("compliance"), showing)
    table.add_row(t("waterfall.start"), "", steps["start"], _bar(0, 100, "white"), "", style="bold")
    for step in steps["steps"]:
        bar = _bar(step["left"], step["width"], _COLOUR[step["severity"]])
        table.add_row(escape(step["title"]), step["points"], step["level"], bar, _basis(step))
    note = "" if steps["steps"] else t("no_deductions")
    note += f" {steps['note']}" if steps["note"] else ""
    table.add_row(
        t("waterfall.result"),
        "",
        steps["score"],
        _bar(0, steps["width"], "white"),
        note.strip(),
        style="bold",
        end_section=True,
    )
    for step in steps["waiting"]:
        table.add_row(escape(step["title"]), step["points"], "", "", _basis(step), style="dim")
    if steps["if_confirmed"]:
        table.add_row(t("if_confirmed"), "", steps["if_confirmed"], "", "", style="bold")
    return table


def _effectiveness(steps: Json, showing: Showing) -> Table:
    t = showing.labels
    table = _table(t("effectiveness"), showing)
    for step in steps["steps"]:
        bar = _bar(step["left"], step["width"], "green")
        style = "" if step["share"] else "dim"
        table.add_row(escape(step["title"]), step["points"], step["level"], bar, _basis(step), style=style)
    if steps["steps"]:
        table.add_section()
        total = f"{steps['got']} / {steps['possible']}"
        table.add_row(t("waterfall.sum"), total, steps["raw"], "", t("waterfall.raw"))
    if steps["cap"]:
        table.add_row(t("waterfall.cap"), "", steps["score"], "", steps["cap"], style="yellow")
    bar = _bar(0, steps["width"] or 0, "white")
    table.add_row(t("waterfall.result"), "", steps["score"], bar, "", style="bold")
    return table


def _skipped(steps: Sequence[Json], showing: Showing) -> list[Text]:
    """Items that do not apply, by why."""
    if not steps:
        return []
    by_reason: dict[str, list[str]] = {}
    for step in steps:
        by_reason.setdefault(step["reason"], []).append(step["title"])
    t = showing.labels
    lines = [f"{t('waterfall.skipped')}"]
    lines += [f"  {t('comma').join(titles)}{t('colon')}{reason}" for reason, titles in by_reason.items()]
    return [Text(line, style="dim") for line in lines]


def _basis(step: Json) -> Text:
    told = Text(step["reason"])
    if step["stability"] not in (None, "stands"):
        told.append(f"  {step['stability_name']}", style="yellow")
    for place in step["places"]:
        told.append(f"\n#{place['turn']}", style="cyan")
        told.append(f" {place['clock']}" if place["clock"] else "", style="dim")
        told.append(f" 「{place['quote']}」" if place["quote"] else "")
    return told


def _bar(left: float, width: float, colour: str) -> Text:
    """A bar between two levels of 0..100; anything above nothing shows."""
    start = round(left * _WIDTH / 100)
    length = max(round((left + width) * _WIDTH / 100) - start, 1 if width > 0 else 0)
    start = min(start, _WIDTH - length)
    return Text(" " * start).append("█" * length, style=colour)
