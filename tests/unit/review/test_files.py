"""The file for a reviewer: JSON and workbook hold the same, come back as they were, and hide people."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.review.book import book_bytes, read_book
from pipeline.review.draw import draw
from pipeline.review.facts import facts_of
from pipeline.review.files import (
    CallRow,
    FindingRow,
    MissedRow,
    ReviewFile,
    TurnRow,
    read_review,
    review_bytes,
)
from pipeline.review.plans import StratifiedPlan
from pipeline.review.records import ReviewError
from pipeline.review.samples import Scope, sample_of
from tests.unit.review.material import RULES, Results, answered, made
from tests.unit.review.test_answers import blind_sample

# What a workbook can hold: Excel has no control characters, and ends lines with a line feed.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=12)
ids = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=8)
numbers = st.one_of(st.none(), st.integers(0, 10**6))
seconds = st.one_of(st.none(), st.floats(0, 1e5, allow_nan=False).map(lambda value: round(value, 3)))
risky = st.one_of(
    texts, st.sampled_from(["=1+1", "+86", "-", "@x", '=HYPERLINK("x")', "0012", "1e5", "TRUE"])
)
files = st.builds(
    ReviewFile,
    step=st.sampled_from(["review", "appeal", "final"]),
    person=ids,
    sample=st.sampled_from(["", "0a1b"]),
    blind=st.booleans(),
    masked=st.booleans(),
    findings=st.lists(
        st.builds(
            FindingRow,
            task=ids,
            call_id=ids,
            rule=ids,
            evidence=risky,
            before=texts,
            confidence=seconds,
            turn=numbers,
            start=seconds,
            verdict=st.sampled_from(["", "成立", "rejected"]),
            reason=risky,
        ),
        max_size=4,
    ).map(tuple),
    calls=st.lists(st.builds(CallRow, task=ids, call_id=ids, duration=seconds, reason=risky), max_size=3).map(
        tuple
    ),
    turns=st.lists(st.builds(TurnRow, call_id=ids, turn=st.integers(0, 99), text=risky), max_size=3).map(
        tuple
    ),
)
rows_missed = st.lists(
    st.builds(MissedRow, call_id=ids, rule=ids, turn=numbers, words=risky, reason=risky), max_size=3
).map(tuple)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@settings(max_examples=40)
@given(file=files, missed=rows_missed, language=st.sampled_from(["zh", "en"]))
def test_a_file_comes_back_as_it_was(folder, file, missed, language):
    file = file.model_copy(update={"missed": missed})
    book, text = folder / "r.xlsx", folder / "r.json"
    book.write_bytes(book_bytes(file, RULES, language=language))
    text.write_bytes(review_bytes(file))
    assert read_review(text).file == file
    assert read_book(book).file == file


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path / "results")
    found.save(made("c1", states=("violation", "needs_review")), made("p1", states=()))
    yield found
    found.store.close()


def opened(file, **options) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(book_bytes(file, RULES, **options)))


def cells(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_same_file_has_the_same_bytes(results):
    file = results.export()
    assert book_bytes(file, RULES) == book_bytes(file, RULES)
    assert review_bytes(file) == review_bytes(file)


def test_no_cell_is_a_formula(results):
    file = answered(results.export(), reason="=cmd|' /C calc'!A0")
    sheet = opened(file)["复核"]
    found = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert len(found) == 2
    assert {(cell.data_type, cell.quotePrefix) for cell in found} == {("s", True)}


def test_verdicts_are_chosen_from_a_list(results):
    book = opened(results.export())
    (choice,) = book["复核"].data_validations.dataValidation
    assert choice.type == "list"
    assert book["选项"].sheet_state == "hidden"
    column = choice.formula1.split("$")[1]
    assert [cell.value for cell in book["选项"][column]][:3] == ["成立", "不成立", "无法判断"]
    heading = {cell.column_letter: cell.value for cell in book["复核"][1]}
    assert {heading[str(part)[0]] for part in choice.sqref} == {"结论"}
    rules = {str(one.sqref)[0]: one for one in book["补充"].data_validations.dataValidation}
    assert len(rules) == 2


def test_a_blind_file_shows_nothing_of_what_the_machine_said(results):
    file = results.export(sample=blind_sample(results))
    book = opened(file)
    assert "复核" not in book.sheetnames
    assert [cell.value for cell in book["整通"][1]] == ["任务", "通话", "开始时间", "时长秒", "结论", "理由"]
    assert {row.call_id for row in file.turns} == {"p1"}
    shown = review_bytes(file).decode()
    for word in ("不耐烦", "violation", "违规", 'confidence": 0'):
        assert word not in shown


def test_people_are_masked_unless_asked_otherwise(results):
    shown = {mask: review_bytes(results.export(mask=mask, again=True)).decode() for mask in (True, False)}
    assert "欧阳志远" in shown[False]
    assert "志远" not in shown[True]
    assert "幺三九零零零零" in shown[False]
    assert "幺三九零零零零" not in shown[True]


def test_words_that_are_masked_in_the_file_are_found_in_the_call(results):
    file = results.export(sample=blind_sample(results))
    turn = next(row for row in file.turns if row.turn == 2)
    words = turn.text[turn.text.index("记我") :]
    assert "＊" in words
    row = MissedRow(call_id="p1", rule="private_phone_or_im", turn=2, words=words, reason="私人号码")
    file = answered(file, "missed", "", part="calls").model_copy(update={"missed": (row,)})
    assert results.take(file).added == 1
    (task,) = [task for task in results.reviewed().tasks["p1"] if task.rule]
    text = next(t["text"] for t in results.read("p1")["turns"] if t["index"] == 2)
    assert text[task.text_start : task.text_end].startswith("记我的私人号幺三九")


def test_only_the_context_of_a_finding_is_shown_beside_it(results):
    row = results.export().findings[0]
    assert "别磨蹭" in row.evidence
    assert row.before.startswith("坐席：您好")
    assert row.after.count("\n") == 1


def written(tmp_path: Path, book: openpyxl.Workbook) -> Path:
    path = tmp_path / "filled.xlsx"
    book.save(path)
    return path


def test_columns_may_be_moved_and_added(results, tmp_path):
    book = opened(answered(results.export()))
    sheet = book["复核"]
    sheet.insert_cols(1)
    sheet["A1"] = "我的备注"
    sheet["A2"] = "x"
    file = read_book(written(tmp_path, book)).file
    assert results.take(file).new == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda book: book["复核"].delete_cols(1), "sheet 复核: no column 任务 / Task"),
        (lambda book: book.remove(book["说明"]), "no sheet 说明 / About: not a review file"),
        (lambda book: book["复核"].__setitem__("A2", "=A3"), "sheet 复核, row 2, column 任务: a formula"),
        (lambda book: book["说明"].__setitem__("B2", "other"), "sheet 说明: 环节"),
        (lambda book: book["说明"].__setitem__("B3", None), "sheet 说明: 复核人"),
        (lambda book: book["说明"].__setitem__("B1", "tinghe.review/9"), "sheet 说明: 格式"),
    ],
)
def test_what_is_wrong_with_a_workbook_is_told_by_its_place(results, tmp_path, change, told):
    book = opened(results.export())
    change(book)
    with pytest.raises(ReviewError) as caught:
        read_book(written(tmp_path, book))
    assert told in str(caught.value)


def test_a_turn_that_is_no_number_is_told_by_row_and_column(results, tmp_path):
    book = opened(results.export(sample=blind_sample(results)))
    for column, value in enumerate(["p1", "rude_tone", "第二轮", "别磨蹭", "x"], start=1):
        book["补充"].cell(row=3, column=column).value = value
    with pytest.raises(ReviewError, match="sheet 补充, row 3, column 轮次"):
        read_book(written(tmp_path, book))


def test_an_answer_that_is_wrong_is_told_by_sheet_row_and_column(results, tmp_path):
    from pipeline.review.answers import take
    from tests.unit.review.material import NOW

    book = opened(results.export())
    heads = {cell.value: cell.column for cell in book["复核"][1]}
    book["复核"].cell(row=3, column=heads["结论"]).value = "大概"
    filled = read_book(written(tmp_path, book))
    with pytest.raises(
        ReviewError, match=r"filled.xlsx: sheet 复核, row 3, column 结论: is none; may be 成立"
    ):
        take(results.store, filled, read_call=results.read, rules=lambda: RULES, at=NOW)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello"])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(ReviewError, match="not a workbook"):
        read_book(path)


def test_a_file_that_is_not_there(tmp_path):
    for read in (read_book, read_review):
        with pytest.raises(ReviewError, match="No such file"):
            read(tmp_path / "x.xlsx")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"verdict": ""',
            '"verdikt": ""',
            "findings[0].verdikt: Extra inputs are not permitted no field named",
        ),
        ('"step": "review"', '"step": "rewiew"', "step: Input should be"),
        ('"turn": 2', '"turn": "zwei"', "findings[0].turn: Input should be a valid integer"),
        ("{", "[", "the file: Invalid JSON"),
    ],
)
def test_what_is_wrong_with_a_json_file_is_told_by_its_place(results, tmp_path, old, new, told):
    path = tmp_path / "r.json"
    path.write_text(review_bytes(results.export()).decode().replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReviewError) as caught:
        read_review(path)
    assert told in str(caught.value)


def test_a_call_id_that_holds_a_number_is_hidden_and_still_found(tmp_path):
    number = "13900001234"
    results = Results(tmp_path / "numbers").save(made(f"{number}-1"), made(f"{number}-2", states=()))
    file = results.export()
    assert number not in review_bytes(file).decode()
    assert results.take(answered(file)).new == 1
    blind = answered(results.export(sample=blind_sample(results)), "missed", "", part="calls")
    assert number not in review_bytes(blind).decode()
    row = MissedRow(call_id=blind.calls[0].call_id, rule="rude_tone", turn=2, words="别磨蹭", reason="x")
    assert results.take(blind.model_copy(update={"missed": (row,)})).added == 1
    assert [task.kind.value for task in results.reviewed().tasks[f"{number}-2"]].count("added") == 1
    results.store.close()


def flagged_and_passed(results):
    plan = StratifiedPlan(plan="s", method="stratified", by=("day",))
    facts = [facts_of(results.read(call_id)) for call_id in results.ids]
    return sample_of(plan, draw(facts, plan, n=2, seed=1, threshold=0.7), 1)


def test_a_sample_that_is_not_blind_asks_about_findings_and_about_calls_without_any(results):
    file = results.export(sample=flagged_and_passed(results))
    assert [row.call_id for row in file.findings] == ["c1", "c1"]
    assert [row.call_id for row in file.calls] == ["p1"]
    assert not file.blind


def test_a_file_about_some_rules_asks_about_no_call_as_a_whole(results):
    file = results.export(sample=flagged_and_passed(results), scope=Scope(rules=("rude_tone",)))
    assert (len(file.findings), file.calls) == (2, ())


def test_what_was_added_to_a_blind_call_can_be_appealed(results):
    sample = blind_sample(results)
    row = MissedRow(call_id="p1", rule="rude_tone", turn=2, words="别磨蹭", reason="命令")
    blind = answered(results.export(sample=sample), "missed", "", part="calls")
    results.take(blind.model_copy(update={"missed": (row,)}))
    appeal = results.export("A100", step="appeal", sample=sample)
    assert [(row.call_id, row.evidence, row.state) for row in appeal.findings] == [
        ("p1", "别磨蹭", "人工补充")
    ]
    assert results.take(answered(appeal, "appealed", "没有这样说")).new == 1
    final = results.export("赵六", step="final")
    assert [row.call_id for row in final.findings] == ["p1"]
    assert results.export(step="final").findings == (), "not who added it"
