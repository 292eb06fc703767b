"""The conduct of calls as a sheet: a row a call, both parties side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]
    Cell = str | int | float | None

_PARTIES = ("agent", "customer")
_OF_A_PARTY = (
    ("conduct.talk_share", "talk_share"),
    ("conduct.rate", "characters_per_minute"),
    ("table.monologue", "longest_monologue"),
    ("conduct.interruptions", "interruptions"),
    ("table.response", "response_time"),
    ("conduct.slow", "slow_responses"),
    ("table.open_questions", "open_questions"),
    ("table.closed_questions", "closed_questions"),
)
_OF_THE_CALL = (
    ("table.silence", "longest"),
    ("table.silences", "count"),
    ("table.silence_share", "share"),
)
_PHASES = ("opening", "middle", "closing")


def conduct_columns(t: Labels) -> list[tuple[str, str]]:
    """Heading and kind of each column."""
    headings = [t("table.call_id"), t("agent")]
    headings += [f"{t.of('role', party)} · {t(label)}" for label, _ in _OF_A_PARTY for party in _PARTIES]
    headings += [t(label) for label, _ in _OF_THE_CALL]
    headings.append(t("table.overlap_share"))
    headings += [
        f"{t.of('role', party)} · {t('table.tone')} · {t.of('conduct.phase', phase)}"
        for party in _PARTIES
        for phase in _PHASES
    ]
    headings += [
        f"{t.of('role', party)} · {t.of('conduct', kind)}"
        for party in _PARTIES
        for kind in ("escalation", "de_escalation")
    ]
    return [(heading, "id" if place < 2 else "short") for place, heading in enumerate(headings)]


def conduct_row(call: Json, showing: Showing) -> list[Cell] | None:
    """The cells of a call; ``None`` for a call without conduct. Times are seconds, shares 0..1."""
    conduct = call.get("conduct")
    if not conduct:
        return None
    cells: list[Cell] = [call["call_id"], call["metadata"].get("agent_id")]
    cells += [_value(conduct[party][key]) for _, key in _OF_A_PARTY for party in _PARTIES]
    cells += [conduct["silences"][key] if conduct["silences"] else None for _, key in _OF_THE_CALL]
    cells.append(conduct["overlap_share"])
    for party in _PARTIES:
        tones = {phase["phase"]: phase["tone"] for phase in conduct[party]["tone_phases"]}
        cells += [showing.labels.of("tone", tones[phase]) if tones.get(phase) else None for phase in _PHASES]
    turned = [(shift["role"], shift["kind"]) for shift in conduct["tone_shifts"]]
    cells += [turned.count((party, kind)) for party in _PARTIES for kind in ("escalation", "de_escalation")]
    return cells


def _value(value: Any) -> Cell:
    """A figure; of a monologue its length."""
    figure: Cell = value["duration"] if isinstance(value, dict) else value
    return figure
