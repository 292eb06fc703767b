"""Prosody and what a tone rests on, in the published form."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.call_json import SCHEMA_FILE, to_json
from pipeline.report.prosody_json import basis_json, prosody_json, read_prosody
from pipeline.stored import from_json
from pipeline.types import Abstention, Prosody, Tone, ToneFrame, ToneWitness, Transcript
from tests.golden.sample import report

MS = st.integers(0, 10**7)
NUMBER = st.none() | st.floats(-90, 90)
SHARE = st.none() | st.floats(0, 1)

prosodies = st.builds(
    Prosody,
    voiced_ms=MS,
    spoken_ms=MS,
    baseline_ms=MS,
    abstains=st.none() | st.sampled_from(Abstention),
    loudness_db=NUMBER,
    pitch_semitones=NUMBER,
    range_semitones=NUMBER,
    brightness_db=NUMBER,
    rate=NUMBER,
    rate_ratio=NUMBER,
    pause_share=SHARE,
    latency_ms=st.none() | st.integers(-(10**6), 10**6),
)


@given(prosodies)
def test_what_was_measured_is_read_back(prosody):
    assert read_prosody(json.loads(json.dumps(prosody_json(prosody)))) == prosody


@given(prosodies)
def test_it_fits_the_form_and_is_stored_with_its_turn(prosody):
    jsonschema = pytest.importorskip("jsonschema")
    said = report()
    turns = tuple(replace(turn, prosody=prosody) for turn in said.transcript.turns)
    written = to_json(replace(said, transcript=Transcript(turns=turns)))
    jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))).validate(written)
    assert {turn.prosody for turn in from_json(written).transcript.turns} == {prosody}


def test_nothing_measured_nothing_judged():
    assert prosody_json(None) is None
    assert read_prosody(None) is None
    assert basis_json(None) is None


def test_a_tone_says_what_it_rests_on():
    frame = ToneFrame(
        turn=0,
        tone=Tone.HOSTILE,
        probabilities={Tone.HOSTILE: 2 / 3, Tone.NEUTRAL: 1 / 3},
        witnesses=(ToneWitness.WORDS, ToneWitness.SOUND),
        activation=2.5,
    )
    assert basis_json(frame) == {
        "witnesses": ["words", "sound"],
        "probabilities": {
            "warm": 0.0,
            "neutral": 0.3333,
            "pressing": 0.0,
            "hostile": 0.6667,
            "distressed": 0.0,
        },
        "activation": 2.5,
        "sound_abstains": None,
    }
