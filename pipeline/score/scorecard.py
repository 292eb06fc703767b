"""The scorecard: how many points each thing is worth, read from YAML."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class Item(StrEnum):
    """What effectiveness looks at; :data:`pipeline.score.items.CHECKS` says how."""

    POLITE_OPENING = "polite_opening"
    RPC_CONFIRM = "rpc_confirm"
    INFORM_FACTS = "inform_facts"
    OPEN_QUESTION = "open_question"
    REASON_PROBE = "reason_probe"
    EMPATHY = "empathy"
    SOLUTION_OFFER = "solution_offer"
    PTP_AMOUNT = "ptp_amount"
    PTP_DATE = "ptp_date"
    PTP_CHANNEL = "ptp_channel"
    PTP_CONFIRMED = "ptp_confirmed"
    CONSEQUENCE_ACCURATE = "consequence_accurate"
    DEESCALATE = "deescalate"
    OBJECTION_HANDLING = "objection_handling"
    CLOSING_SUMMARY = "closing_summary"
    RESPECTFUL_TONE = "respectful_tone"
    PRIVACY_KEPT = "privacy_kept"
    NEXT_STEP = "next_step"
    CARE_FIRST = "care_first"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassDeduction(_Part):
    """What the rules of one severity cost.

    Attributes:
        first: points for the first turn that breaks a rule.
        further: points for each further turn that breaks the same rule.
        cap: the most that all rules of the severity together can cost.
    """

    first: float = Field(ge=0, le=100)
    further: float = Field(ge=0, le=100)
    cap: float = Field(ge=0, le=100)


class ComplianceCard(_Part):
    """Deductions from 100; a critical violation needs no figure, it is always 0."""

    major: ClassDeduction
    minor: ClassDeduction


class Caps(_Part):
    """Upper limits of effectiveness for calls that fail on compliance."""

    red_line: float = Field(ge=0, le=100)
    failed_below: float = Field(ge=0, le=100)
    failed: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _worse_is_lower(self) -> Self:
        if self.red_line > self.failed:
            raise ValueError("red_line must not be above failed")
        return self


class EffectivenessCard(_Part):
    """Points of the items; an item that is not listed is not looked at.

    Attributes:
        act_beside_minor: share of an item's points for an act in a turn that breaks a minor rule.
        act_beside_major: the same beside a major or critical rule.
    """

    items: dict[Item, float] = Field(min_length=1)
    act_beside_minor: float = Field(ge=0, le=1)
    act_beside_major: float = Field(ge=0, le=1)
    caps: Caps
    official_channels: tuple[str, ...]

    @model_validator(mode="after")
    def _points_are_positive(self) -> Self:
        for item, points in self.items.items():
            if not 0 < points <= 100:
                raise ValueError(f"items.{item}: points must be above 0 and at most 100")
        if self.act_beside_major > self.act_beside_minor:
            raise ValueError("act_beside_major must not be above act_beside_minor")
        return self


class Scorecard(_Part):
    """Both halves of a scorecard."""

    version: str
    compliance: ComplianceCard
    effectiveness: EffectivenessCard


def load_scorecard(path: Path) -> Scorecard:
    """Read a scorecard.

    Raises:
        ConfigError: the file cannot be read, or a value is wrong; the message names file and field.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    try:
        return Scorecard.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{_field(e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{path}: {problems}") from error


def _field(location: tuple[int | str, ...]) -> str:
    # Pydantic marks a wrong mapping key with "[key]"; the key before it says enough.
    return ".".join(str(part) for part in location if part != "[key]") or "the file"
