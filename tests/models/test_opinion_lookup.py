"""Looked up by the array, the features of a call are those of the plain way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.opinion_features import Vocabulary
from models.opinion_lookup import Lookup
from pipeline.ports import Said
from pipeline.types import Role

WORDS = ("您好，请问是陈先生吗", "我 们 慢慢说", "还款日是 十五号，APP上还", "𠮷先生，好的好的好的", "嗯")
LINES = [
    Said(role=role, text=text, before=before, facts=facts)
    for text in WORDS
    for before in ("", WORDS[0])
    for role in (Role.AGENT, Role.CUSTOMER)
    for facts in ({}, {"callee": "third_person"})
]
VOCABULARY = Vocabulary.of(LINES, at_least=2)
LOOKUP = Lookup(VOCABULARY.names, VOCABULARY.idf)

texts = st.one_of(
    st.text(alphabet="您好请问是陈先生吗我们慢说还款 ，APP𠮷🙂x\0", max_size=20), st.sampled_from(WORDS)
)
turns = st.builds(Said, role=st.sampled_from([Role.AGENT, Role.CUSTOMER]), text=texts, before=texts)


@given(st.lists(turns, max_size=6))
def test_a_call_has_the_features_of_its_turns(call):
    features = LOOKUP.features(call)
    for number, said in enumerate(call):
        mine = slice(features.starts[number], features.starts[number + 1])
        found = dict(zip(features.index[mine].tolist(), features.value[mine].tolist(), strict=True))
        assert found == pytest.approx(VOCABULARY.vector(said))


@given(st.lists(turns, min_size=1, max_size=6))
def test_an_n_gram_covers_characters_of_its_own_turn(call):
    features = LOOKUP.features(call)
    for place, turn in enumerate(features.gram_turn.tolist()):
        assert features.turn[features.gram_feature[place]] == turn
        start, end = features.gram_start[place], features.gram_end[place]
        assert 0 <= start <= end <= len(call[turn].text)
        name = VOCABULARY.names[features.index[features.gram_feature[place]]]
        if name.startswith("c") and not set("^$") & set(name):
            assert call[turn].text[start:end].replace("您", "你") == name[3:]


def test_a_turn_is_judged_alike_alone_and_among_others():
    alone = LOOKUP.features([LINES[0]])
    among = LOOKUP.features([LINES[3], LINES[0], LINES[5]])
    mine = slice(among.starts[1], among.starts[2])
    assert among.index[mine].tolist() == alone.index.tolist()
    assert among.value[mine].tolist() == alone.value.tolist()
