"""Two witnesses: rules and a learned model."""

import os
import subprocess
import sys

import pytest

from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.second import Policy, consult, load_policy
from pipeline.errors import ConfigError
from pipeline.ports import Opinion
from pipeline.settings import CONFIGS, load_settings
from pipeline.types import Tone
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
POLICY = Policy.model_validate(
    {
        "rules": {
            "raise_at": 0.7,
            "sure_at": 0.95,
            "agree_at": 0.5,
            "doubt_at": 0.1,
            "veto_at": 0.02,
            "heard_at": 0.4,
            "deaf": ["figures"],
            "when": {"threat": {"callee_role": ["debtor", None]}},
        },
        "acts": {"raise_at": 0.6, "doubt_at": 0.1},
    }
)
TEXT = "您好，小心你的车。"
TURN = dialogue(("a", TEXT))


class Model:
    """Gives every turn the same chances."""

    identity = "test"

    def __init__(self, **chances):
        self.chances = chances
        self.heard = []

    def judge(self, turns):
        self.heard += turns
        acts = {"greeting": self.chances.pop("greeting", 0.0)}
        spans = dict.fromkeys((*self.chances, *acts), (3, 8))
        tones = {tone: 0.2 for tone in Tone}
        return tuple(Opinion(rules=dict(self.chances), acts=acts, tones=tones, spans=spans) for _ in turns)


def judged(book, chance, transcript=TURN, name="threat", **metadata):
    the_call = call(**metadata)
    opinions = consult(the_call, transcript, Model(**{name: chance}))
    return detect(
        the_call,
        transcript,
        book,
        SETTINGS.detect,
        SETTINGS.roles,
        facts=Facts(opinions=opinions),
        policy=POLICY,
    ).findings


def states(findings):
    return [f.state.value for f in findings]


@pytest.mark.parametrize(
    ("wording", "chance", "expected"),
    [
        (0.9, 0.1, ["violation"]),  # a rule that is sure needs nobody
        (0.9, 0.01, ["needs_review"]),  # unless the model sees nothing at all
        (0.5, 0.3, ["needs_review"]),
        (0.5, 0.6, ["violation"]),  # two witnesses
        (0.5, 0.05, []),  # a doubtful wording, and the model does not see it
        (None, 0.6, []),
        (None, 0.8, ["needs_review"]),  # the model alone asks for an eye
        (None, 0.96, ["violation"]),
    ],
)
def test_how_the_two_are_joined(tmp_path, wording, chance, expected):
    text = "小心" if wording else "别的"
    book = book_of(tmp_path, rule(hits=[{"text": text, "confidence": wording or 0.9}]))
    assert states(judged(book, chance)) == expected


def test_a_finding_of_the_model_says_so_and_quotes_a_clause(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]))
    (finding,) = judged(book, 0.8)
    assert finding.evidence.quote == "小心你的车"
    assert "第二意见" in finding.reason
    assert "80%" in finding.reason
    assert finding.norms == ("law_1",)


def test_the_model_is_not_asked_where_words_cannot_decide(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]))
    assert not judged(book, 0.99, callee_role="relative")
    assert judged(book, 0.99, callee_role="debtor")
    figures = book_of(tmp_path, rule(rule="figures", hits=[{"text": "别的"}]))
    assert not judged(figures, 0.99, name="figures")


def test_doubt_about_the_speaker_makes_no_violation(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]))
    unsure = dialogue(("a", TEXT), role_confidence=0.7)
    assert states(judged(book, 0.99, unsure)) == ["needs_review"]


def test_only_the_agent_breaks_rules(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]))
    assert not judged(book, 0.99, dialogue(("c", TEXT)))


@pytest.mark.parametrize(
    ("text", "chance", "found"),
    [("您好", 0.05, False), ("您好", 0.2, True), ("别的", 0.5, False), ("别的", 0.7, True)],
)
def test_acts(tmp_path, text, chance, found):
    book = book_of(tmp_path, rule(rule="greeting", hits=[{"text": text}]), kind="act")
    opinions = consult(call(), TURN, Model(greeting=chance))
    acts = detect(
        call(), TURN, book, SETTINGS.detect, SETTINGS.roles, facts=Facts(opinions=opinions), policy=POLICY
    ).acts
    assert bool(acts) is found


def test_an_agent_who_breaks_a_rule_in_a_turn_earns_nothing_there(tmp_path):
    write = [rule(hits=[{"text": "小心"}])]
    book = book_of(tmp_path, *write)
    assert judged(book, 0.2)
    both = book_of(tmp_path, rule(rule="greeting", hits=[{"text": "您好"}]), kind="act")
    acts = detect(call(), TURN, both, SETTINGS.detect, SETTINGS.roles).acts
    assert [a.act for a in acts] == ["greeting"]


def test_the_model_reads_the_turn_before_and_the_facts(tmp_path):
    model = Model()
    lines = dialogue(("c", "我不想还"), ("s", "嘟"), ("a", TEXT))
    consult(call(callee_role="relative", customer_name="李某"), lines, model)
    assert [said.text for said in model.heard] == ["我不想还", TEXT]
    assert model.heard[1].before == "我不想还"
    assert model.heard[1].facts == {"callee": "third_person"}  # no names reach the model


def test_the_shipped_policy_loads_and_names_known_rules():
    from pipeline.detect.rulebook import load_rulebook

    policy = load_policy(CONFIGS / "opinion.yaml")
    book = load_rulebook(CONFIGS / "rules", CONFIGS / "norms.yaml")
    known = {compiled.rule.rule for compiled in book.of_kind("violation")}
    assert {*policy.rules.deaf, *policy.rules.when} <= known


@pytest.mark.parametrize("content", ["rules: [", "rules: {}", "nothing: 1"])
def test_a_policy_that_is_none_names_the_file(tmp_path, content):
    path = tmp_path / "opinion.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"opinion\.yaml"):
        load_policy(path)


def test_without_a_span_the_whole_turn_is_quoted(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]))
    tones = {tone: 0.2 for tone in Tone}
    opinions = {0: Opinion(rules={"threat": 0.8}, acts={}, tones=tones, spans={})}
    (finding,) = detect(
        call(), TURN, book, SETTINGS.detect, SETTINGS.roles, facts=Facts(opinions=opinions), policy=POLICY
    ).findings
    assert finding.evidence.quote == TEXT


def test_a_policy_has_the_same_bytes_in_every_process():
    """Its JSON is part of a result's provenance: sets, whose order changes, have no place in it."""
    code = (
        "from pipeline.detect.second import load_policy; from pipeline.settings import CONFIGS; "
        "print(load_policy(CONFIGS / 'opinion.yaml').model_dump_json())"
    )
    seen = {
        subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("0", "1", "2", "3")
    }
    assert len(seen) == 1
