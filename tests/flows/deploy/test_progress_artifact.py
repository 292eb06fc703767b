"""The bar of a night on Prefect's page: moved now and then, and never in the way."""

from uuid import uuid4

import pytest

from flows.deploy import progress_artifact
from flows.deploy.progress_artifact import ProgressArtifact
from pipeline.types import CallStatus


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def moves(monkeypatch):
    told = []
    monkeypatch.setattr(progress_artifact, "_made", lambda day, calls: told.append((day, calls)) or uuid4())
    monkeypatch.setattr(progress_artifact, "_moved", lambda artifact, percent: told.append(percent))
    return told


def finish(bar, calls):
    for number in range(calls):
        bar.finished(str(number), CallStatus.SCORED)


def test_it_moves_at_most_every_half_minute_and_at_the_end(moves):
    clock = Clock()
    bar = ProgressArtifact(day="2026-11-25", clock=clock)
    bar.planned(10)
    finish(bar, 4)
    clock.now = 30.0
    finish(bar, 3)
    finish(bar, 3)
    assert moves == [("2026-11-25", 10), 50.0, 100.0]


def test_more_outcomes_than_calls_are_all_of_them(moves):
    bar = ProgressArtifact(day="")
    bar.planned(2)
    finish(bar, 3)
    assert moves[1:] == [100.0, 100.0]


def test_a_server_that_does_not_answer_costs_nothing(monkeypatch, caplog):
    def gone(*_):
        raise ConnectionError("13800138000")

    monkeypatch.setattr(progress_artifact, "_made", gone)
    bar = ProgressArtifact(day="")
    bar.planned(1)
    finish(bar, 1)
    monkeypatch.setattr(progress_artifact, "_made", lambda day, calls: uuid4())
    monkeypatch.setattr(progress_artifact, "_moved", gone)
    bar.planned(1)
    finish(bar, 1)
    assert "ConnectionError" in caplog.text
    assert "138" not in caplog.text
