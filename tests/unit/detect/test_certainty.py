"""A finding says how sure its own evidence is, not the whole turn's."""

from dataclasses import replace

import pytest

from pipeline.detect.certainty import Doubts
from pipeline.detect.engine import detect
from pipeline.settings import load_settings
from pipeline.types import (
    AudioQuality,
    Evidence,
    FindingState,
    Role,
    SoundFault,
    Transcript,
    Turn,
    Word,
)
from tests.unit.detect.support import book_of, call, rule

SETTINGS = load_settings()
SURE, UNSURE = 0.95, 0.2
RULE = rule(hits=[{"text": "小心你的车"}])


def turn(*pieces, index=0, role=Role.AGENT, start_ms=0, **about):
    """A turn from ``(text, probability)``: a word of 200 ms a character."""
    words, at = [], start_ms
    for text, probability in pieces:
        for character in text:
            words.append(Word(text=character, start_ms=at, end_ms=at + 200, probability=probability))
            at += 200
    text = "".join(piece for piece, _ in pieces)
    mean = sum(w.probability for w in words) / len(words)
    given = {"index": index, "role": role, "role_confidence": 0.97, "asr_confidence": mean, **about}
    return Turn(text=text, start_ms=start_ms, end_ms=at, words=tuple(words), **given)


def certainty(spoken, words, *others, quality=()):
    transcript = Transcript(turns=(spoken, *others), quality=quality)
    at = spoken.text.index(words)
    doubts = Doubts(transcript, SETTINGS.detect, SETTINGS.roles)
    return doubts.certainty(spoken, Evidence.of(spoken, at, at + len(words)))


def found(tmp_path, *turns, quality=()):
    transcript = Transcript(turns=turns, quality=quality)
    book = book_of(tmp_path, RULE)
    (finding,) = detect(call(), transcript, book, SETTINGS.detect, SETTINGS.roles).findings
    return finding


def test_it_is_the_words_of_the_evidence_that_count():
    spoken = turn(("您好请问", SURE), ("小心", 0.6), ("你", 0.3), ("再见", UNSURE))
    sure = certainty(spoken, "小心你")
    assert sure.words == pytest.approx((0.6 * 2 + 0.3) / 3, abs=1e-4)
    assert sure.lowest_word == 0.3
    assert sure.speaker == 0.97


@pytest.mark.parametrize(
    ("evidence", "rest", "state"),
    [(SURE, UNSURE, FindingState.VIOLATION), (UNSURE, SURE, FindingState.NEEDS_REVIEW)],
)
def test_unsure_words_put_a_finding_up_for_review_only_where_they_are_its_own(
    tmp_path, evidence, rest, state
):
    finding = found(tmp_path, turn(("小心你的车", evidence), ("今天天气真是不错我们再聊一聊", rest)))
    assert finding.state is state
    assert finding.certainty.words == pytest.approx(evidence)


def test_text_has_no_word_probabilities_and_loses_nothing(tmp_path):
    plain = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text="小心你的车")
    finding = found(tmp_path, plain)
    assert finding.state is FindingState.VIOLATION
    assert (finding.certainty.words, finding.certainty.lowest_word) == (None, None)


def test_words_that_are_nowhere_in_the_text_leave_the_mean_of_the_turn():
    spoken = replace(turn(("小心你的车", SURE)), words=(), asr_confidence=0.4)
    assert certainty(spoken, "你的车").words == 0.4


def test_an_overlap_elsewhere_in_the_turn_is_not_the_evidences():
    spoken = turn(("小心你的车", SURE), ("您考虑一下吧", SURE), overlap=True)
    at_the_end = turn(("什么意思", SURE), index=1, role=Role.CUSTOMER, start_ms=1400, overlap=True)
    assert not certainty(spoken, "小心你的车", at_the_end).overlap
    assert certainty(spoken, "考虑一下吧", at_the_end).overlap


def test_an_overlap_that_nobodys_words_show_is_everywhere():
    spoken = turn(("小心你的车", SURE), overlap=True)
    later = turn(("好", SURE), index=1, role=Role.CUSTOMER, start_ms=5000)
    assert certainty(spoken, "你的车", later).overlap
    assert not certainty(replace(spoken, overlap=False), "你的车", later).overlap


@pytest.mark.parametrize(("channel", "faults"), [(0, ()), (1, (SoundFault.NOISY,)), (None, ())])
def test_the_faults_are_those_of_the_channel(tmp_path, channel, faults):
    clean = AudioQuality(
        channel=0,
        codec="pcm_alaw",
        source_rate=8000,
        level_dbfs=-20.0,
        snr_db=30.0,
        clipped=0.0,
        bandwidth_hz=3400,
    )
    quality = (clean, replace(clean, channel=1, snr_db=3.0, faults=(SoundFault.NOISY,)))
    finding = found(tmp_path, turn(("小心你的车", SURE), channel=channel), quality=quality)
    assert finding.certainty.faults == faults
