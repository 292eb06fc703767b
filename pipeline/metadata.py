"""What is known of a call before listening: the row of the manifest, validated."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Mainland China has one legal time, without daylight saving."""

PERSONAL_FIELDS = frozenset({"customer_id", "customer_name", "agent_name"})
"""Known fields that name a person: kept out of logs and masked in reports."""


class CallMetadata(BaseModel):
    """The metadata fields of a call; unknown ones are kept and can be used in rules.

    Attributes:
        callee_role: who the file says is called.
        started_at: start of the call with its time zone; a time without one is taken as
            China Standard Time.
        days_overdue: whole days since the due date.
        total_due: yuan owed in all, interest and fees included.
        principal: yuan of principal owed.
        ivr_recording_notice: whether an automatic voice announced the recording before the call.
    """

    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)

    agent_id: str | None = None
    agent_name: str | None = None
    lender: str | None = None
    lender_type: Literal["bank", "consumer_finance", "micro_lender", "platform"] | None = None
    agency: str | None = None
    is_outsourced: bool | None = None
    product_type: Literal["credit_card", "consumer_loan"] | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_sex: Literal["M", "F"] | None = None
    callee_role: (
        Literal["debtor", "relative", "colleague", "emergency_contact", "guarantor", "stranger", "unknown"]
        | None
    ) = None
    direction: Literal["outbound", "inbound"] | None = None
    started_at: AwareDatetime | None = None
    days_overdue: int | None = Field(default=None, ge=0)
    total_due: Decimal | None = Field(default=None, ge=0)
    principal: Decimal | None = Field(default=None, ge=0)
    lawsuit_status: Literal["none", "filed", "judged"] | None = None
    ivr_recording_notice: bool | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unknown(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("started_at", mode="before")
    @classmethod
    def _assume_china_time(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=CHINA)
        return value

    def get(self, name: str) -> Any:
        """A field by name, known or not; ``None`` when the call does not have it."""
        if name in type(self).model_fields:
            return getattr(self, name)
        return (self.model_extra or {}).get(name)
