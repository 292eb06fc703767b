"""A language model's silence is seen in the report of a call, and never taken for a pass."""

from dataclasses import dataclass

import pytest

from models.fakes import FakeToneClassifier
from pipeline.detect.second import load_policy
from pipeline.errors import EngineError
from pipeline.ports import Answer
from pipeline.score import load_scorecard
from pipeline.settings import load_settings
from pipeline.stages import Mind, judge
from pipeline.types import FindingState
from tests.unit.detect.support import book_of, call, dialogue, rule

ASKED = {"conditions": {"asked": {"llm": {"question": "坐席是否威胁上门？"}}}, "raise_when": "asked"}


@dataclass
class Judge:
    """Answers always the same."""

    answer: object
    identity: str = "test-judge/1"
    stays_here: bool = True

    def ask(self, question, role, text, before):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def report(tmp_path):
    settings = load_settings()

    def of(language_judge, **rules):
        mind = Mind(
            book=book_of(tmp_path, rule(**{**ASKED, **rules})),
            card=load_scorecard(settings.path(settings.score.scorecard)),
            tone=FakeToneClassifier(),
            policy=load_policy(settings.path(settings.opinion.policy)),
            judge=language_judge,
        )
        return judge(call(), dialogue(("a", "您好"), ("a", "明天去你家门口站着")), mind, settings)

    return of


def test_a_quoted_yes_is_a_finding_with_the_quote_as_evidence(report):
    found = report(Judge(Answer(yes=True, quote="去你家门口")))
    (finding,) = found.findings
    assert (finding.state, finding.evidence.quote) == (FindingState.VIOLATION, "去你家门口")
    assert found.not_checked == ()
    assert found.provenance.models["language_judge"] == "test-judge/1"


def test_a_failure_is_undecided_and_said(report):
    found = report(Judge(EngineError("down", reason="judge_unreachable")))
    assert [(f.state, f.missing) for f in found.findings] == [(FindingState.CANNOT_DECIDE, "llm")]
    assert [(n.check, n.reason) for n in found.not_checked] == [("llm", "judge_unreachable")]


def test_without_a_model_it_is_undecided_and_nobody_is_named(report):
    found = report(None)
    assert [(f.state, f.missing) for f in found.findings] == [(FindingState.CANNOT_DECIDE, "llm")]
    assert "language_judge" not in found.provenance.models


def test_a_no_is_a_pass(report):
    found = report(Judge(Answer(yes=False, quote="")))
    assert found.findings == ()
    assert found.not_checked == ()
