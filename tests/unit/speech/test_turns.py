import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.text import tokens
from pipeline.speech.turns import build_turns, take_turns, utterances
from pipeline.types import Evidence, Interval, Role, Word
from tests.unit.speech.sounding import words

MAX_GAP_MS = 1_200


def say(speaker, text, start_ms, per_ms=200):
    return utterances(tokens(words(text, start_ms, per_ms)), speaker=speaker)


def order(*said):
    turns = take_turns([u for us in said for u in us], max_gap_ms=MAX_GAP_MS)
    return [(turn.speaker, turn.bare) for turn in turns]


def test_a_pause_parts_utterances():
    made = utterances(tokens((*words("好的", 0), *words("再见", 900))), speaker="a")
    assert [u.bare for u in made] == ["好的", "再见"]


def test_an_answer_ends_a_turn():
    got = order(say("a", "您方便吗", 0), say("b", "方便您说", 1_000), say("a", "是这样", 2_000))
    assert got == [("a", "您方便吗"), ("b", "方便您说"), ("a", "是这样")]


def test_a_breath_does_not_end_a_turn_but_a_long_pause_does():
    assert order(say("a", "我看一下", 0), say("a", "您稍等", 1_700)) == [("a", "我看一下您稍等")]
    assert order(say("a", "我看一下", 0), say("a", "您稍等", 2_100)) == [("a", "我看一下"), ("a", "您稍等")]


def test_a_backchannel_does_not_break_a_sentence():
    got = order(say("a", "这笔账单", 0), say("b", "嗯", 900), say("a", "已经到期", 1_400))
    assert got == [("a", "这笔账单已经到期"), ("b", "嗯")]


def test_an_interruption_takes_the_floor_and_both_are_kept():
    got = order(say("a", "您听我把话说完", 0), say("b", "我不想听了", 1_000), say("a", "那好", 2_600))
    assert got == [("a", "您听我把话说完"), ("b", "我不想听了"), ("a", "那好")]


def test_words_said_over_ones_own_long_turn_do_not_end_it():
    got = order(say("a", "一二三四五六七八九十", 0), say("b", "等一下", 500), say("a", "继续", 2_500))
    assert got == [("a", "一二三四五六七八九十继续"), ("b", "等一下")]


SPOKEN = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 3_000), st.text("嗯好我还钱吗", min_size=1, max_size=6)),
    min_size=1,
    max_size=15,
)


@given(SPOKEN)
def test_every_word_is_in_one_turn_and_turns_keep_their_order(spoken):
    at = {"a": 0, "b": 0}
    said = []
    for speaker, pause, text in spoken:
        start = at[speaker] + pause
        said += utterances(tokens(words(text, start)), speaker=speaker)
        at[speaker] = start + len(text) * 200
    drafts = take_turns(said, max_gap_ms=MAX_GAP_MS)
    roles = {"a": (Role.AGENT, 0.9), "b": (Role.CUSTOMER, 0.9)}
    turns = build_turns(drafts, [roles[d.speaker] for d in drafts], simultaneous=())
    assert [t.index for t in turns] == list(range(len(turns)))
    assert [t.start_ms for t in turns] == sorted(t.start_ms for t in turns)
    for role in Role:
        own = [t for t in turns if t.role is role]
        assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(own))
    key = lambda w: (w.text, w.start_ms, w.end_ms)  # noqa: E731
    put_in = sorted(key(t.word) for u in said for t in u.tokens)
    assert sorted(key(w) for t in turns for w in t.words) == put_in
    for turn in turns:
        assert all(turn.start_ms <= w.start_ms <= w.end_ms <= turn.end_ms for w in turn.words)
        for start in range(len(turn.text)):
            evidence = Evidence.of(turn, start, len(turn.text))
            assert turn.start_ms <= evidence.start_ms <= evidence.end_ms <= turn.end_ms


def build(text="您好", simultaneous=(), probabilities=(0.5, 0.9)):
    made = tuple(
        Word(text=c, start_ms=i * 200, end_ms=i * 200 + 200, probability=p)
        for i, (c, p) in enumerate(zip(text, probabilities, strict=True))
    )
    drafts = utterances(tokens(made), speaker="a", channel=1)
    return build_turns(drafts, [(Role.AGENT, 0.8)], simultaneous=simultaneous)[0]


def test_a_turn_tells_its_channel_confidence_and_overlap():
    turn = build()
    assert (turn.channel, turn.role_confidence, turn.asr_confidence) == (1, 0.8, 0.7)
    assert not turn.overlap
    assert build(simultaneous=(Interval(start_ms=100, end_ms=300),)).overlap


def test_jitter_of_word_times_is_no_overlap():
    assert not build(simultaneous=(Interval(start_ms=380, end_ms=600),)).overlap
