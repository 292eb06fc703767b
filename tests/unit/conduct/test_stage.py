"""Conduct as part of judging: it is there, it follows the findings, and no score hangs on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.fakes import FakeToneClassifier
from pipeline import stages
from pipeline.detect.second import load_policy
from pipeline.score import load_scorecard
from pipeline.settings import load_settings
from pipeline.stages import Mind, judge
from pipeline.types import CallStatus
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
SAID = dialogue(("a", "您好，请问是本人吗？"), ("c", "是我，你说。"), ("a", "小心你的车，今天必须还。"))


@pytest.fixture
def mind(tmp_path):
    return Mind(
        book=book_of(tmp_path, rule(hits=[{"text": "小心你的车"}])),
        card=load_scorecard(SETTINGS.path(SETTINGS.score.scorecard)),
        tone=FakeToneClassifier(),
        policy=load_policy(SETTINGS.path(SETTINGS.opinion.policy)),
    )


def test_a_judged_call_has_its_conduct_and_its_scores_do_not_hang_on_it(mind, monkeypatch):
    made = judge(call(), SAID, mind, SETTINGS)
    assert made.status is CallStatus.SCORED
    assert [point.turn for point in made.conduct.agent.course] == [0, 2]
    monkeypatch.setattr(stages, "conduct_of", lambda *_: None)
    assert judge(call(), SAID, mind, SETTINGS) == replace(made, conduct=None)


def test_a_call_that_is_not_scored_has_none(mind):
    assert judge(call(), dialogue(("s", "您拨打的用户正忙")), mind, SETTINGS).conduct is None
