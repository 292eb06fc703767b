"""Silence, overlap, speed, loudness, repetition and length, from packs as they are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from pipeline.detect.facts import Facts
from pipeline.detect.proof import prove
from pipeline.detect.schema import Line
from pipeline.errors import TingheError
from tests.unit.detect.conditions.support import answer, answers, call_view, rule_of, turn
from tests.unit.detect.support import book_of, rule

RECORDED = Facts(duration_ms=40_000)


def timed(*lines, facts=RECORDED, **more):
    """A call of (who and what, start, end) in seconds."""
    return call_view(*(turn(i, *line, **more) for i, line in enumerate(lines)), facts=facts)


def levelled(*lines):
    """A call of (who and what, dB)."""
    return call_view(*(turn(i, said, level_db=level) for i, (said, level) in enumerate(lines)))


def places(outcome):
    return [place.turn for place in outcome.places]


def judged(condition, view):
    """True, False, or what is missing; with the turns where it holds."""
    found = answer(condition, view)
    return (found.missing if found.holds is None else found.holds), places(found)


CALM = timed(
    ("A: 请问是秦女士吗", 1, 3),
    ("C: 是的您哪位", 3.5, 5),
    ("A: 我查一下您的账户", 5.2, 7),
    ("A: 好了查到了", 15, 16),
    ("C: 那您说吧我听着", 18, 20),
)
CROSSING = timed(
    ("A: 您先听我把分期说完", 0, 6),
    ("C: 嗯", 2, 2.5),
    ("C: 我不想听这些", 4, 7),
    ("A: 您不听也得听", 5, 9),
    ("C: 算了", 10, 11),
)


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        ({"seconds": {"gte": 8}}, (True, [3])),
        ({"seconds": {"gt": 8}}, (False, [])),
        ({"seconds": {"gte": 2}}, (True, [3, 4])),
        ({"seconds": {"gte": 2}, "after": "other"}, (True, [4])),
        ({"seconds": {"gte": 2}, "after": "same"}, (True, [3])),
        ({"seconds": {"gte": 2}, "after": "agent"}, (True, [3, 4])),
        ({"seconds": {"gte": 0.1}, "after": "customer"}, (True, [2])),
        ({"seconds": {"lt": 0.3}}, (True, [2])),
        ({"seconds": {"gte": 10.5}, "total": True}, (True, [3])),
        ({"seconds": {"gte": 11}, "total": True}, (False, [])),
        ({"seconds": {"lte": 3}, "total": True, "after": "other"}, (True, [4])),
    ],
)
def test_silence_stands_before_a_turn(silence, expected):
    assert judged({"says": "anyone", "silence": silence}, CALM) == expected


def test_silence_of_the_named_speaker_only():
    silence = {"seconds": {"gte": 2}}
    assert judged({"says": "customer", "silence": silence}, CALM) == (True, [4])
    assert judged({"says": "customer", "silence": {**silence, "total": True}}, CALM) == (True, [4])


def test_silence_counts_from_whoever_spoke_last_not_from_the_turn_before():
    view = timed(("A: 我给您念一下条款", 0, 20), ("C: 嗯", 3, 3.4), ("C: 念完了吗", 20.5, 22))
    assert judged({"says": "anyone", "silence": {"seconds": {"gte": 2}}}, view) == (False, [])


def test_ringing_before_the_first_turn_is_no_silence_of_a_party():
    view = timed(("A: 您好", 25, 26), ("C: 喂", 26.2, 27))
    assert judged({"says": "anyone", "silence": {"seconds": {"gte": 5}}}, view) == (False, [])
    late = {"says": "anyone", "turns": {"first": 1}, "seconds": {"from": 20}}
    assert judged(late, view) == (True, [0])


def test_a_machine_in_between_is_not_silence():
    spoken = call_view(turn(0, "A: 请稍等", 0, 1), turn(2, "A: 久等了", 12, 13))
    assert judged({"silence": {"seconds": {"gte": 5}}}, spoken) == (False, [])


def test_how_long_the_silence_was_is_told():
    assert answer({"silence": {"seconds": {"gte": 5}}}, CALM).note == "8.0 s of silence"


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ({"seconds": {"gt": 0}}, (True, [2, 3])),
        ({"seconds": {"gte": 2}}, (True, [2, 3])),
        ({"seconds": {"gt": 2}}, (False, [])),
        ({"seconds": {"lt": 5}}, (True, [2, 3])),
        ({"seconds": {"gt": 0}, "min_chars": 1}, (True, [1, 2, 3])),
        ({"seconds": {"gt": 0}, "min_chars": 7}, (False, [])),
        ({"seconds": {"gte": 2}, "late": 3}, (True, [2])),
        ({"seconds": {"gte": 2}, "late": 4.5}, (False, [])),
    ],
)
def test_overlap_is_a_turn_that_begins_while_the_other_speaks(overlap, expected):
    assert judged({"says": "anyone", "overlap": overlap}, CROSSING) == expected


def test_interruptions_are_counted_by_anchors():
    asked = {
        "cut_in": {"says": "anyone", "overlap": {"seconds": {"gt": 1}}},
        "twice": {"says": "anyone", "same": "cut_in", "hit": 2},
        "thrice": {"says": "anyone", "same": "cut_in", "hit": 3},
    }
    found = answers(asked, CROSSING)
    assert (found["twice"].holds, found["thrice"].holds) == (True, False)


def test_nobody_interrupts_himself_and_an_unknown_speaker_nobody():
    same = timed(("A: 我先说第一点", 0, 5), ("A: 然后是第二点", 3, 8), ("?: 你们听见了吗", 6, 9))
    assert judged({"says": "anyone", "overlap": {"seconds": {"gt": 0}}}, same) == (False, [])


def test_two_voices_on_one_channel_cannot_be_measured():
    lines = ("A: 您先听我把分期说完", 0, 6), ("C: 我不想听这些", 6, 8)
    overlap = {"says": "customer", "overlap": {"seconds": {"gt": 1}}}
    assert judged(overlap, timed(*lines, overlap=True)) == ("channels", [])
    assert judged(overlap, timed(*lines, overlap=True, channel=0)) == (False, [])
    assert judged(overlap, timed(*lines)) == (False, [])
    assert judged({**overlap, "says": "agent"}, timed(*lines, overlap=True)) == (False, [])


SPEED = timed(("A: 一二三四五六七八九十", 0, 2), ("A: 好的", 2, 2.1), ("A: 一二，三四。", 3, 5))


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"value": {"gte": 300}}, (True, [0])),
        ({"value": {"gt": 300}}, (False, [])),
        ({"value": {"lte": 120}}, (True, [2])),
        ({"value": {"gt": 1000}, "min_chars": 2}, (True, [1])),
        ({"value": {"gte": 210}, "average": True}, (True, [])),
        ({"value": {"gt": 210}, "average": True}, (False, [])),
        ({"value": {"gt": 0}, "min_chars": 11}, (False, [])),
        ({"value": {"gt": 0}, "min_chars": 11, "average": True}, (False, [])),
    ],
)
def test_rate_is_characters_a_minute(rate, expected):
    assert judged({"rate": rate}, SPEED) == expected


def test_a_turn_without_length_has_no_rate():
    view = timed(("A: 一二三四五六", 3, 3))
    assert judged({"rate": {"value": {"gt": 0}}}, view) == ("times", [])


RISING = levelled(
    ("A: 您好我是客服", -30.0),
    ("C: 什么事情", -40.0),
    ("A: 您这边欠费了", -30.3),
    ("A: 听见了没有", -24.3),
    ("C: 知道了", -34.0),
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"loudness": {"level": {"gt": -25}}}, (True, [3])),
        ({"loudness": {"level": {"gt": -20}}}, (False, [])),
        ({"loudness": {"above_own": {"gte": 5.7}}}, (True, [3])),
        ({"loudness": {"above_own": {"gte": 6}}}, (False, [])),
        ({"loudness": {"jump": {"gte": 6}}}, (True, [3])),
        ({"says": "anyone", "loudness": {"jump": {"gte": 6}}}, (True, [3, 4])),
        ({"loudness": {"jump": {"lt": 0}}}, (True, [2])),
        ({"loudness": {"jump": {"gte": 6}, "level": {"gt": -20}}}, (False, [])),
        ({"loudness": {"span": {"gte": 6}}}, (True, [3])),
        ({"says": "anyone", "loudness": {"span": {"gt": 6}}}, (False, [])),
        ({"loudness": {"span": {"gte": 6}}, "turns": {"first": 2}}, (False, [])),
        ({"loudness": {"span": {"gte": 6}, "level": {"gt": -31}}}, (True, [0, 2, 3])),
        ({"loudness": {"span": {"gte": 6}, "level": {"gt": -20}}}, (False, [])),
    ],
)
def test_loudness_is_measured_alone_and_against_the_speaker(condition, expected):
    assert judged(condition, RISING) == expected


@pytest.mark.parametrize("way", ["level", "above_own", "jump", "span"])
def test_without_levels_loudness_is_not_known(way):
    view = call_view("A: 您好", "C: 喂", "A: 听见了没有")
    assert judged({"loudness": {way: {"gte": 3}}}, view) == ("levels", [])


def test_what_fails_for_certain_fails_although_something_is_not_known():
    view = levelled(("A: 您好", None), ("A: 听见了没有", -40.0))
    both = {"turns": {"last": 1}, "loudness": {"jump": {"gt": 3}, "level": {"gt": -30}}}
    assert judged(both, view) == (False, [])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"length": {"gte": 2}}, (True, [0, 2])),
        ({"length": {"lt": 0.5}}, (True, [1])),
        ({"length": {"gt": 60}}, (False, [])),
        ({"chars": {"gte": 10}}, (True, [0])),
        ({"chars": {"lte": 4}}, (True, [1, 2])),
        ({"chars": {"gt": 10}}, (False, [])),
    ],
)
def test_length_and_characters_of_a_turn(condition, expected):
    assert judged(condition, SPEED) == expected


NAGGING = call_view(
    "A: 你什么时候还钱？",
    "C: 你什么时候还钱",
    "A: 我问你话呢",
    "A: 你到底什么时候还钱啊？",
    "A: 还钱",
    "A: 你什么时候还钱！",
    "A: 还钱",
)


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ({}, (True, [3, 5])),
        ({"times": 3}, (True, [5])),
        ({"times": 4}, (False, [])),
        ({"similarity": 0.95}, (True, [5])),
        ({"similarity": 0.95, "within": 3}, (False, [])),
        ({"min_chars": 2, "similarity": 1}, (True, [5, 6])),
        ({"min_chars": 8}, (False, [])),
        ({"excludes": "到底"}, (True, [5])),
        ({"excludes": ["什么时候"]}, (False, [])),
    ],
)
def test_repeat_is_the_turn_that_says_it_once_more(repeat, expected):
    # An empty value is no operator, so something is always given.
    assert judged({"repeat": {"times": 2, **repeat}}, NAGGING) == expected


def test_who_says_it_again_matters():
    assert judged({"says": "customer", "repeat": {"times": 2}}, NAGGING) == (False, [])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"hangup": {"last_speaker": "customer"}}, (True, [4])),
        ({"hangup": {"last_speaker": "agent"}}, (False, [])),
        ({"hangup": {"last_speaker": "customer", "seconds": {"gte": 20}}}, (True, [4])),
        ({"hangup": {"last_speaker": "customer", "seconds": {"lt": 3}}}, (False, [])),
        ({"hangup": {"seconds": {"gt": 3}}}, (True, [4])),
        ({"duration": {"gte": 40}}, (True, [])),
        ({"duration": {"lt": 40}}, (False, [])),
        ({"turn_count": {"lte": 3}}, (True, [])),
        ({"turn_count": {"gt": 3}}, (False, [])),
        ({"says": "anyone", "turn_count": {"gt": 3}}, (True, [])),
        ({"turn_count": {"gte": 2}, "seconds": {"first": 10}}, (True, [])),
        ({"turn_count": {"gte": 1}, "seconds": {"from": 30}}, (False, [])),
        ({"talk_time": {"gte": 4.8}}, (True, [])),
        ({"talk_time": {"gt": 4.8}}, (False, [])),
        ({"talk_share": {"gt": 57, "lt": 58}}, (True, [])),
        ({"says": "customer", "talk_share": {"gt": 50}}, (False, [])),
        ({"says": "anyone", "talk_share": {"gte": 100}}, (True, [])),
    ],
)
def test_the_call_as_a_whole(condition, expected):
    assert judged(condition, CALM) == expected


def test_the_last_word_is_the_one_that_ends_last():
    view = timed(("A: 我再跟您强调一遍", 0, 10), ("C: 再见", 4, 5))
    assert judged({"hangup": {"last_speaker": "agent"}}, view) == (True, [0])
    untimed = call_view("A: 我再跟您强调一遍", "C: 再见")
    assert judged({"hangup": {"last_speaker": "customer"}}, untimed) == (True, [1])


def test_a_call_in_which_nobody_speaks():
    empty = call_view(facts=RECORDED)
    for condition in (
        {"hangup": {"last_speaker": "anyone"}},
        {"talk_share": {"gte": 0}},
        {"rate": {"value": {"gt": 0}, "average": True}},
        {"loudness": {"span": {"gte": 0}}},
        {"silence": {"seconds": {"gt": 0}, "total": True}},
    ):
        assert judged(condition, empty) == (False, [])
    assert judged({"turn_count": {"lt": 1}}, empty) == (True, [])


@pytest.mark.parametrize(
    ("condition", "missing"),
    [
        ({"silence": {"seconds": {"gt": 1}}}, "times"),
        ({"silence": {"seconds": {"gt": 1}, "total": True}}, "times"),
        ({"overlap": {"seconds": {"gt": 1}}}, "times"),
        ({"rate": {"value": {"gt": 1}}}, "times"),
        ({"rate": {"value": {"gt": 1}, "average": True}}, "times"),
        ({"length": {"gt": 1}}, "times"),
        ({"hangup": {"seconds": {"lt": 3}}}, "times"),
        ({"talk_time": {"gt": 1}}, "times"),
        ({"talk_share": {"gt": 1}}, "times"),
        ({"duration": {"gt": 1}}, "duration"),
    ],
)
def test_what_a_transcript_without_times_cannot_tell(condition, missing):
    assert judged(condition, call_view("A: 您好请问哪位", "A: 您还在听吗")) == (missing, [])


def test_sound_behind_the_last_word_needs_the_length_of_the_recording():
    view = replace(CALM, facts=Facts())
    assert judged({"hangup": {"seconds": {"lt": 3}}}, view) == ("duration", [])


SHOUTING = [{"agent": "您好", "at": [0, 1], "level": -30}, {"agent": "还不还", "at": [9, 10], "level": -12}]
CALM_LINES = [{**line, "at": [n, n + 1], "level": -30} for n, line in enumerate(SHOUTING)]


@pytest.mark.parametrize(
    "condition",
    [
        {"silence": {"seconds": {"gt": 5}}},
        {"loudness": {"jump": {"gt": 10}}},
        {"duration": {"gt": 10}},
    ],
)
def test_examples_of_a_pack_prove_rules_about_sound(tmp_path, condition):
    hit, spared = {"dialogue": SHOUTING, "duration": 12}, {"dialogue": CALM_LINES, "duration": 3}
    told = {"conditions": {"heard": condition}, "raise_when": "heard"}
    proven = {"must_hit": [hit], "must_not_hit": [spared, {"dialogue": [{"agent": "您好"}]}]}
    assert prove(book_of(tmp_path, rule(**told, examples=proven))) == ()
    wrong = {"must_hit": [spared], "must_not_hit": [hit]}
    assert len(prove(book_of(tmp_path, rule(**told, examples=wrong)))) == 2


@pytest.mark.parametrize("at", [[3, 2], [-1, 2], [1], 1, [0, float("inf")]])
def test_a_line_that_ends_before_it_begins_is_refused(at):
    with pytest.raises(ValidationError):
        Line.model_validate({"agent": "您好", "at": at})


@pytest.mark.parametrize(
    "condition",
    [
        {"silence": {}},
        {"silence": {"seconds": {}}},
        {"silence": {"seconds": {"gt": 1}, "after": "system"}},
        {"overlap": {"min_chars": 4}},
        {"overlap": {"seconds": {"gt": 1}, "late": -1}},
        {"overlap": {"seconds": {"gt": 1}, "late": float("inf")}},
        {"rate": {"average": True}},
        {"rate": {"value": {"gt": 1}, "min_chars": 0}},
        {"loudness": {}},
        {"loudness": {"pitch": {"gt": 1}}},
        {"length": {"not_in": [1]}},
        {"chars": 3},
        {"repeat": {"times": 1}},
        {"repeat": {"times": 4, "within": 3}},
        {"repeat": {"similarity": 80}},
        {"hangup": {"last_speaker": "system"}},
        {"duration": {"above": 3}},
        {"turn_count": {}},
        {"talk_share": {}},
        {"talk_time": 30},
    ],
)
def test_bad_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        rule_of({"asked": condition})


@pytest.mark.parametrize("pattern", ["<nobody>", "(还"])
def test_a_bad_pattern_is_refused(pattern):
    with pytest.raises(TingheError):
        answer({"repeat": {"excludes": pattern}}, NAGGING)
