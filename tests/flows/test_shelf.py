"""What was heard is kept for a second judgement, without its sound, and goes with the batch."""

import dataclasses

import numpy as np
import pytest

from flows.jobs import RecordingJob, Workshop
from flows.shelf import Shelf
from pipeline.errors import StoreError
from pipeline.history import Ledger
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.stages import Heard
from pipeline.types import Call, Channel, DecodedAudio, Role, Transcript, Turn


def heard(text="您好"):
    channel = Channel(index=0, samples=np.ones(16_000, np.float32), level_dbfs=-20.0, dead=False)
    audio = DecodedAudio(
        channels=(channel, dataclasses.replace(channel, index=1, dead=True)),
        sample_rate=16_000,
        duration_ms=1_000,
        sha256="0" * 64,
        container="wav",
        codec="pcm",
        source_rate=8_000,
        source_channels=2,
    )
    turn = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text=text, start_ms=0, end_ms=900)
    return Heard(audio=audio, transcript=Transcript(turns=(turn,), speech_ms=900))


def test_all_but_the_sound_comes_back(tmp_path):
    with Shelf(tmp_path) as shelf:
        shelf.keep("a/b", heard())
        again = shelf.take("a/b")
        assert again.transcript == heard().transcript
        assert (again.audio.duration_ms, [c.dead for c in again.audio.channels]) == (1_000, [False, True])
        assert all(c.samples.size == 0 for c in again.audio.channels)
        with pytest.raises(StoreError, match="call c again"):
            shelf.take("c")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        Shelf(tmp_path / "nowhere")


def test_a_recording_is_listened_to_once_and_judged_twice(tmp_path, monkeypatch):
    listened, given = [], []

    def hear(call, ears, settings):
        listened.append(call.call_id)
        return heard(call.call_id)

    def judge(call, transcript, mind, settings, *, audio, listened_by, history):
        given.append((transcript.turns[0].text, history))
        return call.call_id

    class Ears:
        identities: dict[str, str] = {}  # noqa: RUF012

    monkeypatch.setattr("flows.jobs.hear", hear)
    monkeypatch.setattr("flows.jobs.judge", judge)
    shop = Workshop(load_settings(), load_mind=lambda settings: None, load_ears=lambda settings: Ears())
    jobs = [
        RecordingJob(
            Call(
                call_id=name,
                metadata=CallMetadata.model_validate({"customer_id": "k", "started_at": f"2026-03-0{day}"}),
            ),
            shop,
        )
        for name, day in (("first", 1), ("second", 2))
    ]
    with Shelf(tmp_path) as shelf:
        shop.shelf, shop.ledger = shelf, Ledger(calls=[j.call for j in jobs], alike=frozenset({"debtor"}))
        for job in jobs:
            job.run()
        before = shop.ledger.history
        shop.ledger.complete()
        assert jobs[1].again() == "second"
        with pytest.raises(StoreError):
            jobs[0].again()
    assert listened == ["first", "second"]
    assert [text for text, _ in given] == ["first", "second", "second"]
    assert given[0][1] is given[1][1] is before
    assert given[2][1] is shop.ledger.history is not before
