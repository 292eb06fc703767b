"""The section ``[coaching]`` of the settings; ``configs/default.toml`` holds the values."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CoachingSettings(BaseModel):
    """Coaching reports.

    Attributes:
        guide: the file with skills and wordings.
        team: fields of the metadata that name an agent's team; of each call the first that it has.
        min_calls: calls, and cases of a skill, below which nobody is compared.
        min_gain: points a call below which a difference is not worth a week's attention.
        clip_s: length of the stretches that are heard.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    guide: str
    team: tuple[str, ...] = Field(min_length=1)
    min_calls: int = Field(ge=2)
    min_gain: float = Field(ge=0, le=100)
    clip_s: float = Field(ge=5, le=60)
