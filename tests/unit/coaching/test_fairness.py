"""The fairness check: what differs is found, chance is not, and what the agent explains is said to be so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.coaching.fairness import fairness
from pipeline.coaching.fairness_view import fairness_view
from pipeline.coaching.report import TEMPLATES
from pipeline.coaching.traits import Traits, traits
from pipeline.report.labels import Labels
from tests.unit.coaching.support import made


def drawn(random, agent="A1", **given):
    one = Traits(
        agent=agent,
        codec=("mp3", "opus", "pcm_alaw")[random.integers(3)],
        seconds=float(random.uniform(30, 400)),
        sex=("M", "F")[random.integers(2)],
        clearness=float(random.uniform(0.6, 0.95)),
        bandwidth_hz=int(random.choice([2800, 3300, 3600])),
        hour=int(random.integers(8, 20)),
        compliance=float(np.clip(random.normal(85, 10), 0, 100)),
        effectiveness=float(np.clip(random.normal(60, 15), 0, 100)),
        red_line=bool(random.random() < 0.03),
        violation=bool(random.random() < 0.2),
        review=bool(random.random() < 0.3),
        undecided=bool(random.random() < 0.1),
    )
    return replace(one, **given)


def sure(calls, fewest=20):
    return {(g.trait, g.group, g.outcome): g for g in fairness(calls, fewest=fewest).gaps if g.sure}


def test_where_nothing_differs_hardly_anything_is_named():
    random = np.random.default_rng(3)
    false = sum(bool(sure([drawn(random, f"A{n % 7}") for n in range(400)])) for _ in range(40))
    assert false <= 6  # nominal 2 of 40, the comparisons hang together


def test_a_codec_that_costs_points_is_found_and_stays_within_agents():
    random = np.random.default_rng(4)
    calls = [drawn(random, f"A{n % 5}") for n in range(500)]
    calls = [replace(c, compliance=c.compliance - 12) if c.codec == "mp3" else c for c in calls]
    gap = sure(calls)["codec", "mp3", "compliance"]
    assert gap.sure.high < 0
    assert gap.within.value == pytest.approx(gap.difference.value, abs=3)
    told = fairness_view(fairness(calls, fewest=20), Labels("zh", TEMPLATES))["found"]
    assert any(one["group"] == "mp3" and "不只是坐席不同" in one["said"] for one in told)


def test_what_only_the_agent_explains_is_gone_within_agents():
    """One agent has the bad line and the bad scores; with the line itself nothing is the matter."""
    random = np.random.default_rng(5)
    calls = [drawn(random, "good", codec=("mp3", "opus")[int(n % 10 == 0)]) for n in range(300)]
    calls += [
        drawn(
            random, "bad", codec=("opus", "mp3")[int(n % 10 == 0)], effectiveness=float(random.normal(35, 10))
        )
        for n in range(300)
    ]
    gap = sure(calls)["codec", "mp3", "effectiveness"]
    assert gap.sure.low > 0
    assert not gap.within.excludes_zero
    told = fairness_view(fairness(calls, fewest=20), Labels("zh", TEMPLATES))["found"]
    said = next(o["said"] for o in told if o["outcome"] == "有效性" and o["trait"] == "编码")
    assert "可能是坐席不同造成的" in said


def test_groups_with_few_calls_are_shown_and_not_compared():
    random = np.random.default_rng(6)
    calls = [drawn(random, codec="opus") for _ in range(60)] + [drawn(random, codec="amr") for _ in range(19)]
    gaps = [g for g in fairness(calls, fewest=20).gaps if g.trait == "codec"]
    assert gaps
    assert all(g.difference is None and g.within is None and g.sure is None for g in gaps)


def test_an_outcome_that_never_varies_is_no_comparison():
    random = np.random.default_rng(7)
    calls = [drawn(random, red_line=False) for _ in range(80)]
    assert not [g for g in fairness(calls, fewest=20).gaps if g.outcome == "red_line"]


def test_what_is_not_known_is_counted():
    random = np.random.default_rng(8)
    calls = [drawn(random, codec=None, clearness=None, sex=None) for _ in range(50)]
    check = fairness(calls, fewest=20)
    assert check.unknown["codec"] == check.unknown["sex"] == check.unknown["clearness"] == 50
    assert not [g for g in check.gaps if g.trait in ("codec", "sex", "clearness")]


class TestTraits:
    def test_they_are_those_of_the_customers_channel(self):
        call = made()
        call["quality"][1] |= {"codec": "amr", "bandwidth_hz": 2600}
        found = traits(call, "A1")
        assert (found.codec, found.bandwidth_hz) == ("amr", 2600)
        assert found.seconds == call["duration"]
        assert found.clearness == pytest.approx(call["turns"][1]["asr_confidence"])

    @pytest.mark.parametrize(
        ("said", "sex"),
        [("何先生您好。", "M"), ("何女士您好。", "F"), ("先生女士都好。", None), ("您好。", None)],
    )
    def test_sex_is_taken_from_how_the_agent_addresses_the_customer(self, said, sex):
        call = made()
        call["metadata"].pop("customer_sex")
        for turn in call["turns"]:
            if turn["role"] == "agent":
                turn["text"] = said
        assert traits(call, "A1").sex == sex

    def test_the_file_goes_before_it(self):
        call = made(given={"customer_sex": "F"})
        assert traits(call, "A1").sex == "F"
