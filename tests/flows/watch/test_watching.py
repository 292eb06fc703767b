"""What programs see of a batch: all of it, and nothing of anybody."""

from __future__ import annotations

import json
import urllib.request

import pytest

from flows.watch.logs import FIELDS, EventLog, opened_log
from flows.watch.metrics import BatchMetrics, served
from flows.watch.spans import tell
from flows.watch.watching import watching
from pipeline.batch.costs import read_costs
from pipeline.batch.journal import Journal
from pipeline.batch.ownership import Ownership
from pipeline.batch.progress import Progress, read_progress
from pipeline.batch.units import Cost, Pending, Stage
from pipeline.errors import EngineError, StoreError
from pipeline.settings import load_settings
from pipeline.store import Store
from pipeline.types import CallStatus
from tests.flows.support import tinghe
from tests.patience import PATIENCE_S, wait_until
from tests.ports import free_port
from tests.retained import files_with

PLANTED = {
    "customer_name": "欧阳靖宇",
    "agent_name": "司徒婉清",
    "customer_id": "6222021234567890123",
    "called_number": "13912345678",
}
PHRASE = "菠萝味的月亮落在窗台上"
SETTINGS = load_settings().watch.model_copy(update={"metrics_every_s": 3600.0})
"""Progress is not told while a test lasts."""


@pytest.fixture
def lines():
    return []


@pytest.fixture
def log(lines):
    return EventLog(lines.append)


def told(lines):
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("value", [*PLANTED.values(), PHRASE, f"a {PHRASE}", [PHRASE], {PHRASE: 1}, True])
def test_no_field_takes_what_was_said_or_who_said_it(log, lines, name, value):
    log.event("unit", **{name: value})
    text = lines[0]
    for planted in (*PLANTED.values(), PHRASE):
        assert planted not in text
        assert json.dumps(planted)[1:-1] not in text
    assert told(lines)[0].get("withheld") == 1 or told(lines)[0]["call"].startswith("rec-")


def test_a_field_that_nobody_allowed_is_counted_and_not_written(log, lines):
    log.event("unit", text=PHRASE, call="call-7", cpu_s=1.23456, reason=None)
    (line,) = told(lines)
    assert line["withheld"] == 1
    assert line["call"] == "call-7"
    assert line["cpu_s"] == 1.235
    assert "reason" not in line
    assert set(line) == {"at", "level", "event", "withheld", "call", "cpu_s"}


def test_the_name_of_an_event_is_a_code_too(log, lines):
    log.event(PHRASE, level=PHRASE)
    assert told(lines)[0]["event"] == "unnamed"
    assert told(lines)[0]["level"] == "error"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path):
    def full(line):
        raise OSError(28, "No space left on device")

    EventLog(full).event("unit")
    with opened_log("log.jsonl", tmp_path / "nowhere") as log:
        log.event("unit")
    with opened_log("", tmp_path) as log:
        log.event("unit")
    assert not list(tmp_path.iterdir())


def test_standard_error_is_a_log(tmp_path, capsys):
    with opened_log("-", tmp_path, batch="0123456789ab") as log:
        log.event("unit", call="c1")
    assert json.loads(capsys.readouterr().err)["batch"] == "0123456789ab"


@pytest.fixture
def journal(tmp_path):
    """A run of two calls: one done, one in quarantine."""
    store = Store(f"sqlite:///{tmp_path / 'tinghe.db'}")
    journal = Journal(store, "0123456789ab", "host:1:a")
    yield journal
    store.close()


def work_on(journal):
    pending = [Pending(call_id=name, stage=Stage.JUDGE, weight=1) for name in ("13912345678", "c2")]
    journal.begin(pending, planned=3, skipped=1, quarantined=0)
    for call_id in ("13912345678", "c2"):
        journal.claim(call_id, Stage.JUDGE, "k", lease_s=3600)
    with journal.store.transaction("test") as within:
        journal.done(
            "13912345678",
            Stage.JUDGE,
            key="k",
            output="scored",
            cost=Cost(cpu_s=1.5, wall_s=2.0),
            within=within,
        )
        journal.quarantine("c2", Stage.JUDGE, reason="engine", message=PHRASE, within=within)


class Told:
    """Remembers what it was told."""

    def __init__(self):
        self.calls = []

    def planned(self, calls):
        self.calls.append(calls)

    def finished(self, call_id, outcome):
        self.calls.append((call_id, outcome))


def test_a_run_is_told_whole_with_the_cost_of_each_call(tmp_path, journal):
    other = Told()
    with watching(SETTINGS, tmp_path, journal, other) as observer:
        observer.planned(3)
        work_on(journal)
        observer.finished("13912345678", CallStatus.SCORED)
        observer.finished("c2", CallStatus.QUARANTINED)
        journal.end("done")
    assert other.calls == [3, ("13912345678", CallStatus.SCORED), ("c2", CallStatus.QUARANTINED)]
    events = told((tmp_path / "log.jsonl").read_text("utf-8").splitlines())
    assert [e["event"] for e in events] == [
        *("batch_started", "batch_planned", "call_quarantined", "unit", "unit", "batch_ended")
    ]
    assert events[3]["cpu_s"] == 1.5
    assert events[3]["call"].startswith("rec-"), "an id like a telephone number is not written"
    assert (events[4]["call"], events[4]["reason"], events[4]["level"]) == ("c2", "engine", "warning")
    assert events[5] | {"planned": 3, "skipped": 1, "done": 1, "quarantined": 1} == events[5]
    assert not any("withheld" in e for e in events)
    for text in (PHRASE, "13912345678"):
        assert set(files_with(tmp_path, text)) <= {"tinghe.db", "tinghe.db-wal"}


