"""What every part of a pack is made of: strict records, phrases, tests on metadata."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def as_tuple(value: Any) -> Any:
    """One word as a list of one."""
    return (value,) if isinstance(value, str) else value


Phrases = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""One pattern or a list of patterns, any of which may match."""

Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""One name or a list of names."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

Says = Literal["agent", "customer", "anyone"]
"""Whose words are read."""


class Part(BaseModel):
    """A part of a pack: keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Comparison(Part):
    """A comparison; all that are given must hold."""

    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    not_in: tuple[Any, ...] | None = None

    @property
    def bounded(self) -> bool:
        """Whether it compares numbers."""
        return any(bound is not None for bound in (self.gt, self.gte, self.lt, self.lte))

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies inside the bounds."""
        return (
            (self.gt is None or value > self.gt)
            and (self.gte is None or value >= self.gte)
            and (self.lt is None or value < self.lt)
            and (self.lte is None or value <= self.lte)
        )


class Range(Comparison):
    """Bounds of a number; at least one."""

    @model_validator(mode="after")
    def _bounded(self) -> Range:
        if self.not_in is not None:
            raise ValueError("not_in is for metadata fields, a range has gt, gte, lt, lte")
        if not self.bounded:
            raise ValueError("a range needs gt, gte, lt or lte")
        return self


FieldTest = Comparison | tuple[Any, ...] | str | bool | int | float | None
"""Equal to a value, one of a list, or a :class:`Comparison`."""
