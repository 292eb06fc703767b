"""How much of the recognizer specifications this project reads: days, amounts, shares, phone numbers.

Run with ``python -m tests.benchmarks.recognizers [--specs FOLDER] [--pairs FOLDER] [--json FILE] [--all]``.
``FOLDER`` of ``--specs`` holds the Chinese specifications of Microsoft Recognizers-Text (MIT) as
``DateTime/*.json`` and so on, that of ``--pairs`` the spoken-written pairs of WeTextProcessing (Apache-2.0)
as ``*.txt``; ``TINGHE_SPECS`` and ``TINGHE_PAIRS`` name them too.

A case counts when a call can hold it; :mod:`tests.benchmarks.specs` says by which rule, and every case that
is left out is counted under its reason. Each text passes first through what the pipeline does to a
transcript: simplified characters, half-width digits, no blanks between characters.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.specs import Case, Left, cases_of, pairs_of

NEAR = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "text"


def main() -> None:
    """Run all cases and print what share passes, by kind, and what fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specs", type=Path, default=_folder("TINGHE_SPECS", "recognizers-text"))
    parser.add_argument("--pairs", type=Path, default=_folder("TINGHE_PAIRS", "wetext-itn"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--all", action="store_true", help="list every failure, not the first of each kind")
    options = parser.parse_args()
    found: list[Case | Left] = []
    if options.specs:
        found += cases_of(options.specs)
    if options.pairs:
        found += pairs_of(options.pairs)
    if not found:
        parser.error("no specifications found: name their folder with --specs or --pairs")
    result = summary(found)
    _show(result, every=options.all)
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")


def summary(found: list[Case | Left]) -> dict[str, object]:
    """Passes and totals by kind, failures by what they are, and what was left out by reason."""
    passed, total = Counter[str](), Counter[str]()
    failed: dict[str, list[str]] = defaultdict(list)
    left: dict[str, Counter[str]] = defaultdict(Counter)
    for case in found:
        if isinstance(case, Left):
            left[case.group][case.reason] += 1
            continue
        total[case.group] += 1
        if case.passes():
            passed[case.group] += 1
        else:
            failed[f"{case.group}: {case.form}"].append(case.text)
    return {
        "passed": {
            kind: {"passed": passed[kind], "of": of, "share": round(passed[kind] / of, 4)}
            for kind, of in sorted(total.items())
        },
        "failed": {kind: {"count": len(texts), "texts": texts} for kind, texts in sorted(failed.items())},
        "left_out": {kind: dict(reasons.most_common()) for kind, reasons in sorted(left.items())},
    }


def _folder(variable: str, name: str) -> Path | None:
    if variable in os.environ:
        return Path(os.environ[variable])
    return NEAR / name if (NEAR / name).is_dir() else None


def _show(result: dict[str, object], *, every: bool) -> None:
    console = Console()
    passed, failed, left = result["passed"], result["failed"], result["left_out"]
    table = Table("kind", "passed", "of", "share", title="cases that a call can hold")
    for kind, row in passed.items():  # type: ignore[attr-defined]
        table.add_row(kind, str(row["passed"]), str(row["of"]), f"{row['share']:.1%}")
    console.print(table)
    table = Table("failure", "count", "such as")
    for kind, row in failed.items():  # type: ignore[attr-defined]
        table.add_row(kind, str(row["count"]), " · ".join(row["texts"] if every else row["texts"][:3]))
    console.print(table)
    table = Table("kind", "left out because", "count")
    for kind, reasons in left.items():  # type: ignore[attr-defined]
        for reason, count in reasons.items():
            table.add_row(kind, reason, str(count))
    console.print(table)


if __name__ == "__main__":
    main()