def test_a_run_that_fails_says_so_without_its_message(tmp_path, journal):
    with pytest.raises(EngineError), watching(SETTINGS, tmp_path, journal, Told()):
        raise EngineError(PHRASE)
    events = told((tmp_path / "log.jsonl").read_text("utf-8").splitlines())
    assert (events[-1]["event"], events[-1]["error"]) == ("batch_failed", "engine")
    assert files_with(tmp_path, PHRASE) == []


def test_metrics_are_written_while_it_runs_and_at_its_end(tmp_path, journal):
    often = SETTINGS.model_copy(update={"metrics_every_s": 0.01})
    path = tmp_path / "metrics.prom"
    with watching(often, tmp_path, journal, Told()):
        Ownership(journal, "host").take_over()
        work_on(journal)
        assert 'tinghe_batch_state{state="running"} 1.0' in _eventually(path, "tinghe_batch_failures{")
        journal.end("done")
    samples = parsed(path.read_text("utf-8"))
    assert samples["tinghe_batch_state", ("done",)] == 1
    assert samples["tinghe_batch_calls", ("skipped",)] == 1
    assert samples["tinghe_batch_calls", ("done",)] == 1
    assert samples["tinghe_batch_failures", ("engine",)] == 1
    assert samples["tinghe_batch_cpu_seconds", ("judge",)] == 1.5


def _eventually(path, text):
    wait_until(lambda: path.exists() and text in path.read_text("utf-8"))
    return path.read_text("utf-8")


def parsed(text):
    """The samples, by another reader."""
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_port_answers_as_long_as_the_batch_runs(journal):
    port = free_port()
    work_on(journal)
    metrics = BatchMetrics(journal.batch_id, read_progress(journal.store, journal.batch_id, 0.0))
    address = f"http://127.0.0.1:{port}/metrics"
    with served(metrics, port):
        text = urllib.request.urlopen(address, timeout=PATIENCE_S).read().decode()
        assert parsed(text)["tinghe_batch_planned_calls", ()] == 3
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=PATIENCE_S)


def test_a_reason_that_is_no_code_is_no_label(journal):
    values = {name: 0 for name in Progress.__slots__}
    progress = Progress(**{**values, "state": "done", "failures": {PHRASE: 2, "engine": 1}, "cpu_s": {}})
    found = list(BatchMetrics("b", progress).collect())
    (failures,) = [family for family in found if family.name == "tinghe_batch_failures"]
    assert [(s.labels["reason"], s.value) for s in failures.samples] == [("engine", 1), ("other", 2)]


def test_metrics_that_cannot_be_written_stop_nothing(tmp_path, journal):
    (tmp_path / "metrics.prom").mkdir()
    with watching(SETTINGS, tmp_path, journal, Told()):
        work_on(journal)
    with pytest.raises(StoreError):
        BatchMetrics("b").write(tmp_path / "metrics.prom")


def test_spans_are_those_of_the_journal(journal):
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry import trace as api
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    work_on(journal)
    exporter = InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    progress = read_progress(journal.store, journal.batch_id, 0.0)
    costs = read_costs(journal.store, journal.batch_id, journal.run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_tracer", provider.get_tracer)
        tell(journal.batch_id, progress, costs, ended_at=progress.started_at + 60)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert len(exporter.get_finished_spans()) == 3
    batch = spans["batch"]
    assert batch.end_time - batch.start_time == 60_000_000_000
    assert spans["judge"].parent.span_id == batch.context.span_id
    text = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "13912345678" not in text
    assert PHRASE not in json.loads(json.dumps(text))


@pytest.mark.flow
def test_a_batch_with_people_in_it_leaves_none_in_logs_or_prefects_database(tmp_path):
    source = tmp_path / "calls"
    source.mkdir()
    for name, speaker in (("good", "agent"), ("bad", "nobody")):
        turns = [
            {"speaker": speaker, "text": f"您好，请问是{PLANTED['customer_name']}先生吗？{PHRASE}。"},
            {"speaker": "customer", "text": f"我的号码是{PLANTED['called_number']}，{PHRASE}。"},
        ]
        content = {"call_id": name, "metadata": PLANTED, "turns": turns}
        (source / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    out = tmp_path / "out"
    outcome = tinghe(tmp_path, "text", source, "--out", out)
    assert outcome.code == 3, outcome.stderr
    assert files_with(out / "calls", PHRASE) == ["good.json"], "the call was judged"
    assert (tmp_path / "prefect").is_dir()
    for planted in (*PLANTED.values(), PHRASE):
        assert planted not in outcome.stdout
        assert planted not in outcome.stderr
        assert files_with(tmp_path / "prefect", planted) == []
        for name in ("log.jsonl", "metrics.prom", "batch.json", "quarantine.jsonl"):
            assert name not in files_with(out, planted)
    events = told((out / "log.jsonl").read_text("utf-8").splitlines())
    assert events[-1]["event"] == "batch_ended"
    assert any(e["event"] == "unit" and e["call"] == "good" for e in events)
