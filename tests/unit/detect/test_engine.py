"""From hits to findings: evidence, certainty, doubt."""

import pytest

from pipeline.detect.engine import detect, red_line_turns
from pipeline.settings import load_settings
from pipeline.types import FindingState, Severity
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()


def findings(book, transcript, **metadata):
    return detect(call(**metadata), transcript, book, SETTINGS.detect, SETTINGS.roles).findings


def states(book, transcript, **metadata):
    return [f.state.value for f in findings(book, transcript, **metadata)]


def test_a_finding_quotes_literally_and_explains_itself(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "找<sent>..4<beat>你"}]))
    (finding,) = findings(book, dialogue(("c", "喂"), ("a", "再不还我找人来收拾你。")))
    assert finding.evidence.quote == "找人来收拾你"
    assert (finding.evidence.turn, finding.evidence.start) == (1, 4)
    assert finding.reason == "坐席威胁：「找人来收拾你」"
    assert finding.norms == ("law_1",)
    assert finding.state is FindingState.VIOLATION


@pytest.mark.parametrize("who", ["c", "u", "s"])
def test_only_the_rules_speaker_counts(tmp_path, who):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾你"}]))
    assert not findings(book, dialogue((who, "我收拾你")))


def test_contexts_spare_a_hit(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾您?你?"}], unless=["negated"]))
    assert not findings(book, dialogue(("a", "我们不会收拾你")))
    assert findings(book, dialogue(("a", "不会跟你客气，收拾你")))


def test_one_finding_a_turn_and_the_strongest(tmp_path):
    hits = [{"text": "收拾", "confidence": 0.5}, {"text": "揍", "confidence": 0.9}]
    book = book_of(tmp_path, rule(hits=hits))
    (finding,) = findings(book, dialogue(("a", "收拾你，揍你")))
    assert finding.evidence.quote == "揍"


@pytest.mark.parametrize(
    ("doubt", "state"),
    [
        ({}, "violation"),
        ({"role_confidence": 0.6}, "needs_review"),
        ({"asr_confidence": 0.3}, "needs_review"),
        ({"asr_confidence": 0.9}, "violation"),
    ],
)
def test_doubt_about_speaker_or_words_asks_for_review(tmp_path, doubt, state):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾你", "confidence": 1.0}]))
    assert states(book, dialogue(("a", "我收拾你"), **doubt)) == [state]


def test_unsure_wording_asks_for_review(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾你", "confidence": 0.5}]))
    assert states(book, dialogue(("a", "我收拾你"))) == ["needs_review"]


@pytest.mark.parametrize(
    ("metadata", "if_unknown", "expected"),
    [
        ({"callee_role": "relative"}, "cannot_decide", ["violation"]),
        ({"callee_role": "debtor"}, "cannot_decide", []),
        ({}, "cannot_decide", ["cannot_decide"]),
        ({}, "review", ["needs_review"]),
        ({}, "ignore", []),
    ],
)
def test_metadata_decides_or_is_said_to_be_missing(tmp_path, metadata, if_unknown, expected):
    hit = {"text": "欠了", "when": {"callee_role": ["relative", "colleague"]}, "if_unknown": if_unknown}
    book = book_of(tmp_path, rule(hits=[hit]))
    found = findings(book, dialogue(("a", "他欠了三万")), **metadata)
    assert [f.state.value for f in found] == expected
    if expected == ["cannot_decide"]:
        assert found[0].missing == "callee_role"


@pytest.mark.parametrize(
    ("when", "value", "hit"),
    [
        ({"gte": 50000}, "50000", True),
        ({"gt": 50000}, "50000", False),
        ({"lt": 10, "gt": 1}, "5", True),
        ({"not_in": [1, 2]}, "2", False),
    ],
)
def test_comparisons(tmp_path, when, value, hit):
    book = book_of(tmp_path, rule(hits=[{"text": "坐牢", "when": {"principal": when}}]))
    assert bool(findings(book, dialogue(("a", "要坐牢")), principal=value)) is hit


def test_neighbours(tmp_path):
    hit = {
        "text": "那又怎样",
        "after": {"says": "customer", "text": "不想活", "within": 2},
        "not_after": {"says": "agent", "text": "注意安全"},
        "before": {"says": "customer", "text": "你"},
    }
    book = book_of(tmp_path, rule(hits=[hit]))
    hurt, reply, answer = ("c", "我不想活了"), ("a", "那又怎样"), ("c", "你说什么")
    assert findings(book, dialogue(hurt, reply, answer))
    assert not findings(book, dialogue(reply, answer))
    assert not findings(book, dialogue(hurt, reply))
    assert not findings(book, dialogue(hurt, ("a", "注意安全"), reply, answer))
    assert not findings(book, dialogue(hurt, ("c", "唉"), ("c", "唉"), reply, answer))


def test_also_without_and_first_turns(tmp_path):
    hit = {"text": "收拾", "also": "今晚", "without": "房间", "without_turn": "开玩笑", "first_turns": 1}
    book = book_of(tmp_path, rule(hits=[hit]))
    assert findings(book, dialogue(("a", "收拾你，就今晚")))
    assert not findings(book, dialogue(("a", "收拾你")))
    assert not findings(book, dialogue(("a", "今晚收拾房间")))
    assert findings(book, dialogue(("a", "今晚收拾你。房间不去")))
    assert not findings(book, dialogue(("a", "今晚收拾你。开玩笑")))
    assert not findings(book, dialogue(("a", "喂"), ("a", "今晚收拾你")))


def test_what_softens_must_stand_in_the_passage_of_the_hit(tmp_path):
    soft = rule(hits=[{"text": "收拾你", "without_passage": "抱歉|理解"}])
    book = book_of(tmp_path, soft, words={"turning": ["不过|可是"]})
    assert not findings(book, dialogue(("a", "抱歉。收拾你这话不该说")))
    assert findings(book, dialogue(("a", "抱歉，我理解您，不过再拖我就收拾你")))
    assert findings(book, dialogue(("a", "再拖我就收拾你，可是我也理解您")))


def test_acts_and_events_come_with_their_places(tmp_path):
    act = rule(rule="agree", says="customer", hits=[{"text": "好的"}])
    book = book_of(tmp_path, act, kind="act")
    found = detect(
        call(), dialogue(("c", "好的，好的"), ("a", "好的")), book, SETTINGS.detect, SETTINGS.roles
    )
    assert [(a.act, a.evidence.turn, a.evidence.quote) for a in found.acts] == [("agree", 0, "好的")]


def test_red_line_turns_are_confirmed_and_critical(tmp_path):
    hits = [{"text": "收拾"}, {"text": "小心", "confidence": 0.5}, {"text": "快点", "severity": "minor"}]
    book = book_of(tmp_path, rule(hits=hits))
    found = findings(book, dialogue(("a", "收拾"), ("a", "小心"), ("a", "快点")))
    assert [f.severity for f in found] == [Severity.CRITICAL, Severity.CRITICAL, Severity.MINOR]
    assert red_line_turns(found) == {0}


def test_the_same_words_have_the_same_id(tmp_path):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾"}]))
    first, second = findings(book, dialogue(("a", "收拾"), ("a", "收拾")))
    again, _ = findings(book, dialogue(("a", "收拾"), ("a", "收拾")))
    assert first.finding_id == again.finding_id != second.finding_id
