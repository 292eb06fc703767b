"""Absence, order and figures."""

import pytest

from pipeline.detect.engine import detect
from pipeline.settings import load_settings
from pipeline.types import Role, Transcript, Turn, Word
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()


def found(book, transcript, **metadata):
    return detect(call(**metadata), transcript, book, SETTINGS.detect, SETTINGS.roles).findings


ABSENT = {
    "text": "录音",
    "unless": ["negated"],
    "satisfied_by": {"ivr_recording_notice": True},
    "opening": "喂|您好",
}


@pytest.mark.parametrize(
    ("lines", "metadata", "raised"),
    [
        ([("a", "您好"), ("a", "还款吧")], {}, True),
        ([("a", "您好，本次通话录音"), ("a", "还款吧")], {}, False),
        ([("a", "您好，我们没有录音"), ("a", "还款吧")], {}, True),  # a denial is no notice
        ([("a", "您好"), ("a", "还款吧")], {"ivr_recording_notice": True}, False),
        ([("a", "您好")], {}, False),  # too short to tell
        ([("a", "还款吧"), ("a", "快点")], {}, False),  # begins in the middle
    ],
)
def test_absence(tmp_path, lines, metadata, raised):
    book = book_of(tmp_path, rule(absent=ABSENT))
    findings = found(book, dialogue(*lines), **metadata)
    assert bool(findings) is raised
    if raised:
        assert findings[0].evidence is None


def test_absence_reads_only_the_first_turns(tmp_path):
    book = book_of(tmp_path, rule(absent={**ABSENT, "within": 1}))
    assert found(book, dialogue(("a", "您好"), ("a", "通话录音")))


ORDER = {
    "then": "逾期..4天",
    "without": "如果",
    "first": [{"says": "customer", "text": "我是|对", "within": 9}],
    "opening": "喂|您好",
}


@pytest.mark.parametrize(
    ("lines", "turn"),
    [
        ([("a", "您好，您逾期了三天"), ("c", "我是")], 0),
        ([("a", "您好，是李先生吗"), ("c", "我是"), ("a", "您逾期了三天")], None),
        ([("a", "您好"), ("c", "哪位"), ("a", "您逾期了三天")], 2),
        ([("a", "您好，如果逾期三天会收费"), ("c", "哪位")], None),
        ([("a", "您逾期了三天"), ("c", "哪位")], None),
    ],
)
def test_order_names_the_sentence_that_broke_it(tmp_path, lines, turn):
    findings = found(book_of(tmp_path, rule(order=ORDER)), dialogue(*lines))
    assert [f.evidence.turn for f in findings] == ([] if turn is None else [turn])
    if findings:
        assert findings[0].evidence.quote.startswith("逾期")


YUAN = {"text": "(欠|应还)..12(元|块)", "without": "每期", "ledger": ["total_due", "principal"]}


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("您应还五千八百一十二元", False),
        ("您应还5812元", False),
        ("您应还五千八百元", False),  # within one per cent or ten yuan, whichever is more
        ("您欠五千元", False),  # the principal
        ("您欠八百一十二元", False),  # the difference: interest and fees
        ("您欠八千元", True),
        ("您欠八千多元", True),  # a lower bound above the file
        ("您欠五千多元", False),
        ("每期应还八百元", False),
    ],
)
def test_amounts_against_the_file(tmp_path, text, raised):
    book = book_of(tmp_path, rule(amounts=[YUAN]))
    assert bool(found(book, dialogue(("a", text)), total_due="5812", principal="5000")) is raised


def test_amounts_without_a_file_cannot_be_decided(tmp_path):
    book = book_of(tmp_path, rule(amounts=[YUAN]))
    (finding,) = found(book, dialogue(("a", "您欠八千元")))
    assert (finding.state.value, finding.missing) == ("cannot_decide", "total_due")


@pytest.mark.parametrize(
    ("text", "raised"),
    [("逾期四十三天", False), ("逾期43天", False), ("逾期一个半月", False), ("逾期半年", True)],
)
def test_days(tmp_path, text, raised):
    days = {
        "text": "逾期..8(天|月|年)",
        "unit": "days",
        "ledger": ["days_overdue"],
        "tolerance": 0.1,
        "at_least": 3,
    }
    book = book_of(tmp_path, rule(amounts=[days]))
    assert bool(found(book, dialogue(("a", text)), days_overdue=43)) is raised


def heard(text, probability):
    """A turn of a recording: one word a character."""
    words = tuple(
        Word(text=c, start_ms=100 * i, end_ms=100 * i + 90, probability=probability)
        for i, c in enumerate(text)
    )
    turn = Turn(
        index=0, role=Role.AGENT, role_confidence=1.0, text=text, start_ms=0, end_ms=5000, words=words
    )
    return Transcript(turns=(turn,))


@pytest.mark.parametrize(("probability", "state"), [(0.95, "violation"), (0.6, "cannot_decide")])
def test_a_misheard_figure_is_nobodys_misstatement(tmp_path, probability, state):
    book = book_of(tmp_path, rule(amounts=[YUAN]))
    (finding,) = found(book, heard("您欠八千元", probability), total_due="5812")
    assert finding.state.value == state
    assert ("识别不清" in finding.reason) == (state == "cannot_decide")


def test_what_makes_an_absence_needless(tmp_path):
    book = book_of(tmp_path, rule(absent={**ABSENT, "unless_said": "打错了"}))
    lines = [("a", "您好"), ("c", "打错了"), ("a", "抱歉")]
    assert not found(book, dialogue(*lines))


@pytest.mark.parametrize(("text", "raised"), [("利息八百一十二元", False), ("利息一千五百元", True)])
def test_a_ledger_entry_may_be_a_difference(tmp_path, text, raised):
    interest = {"text": "利息..12元", "ledger": ["total_due-principal"], "direction": "over"}
    book = book_of(tmp_path, rule(amounts=[interest]))
    assert bool(found(book, dialogue(("a", text)), total_due="5812", principal="5000")) is raised


@pytest.mark.parametrize(
    ("heard", "state"), [(None, "violation"), (0.95, "violation"), (0.7, "needs_review")]
)
def test_silence_that_was_badly_heard_is_only_a_doubt(tmp_path, heard, state):
    book = book_of(tmp_path, rule(absent=ABSENT))
    lines = dialogue(("a", "您好"), ("a", "还款吧"), asr_confidence=heard)
    assert [f.state.value for f in found(book, lines)] == [state]
