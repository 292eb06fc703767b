"""The same words, however many calls are heard at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.wiring import load_ears
from pipeline.manifest import plan_recordings
from pipeline.settings import PROJECT_ROOT, Settings, load_settings
from pipeline.stages import hear
from pipeline.types import Call, Transcript

pytestmark = pytest.mark.audio

DEMO = PROJECT_ROOT / "demo"


def with_workers(workers: int) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"batch": settings.batch.model_copy(update={"workers": workers})})


def heard(calls: list[Call], workers: int) -> list[Transcript]:
    settings = with_workers(workers)
    ears = load_ears(settings)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda call: hear(call, ears, settings).transcript, calls))


def test_one_worker_and_two_write_the_same() -> None:
    calls = sorted(
        (call for call in plan_recordings(DEMO).calls if call.recording is not None),
        key=lambda call: call.recording.path.stat().st_size if call.recording else 0,
    )[:2]
    assert heard(calls, 1) == heard(calls, 2)
