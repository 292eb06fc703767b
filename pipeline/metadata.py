"""What is known of a call before listening: the row of the manifest, validated."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
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
_LIVED = (timedelta(hours=8), timedelta(hours=6))

_GROUPED = re.compile(r"\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
"""A number as spreadsheets and people write it: ``18,600.00``; ``18,60`` is none."""
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_YES_NO = {"是": True, "有": True, "否": False, "无": False}


def _as_text(value: Any) -> Any:
    """Telephone numbers that JSON or a spreadsheet gives as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: Any) -> Any:
    """The day of a date, of a date with a time, or of either as spreadsheets write them (``2026/3/5``)."""
    if not isinstance(value, str):
        return value
    day = value.strip().replace("T", " ").split(" ")[0].replace("/", "-")
    return "-".join(part.zfill(2) for part in day.split("-"))


def _number(value: Any) -> Any:
    """A number without its thousands separators; anything else unchanged."""
    if isinstance(value, str) and _GROUPED.fullmatch(value):
        return re.sub("[,，]", "", value)
    return value


def _yuan(value: Any) -> Any:
    """An amount without its sign or unit (``¥18,600.00``, ``18600元``); anything else unchanged."""
    if not isinstance(value, str):
        return value
    bare = value.lstrip("¥￥").removesuffix("元").strip()
    return _number(bare) if _GROUPED.fullmatch(bare) else value


def _days(value: Any) -> Any:
    return _number(value.removesuffix("天").strip()) if isinstance(value, str) else value


def _lasted(value: Any) -> Any:
    """Seconds of a length as the records of exchanges have it (``0:01:35``)."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _number(value)
    hours, minutes, seconds = (int(part) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def _truth(value: Any) -> Any:
    return _YES_NO.get(value, value) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lived_time(moment: datetime) -> datetime:
    """A moment in the zone that its party lives by.

    Recorders and exchanges write UTC or the zone of a server; hours of the day, days and relative dates
    («tomorrow») are those of China. A clock of the mainland stays: legal time, or two hours less in Xinjiang.
    """
    return moment if moment.utcoffset() in _LIVED else moment.astimezone(CHINA)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


Telephone = Annotated[str, BeforeValidator(_as_text)]
Day = Annotated[date, BeforeValidator(_day)]
Yuan = Annotated[Decimal, Field(ge=0), BeforeValidator(_yuan)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST), AfterValidator(_lived_time)]


class CallMetadata(BaseModel):
    """The metadata fields of a call; unknown ones are kept and can be used in rules.

    Attributes:
        team: the agent's.
        callee_role: who the file says is called.
        started_at: start of the call, in China Standard Time (or in that of Xinjiang); a time without a
            zone is taken as the former.
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
    lender_type: (
        Annotated[Literal["bank", "consumer_finance", "micro_lender", "platform"], BeforeValidator(_lower)]
        | None
    ) = None
    agency: str | None = None
    is_outsourced: Truth | None = None
    product_type: Annotated[Literal["credit_card", "consumer_loan"], BeforeValidator(_lower)] | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_sex: Annotated[Literal["M", "F"], BeforeValidator(_upper)] | None = None
    callee_role: (
        Annotated[
            Literal[
                "debtor", "relative", "colleague", "emergency_contact", "guarantor", "stranger", "unknown"
            ],
            BeforeValidator(_lower),
        ]
        | None
    ) = None
    direction: Annotated[Literal["outbound", "inbound"], BeforeValidator(_lower)] | None = None
    started_at: Moment | None = None
    days_overdue: Annotated[int, Field(ge=0), BeforeValidator(_days)] | None = None
    total_due: Yuan | None = None
    principal: Yuan | None = None
    lawsuit_status: Annotated[Literal["none", "filed", "judged"], BeforeValidator(_lower)] | None = None
    ivr_recording_notice: Truth | None = None
    called_number: Telephone | None = None
    caller_number: Telephone | None = None
    cli_whitelisted: Truth | None = None
    connected: Truth | None = None
    talk_seconds: Annotated[float, Field(ge=0, le=_WEEK_S), BeforeValidator(_lasted)] | None = Field(
        default=None, validation_alias=AliasChoices("talk_seconds", "cdr_talk_seconds")
    )
    asked_for: Truth | None = None
    agreed_window: str | bool | None = None
    contact_ground: (
        Annotated[
            Literal["none", "lost_contact", "deceased", "incapacity", "authorised"], BeforeValidator(_lower)
        ]
        | None
    ) = None
    agreement_status: (
        Annotated[Literal["none", "performing", "broken", "settled"], BeforeValidator(_lower)] | None
    ) = None
    stop_until: Day | None = None
    dispute_hold: Truth | None = None
    retention_until: Day | None = Field(
        default=None, validation_alias=AliasChoices("retention_until", "purge_date")
    )
    disposition: str | None = None
    paid_amount: Yuan | None = None
    paid_at: Day | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unknown(cls, value: Any) -> Any:
        # blanks around a cell would make no choice, no number and no yes or no out of it
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("started_at", mode="before")
    @classmethod
    def _assume_china_time(cls, value: Any) -> Any:
        if isinstance(value, str):
            if _is_day(value):
                # read as midnight, it would make a call at a forbidden hour of every call
                raise ValueError("no time of day")
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


KNOWN_FIELDS = frozenset(CallMetadata.model_fields) | {"cdr_talk_seconds", "purge_date"}
"""Names of the fields, the other names of some of them too."""

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
