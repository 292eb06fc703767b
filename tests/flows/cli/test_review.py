"""``tinghe review``: from a sample over a workbook to the figures."""

from __future__ import annotations

import json
import stat
from functools import cache

import openpyxl
import pytest
from typer.testing import CliRunner

import flows.results.reviewing
from flows.cli import app
from pipeline.detect.rulebook import load_rulebook
from pipeline.review.plans import review_schema
from tests.unit.review.material import Results, made

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _rules_are_read_once():
    """Reading them takes seconds; every command reads them anew."""
    patch, read = pytest.MonkeyPatch(), cache(load_rulebook)
    patch.setattr(
        flows.results.reviewing,
        "rulebook_of",
        lambda settings: read(settings.path(settings.detect.rules), settings.path(settings.detect.norms)),
    )
    yield
    patch.undo()


@pytest.fixture
def folder(tmp_path):
    results = Results(tmp_path / "results")
    for at in range(4):
        results.save(made(f"f{at}", states=("violation",), agent_id=f"A{at % 2}"))
    for at in range(6):
        results.save(made(f"p{at}", states=(), agent_id=f"A{at % 2}"))
    results.store.close()
    return results.folder


def review(*arguments):
    return CliRunner().invoke(app, ["review", *map(str, arguments)])


def told(*arguments):
    done = review(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def fill(path, sheet, verdict, reason="听过录音"):
    book = openpyxl.load_workbook(path)
    heads = {cell.value: cell.column for cell in book[sheet][1]}
    for row in range(2, book[sheet].max_row + 1):
        book[sheet].cell(row=row, column=heads["结论"]).value = verdict
        book[sheet].cell(row=row, column=heads["理由"]).value = reason
    book.save(path)


def test_a_sample_is_the_same_bytes_for_the_same_seed(folder, tmp_path):
    for name in ("a.json", "b.json"):
        done = review("sample", folder, "--plan", "random", "--n", 3, "--seed", 9, "--to", tmp_path / name)
        assert done.exit_code == 0, done.output
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600
    sample = json.loads((tmp_path / "a.json").read_bytes())
    assert (sample["drawn"], sample["population"], sample["blind"]) == (3, 6, True)


def test_a_sample_says_what_it_could_not_fill(folder):
    assert "4 could not be drawn" in review("sample", folder, "--n", 10).stdout
    sample = told("sample", folder, "--plan", "stratified", "--by", "agent_id", "--by", "hour", "--n", 4)
    assert [one["stratum"] for one in sample["strata"]] == ["A0 · 10", "A1 · 10"]
    done = review("sample", folder, "--plan", "random", "--by", "hour")
    assert done.exit_code == 2
    assert "makes no groups" in done.stderr


def test_an_unknown_plan_is_wrong_usage(folder):
    done = review("sample", folder, "--plan", "randon")
    assert done.exit_code == 2
    assert "Did you mean 'random'?" in done.stderr


def test_from_export_to_report(folder, tmp_path):
    book = tmp_path / "wang.xlsx"
    assert told("export", folder, "--findings", "--for", "王芳", "--to", book)["findings"] == 4
    assert stat.S_IMODE(book.stat().st_mode) == 0o600
    fill(book, "复核", "成立")
    assert told("import", book, "--results", folder)["new"] == 4
    again = told("import", book, "--results", folder)
    assert (again["new"], again["known"]) == (0, 4)
    assert told("export", folder, "--findings", "--for", "王芳", "--to", book)["left_out"] == {"answered": 4}

    sample, blind = tmp_path / "s.json", tmp_path / "blind.xlsx"
    told("sample", folder, "--n", 3, "--to", sample)
    assert told("export", folder, "--sample", sample, "--for", "王芳", "--to", blind)["calls"] == 3
    fill(blind, "整通", "无遗漏", "")
    assert told("import", blind, "--results", folder)["new"] == 3

    report = told("report", folder)
    rude = next(one for one in report["rules"] if one["rule"] == "rude_tone")
    assert (rude["counts"]["confirmed"], rude["precision"]["value"]) == (4, 1.0)
    assert (report["recall"][0]["listened"], report["recall"][0]["population"]) == (3, 6)
    shown = review("report", folder, "--to", tmp_path / "figures.xlsx")
    assert shown.exit_code == 0, shown.output
    assert "盲听 3 通，代表 6 通" in shown.stdout
    assert len(openpyxl.load_workbook(tmp_path / "figures.xlsx").sheetnames) == 5
    assert review("report", folder, "--to", tmp_path / "csv").exit_code == 0
    assert (tmp_path / "csv" / "recall.csv").exists()


def test_a_contradiction_is_told_by_its_cell_and_corrected_on_demand(folder, tmp_path):
    book = tmp_path / "wang.xlsx"
    told("export", folder, "--findings", "--for", "王芳", "--to", book)
    fill(book, "复核", "成立")
    told("import", book, "--results", folder)
    fill(book, "复核", "不成立")
    done = review("import", book, "--results", folder)
    assert done.exit_code == 2
    assert "wang.xlsx: sheet 复核, row 2, column 结论: 王芳 said 成立" in done.stderr
    assert told("import", book, "--results", folder, "--correct")["corrected"] == 4


def test_an_appeal_is_decided_by_a_second_person(folder, tmp_path):
    book, appeal, final = tmp_path / "w.xlsx", tmp_path / "a.json", tmp_path / "f.xlsx"
    told("export", folder, "--findings", "--for", "王芳", "--to", book)
    fill(book, "复核", "成立")
    told("import", book, "--results", folder)
    told("export", folder, "--step", "appeal", "--agent", "A1", "--for", "A1", "--to", appeal)
    content = json.loads(appeal.read_text(encoding="utf-8"))
    assert {row["call_id"] for row in content["findings"]} == {"f1", "f3"}
    for row in content["findings"]:
        row.update(verdict="申诉", reason="客户要求如此")
    appeal.write_text(json.dumps(content), encoding="utf-8")
    assert told("import", appeal, "--results", folder)["new"] == 2
    first = told("export", folder, "--step", "final", "--for", "王芳", "--to", final)
    assert (first["findings"], first["left_out"]) == (0, {"not_for_this_person": 2})
    assert told("export", folder, "--step", "final", "--for", "赵六", "--to", final)["findings"] == 2
    fill(final, "复核", "不成立", "申诉有理")
    assert told("import", final, "--results", folder)["new"] == 2
    rude = next(one for one in told("report", folder)["rules"] if one["rule"] == "rude_tone")
    assert (rude["counts"]["confirmed"], rude["counts"]["rejected"]) == (2, 2)


def test_people_are_not_shown_without_a_reason_and_with_one_it_is_on_record(folder, tmp_path):
    book = tmp_path / "w.json"
    arguments = ("export", folder, "--findings", "--for", "王芳", "--to", book)
    done = review(*arguments, "--unmasked")
    assert done.exit_code == 2
    assert not book.exists()
    assert told(*arguments)["masked"]
    assert "志远" not in book.read_text(encoding="utf-8")
    assert not told(*arguments, "--unmasked", "--reason", "法院调取")["masked"]
    assert "欧阳志远" in book.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in (folder / "exports.jsonl").read_text("utf-8").splitlines()]
    assert [(line["export"], line["masked"]) for line in lines] == [("review", True), ("review", False)]
    assert "法院调取" in (folder / "access.log.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "{folder}", "--for", "王", "--to", "x.xlsx"), "--sample FILE, or --findings"),
        (("export", "{folder}", "--findings", "--for", " ", "--to", "x.xlsx"), "--for"),
        (("export", "{folder}", "--findings", "--for", "王", "--to", "x.pdf"), "neither .xlsx nor .json"),
        (("import", "x.pdf", "--results", "{folder}"), "neither .xlsx nor .json"),
        (("report", "{folder}", "--until", "gestern"), "--until"),
        (("report", "{folder}", "--against", "after"), "--against"),
        (("report", "{folder}/calls"), "no results folder"),
    ],
)
def test_wrong_usage_is_told(folder, arguments, message):
    done = review(*(argument.format(folder=folder) for argument in arguments))
    assert done.exit_code == 2
    assert message in done.stderr.replace("\n", " ")


