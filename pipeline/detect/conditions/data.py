"""Operators over what is known of a call beside its words: metadata, the hour, the recording itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Outcome, no, unknown, yes
from pipeline.detect.view import test_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.detect.conditions.operators import CallBuilder, CallOperator, Toolbox
    from pipeline.detect.schema import FieldTest
    from pipeline.detect.schema.conditions import Condition
    from pipeline.detect.schema.records import ClockWindow, Shortfall
    from pipeline.detect.view import CallView

Minutes = tuple[int, int]
"""A window of the day in minutes after midnight; ``to`` before ``from`` runs over midnight."""

SILENT_PARTY = 0.75
"""How sure it is that a dead channel lost sound: a party may have said nothing."""

_WINDOW = re.compile(r"(\d{1,2})[:：](\d{2})\s*(?:-|–|—|~|～|至|到)\s*(\d{1,2})[:：](\d{2})")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Fields:
    """``field``: tests on metadata, all of which must hold."""

    tests: Mapping[str, FieldTest]

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """A known field that fails decides, whatever else is unknown."""
        verdict = test_fields(self.tests, view.fields)
        if verdict.unknown:
            return unknown(verdict.unknown[0])
        return yes() if verdict.holds else no()


@dataclass(frozen=True, slots=True)
class Hour:
    """``clock``: the time of day at which the call starts or ends."""

    window: ClockWindow
    bounds: Minutes | None

    @classmethod
    def of_window(cls, window: ClockWindow) -> Hour:
        """Read the bounds of a window."""
        if window.start is None or window.end is None:
            return cls(window, None)
        return cls(window, (_minutes(window.start), _minutes(window.end)))

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Whether the moment lies inside (or outside) the window."""
        windows = [self.bounds] if self.bounds else []
        if not windows:
            agreed = view.fields.get(self.window.field or "")
            if not agreed:
                return no("nothing was agreed")
            windows = windows_in(agreed) if isinstance(agreed, str) else []
            if not windows:
                return yes(note="agreed, without a time of day")
        started_at = view.fields.get("started_at")
        if not isinstance(started_at, datetime):
            return unknown("started_at")
        moment = started_at
        if self.window.at == "end":
            lasted = length_of(view)
            if lasted is None:
                return unknown("duration")
            moment = started_at + lasted
        inside = any(_inside(moment.time(), window) for window in windows)
        note = f"{self.window.at}s at {moment:%H:%M:%S}"
        return yes(note=note) if inside != self.window.outside else no(note)


def windows_in(text: str) -> list[Minutes]:
    """The windows that a text names; those that no clock shows are left out."""
    found = []
    for match in _WINDOW.finditer(text):
        start, end = (f"{int(h):02}:{m}" for h, m in (match.groups()[:2], match.groups()[2:]))
        if max(start, end) <= "24:00" and match[2] < "60" and match[4] < "60":
            found.append((_minutes(start), _minutes(end)))
    return found


def length_of(view: CallView) -> timedelta | None:
    """How long the call was: by its recording, else by the exchange, else by its last word."""
    if view.facts.duration_ms is not None:
        return timedelta(milliseconds=view.facts.duration_ms)
    talk = view.fields.get("talk_seconds")
    if talk is not None:
        return timedelta(seconds=float(talk))
    return timedelta(milliseconds=view.ends_ms) if view.ends_ms else None


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _inside(moment: time, window: Minutes) -> bool:
    start, end = window
    at = moment.hour * 60 + moment.minute
    return start <= at < end if start <= end else at >= start or at < end % _DAY


@dataclass(frozen=True, slots=True)
class Missing:
    """``shortfall``: sound that should have been recorded."""

    shortfall: Shortfall

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Whether more is missing than is allowed."""
        talk = view.fields.get(self.shortfall.field)
        if talk is None:
            return unknown(self.shortfall.field)
        if view.facts.duration_ms is None:
            return unknown("duration")
        missing = float(talk) - view.facts.duration_ms / 1000
        allowed = max(self.shortfall.seconds, float(talk) * self.shortfall.percent / 100)
        note = f"{max(missing, 0):.1f} s of {float(talk):.1f} s are missing, {allowed:.1f} s are allowed"
        return yes(note=note) if missing > allowed else no(note)


@dataclass(frozen=True, slots=True)
class OneSided:
    """``one_sided``: whether a channel of the recording is dead, or its party never spoke."""

    wanted: bool

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """As the decoder found it."""
        dead = view.facts.one_sided
        if dead is None:
            return unknown("recording")
        return yes(sure=SILENT_PARTY if dead else 1.0) if dead is self.wanted else no()


def _fields(value: Mapping[str, FieldTest], condition: Condition, tools: Toolbox) -> CallOperator:
    return Fields(value)


def _clock(value: ClockWindow, condition: Condition, tools: Toolbox) -> CallOperator:
    return Hour.of_window(value)


def _shortfall(value: Shortfall, condition: Condition, tools: Toolbox) -> CallOperator:
    return Missing(value)


def _one_sided(value: bool, condition: Condition, tools: Toolbox) -> CallOperator:
    return OneSided(value)


CALL_OPERATORS: Mapping[str, CallBuilder] = {
    "field": _fields,
    "clock": _clock,
    "shortfall": _shortfall,
    "one_sided": _one_sided,
}
