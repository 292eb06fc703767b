"""The turns that were written for tone, and what the second opinion learns of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.opinion_features import Vocabulary
from models.opinion_training import Line, matrix
from models.tone_training import (
    ToneCall,
    ToneLessons,
    load_taught,
    load_tone_calls,
    teach,
    turns_of,
)
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.types import Role, Tone


def test_shipped_calls_have_both_parties_and_every_tone() -> None:
    calls = load_tone_calls()
    counts = Counter((turn.role, turn.tone) for call in calls for turn in call.turns)
    assert len(calls) >= 60
    assert all({turn.role for turn in call.turns} == {Role.AGENT, Role.CUSTOMER} for call in calls)
    assert all(counts[Role.CUSTOMER, tone] >= 40 for tone in Tone)
    assert all(counts[Role.AGENT, tone] >= 80 for tone in Tone if tone is not Tone.DISTRESSED)


def test_no_turn_is_taught_with_two_tones_alone() -> None:
    """A single turn has one label; in calls the same words may be said in another mood."""
    single = Counter((x.said.role, x.said.text) for x in load_taught() if x.family == x.said.text)
    assert not [text for text, count in single.items() if count > 1]


def test_a_turn_of_a_call_knows_what_was_said_before() -> None:
    (call, *_) = load_tone_calls()
    first, second, *_ = turns_of(call)
    assert first.said.before == ""
    assert second.said.before == call.turns[0].text
    assert first.family == second.family == call.name


GOOD = {"call": "a", "turns": [{"role": "agent", "text": "您好", "tone": "warm"}]}


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "[]",
        json.dumps({"call": "b"}),
        json.dumps({"call": "b", "turns": []}),
        json.dumps({"call": "b", "turns": [{"role": "agent", "text": "私密的话"}]}, ensure_ascii=False),
        json.dumps(
            {"call": "b", "turns": [{"role": "agent", "text": "私密的话", "tone": "cheerful"}]},
            ensure_ascii=False,
        ),
        json.dumps(GOOD),
    ],
)
def test_a_wrong_call_is_named_without_its_words(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{bad}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"calls\.jsonl:2") as caught:
        load_tone_calls(path)
    assert "私密" not in str(caught.value)


def test_no_calls_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no calls"):
        load_tone_calls(path)


WORDS = {
    Tone.WARM: "谢谢您",
    Tone.NEUTRAL: "请核对",
    Tone.PRESSING: "今天必须",
    Tone.HOSTILE: "废物",
    Tone.DISTRESSED: "我害怕",
}


def line(tone: Tone | None, number: int) -> Line:
    text = f"{WORDS[tone or Tone.NEUTRAL]}第{number}次"
    return Line(
        said=Said(role=Role.AGENT, text=text),
        turns=((Role.AGENT, text),),
        metadata={},
        rules=frozenset(),
        complete=False,
        acts=None,
        tone=tone,
        family=f"family {number}",
    )


def lessons() -> tuple[ToneLessons, Vocabulary]:
    lines = [line(tone, n) for n in range(6) for tone in (*Tone, None)]
    calls = [
        ToneCall(
            name=f"call {n}",
            turns=tuple(x for call in load_tone_calls()[n : n + 1] for x in call.turns),
        )
        for n in range(12)
    ]
    taught = [turn for call in calls for turn in turns_of(call)]
    said = [x.said for x in lines] + [x.said for x in taught]
    vocabulary = Vocabulary.of(said, at_least=2)
    features = matrix([x.said for x in lines], vocabulary)
    return ToneLessons.of(lines, features, taught, vocabulary), vocabulary


def test_lines_without_a_tone_teach_none() -> None:
    found, vocabulary = lessons()
    assert found.features.shape == (30 + found.taught, len(vocabulary))
    assert len(found.tones) == len(found.folds) == 30 + found.taught


def test_a_call_is_judged_by_what_has_not_seen_it() -> None:
    """Turns of one call share a fold, and learning twice gives the same numbers."""
    found, _ = lessons()
    column, odds = found.column(Tone.HOSTILE)
    again, odds_again = found.column(Tone.HOSTILE)
    assert odds.shape == (found.taught,)
    assert np.array_equal(odds, odds_again)
    assert np.array_equal(column.weights, again.weights)
    seen = found.features[-found.taught :] @ column.weights + column.bias
    wanted = np.array([tone is Tone.HOSTILE for tone in found.tones[-found.taught :]])
    # by heart it knows them better than from other calls
    assert ((seen > 0) == wanted).mean() > ((odds > 0) == wanted).mean()


def test_every_tone_gets_a_column() -> None:
    lines = [line(tone, n) for n in range(3) for tone in Tone]
    taught = [turn for call in load_tone_calls()[:12] for turn in turns_of(call)]
    vocabulary = Vocabulary.of([x.said for x in lines] + [x.said for x in taught], at_least=2)
    columns = teach(lines, matrix([x.said for x in lines], vocabulary), vocabulary, taught)
    assert list(columns) == sorted(f"tone:{tone}" for tone in Tone)
    assert all(column.weights.shape == (len(vocabulary),) for column in columns.values())
