"""Figures from decisions: weighted where calls were drawn, honest where they were not."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.review.cases import Case, Listened, Looked, outcomes_of
from pipeline.review.draw import draw
from pipeline.review.facts import facts_of
from pipeline.review.figures import by_norm, counts, figures, gather, rule_figures
from pipeline.review.figures_table import figures_book, figures_csv, notes, tables, to_json
from pipeline.review.files import MissedRow
from pipeline.review.plans import FigureRules, RandomPlan, StratifiedPlan
from pipeline.review.recall import recalls
from pipeline.review.records import Kind, Outcome, Standing
from pipeline.review.samples import Scope, all_findings, sample_of
from pipeline.review.words import REVIEW_LABELS
from tests.unit.review.material import RULES, SHOWING, Results, answered, made

RULESET = FigureRules(floor_decisions=10, drift_decisions=5)
BLIND = RandomPlan(plan="random", method="random", of="passed", blind=True)
C, R, OPEN = Standing.CONFIRMED, Standing.REJECTED, Standing.OPEN


def case(
    standing=C, *, rule="rude_tone", state="violation", weight=1.0, day="2026-06-18", call="c", **changes
):
    values = {
        "call_id": call,
        "finding_id": "f",
        "severity": "minor",
        "confidence": 0.9,
        "norms": ("n1",),
        "outcome": Outcome(standing=standing),
    }
    return Case(rule=rule, state=state, weight=weight, day=day, **(values | changes))


def looked(*cases, passed=False, listened=None, doubles=(), call_id="c"):
    return Looked(
        call_id=call_id, scored=True, passed=passed, cases=cases, listened=listened, doubles=doubles
    )


def of(found, rule, state="violation"):
    return next(one for one in found if (one.rule, one.state) == (rule, state))


def test_precision_is_told_apart_by_rule_and_state():
    cases = [case(C)] * 8 + [case(R)] * 2 + [case(C, state="needs_review"), case(R, rule="other"), case(OPEN)]
    found = rule_figures(cases, RULESET)
    rude = of(found, "rude_tone")
    assert (rude.precision.value, rude.precision.n) == (0.8, 10)
    assert (rude.precision.low, rude.precision.high) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert (rude.counts.found, rude.counts.open, rude.counts.confirmed) == (11, 1, 8)
    assert of(found, "rude_tone", "needs_review").precision.value == 1
    assert of(found, None).precision.n == 11
    assert [one.rule for one in found if one.state == "violation"] == [None, "other", "rude_tone"]


def test_findings_that_nobody_drew_are_counted_and_left_out_of_precision():
    rude = of(rule_figures([case(C), case(R, weight=None)], RULESET), "rude_tone")
    assert (rude.precision.value, rude.by_hand, rude.counts.rejected) == (1.0, 1, 1)


def test_a_finding_stands_for_as_many_as_its_weight():
    rude = of(rule_figures([case(C, weight=9.0), case(R, weight=1.0)], RULESET), "rude_tone")
    assert rude.precision.value == pytest.approx(0.9)
    assert rude.precision.effective == pytest.approx(100 / 82)


@pytest.mark.parametrize(
    ("hits", "n", "state", "suggestion"),
    [
        (10, 50, "violation", "review_surely"),
        (14, 20, "violation", "review_perhaps"),
        (19, 20, "violation", ""),
        (2, 9, "violation", ""),
        (10, 50, "needs_review", ""),
    ],
)
def test_a_rule_that_is_often_wrong_is_proposed_for_review(hits, n, state, suggestion):
    cases = [case(C, state=state)] * hits + [case(R, state=state)] * (n - hits)
    assert of(rule_figures(cases, RULESET), "rude_tone", state).suggestion == suggestion


def test_counts_add_up_whatever_became_of_findings():
    found = counts(
        case(standing) for standing in Standing if standing not in (Standing.CLEAN, Standing.MISSED)
    )
    parts = (found.open, found.confirmed, found.rejected, found.unsure, found.disputed, found.appealed)
    assert parts == (1, 1, 1, 1, 1, 1)
    assert found.found == 6


def test_counts_by_clause_hold_what_cannot_be_decided_too():
    cases = [case(C, norms=("n1", "n2")), case(OPEN, state="cannot_decide"), case(R)]
    found = by_norm(cases)
    assert (found["n1"]["violation"].found, found["n1"]["violation"].confirmed) == (2, 1)
    assert found["n1"]["cannot_decide"].open == 1
    assert set(found["n2"]) == {"violation"}


def periods(now, before):
    """Decisions of June and of spring: (hits, n) each."""
    cases = []
    for day, (hits, n) in (("2026-06-18", now), ("2026-03-01", before)):
        cases += [case(C, day=day)] * hits + [case(R, day=day)] * (n - hits)
    return [("", looked(*cases))]


def test_a_rule_that_got_worse_raises_an_alarm():
    (drift,) = figures(periods((10, 30), (90, 100)), RULESET).drifts
    assert drift.alarm
    assert drift.difference.high < 0
    assert (drift.period.n, drift.before.n) == (30, 100)


def test_a_rule_that_is_as_it_was_raises_none():
    (drift,) = figures(periods((26, 30), (90, 100)), RULESET).drifts
    assert not drift.alarm


def test_too_few_decisions_are_not_compared():
    assert figures(periods((0, 4), (90, 100)), RULESET).drifts == ()


def test_what_a_period_is_compared_with():
    rules = RULESET.model_copy(update={"against": "previous"})
    assert figures(periods((10, 30), (90, 100)), rules).drifts == ()
    found = figures(periods((10, 30), (90, 100)), rules, until=date(2026, 3, 20))
    assert (found.period, found.drifts) == (("2026-02-21", "2026-03-20"), ())


def test_calls_without_a_day_are_told():
    found = figures([("", looked(case(C, day=None)))], RULESET)
    assert (found.undated, found.period, found.drifts) == (1, None, ())


def test_reviewers_are_compared_pair_by_pair_and_together():
    doubles = tuple(
        (Kind.FINDING, pair)
        for pair in (
            [("甲", "confirmed"), ("乙", "confirmed")],
            [("乙", "rejected"), ("甲", "confirmed")],
            [("丙", "rejected"), ("乙", "rejected")],
        )
    )
    found = figures([("", looked(doubles=doubles))], RULESET).agreement
    assert [(one.one, one.other, one.agreement.observed.n) for one in found] == [
        ("", "", 3),
        ("丙", "乙", 1),
        ("乙", "甲", 2),
    ]
    assert found[0].agreement.observed.value == pytest.approx(2 / 3)


def heard(call_id, *missed, weight=2.0):
    return Listened(call_id=call_id, weight=weight, missed=frozenset(missed), missed_any=bool(missed))


def world(*, passed=200, listened=50, missed=5, flagged=100, upheld=90):
    calls = [
        looked(
            passed=True,
            call_id=f"p{at}",
            listened=heard(f"p{at}", *(["rude_tone"] if at < missed else [])) if at < listened else None,
        )
        for at in range(passed)
    ]
    calls += [looked(case(C if at < upheld else R), call_id=f"f{at}") for at in range(flagged)]
    return [("", call) for call in calls]


def test_recall_from_passed_calls():
    overall, rude = recalls(world())
    assert (overall.rule, rude.rule) == (None, "rude_tone")
    assert (overall.listened, overall.population, overall.missed, overall.flagged) == (50, 200, 5, 100)
    assert overall.missed_share.value == pytest.approx(0.1)
    # 90 found and true; a tenth of 200 missed.
    assert overall.value == pytest.approx(90 / 110)
    assert overall.low < overall.value < overall.high
    assert overall.could_hide == pytest.approx(overall.missed_share.high * 200)
    assert not overall.whole


def test_nothing_missed_is_no_recall_of_one_for_sure():
    overall = recalls(world(missed=0))[0]
    assert overall.value == 1
    assert overall.low < 0.95
    assert overall.could_hide > 10


def test_more_listening_says_more():
    few, many = recalls(world(listened=20, missed=2))[0], recalls(world(listened=200, missed=20))[0]
    assert few.high - few.low > many.high - many.low


def test_the_interval_holds_the_truth_as_often_as_it_says():
    import numpy as np

    generator, rounds, held = np.random.default_rng(3), 200, 0
    for _ in range(rounds):
        # 300 calls pass, a tenth of them wrongly; of 100 that are flagged 85 are rightly so.
        missed = int(generator.hypergeometric(30, 270, 40))
        upheld = int(generator.hypergeometric(85, 15, 30))
        calls = world(passed=300, listened=40, missed=missed, flagged=30, upheld=upheld)
        calls += [("", looked(case(OPEN), call_id=f"g{at}")) for at in range(70)]
        overall = recalls(calls)[0]
        held += overall.low <= 85 / 115 <= overall.high
    assert held / rounds >= 0.95


def test_listening_only_to_flagged_calls_says_nothing_of_recall():
    calls = [looked(case(C), listened=heard("c")), looked(passed=True, call_id="p")]
    assert recalls([("", call) for call in calls]) == ()
    assert recalls([]) == ()


def test_flagged_calls_that_were_listened_to_count_their_misses():
    calls = world(listened=50, missed=0)
    before = recalls(calls)[0]
    extra = replace(calls[-1][1], listened=heard("f99", "rude_tone"))
    extra = replace(extra, listened=replace(extra.listened, missed=frozenset({"threat"}), missed_any=False))
    found = {one.rule: one for one in recalls([*calls[:-1], ("", extra)])}
    assert found[None].whole
    assert found[None].population == before.population + 100
    assert found[None].missed == 0
    assert found["threat"].missed == 1
    assert found["threat"].value == 0.0


def test_results_in_which_nobody_listened_do_not_count():
    others = [("other", call) for _, call in world(listened=0)]
    assert recalls([*world(), *others]) == recalls(world())


def test_undecided_findings_leave_the_missed_side_only():
    calls = [("", looked(case(OPEN), call_id="f")), *world(flagged=0)]
    overall = recalls(calls)[0]
    assert (overall.value, overall.low, overall.high) == (None, None, None)
    assert overall.missed_share.value == pytest.approx(0.1)


@pytest.fixture
def results(tmp_path, database_url):
    found = Results(tmp_path / "results", database_url)
    for at in range(6):
        found.save(made(f"f{at}", states=("violation", "needs_review") if at < 2 else ("violation",)))
    for at in range(8):
        found.save(made(f"p{at}", states=()))
    yield found
    found.store.close()


def all_figures(results):
    return figures([("", call) for call in gather(results.store, results.ids, results.read)], RULESET)


def test_from_the_files_of_reviewers_to_the_figures(results):
    facts = [facts_of(results.read(call_id)) for call_id in results.ids]
    everything = all_findings([f"f{at}" for at in range(6)], Scope())
    file = results.export(sample=everything)
    assert len(file.findings) == 8
    results.take(answered(file))
    second = results.export("李雷", double=True)
    rows = tuple(
        row.model_copy(update={"verdict": "rejected" if row.call_id == "f5" else "confirmed", "reason": "x"})
        for row in second.findings
    )
    results.take(second.model_copy(update={"findings": rows}))
    blind = sample_of(BLIND, draw(facts, BLIND, n=4, seed=1, threshold=0.7), 1)
    listening = answered(results.export("李雷", sample=blind), "clean", "", part="calls")
    first = listening.calls[0]
    calls = (first.model_copy(update={"verdict": "missed"}), *listening.calls[1:])
    row = MissedRow(call_id=first.call_id, rule="rude_tone", turn=2, words="别磨蹭", reason="命令")
    results.take(listening.model_copy(update={"calls": calls, "missed": (row,)}))

    found = all_figures(results)
    rude = of(found.rules, "rude_tone")
    assert (rude.counts.confirmed, rude.counts.disputed, rude.precision.n) == (5, 1, 5)
    assert of(found.rules, "rude_tone", "needs_review").precision.value == 1
    overall = found.recall[0]
    assert (overall.listened, overall.population, overall.missed) == (4, 8, 1)
    assert overall.value == pytest.approx(6 / 8)
    (together, *_) = found.agreement
    assert (together.agreement.observed.n, together.kind) == (8, "finding")
    assert found.calibration.n == 7


def test_the_weights_of_a_sample_reach_the_figures(results):
    plan = StratifiedPlan(plan="s", method="stratified", of="flagged", by=("day",))
    facts = [facts_of(results.read(call_id)) for call_id in results.ids]
    sample = sample_of(plan, draw(facts, plan, n=3, seed=2, threshold=0.7), 2)
    file = results.export(sample=sample)
    results.take(answered(file))
    weights = {
        case.weight
        for call in gather(results.store, results.ids, results.read)
        for case in call.cases
        if case.outcome.decided
    }
    assert weights == {2.0}


def test_a_later_judgement_carries_decisions_and_says_so(results):
    results.take(answered(results.export(sample=all_findings([f"f{at}" for at in range(6)], Scope()))))
    results.save(made("f0", states=("violation",), rules_sha256="e" * 64))
    results.save(made("f2", states=("violation",), words="记我的"))
    rude = of(all_figures(results).rules, "rude_tone")
    assert (rude.counts.found, rude.counts.confirmed, rude.counts.open, rude.counts.carried) == (6, 5, 1, 1)


def test_decisions_from_appeals_are_not_drawn(results):
    results.take(answered(results.export("A100", step="appeal"), "appealed"))
    results.take(answered(results.export("赵六", step="final"), "rejected"))
    overall = of(all_figures(results).rules, None)
    assert overall.precision is None
    assert overall.by_hand == 6


def rich_figures():
    calls = [*world(), *periods((10, 30), (90, 100))]
    doubles = ((Kind.FINDING, [("甲", "confirmed"), ("乙", "confirmed")]),)
    return figures([*calls, ("", looked(doubles=doubles))], RULESET)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_as_tables_csv_workbook_and_json(language):
    showing = Showing(labels=Labels(language, REVIEW_LABELS), rule_titles=RULES)
    found = rich_figures()
    for table in tables(found, showing):
        assert table.rows, table.name
        assert {len(row) for row in table.rows} == {len(table.columns)}
    book = openpyxl.load_workbook(io.BytesIO(figures_book(found, showing)))
    assert len(book.sheetnames) == 5
    csvs = figures_csv(found, showing)
    assert sorted(csvs) == ["agreement.csv", "calibration.csv", "drift.csv", "recall.csv", "rules.csv"]
    assert all(content.startswith(b"\xef\xbb\xbf") for content in csvs.values())
    assert json.loads(json.dumps(to_json(found)))["form"] == "tinghe.review-figures/1"
    assert any("50" in note and "200" in note for note in notes(found, showing))


def test_notes_say_what_cannot_be_said():
    assert "召回率无从得知" in notes(figures([], RULESET), SHOWING)[0]
    few = notes(figures(world(listened=10, missed=0), RULESET), SHOWING)
    assert any("不足 30 通" in note for note in few)
    assert any("只听了机器放行的通话" in note for note in few)


def test_what_became_of_the_findings_that_a_call_has_now(results):
    results.take(answered(results.export()))
    before = results.read("f0")["findings"]
    assert {o.standing for o in outcomes_of(results.read("f0"), results.reviewed()).values()} == {C}
    results.save(made("f0", last="好的，再见。"))
    now = results.read("f0")
    for turn in now["turns"]:
        turn["text"] = turn["text"].replace("别磨蹭", "别着急")
    now["findings"][0]["evidence"] = "别着急"
    assert now["findings"][0]["id"] == before[0]["id"], "the same place"
    assert {o.standing for o in outcomes_of(now, results.reviewed()).values()} == {OPEN}
