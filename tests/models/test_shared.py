"""Calls that are heard at the same time share one engine."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from models.asr_shared import SharedTranscriber
from models.fakes import FakeTranscriber
from pipeline.errors import EngineError
from pipeline.types import Samples, Segment
from tests.patience import PATIENCE_S, wait_until

CALLS = 6


class Busy(FakeTranscriber):
    """Holds the first caller until all others wait; fails on sound that is too loud."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.go = Event(), Event()
        self.batches: list[tuple[int, int]] = []

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        self.batches.append((len(windows), beam_size))
        self.started.set()
        self.go.wait(PATIENCE_S)
        if any(window.max() > 0.9 for window in windows):
            raise EngineError("too loud")
        return super().transcribe(windows, beam_size=beam_size, bar_loops=bar_loops)


def call(seconds: float, level: float = 0.2) -> Samples:
    return np.full(round(seconds * 16_000), level, dtype=np.float32)


def hear_together(
    shared: SharedTranscriber, engine: Busy, calls: Sequence[tuple[Samples, int]]
) -> list[object]:
    """What each call got, the first one alone and the others while it is being decoded."""

    def hear(item: tuple[Samples, int]) -> object:
        try:
            return shared.transcribe([item[0]], beam_size=item[1])
        except EngineError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        first = pool.submit(hear, calls[0])
        assert engine.started.wait(PATIENCE_S)
        others = [pool.submit(hear, item) for item in calls[1:]]
        wait_until(lambda: len(shared._waiting) == len(others))
        engine.go.set()
        return [future.result() for future in (first, *others)]


def test_what_waits_is_decoded_in_one_batch_and_each_call_gets_its_own() -> None:
    engine = Busy()
    calls = [(call(1 + i), 1) for i in range(CALLS)]
    answers = hear_together(SharedTranscriber(engine), engine, calls)
    alone = [FakeTranscriber().transcribe([sound], beam_size=1) for sound, _ in calls]
    assert answers == alone
    assert engine.batches == [(1, 1), (CALLS - 1, 1)]


def test_modes_are_not_mixed() -> None:
    engine = Busy()
    hear_together(SharedTranscriber(engine), engine, [(call(1), 1), (call(1), 5), (call(2), 1), (call(3), 5)])
    assert sorted(engine.batches) == [(1, 1), (1, 1), (2, 5)]


def test_a_failure_costs_only_its_own_call() -> None:
    engine = Busy()
    loud = (call(1, level=1.0), 1)
    answers = hear_together(SharedTranscriber(engine), engine, [(call(1), 1), loud, (call(2), 1)])
    assert [isinstance(answer, EngineError) for answer in answers] == [False, True, False]


def test_a_failure_of_one_alone_is_raised() -> None:
    engine = Busy()
    engine.go.set()
    with pytest.raises(EngineError, match="too loud"):
        SharedTranscriber(engine).transcribe([call(1, level=1.0)], beam_size=1)
