"""What every part of a pack is made of: strict records, phrases, tests on metadata."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict


def as_tuple(value: Any) -> Any:
    """One word as a list of one."""
    return (value,) if isinstance(value, str) else value


Phrases = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""One pattern or a list of patterns, any of which may match."""

Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""One name or a list of names."""

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


FieldTest = Comparison | tuple[Any, ...] | str | bool | int | float | None
"""Equal to a value, one of a list, or a :class:`Comparison`."""
