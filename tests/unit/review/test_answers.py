"""What was filled in becomes decisions once, whole or not at all, and nothing is ever overwritten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.review.draw import draw
from pipeline.review.facts import facts_of
from pipeline.review.files import MissedRow
from pipeline.review.plans import RandomPlan
from pipeline.review.records import ReviewError
from pipeline.review.samples import sample_of
from pipeline.review.tables import decisions
from tests.unit.review.material import NOW, Results, answered, made

BLIND = RandomPlan(plan="random", method="random", of="passed", blind=True)


@pytest.fixture
def results(tmp_path, database_url):
    found = Results(tmp_path / "results", database_url)
    found.save(made("c1", states=("violation", "needs_review")), made("c2"), made("p1", states=()))
    yield found
    found.store.close()


@pytest.fixture
def quick(tmp_path):
    """The same on SQLite, for what does not touch the database in a new way."""
    found = Results(tmp_path / "results")
    found.save(made("c1", states=("violation", "needs_review")), made("c2"), made("p1", states=()))
    yield found
    found.store.close()


def blind_sample(results, n=1, seed=1):
    facts = [facts_of(results.read(call_id)) for call_id in results.ids]
    return sample_of(BLIND, draw(facts, BLIND, n=n, seed=seed, threshold=0.7), seed)


def problems(results, file, **options):
    before = results.decisions()
    with pytest.raises(ReviewError) as caught:
        results.take(file, **options)
    assert results.decisions() == before, "nothing was imported"
    return str(caught.value)


def test_importing_twice_counts_once(results):
    file = answered(results.export())
    assert len(file.findings) == 3
    first = results.take(file)
    assert (first.new, first.known, first.unanswered) == (3, 0, 0)
    before = results.decisions()
    again = results.take(file, correct=True)
    assert (again.new, again.corrected, again.known) == (0, 0, 3)
    assert results.decisions() == before


def test_another_verdict_of_the_same_person_is_a_conflict(results):
    file = results.export()
    results.take(answered(file))
    told = problems(results, answered(file, "rejected"))
    assert "findings[0].verdict: 王芳 said 成立 on 2026-06-20T09:00" in told
    assert "--correct" in told


def test_a_correction_keeps_what_was_said_before(results):
    file = results.export()
    results.take(answered(file))
    before = set(results.decisions())
    done = results.take(answered(file, "rejected"), correct=True)
    assert (done.new, done.corrected) == (3, 3)
    after = set(results.decisions())
    assert before < after
    assert {row[-3] for row in after - before} == {row[0] for row in before}, (
        "each supersedes the earlier one"
    )
    # The old file once more changes nothing.
    assert results.take(answered(file)).known == 3
    assert set(results.decisions()) == after


def test_the_database_itself_refuses_to_change_a_decision(results):
    results.take(answered(results.export()))
    before = results.decisions()
    with (
        pytest.raises(StoreError),
        results.store.transaction("cannot change") as connection,
    ):
        connection.execute(sa.update(decisions).values(verdict="rejected"))
    assert results.decisions() == before


def test_the_machines_verdict_stays_as_it_was(results):
    files = {call_id: results.read(call_id) for call_id in results.ids}
    results.take(answered(results.export(), "rejected"))
    assert {call_id: results.read(call_id) for call_id in results.ids} == files


def test_judging_a_call_again_keeps_what_was_said_of_it(results):
    results.take(answered(results.export()))
    before = results.decisions()
    results.save(made("c1", rules_sha256="e" * 64), made("c2", last="好的，再见。"))
    assert results.decisions() == before
    assert results.export("李雷").findings == ()  # nothing is open: the words are the same
    assert len(results.export("李雷", double=True).findings) == 2


def test_two_reviewers_do_not_stand_in_each_others_way(results):
    one, other = results.export("王芳"), results.export("李雷")
    assert results.take(answered(one)).new == 3
    assert results.take(answered(other, "rejected")).new == 3


def test_a_case_from_review_over_appeal_to_a_final_decision(results):
    results.take(answered(results.export("王芳")))
    assert results.export("王芳", step="final").findings == ()
    appeal = results.export("A100", step="appeal", agent_id="A100")
    assert "王芳" in appeal.findings[0].earlier
    assert results.take(answered(appeal, "appealed", "客户先骂人")).new == len(appeal.findings) == 3
    assert results.export("王芳", step="final").findings == (), "not the first reviewer"
    assert results.export("A100", step="final").findings == ()
    final = results.export("赵六", step="final")
    assert len(final.findings) == 3
    assert "客户先骂人" in final.findings[0].earlier
    assert results.take(answered(final, "rejected", "情有可原")).new == 3
    told = problems(results, answered(final.model_copy(update={"person": "王　芳"}), "confirmed"))
    assert "another person must decide" in told


def test_who_reviewed_cannot_decide_even_with_somebody_elses_file(results):
    results.take(answered(results.export("王芳")))
    results.take(answered(results.export("A100", step="appeal"), "appealed"))
    file = results.export("赵六", step="final")
    told = problems(results, answered(file.model_copy(update={"person": "王芳"}), "rejected"))
    assert "王芳 reviewed it already: another person must decide" in told


def test_the_agent_reviews_no_own_call(quick):
    told = problems(quick, answered(quick.export("王芳").model_copy(update={"person": "a100"})))
    assert "is the agent of the call" in told
    assert quick.export("A100").findings == ()


def changed(file, part, number, **values):
    rows = list(getattr(file, part))
    rows[number] = rows[number].model_copy(update=values)
    return file.model_copy(update={part: tuple(rows)})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"verdict": "也许", "reason": "x"}, "findings[1].verdict: is none; may be 成立, 不成立, 无法判断"),
        ({"verdict": "rejected", "reason": " "}, "findings[1].reason: say why"),
        ({"verdict": "", "reason": "x"}, "findings[1].verdict: a reason stands there and no verdict"),
        ({"verdict": "clean", "reason": "x"}, "findings[1].verdict: may be 成立"),
        ({"verdict": "confirmed", "call_id": "c2"}, "findings[1].call_id: does not belong to the task"),
        ({"verdict": "confirmed", "rule": "other"}, "findings[1].rule: does not belong to the task"),
        ({"verdict": "confirmed", "task": "0" * 16}, "findings[1].task: no such task in these results"),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_nothing_is_imported(quick, values, told):
    assert told in problems(quick, changed(answered(quick.export()), "findings", 1, **values))


def test_all_that_is_wrong_is_told_at_once(quick):
    told = problems(quick, answered(quick.export(), "也许"))
    assert [line.split(":")[0] for line in told.splitlines()[1:]] == [
        f"findings[{n}].verdict" for n in range(3)
    ]


def test_a_row_that_stands_twice(quick):
    file = answered(quick.export())
    doubled = file.model_copy(update={"findings": (*file.findings, file.findings[0])})
    assert "is answered twice, before at findings[0].verdict" in problems(quick, doubled)


def test_a_blind_call_in_which_nothing_was_missed(results):
    file = results.export(sample=blind_sample(results))
    assert (len(file.findings), len(file.calls), file.blind) == (0, 1, True)
    assert results.take(answered(file, "无遗漏", "", part="calls")).new == 1
    (row,) = results.decisions()
    assert row[-2], "it is on record as blind"


def missed(file, *rows):
    return answered(file, "有遗漏", "", part="calls").model_copy(update={"missed": rows})


def test_what_was_missed_becomes_a_task_of_its_own(results):
    file = results.export(sample=blind_sample(results))
    row = MissedRow(call_id="p1", rule="rude_tone 不耐烦", turn=2, words="别磨蹭", reason="命令")
    done = results.take(missed(file, row))
    assert (done.new, done.added) == (2, 1)
    assert results.take(missed(file, row)).new == 0
    tasks = {task.kind.value: task for task in results.reviewed().tasks["p1"]}
    assert (tasks["added"].rule, tasks["added"].turn) == ("rude_tone", 2)
    second = results.export("李雷")
    assert "别磨蹭" in [row.evidence for row in second.findings if row.task == tasks["added"].task_id]
    assert results.take(answered(second, "rejected")).new == len(second.findings)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"rule": "rude_ton"}, "missed[0].rule: no rule named 'rude_ton'"),
        ({"rule": ""}, "missed[0].rule: no rule named ''"),
        ({"turn": 99}, "missed[0].turn: the call has no turn 99"),
        ({"turn": None}, "missed[0].turn: words stand there and no turn"),
        ({"words": "没有这句"}, "missed[0].words: do not stand literally in turn 2"),
        ({"call_id": "c1"}, "missed[0].call_id: is no call of this file"),
        ({"reason": ""}, "missed[0].reason: say why"),
    ],
)
def test_what_is_wrong_with_an_added_violation(quick, row, told):
    values = {"call_id": "p1", "rule": "rude_tone", "turn": 2, "words": "别磨蹭", "reason": "x"} | row
    assert told in problems(quick, missed(quick.export(sample=blind_sample(quick)), MissedRow(**values)))


def test_missed_and_its_rows_go_together(quick):
    file = quick.export(sample=blind_sample(quick))
    assert "calls[0].verdict: says that something was missed, and no row" in problems(quick, missed(file))
    row = MissedRow(call_id="p1", rule="rude_tone", reason="x")
    told = problems(quick, answered(missed(file, row), "clean", "", part="calls"))
    assert "missed[0].call_id: the verdict on this call is not 有遗漏" in told


def test_a_call_that_was_heard_anew_must_be_exported_again(quick):
    file = quick.export(sample=blind_sample(quick))
    quick.save(made("p1", states=(), last="好的，那就这样。"))
    row = MissedRow(call_id="p1", rule="rude_tone", turn=5, words="好的", reason="x")
    assert "missed[0].turn: the call was heard anew" in problems(quick, missed(file, row))


def test_a_file_of_other_results_is_refused(quick, tmp_path):
    other = Results(tmp_path / "other").save(made("z"))
    told = problems(quick, answered(other.export()))
    other.store.close()
    assert "no such task in these results" in told


def test_no_violation_is_added_in_an_appeal(quick):
    file = answered(quick.export("A100", step="appeal"), "appealed")
    row = MissedRow(call_id="c1", rule="rude_tone", reason="x")
    assert "in the step of review only" in problems(quick, file.model_copy(update={"missed": (row,)}))


verdicts = st.sampled_from(["", "confirmed", "不成立", "cannot tell"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(
    files=st.lists(
        st.tuples(
            st.sampled_from(["王芳", "李雷"]), st.lists(verdicts, min_size=3, max_size=3), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_imported_in_whatever_order_only_adds(tmp_path_factory, files):
    results = Results(tmp_path_factory.mktemp("r") / "results")
    results.save(made("c1", states=("violation", "needs_review")), made("c2"))
    blank = results.export()
    try:
        for person, answers, correct in files:
            rows = tuple(
                row.model_copy(update={"verdict": verdict, "reason": "听过" if verdict else ""})
                for row, verdict in zip(blank.findings, answers, strict=True)
            )
            file = blank.model_copy(update={"person": person, "findings": rows})
            before = results.decisions()
            try:
                done = results.take(file, correct=correct, at=NOW)
            except ReviewError:
                assert results.decisions() == before
                continue
            after = results.decisions()
            assert set(before) <= set(after)
            assert len(after) == len(before) + done.new
            assert done.new + done.known + done.unanswered == 3
            again = results.take(file, correct=correct, at=NOW)
            assert (again.new, results.decisions()) == (0, after)
    finally:
        results.store.close()


def test_two_imports_at_once_count_once(results):
    file = answered(results.export())
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: results.take(file), range(4)))
    assert sorted(one.new for one in done) == [0, 0, 0, 3]
    assert len(results.decisions()) == 3
