"""``configs/review.yaml``: sampling plans, and from where on a figure raises an alarm."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.errors import RulePackError, UnknownNameError
from pipeline.review.facts import SIGNS
from pipeline.yaml_files import line_of, parse_file, unknown_name

if TYPE_CHECKING:
    from pathlib import Path

REVIEW_SCHEMA_ID: Final = "tinghe.review-plans/1"
Population = Literal["passed", "flagged", "scored"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Plan(_Section):
    """What all plans have.

    Attributes:
        plan: its name.
        of: the calls that are drawn from.
        blind: whether the reviewer sees nothing of what the machine said.
        n: how many calls, where the command does not say.
    """

    plan: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    of: Population = "scored"
    blind: bool = False
    n: int = Field(default=60, ge=1, le=100_000)

    @property
    def identity(self) -> str:
        """Its name and the digest of its content: two plans of one name are told apart."""
        content = json.dumps(self.model_dump(mode="json", exclude={"n"}), sort_keys=True, ensure_ascii=False)
        return f"{self.plan}@{hashlib.sha256(content.encode()).hexdigest()[:12]}"


class RandomPlan(_Plan):
    """Every call with the same probability."""

    method: Literal["random"]


class StratifiedPlan(_Plan):
    """Some calls of every group.

    Attributes:
        by: fields that make the groups: those of a call, columns of its manifest, ``hour``, ``day``,
            ``weekday``.
        allocation: ``proportional`` to the size of the groups, or ``equal`` numbers.
        at_least: calls of each group, as far as there are some and ``n`` allows.
    """

    method: Literal["stratified"]
    by: tuple[str, ...] = Field(min_length=1)
    allocation: Literal["proportional", "equal"] = "proportional"
    at_least: int = Field(default=1, ge=0)


class RiskPlan(_Plan):
    """Calls with more signs of risk with a higher probability, which stays known.

    Attributes:
        always: signs of calls that are drawn for sure.
        signs: by sign, what it adds to a call's weight.
        margin: half the width of the band around the threshold that counts as near.
        base: weight of every call.
    """

    method: Literal["risk"]
    signs: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(min_length=1)
    always: tuple[str, ...] = ()
    margin: float = Field(default=0.1, ge=0, le=0.5)
    base: float = Field(default=0.2, ge=0, le=1000)

    @field_validator("signs", "always")
    @classmethod
    def _are_known(cls, value: Any) -> Any:
        for name in value:
            if name not in SIGNS:
                raise ValueError(unknown_name("sign", name, SIGNS) + f" Known: {', '.join(sorted(SIGNS))}")
        return value

    @model_validator(mode="after")
    def _not_blind(self) -> RiskPlan:
        if self.blind and self.of != "passed":
            raise ValueError("blind: a plan of risky calls tells by its choice what the machine said")
        return self


Plan = RandomPlan | StratifiedPlan | RiskPlan


class FigureRules(_Section):
    """From where on a figure raises an alarm.

    Attributes:
        floor: precision of a rule's violations below which it is proposed for review instead.
        floor_decisions: decisions, effective ones, that such a proposal needs.
        period_days: length of a period of calls.
        against: what a period is compared with.
        drift_decisions: decisions that either side of a comparison needs.
        false_alarms: false discovery rate of the alarms.
        bins: of equal width, for the calibration of stated confidence.
    """

    floor: float = Field(default=0.8, gt=0, lt=1)
    floor_decisions: int = Field(default=20, ge=1)
    period_days: int = Field(default=28, ge=1, le=3660)
    against: Literal["before", "previous"] = "before"
    drift_decisions: int = Field(default=8, ge=1)
    false_alarms: float = Field(default=0.05, gt=0, lt=1)
    bins: int = Field(default=10, ge=2, le=100)


class ReviewConfig(_Section):
    """The whole file."""

    plans: tuple[Annotated[Plan, Field(discriminator="method")], ...] = Field(min_length=1)
    figures: FigureRules = FigureRules()

    def plan(self, name: str) -> Plan:
        """A plan by its name.

        Raises:
            UnknownNameError: there is none; the message lists what there is.
        """
        for plan in self.plans:
            if plan.plan == name:
                return plan
        raise UnknownNameError("sampling plan", name, [plan.plan for plan in self.plans])


def load_review(path: Path) -> ReviewConfig:
    """Read the plans.

    Raises:
        RulePackError: the file cannot be read, or a field is wrong; the message names file, line and field.
    """
    config = parse_file(ReviewConfig, path)
    names: set[str] = set()
    for index, plan in enumerate(config.plans):
        if plan.plan in names:
            line = line_of(path, ("plans", index, "plan"))
            raise RulePackError(f"{path.name}:{line}: plan {plan.plan}: plan: stands twice")
        names.add(plan.plan)
    return config


def review_schema() -> dict[str, Any]:
    """JSON Schema (Draft 2020-12) of the file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": REVIEW_SCHEMA_ID,
        **ReviewConfig.model_json_schema(),
    }
