"""Learns the syllables that tell the collector from the customer, and measures them.

Run with ``python -m tests.benchmarks.wording [--write] [CALLS ...]``. It learns from the clauses of
``configs/corpora``; ``--write`` puts the weights into ``configs/lexicons/role_syllables.tsv``. ``CALLS`` are
folders of labelled calls (JSON with ``turns`` of ``speaker`` and ``text``), whose clauses are judged by the
weights that are shipped.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from models.opinion_ngrams import CORPORA
from pipeline.speech.clean import spoken
from pipeline.speech.wording import ROLE_SYLLABLES, Wording, load_wording, runs

LEAST_CLAUSES = 10
"""Clauses in which a run must occur."""
LEAST_WEIGHT = 0.15
"""Smaller weights are left out: half of the file for 0.003 of the area under the curve."""
INVERSE_REGULARISATION = 0.3
HEADER = (
    "# Runs of syllables without tones and the log odds that a clause with them is the collector's.\n"
    "# Learned from configs/corpora by `python -m tests.benchmarks.wording --write`; do not edit.\n"
    "# < and > are the edges of a clause; the run of no syllables is the bias.\n"
)
_MARKS = re.compile("[。！？!?；;，,、]")


def clauses(turns: Iterable[dict[str, str]]) -> Iterator[tuple[str, bool]]:
    """Bare text of each clause, and whether the agent says it."""
    for turn in turns:
        if turn["speaker"] in ("agent", "customer"):
            for part in _MARKS.split(turn["text"]):
                if bare := spoken(part):
                    yield bare, turn["speaker"] == "agent"


def corpus() -> tuple[tuple[str, bool], ...]:
    """Each different clause of the corpora once."""
    lines = (
        json.loads(line)
        for folder in CORPORA
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return tuple(dict.fromkeys(c for line in lines for c in clauses([line, *line.get("context", ())])))


def learn(said: Sequence[tuple[str, bool]]) -> Wording:
    """A logistic regression over the runs of each clause; both roles weigh alike."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    found = [{run for run, _ in runs(text)} for text, _ in said]
    counts = Counter(run for here in found for run in here)
    names = sorted(run for run, count in counts.items() if count >= LEAST_CLAUSES)
    number = {run: i for i, run in enumerate(names)}
    places = [[number[run] for run in sorted(here) if run in number] for here in found]
    ends = np.cumsum([0, *map(len, places)])
    column = np.array([i for here in places for i in here])
    matrix = csr_matrix((np.ones(len(column)), column, ends), shape=(len(said), len(names)))
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300, class_weight="balanced")
    model.fit(matrix, [agent for _, agent in said])
    kept = ((run, float(w)) for run, w in zip(names, model.coef_[0], strict=True) if abs(w) >= LEAST_WEIGHT)
    weights = {run: round(weight, 2) for run, weight in kept}
    return Wording(bias=round(float(model.intercept_[0]), 2), weights=weights)


def write(wording: Wording, path: Path = ROLE_SYLLABLES) -> None:
    """Put the weights where they are read from."""
    lines = [f"\t{wording.bias}", *(f"{run}\t{weight}" for run, weight in sorted(wording.weights.items()))]
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def measured(folder: Path, wording: Wording) -> dict[str, float]:
    """How well the weights tell the clauses of labelled calls."""
    from sklearn.metrics import log_loss, roc_auc_score

    calls = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    said = [clause for call in calls for clause in clauses(call["turns"])]
    odds = np.array([wording.placed_log_odds([text])[0] for text, _ in said])
    agent = np.array([who for _, who in said])
    return {
        "clauses": len(said),
        "right": float(np.mean((odds > 0) == agent)),
        "area under the curve": float(roc_auc_score(agent, odds)),
        "log loss": float(log_loss(agent, 1 / (1 + np.exp(-odds)))),
    }


def main() -> None:
    """Learn, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    console = Console()
    if chosen.write:
        wording = learn(corpus())
        write(wording)
        load_wording.cache_clear()
        console.print(f"{len(wording.weights)} runs -> {ROLE_SYLLABLES.name}")
    for folder in chosen.calls:
        figures = measured(folder, load_wording())
        console.print(folder.name, {name: round(value, 3) for name, value in figures.items()})


if __name__ == "__main__":
    main()
