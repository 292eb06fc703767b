"""Who speaks how much, how fast, over whom: on small calls whose answer can be counted by hand."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conduct import conduct_of
from pipeline.conduct.stretches import is_backchannel, shared_ms, stretches
from pipeline.types import Removal, Role, Transcript
from tests.unit.conduct.talk import call, frames, timed_calls, toned, turn

LONG = "这笔账单已经逾期了二十天请您尽快处理一下"


def shifted(transcript, by):
    return replace(
        transcript,
        turns=tuple(
            replace(
                t,
                start_ms=t.start_ms + by,
                end_ms=t.end_ms + by,
                words=tuple(replace(w, start_ms=w.start_ms + by, end_ms=w.end_ms + by) for w in t.words),
            )
            for t in transcript.turns
        ),
    )


def exchanged(transcript):
    return replace(transcript, turns=tuple(replace(t, role=t.role.other) for t in transcript.turns))


# --- talk, rate, monologue


def test_talk_share_and_rate_count_speech_without_its_pauses():
    words = (("请", 0, 1000), ("您", 1000, 2000), ("今天", 3000, 6000))  # a second of pause
    spoken = Transcript(
        turns=(
            turn(0, "a", "请您，今天", 0, 6000, words=words, channel=0),
            turn(1, "c", LONG, 7000, 22_000, channel=1),
        )
    )
    conduct = conduct_of(spoken)
    assert conduct.agent.speech_ms == 5000
    assert (conduct.agent.talk_share, conduct.customer.talk_share) == (0.25, 0.75)
    assert (conduct.agent.characters, conduct.agent.rate) == (4, None)  # too little speech for a rate
    assert conduct.customer.rate == pytest.approx(len(LONG) * 4)


def test_a_turn_of_which_few_words_are_known_is_spoken_from_start_to_end():
    known = turn(0, "a", LONG, 0, 5000, words=((LONG[:2], 0, 400),))
    assert conduct_of(Transcript(turns=(known,))).agent.speech_ms == 5000


def test_a_back_channel_does_not_break_a_monologue_but_an_answer_does():
    said = call(
        ("a", LONG, 0, 5000), ("c", "嗯。", 5100, 5300), ("a", LONG, 5400, 9000), ("c", LONG, 9500, 12_000)
    )
    longest = conduct_of(said).agent.monologue
    assert (longest.first, longest.last, longest.duration_ms) == (0, 2, 9000)
    asked = call(("a", "您是本人吗？", 0, 5000), ("c", "对。", 5100, 5300), ("a", LONG, 5400, 9000))
    assert conduct_of(asked).agent.monologue.duration_ms == 5000


@pytest.mark.parametrize("between", [("s", "请稍候", 5100, 5500), ("u", "听不清", 5100, 5500)])
def test_others_end_a_monologue(between):
    said = call(("a", LONG, 0, 5000), between, ("a", LONG, 6000, 8000))
    assert conduct_of(said).agent.monologue.duration_ms == 5000


def test_a_long_silence_ends_a_monologue():
    said = call(("a", LONG, 0, 5000), ("a", LONG, 8000, 9000))
    assert conduct_of(said).agent.monologue.duration_ms == 5000
    assert conduct_of(call(("a", LONG, 0, 5000), ("a", LONG, 7999, 9000))).agent.monologue.duration_ms == 9000


# --- silence


def test_silences_lie_between_the_parties_first_and_last_word():
    said = call(
        ("s", "彩铃", 0, 1000),
        ("a", LONG, 20_000, 25_000),
        ("c", LONG, 28_000, 30_000),  # 3 s
        ("a", LONG, 32_999, 35_000),  # less
        ("c", LONG, 45_000, 50_000),  # 10 s
        ("s", "再见", 90_000, 91_000),
    )
    quiet = conduct_of(said).silences
    assert (quiet.count, quiet.total_ms, quiet.longest_ms, quiet.longest_before) == (2, 13_000, 10_000, 4)
    assert quiet.share == pytest.approx(13 / 30, abs=1e-4)


def test_music_and_words_that_were_taken_out_are_no_silence():
    rows = (("a", LONG, 0, 5000), ("c", LONG, 10_000, 12_000))
    assert conduct_of(call(*rows)).silences.count == 1
    music = call(rows[0], ("s", "请稍候", 5200, 9900), rows[1])
    assert conduct_of(music).silences.count == 0
    removal = Removal(start_ms=7000, end_ms=8000, reason="repeated", characters=3)
    assert conduct_of(replace(call(*rows), removals=(removal,))).silences.count == 0


# --- interruptions and overlap


def cut(start=4000, end=9000, stops=4500, text="你先听我说这笔钱"):
    return conduct_of(call(("c", LONG, 0, stops), ("a", text, start, end)))


def test_whoever_begins_while_the_other_speaks_and_makes_them_stop_interrupts():
    conduct = cut()
    (one,) = conduct.interruptions
    assert (one.turn, one.role, one.interrupted, one.start_ms, one.overlap_ms) == (
        1,
        Role.AGENT,
        0,
        4000,
        500,
    )
    assert (conduct.agent.interruptions, conduct.customer.interruptions) == (1, 0)
    assert conduct.overlap_ms == 500
    assert conduct.overlap_share == pytest.approx(500 / 9000, abs=1e-4)


@pytest.mark.parametrize(
    "case",
    [
        {"stops": 4299},  # both speak too short
        {"stops": 5001},  # the other does not give way within a second
        {"start": 499, "stops": 1000},  # the other had hardly begun
        {"end": 4500},  # does not go on
        {"text": "嗯嗯", "end": 4600},  # only listens
        {"text": "知道了", "end": 4900},
        {"start": 4500, "end": 9000},  # no overlap at all
    ],
    ids=str,
)
def test_what_is_no_interruption(case):
    assert cut(**case).interruptions == ()


def test_what_goes_on_after_a_short_pause_is_no_new_beginning():
    said = call(("a", LONG, 0, 3000), ("c", LONG, 1000, 3800), ("a", LONG, 3300, 9000))
    assert [one.turn for one in conduct_of(said).interruptions] == []
    later = call(("a", LONG, 0, 2500), ("c", LONG, 1000, 3800), ("a", LONG, 3300, 9000))
    assert [one.turn for one in conduct_of(later).interruptions] == [2]


def test_one_channel_does_not_tell_who_interrupts():
    words = (("你先听我说", 4000, 9000),)
    mixed = Transcript(
        turns=(
            turn(0, "c", LONG, 0, 4500, words=((LONG, 0, 4500),)),
            turn(1, "a", "你先听我说", 4000, 9000, words=words),
        )
    )
    conduct = conduct_of(mixed)
    assert (conduct.interruptions, conduct.overlap_ms, conduct.overlap_share) == (None, None, None)
    assert conduct.agent.interruptions is None
    assert conduct.agent.talk_share is not None


# --- answers


def test_answers_are_timed_from_the_others_last_word():
    said = call(
        ("a", "您今天方便吗？", 0, 2000),
        ("c", "嗯。", 3000, 3200),  # answers the question
        ("a", LONG, 3700, 6000),
        ("c", "对。", 6100, 6300),  # only listens
        ("a", LONG, 6400, 9000),  # goes on, answers nothing
        ("c", LONG, 12_500, 14_000),
    )
    conduct = conduct_of(said)
    assert (conduct.agent.responses, conduct.agent.response_ms) == (1, 500)
    assert (conduct.customer.responses, conduct.customer.response_ms) == (2, 2250)
    assert (conduct.customer.slow_responses, conduct.agent.slow_responses) == (1, 0)


# --- what cannot be known


def test_text_without_times_leaves_open_what_needs_them():
    conduct = conduct_of(call(("a", LONG), ("c", "嗯。"), ("a", "您看哪天方便？"), ("c", "月底。")))
    for party in (conduct.agent, conduct.customer):
        unknown = {f.name for f in fields(party) if getattr(party, f.name) is None}
        assert unknown == {
            "speech_ms",
            "talk_share",
            "rate",
            "interruptions",
            "responses",
            "response_ms",
            "slow_responses",
        }
    assert (conduct.silences, conduct.overlap_ms, conduct.interruptions) == (None, None, None)
    longest = conduct.agent.monologue
    assert (longest.characters, longest.duration_ms) == (len(LONG) + len("您看哪天方便"), None)


def test_one_turn_without_times_leaves_all_times_open():
    said = call(("a", LONG, 0, 2000), ("c", LONG, 2500, 4000), ("a", LONG))
    assert conduct_of(said).agent.talk_share is None


@pytest.mark.parametrize("rows", [(), (("s", "请留言", 0, 100),), (("a", "……", 0, 100),)], ids=str)
def test_a_call_in_which_neither_party_speaks_has_no_conduct(rows):
    assert conduct_of(call(*rows)) is None


# --- properties


@given(timed_calls())
def test_shares_of_talk_sum_to_one_and_parts_stay_within_the_whole(said):
    conduct = conduct_of(said)
    if conduct is None or conduct.agent.talk_share is None:
        return
    both = (conduct.agent, conduct.customer)
    assert sum(p.talk_share for p in both) == pytest.approx(1, abs=2e-4)
    last = max(t.end_ms for t in said.turns)
    for party in both:
        assert 0 <= party.speech_ms <= last
        if party.monologue:
            assert 0 <= party.monologue.duration_ms <= last
        assert party.slow_responses <= party.responses <= party.turns
    assert conduct.overlap_ms <= min(p.speech_ms for p in both)
    assert 0 <= conduct.overlap_share <= 1
    quiet = conduct.silences
    assert 0 <= quiet.share <= 1
    assert quiet.count * 3000 <= quiet.total_ms
    assert quiet.longest_ms <= quiet.total_ms


@given(timed_calls())
def test_an_interruption_needs_speech_of_both(said):
    conduct = conduct_of(said)
    cut_off = (conduct.interruptions if conduct else None) or ()
    assert sum(one.overlap_ms for one in cut_off) <= (conduct.overlap_ms if conduct and cut_off else 0)
    for one in cut_off:
        assert 300 <= one.overlap_ms <= 1000
        assert said.turns[one.turn].role is one.role
        assert said.turns[one.interrupted].role is one.role.other


@given(timed_calls(), st.integers(0, 10**6), st.data())
def test_where_on_the_clock_a_call_lies_changes_nothing(said, by, data):
    tones = data.draw(toned(said))
    one, other = conduct_of(said, tones), conduct_of(shifted(said, by), tones)
    if one is None:
        assert other is None
        return
    if one.interruptions:
        moved = tuple(replace(i, start_ms=i.start_ms + by) for i in one.interruptions)
        one = replace(one, interruptions=moved)
    assert one == other


@given(timed_calls(), st.data())
def test_exchanging_the_parties_exchanges_their_measures(said, data):
    tones = data.draw(toned(said))
    one, other = conduct_of(said, tones), conduct_of(exchanged(said), tones)
    if one is None:
        assert other is None
        return
    assert replace(one.agent, role=Role.CUSTOMER) == other.customer
    assert replace(one.customer, role=Role.AGENT) == other.agent
    assert (one.silences, one.overlap_ms) == (other.silences, other.overlap_ms)
    assert [(s.turn, s.kind, s.role.other) for s in one.shifts] == [
        (s.turn, s.kind, s.role) for s in other.shifts
    ]


@given(timed_calls(), st.randoms())
def test_the_order_in_which_turns_are_handed_over_does_not_matter_to_stretches(said, random):
    mine = [t for t in said.turns if t.role is Role.AGENT]
    mixed = random.sample(mine, len(mine))
    assert [(s.start_ms, s.end_ms) for s in stretches(mine)] == [
        (s.start_ms, s.end_ms) for s in stretches(mixed)
    ]


@given(timed_calls())
def test_shared_speech_is_what_a_count_of_milliseconds_gives(said):
    one, other = (stretches(said.by_role(role)) for role in (Role.AGENT, Role.CUSTOMER))
    seen = [{ms for s in party for ms in range(s.start_ms, s.end_ms)} for party in (one, other)]
    assert shared_ms(one, other) == len(seen[0] & seen[1])


@pytest.mark.parametrize(
    ("text", "ms", "expected"),
    [
        ("嗯。", 300, True),
        ("对对对对", 900, True),
        ("我知道", None, True),
        ("嗯嗯", 1001, False),
        ("不是", 300, False),
        ("好的我月底还", 900, False),
    ],
)
def test_back_channels(text, ms, expected):
    assert is_backchannel(text, ms) is expected


def test_a_call_without_tones_has_no_course():
    conduct = conduct_of(call(("a", LONG), ("c", LONG)))
    assert (conduct.agent.course, conduct.agent.phases, conduct.shifts) == ((), (), ())
    assert conduct_of(call(("a", LONG), ("c", LONG)), frames("warm", "neutral")).agent.course
