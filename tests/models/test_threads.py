"""The cores are shared out among the workers."""

from __future__ import annotations

import pytest

from models import threads
from pipeline.settings import Settings, load_settings


def with_(workers: int, own: int = 0) -> Settings:
    settings = load_settings()
    return settings.model_copy(
        update={
            "batch": settings.batch.model_copy(update={"workers": workers}),
            "asr": settings.asr.model_copy(update={"threads": own}),
        }
    )


@pytest.mark.parametrize(
    ("cores", "workers", "own", "each"),
    [(8, 1, 0, 8), (8, 8, 0, 1), (8, 3, 0, 2), (2, 8, 0, 1), (8, 1, 3, 3)],
)
def test_each_worker_gets_its_share(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int, own: int, each: int
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    assert threads.threads_each(with_(workers, own)) == each


@pytest.mark.parametrize(("own", "given"), [(0, 1), (3, 3)])
def test_torch_has_one_thread_unless_the_settings_say_more(
    monkeypatch: pytest.MonkeyPatch, own: int, given: int
) -> None:
    import torch

    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    threads.limit_torch(with_(1, own))
    assert asked == [given]
