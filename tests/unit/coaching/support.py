"""What tests of coaching share: the guide, calls as JSON, counts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pipeline.coaching.guide import Guide, load_guide
from pipeline.coaching.periods import Days
from pipeline.coaching.reading import Period, add_call
from pipeline.coaching.sightings import Sighting, sightings
from pipeline.coaching.talk import Talk
from pipeline.report.call_json import to_json
from pipeline.settings import CONFIGS
from tests.coached import Agent, Habits, made_report

ALWAYS = {
    "opening": 1.0,
    "verifies": 1.0,
    "open_question": 1.0,
    "empathy": 1.0,
    "solution": 1.0,
    "repeats": 1.0,
    "closing": 1.0,
    "presses": 0.0,
    "promised": 1.0,
    "hardship": 1.0,
}
TEAM = ("team", "agency", "lender")


@cache
def guide() -> Guide:
    return load_guide(CONFIGS / "coaching.yaml")


def made(
    number: int = 0, agent: str = "A1", team: str = "一组", given: Any = None, **habits: float
) -> dict[str, Any]:
    """The JSON of a call of an agent who does everything, but for ``habits``."""
    who = Agent(agent_id=agent, team=team, habits=Habits(**(ALWAYS | habits)))
    return to_json(made_report(who, number, **(given or {})))


def seen(call: dict[str, Any]) -> dict[str, Sighting]:
    return {one.skill: one for one in sightings(Talk(call), guide())}


def period(*calls: dict[str, Any], days: Days | None = None) -> Period:
    """Calls as they are read."""
    found = Period()
    for call in calls:
        add_call(found, Path("r"), call, guide(), days or Days(), team=TEAM)
    return found
