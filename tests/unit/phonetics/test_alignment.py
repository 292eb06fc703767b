"""Where a phrase sounds in a text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phonetics.alignment import Phrase, align

HANZI = st.text(st.sampled_from("上门收拾单位去找人我你不还钱重庆行长"), min_size=2, max_size=6)


def found(text, phrase, least=0.7):
    return [
        (text[a.start : a.end], round(a.likeness, 1)) for a in align(text, Phrase.of(phrase), least=least)
    ]


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("我去单位找你", "去单位", [("去单位", 1.0)]),
        ("我去单尾找你", "去单位", [("去单尾", 1.0)]),
        ("去单位，再去单尾", "去单位", [("去单位", 1.0), ("去单尾", 1.0)]),
        ("去个单位", "去单位", [("去个单位", 0.8)]),  # a syllable too many
        ("去单这位", "去单位", [("去单这位", 0.8)]),
        ("去位", "去单位", [("去位", 0.8)]),  # one too few
        ("您好", "去单位", []),
        ("，。", "去单位", []),
        ("", "去单位", []),
    ],
)
def test_stretches(text, phrase, expected):
    assert found(text, phrase) == expected


def test_a_phrase_must_sound():
    with pytest.raises(ValueError, match="without a sound"):
        Phrase.of("去？")


@given(HANZI, HANZI, HANZI)
def test_a_phrase_is_found_in_itself_wherever_it_stands(before, phrase, behind):
    text = before + phrase + behind
    stretches = align(text, Phrase.of(phrase), least=0.99)
    assert any(text[a.start : a.end] == phrase for a in stretches) or stretches


@given(HANZI, HANZI, st.floats(0.3, 1))
def test_stretches_lie_apart_and_are_alike_enough(text, phrase, least):
    stretches = align(text, Phrase.of(phrase), least=least)
    assert all(a.likeness >= least and 0 <= a.start < a.end <= len(text) for a in stretches)
    assert all(a.end <= b.start for a, b in pairwise(stretches))
