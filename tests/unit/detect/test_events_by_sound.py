"""What happened to a customer is found in misheard words too, and only there."""

from dataclasses import replace

import pytest

from pipeline.detect.engine import detect
from pipeline.settings import load_settings
from pipeline.types import Transcript, Witness, Word
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
EVENT = {"rule": "moved", "title": "已调走", "says": "customer", "examples": rule()["examples"]}
HITS = [{"text": "他调走了"}]


def words(text, misheard, chance):
    return tuple(
        Word(
            text=sign,
            start_ms=200 * number,
            end_ms=200 * number + 200,
            probability=chance if sign == misheard else 0.95,
        )
        for number, sign in enumerate(text)
    )


def events(tmp_path, text, misheard="掉", chance=0.5, hits=HITS, asr_confidence=0.9, by_sound=True):
    book = book_of(tmp_path, EVENT | {"hits": hits}, kind="event")
    (turn,) = dialogue(("c", text), asr_confidence=asr_confidence).turns
    if asr_confidence is not None:
        turn = replace(turn, words=words(text, misheard, chance))
    settings = SETTINGS.detect.model_copy(update={"by_sound": by_sound})
    found = detect(call(), Transcript(turns=(turn,)), book, settings, SETTINGS.roles)
    return [(event.witness, event.evidence.quote) for event in found.events]


def test_words_as_they_are_written(tmp_path):
    assert events(tmp_path, "他调走了") == [(Witness.RULE, "他调走了")]


def test_words_that_were_misheard(tmp_path):
    assert events(tmp_path, "他掉走了") == [(Witness.SOUND, "他掉走了")]


@pytest.mark.parametrize(
    "more",
    [
        {"asr_confidence": None},  # a written transcript is not misheard
        {"chance": 0.97},  # recognition was sure of the character
        {"by_sound": False},
    ],
)
def test_what_does_not_look_misheard_is_taken_as_written(tmp_path, more):
    assert events(tmp_path, "他掉走了", **more) == []


def test_a_common_character_proves_nothing_by_its_sound(tmp_path):
    hits = [{"text": "死在你们"}]
    assert events(tmp_path, "是在你们", misheard="是", chance=0.3, hits=hits) == []


def test_what_is_written_elsewhere_in_the_call_needs_no_sound(tmp_path):
    book = book_of(tmp_path, EVENT | {"hits": HITS}, kind="event")
    first, second = dialogue(("c", "他掉走了"), ("c", "他调走了"), asr_confidence=0.6).turns
    found = detect(call(), Transcript(turns=(first, second)), book, SETTINGS.detect, SETTINGS.roles)
    assert [(e.evidence.turn, e.witness) for e in found.events] == [(1, Witness.RULE)]
