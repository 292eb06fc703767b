"""``configs/retention.yaml``: how long which calls must be kept, and what is deleted afterwards.

Every profile that applies to a call protects it; the longest period holds. A field that the call does not
have may have any value: what cannot be excluded applies, because deleting cannot be undone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from pipeline.errors import ConfigError, RulePackError
from pipeline.norms import load_norms
from pipeline.yaml_files import line_of, parse_file, unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NORM_YEARS: Final = 2
"""GB/T 45251-2025 5.3 and article 68 of the credit-card measures."""


class Item(StrEnum):
    """What is kept of a call."""

    SOUND = "sound"
    """The playable copy, ``audio/``."""
    RECORDS = "records"
    """What was heard, the result, its page, its rows in the database and in the summaries."""
    RECORDING = "recording"
    """The original, outside the results folder."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keep(_Section):
    """A period, counted from the day of the call in China.

    Attributes:
        years: calendar years; the last day is kept too.
        days: more days after those.
        until: ``settlement``: and at least to the day on which the debt is settled.
    """

    years: int = Field(default=0, ge=0, le=100)
    days: int = Field(default=0, ge=0, le=36_600)
    until: Literal["settlement"] | None = None

    @model_validator(mode="after")
    def _is_a_period(self) -> Keep:
        if not (self.years or self.days or self.until):
            raise ValueError("says neither years, days nor until")
        return self

    def last_day(self, day: date) -> date:
        """The last day of the fixed part of the period, for a call of ``day``."""
        return years_after(day, self.years, self.days)


