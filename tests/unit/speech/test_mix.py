import numpy as np
import pytest

from pipeline.ports import Diarization
from pipeline.speech.cues import load_cues
from pipeline.speech.mix import give_to_parties, places
from pipeline.speech.text import tokens
from pipeline.types import SpeakerSpan
from tests.unit.speech.sounding import PER_MS, words

LINES = [("那个事情是这样子的", 0), ("好像是吧", 2_400), ("刚才讲的就那样办", 3_900), ("可以的吧", 6_200)] * 4
ORDER = ["S0", "S1", "S0", "S2"] * 4
PERIOD_MS = 8_000


def given(prints):
    """What parties the words of three voices are given to; nothing in words or sound tells them apart."""
    placed = [
        (text, at + PERIOD_MS * (i // 4), who)
        for i, ((text, at), who) in enumerate(zip(LINES, ORDER, strict=True))
    ]
    spans = tuple(
        SpeakerSpan(speaker=who, start_ms=at, end_ms=at + 200 * len(text)) for text, at, who in placed
    )
    said = give_to_parties(
        tokens([word for text, at, _ in placed for word in words(text, at)]),
        np.zeros(4 * PERIOD_MS * PER_MS, dtype=np.float32),
        Diarization(regular=spans, exclusive=spans, prints=prints),
        load_cues(),
    )
    return ["".join(u.bare for u in said if u.speaker == f"voice {n}") for n in (1, 2, 3)]


def prints(*angles):
    """Voice prints at these angles, in degrees, on a circle."""
    turned = np.radians(angles)
    return {f"S{i}": (float(np.cos(a)), float(np.sin(a))) for i, a in enumerate(turned)}


def test_a_third_voice_with_a_print_of_its_own_is_a_third():
    assert given(prints(0, 90, 180)) == [
        "那个事情是这样子的刚才讲的就那样办" * 4,
        "好像是吧" * 4,
        "可以的吧" * 4,
    ]


@pytest.mark.parametrize("angles", [(0, 90, 100), (0, 10, 90)])
def test_voices_whose_prints_are_alike_are_no_third(angles):
    assert given(prints(*angles))[2] == ""


TALK = "那个事情是这样子的好像刚才讲的就那样办"
"""Nothing in it tells roles, no pause, no mark."""


def two_voices(change_at, *, with_traces=True):
    """Sixteen sentences of two voices in turn; in the last the other voice takes over at a word."""
    line = TALK[:10]
    placed = [words(line, 2_600 * i) for i in range(16)]
    spans = tuple(
        SpeakerSpan(speaker=f"S{i % 2}", start_ms=said[0].start_ms, end_ms=said[-1].end_ms, margin=0.1)
        for i, said in enumerate(placed)
    )
    rng = np.random.default_rng(0)
    corner = np.eye(8)[:2]
    who = [i % 2 if i < 15 or k < change_at else 0 for i in range(16) for k in range(10)]
    traces = np.stack([corner[w] + rng.normal(0, 0.05, 8) for w in who]).astype(np.float32)
    said = give_to_parties(
        tokens([word for line in placed for word in line]),
        np.zeros(16 * 2_600 * PER_MS, dtype=np.float32),
        Diarization(
            regular=spans, exclusive=spans, prints=prints(0, 90), traces=traces if with_traces else None
        ),
        load_cues(),
    )
    return [(u.speaker, len(u.tokens)) for u in said]


def test_a_clause_is_parted_where_another_voice_takes_over():
    found = two_voices(6)
    assert found[-2:] == [("voice 2", 6), ("voice 1", 4)]
    assert found[:-2] == [(f"voice {1 + i % 2}", 10) for i in range(15)]


def test_a_clause_of_one_voice_stays_whole():
    assert two_voices(10) == [(f"voice {1 + i % 2}", 10) for i in range(16)]


def test_without_traces_no_clause_is_parted():
    assert [size for _, size in two_voices(6, with_traces=False)] == [10] * 16


def test_places_are_those_of_the_words():
    said = tokens(words("好的", 1_000))
    assert [(p.start_ms, p.end_ms) for p in places(said)] == [(t.word.start_ms, t.word.end_ms) for t in said]
