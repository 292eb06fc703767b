"""The section ``[night]`` of the settings; ``configs/default.toml`` holds the values."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class NightSettings(BaseModel):
    """What the scheduled runs work on, see :mod:`pipeline.batch.days`.

    Paths are absolute or relative to the ``configs`` folder; ``{date}`` in them stands for the business day,
    such as ``2026-11-25``.

    Attributes:
        source: where a day's calls are, as ``tinghe run`` takes it; empty for nowhere.
        results: the results folder of a day.
        mode: what ``source`` holds.
        dial_log: the log of the dialler; empty for none.
        settlements: debts that are settled, for retention; empty for none.
        coaching: where the weekly coaching report goes, with ``{week}`` for the ISO week; empty for nowhere.
        audits: where the monthly audit packs go, with ``{month}``, such as ``2026-11``; empty for nowhere.
        days_back: days before the last one that are taken up again while their batch is not done.
        again: how often a night is started again that failed or crashed.
        again_after_min: minutes before the first of them; each next pause is three times as long.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    results: str
    mode: Literal["recordings", "transcripts"]
    dial_log: str
    settlements: str
    coaching: str
    audits: str
    days_back: int = Field(ge=0, le=366)
    again: int = Field(ge=0, le=10)
    again_after_min: float = Field(ge=0)
