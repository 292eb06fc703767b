"""What an example says of other calls: contacts and promises before the call at hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from pydantic import AwareDatetime, Field, model_validator

from pipeline.detect.schema.parts import Names, Part


class PastContact(Part):
    """Dials before the call at hand, of the same people unless it says otherwise.

    Attributes:
        days_ago, hours_ago, minutes_ago, at: when; exactly one of them.
        times, every: so many of them, so many minutes apart, the last one at that time.
        connected: whether somebody answered; ``null`` when that is not known.
        seconds: how long was spoken.
        asked_for: whether the debtor had asked to be called then.
        events: what happened in it.
        customer_id, called_number, lender, agency, agent_id, callee_role: where they differ from the
            call's.
    """

    days_ago: float | None = Field(default=None, ge=0)
    hours_ago: float | None = Field(default=None, ge=0)
    minutes_ago: float | None = Field(default=None, ge=0)
    at: AwareDatetime | None = None
    times: int = Field(default=1, ge=1)
    every: float = Field(default=10, gt=0)
    connected: bool | None = True
    seconds: float | None = Field(default=None, ge=0)
    direction: str | None = "outbound"
    asked_for: bool = False
    events: Names = ()
    customer_id: str | None = None
    called_number: str | None = None
    lender: str | None = None
    agency: str | None = None
    agent_id: str | None = None
    callee_role: str | None = None

    @model_validator(mode="after")
    def _one_time(self) -> PastContact:
        if sum(t is not None for t in (self.days_ago, self.hours_ago, self.minutes_ago, self.at)) != 1:
            raise ValueError("a contact has exactly one of days_ago, hours_ago, minutes_ago, at")
        return self

    @property
    def ago(self) -> timedelta:
        """How long before the call; nothing where ``at`` is given."""
        return timedelta(days=self.days_ago or 0, hours=self.hours_ago or 0, minutes=self.minutes_ago or 0)


class PastPromiseMade(Part):
    """A promise of the debtor before the call at hand.

    Attributes:
        days_ago: when it was made.
        amount: yuan.
        due: the last day promised.
        kept: whether it was paid in time; ``null`` when that is not known.
    """

    days_ago: float = Field(gt=0)
    amount: Decimal | None = None
    due: date | None = None
    kept: bool | None = None
