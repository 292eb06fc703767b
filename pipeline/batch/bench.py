"""Who does the work of a batch, and who watches it: what :mod:`pipeline.batch.run` asks of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.batch.plan import Job
    from pipeline.batch.units import Cost
    from pipeline.types import Call, CallReport, CallStatus, History


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """What hearing left behind: the digest of what was kept, and what it cost."""

    output: str
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A report, which stands in its file already, and what it cost."""

    report: CallReport
    cost: Cost


class Bench(Protocol):
    """Does the work, here or in other processes. ``alone``: where it can harm no other call."""

    def hear(self, job: Job, key: str, recording_sha256: str, *, alone: bool) -> Listened:
        """Listen and keep what was heard; what is kept under this key already is not heard again."""
        ...

    def judge(self, job: Job, heard_sha256: str, seen: History, *, alone: bool) -> Judged:
        """Judge what was heard and write the call's files.

        Raises:
            KeptError: what was heard is not there, or another.
        """
        ...

    def refuse(self, call: Call, reason: str) -> CallReport:
        """The report of a call that cannot be judged."""
        ...

    def lease_s(self, job: Job) -> float:
        """How long a step of the call may take at most."""
        ...


class Observer(Protocol):
    """Is told what happens, for progress bars and logs. Called from worker threads."""

    def planned(self, calls: int) -> None:
        """The batch begins with this many calls."""
        ...

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """A call is done, in whatever way."""
        ...


@dataclass(frozen=True, slots=True)
class Silent:
    """An observer that does nothing."""

    def planned(self, calls: int) -> None:
        """Nothing."""

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """Nothing."""
