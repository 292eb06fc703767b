"""What is known of a call before listening: the row of the manifest, validated."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Mainland China has one legal time, without daylight saving."""

PERSONAL_FIELDS = frozenset({"customer_id", "customer_name", "agent_name", "called_number", "caller_number"})
"""Known fields that name a person: kept out of logs and masked in reports."""

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=CHINA), datetime(2200, 1, 1, tzinfo=CHINA)
_WEEK_S = 7 * 24 * 3600


def _as_text(value: Any) -> Any:
    """Telephone numbers that JSON or a spreadsheet gives as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: Any) -> Any:
    """The day of a date, of a date with a time, or of either as spreadsheets write them (``2026/3/5``)."""
    if not isinstance(value, str):
        return value
    day = value.strip().replace("T", " ").split(" ")[0].replace("/", "-")
    return "-".join(part.zfill(2) for part in day.split("-"))


Telephone = Annotated[str, BeforeValidator(_as_text)]
Day = Annotated[date, BeforeValidator(_day)]


class CallMetadata(BaseModel):
    """The metadata fields of a call; unknown ones are kept and can be used in rules.

    Attributes:
        team: the agent's.
        callee_role: who the file says is called.
        started_at: start of the call with its time zone; a time without one is taken as
            China Standard Time.
        days_overdue: whole days since the due date.
        total_due: yuan owed in all, interest and fees included.
        principal: yuan of principal owed.
        ivr_recording_notice: whether an automatic voice announced the recording before the call.
        called_number: the number dialled, or a token that stands for it.
        caller_number: the number that the other side sees.
        cli_whitelisted: whether ``caller_number`` is one of the institution's own.
        connected: whether a person answered.
        talk_seconds: how long was spoken, by the records of the exchange (CDR).
        asked_for: whether the party had asked to be called at that time.
        agreed_window: times of day at which the party agreed to be called, ``21:00-23:00``; several
            with commas; ``true`` where the file does not say which.
        contact_ground: why somebody else than the debtor may be called.
        agreement_status: what became of an instalment agreement that was signed.
        stop_until: last day on which the debtor may not be dunned.
        dispute_hold: whether a dispute of the debtor is being looked into.
        retention_until: day on which the recording will be deleted.
        disposition: what the agent noted as the result (催记), ``PTP``, ``RPC`` …
        paid_amount: yuan of the debtor's last payment before the call; 0 says that there was none.
        paid_at: the day of that payment.
    """

    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)

    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
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
    started_at: Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)] | None = None
    days_overdue: int | None = Field(default=None, ge=0)
    total_due: Decimal | None = Field(default=None, ge=0)
    principal: Decimal | None = Field(default=None, ge=0)
    lawsuit_status: Literal["none", "filed", "judged"] | None = None
    ivr_recording_notice: bool | None = None
    called_number: Telephone | None = None
    caller_number: Telephone | None = None
    cli_whitelisted: bool | None = None
    connected: bool | None = None
    talk_seconds: float | None = Field(
        default=None, ge=0, le=_WEEK_S, validation_alias=AliasChoices("talk_seconds", "cdr_talk_seconds")
    )
    asked_for: bool | None = None
    agreed_window: str | bool | None = None
    contact_ground: Literal["none", "lost_contact", "deceased", "incapacity", "authorised"] | None = None
    agreement_status: Literal["none", "performing", "broken", "settled"] | None = None
    stop_until: Day | None = None
    dispute_hold: bool | None = None
    retention_until: Day | None = Field(
        default=None, validation_alias=AliasChoices("retention_until", "purge_date")
    )
    disposition: str | None = None
    paid_amount: Decimal | None = Field(default=None, ge=0)
    paid_at: Day | None = None

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

    @property
    def values(self) -> dict[str, Any]:
        """Every field by name, unknown columns too, and what follows from several of them.

        ``retention_days`` is how long the recording will be kept, ``under_stop`` whether the call lies
        in a time without dunning; ``lender_name`` and ``agency_name`` are what people say for short («惠民»
        for «惠民消费金融有限公司»). ``None`` like any other field where that is not known.
        """
        day = self.started_at.date() if self.started_at else None
        kept = (self.retention_until - day).days if day and self.retention_until else None
        stopped = day <= self.stop_until if day and self.stop_until else None
        derived = {
            "retention_days": kept,
            "under_stop": stopped,
            "lender_name": short_name(self.lender),
            "agency_name": short_name(self.agency),
        }
        return {**self.model_dump(), **derived}


_COMPANY = re.compile(
    r"(股份|有限|责任|集团|公司|银行|消费金融|小额贷款|小贷|融资担保|金融|金服|信贷|普惠|数字|网络|信息|科技|技术|数据|"
    r"资产|管理|咨询|服务|商务|企业|催收|清收|律师|事务所|信用卡|中心|支行|分行|平台)+$"
)


def short_name(institution: str | None) -> str | None:
    """The name of an institution without what it is: two characters at least, else there is none."""
    if institution is None:
        return None
    name = _COMPANY.sub("", institution.strip())
    return name if len(name) >= 2 else None
