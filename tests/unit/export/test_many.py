"""Many calls in one place: findings as SARIF, tables as Parquet, and a run over a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipeline.errors import ConfigError, StoreError, TranscriptError, UnknownNameError
from pipeline.export.formats import FORMS, Wanted, export
from pipeline.export.parquet import NO_DAY, ParquetTables
from pipeline.redact import People
from tests.golden.sample import ENGLISH, NORMS, RULE_TITLES
from tests.unit.export.samples import call, content, fits, quarantined, results, said

PEOPLE = {"golden-1": People(customer_name="欧阳志远", agent_name="周敏")}


@pytest.fixture
def wanted(tmp_path):
    return Wanted(
        results=results(
            tmp_path / "results", said(("agent", "您好"), call_id="golden-0"), quarantined("golden-9")
        ),
        to=tmp_path / "to",
        people=PEOPLE,
        rule_titles=RULE_TITLES,
        norms=NORMS,
    )


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# -- a run over a folder ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_no_form_shows_people_unless_it_is_told_to(wanted, form):
    done = export(form, wanted)
    written = b"".join(path.read_bytes() for path in wanted.to.rglob("*") if path.is_file())
    assert done.calls + sum(done.left_out.values()) == 3
    assert written
    if form != "parquet":  # whose bytes are compressed; see below
        assert "志远".encode() not in written
        assert "幺三九零零零零".encode() not in written


@pytest.mark.parametrize("form", FORMS)
def test_the_same_results_give_the_same_bytes(wanted, form):
    export(form, wanted)
    before = {name: (wanted.to / name).read_bytes() for name in files(wanted.to)}
    export(form, wanted)
    assert {name: (wanted.to / name).read_bytes() for name in files(wanted.to)} == before


@pytest.mark.parametrize("form", FORMS)
def test_a_result_that_is_none_leaves_nothing_half_written(wanted, form):
    (wanted.results / "calls" / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"a\.json"):
        export(form, wanted)
    assert files(wanted.to) == [] if wanted.to.exists() else True


@pytest.mark.parametrize("form", ["webvtt", "rttm", "rttm-turns", "ctm"])
def test_calls_without_times_are_left_out_and_counted(tmp_path, form):
    untimed = said(("agent", "您好"), call_id="golden-2")
    untimed["turns"][0].update(start=None, end=None, words=[])
    folder = results(tmp_path / "results", untimed, quarantined("golden-3"), said(call_id="golden-4"))
    done = export(form, Wanted(results=folder, to=tmp_path / "to"))
    assert (done.calls, done.left_out) == (1, {"no_times": 1, "no_turns": 1, "quarantined": 1})
    assert len(files(tmp_path / "to")) == 1


def test_an_unknown_form_and_a_folder_without_results_are_errors_of_use(tmp_path):
    wanted = Wanted(results=tmp_path, to=tmp_path)
    with pytest.raises(UnknownNameError, match="webvtt"):
        export("web-vtt", wanted)
    with pytest.raises(ConfigError, match="no folder calls/"):
        export("sarif", wanted)


@pytest.mark.parametrize("form", FORMS)
def test_a_place_that_cannot_be_written_is_a_store_error(wanted, form):
    wanted.to.write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        export(form, wanted)


# -- SARIF --------------------------------------------------------------------------------------------------


def test_findings_are_sarif(wanted):
    export("sarif", wanted)
    log = json.loads((wanted.to / "findings.sarif").read_text(encoding="utf-8"))
    fits(log, "sarif")
    (run,) = log["runs"]
    kept = content()["findings"]
    assert len(run["results"]) == len(kept)
    rules, taxa = run["tool"]["driver"]["rules"], run["taxonomies"][0]["taxa"]
    for result, finding in zip(run["results"], kept, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        assert [taxa[one["index"]]["id"] for one in result["taxa"]] == finding["norms"]
        assert (result["kind"] == "fail") == (finding["state"] == "violation")
    assert run["redactionTokens"] == ["＊"]
    assert {one["id"]: one["shortDescription"]["text"] for one in taxa} == NORMS


def test_a_log_in_english_has_english_titles_and_reasons(wanted):
    export("sarif", replace(wanted, language="en", english=ENGLISH))
    log = json.loads((wanted.to / "findings.sarif").read_text(encoding="utf-8"))
    fits(log, "sarif")
    (run,) = log["runs"]
    assert run["language"] == "en"
    texts = [one["message"]["text"] for one in run["results"]]
    assert "The agent asks the customer to use the agent's private number." in texts
    titles = [one["shortDescription"]["text"] for one in run["taxonomies"][0]["taxa"]]
    assert titles == ["Sample norm, Article 3"]


def test_results_without_findings_are_a_log_too(tmp_path):
    folder = tmp_path / "results"
    (folder / "calls").mkdir(parents=True)
    export("sarif", Wanted(results=folder, to=tmp_path / "to", mask=False))
    log = json.loads((tmp_path / "to" / "findings.sarif").read_text(encoding="utf-8"))
    fits(log, "sarif")
    assert log["runs"][0]["results"] == []


# -- Parquet ------------------------------------------------------------------------------------------------

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def read(folder, table):
    from pyarrow import dataset

    return dataset.dataset(folder / table, partitioning="hive").to_table().sort_by("call_id").to_pylist()


def test_tables_are_read_a_folder_at_a_time(wanted):
    export("parquet", wanted)
    one, two, three = read(wanted.to, "calls")
    assert [row["call_id"] for row in (one, two, three)] == ["golden-0", "golden-1", "golden-9"]
    assert two["started_at"] == datetime(2026, 6, 18, 2, 30, tzinfo=UTC)
    assert two["day"] == "2026-06-18"
    assert (two["promise_amount"], two["promise_date"]) == (Decimal("1000.00"), date(2026, 6, 30))
    assert two["compliance"] == content()["scores"]["compliance"]
    assert three["status"] == "quarantined"
    assert len(read(wanted.to, "findings")) == len(content()["findings"])
    text = "".join(row["text"] for row in read(wanted.to, "turns"))
    assert "欧阳＊＊" in text
    assert "志远" not in text
    (file,) = (wanted.to / "calls").rglob("*.parquet")
    assert parquet.read_schema(file).metadata[b"tinghe.schema"] == b"tinghe.tables/1"


def test_tables_are_read_by_duckdb(wanted):
    duckdb = pytest.importorskip("duckdb")
    export("parquet", wanted)
    query = f"""
        SELECT c.day, f.rule, count(*) FROM read_parquet('{wanted.to}/findings/*/*.parquet') f
        JOIN read_parquet('{wanted.to}/calls/*/*.parquet', hive_partitioning = true) c USING (call_id)
        GROUP BY ALL ORDER BY ALL
    """
    rows = duckdb.sql(query).fetchall()
    assert sum(row[2] for row in rows) == len(content()["findings"])
    assert str(rows[0][0]) == "2026-06-18"


def test_days_are_those_where_the_call_was_made(tmp_path):
    tables = ParquetTables(tmp_path, tmp_path / "results")
    late = content()["metadata"] | {"started_at": "2026-06-18T23:30:00+08:00"}
    tables.add(call(content(metadata=late)))
    tables.add(call(content(metadata={}, call_id="golden-2")))
    tables.close()
    assert sorted(path.name for path in (tmp_path / "calls").iterdir()) == [
        "day=2026-06-18",
        f"day={NO_DAY}",
    ]
    assert [row["day"] for row in read(tmp_path, "calls")] == ["2026-06-18", None]


def test_an_export_replaces_its_own_files_and_leaves_those_of_others(tmp_path):
    for source, ids in (("a", "12"), ("b", "3"), ("a", "4")):
        tables = ParquetTables(tmp_path / "lake", tmp_path / source, rows_held=1)
        for call_id in ids:
            tables.add(call(content(call_id=call_id)))
        tables.close()
    assert [row["call_id"] for row in read(tmp_path / "lake", "calls")] == ["3", "4"]


def test_nothing_shows_before_the_end(tmp_path):
    tables = ParquetTables(tmp_path, tmp_path / "results", rows_held=1)
    tables.add(call())
    assert list(tmp_path.rglob("*.parquet")) == []
    tables.abandon()
    assert files(tmp_path) == []


def test_parts_hold_what_one_file_would(tmp_path):
    for name, held in (("one", 10_000), ("many", 1)):
        tables = ParquetTables(tmp_path / name, tmp_path / "results", rows_held=held)
        for number in range(5):
            tables.add(call(content(call_id=str(number))))
        tables.close()
    assert len(list((tmp_path / "many" / "calls").rglob("*.parquet"))) == 5
    for table in ("calls", "turns", "findings"):
        assert read(tmp_path / "one", table) == read(tmp_path / "many", table)