def test_the_plans_and_their_schema():
    assert [plan["plan"] for plan in told("plans")] == ["random", "stratified", "risk"]
    assert json.loads(review("schema").stdout) == review_schema()


def test_retention_takes_the_review_of_a_call_along(tmp_path):
    import sqlalchemy as sa

    from pipeline.retention.rows import CallTables

    results = Results(tmp_path / "results").save(made("f1"), made("f2"))
    book = tmp_path / "wang.xlsx"
    told("export", results.folder, "--findings", "--for", "王芳", "--to", book)
    fill(book, "复核", "成立")
    assert told("import", book, "--results", results.folder)["new"] == 2
    with results.store.transaction("test") as connection:
        tables = CallTables.of(connection)
        before = tables.rows_of(connection, "f1").count
        tables.delete(connection, "f1", debtor=None, place=None)
        assert tables.rows_of(connection, "f1").count == 0 < before
        for name in ("review_tasks", "review_decisions", "review_draws"):
            left = connection.execute(sa.text(f"SELECT DISTINCT call_id FROM {name}")).scalars().all()
            assert left == ["f2"]
    results.store.close()


def test_decisions_become_labelled_lines(folder, tmp_path):
    book, to = tmp_path / "w.xlsx", tmp_path / "lines.jsonl"
    told("export", folder, "--findings", "--for", "王芳", "--to", book)
    fill(book, "复核", "成立")
    told("import", book, "--results", folder)
    assert told("lines", folder, "--to", to) == {"lines": 4}
    lines = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()]
    assert {tuple(line["violations"]) for line in lines} == {("rude_tone",)}
    assert stat.S_IMODE(to.stat().st_mode) == 0o600


def test_groups_may_be_made_of_columns_of_the_manifest(folder, tmp_path):
    manifest = tmp_path / "manifest.csv"
    rows = "".join(f"x{at}.wav,f{at},{'晨' if at < 3 else '晚'}班\n" for at in range(4))
    manifest.write_text(f"file,call_id,team\n{rows}", encoding="utf-8")
    for at in range(4):
        (tmp_path / f"x{at}.wav").write_bytes(b"RIFF")
    arguments = ("sample", folder, "--plan", "stratified", "--by", "team", "--n", 8, "--manifest", manifest)
    strata = {one["stratum"]: one["population"] for one in told(*arguments)["strata"]}
    assert strata == {"晨班": 3, "晚班": 1, "?": 6}
