"""``tinghe rules``: prove rule packs, explain them on a call, try them on stored ones, import others'."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import (
    EXIT_FAILED,
    EXIT_QUARANTINE,
    AsJson,
    Config,
    clear_errors,
    console,
    errors,
    file_of_call,
    print_json,
    show_schema,
)
from pipeline.errors import ConfigError, RulePackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.detect.importers.draft import Imported
    from pipeline.detect.rulebook import RuleBook
    from pipeline.settings import Settings

rules_app = typer.Typer(help="Prove, explain, try and import rule packs.", no_args_is_help=True)

_STYLE = {"lost": "red", "changed": "yellow", "decided": "cyan"}

Language = Annotated[
    str | None,
    typer.Option("--language", help="Of titles and reasons: zh or en; else the settings'."),
]


@rules_app.command("check")
def rules_check(
    path: Annotated[
        Path | None, typer.Argument(help="A folder of rule packs; the project's own when left out.")
    ] = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Load every rule pack and run the examples inside each rule; exit 1 when one fails.

    [bold]tinghe rules check my-rules/[/]
    """
    from pipeline.detect.proof import prove, too_few
    from pipeline.detect.rulebook import load_rulebook
    from pipeline.settings import load_settings

    try:
        settings = load_settings()
        book = load_rulebook(
            path or settings.path(settings.detect.rules), settings.path(settings.detect.norms)
        )
        failures = (*too_few(book), *prove(book))
        told = _teller(settings, language)
    except ConfigError as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        print_json(
            {
                "rules": len(book.rules),
                "failures": [
                    {"rule": f.rule, "example": f.example, "expected": "hit" if f.expected else "no hit"}
                    for f in failures
                ],
            }
        )
    else:
        _show_rules(book, told)
        for failure in failures:
            console.print(f"[red]✗[/] {escape(str(failure))}")
        examples = sum(len(r.rule.examples.must_hit) + len(r.rule.examples.must_not_hit) for r in book.rules)
        console.print(f"{len(book.rules)} rules, {examples} examples, {len(failures)} failures")
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _teller(settings: Settings, language: str | None) -> Callable[[str], str]:
    """What makes texts of rules those of a language: their English where it is known, else as they are."""
    chosen = language or settings.report.language
    if chosen not in ("zh", "en"):
        raise typer.BadParameter("zh or en", param_hint="--language")
    if chosen == "zh":
        return str
    from pipeline.report.english import english_for

    return english_for(settings).of


def _show_rules(book: RuleBook, told: Callable[[str], str]) -> None:
    table = Table("rule", "title", "kind", "severity", "must hit", "must not hit", header_style="bold")
    for compiled in book.rules:
        rule = compiled.rule
        table.add_row(
            rule.rule,
            escape(told(rule.title)),
            compiled.kind,
            rule.severity.value if rule.severity else "–",
            str(len(rule.examples.must_hit)),
            str(len(rule.examples.must_not_hit)),
        )
    console.print(table)


@rules_app.command("explain")
def explain_rule(
    rule: Annotated[str, typer.Argument(help="The rule's name, as in `tinghe rules check`.")],
    call: Annotated[
        str, typer.Argument(help="The id of a call in --out, or a file: a stored result or a call.json.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The results folder that holds the call.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="A folder of rule packs instead of the settings'.")
    ] = None,
    language: Language = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say why a rule was raised on a call, or was not: condition by condition.

    [bold]tinghe rules explain contact_refused demo-001 --out results/[/]
    """
    with clear_errors():
        from flows.show.explanation import explanation_json, explanation_view
        from flows.wiring import load_witnesses
        from pipeline.detect.explain import explain, require_rule
        from pipeline.detect.rulebook import rulebook_of
        from pipeline.settings import load_settings
        from pipeline.stored import read_call_or_transcript

        settings = load_settings(config)
        book = rulebook_of(settings, rules)
        require_rule(rule, book)
        stored = read_call_or_transcript(file_of_call(call, out))
        with errors.status("asking the second opinion"):
            witnesses = load_witnesses(settings)
            facts = witnesses.facts(stored)
        explanations = explain(
            rule,
            stored.call,
            stored.transcript,
            book,
            settings.detect,
            settings.roles,
            facts=facts,
            policy=witnesses.policy,
        )
        told = _teller(settings, language)
        if as_json:
            shown = [explanation_json(explanation, told) for explanation in explanations]
            print_json({"call_id": stored.call.call_id, "rules": shown})
        else:
            for explanation in explanations:
                console.print(explanation_view(explanation, told))


@rules_app.command("backtest")
def backtest_rules(
    old: Annotated[Path, typer.Argument(help="A folder of rule packs: those of today.")],
    new: Annotated[Path, typer.Argument(help="A folder of rule packs: those to come.")],
    results: Annotated[Path, typer.Argument(help="A results folder, whose calls are judged again.")],
    language: Language = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what other rules would change: judge stored calls with both, without listening again.

    [bold]tinghe rules backtest configs/rules my-rules/ results/[/]
    """
    with clear_errors():
        from flows.results.backtest import backtest
        from flows.show.backtest import backtest_json, backtest_tables
        from flows.show.batch import ProgressBar
        from pipeline.settings import load_settings

        settings = load_settings(config)
        told = _teller(settings, language)
        with ProgressBar(errors) as progress:
            found = backtest(old, new, results, settings, progress)
        found = replace(found, titles={name: told(title) for name, title in found.titles.items()})
        if as_json:
            print_json(backtest_json(found))
        else:
            for part in backtest_tables(found):
                console.print(part)
    if found.broken:
        raise typer.Exit(EXIT_QUARANTINE)


@rules_app.command("schema")
def print_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it to configs/schema/rules.schema.json instead.")
    ] = False,
) -> None:
    """Print the rule language as JSON Schema, for editors."""
    from pipeline.detect.schema.editor import rules_schema

    show_schema(rules_schema(), "rules.schema.json", write=write)


