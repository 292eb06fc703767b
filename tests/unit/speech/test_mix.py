import numpy as np
import pytest

from pipeline.ports import Diarization
from pipeline.speech.cues import load_cues
from pipeline.speech.mix import give_to_parties
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
