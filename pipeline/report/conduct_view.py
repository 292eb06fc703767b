"""How the page of a call shows its conduct: a table of both parties and a strip of their tone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.report.showing import DASH, clock
from pipeline.report.timeline import timeline
from pipeline.report.voices import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]

PARTIES = ("agent", "customer")
NEUTRAL, LEVEL, STEP = 1, 27.0, 12.0
"""A neutral tone's strain, its height from above in a lane 40 high, and that of a step of strain."""
USUAL = {
    "talk_share": "40–70 %",
    "rate": "220–330",
    "monologue": "≤ 60 s",
    "interruptions": "≤ 2",
    "response": "≤ 3 s",
    "silence": "≤ 10 s",
    "overlap": "≤ 10 %",
}
"""Values for orientation, most of them from weak sources (docs/conduct.md): no call is measured by them."""


def conduct_view(call: Json, showing: Showing) -> dict[str, Any] | None:
    """The conduct of a call; ``None`` for calls and for results of versions that have none."""
    conduct, t = call.get("conduct"), showing.labels
    if not conduct:
        return None
    return {
        "rows": [row for row in _rows(conduct, t) if any(cell != DASH for cell in row["cells"])],
        "call_rows": [row for row in _call_rows(conduct, t) if row["value"] != DASH],
        "note": _unknown(conduct, t),
        "strip": _strip(call, t),
        "neutral": LEVEL,
        "shifts": [_shift(shift, call, showing) for shift in conduct["tone_shifts"]],
    }


def _rows(conduct: Json, t: Labels) -> list[dict[str, Any]]:
    shown: Sequence[tuple[str, Callable[[Json], str]]] = (
        ("talk_share", lambda p: percent(p["talk_share"])),
        ("speech", lambda p: seconds(p["speech"])),
        ("characters", lambda p: str(p["characters"])),
        ("rate", lambda p: whole(p["characters_per_minute"])),
        ("monologue", lambda p: _monologue(p["longest_monologue"], t)),
        ("interruptions", lambda p: whole(p["interruptions"])),
        ("response", lambda p: seconds(p["response_time"])),
        ("slow", lambda p: whole(p["slow_responses"])),
        ("questions", lambda p: f"{p['open_questions']} / {p['closed_questions']}"),
    )
    return [
        {
            "name": t(f"conduct.{key}"),
            "cells": [show(conduct[party]) for party in PARTIES],
            "usual": USUAL.get(key, ""),
        }
        for key, show in shown
    ]


def _call_rows(conduct: Json, t: Labels) -> list[dict[str, Any]]:
    quiet = conduct["silences"]
    counted = f"{quiet['count']} · {seconds(quiet['total'])} · {percent(quiet['share'])}" if quiet else DASH
    return [
        {
            "name": t("conduct.silence"),
            "value": seconds(quiet["longest"]) if quiet and quiet["count"] else DASH,
            "turn": quiet["longest_before_turn"] if quiet else None,
            "usual": USUAL["silence"],
        },
        {"name": t("conduct.silences"), "value": counted, "turn": None, "usual": ""},
        {
            "name": t("conduct.overlap"),
            "value": percent(conduct["overlap_share"]),
            "turn": None,
            "usual": USUAL["overlap"],
        },
    ]


def _unknown(conduct: Json, t: Labels) -> str:
    """Why some measures are missing, where they are."""
    if conduct["silences"] is None:
        return t("conduct.no_times")
    return t("conduct.one_channel") if conduct["interruptions"] is None else ""


def _monologue(monologue: Json | None, t: Labels) -> str:
    if monologue is None:
        return DASH
    if monologue["duration"] is None:
        return f"{monologue['characters']} {t('conduct.unit.characters')}"
    return seconds(monologue["duration"])


def _strip(call: Json, t: Labels) -> list[dict[str, Any]]:
    """A lane a party: a bar a turn, as high as its strain, and the smoothed course as a line."""
    boxes = {bit["turn"]: bit for bit in timeline(call, (), names(call, t))["bits"]}
    tones = {turn["index"]: turn["tone"] for turn in call["turns"]}
    lanes = []
    for party in PARTIES:
        points = [p for p in call["conduct"][party]["tone_course"] if p["turn"] in boxes]
        if points:
            lanes.append(
                {
                    "who": t(f"conduct.tone_of.{party}"),
                    "short": t(f"conduct.tone_lane.{party}"),
                    "said": _in_words(call["conduct"][party]["tone_phases"], t),
                    "bars": [_bar(p, boxes[p["turn"]], tones[p["turn"]], t) for p in points],
                    "line": " ".join(_on_line(p, boxes[p["turn"]]) for p in points),
                }
            )
    return lanes


def _bar(point: Json, box: Json, tone: str, t: Labels) -> dict[str, Any]:
    # Strain upwards, warmth downwards, and a neutral tone just to be seen.
    end = LEVEL - (STEP * (point["strain"] - NEUTRAL) or 2.0)
    return {
        "x": box["x"],
        "width": box["width"],
        "y": min(end, LEVEL),
        "height": abs(end - LEVEL),
        "tone": tone,
        "turn": point["turn"],
        "seek": box["seek"],
        "title": f"{box['title']} · {t.of('tone', tone)}",
    }


def _on_line(point: Json, box: Json) -> str:
    return f"{box['x'] + box['width'] / 2:.1f},{LEVEL - STEP * (point['smoothed'] - NEUTRAL):.1f}"


def _in_words(phases: Sequence[Json], t: Labels) -> str:
    """The course in words, for those who do not see the strip."""
    said = [
        f"{t.of('conduct.phase', phase['phase'])} {t.of('tone', phase['tone'])}"
        for phase in phases
        if phase["tone"]
    ]
    return t("comma").join(said)


def _shift(shift: Json, call: Json, showing: Showing) -> dict[str, Any]:
    t = showing.labels
    start = next((turn["start"] for turn in call["turns"] if turn["index"] == shift["turn"]), None)
    did = [showing.rule(rule) for rule in shift["after_rules"]]
    did += [t.of("act", act) for act in shift["after_acts"]]
    if shift["after_tone"] not in (None, "neutral"):
        did.append(t.of("tone", shift["after_tone"]))
    return {
        "turn": shift["turn"],
        "kind": shift["kind"],
        "kind_name": t.of("conduct", shift["kind"]),
        "who": t.of("role", shift["role"]),
        "clock": clock(start),
        "change": f"{t.of('tone', shift['from'])} → {t.of('tone', shift['to'])}",
        "after": shift["after_turn"],
        "did": t("comma").join(did),
    }


def seconds(value: float | None) -> str:
    """Seconds to a tenth; minutes where there are some."""
    if value is None:
        return DASH
    return f"{value:.1f} s" if value < 60 else f"{int(value) // 60} min {int(value) % 60} s"


def percent(share: float | None) -> str:
    """A share in whole per cent."""
    return DASH if share is None else f"{share:.0%}".replace("%", " %")


def whole(value: float | None) -> str:
    """A count or a rate without decimals."""
    return DASH if value is None else f"{value:.0f}"
