"""Looks at the runs of a Prefect server: tells a webhook what became of them, and starts a night again.

It only uses the server's API, so it also sees what nobody else can tell of: a run that no worker took, a run
whose process is gone, a server that does not answer. What was told is remembered in a file; an event that
nobody took is told again at the next look, under the same id.

Prefect does not start a run again that crashed. A night that failed or crashed is started again here, after
growing pauses and a bounded number of times; what is done is not done again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flows.deploy.artifacts import masked
from flows.deploy.webhook import Event, Webhook, event_id
from pipeline.batch.days import load_profile
from pipeline.errors import TingheError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.batch.days import Profile
    from pipeline.batch.settings import NightSettings
    from pipeline.settings import WatchSettings

FLOWS: Final = {
    "tinghe-nightly": "night",
    "tinghe-rejudge": "rejudge",
    "tinghe-retention": "retention",
    "tinghe-coaching": "coaching",
    "tinghe-audit": "audit",
}
"""The flows that are watched, and what events call them."""
BACK: Final = timedelta(days=2)
"""Runs that were to begin before are over and told, or nobody's concern any more."""
_FORGET_S: Final = 7 * 24 * 3600.0
_SILENT_LOOKS: Final = 5
"""Looks in a row without an answer from which the server is gone."""
_OVER: Final = {"COMPLETED": "done", "FAILED": "failed", "CRASHED": "crashed", "CANCELLED": "cancelled"}
_LONGER: Final = 3
"""Each pause before a night is started again is so many times the one before."""
_AGAIN: Final = "again-"
"""Tag of a run that was started again, before how often."""
_WAITS: Final = frozenset({"SCHEDULED", "PENDING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the server knows it.

    Attributes:
        what: a value of :data:`FLOWS`.
        state: Prefect's type of its state.
        scheduled_at: when it was to begin.
        parameters: as they were given.
        message: what the flow said at its end.
        deployment: id of its deployment; empty for a run without one.
        again: how often its night was started again before it.
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
    deployment: str = ""
    again: int = 0


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
            "again": run.again,
            # Of other ends the words are Prefect's, and may be those of an error.
            "message": masked(run.message) if finding in ("done", "failed") else "",
        },
    )


def next_start(run: Run, now: datetime, night: NightSettings) -> datetime | None:
    """When a night must begin again after this run; ``None`` when it must not."""
    lost = run.what == "night" and run.state in ("FAILED", "CRASHED") and bool(run.deployment)
    if not lost or run.again >= night.again:
        return None
    return now + timedelta(minutes=night.again_after_min * _LONGER**run.again)


@dataclass
class Watchman:
    """Looks, and tells.

    Attributes:
        profiles: folder of the profiles that runs name.
        profile: the one whose webhook hears of the server itself.
        told_in: the file in which it is remembered what was told.
        read: the runs between two moments.
        start: starts a run's deployment again at some moment, once however often it is called.
        failed: hears why something could not be told.
    """

    profiles: Path
    profile: str
    told_in: Path
    read: Callable[[datetime, datetime], Iterable[Run]]
    start: Callable[[Run, datetime], None] = lambda run, when: None
    failed: Callable[[TingheError], None] = lambda error: None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.time
    _silent: int = 0
    _started: set[str] = field(default_factory=set)

    def look(self) -> tuple[Event, ...]:
        """Look once; the events that were taken.

        Raises:
            ConfigError: the default profile cannot be used.
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

    def _events(self, now: datetime) -> list[tuple[Event, str]]:
        """What there is to tell, and whose webhook hears of it; lost nights are started again on the way."""
        try:
            runs = list(self.read(now - BACK, now))
        except Exception as error:
            self._silent += 1
            if self._silent < _SILENT_LOOKS:
                return []
            since = now.strftime("%Y-%m-%dT%H")  # told again every hour that it lasts
            data = {"reason": type(error).__name__, "looks": self._silent}
            kind = "server.silent"
            return [(Event(id=event_id(kind, since), kind=kind, data=data), self.profile)]
        self._silent = 0
        found = []
        for run in runs:
            profile = self._profile_of(run)
            self._start_again(run, now, profile.settings.night)
            for finding in findings(run, now, profile.settings.watch):
                found.append((event_of(run, finding), profile.name))
        return found

    def _profile_of(self, run: Run) -> Profile:
        """The profile of a run; the default one, which then hears of its failure, where it is none."""
        try:
            return load_profile(str(run.parameters.get("profile")), self.profiles)
        except TingheError:
            return load_profile(self.profile, self.profiles)

    def _start_again(self, run: Run, now: datetime, night: NightSettings) -> None:
        when = next_start(run, now, night)
        if when is None or run.id in self._started:
            return
        with contextlib.suppress(Exception):  # a server that is away is asked again at the next look
            self.start(run, when)
            self._started.add(run.id)

    def _tell(self, event: Event, profile: str) -> bool:
        try:
            settings = load_profile(profile, self.profiles).settings.watch
            webhook = Webhook.of(settings, self.environment)
            if webhook is None:
                return False
            webhook.send(event)
        except TingheError as error:
            self.failed(error)
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
            deployment=str(run.deployment_id or ""),
            again=max(
                (int(tag.removeprefix(_AGAIN)) for tag in run.tags if tag.startswith(_AGAIN)), default=0
            ),
        )
        for run in reversed(runs)
    ]


def start_again(run: Run, when: datetime) -> None:
    """Start a run's deployment again with the same parameters, on the server of this environment."""
    from uuid import UUID

    from prefect.client.orchestration import get_client
    from prefect.states import Scheduled

    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(
            UUID(run.deployment),
            parameters=dict(run.parameters),
            state=Scheduled(scheduled_time=when),
            tags=[f"{_AGAIN}{run.again + 1}"],
            idempotency_key=f"tinghe again {run.id}",
        )


def _again(tags: Iterable[str]) -> int:
    counts = (tag.removeprefix(_AGAIN) for tag in tags if tag.startswith(_AGAIN))
    return max((int(count) for count in counts if count.isdecimal()), default=0)


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
