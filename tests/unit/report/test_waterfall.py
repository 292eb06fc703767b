"""The steps of a waterfall add up to the scores, and show nobody."""

from __future__ import annotations

import pytest

from pipeline.report.call_json import to_json
from pipeline.report.labels import Labels
from pipeline.report.names import names_in, without_names
from pipeline.report.showing import Showing
from pipeline.report.waterfall import waterfall
from pipeline.types import FindingState, Severity
from tests.golden.sample import RULE_TITLES, finding, report, said, turns
from tests.unit.score.build import AGENT_ACTS, found, judged, promised

SHOWING = Showing(labels=Labels("zh"), rule_titles=RULE_TITLES)


def steps(scores=None, language="zh"):
    """The waterfall of the sample call, with other scores where they are given."""
    content = to_json(report())
    if scores is not None:
        from dataclasses import replace

        content["scores"] = to_json(replace(report(), scores=scores))["scores"]
    return waterfall(content, Showing(labels=Labels(language), rule_titles=RULE_TITLES))


@pytest.mark.parametrize(
    "scores",
    [
        judged(),
        judged(findings=[found("a"), found("b", at=4), found("c", Severity.MINOR, at=6)]),
        judged(findings=[found("a", Severity.CRITICAL), found("b")], acts=AGENT_ACTS, promise=promised()),
        judged(acts=AGENT_ACTS, said=("hardship",), promise=promised()),
    ],
)
def test_the_steps_lead_to_the_scores(scores):
    shown = steps(scores)
    levels = [float(step["level"]) for step in shown["compliance"]["steps"]] or [100.0]
    assert levels[-1] == scores.compliance == float(shown["compliance"]["score"])
    assert shown["effectiveness"]["score"] == f"{scores.effectiveness:g}"
    raw = float(shown["effectiveness"]["raw"])
    if shown["effectiveness"]["cap"]:
        assert raw > scores.effectiveness
    else:
        assert raw == pytest.approx(scores.effectiveness, abs=0.05)
    for step in (*shown["compliance"]["steps"], *shown["effectiveness"]["steps"]):
        assert step["left"] >= 0
        assert step["left"] + step["width"] <= 100.1


def test_a_step_shows_its_words_masked_and_where_they_are():
    (step,) = steps()["compliance"]["steps"]
    (place,) = step["places"]
    assert place["turn"] == 2
    assert place["clock"]
    assert "＊" in place["quote"]
    assert "幺二三四" not in place["quote"]


def test_what_waits_is_shown_with_what_it_would_cost():
    shown = steps()["compliance"]
    assert [step["name"] for step in shown["waiting"]] == ["rude_tone"]
    assert float(shown["if_confirmed"]) < float(shown["score"])


def test_a_rule_is_as_robust_as_its_surest_finding():
    from dataclasses import replace

    from pipeline.types import Stability

    first = finding("rude_tone", said(turns()[2], "别磨蹭"), stability=Stability.ONE_WORD)
    second = replace(first, evidence=said(turns()[2], "记我的"), stability=Stability.STANDS)
    content = to_json(replace(report(), findings=(first, second)))
    content["scores"]["compliance_items"] = [
        {"name": "rude_tone", "points": -5, "possible": 0, "applicable": True, "reason": "x", "turns": [2]}
    ]
    (step,) = waterfall(content, SHOWING)["compliance"]["steps"]
    assert step["stability"] == "stands"
    assert step["places"][0]["turn"] == 2, "results of earlier versions have turns without words"
    assert first.state is FindingState.VIOLATION


def test_labels_come_in_english_too():
    assert steps(language="en")["effectiveness"]["steps"][0]["title"] == "polite opening"
    assert steps(language="en")["effectiveness"]["steps"][0]["reason"] == "Opened politely"
    assert steps()["effectiveness"]["steps"][0]["reason"] == "有礼貌的开场"


def test_names_that_are_said_with_a_title_are_masked_everywhere():
    content = to_json(report())
    assert "欧阳志远" in names_in(content)
    told = without_names(content)
    assert "欧阳志远" not in str(told["turns"]) + str(told["scores"])
    assert [len(turn["text"]) for turn in told["turns"]] == [len(turn["text"]) for turn in content["turns"]]
    assert told["findings"][0]["id"] == content["findings"][0]["id"]
