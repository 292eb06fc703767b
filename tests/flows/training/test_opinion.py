"""``tinghe train``: what two witnesses are worth is learned from lines, and reported out of family."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import yaml

from flows.cli.train import report_text
from flows.training.opinion import Labelled, LabelledLine, OutOfFamily, learn, policy_text
from pipeline.detect.second import Policy, load_policy
from pipeline.settings import load_settings
from pipeline.types import Role
from tests.unit.detect.support import book_of, rule

EVEN = {"base": 0.0, "model": 1.0, "sure": 0.0, "unsure": 0.0, "heard": 0.0}
LINES = 600


def policy_of(**rules):
    return Policy.model_validate(
        {
            "rules": {"raise_at": 0.5, "violation_at": 0.8, "weights": EVEN, **rules},
            "acts": {"raise_at": 0.5, "weights": EVEN},
        }
    )


def labelled(lies=0.25, **more):
    """Lines of which half are threats; the rule's word «揍» and the model are each wrong now and then."""
    draw = random.Random(7)
    threats = np.array([draw.random() < 0.5 for _ in range(LINES)])
    texts = ["揍你" if bad != (draw.random() < lies) else "您好" for bad in threats]
    odds = np.array([(1 if bad else -1) * draw.gauss(1.2, 1.5) for bad in threats])
    lines = tuple(
        LabelledLine(
            turns=((Role.AGENT, text),),
            metadata={},
            rules=frozenset({"threat"} if bad else more.get("others", ())),
            fold=3 + number % 2,
        )
        for number, (text, bad) in enumerate(zip(texts, threats, strict=True))
    )
    known = np.ones(LINES, dtype=bool)
    label = OutOfFamily(kind="rule", name="threat", known=known, wanted=threats, log_odds=odds)
    return Labelled(lines=lines, sha256="0" * 64, labels=(label,))


@pytest.fixture
def book(tmp_path):
    return book_of(tmp_path, rule(hits=[{"text": "揍"}]))


def trained(book, data, policy=None):
    return learn(data, load_settings(), book, policy or policy_of(), lambda done, total: None)


def test_together_they_know_more_than_either(book):
    (rules,) = trained(book, labelled()).joined
    figures = {witness: rules.measured[witness][""].f1 for witness in ("rule", "model", "joint")}
    assert figures["joint"] > max(figures["rule"], figures["model"])
    assert rules.weights.sure > 0.5
    assert rules.weights.model > 0.3


def test_how_much_the_models_doubt_weighs_beside_a_rule_is_learned(book):
    (rules,) = trained(book, labelled()).joined
    assert rules.weights.told == pytest.approx(rules.weights.model, abs=0.25)  # here it is the same
    assert rules.weights.joint(0.2, "sure") > rules.weights.joint(0.2, None)


def test_a_rule_that_tells_nothing_weighs_nothing(book):
    (rules,) = trained(book, labelled(lies=0.5)).joined
    assert abs(rules.weights.sure) < 0.5


def test_a_stated_probability_is_a_frequency(book):
    (rules,) = trained(book, labelled()).joined
    for low, high, count, share in rules.reliability:
        if count >= 60:
            assert low - 0.12 <= share <= high + 0.12


def test_lines_that_the_writers_of_rules_read_tell_nothing(book):
    data = labelled()
    read = replace(data, lines=tuple(replace(line, fold=line.fold - 3) for line in data.lines))
    (rules,) = trained(book, read).joined
    counts = rules.measured["joint"]["threat"]
    assert counts.right + counts.wrong + counts.missed == 0


def test_rules_that_the_model_does_not_judge_are_left_alone(book):
    assert not trained(book, labelled(), policy_of(deaf=["threat"])).joined


def test_lines_whose_labels_may_hide_this_one_tell_nothing(book):
    data = labelled(others=("insult",))
    policy = policy_of(beside=[{"others": ["insult"], "may": ["threat"]}])
    wrong = [trained(book, data, p).joined[0].measured["rule"]["threat"].wrong for p in (policy_of(), policy)]
    assert wrong[0] > 0
    assert wrong[1] == 0  # no lawful line is left to be wrong about


def test_what_is_learned_can_be_written_and_read_again(book, tmp_path):
    training = trained(book, labelled())
    path = tmp_path / "opinion.yaml"
    path.write_text(policy_text(policy_of(), training, "# how they are joined\n\n"), encoding="utf-8")
    policy = load_policy(path)
    assert policy.rules.of["threat"] == training.joined[0].of["threat"]
    assert path.read_text(encoding="utf-8").startswith("# how they are joined")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]["raise_at"] == 0.5


def test_the_report_names_every_label(book):
    text = report_text(trained(book, labelled()))
    assert "| threat |" in text
    assert "How often a stated probability holds" in text


def acts_of(book, barred):
    """Greetings, of which the rules bar every other one; the model takes all for one."""
    texts = ["您好" if number % 4 else "您好再见" for number in range(LINES)]
    wanted = np.array(["再见" not in text for text in texts])
    lines = tuple(
        LabelledLine(turns=((Role.AGENT, text),), metadata={}, rules=frozenset(), fold=3 + number % 2)
        for number, text in enumerate(texts)
    )
    label = OutOfFamily(
        kind="act",
        name="greeting",
        known=np.ones(LINES, dtype=bool),
        wanted=wanted,
        log_odds=np.full(LINES, 2.0),
    )
    return trained(book, Labelled(lines=lines, sha256="0" * 64, labels=(label,)))


@pytest.mark.parametrize(("never", "wrong"), [([{"text": "再见"}], 0), ([], LINES // 4)])
def test_what_the_rules_bar_is_not_raised_and_teaches_nothing(tmp_path, never, wrong):
    greeting = {"rule": "greeting", "title": "问候", "says": "agent", "hits": [{"text": "别的"}]}
    examples = {"examples": {"must_hit": ["unused"], "must_not_hit": ["unused"]}}
    book = book_of(tmp_path, greeting | examples | {"never": never}, kind="act")
    (acts,) = acts_of(book, never).joined
    assert acts.measured["joint"]["greeting"].wrong == wrong
    assert acts.measured["model"]["greeting"].wrong == LINES // 4


def test_a_part_of_the_report_that_was_not_learned_anew_stays(book):
    before = report_text(trained(book, labelled()))
    again = report_text(replace(trained(book, labelled()), joined=()), before)
    assert again == before
