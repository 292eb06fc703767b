"""A customer who may harm himself comes first, in every list."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.call_json import to_json
from pipeline.report.dashboard.period import compare, period
from pipeline.report.dashboard.rows import call_row
from pipeline.report.dashboard.view import dashboard_view
from pipeline.report.labels import Labels
from pipeline.report.routing import RISK, in_routing_order, is_at_risk
from pipeline.report.showing import Showing
from tests.golden.sample import report
from tests.unit.report.test_table import read_csv, read_sheet, write

SHOWING = Showing(labels=Labels("zh"), norms={}, rule_titles={}, mask=True, people={})


def called(call_id, *events, red_line=False):
    content = copy.deepcopy(to_json(report()))
    content["call_id"], content["customer_events"] = call_id, in_routing_order(events)
    content["scores"]["red_line"] = red_line
    return content


CALLS = [called("a", "hardship", red_line=True), called("b"), called("c", "illness", RISK)]


@given(st.lists(st.sampled_from([RISK, "complaint_intent", "dispute", "illness", "wrong_number"])))
def test_the_risk_stands_before_all_other_events(events):
    ordered = in_routing_order(events)
    assert set(ordered) == set(events)
    assert len(ordered) == len(set(ordered))
    assert RISK not in ordered[1:]
    assert ordered[1:] == sorted(ordered[1:])


@pytest.mark.parametrize(("events", "risk"), [((), False), (("dispute",), False), (("dispute", RISK), True)])
def test_whether_a_call_is_at_risk(events, risk):
    assert is_at_risk(called("a", *events)) is risk


def view_of(calls):
    now = period(call_row(call, SHOWING) for call in calls)
    return now, dashboard_view(now, compare(now, None), SHOWING)


def test_the_summary_lists_it_before_red_lines_and_counts_it():
    now, view = view_of(CALLS)
    assert [row.call_id for row in now.rows] == ["c", "a", "b"]
    assert [row["call_id"] for row in view["first"]["rows"]] == ["c", "a"]
    assert view["first"]["counts"][0] == ("risk", 1)
    assert view["figures"][0] == {
        "key": "dash.risks",
        "value": "1",
        "note": "",
        "bad": True,
        "pick": "tag:risk",
    }


def test_a_summary_without_such_a_call_counts_none():
    _, view = view_of(CALLS[:2])
    assert view["first"]["counts"][0] == ("risk", 0)
    assert all(figure["key"] != "dash.risks" for figure in view["figures"])


def test_the_tables_list_it_first(tmp_path):
    write(tmp_path, CALLS)
    assert [r["通话编号"] for r in read_csv(tmp_path)] == ["c", "a", "b"]
    assert [r["通话编号"] for r in read_sheet(tmp_path, "通话")] == ["c", "a", "b"]
    assert read_sheet(tmp_path, "违规")[0]["通话编号"] == "c"
    assert read_csv(tmp_path)[0]["客户事件"].startswith("轻生风险")
