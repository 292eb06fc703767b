"""Two witnesses: rules and a learned model."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.second import Bench, Policy, consult, load_policy
from pipeline.errors import ConfigError
from pipeline.ports import Opinion
from pipeline.settings import CONFIGS, load_settings
from pipeline.types import FindingState, Tone, Witness
from tests.unit.detect.support import EXAMPLES, book_of, call, dialogue, load, rule, write_pack

SETTINGS = load_settings()
EVEN = {"base": 0.0, "model": 1.0, "sure": 3.0, "unsure": 1.0, "heard": 1.0}
POLICY = Policy.model_validate(
    {
        "rules": {
            "raise_at": 0.5,
            "violation_at": 0.8,
            "weights": EVEN,
            "of": {"hard": EVEN | {"base": -4.0}},
            "deaf": ["figures"],
            "when": {"threat": {"callee_role": ["debtor", None]}},
            "beside": [{"others": ["threat"], "may": ["rude"]}],
            "spared": {"negated": -2.0},
        },
        "acts": {
            "raise_at": 0.5,
            "weights": EVEN,
            "told": {"trouble": 0.9},
            "when": {"trouble": {"callee_role": ["debtor", None]}},
        },
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


def detected(book, chance, transcript=TURN, name="threat", **metadata):
    the_call = call(**metadata)
    opinions = consult(the_call, transcript, Model(**{name: chance}))
    facts = Facts(opinions=opinions)
    return detect(the_call, transcript, book, SETTINGS.detect, SETTINGS.roles, facts=facts, policy=POLICY)


def judged(book, chance, transcript=TURN, name="threat", **metadata):
    return detected(book, chance, transcript, name, **metadata).findings


def states(findings):
    return [f.state.value for f in findings]


@pytest.mark.parametrize(
    ("wording", "chance", "expected"),
    [
        (0.9, 0.5, ["violation"]),  # log-odds 3 + 0
        (0.9, 0.1, ["needs_review"]),  # 3 - 2.2: still likelier than not
        (0.9, 0.01, []),  # 3 - 4.6: overruled
        (0.5, 0.3, ["needs_review"]),  # 1 - 0.8
        (0.5, 0.7, ["violation"]),  # two witnesses, neither sure: 1 + 0.8
        (0.5, 0.05, []),
        (None, 0.4, []),
        (None, 0.6, ["needs_review"]),  # the model alone
        (None, 0.96, ["violation"]),
    ],
)
def test_how_the_two_are_joined(tmp_path, wording, chance, expected):
    text = "小心" if wording else "别的"
    book = book_of(tmp_path, rule(hits=[{"text": text, "confidence": wording or 0.9}]))
    assert states(judged(book, chance)) == expected


@pytest.mark.parametrize(
    ("said", "unless", "chance", "expected"),
    [
        ("我不会动你的车哦。", ["negated"], 0.8, []),  # log-odds 1.4 - 2
        ("我不会动你的车哦。", ["negated"], 0.96, ["needs_review"]),  # 3.2 - 2
        ("我不会动你的车哦。", [], 0.96, ["violation"]),  # the rule is not spared so
        ("我就是动你的车哦。", ["negated"], 0.96, ["violation"]),
    ],
)
def test_the_models_word_alone_counts_for_less_where_a_context_spares_the_rule(
    tmp_path, said, unless, chance, expected
):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}], unless=unless))
    assert states(judged(book, chance, dialogue(("a", said)))) == expected


def test_a_hit_without_any_doubt_stands_whatever_the_model_thinks(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "小心", "confidence": 1}]))
    (found,) = judged(book, 0.001)
    assert (found.state, found.joint, found.witnesses) == (FindingState.VIOLATION, None, (Witness.RULE,))


@pytest.mark.parametrize(
    ("unless_alone", "chance", "expected"),
    [(["negated"], 0.8, []), (["negated"], 0.96, ["needs_review"]), ([], 0.96, ["violation"])],
)
def test_a_context_may_spare_the_models_word_alone(tmp_path, unless_alone, chance, expected):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}], unless=[], unless_alone=unless_alone))
    assert states(judged(book, chance, dialogue(("a", "我不会动你的车哦。")))) == expected


def test_a_context_that_spares_the_models_word_alone_spares_no_hit(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "动你"}], unless=[], unless_alone=["negated"]))
    assert states(judged(book, 0.5, dialogue(("a", "我不会动你的车哦。")))) == ["violation"]


@pytest.mark.parametrize(("chance", "found"), [(0.55, []), (0.65, ["needs_review"])])
def test_the_models_word_alone_may_need_more_than_a_finding_does(tmp_path, chance, found):
    rules = POLICY.rules.model_copy(update={"alone_at": 0.6})
    policy = POLICY.model_copy(update={"rules": rules})
    book, the_call = book_of(tmp_path, rule(hits=[{"text": "别的"}])), call()
    facts = Facts(opinions=consult(the_call, TURN, Model(threat=chance)))
    detection = detect(the_call, TURN, book, SETTINGS.detect, SETTINGS.roles, facts=facts, policy=policy)
    assert states(detection.findings) == found


def test_what_the_model_overrules_is_kept_beside_the_findings(tmp_path):
    found = detected(book_of(tmp_path, rule(hits=[{"text": "小心"}])), 0.01)
    assert not found.findings
    (overruled,) = found.overruled
    assert overruled.evidence.quote == "小心"
    assert overruled.witnesses == (Witness.RULE, Witness.MODEL)
    assert 0 < overruled.joint < 0.5


def test_a_rule_may_have_weights_of_its_own(tmp_path):
    hard = book_of(tmp_path, rule(rule="hard", hits=[{"text": "别的"}]))
    assert not judged(hard, 0.96, name="hard")


def test_a_rule_that_asks_for_review_gets_no_violation(tmp_path):
    hit = {"text": "小心", "when": {"days_overdue": {"gt": 3}}, "if_unknown": "review"}
    book = book_of(tmp_path, rule(hits=[hit]))
    assert states(judged(book, 0.99)) == ["needs_review"]
    assert not judged(book, 0.01)


def test_words_that_only_sound_right_need_the_model_and_a_person(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "小心你的车"}]))
    misheard = dialogue(("a", "您好，小心你的扯。"))
    assert not judged(book, 0.1, misheard)
    (finding,) = judged(book, 0.99, misheard)
    assert finding.state is FindingState.NEEDS_REVIEW
    assert finding.witnesses == (Witness.SOUND, Witness.MODEL)
    assert finding.evidence.quote == "小心你的扯"


@pytest.mark.parametrize(
    ("name", "chances", "expected"),
    [
        ("threat", [0.1, 0.2], set()),  # log-odds 1 - 1.4: heard or not, it would not be raised
        ("threat", [0.1, 0.3], {1}),  # 1 - 0.8
        ("hard", [0.9, 0.9], set()),  # -4 + 1 + 2.2
        ("figures", [0.0, 0.0], {0, 1}),  # the model is not asked: nobody overrules the words
        ("threat", [0.1, None], {1}),
    ],
)
def test_rules_are_listened_for_where_that_can_change_something(tmp_path, name, chances, expected):
    said = dialogue(("a", "您好"), ("a", "小心"))
    opinions = {
        index: Opinion(rules={name: chance}, acts={}, tones=dict.fromkeys(Tone, 0.2), spans={})
        for index, chance in enumerate(chances)
        if chance is not None
    }
    bench = Bench(
        call=call(),
        turns={turn.index: turn for turn in said.turns},
        book=book_of(tmp_path, rule(rule=name, hits=[{"text": "小心"}])),
        opinions=opinions,
        policy=POLICY,
        in_doubt=lambda turn, at: False,
    )
    assert bench.worth_hearing.get(name, frozenset()) == expected


def test_labels_that_may_stand_beside_others():
    assert POLICY.rules.tolerated(frozenset({"threat"})) == {"rude"}
    assert not POLICY.rules.tolerated(frozenset({"figures"}))


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
    [("您好", 0.04, False), ("您好", 0.2, True), ("别的", 0.4, False), ("别的", 0.7, True)],
)
def test_acts(tmp_path, text, chance, found):
    book = book_of(tmp_path, rule(rule="greeting", hits=[{"text": text}]), kind="act")
    opinions = consult(call(), TURN, Model(greeting=chance))
    acts = detect(
        call(), TURN, book, SETTINGS.detect, SETTINGS.roles, facts=Facts(opinions=opinions), policy=POLICY
    ).acts
    assert bool(acts) is found


def told(tmp_path, chance, lines, *, words="没钱", **metadata):
    """Events of a call whose first turn is given a chance of an act that is an event too."""
    folder = tmp_path / "told"
    says = {"title": "困难", "says": "customer", "examples": EXAMPLES, "rule": "trouble"}
    acts = write_pack(folder, {**says, "hits": [{"text": "难处"}]}, pack="acts", kind="act")
    acts.rename(folder / "acts.yaml")
    write_pack(folder, {**says, "hits": [{"text": words}]}, pack="events", kind="event")
    the_call, tones = call(**metadata), dict.fromkeys(Tone, 0.2)
    opinions = {0: Opinion(rules={}, acts={"trouble": chance}, tones=tones, spans={"trouble": (0, 2)})}
    book, facts = load(folder), Facts(opinions=opinions)
    return detect(the_call, lines, book, SETTINGS.detect, SETTINGS.roles, facts=facts, policy=POLICY).events


@pytest.mark.parametrize(
    ("lines", "chance", "witnesses"),
    [
        ((("c", "日子难过。"),), 0.95, [Witness.MODEL]),  # the model alone, and it is sure
        ((("c", "日子难过。"),), 0.8, []),
        ((("c", "有难处。"),), 0.5, [Witness.MODEL]),  # with words of the act: log-odds 3
        ((("c", "有难处。"),), 0.2, []),
        ((("c", "难过。"), ("c", "没钱。")), 0.95, [Witness.RULE]),  # words of the event stand there
        ((("a", "日子难过。"),), 0.95, []),
    ],
)
def test_what_rules_and_model_are_sure_of_is_told_as_an_event(tmp_path, lines, chance, witnesses):
    assert [event.witness for event in told(tmp_path, chance, dialogue(*lines))] == witnesses


def test_an_event_is_not_told_without_the_metadata_that_it_asks_for(tmp_path):
    assert not told(tmp_path, 0.99, dialogue(("c", "日子难过。")), callee_role="stranger")


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


@pytest.mark.parametrize(("day", "expected"), [("2026-12-31", []), ("2027-01-01", ["violation"])])
def test_the_model_raises_no_rule_that_does_not_apply_yet(tmp_path, day, expected):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}], effective_from="2027-01-01"))
    assert states(judged(book, 0.96, started_at=f"{day}T10:00:00+08:00")) == expected


def test_the_model_alone_makes_no_violation_of_a_draft(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "别的"}]), draft=True)
    assert states(judged(book, 0.96)) == ["needs_review"]


@pytest.mark.parametrize(
    ("fields", "turns"),
    [({}, [0, 1, 2]), ({"per": "call"}, [0]), ({"most": 2}, [0, 1]), ({"most": 9}, [0, 1, 2])],
)
@pytest.mark.parametrize("text", ["小心", "别的"])  # raised by its words, by the model alone
def test_a_rule_may_limit_its_findings_whoever_raises_them(tmp_path, fields, turns, text):
    book = book_of(tmp_path, rule(hits=[{"text": text}], **fields))
    found = detected(book, 0.96, dialogue(("a", TEXT), ("a", TEXT), ("a", TEXT)))
    assert [f.evidence.turn for f in found.findings] == turns
    assert found.overruled == ()


def test_what_is_overruled_does_not_use_up_the_limit(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "小心"}], per="call"))
    transcript = dialogue(("a", TEXT), ("a", TEXT))
    opinions = consult(call(), transcript, Model(threat=0.96))
    opinions[0] = replace(opinions[0], rules={"threat": 0.01})
    facts = Facts(opinions=opinions)
    found = detect(call(), transcript, book, SETTINGS.detect, SETTINGS.roles, facts=facts, policy=POLICY)
    assert [f.evidence.turn for f in found.findings] == [1]
    assert [f.evidence.turn for f in found.overruled] == [0]
