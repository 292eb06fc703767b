"""Looks at the runs of a Prefect server and tells a webhook what became of them: done, failed, late.

It only reads the server's API, so it also sees what nobody else can tell of: a run that no worker took, a run
whose process is gone, a server that does not answer. What was told is remembered in a file; an event that
nobody took is told again at the next look, under the same id.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flows.artifacts import masked
from flows.webhook import Event, NotTaken, Webhook, event_id
from pipeline.days import load_profile
from pipeline.errors import TingheError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.settings import WatchSettings

FLOWS: Final = {"tinghe-nightly": "night", "tinghe-rejudge": "rejudge", "tinghe-retention": "retention"}
"""The flows that are watched, and what events call them."""
BACK: Final = timedelta(days=2)
"""Runs that were to begin before are over and told, or nobody's concern any more."""
_FORGET_S: Final = 7 * 24 * 3600.0
_SILENT_LOOKS: Final = 5
"""Looks in a row without an answer from which the server is gone."""
_OVER: Final = {"COMPLETED": "done", "FAILED": "failed", "CRASHED": "crashed", "CANCELLED": "cancelled"}
_WAITS: Final = frozenset({"SCHEDULED", "PENDING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the server knows it.

    Attributes:
        what: ``night``, ``rejudge`` or ``retention``.
        state: Prefect's type of its state.
        scheduled_at: when it was to begin.
        parameters: as they were given.
        message: what the flow said at its end.
    """

    id: str
    name: str
    what: str
    state: str
    scheduled_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


def findings(run: Run, now: datetime, watch: WatchSettings) -> Iterator[str]:
    """What there is to tell of a run: how it ended, that it has not begun, that it is not done."""
    if run.state in _OVER:
        yield _OVER[run.state]
        return
    waiting = now - run.scheduled_at
    if run.state in _WAITS and run.started_at is None and waiting > timedelta(minutes=watch.start_within_min):
        yield "not_started"
    if run.what == "night" and waiting > timedelta(hours=watch.done_within_h):
        yield "late"


def event_of(run: Run, finding: str) -> Event:
    """The event that tells something of a run."""
    day = run.parameters.get("business_date")
    return Event(
        id=event_id(run.id, finding),
        kind=f"{run.what}.{finding}",
        data={
            "run": run.id,
            "name": run.name,
            "profile": run.parameters.get("profile"),
            "business_date": str(day) if day else None,
            "scheduled_at": _time(run.scheduled_at),
            "started_at": _time(run.started_at),
            "ended_at": _time(run.ended_at),
            # Of other ends the words are Prefect's, and may be those of an error.
            "message": masked(run.message) if finding in ("done", "failed") else "",
        },
    )


@dataclass
class Watchman:
    """Looks, and tells.

    Attributes:
        profiles: folder of the profiles that runs name.
        profile: the one whose webhook hears of the server itself.
        told_in: the file in which it is remembered what was told.
        read: the runs from a time on.
    """

    profiles: Path
    profile: str
    told_in: Path
    read: Callable[[datetime, datetime], Iterable[Run]]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.time
    _silent: int = 0

    def look(self) -> tuple[Event, ...]:
        """Look once; the events that were taken.

        Raises:
            StoreError: it cannot be remembered what was told.
        """
        now = datetime.fromtimestamp(self.clock(), UTC)
        told = self._told()
        taken: list[Event] = []
        for event, profile in self._events(now):
            if event.id in told or not self._tell(event, profile):
                continue
            told[event.id] = self.clock()
            taken.append(event)
            self._remember(told)
        return tuple(taken)

    def _events(self, now: datetime) -> Iterator[tuple[Event, str]]:
        try:
            runs = list(self.read(now - BACK, now))
        except Exception as error:
            self._silent += 1
            if self._silent >= _SILENT_LOOKS:
                since = now.strftime("%Y-%m-%dT%H")  # told again every hour that it lasts
                data = {"reason": type(error).__name__, "looks": self._silent}
                kind = "server.silent"
                yield Event(id=event_id(kind, since), kind=kind, data=data), self.profile
            return
        self._silent = 0
        for run in runs:
            name = str(run.parameters.get("profile") or self.profile)
            try:
                watch = load_profile(name, self.profiles).settings.watch
            except (
                TingheError
            ):  # a run with a profile that is none has failed, and the default one hears of it
                name = self.profile
                watch = load_profile(name, self.profiles).settings.watch
            for finding in findings(run, now, watch):
                yield event_of(run, finding), name

    def _tell(self, event: Event, profile: str) -> bool:
        webhook = Webhook.of(load_profile(profile, self.profiles).settings.watch, self.environment)
        if webhook is None:
            return False
        try:
            webhook.send(event)
        except NotTaken:
            return False
        return True

    def _told(self) -> dict[str, float]:
        try:
            told = json.loads(self.told_in.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        since = self.clock() - _FORGET_S
        return {str(name): float(when) for name, when in told.items() if float(when) > since}

    def _remember(self, told: Mapping[str, float]) -> None:
        write_atomically(self.told_in, json.dumps(dict(told)).encode(), mode=0o600)


def read_runs(since: datetime, until: datetime) -> list[Run]:
    """The runs of our flows that were to begin between two moments, from the server of this environment."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        names = {
            flow.id: flow.name
            for flow in client.read_flows(flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))))
        }
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
            flow_run_filter=FlowRunFilter(
                expected_start_time=FlowRunFilterExpectedStartTime.model_validate(
                    {"after_": since, "before_": until}
                )
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=200,
        )
    return [
        Run(
            id=str(run.id),
            name=run.name,
            what=FLOWS[names[run.flow_id]],
            state=run.state_type.value if run.state_type else "",
            scheduled_at=run.expected_start_time or until,
            started_at=run.start_time,
            ended_at=run.end_time,
            parameters=run.parameters,
            message=(run.state.message or "") if run.state else "",
        )
        for run in reversed(runs)
    ]


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