@rules_app.command("import")
def import_rules(
    form: Annotated[
        Literal["alibaba", "contact-lens", "transcribe"],
        typer.Argument(metavar="FORMAT", help="alibaba, contact-lens or transcribe."),
    ],
    file: Annotated[Path, typer.Argument(help="The rules as the product exports them, JSON.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The pack to write; to the terminal when left out.")
    ] = None,
    minus_one: Annotated[
        Literal["any", "last"],
        typer.Option("--minus-one", help="alibaba: what hit_time -1 means; its documentation says both."),
    ] = "any",
    kind: Annotated[
        Literal["violation", "act", "event"],
        typer.Option("--kind", help="contact-lens, transcribe: what the rules are here."),
    ] = "violation",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a draft pack of the rules of another product, and say what could not be carried over.

    [bold]tinghe rules import alibaba rules.json --out imported.yaml[/]
    """
    from pipeline.detect.importers.formats import import_file

    with clear_errors():
        imported = import_file(form, file, minus_one=minus_one, kind=kind)
        written = _write(imported, out, force=force) if out else []
    if as_json:
        print_json(_account(imported, written, told=out is None))
        return
    if out is None:
        sys.stdout.write("---\n".join(text for _, text in imported.files()))
    errors.print(_table(imported))
    rules = sum(len(pack.rules) for pack in imported.packs)
    errors.print(
        f"{rules} rules, {len(imported.notes)} notes",
        *(escape(str(path)) for path in written),
        soft_wrap=True,
    )


def _write(imported: Imported, out: Path, *, force: bool) -> list[Path]:
    """One file a pack; packs behind the first get their kind in the name."""
    files = [
        (out if number == 0 else out.with_name(f"{out.stem}_{pack.kind}s{out.suffix}"), text)
        for number, (pack, text) in enumerate(imported.files())
    ]
    if not files:
        raise RulePackError("no rule could be carried over; see the list without --out")
    for path, _ in files:
        if path.exists() and not force:
            raise RulePackError(f"{path}: is there already; --force writes over it")
    for path, text in files:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RulePackError(f"{path}: {error.strerror}") from error
    return [path for path, _ in files]


def _account(imported: Imported, written: list[Path], *, told: bool) -> dict[str, Any]:
    notes = [
        {
            "rule": note.where.rule,
            "condition": note.where.condition,
            "operator": note.where.operator,
            "parameter": note.parameter,
            "how": note.how,
            "why": note.why,
        }
        for note in imported.notes
    ]
    packs = [
        {"pack": pack.name, "kind": pack.kind, "rules": [rule["rule"] for rule in pack.rules]}
        | ({"yaml": text} if told else {})
        for pack, text in imported.files()
    ]
    return {"source": imported.source, "packs": packs, "written": list(map(str, written)), "notes": notes}


def _table(imported: Imported) -> Table:
    table = Table("", "rule", "condition", "operator", "parameter", "why", header_style="bold")
    for note in imported.notes:
        place = note.where
        cells = (place.rule, place.condition, place.operator, note.parameter, note.why)
        table.add_row(f"[{_STYLE[note.how]}]{note.how}[/]", *map(escape, cells))
    return table
