"""Plans as data, what is known of a call, and the file of a sample."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import RulePackError, UnknownNameError
from pipeline.report.call_json import to_json
from pipeline.review.draw import draw
from pipeline.review.facts import SIGNS, facts_of
from pipeline.review.plans import load_review, review_schema
from pipeline.review.records import ReviewError
from pipeline.review.samples import Scope, all_findings, read_sample, sample_bytes, sample_of
from pipeline.settings import CONFIGS
from tests.golden.sample import report
from tests.unit.review.material import made

SHIPPED = load_review(CONFIGS / "review.yaml")


def sample(plan="random", seed=4, n=2):
    facts = [facts_of(to_json(made(f"p{at}", states=()))) for at in range(6)]
    chosen = SHIPPED.plan(plan)
    return sample_of(chosen, draw(facts, chosen, n=n, seed=seed, threshold=0.7), seed)


def test_the_shipped_plans_are_of_every_method_and_random_is_blind():
    assert [plan.method for plan in SHIPPED.plans] == ["random", "stratified", "risk"]
    assert [plan.blind for plan in SHIPPED.plans] == [True, False, False]
    assert SHIPPED.plan("random").of == "passed"


def test_the_published_schema_is_the_one_of_the_program():
    published = json.loads((CONFIGS / "schema" / "review.schema.json").read_text(encoding="utf-8"))
    assert published == review_schema()
    first = (CONFIGS / "review.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema/review.schema.json"


def test_the_shipped_plans_fit_the_schema():
    import jsonschema
    import yaml

    jsonschema.validate(
        yaml.safe_load((CONFIGS / "review.yaml").read_text(encoding="utf-8")), review_schema()
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("needs_review: 3 ", "need_review: 3 ", "no sign named 'need_review'. Did you mean 'needs_review'?"),
        ("method: random", "method: randon", "randon"),
        ("of: passed", "of: past", "did you mean 'passed'?"),
        ("n: 60", "nn: 60", "did you mean"),
        ("plan: risk", "plan: random", "plan random: plan: stands twice"),
        ("floor: 0.8 ", "floor: 80 ", "figures.floor"),
    ],
)
def test_a_wrong_plan_is_told_by_file_and_line(tmp_path, old, new, told):
    text = (CONFIGS / "review.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "review.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulePackError) as caught:
        load_review(path)
    assert told in str(caught.value)
    assert "review.yaml:" in str(caught.value)


def test_a_plan_that_is_not_there():
    with pytest.raises(UnknownNameError, match="Did you mean 'risk'"):
        SHIPPED.plan("rsik")


def test_a_plan_of_risk_cannot_be_blind_to_what_it_chose_by(tmp_path):
    text = (CONFIGS / "review.yaml").read_text(encoding="utf-8")
    path = tmp_path / "review.yaml"
    path.write_text(text.replace("method: risk\n", "method: risk\n    blind: true\n"), encoding="utf-8")
    with pytest.raises(RulePackError, match="tells by its choice"):
        load_review(path)


def test_what_is_known_of_a_call():
    facts = facts_of(to_json(report()), {"team": "T1", "lender": "other"})
    assert (facts.scored, facts.passed) == (True, False)
    assert facts.group(("team", "lender", "hour", "weekday", "nothing")) == "T1 · 松河银行 · 10 · 4 · ?"
    assert facts.signs >= {"violation", "needs_review", "unsure_roles", "poor_sound"}
    assert facts.signs <= set(SIGNS)
    assert facts.confidences == (0.88, 0.55)
    assert "near_threshold" in facts.signs_at(0.6, 0.1)
    assert "near_threshold" not in facts.signs_at(0.72, 0.1)


def test_a_call_passes_when_nothing_is_put_before_a_person():
    assert facts_of(to_json(made(states=()))).passed
    assert facts_of(to_json(made(states=("cannot_decide",)))).passed
    assert not facts_of(to_json(made(states=("needs_review",)))).passed


def test_the_same_sample_has_the_same_bytes_and_reads_back(tmp_path):
    path = tmp_path / "sample.json"
    path.write_bytes(sample_bytes(sample()))
    assert path.read_bytes() == sample_bytes(sample())
    assert read_sample(path) == sample()
    assert sample(seed=5).sample_id != sample().sample_id


def test_a_blind_sample_does_not_tell_why_calls_were_drawn(tmp_path):
    assert "signs" not in sample_bytes(sample()).decode()


def test_the_sample_of_all_findings_reads_back_with_its_scope(tmp_path):
    made_of = all_findings(["b", "a", "a"], Scope(rules=("rude_tone",), states=("violation",)))
    path = tmp_path / "sample.json"
    path.write_bytes(sample_bytes(made_of))
    found = read_sample(path)
    assert found == made_of
    assert [call.call_id for call in found.drawing.calls] == ["a", "b"]
    assert found.scope.holds("rude_tone", "violation")
    assert not found.scope.holds("rude_tone", "needs_review")
    assert not found.scope.holds("other", "violation")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"inclusion": 0.3333333333333333', '"inclusion": 0.5', "not as it was drawn"),
        ('"inclusion": 0.3333333333333333', '"inclusion": 2', "calls.0.inclusion: Input should be less than"),
        ('"seed"', '"sead"', "no field named 'sead'. Did you mean 'seed'?"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_sample_that_was_changed_is_refused(tmp_path, old, new, told):
    path = tmp_path / "sample.json"
    path.write_text(sample_bytes(sample()).decode().replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReviewError) as caught:
        read_sample(path)
    assert told in str(caught.value)
