"""Operators over tones, acts, events, entities and the second opinion."""

import pytest
from pydantic import ValidationError

from pipeline.detect.facts import Facts
from pipeline.detect.schema import Condition
from pipeline.errors import RulePackError
from pipeline.ports import Opinion
from pipeline.types import Tone
from tests.unit.detect.conditions.support import TOOLS, answer, call_view, turn

W, N, P, H, D = Tone.WARM, Tone.NEUTRAL, Tone.PRESSING, Tone.HOSTILE, Tone.DISTRESSED


def stretches(outcome, view):
    """The words of every place; ``None`` stands for a whole turn."""
    return [(p.turn, view.turns[p.turn].text[p.start : p.end] or None) for p in outcome.places]


def toned(*tones):
    """A call whose turns alternate, agent first, with these tones (``None``: not judged)."""
    view = call_view(*(f"{'AC'[i % 2]}: 第{i}句" for i in range(len(tones))))
    known = {i: tone for i, tone in enumerate(tones) if tone is not None}
    return call_view(*view.turns, facts=Facts(tones=known))


@pytest.mark.parametrize(
    ("condition", "tones", "places"),
    [
        ({"tone": "hostile"}, (N, H, H), [2]),
        ({"tone": ["warm", "hostile"], "says": "anyone"}, (W, N, H), [0, 2]),
        ({"tone": "warm"}, (N, W, N), None),
        ({"tone": "neutral", "every": True}, (N, H, N), [0]),
        ({"tone": "neutral", "every": True}, (N, H, P), None),
        ({"tone_shift": {"from": ["neutral"], "to": ["hostile"]}}, (N, N, H), [2]),
        # the place is where the new tone begins
        ({"tone_shift": {"from": ["neutral"], "to": ["hostile"]}}, (N, N, H, N, H), [2]),
        ({"tone_shift": {"from": ["neutral"], "to": ["hostile"]}}, (N, N, H, N, N, N, H), [2, 6]),
        # a step between is no matter while it lies near
        ({"tone_shift": {"from": ["warm"], "to": ["hostile"], "within": 2}}, (W, N, N, N, H), [4]),
        ({"tone_shift": {"from": ["warm"], "to": ["hostile"], "within": 1}}, (W, N, N, N, H), None),
        # one party's tone is not the other's
        ({"tone_shift": {"from": ["neutral"], "to": ["hostile"]}, "says": "anyone"}, (N, H), None),
        ({"tone_shift": {"from": ["neutral"], "to": ["hostile"]}, "says": "anyone"}, (N, N, P, H), [3]),
        ({"tone_shift": {"from": ["hostile"], "to": ["hostile", "pressing"]}}, (H, N, H, N, P), [4]),
    ],
)
def test_tones(condition, tones, places):
    outcome = answer(condition, toned(*tones))
    assert outcome.holds is (places is not None)
    assert [p.turn for p in outcome.places] == (places or [])


@pytest.mark.parametrize(
    "condition", [{"tone": "warm"}, {"tone_shift": {"from": ["warm"], "to": ["hostile"]}}]
)
def test_tones_that_nobody_judged_are_not_known(condition):
    assert answer(condition, call_view("A: 喂", "A: 您好")).missing == "tones"
    assert answer(condition, toned(None, N, N)).missing == "tones"


def test_a_shift_that_is_seen_needs_no_other_tone():
    assert answer({"tone_shift": {"from": ["warm"], "to": ["hostile"]}}, toned(W, N, H, N, None)).holds


def test_an_unknown_speaker_has_no_tone_to_change():
    view = call_view("?: 您好", "?: 滚", facts=Facts(tones={0: W, 1: H}))
    assert (
        answer({"tone_shift": {"from": ["warm"], "to": ["hostile"]}, "says": "anyone"}, view).holds is False
    )


