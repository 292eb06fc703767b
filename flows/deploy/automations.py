"""What the Prefect server is told once: the work pool, and which runs it may take for dead.

A worker and its run that are killed together leave a run that is ``Running`` for good. Missing heartbeats
are all by which the server can tell.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import get_current_settings

from flows.deploy.serving import POOL

_ENDS: Final = frozenset(
    f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed")
)
_SIGN: Final = "prefect.flow-run.heartbeat"
_MISSED: Final = 3
"""Heartbeats that may be missing."""


def dead_runs() -> AutomationCore:
    """Marks runs as crashed that missed three heartbeats."""
    every = get_current_settings().flows.heartbeat_frequency or 180
    return AutomationCore(
        name="tinghe: runs that died",
        description="Marks a run as crashed whose process is gone without a word.",
        trigger=EventTrigger(
            after={_SIGN},
            expect={_SIGN, *_ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=_MISSED * every),
        ),
        actions=[
            ChangeFlowRunState(name=None, state=StateType.CRASHED, message="no sign of life", force=False)
        ],
    )


def make_pool() -> None:
    """Make the work pool, where it is not there."""
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))


def bring(automation: AutomationCore) -> None:
    """Create an automation, or change the one of its name."""
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(automation.name)
        if there:
            client.update_automation(there[0].id, automation)
        else:
            client.create_automation(automation)
