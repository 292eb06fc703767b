"""Trying a unit of work: claimed before, tried again where that may help, given up with a reason.

=====================  ========================================================================
what happened          what follows
=====================  ========================================================================
bad input              given up at once
an engine failed       tried again, up to ``retries`` times, with growing pauses
its worker was lost    tried again alone, up to ``lane_retries`` times
the batch died         the next run tries again, up to ``losses`` times, alone from the second on
nothing can be written tried again, up to ``retries`` times; then the run ends and the call is not to blame
a foreign error        given up at once; only its type is told
=====================  ========================================================================
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.batch.journal import InHand
from pipeline.errors import (
    EngineError,
    FormError,
    KeptError,
    LaneError,
    StoreError,
    TingheError,
    UnexpectedError,
)
from pipeline.types import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.batch.journal import Journal
    from pipeline.batch.plan import Job
    from pipeline.batch.units import Stage, Unit
    from pipeline.settings import BatchSettings

T = TypeVar("T")

LOST: Final = "batch_died"
"""The reason of a call with which in hand the whole batch died too often."""
_TRUSTED_LOSSES: Final = 1
"""How often the batch may die with a call in hand before the call is tried alone."""


class PutOff(Exception):
    """The call is to be tried again when no other can be harmed."""


class GivenUp(Exception):
    """The call cannot be judged.

    Attributes:
        stage: what failed.
        record: why, for the quarantine.
        blameless: whether the machine may be to blame as well as the call.
    """

    def __init__(self, stage: Stage, record: Quarantined, *, blameless: bool) -> None:
        super().__init__(record.reason)
        self.stage = stage
        self.record = record
        self.blameless = blameless


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How units are tried.

    Attributes:
        wait: sleeps between retries.
    """

    journal: Journal
    settings: BatchSettings
    wait: Callable[[float], None]

    def make(
        self, job: Job, stage: Stage, key: str, do: Callable[[], T], *, lease_s: float, alone: bool
    ) -> T:
        """The result of ``do``, with the unit in hand; whoever gets it must mark the unit done.

        Raises:
            PutOff: it is to be tried again alone.
            GivenUp: it is not to be tried again.
            KeptError: what was heard is gone; the unit was given back.
            StoreError: nothing can be written; the unit was given back where that was possible.
            TingheError: what concerns all calls; the unit was given back.
        """
        call_id, failed_writes = job.call.call_id, 0
        while True:
            try:
                unit = self.persist(lambda: self.journal.claim(call_id, stage, key, lease_s=lease_s))
            except InHand:
                if alone:
                    raise
                raise PutOff from None
            if unit.lost > self.settings.losses:
                raise self._given_up(job, stage, LOST, "the batch died again and again over it", unit)
            if unit.lost > _TRUSTED_LOSSES and not alone:
                self._give_back(call_id, stage, blamed=False)
                raise PutOff
            try:
                return do()
            except LaneError as error:
                if unit.attempts > self.settings.lane_retries:
                    raise self._given_up(job, stage, error.reason, str(error), unit, blameless=True) from None
                self._give_back(call_id, stage, blamed=True)
                raise PutOff from None
            except FormError as error:  # one call's, or a fault in the program that all calls meet
                raise self._given_up(job, stage, error.reason, str(error), unit, blameless=True) from None
            except StoreError:
                self._give_back(call_id, stage, blamed=False)
                failed_writes += 1
                if failed_writes > self.settings.retries:
                    raise
                self._pause(failed_writes)
            except KeptError:
                self._give_back(call_id, stage, blamed=False)
                raise
            except TingheError as error:
                if error.retryable and unit.attempts <= self.settings.retries:
                    self._give_back(call_id, stage, blamed=True)
                    self._pause(unit.attempts)
                    continue
                if not (error.quarantine or error.retryable):
                    self._give_back(call_id, stage, blamed=False)
                    raise
                blameless = isinstance(error, (EngineError, UnexpectedError))
                raise self._given_up(
                    job, stage, error.reason, str(error), unit, blameless=blameless
                ) from None
            except Exception as error:  # one poisonous call must not cost the others
                # Only the type is kept: the message of a foreign error may quote what was said.
                name = type(error).__name__
                raise self._given_up(job, stage, UnexpectedError.code, name, unit, blameless=True) from None
            except BaseException:
                self._give_back(call_id, stage, blamed=False)
                raise

    def persist(self, write: Callable[[], T]) -> T:
        """The result of a write, tried again with growing pauses.

        Raises:
            StoreError: it cannot be done.
        """
        failed = 0
        while True:
            try:
                return write()
            except FormError:
                raise
            except StoreError:
                failed += 1
                if failed > self.settings.retries:
                    raise
                self._pause(failed)

    def _pause(self, number: int) -> None:
        self.wait(self.settings.retry_delay_s * 2 ** (number - 1))

    def _give_back(self, call_id: str, stage: Stage, *, blamed: bool) -> None:
        # Where even this cannot be written, the next run finds the unit in hand of an owner that is gone.
        with contextlib.suppress(StoreError):
            self.journal.give_back(call_id, stage, blamed=blamed)

    @staticmethod
    def _given_up(
        job: Job, stage: Stage, reason: str, message: str, unit: Unit, *, blameless: bool = False
    ) -> GivenUp:
        record = Quarantined(
            call_id=job.call.call_id,
            reason=reason,
            message=message,
            file=job.file,
            line=job.call.line,
            attempts=unit.attempts,
        )
        return GivenUp(stage, record, blameless=blameless)
