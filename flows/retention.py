"""Retention as a flow, for a scheduler: parameters are paths, results are counts."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.retaining import carry_out, opened_retention
from pipeline.retention.plan import Standing
from pipeline.retention.settlements import Settlements, read_settlements


@flow(name="tinghe-retention", flow_run_name="retention", persist_result=False, validate_parameters=True)
def retain(
    results: str, config: str | None = None, settlements: str | None = None, delete: bool = False
) -> dict[str, int]:
    """Delete what is due in a results folder, or only count it.

    Args:
        results: the results folder.
        config: a settings file; that of the folder's last run when left out.
        settlements: a CSV of debts that are settled.
        delete: whether to delete; else nothing is changed.

    Returns:
        How many calls are due, and of how many something was deleted.
    """
    settled = read_settlements(Path(settlements)) if settlements else Settlements()
    settings = Path(config) if config else None
    if delete:
        done = carry_out(Path(results), settings, settled)
        return {"due": len(done.calls), "deleted": len(done.calls), "stopped": len(done.stopped)}
    with opened_retention(Path(results), settings, planning=True) as retention:
        due = sum(decision.standing is Standing.DUE for decision in retention.plan(settled))
        return {"due": due, "deleted": 0, "stopped": 0}
