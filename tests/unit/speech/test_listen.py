from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.fakes import FakeTokenizer
from pipeline.errors import EngineError
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.speech import listen
from pipeline.speech.levels import mean_level
from pipeline.speech.voices import DIMENSIONS
from pipeline.types import Call, Evidence, Recording, Role
from tests.unit.speech.sounding import (
    EnergyDetector,
    GivenDiarizer,
    ReadingTranscriber,
    Vocabulary,
    channel,
    recording,
    script,
)

SETTINGS = load_settings()
COLLECTOR = [
    ("您好请问是周先生本人吗", 1_000),
    ("我是南山银行的工号八零九", 6_000),
    ("您这边逾期了打算什么时候处理", 12_000),
    ("好的给您备注了再见", 20_000),
]
DEBTOR = [("是我你哪位", 4_000), ("我知道我现在没钱", 9_600), ("等我发工资吧", 17_000)]
IN_ORDER = [Role.AGENT, Role.CUSTOMER] * 3 + [Role.AGENT]
DURATION_MS = 24_000


class Scene:
    """A call whose parties' lines are written into sound."""

    def __init__(self):
        self.vocabulary = Vocabulary()
        self.diarizer = GivenDiarizer()

    def party(self, lines, gain=1.0):
        words = [word for text, start_ms in lines for word in script(text, start_ms)]
        return self.vocabulary.sound(words, DURATION_MS, gain)

    def hear(self, *channels, roles=(), hook=None, transcriber=None):
        call = Call(
            call_id="call-1",
            metadata=CallMetadata(),
            recording=Recording(path=Path("call.wav"), channel_roles=roles),
        )
        return listen(
            recording(*channels),
            call,
            detector=EnergyDetector(),
            transcriber=transcriber or ReadingTranscriber(self.vocabulary),
            diarizer=self.diarizer,
            words=FakeTokenizer(),
            settings=SETTINGS,
            hook=hook,
        )


@pytest.fixture
def scene():
    return Scene()


def lines(transcript):
    return [(turn.role, "".join(word.text for word in turn.words)) for turn in transcript.turns]


def expected():
    told = sorted(
        [(at, Role.AGENT, text) for text, at in COLLECTOR] + [(at, Role.CUSTOMER, t) for t, at in DEBTOR]
    )
    return [(role, text) for _, role, text in told]


@pytest.mark.parametrize("agent_first", [True, False])
def test_channels_become_roles_by_what_is_said(scene, agent_first):
    parties = [COLLECTOR, DEBTOR] if agent_first else [DEBTOR, COLLECTOR]
    transcript = scene.hear(*(channel(i, scene.party(lines)) for i, lines in enumerate(parties)))
    assert lines(transcript) == expected()
    assert {t.channel for t in transcript.by_role(Role.AGENT)} == {0 if agent_first else 1}
    assert min(t.role_confidence for t in transcript.turns) > 0.9
    assert scene.diarizer.calls == 0


def test_times_are_those_of_the_recording(scene):
    transcript = scene.hear(channel(0, scene.party(COLLECTOR)), channel(1, scene.party(DEBTOR)))
    starts = sorted(at for _, at in COLLECTOR + DEBTOR)
    assert [turn.start_ms for turn in transcript.turns] == starts
    third = transcript.turns[4]
    quote = Evidence.of(third, third.text.index("逾期"), third.text.index("逾期") + 2)
    assert (quote.start_ms, quote.end_ms) == (12_600, 13_000)


def test_speech_is_measured_without_pauses(scene):
    transcript = scene.hear(channel(0, scene.party(COLLECTOR)), channel(1, scene.party(DEBTOR)))
    said_ms = 200 * sum(len(text) for text, _ in COLLECTOR + DEBTOR)
    assert transcript.speech_ms == pytest.approx(said_ms, abs=50)


def test_a_turn_is_as_loud_as_its_words_on_its_channel(scene):
    parties = [scene.party(COLLECTOR), scene.party(DEBTOR)]
    turns = scene.hear(*(channel(i, samples) for i, samples in enumerate(parties))).turns
    assert [t.level_db for t in turns] == [mean_level(parties[t.channel], t.words) for t in turns]
    # Every word of the fakes is a constant of about a fifth of full scale.
    assert all(-15 < t.level_db < -12 for t in turns)


def test_a_leaking_channel_is_not_heard_twice(scene):
    agent, customer = scene.party(COLLECTOR), scene.party(DEBTOR)
    leaking = customer + np.float32(0.1) * np.roll(agent, 100 * 16)
    assert lines(scene.hear(channel(0, agent), channel(1, leaking))) == expected()


def test_a_mix_is_parted_by_words_and_the_diarizer(scene, monkeypatch):
    # The fake's sound has words but no voices.
    monkeypatch.setattr(
        "pipeline.speech.mix.describe", lambda _, parts: np.full((len(parts), DIMENSIONS), np.nan)
    )
    scene.diarizer.spans = tuple(
        (name, at, at + 200 * len(text))
        for name, party in (("S0", COLLECTOR), ("S1", DEBTOR))
        for text, at in party
    )
    transcript = scene.hear(channel(0, scene.party(COLLECTOR) + scene.party(DEBTOR)))
    assert lines(transcript) == expected()
    assert {t.channel for t in transcript.turns} == {None}


