import pytest

from pipeline.speech.automatic import part_machines, unreachable
from pipeline.speech.nonspeech import load_prompts
from pipeline.speech.text import tokens
from pipeline.speech.turns import Utterance
from pipeline.types import Interval
from tests.unit.speech.sounding import words

PROMPTS = load_prompts()
RINGBACK = (Interval(start_ms=0, end_ms=1_000),)


def turn(text, start_ms=0, speaker="a"):
    """A turn in which «|» is a pause of a second."""
    said, at = [], start_ms
    for part in text.split("|"):
        said += words(part, at, 150)
        at = said[-1].end_ms + 1_000
    return Utterance(speaker=speaker, tokens=tokens(said))


def part(*turns):
    parted = part_machines(turns, PROMPTS)
    return [t.bare for t in parted.people], [t.bare for t in parted.machines], parted


def test_a_voicemail_is_a_machine_and_nobody_was_reached():
    people, machines, parted = part(turn("您拨打的用户暂时无法接通，请在滴声后留言"))
    assert people == []
    assert machines == ["您拨打的用户暂时无法接通请在滴声后留言"]
    assert unreachable(parted, ()) == "voicemail"


def test_who_leaves_a_message_after_the_tone_reached_nobody():
    machine = turn("您好，请在提示音后留言")
    message = turn("您好，我是南山银行的，请您回电", 6_000, "b")
    people, machines, parted = part(machine, message)
    assert people == ["您好我是南山银行的请您回电"]
    assert machines == ["您好请在提示音后留言"]
    assert unreachable(parted, ()) == "voicemail"


def test_machine_and_person_in_one_breath_are_parted():
    people, machines, _ = part(turn("为保证服务质量，您的通话将被录音。|喂，你好"))
    assert people == ["喂你好"]
    assert machines == ["为保证服务质量您的通话将被录音"]


@pytest.mark.parametrize(
    "text",
    [
        "您好，我是南山银行的，本次通话将被录音",
        "本次通话将被录音，我是南山银行的小周",
        "我这边工号零零九，为了保证服务质量，本次通话可能会被录音",
    ],
)
def test_a_collector_who_announces_the_recording_is_no_machine(text):
    assert part(turn(text))[1] == []


def test_an_announcement_after_people_have_spoken_is_a_persons():
    assert part(turn("喂，你好，哪位"), turn("您的通话可能会被录音", 3_000, "b"))[1] == []


def test_a_conversation_after_a_transfer_is_a_conversation():
    menu = turn("您拨打的电话正在通话请不要挂机")
    asks, answers = turn("请问是周先生本人吗", 8_000, "a"), turn("我是啊你们有什么事情", 10_000, "b")
    _, machines, parted = part(menu, asks, answers)
    assert len(machines) == 1
    assert unreachable(parted, ()) is None


def test_only_a_menu_is_ivr_only():
    assert unreachable(part(turn("人工服务请按零"))[2], ()) == "ivr_only"


def test_ringing_without_an_answer():
    assert unreachable(part()[2], RINGBACK) == "no_answer"
    assert unreachable(part(turn("喂喂"))[2], RINGBACK) == "no_answer"
    assert unreachable(part(turn("您好请问是周先生本人吗"))[2], RINGBACK) is None
    assert unreachable(part()[2], ()) is None
