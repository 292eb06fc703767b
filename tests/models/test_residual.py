"""After covering, no name and no number is recognisable: the real model hears covered recordings again."""

from __future__ import annotations

import json

import pytest

from flows.privacy.redacting import heard_again
from flows.wiring import load_ears
from pipeline.audio import decode
from pipeline.manifest import plan_recordings
from pipeline.personal import Kind
from pipeline.privacy.clips import Clipper
from pipeline.privacy.hearing import heard_spans
from pipeline.privacy.leaks import Original, leaks
from pipeline.privacy.numbers import value_of
from pipeline.privacy.spans import personal_spans
from pipeline.redact import People
from pipeline.settings import PROJECT_ROOT, load_settings
from pipeline.stages import hear
from pipeline.types import Recording

pytestmark = [pytest.mark.audio, pytest.mark.slow]


def labelled(call_id):
    """What the written labels of a call hold, which were made without any recogniser."""
    path = PROJECT_ROOT / "tests" / "data" / "labels" / f"{call_id}.json"
    label = json.loads(path.read_text(encoding="utf-8"))
    turns = [
        {"index": i, "role": turn["speaker"], "text": turn["text"], "words": []}
        for i, turn in enumerate(label["turns"])
    ]
    names = (label["metadata"]["customer_name"], label["metadata"]["agent_name"])
    spans = personal_spans({"turns": turns, "metadata": label["metadata"]}, names)
    numbers = {
        value_of(turns[s.turn]["text"][s.start : s.end])
        for s in spans
        if s.kind in (Kind.ID_TAIL, Kind.CARD_TAIL, Kind.CODE)
    }
    return [
        *(Original(kind=Kind.NAME, value=name) for name in names),
        *(Original(kind=Kind.ID_TAIL, value=value) for value in sorted(numbers)),
    ]


@pytest.mark.parametrize(
    ("call_id", "kinds"), [("demo-009", {Kind.NAME}), ("demo-017", {Kind.NAME, Kind.ID_TAIL})]
)
def test_nothing_labelled_comes_back(tmp_path, call_id, kinds):
    settings = load_settings()
    (call,) = [
        c for c in plan_recordings(PROJECT_ROOT / "demo" / "manifest.csv").calls if c.call_id == call_id
    ]
    ears = load_ears(settings)
    originals = labelled(call_id)
    found = hear(call, ears, settings)
    said = "".join(turn.text for turn in found.transcript.turns)
    assert {leak.kind for leak in leaks(originals, [said])} == kinds  # else it would prove nothing
    spans = heard_spans(found.transcript.turns, call.metadata)
    covered = tmp_path / "covered.wav"
    covered.write_bytes(Clipper(call.recording.path, spans).whole())
    assert decode(Recording(path=covered), settings.audio).duration_ms == pytest.approx(
        found.audio.duration_ms, abs=2
    )
    assert People.of(call.metadata).names
    assert leaks(originals, heard_again(covered, ears, settings)) == ()
