"""The time line of a call: boxes for turns and flags for findings, in a drawing 1000 units wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.report.showing import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Json = Mapping[str, Any]

WIDTH = 1000.0
MIN_BOX = 2.0
"""Narrowest box that can be seen and clicked."""

PARTIES = ("agent", "customer")
OTHER = "other"
"""The lane of machines and of voices whose role is not known."""

_FLAG_UNITS = 18.0
"""Room that a flag takes; the next one that is nearer stands in the row below."""
_FLAG_ROWS = 3
_SCALE_MARKS = 5


def timeline(call: Json, findings: Sequence[Json], who: Mapping[int, str]) -> dict[str, Any]:
    """Lay out a call by time or, where turns have no times, by the length of their text.

    Args:
        call: the JSON of the call.
        findings: as the page shows them.
        who: what the speaker of each turn is called, by the turn's index.
    """
    turns = call["turns"]
    timed = bool(turns) and all(turn["start"] is not None and turn["end"] is not None for turn in turns)
    spans = {turn["index"]: (turn["start"], turn["end"]) for turn in turns} if timed else _by_text(turns)
    length = max((end for _, end in spans.values()), default=0.0)
    if timed and call["duration"]:
        length = max(length, call["duration"])
    scale = WIDTH / length if length else 0.0
    bits = [
        {
            "title": f"{clock(turn['start'])} {who[turn['index']]}".strip(),
            "turn": turn["index"],
            "lane": turn["role"] if turn["role"] in PARTIES else OTHER,
            **_box(*spans[turn["index"]], scale=scale),
            "seek": turn["start"] if timed else None,
        }
        for turn in turns
    ]
    flags = _in_rows(
        _flag(finding, spans, scale=scale, timed=timed) for finding in findings if finding["turn"] in spans
    )
    return {
        "timed": timed,
        "length": length,
        "lanes": [
            {"name": lane, "bits": [bit for bit in bits if bit["lane"] == lane]}
            for lane in (*PARTIES, OTHER)
            if lane in PARTIES or any(bit["lane"] == lane for bit in bits)
        ],
        "bits": bits,
        "flags": flags,
        "rows": max((flag["row"] for flag in flags), default=0) + 1,
        "scale": _marks(length) if timed else [],
    }


def _marks(length: float) -> list[dict[str, Any]]:
    shares = [i / (_SCALE_MARKS - 1) for i in range(_SCALE_MARKS)]
    return [{"left": round(100 * share, 2), "clock": clock(length * share)} for share in shares]


def _by_text(turns: Sequence[Json]) -> dict[int, tuple[float, float]]:
    at, spans = 0.0, {}
    for turn in turns:
        spans[turn["index"]] = (at, at + len(turn["text"]))
        at += len(turn["text"])
    return spans


def _flag(
    finding: Json,
    spans: Mapping[int, tuple[float, float]],
    *,
    scale: float,
    timed: bool,
) -> dict[str, Any]:
    begin, end = spans[finding["turn"]]
    if timed and finding["start"] is not None:
        begin = finding["start"]
    elif not timed and finding["text_start"] is not None:
        begin, end = begin + finding["text_start"], begin + finding["text_end"]
    return {
        "id": finding["id"],
        "severity": finding["severity"],
        "state": finding["state"],
        "x": _box(begin, end, scale=scale)["x"],
        "seek": begin if timed else None,
        "clock": clock(begin) if timed else "",
        "title": finding["title"],
        "state_name": finding["state_name"],
    }


def _in_rows(flags: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The flags by time, each in the first row where it has room."""
    rows = [-WIDTH] * _FLAG_ROWS
    placed = []
    for flag in sorted(flags, key=lambda flag: flag["x"]):
        row = next((row for row, last in enumerate(rows) if flag["x"] - last >= _FLAG_UNITS), 0)
        rows[row] = flag["x"]
        placed.append(flag | {"row": row, "left": round(100 * flag["x"] / WIDTH, 2)})
    return placed


def _box(begin: float, end: float, *, scale: float) -> dict[str, float]:
    return {"x": round(begin * scale, 2), "width": round(max(MIN_BOX, (end - begin) * scale), 2)}
