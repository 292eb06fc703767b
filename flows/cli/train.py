"""``tinghe train``: learn what rules and model are worth together, and report it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from flows.training.opinion import Joined, Training

REPORT = Path("docs") / "opinion-report.md"
_HEADS = {"rule": "Rules", "act": "Acts"}
_WITNESSES = ("rule", "model", "joint")


def train(
    write: Annotated[
        bool, typer.Option("--write", help="Write configs/opinion.yaml and docs/opinion-report.md.")
    ] = False,
    acts: Annotated[
        bool, typer.Option("--acts", help="Learn those of acts alone, and leave those of rules as they are.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Learn how much a rule's word and the second opinion weigh, from the labelled lines (some minutes).

    Every figure is cross-validated over families of phrasing: no line is judged by what saw its family.
    """
    with clear_errors():
        training = _learn(config, ("act",) if acts else ("rule", "act"))
        written = _write(training, config) if write else []
    if as_json:
        print_json(_account(training, written))
        return
    for joined in training.joined:
        console.print(_table(joined))
    console.print(f"{training.lines} lines, digest {training.lines_sha256[:12]}", *map(str, written))


def _learn(config: Path | None, kinds: tuple[str, ...]) -> Training:
    from flows.training.opinion import learn
    from flows.wiring import load_labelled, load_policy_of, load_rules
    from pipeline.settings import load_settings

    settings = load_settings(config)
    book, policy = load_rules(settings), load_policy_of(settings)  # what may be wrong with them is said first
    with errors.status("the model judges families of phrasing that it has not seen"):
        labelled = load_labelled(settings, kinds)
    columns = (
        TextColumn("the rules judge the lines"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors) as bar:
        task = bar.add_task("", total=None)
        return learn(
            labelled,
            settings,
            book,
            policy,
            lambda done, total: bar.update(task, completed=done, total=total),
        )


def _write(training: Training, config: Path | None) -> list[Path]:
    from flows.training.opinion import policy_text
    from flows.wiring import load_policy_of
    from pipeline.report.files import write_atomically
    from pipeline.settings import PROJECT_ROOT, load_settings

    settings = load_settings(config)
    policy = settings.path(settings.opinion.policy)
    lines = policy.read_text(encoding="utf-8").splitlines(keepends=True)
    head = "".join(line for line in lines if line.startswith("#")) + "\n"
    report = PROJECT_ROOT / REPORT
    write_atomically(policy, policy_text(load_policy_of(settings), training, head).encode())
    before = report.read_text(encoding="utf-8") if report.exists() else ""
    write_atomically(report, report_text(training, before).encode())
    return [policy, report]


def report_text(training: Training, before: str = "") -> str:
    """The report as Markdown; a part that was not learned anew stands as in the report ``before``."""
    old = _parts_of(before)
    parts = [
        "# What the second opinion brings\n",
        "Written by `make train`; do not edit. Every figure is cross-validated over families of phrasing in "
        "`configs/corpora`: no line is judged by a model or by weights that saw its family. The lines are "
        "harder than calls: half of them are lawful look-alikes.\n",
    ]
    learned = {_HEADS[joined.kind]: joined for joined in training.joined}
    for head in _HEADS.values():
        if head in learned:
            lines = f"{training.lines} lines, digest `{training.lines_sha256[:12]}`.\n"
            parts += [f"## {head}\n", lines, *_markdown(learned[head])]
        elif head in old:
            parts.append(f"## {head}\n{old[head]}")
    return "\n".join(parts)


def _parts_of(report: str) -> dict[str, str]:
    """The parts of a report by their heads, each as it stands behind its head."""
    parts = (part.partition("\n") for part in f"\n{report}".split("\n## ")[1:])
    return {head: text for head, _, text in parts}


def _markdown(joined: Joined) -> list[str]:
    rows = ["| | " + " | ".join(f"{w}: P | R | F1" for w in _WITNESSES) + " |", "| --- |" + " --- |" * 9]
    for name in sorted(joined.measured["joint"], key=lambda n: (n != "", n)):
        found = [joined.measured[witness][name] for witness in _WITNESSES]
        cells = [f"{m.precision:.2f} | {m.recall:.2f} | {m.f1:.2f}" for m in found]
        rows.append(f"| {name or '**all**'} | " + " | ".join(cells) + " |")
    rows += [
        "",
        "How often a stated probability holds:",
        "",
        "| stated | lines | holds |",
        "| --- | --- | --- |",
    ]
    rows += [
        f"| {low:.2f}–{high:.2f} | {count} | {share:.3f} |" for low, high, count, share in joined.reliability
    ]
    return ["\n".join(rows), ""]


def _table(joined: Joined) -> Table:
    heads = [f"{witness} {figure}" for witness in _WITNESSES for figure in ("P", "R", "F1")]
    table = Table(joined.kind, *heads, header_style="bold")
    for name in sorted(joined.measured["joint"], key=lambda n: (n != "", n)):
        found = [joined.measured[witness][name] for witness in _WITNESSES]
        table.add_row(name or "all", *(f"{x:.2f}" for m in found for x in (m.precision, m.recall, m.f1)))
    return table


def _account(training: Training, written: list[Path]) -> dict[str, Any]:
    return {
        "lines": training.lines,
        "lines_sha256": training.lines_sha256,
        "written": list(map(str, written)),
        "kinds": {
            joined.kind: {
                "weights": joined.weights.model_dump(),
                "of": {name: weights.model_dump() for name, weights in joined.of.items()},
                "measured": {
                    witness: {
                        name or "all": {"precision": m.precision, "recall": m.recall, "f1": m.f1}
                        for name, m in figures.items()
                    }
                    for witness, figures in joined.measured.items()
                },
                "reliability": [list(row) for row in joined.reliability],
            }
            for joined in training.joined
        },
    }
