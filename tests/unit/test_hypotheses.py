"""Who is who, where that is not sure: both verdicts, and what of the first the second would not say."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fakes import FakeToneClassifier
from pipeline import stages
from pipeline.detect.second import load_policy
from pipeline.errors import EngineError
from pipeline.hypotheses import Exchange, compared, exchanged, only_otherwise, roles_confidence, to_exchange
from pipeline.score import load_scorecard
from pipeline.settings import load_settings
from pipeline.stages import Mind, judge
from pipeline.types import Finding, FindingState, IfSwapped, Role, Severity, Transcript, Turn
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
BELOW = SETTINGS.roles.both_below
SURE, UNSURE = 0.99, 0.8
THREAT = rule(hits=[{"text": "小心你的车"}])
RUDE = rule(rule="rude", severity="minor", reason="粗鲁：「{quote}」", hits=[{"text": "别废话"}])
ANYONE = rule(rule="weapon", says="anyone", reason="提到刀：「{quote}」", hits=[{"text": "带刀"}])

ROLES = st.sampled_from(Role)
CHANCE = st.integers(0, 1000).map(lambda n: n / 1000)


@st.composite
def transcripts(draw):
    """Calls of any roles."""
    given_roles = draw(st.lists(st.tuples(ROLES, CHANCE), max_size=6))
    return Transcript(
        turns=tuple(
            Turn(index=i, role=role, role_confidence=confidence, text="好")
            for i, (role, confidence) in enumerate(given_roles)
        )
    )


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Judges a call, and counts how often it was looked through."""
    looked = []
    detect = stages.detect

    def counting(*arguments, **more):
        looked.append(arguments[1])
        return detect(*arguments, **more)

    monkeypatch.setattr(stages, "detect", counting)
    mind = Mind(
        book=book_of(tmp_path, THREAT, RUDE, ANYONE),
        card=load_scorecard(SETTINGS.path(SETTINGS.score.scorecard)),
        tone=FakeToneClassifier(),
        policy=load_policy(SETTINGS.path(SETTINGS.opinion.policy)),
    )

    def run(transcript, **other_parts):
        return judge(call(), transcript, replace(mind, **other_parts), SETTINGS)

    run.looked = looked
    return run


def unsure(transcript, *indices, confidence=UNSURE):
    """The same call, less sure about some turns."""
    turns = tuple(
        replace(t, role_confidence=confidence) if t.index in indices else t for t in transcript.turns
    )
    return replace(transcript, turns=turns)


@given(transcripts(), st.sets(st.integers(0, 5)))
def test_exchanging_twice_is_the_call_itself(transcript, turns):
    assert exchanged(exchanged(transcript, turns), turns) == transcript


@given(transcripts())
def test_an_exchange_moves_roles_and_nothing_else(transcript):
    other = exchanged(transcript, range(6))
    pairs = list(zip(transcript.turns, other.turns, strict=True))
    assert all(b == replace(a, role=a.role.other) for a, b in pairs)


@given(transcripts())
def test_the_confidence_of_a_call_is_that_of_a_turn_and_none_without_parties(transcript):
    parties = [t for t in transcript.turns if t.role in (Role.AGENT, Role.CUSTOMER)]
    confidence = roles_confidence(transcript)
    assert (confidence is None) == (not parties)
    assert confidence is None or confidence in {t.role_confidence for t in parties}
    exchange = to_exchange(transcript, (), both_below=BELOW)
    assert (exchange is not None) == (confidence is not None and confidence < BELOW)


def test_single_unsure_turns_do_not_make_a_call_unsure():
    lines = dialogue(("a", "您好"), ("c", "你好"), ("a", "再见"), role_confidence=SURE)
    assert roles_confidence(unsure(lines, 0, 1)) == SURE
    assert roles_confidence(unsure(lines, 0, 2)) == UNSURE
    assert roles_confidence(Transcript(turns=lines.turns[1:2])) == SURE


def test_a_sure_call_is_judged_once(judged):
    report = judged(dialogue(("a", "小心你的车"), ("c", "别废话"), role_confidence=0.995))
    assert len(judged.looked) == 1
    assert report.roles_confidence == 0.995
    assert report.if_swapped is None
    assert [f.if_swapped for f in report.findings] == [None]
    assert report.scores.red_line


