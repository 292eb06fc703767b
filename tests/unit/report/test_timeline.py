"""The time line: everything in its lane, flags that can be told apart."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.call_json import to_json
from pipeline.report.timeline import WIDTH, timeline
from tests.golden.sample import report


def call():
    return copy.deepcopy(to_json(report()))


def flag(number, start, turn=2):
    return {
        "id": f"f{number}",
        "turn": turn,
        "start": start,
        "text_start": 0,
        "text_end": 1,
        "severity": "minor",
        "state": "violation",
        "state_name": "",
        "title": "",
    }


def who(made):
    return {turn["index"]: turn["role"] for turn in made["turns"]}


def test_two_parties_have_two_lanes():
    made = call()
    lanes = timeline(made, (), who(made))["lanes"]
    assert [(lane["name"], len(lane["bits"])) for lane in lanes] == [("agent", 3), ("customer", 3)]


def test_machines_and_unknown_voices_have_a_lane_of_their_own():
    made = call()
    made["turns"][0]["role"], made["turns"][5]["role"] = "system", "unknown"
    lanes = timeline(made, (), who(made))["lanes"]
    assert [(lane["name"], [bit["turn"] for bit in lane["bits"]]) for lane in lanes][2] == ("other", [0, 5])


def test_a_call_is_as_long_as_its_recording():
    made = call()
    assert timeline(made, (), who(made))["length"] == made["duration"] == 23.0
    assert [mark["clock"] for mark in timeline(made, (), who(made))["scale"]][-1] == "0:23"


@given(st.lists(st.floats(7.2, 13.4), max_size=12))
def test_flags_are_in_order_and_near_ones_in_rows_of_their_own(starts):
    made = call()
    placed = timeline(made, [flag(i, start) for i, start in enumerate(starts)], who(made))
    flags = placed["flags"]
    assert sorted(f["id"] for f in flags) == sorted(f"f{i}" for i in range(len(starts)))
    assert [f["x"] for f in flags] == sorted(f["x"] for f in flags)
    assert all(0 <= f["row"] < placed["rows"] <= 3 for f in flags)
    assert all(0 <= f["left"] <= 100 and abs(f["left"] * WIDTH / 100 - f["x"]) <= 0.06 for f in flags)


def test_two_findings_at_one_place_can_both_be_clicked():
    made = call()
    flags = timeline(made, [flag(0, 8.0), flag(1, 8.0)], who(made))["flags"]
    assert {f["row"] for f in flags} == {0, 1}