def test_a_dead_channel_whose_owner_is_known_leaves_one_party(scene):
    dead = channel(1, np.zeros(DURATION_MS * 16, np.float32), dead=True)
    live = channel(0, scene.party(COLLECTOR))
    transcript = scene.hear(live, dead, roles=(Role.AGENT, Role.CUSTOMER))
    assert {t.role for t in transcript.turns} == {Role.AGENT}
    assert scene.diarizer.calls == 0


def test_a_dead_channel_of_nobody_means_that_the_other_may_hold_both_parties(scene):
    dead = channel(1, np.zeros(DURATION_MS * 16, np.float32), dead=True)
    scene.hear(channel(0, scene.party(COLLECTOR)), dead)
    assert scene.diarizer.calls == 1


def test_hooks_are_told_of_dead_channels_and_never_what_was_said(scene):
    told = {}
    dead = channel(1, np.zeros(DURATION_MS * 16, np.float32), dead=True)
    scene.hear(
        channel(0, scene.party(COLLECTOR)), dead, hook=lambda stage, figures: told.update({stage: figures})
    )
    assert told["channels"] == {"live": 1, "dead": 1}
    assert {"speech", "words", "speakers", "turns"} <= set(told)
    assert all(isinstance(value, int) for figures in told.values() for value in figures.values())


def test_a_recording_without_live_channels_is_an_empty_transcript(scene):
    dead = channel(0, np.zeros(DURATION_MS * 16, np.float32), dead=True)
    transcript = scene.hear(dead)
    assert (transcript.turns, transcript.speech_ms) == ((), 0)


def test_silence_is_an_empty_transcript_and_wakes_no_engine(scene):
    transcriber = ReadingTranscriber(scene.vocabulary)
    transcript = scene.hear(channel(0, np.zeros(DURATION_MS * 16, np.float32)), transcriber=transcriber)
    assert (transcript.turns, transcript.unreachable) == ((), None)
    assert (transcriber.calls, scene.diarizer.calls) == (0, 0)


def test_a_voicemail_has_no_parties(scene):
    machine = scene.party([("您拨打的用户暂时无法接通请在滴声后留言", 1_000)])
    transcript = scene.hear(channel(0, machine))
    assert [turn.role for turn in transcript.turns] == [Role.SYSTEM]
    assert transcript.unreachable == "voicemail"
    assert transcript.speech_ms < 100


def test_an_announcement_before_the_call_is_the_systems_turn(scene):
    notice = [("为保证服务质量您的通话将被录音", 0)]
    later = [(text, at + 3_500) for text, at in COLLECTOR[:2]]
    transcript = scene.hear(channel(0, scene.party(notice + later)), channel(1, scene.party(DEBTOR[1:])))
    assert transcript.turns[0].role is Role.SYSTEM
    assert transcript.unreachable is None
    assert {Role.AGENT, Role.CUSTOMER} <= {turn.role for turn in transcript.turns}


def test_inventions_are_removed_and_logged(scene):
    invented = [("中文字幕志愿者", 22_000)]
    transcript = scene.hear(
        channel(0, scene.party(COLLECTOR[:3] + invented)), channel(1, scene.party(DEBTOR))
    )
    assert "字幕" not in "".join(turn.text for turn in transcript.turns)
    assert [(r.reason, r.start_ms) for r in transcript.removals] == [("credit", 22_000)]


def test_speech_that_got_no_words_is_looked_at_again(scene):
    class Hasty(ReadingTranscriber):
        """Leaves a window after its first two lines, as Whisper does at a change of voice."""

        def read(self, window):
            return tuple(replace(s, words=s.words[:23], text=s.text[:23]) for s in super().read(window))

    hasty = Hasty(scene.vocabulary)
    transcript = scene.hear(
        channel(0, scene.party(COLLECTOR)), channel(1, scene.party(DEBTOR)), transcriber=hasty
    )
    assert lines(transcript) == expected()


def test_a_failing_engine_fails_the_call(scene):
    class Broken(ReadingTranscriber):
        def read(self, window):
            raise EngineError("out of memory")

    with pytest.raises(EngineError):
        scene.hear(channel(0, scene.party(COLLECTOR)), transcriber=Broken(scene.vocabulary))


def test_the_same_sound_gives_the_same_transcript(scene):
    mix = scene.party(COLLECTOR) + scene.party(DEBTOR)
    assert scene.hear(channel(0, mix)) == scene.hear(channel(0, mix))


def test_a_misheard_term_is_put_right_with_its_proof(scene):
    agent = scene.party([("您好我的公号三零一六", 500), ("这通电话会露音", 4000)])
    customer = scene.party([("你说吧我在听", 2500)])
    transcript = scene.hear(channel(0, agent), channel(1, customer), roles=(Role.AGENT, Role.CUSTOMER))
    said = "".join(text for _, text in lines(transcript))
    assert [(c.original, c.corrected) for c in transcript.corrections] == [("公号", "工号"), ("露音", "录音")]
    assert "工号" in said
    assert "公号" not in said