def test_an_unsure_call_says_what_flips_what_stands_and_what_there_is_only_otherwise(judged):
    lines = (("a", "小心你的车"), ("c", "别废话"), ("c", "我带刀来"), ("a", "别废话"))
    report = judged(dialogue(*lines, role_confidence=UNSURE))
    assert len(judged.looked) == 2
    labels = {(f.rule, f.evidence.turn): f.if_swapped for f in report.findings}
    assert labels == {
        ("threat", 0): IfSwapped.FLIPS,
        ("weapon", 2): IfSwapped.STANDS,
        ("rude", 3): IfSwapped.FLIPS,
    }
    assert [(f.rule, f.evidence.turn) for f in report.if_swapped.findings] == [("rude", 1)]


def test_a_red_line_that_hangs_on_the_roles_is_for_review(judged):
    sure = judged(dialogue(("a", "小心你的车"), ("c", "好"), role_confidence=0.95))
    report = judged(dialogue(("a", "小心你的车"), ("c", "好"), role_confidence=0.89))
    assert [f.state for f in sure.findings] == [FindingState.VIOLATION]
    assert [f.state for f in report.findings] == [FindingState.NEEDS_REVIEW]
    assert (sure.scores.red_line, report.scores.red_line) == (True, False)
    assert report.scores.compliance_if_confirmed == 0
    assert report.if_swapped.scores.compliance == 100


def test_a_red_line_that_stands_either_way_stays_one(judged):
    report = judged(dialogue(("a", "我带刀来"), ("c", "好"), role_confidence=0.85))
    (finding,) = report.findings
    assert (finding.state, finding.if_swapped) == (FindingState.VIOLATION, IfSwapped.STANDS)
    assert report.scores.red_line


def test_one_unsure_turn_of_a_sure_call_is_exchanged_alone(judged):
    lines = (("a", "别废话"), ("c", "好"), ("a", "别废话"), ("a", "小心你的车"))
    report = judged(unsure(dialogue(*lines, role_confidence=SURE), 0, 1, 3))
    labels = {(f.rule, f.evidence.turn): f.if_swapped for f in report.findings}
    assert labels == {("rude", 0): IfSwapped.FLIPS, ("rude", 2): None, ("threat", 3): IfSwapped.FLIPS}
    assert [t.role for t in judged.looked[1].turns] == [
        Role.CUSTOMER,
        Role.CUSTOMER,
        Role.AGENT,
        Role.CUSTOMER,
    ]
    assert report.if_swapped is None
    assert not report.scores.red_line


def test_an_unsure_turn_without_a_finding_costs_no_second_look(judged):
    judged(unsure(dialogue(("a", "您好"), ("a", "再见"), role_confidence=SURE), 0))
    assert len(judged.looked) == 1


@given(st.sampled_from(FindingState), st.sampled_from(FindingState) | st.none(), st.sampled_from(Severity))
def test_a_finding_stands_where_the_other_verdict_is_as_strong(state, other, severity):
    strength = [FindingState.CANNOT_DECIDE, FindingState.NEEDS_REVIEW, FindingState.VIOLATION].index

    def finding(of):
        return Finding(rule="r", state=of, severity=severity, confidence=0.9, norms=(), reason="")

    otherwise = () if other is None else (finding(other),)
    exchange = Exchange(turns=frozenset({0}), whole_call=True)
    (made,) = compared((finding(state),), otherwise, exchange)
    stands = other is not None and strength(other) >= strength(state)
    assert made.if_swapped is (IfSwapped.STANDS if stands else IfSwapped.FLIPS)
    demoted = not stands and severity is Severity.CRITICAL and state is FindingState.VIOLATION
    assert made.state is (FindingState.NEEDS_REVIEW if demoted else state)
    assert only_otherwise((made,), otherwise) == ()
    assert only_otherwise((), otherwise) == otherwise


@dataclass
class _FailsWhenAskedAgain:
    """A tone classifier that works once."""

    identity: str = "once"
    asked: int = 0

    def classify(self, texts, roles):
        self.asked += 1
        if self.asked > 1:
            raise EngineError("gone")
        return FakeToneClassifier().classify(texts, roles)


def test_what_the_second_look_lacked_is_named(judged):
    report = judged(dialogue(("a", "您好"), ("c", "好"), role_confidence=UNSURE), tone=_FailsWhenAskedAgain())
    assert [n.check for n in report.not_checked] == ["tone"]
    assert report.tones
