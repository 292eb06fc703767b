"""An explanation for people in a terminal, and for programs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from pipeline.detect.ways import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.detect.explain import Explanation, Made
    from pipeline.detect.steps import Quoted, Step

_SHOWN = 40
"""Characters of a quote in the terminal; JSON has them all."""

_SHOWN_SOURCE = 20
"""The same of a pattern."""

_MARK = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}
_ANSWER = {
    True: "[bold red]raised[/]",
    False: "[green]not raised[/]",
    None: "[yellow]cannot be decided[/]",
}


def explanation_view(explanation: Explanation, told: Callable[[str], str] = str) -> Group:
    """A tree of what was asked, and a table of what became of it.

    Args:
        explanation: of one rule on one call.
        told: makes title and reasons those of the reader's language.
    """
    rule = explanation.compiled.rule
    tree = Tree(f"{_ANSWER[explanation.raised]} by its own words and checks")
    for step in explanation.ways:
        _grow(tree, step)
    parts: list[Any] = [
        f"[bold]{escape(told(rule.title))}[/] ({rule.rule}, {explanation.compiled.kind}) "
        f"on call {escape(explanation.call_id)}",
        tree,
    ]
    if explanation.findings:
        parts.append(_findings(explanation.findings, told))
    elif explanation.compiled.kind == "violation":
        parts.append("[green]No finding[/] of this rule on this call.")
    parts += [f"Counted: {_quote(quoted)}" for quoted in explanation.shown]
    parts += [
        f"The second opinion gives {chance.chance:.0%} to {_quote(chance.quoted)}"
        for chance in explanation.chances
    ]
    parts += [f"[yellow]![/] {escape(note)}" for note in explanation.notes]
    return Group(*(Text.from_markup(part) if isinstance(part, str) else part for part in parts), "")


def explanation_json(explanation: Explanation, told: Callable[[str], str] = str) -> dict[str, Any]:
    """The same as JSON types; ``turn`` is the index of the turn in the call."""
    rule = explanation.compiled.rule
    return {
        "rule": rule.rule,
        "title": told(rule.title),
        "kind": explanation.compiled.kind,
        "raised": explanation.raised,
        "ways": [_step(step) for step in explanation.ways],
        "findings": [_made(made, told) for made in explanation.findings],
        "counted": _quotes(explanation.shown),
        "second_opinion": [
            {"chance": round(chance.chance, 4), **_quotes((chance.quoted,))[0]}
            for chance in explanation.chances
        ],
        "notes": list(explanation.notes),
    }


def _grow(branch: Tree, step: Step) -> None:
    words = " ".join(map(_quote, step.quotes))
    told = " · ".join(part for part in (escape(step.detail), words) if part)
    source = f" [dim]{escape(_cut(step.source, _SHOWN_SOURCE))}[/]" if step.label.startswith("hit") else ""
    mark = " [bold]← the reason[/]" if step.decisive else ""
    label = escape(step.label) + (f": {told}" if told else "")
    grown = branch.add(f"{_MARK[step.holds]} {label}{mark}{source}")
    idle = [inner for inner in step.steps if inner.holds and inner.detail == NOTHING]
    shown = [inner for inner in step.steps if inner not in idle]
    for inner in shown:
        _grow(grown, inner)
    # A context has several parts: where one was found, the others need no telling.
    names = dict.fromkeys(inner.label for inner in idle)
    quiet = [name for name in names if name not in {inner.label for inner in shown}]
    if quiet:
        grown.add(f"{_MARK[True]} [dim]{NOTHING}: {escape(', '.join(quiet))}[/]")


def _quote(quoted: Quoted) -> str:
    text = escape(_cut(quoted.text, _SHOWN))
    return f"[dim]turn {quoted.turn} ({quoted.role.value})[/] 「{text}」"


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[:size]}…"


def _findings(findings: Iterable[Made], told: Callable[[str], str]) -> Table:
    table = Table(title="What was made of it", title_justify="left", header_style="bold")
    for column in ("finding", "severity", "confidence", "joint", "witnesses", "turn", "why", "reason"):
        table.add_column(column)
    for made in findings:
        f = made.finding
        table.add_row(
            "overruled" if made.overruled else f.state.value,
            f.severity.value,
            f"{f.confidence:.2f}",
            "–" if f.joint is None else f"{f.joint:.2f}",
            " + ".join(witness.value for witness in f.witnesses),
            "–" if f.evidence is None else str(f.evidence.turn),
            escape(made.why),
            escape(told(f.reason)),
        )
    return table


def _step(step: Step) -> dict[str, Any]:
    return {
        "label": step.label,
        "holds": step.holds,
        "source": step.source,
        "detail": step.detail,
        "decisive": step.decisive,
        "quotes": _quotes(step.quotes),
        "steps": [_step(inner) for inner in step.steps],
    }


def _quotes(quotes: Iterable[Quoted]) -> list[dict[str, Any]]:
    return [{"turn": q.turn, "role": q.role.value, "quote": q.text} for q in quotes]


def _made(made: Made, told: Callable[[str], str]) -> dict[str, Any]:
    f = made.finding
    return {
        "state": f.state.value,
        "overruled": made.overruled,
        "severity": f.severity.value,
        "confidence": f.confidence,
        "joint": None if f.joint is None else round(f.joint, 4),
        "witnesses": [witness.value for witness in f.witnesses],
        "turn": f.evidence.turn if f.evidence else None,
        "quote": f.evidence.quote if f.evidence else None,
        "missing": f.missing,
        "norms": list(f.norms),
        "reason": told(f.reason),
        "why": made.why,
    }
