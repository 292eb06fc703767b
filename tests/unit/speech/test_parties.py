"""Who is who, through the whole of listening: third voices, overlaps, swapped maps, enrolled agents."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from models.fakes import FakeTokenizer
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.speech import listen
from pipeline.speech.enrolled import EnrolledVoice, KnownVoices
from pipeline.speech.voices import DIMENSIONS
from pipeline.types import Call, Recording, Role
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
DURATION_MS = 40_000
COLLECTOR = [
    ("您好我是南山银行的工号八零九", 1_000),
    ("请问您是周先生本人吗", 8_000),
    ("麻烦您转告他尽快处理", 16_500),
    ("好的打扰您了祝您生活愉快", 26_000),
]
CHILD = [("喂你哪位啊", 5_500), ("我不是我叫我妈来听", 11_500)]
MOTHER = [("他不在家我是他妈妈你们找他什么事", 19_500), ("我知道了等他回来再说", 31_000)]
SUPERVISOR = [("您好我是他的主管我帮您核实一下", 19_500), ("这边给您备注了感谢您", 31_000)]


class Voices:
    """A printer that knows a party by a word of theirs that it hears; counts its calls."""

    identity = "given"

    def __init__(self, vocabulary, *parties):
        self.vocabulary = vocabulary
        self.parties = parties
        self.calls = 0

    def voice_print(self, samples):
        self.calls += 1
        heard = "".join(text for text, _, _ in self.vocabulary.read(samples))
        shared = [sum(heard.count(c) for line, _ in party for c in line) for party in self.parties]
        vector = np.eye(len(self.parties), dtype=np.float32)[int(np.argmax(shared))]
        return vector


class Scene:
    def __init__(self):
        self.vocabulary = Vocabulary()

    def sound(self, *parties):
        spoken = sorted(line for party in parties for line in party)
        words = [word for text, start_ms in spoken for word in script(text, start_ms)]
        return self.vocabulary.sound(words, DURATION_MS)

    def hear(self, *sounds, parties=(), roles=(), enrolled=None, agent_id=None):
        spans = [
            (f"S{number}", at, at + 200 * len(text))
            for number, party in enumerate(parties)
            for text, at in party
        ]
        return listen(
            recording(*(channel(i, sound) for i, sound in enumerate(sounds))),
            Call(
                call_id="call-1",
                metadata=CallMetadata(agent_id=agent_id),
                recording=Recording(path=Path("call.wav"), channel_roles=roles),
            ),
            detector=EnergyDetector(),
            transcriber=ReadingTranscriber(self.vocabulary),
            diarizer=GivenDiarizer(spans=tuple(sorted(spans, key=lambda span: span[1]))),
            words=FakeTokenizer(),
            settings=SETTINGS,
            enrolled=enrolled,
        )


@pytest.fixture
def scene(monkeypatch):
    # The fake's sound has words but no voices.
    monkeypatch.setattr(
        "pipeline.speech.mix.describe", lambda _, parts: np.full((len(parts), DIMENSIONS), np.nan)
    )
    return Scene()


def said_by(transcript, role):
    return {turn.speaker for turn in transcript.turns if turn.role is role}


@pytest.mark.parametrize(
    ("third", "sides"), [(MOTHER, (1, 2)), (SUPERVISOR, (2, 1))], ids=["relative", "supervisor"]
)
def test_a_third_voice_is_a_third_speaker_with_the_role_of_its_side(scene, third, sides):
    parties = (COLLECTOR, CHILD, third)
    transcript = scene.hear(scene.sound(*parties), parties=parties)
    assert len({turn.speaker for turn in transcript.turns}) == 3
    assert (len(said_by(transcript, Role.AGENT)), len(said_by(transcript, Role.CUSTOMER))) == sides
    of_third = {t.speaker for t in transcript.turns for text, at in third if t.start_ms == at}
    assert len(of_third) == 1


def test_two_channels_name_their_speakers_and_machines_have_none(scene):
    notice = [("为保证服务质量您的通话将被录音", 0)]
    later = [(text, at + 4_000) for text, at in COLLECTOR]
    transcript = scene.hear(scene.sound(notice, later), scene.sound([("好的我知道了", 36_000)]))
    assert transcript.turns[0].speaker is None
    assert {turn.speaker for turn in transcript.turns[1:]} == {"channel 0", "channel 1"}


def test_both_parties_of_an_overlap_are_kept(scene):
    interrupting = [("我现在没钱你们别打了", 9_000)]
    transcript = scene.hear(scene.sound(COLLECTOR), scene.sound(interrupting))
    over = [turn for turn in transcript.turns if turn.overlap]
    assert {turn.role for turn in over} == {Role.AGENT, Role.CUSTOMER}
    assert "".join(w.text for w in over[-1].words) == interrupting[0][0]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_words_overrule_a_swapped_map(scene, is_swapped):
    roles = (Role.CUSTOMER, Role.AGENT) if is_swapped else (Role.AGENT, Role.CUSTOMER)
    transcript = scene.hear(scene.sound(COLLECTOR), scene.sound(CHILD, MOTHER), roles=roles)
    assert said_by(transcript, Role.AGENT) == {"channel 0"}
    assert said_by(transcript, Role.CUSTOMER) == {"channel 1"}


VAGUE = ([("那个事情是这样子的啊", 1_000), ("就按刚才讲的办吧", 8_000)], [("那个这样子可以吧", 4_500)])


def enrolled(printer, party, agent_id="A1"):
    vector = tuple(np.eye(len(printer.parties))[party].tolist())
    voice = EnrolledVoice(
        agent_id=agent_id, model="given", enrolled_on=date(2026, 3, 1), consent="form 17", vector=vector
    )
    return KnownVoices(printer=printer, voices={agent_id: voice})


@pytest.mark.parametrize("party", [0, 1])
def test_an_enrolled_agent_is_known_by_voice_on_two_channels(scene, party):
    printer = Voices(scene.vocabulary, [("事情的啊就按刚才讲办", 0)], [("可以", 0)] * 20)
    # The second party must speak long enough to be known.
    second = [(VAGUE[1][0][0] * 2, 12_000)]
    transcript = scene.hear(
        scene.sound(VAGUE[0]), scene.sound(second), enrolled=enrolled(printer, party), agent_id="A1"
    )
    assert said_by(transcript, Role.AGENT) == {f"channel {party}"}
    assert printer.calls == 2


@pytest.mark.parametrize("agent_id", [None, "A2"])
def test_no_print_is_made_where_the_agent_is_not_enrolled(scene, agent_id):
    printer = Voices(scene.vocabulary, COLLECTOR, MOTHER)
    known = enrolled(printer, 0)
    scene.hear(scene.sound(COLLECTOR), scene.sound(MOTHER), enrolled=known, agent_id=agent_id)
    assert printer.calls == 0
