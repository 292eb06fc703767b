import pytest

from pipeline.errors import ConfigError
from pipeline.speech.cues import agent_log_odds, load_cues
from pipeline.speech.roles import RoleClaim, speaker_roles, turn_role
from pipeline.speech.text import tokens
from pipeline.speech.turns import Utterance
from pipeline.types import Role
from tests.unit.speech.sounding import words

CUES = load_cues()
COLLECTOR = (
    "您好我是南山银行的工号零零九",
    "您这边逾期十二天了",
    "您打算什么时候处理",
    "给您备注了祝您生活愉快",
)
DEBTOR = ("喂你哪位", "我知道我现在没钱", "等我发工资吧", "你们别打了")
RELATIVE = ("他不在我是他妈妈", "你们找他什么事", "我知道了")


def say(speaker, lines):
    return [Utterance(speaker=speaker, tokens=tokens(words(line, i * 5_000))) for i, line in enumerate(lines)]


SUPERVISOR = ("您好我是他的主管", "给您添麻烦了我帮您核实一下", "这边为您申请减免您看可以吗")


def roles(*said, manifest=None, voices=None):
    return speaker_roles([u for us in said for u in us], CUES, manifest=manifest or {}, voices=voices)


@pytest.mark.parametrize("answers", [DEBTOR, RELATIVE])
def test_words_tell_the_collector_from_whoever_answers(answers):
    claims = roles(say("x", answers), say("y", COLLECTOR))
    assert (claims["x"].role, claims["y"].role) == (Role.CUSTOMER, Role.AGENT)
    assert min(c.confidence for c in claims.values()) > 0.9


def test_the_manifest_decides_where_words_do_not():
    said = say("x", ["好的"]), say("y", ["行"])
    claims = roles(*said, manifest={"x": Role.CUSTOMER, "y": Role.AGENT})
    assert (claims["x"].role, claims["y"].role) == (Role.CUSTOMER, Role.AGENT)


def test_a_whole_call_overrules_a_manifest_that_has_the_channels_swapped():
    said = say("x", COLLECTOR), say("y", DEBTOR)
    swapped = roles(*said, manifest={"x": Role.CUSTOMER, "y": Role.AGENT})
    agreeing = roles(*said, manifest={"x": Role.AGENT, "y": Role.CUSTOMER})
    assert swapped["x"].role is Role.AGENT
    assert swapped["x"].confidence <= agreeing["x"].confidence


def test_a_manifest_against_the_words_leaves_doubt():
    said = say("x", ["工号零零九"]), say("y", ["你说"])
    doubted = roles(*said, manifest={"x": Role.CUSTOMER, "y": Role.AGENT})
    sure = roles(*said)
    assert doubted["x"].confidence < max(sure["x"].confidence, 0.99)


def test_a_third_voice_without_words_stays_unknown_and_a_relative_is_on_the_customers_side():
    claims = roles(say("x", COLLECTOR), say("y", DEBTOR), say("z", ["呃"]))
    assert claims["z"] == RoleClaim(role=Role.UNKNOWN, confidence=0.5)
    claims = roles(say("x", COLLECTOR), say("y", DEBTOR), say("z", RELATIVE))
    assert claims["z"].role is Role.CUSTOMER


def test_a_supervisor_is_on_the_agents_side():
    claims = roles(say("x", COLLECTOR), say("y", DEBTOR), say("z", SUPERVISOR))
    assert [claims[s].role for s in "xyz"] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


def test_an_enrolled_voice_decides_where_words_do_not():
    said = say("x", ["好的"]), say("y", ["行的"])
    claims = roles(*said, voices={"x": 3.0, "y": -3.0})
    assert (claims["x"].role, claims["y"].role) == (Role.AGENT, Role.CUSTOMER)
    assert claims["x"].confidence > 0.95


def test_an_enrolled_voice_does_not_overrule_a_whole_call():
    claims = roles(say("x", COLLECTOR), say("y", DEBTOR), voices={"x": -2.0, "y": 1.0})
    assert claims["x"].role is Role.AGENT


def test_who_talks_more_is_rather_the_agent_but_never_surely():
    claims = roles(say("x", ["那个东西是这样的" * 20]), say("y", ["行的"]))
    assert claims["x"].role is Role.AGENT
    assert 0.6 < claims["x"].confidence < 0.9


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_more_is_said_the_surer_it_is(count):
    less = roles(say("x", COLLECTOR[: count - 1] or ["嗯这个"]), say("y", DEBTOR[:count]))
    more = roles(say("x", COLLECTOR[:count]), say("y", DEBTOR[:count]))
    assert less["x"].confidence <= more["x"].confidence <= 0.995


def test_an_agents_voice_counted_twice_is_the_agent_twice():
    claims = roles(say("x", COLLECTOR[:2]), say("y", DEBTOR), say("z", COLLECTOR[2:]))
    assert [claims[s].role for s in "xyz"] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


def test_one_speaker_alone():
    assert roles(say("x", COLLECTOR))["x"].role is Role.AGENT
    assert roles(say("x", DEBTOR))["x"].role is Role.CUSTOMER
    assert roles(say("x", ["那个"]))["x"].role is Role.UNKNOWN
    assert roles() == {}


def test_an_unsure_turn_is_less_sure_of_its_role():
    claim = RoleClaim(role=Role.AGENT, confidence=0.9)
    turn = Utterance(speaker="x", tokens=tokens(words("好的", 0)), certainty=0.6)
    assert turn_role(turn, claim).confidence == pytest.approx(0.6 * 0.9 + 0.4 * 0.1)


def test_a_habit_of_speech_is_one_piece_of_evidence():
    assert agent_log_odds(["工号"] * 3, CUES) == agent_log_odds(["工号"] * 30, CUES)


def test_a_gap_in_a_cue_spans_a_name_but_not_a_speech():
    near, far = "这边是南山银行", "这边是" + "嗯" * 30 + "银行"
    assert agent_log_odds([near], CUES) > agent_log_odds([far], CUES)


@pytest.mark.parametrize("content", ["agent: {工号: 1}", "agent: {}\ncustomer: {喂: -1}", "- 1", "agent: {"])
def test_malformed_cues_are_a_config_error(tmp_path, content):
    path = tmp_path / "cues.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_cues(path)


def test_wording_decides_where_no_cue_is_said():
    said = [
        *say("x", ["这边帮您申请一下分期的方案", "麻烦您今天之内处理一下"]),
        *say("y", ["我现在真的没有钱还给你们", "我等发了工资再说好吧"]),
    ]
    claims = speaker_roles(said, (), manifest={})
    assert claims["x"].role is Role.AGENT
    assert claims["y"].role is Role.CUSTOMER
    assert claims["x"].confidence > 0.9