@pytest.mark.parametrize(
    ("condition", "missing"),
    [({"act": "empathy"}, "acts"), ({"event": ["illness", "hardship"], "says": "customer"}, "events")],
)
def test_acts_and_events(condition, missing):
    spoken = ("A: 我理解您的难处", "C: 我住院了", "A: 那您先养病")
    facts = Facts(acts={0: frozenset({"empathy"})}, events={1: frozenset({"illness"})})
    outcome = answer(condition, call_view(*spoken, facts=facts))
    assert outcome.holds
    assert [p.turn for p in outcome.places] == [0 if "act" in condition else 1]
    assert answer(condition, call_view(*spoken, facts=Facts(acts={}, events={}))).holds is False
    assert answer(condition, call_view(*spoken)).missing == missing


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("phone", "打这个电话13912345678找我", ["13912345678"]),
        ("phone", "幺三九，幺二三四，五六七八", ["幺三九，幺二三四，五六七八"]),
        ("phone", "１３９１２３４５６７８，或者13898765432", ["１３９１２３４５６７８", "13898765432"]),
        ("phone", "座机零二一六五四三二一零九", ["零二一六五四三二一零九"]),
        ("phone", "拨打0755-23456789或400-820-1234", ["0755-23456789", "400-820-1234"]),
        ("phone", "尾号五六七八", []),
        ("phone", "卡号6222020000001234567", []),
        ("phone", "身份证110101199003070015", []),
        ("phone", "一共13912345678元", []),
        ("id_card", "身份证是11010119900307001X对吧", ["11010119900307001X"]),
        ("id_card", "幺幺零幺零幺，一九九零零三零七，零零一五", ["幺幺零幺零幺，一九九零零三零七，零零一五"]),
        ("id_card", "老号码110101800307001", ["110101800307001"]),
        ("id_card", "110101199013070015", []),  # no thirteenth month
        ("id_card", "后四位0015", []),
        ("bank_card", "转到6222020200112233441", []),  # neither called a card nor with its check digit
        ("bank_card", "卡号是6222020200112233441", ["6222020200112233441"]),
        ("bank_card", "转到4111 1111 1111 1111吧", ["4111 1111 1111 1111"]),
        (
            "bank_card",
            "卡号四一一一，一一一一，一一一一，一一一一",
            ["四一一一，一一一一，一一一一，一一一一"],
        ),
        ("bank_card", "账户里110101199003070015", []),
        ("money", "先还三千五，剩下1,200元下月", ["三千五", "1,200元"]),
        ("money", "先还最低还款额", []),
        ("money", "分三期", []),
        ("date", "下周三之前，最晚月底", ["下周三", "月底"]),
        ("date", "二月二十九号还", ["二月二十九号"]),
        ("date", "尽快还吧", []),
        ("person", "请问是王女士吗", ["王女士"]),
        ("person", "我找李建国先生", ["李建国先生"]),
        ("person", "欧阳先生您好", ["欧阳先生"]),
        ("person", "张总，刘经理和小王", ["张总", "刘经理"]),
        ("person", "张总是这么说的", []),
        ("person", "这位先生您先别急", []),
        ("person", "关于先生您的账单", []),
        ("person", "尽快还钱先生", []),
        ("person", "向对方女士说明", []),
        ("person", "先生您好", []),
    ],
)
def test_entities(kind, text, found):
    view = call_view(f"A: {text}")
    outcome = answer({"entity": kind}, view)
    assert outcome.holds is bool(found)
    assert [words for _, words in stretches(outcome, view)] == found


def test_names_of_the_file_are_persons():
    metadata = {"customer_name": "司马小燕", "agent_name": "赵强", "contact_name": "孙大海"}
    view = call_view("A: 司马小燕您好，我是赵强", "C: 小燕不在，大海在", metadata=metadata)
    outcome = answer({"entity": "person", "says": "anyone"}, view)
    assert {words for _, words in stretches(outcome, view)} >= {"司马小燕", "赵强", "小燕", "大海"}


