"""Words, second opinion and the turns around become one probability."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.tone.words import FEATURES, TONES, ToneWeights, features, join_words, load_tone_weights
from pipeline.types import Role, Tone

USUAL = {tone: 0.2 for tone in TONES}
AT = {name: at for at, name in enumerate(FEATURES)}


def sure(tone: Tone) -> dict[Tone, float]:
    return {one: 0.96 if one is tone else 0.01 for one in TONES}


def weights(**told: dict[Tone, float]) -> ToneWeights:
    """Weights of some features (``__`` for a dot); zero elsewhere."""
    named = {name.replace("__", "."): row for name, row in told.items()}
    nothing = dict.fromkeys(TONES, 0.0)
    return ToneWeights(
        temperature=1.0, usual=USUAL, weights={name: nothing | named.get(name, {}) for name in FEATURES}
    )


def rows(*tones: Tone) -> np.ndarray:
    return np.array([[sure(tone)[one] for one in TONES] for tone in tones])


def likeliest(chances: Mapping[Tone, float]) -> Tone:
    return max(TONES, key=lambda tone: chances[tone])


def test_the_weights_that_are_shipped_load_and_follow_plain_witnesses() -> None:
    shipped = load_tone_weights()
    for tone in TONES:
        (found,) = join_words([Role.CUSTOMER], [sure(tone)], [sure(tone)], shipped)
        assert likeliest(found) is tone


def test_shipped_weights_hear_fear_in_a_call_full_of_it() -> None:
    """What is between neutral and distressed is distressed where the party is, and the other threatens."""
    shipped = load_tone_weights()
    torn = {
        Tone.NEUTRAL: 0.45,
        Tone.DISTRESSED: 0.4,
        Tone.WARM: 0.05,
        Tone.PRESSING: 0.05,
        Tone.HOSTILE: 0.05,
    }
    (alone,) = join_words([Role.CUSTOMER], [torn], [torn], shipped)
    roles = [Role.AGENT, Role.CUSTOMER] * 3
    said = [sure(Tone.HOSTILE), sure(Tone.DISTRESSED)] * 2 + [sure(Tone.HOSTILE), torn]
    threatened = join_words(roles, said, said, shipped)[-1]
    assert threatened[Tone.DISTRESSED] > alone[Tone.DISTRESSED]
    assert likeliest(threatened) is Tone.DISTRESSED


def test_no_turns() -> None:
    assert join_words([], [], [], weights()) == ()


def test_without_a_second_opinion_the_classifier_speaks_for_both() -> None:
    told = weights(opinion__hostile={Tone.HOSTILE: 1.0})
    (found,) = join_words([Role.AGENT], [sure(Tone.HOSTILE)], [None], told)
    assert likeliest(found) is Tone.HOSTILE


def test_what_is_around_a_turn() -> None:
    """before: the other party's last turn; earlier: one's own last; own and other: all but this one."""
    roles = [Role.AGENT, Role.CUSTOMER, Role.CUSTOMER, Role.AGENT]
    seen = rows(Tone.WARM, Tone.DISTRESSED, Tone.NEUTRAL, Tone.HOSTILE)
    found = features(roles, seen, seen, usual=np.full(5, 0.2))
    third = found[2]
    assert third[AT["before.warm"]] == pytest.approx(0.76)
    assert third[AT["earlier.distressed"]] == pytest.approx(0.76)
    assert third[AT["own.distressed"]] == pytest.approx((0.96 + 0.4) / 3 - 0.2)
    assert third[AT["other.warm"]] == pytest.approx((0.97 + 0.4) / 4 - 0.2)
    assert not found[0][[AT[f"before.{tone}"] for tone in TONES]].any()


def test_who_speaks_is_told_and_half_told_where_it_is_not_known() -> None:
    roles = [Role.AGENT, Role.CUSTOMER, Role.UNKNOWN]
    seen = rows(Tone.WARM, Tone.WARM, Tone.WARM)
    assert features(roles, seen, seen, usual=np.full(5, 0.2))[:, AT["agent"]].tolist() == [1.0, 0.0, 0.5]


def test_temperature_changes_no_order_and_makes_less_sure() -> None:
    plain = weights(words__warm={Tone.WARM: 1.0})
    softer = plain.model_copy(update={"temperature": 2.0})
    (hot,) = join_words([Role.AGENT], [sure(Tone.WARM)], [None], plain)
    (cool,) = join_words([Role.AGENT], [sure(Tone.WARM)], [None], softer)
    assert likeliest(hot) is likeliest(cool) is Tone.WARM
    assert cool[Tone.WARM] < hot[Tone.WARM]


CHANCES = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(
    lambda row: dict(zip(TONES, row, strict=True))
)
TURN = st.tuples(st.sampled_from([Role.AGENT, Role.CUSTOMER, Role.UNKNOWN]), CHANCES, st.none() | CHANCES)


@given(st.lists(TURN, max_size=8))
def test_probabilities_sum_to_one_whatever_witnesses_say(turns: list[tuple[Role, Any, Any]]) -> None:
    found = join_words(*([turn[at] for turn in turns] for at in range(3)), load_tone_weights())
    assert len(found) == len(turns)
    for one in found:
        assert sum(one.values()) == pytest.approx(1.0)
        assert all(0 <= chance <= 1 for chance in one.values())


def written(tmp_path: Path, change: dict[str, Any]) -> Path:
    content = weights().model_dump(mode="json") | change
    path = tmp_path / "tone.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert load_tone_weights(written(tmp_path, {})) == weights()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"temperature": 0}, "temperature"),
        ({"weights": {}}, "base is missing"),
        ({"usual": {"warm": 1.0}}, "every tone"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        load_tone_weights(written(tmp_path, change))
    assert "tone.yaml" in str(caught.value)


def test_a_feature_nobody_knows_is_refused(tmp_path: Path) -> None:
    content = weights().model_dump(mode="json")
    content["weights"]["loudness"] = content["weights"]["base"]
    with pytest.raises(ConfigError, match="loudness is no feature"):
        load_tone_weights(written(tmp_path, content))


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_tone_weights(tmp_path / "nowhere.yaml")