class When(_Section):
    """What a call must be for a profile to apply; every field that is given must be met.

    Attributes:
        promise: whether a promise to pay was made in the call.
    """

    lender: tuple[str, ...] | None = Field(default=None, min_length=1)
    lender_type: tuple[str, ...] | None = Field(default=None, min_length=1)
    agency: tuple[str, ...] | None = Field(default=None, min_length=1)
    product_type: tuple[str, ...] | None = Field(default=None, min_length=1)
    agreement_status: tuple[str, ...] | None = Field(default=None, min_length=1)
    promise: bool | None = None

    @field_validator("lender_type", "product_type", "agreement_status")
    @classmethod
    def _is_a_choice(cls, value: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        known = CHOICES[info.field_name or ""]
        for name in value or ():
            if name not in known:
                raise ValueError(unknown_name("value", name, known))
        return value

    @property
    def asked(self) -> dict[str, tuple[Any, ...]]:
        """By field, the values that are met."""
        fields: dict[str, tuple[Any, ...]] = {
            name: getattr(self, name) for name in MATCHED if getattr(self, name) is not None
        }
        return fields if self.promise is None else {**fields, "promise": (self.promise,)}


MATCHED: Final = ("lender", "lender_type", "agency", "product_type", "agreement_status")
"""Fields of the metadata that profiles ask for."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "lender_type": ("bank", "consumer_finance", "micro_lender", "platform"),
    "product_type": ("credit_card", "consumer_loan"),
    "agreement_status": ("none", "performing", "broken", "settled"),
}


class Profile(_Section):
    """One period and the calls and things that it is about.

    Attributes:
        profile: its name.
        when: the calls; all of them when left out.
        norms: the clauses that it rests on, ids of ``norms.yaml``.
        shorter_because: why it may be shorter than the norm asks for.
        protects: what may not be deleted before the period is over.
        deletes: what is deleted when every period is over that protects it.
        recordings: ``delete``: the originals too, from the folders that the settings name.
    """

    profile: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    when: When = When()
    keep: Keep
    norms: tuple[str, ...] = ()
    shorter_because: str | None = Field(default=None, min_length=1)
    protects: tuple[Item, ...] = Field(default=tuple(Item), min_length=1)
    deletes: tuple[Literal[Item.SOUND, Item.RECORDS], ...] = (Item.SOUND, Item.RECORDS)
    recordings: Literal["keep", "delete"] = "keep"

    @model_validator(mode="after")
    def _long_enough(self) -> Profile:
        if self.keep.years < NORM_YEARS and self.keep.until is None and self.shorter_because is None:
            raise ValueError(
                f"keep.years: {self.keep.years} is less than the {NORM_YEARS} years that GB/T 45251-2025 "
                "asks for; say why in shorter_because"
            )
        if not set(self.deleted) <= set(self.protects):
            raise ValueError("deletes: holds what the profile does not protect")
        return self

    @property
    def deleted(self) -> tuple[Item, ...]:
        """All that it deletes."""
        return (*self.deletes, Item.RECORDING) if self.recordings == "delete" else self.deletes

    def unmet_or_unknown(self, facts: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Whether the profile may apply to a call.

        Returns:
            ``None`` when it does not; else the fields that it asks for and the call does not have.
        """
        unknown = []
        for name, values in self.when.asked.items():
            found = facts.get(name)
            if found is None:
                unknown.append(name)
            elif found not in values:
                return None
        return tuple(unknown)


class _File(_Section):
    assume: When = When()
    profiles: tuple[Profile, ...] = Field(min_length=1)

    @field_validator("assume")
    @classmethod
    def _one_value_each(cls, value: When) -> When:
        for name, values in value.asked.items():
            if len(values) != 1:
                raise ValueError(f"{name}: must be one value")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """All profiles of a file.

    Attributes:
        assume: what calls are taken for that do not say.
        sha256: of the file.
    """

    profiles: tuple[Profile, ...]
    assume: Mapping[str, Any]
    sha256: str

    def at_least(self, day: date) -> date:
        """A day to which a call of ``day`` is kept whatever else is known of it."""
        return min(profile.keep.last_day(day) for profile in self.profiles)

    def applying(self, facts: Mapping[str, Any]) -> tuple[tuple[Profile, tuple[str, ...]], ...]:
        """The profiles that may apply to a call, each with the fields of which that is not known.

        Args:
            facts: by field of :data:`MATCHED` and ``promise``; absent or ``None`` where it is not known.
        """
        known = {**self.assume, **{name: value for name, value in facts.items() if value is not None}}
        found = ((profile, profile.unmet_or_unknown(known)) for profile in self.profiles)
        return tuple((profile, unknown) for profile, unknown in found if unknown is not None)


def load_profiles(path: Path, norms: Path) -> Profiles:
    """Read the profiles.

    Args:
        path: of ``retention.yaml``.
        norms: of ``norms.yaml``.

    Raises:
        RulePackError: a file cannot be read, or a field, name or norm is wrong; the message names file, line
            and field.
    """
    file = parse_file(_File, path)
    clauses = load_norms(norms).by_id
    names: set[str] = set()
    for index, profile in enumerate(file.profiles):
        at = f"profile {profile.profile}"
        if profile.profile in names:
            raise _wrong(path, ("profiles", index, "profile"), f"{at}: profile: stands twice")
        names.add(profile.profile)
        for norm in profile.norms:
            if norm not in clauses:
                problem = unknown_name("norm", norm, clauses)
                raise _wrong(path, ("profiles", index, "norms"), f"{at}: norms: {problem}")
    always = [p for p in file.profiles if not p.when.asked]
    for item in (Item.SOUND, Item.RECORDS, Item.RECORDING):
        if not any(item in profile.protects for profile in always):
            raise _wrong(path, ("profiles",), f"profiles: none without 'when' protects {item.value!r}")
    return Profiles(
        profiles=file.profiles,
        assume={name: values[0] for name, values in file.assume.asked.items()},
        sha256=hashlib.sha256(_bytes(path)).hexdigest(),
    )


def years_after(day: date, years: int, days: int = 0) -> date:
    """The same day of a later year and ``days`` more; 29 February becomes 1 March.

    Raises:
        ConfigError: the calendar ends before.
    """
    leap_day = (day.month, day.day) == (2, 29)
    try:
        if leap_day:
            later = day.replace(year=day.year + years, month=3, day=1)
        else:
            later = day.replace(year=day.year + years)
        return later + timedelta(days=days)
    except (ValueError, OverflowError):
        raise ConfigError(f"keep: {years} years and {days} days end after the calendar does") from None


def _wrong(path: Path, loc: tuple[Any, ...], message: str) -> RulePackError:
    return RulePackError(f"{path.name}:{line_of(path, loc)}: {message}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RulePackError(f"{path}: {error.strerror}") from error