def test_several_kinds_and_what_was_found():
    view = call_view("A: 王先生，明天还八百块")
    outcome = answer({"entity": ["money", "date", "phone"]}, view)
    assert [words for _, words in stretches(outcome, view)] == ["明天", "八百块"]
    assert "王" not in outcome.note
    assert "money" in outcome.note


def opinion(**given):
    tones = {tone: 0.2 for tone in Tone}
    return Opinion(**{"rules": {}, "acts": {}, "tones": tones, "spans": {}, **given})


@pytest.mark.parametrize(
    ("label", "chance", "sure"),
    [
        ("threat_violence", {"gte": 0.8}, 0.9),
        ("empathy", {"lt": 0.5}, 0.7),
        ("hostile", {"lte": 0.2}, 0.8),
        ("threat_violence", {"gt": 0.9}, None),
        ("empathy", {"gte": 0.5}, None),
    ],
)
def test_learned(label, chance, sure):
    known = opinion(rules={"threat_violence": 0.9}, acts={"empathy": 0.3}, spans={"threat_violence": (3, 7)})
    view = call_view("A: 您好，等着瞧吧", facts=Facts(opinions={0: known}))
    outcome = answer({"learned": {"label": label, "chance": chance}}, view)
    assert outcome.holds is (sure is not None)
    if sure is not None:
        assert outcome.sure == pytest.approx(sure)
        assert stretches(outcome, view) == [(0, "等着瞧吧" if label == "threat_violence" else None)]


def test_learned_without_an_opinion_is_not_known():
    wanted = {"learned": {"label": "threat_violence", "chance": {"gte": 0.5}}}
    assert answer(wanted, call_view("A: 喂")).missing == "opinions"
    assert answer(wanted, call_view("A: 喂", facts=Facts(opinions={}))).missing == "opinions"
    unheard = answer(wanted, call_view("A: 喂", facts=Facts(opinions={0: opinion()})))
    assert unheard.missing == "opinions"
    assert "does not know threat_violence" in unheard.note
    # nothing said, nothing thought
    assert answer(wanted, call_view(turn(0, "A:  "), facts=Facts(opinions={}))).holds is False


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ({"act": "empaty"}, "Did you mean 'empathy'"),
        ({"event": "ilness"}, "Did you mean 'illness'"),
        ({"entity": "telephone"}, "Known: address, bank_card, date, id_card, money, person, phone, plate"),
        ({"learned": {"label": "threat_violense", "chance": {"gte": 0.5}}}, "Did you mean 'threat_violence'"),
    ],
)
def test_names_that_are_not_there_are_refused_at_load(condition, wrong):
    names = {"violation": {"threat_violence"}, "act": {"empathy"}, "event": {"illness"}}
    tools = type(TOOLS)(words={}, contexts={}, names={k: frozenset(v) for k, v in names.items()})
    with pytest.raises(RulePackError, match=wrong):
        answer(condition, call_view("A: 喂"), tools)


@pytest.mark.parametrize("label", ["threat_violence", "empathy", "hostile"])
def test_labels_may_be_rules_acts_or_tones(label):
    tools = type(TOOLS)(
        words={},
        contexts={},
        names={"violation": frozenset({"threat_violence"}), "act": frozenset({"empathy"})},
    )
    answer({"learned": {"label": label, "chance": {"gte": 0.5}}}, call_view("A: 喂"), tools)


@pytest.mark.parametrize(
    "condition",
    [
        {"tone": "angry"},
        {"tone_shift": {"from": ["warm"]}},
        {"tone_shift": {"from": [], "to": ["warm"]}},
        {"tone_shift": {"from": ["warm"], "to": ["hostile"], "within": 0}},
        {"learned": {"label": "empathy", "chance": {}}},
        {"learned": {"label": "empathy"}},
    ],
)
def test_wrong_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        Condition.model_validate(condition)
