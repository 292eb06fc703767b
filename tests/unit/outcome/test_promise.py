"""What stands as the promise when a call ends, over short invented negotiations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CallMetadata
from pipeline.outcome.promise import find_promise
from pipeline.types import Call, Promise, Role, Transcript, Turn

SPEAKERS = {"A": Role.AGENT, "C": Role.CUSTOMER, "S": Role.SYSTEM}


def promise(lines: str, *, red: frozenset[int] = frozenset(), **metadata: object) -> Promise | None:
    """The promise in a call on Wednesday 10 June 2026 over a debt of 6,400 yuan."""
    known = {"started_at": "2026-06-10T10:00:00+08:00", "total_due": 6400, "callee_role": "debtor"} | metadata
    turns = [line.strip().split(" ", 1) for line in lines.strip().splitlines()]
    transcript = Transcript(
        turns=tuple(
            Turn(index=index, role=SPEAKERS[speaker], role_confidence=1.0, text=text)
            for index, (speaker, text) in enumerate(turns)
        )
    )
    call = Call(call_id="t-1", metadata=CallMetadata.model_validate(known))
    return find_promise(call, transcript, red_line_turns=red)


def terms(found: Promise | None) -> tuple[Decimal | None, date | None, bool] | None:
    return None if found is None else (found.amount, found.date, found.confirmed)


def june(day: int) -> date:
    return date(2026, 6, day)


CONFIRMED = {
    "the agent repeats and the customer assents": (
        """A 您看这笔打算怎么安排？
        C 二十号我先还一千五。
        A 好，二十号还一千五百元，走官方APP，我这样记没错吧？
        C 没错。""",
        1500,
        june(20),
    ),
    "the customer takes up the agent's own terms": (
        """A 要不这样，这周六之前您先还八百，剩下的我帮您申请延期，您看行吗？
        C 行，听您的。""",
        800,
        june(13),
    ),
    "repeating only the amount is enough when the day stands": (
        """C 后天我转两千过来。
        A 两千是吧，好的。
        C 嗯，对的。""",
        2000,
        june(12),
    ),
    "a second offer replaces the first": (
        """C 我周五还五百。
        A 五百有点少，您再看看。
        C 那就周五还九百吧。
        A 好，周五九百，对吗？
        C 对。""",
        900,
        june(12),
    ),
    "the customer moves the day while confirming": (
        """A 那就十五号还两千，对吧？
        C 十五号不行，工资没到，十八号还两千。
        A 十八号，两千，记下了，您看对不对？
        C 对对对。""",
        2000,
        june(18),
    ),
    "of instalments the first counts": (
        """A 分十期的话，每期六百四，第一期二十五号，您接受吗？
        C 可以，就按您说的分十期。
        A 那我确认一下，二十五号还第一期六百四十元，往后每个月二十五号，是吧？
        C 是的。""",
        640,
        june(25),
    ),
    "paying everything is the debt of the file": (
        """C 月底发奖金，我月底一次性还清。
        A 好的，那就月底前全部还清，对吗？
        C 对，没问题。""",
        6400,
        june(30),
    ),
    "what a discount leaves is what settles": (
        """A 减免批下来了，您还五千二就能结清。
        C 那好，下周一我把它结清。
        A 好，下周一还五千二结清，跟您确认一下。
        C 好的。""",
        5200,
        june(15),
    ),
    "the minimum is the one that the agent names": (
        """A 您这期账单六千四，最低还款是三百二。
        C 明天我先还最低吧。
        A 那就明天还最低三百二十元，可以吗？
        C 可以。""",
        320,
        june(11),
    ),
    "digits as speech recognition writes them": (
        """A 请问您几号能还?
        C 15号吧,我还2500
        A 好的,6月15号还2500元,对吧?
        C 对""",
        2500,
        june(15),
    ),
    "no punctuation at all": (
        """C 那我二十二号还你们一千八吧
        A 好二十二号还一千八对吧
        C 对对""",
        1800,
        june(22),
    ),
    "an answer to how much takes the day of the question": (
        """A 那这周五您能还多少？
        C 能还个七百。
        A 行，周五七百，我记录了，对吧？
        C 嗯，对。""",
        700,
        june(12),
    ),
    "a back-channel between two halves of the agent's sentence": (
        """A 那我确认一下，二十八号之前，
        C 嗯。
        A 还三千元，通过官方渠道，对不对？
        C 对，是这样。""",
        3000,
        june(28),
    ),
    "the next month": (
        """C 下个月五号还四千行吗？
        A 可以，七月五号还四千，那就这么定？
        C 行，就这么定。""",
        4000,
        date(2026, 7, 5),
    ),
    "a day is haggled over while the amount stands": (
        """A 您看周五还两千方便吗？
        C 不方便，周五我得去医院复查。
        A 那二十号呢？
        C 二十号行。
        A 好的，二十号两千。
        C 嗯，好。""",
        2000,
        june(20),
    ),
    "a slip of the tongue put right": (
        """C 十五号还一千，哦不对，十八号，十八号还一千。
        A 十八号一千？
        C 对。""",
        1000,
        june(18),
    ),
    "a figure that speech recognition blew up does not count": (
        """C 我二十三号还两千四。
        A 好的,23号还12400元,对吧?
        C 对。""",
        2400,
        june(23),
    ),
    "a later remainder and other figures do not disturb it": (
        """C 十六号还两千二。
        A 好，十六号还两千二百元，剩下四千二百元我给您申请分两期，罚息每天三块二，您清楚吧？
        C 好，清楚。
        A 不还的话会上征信，还清之后记录要留五年。
        C 行。""",
        2200,
        june(16),
    ),
    "a fee is refused, the debt is not": (
        """A 另外有四百块加急费，跟还款一起给。
        C 四百我不交。本钱该还还，二十五号我还两千六。
        A 那加急的事不提，二十五号两千六，APP里还，对吧？
        C 对，二十五号。""",
        2600,
        june(25),
    ),
    "a yes that only says that he pays, and where the money comes from": (
        """A 你今天必须定下来！
        C 行，我给。这样吧，后天，我找我表弟挪九百。
        A 后天九百，听见没有？
        C 听见了。""",
        900,
        june(12),
    ),
    "moved to another day because of a day on which something else is due": (
        """A 十二号七百，行吧？
        C 十二号得给孩子报名，改到十五号，六百。
        A 十五号六百，没问题吧？
        C 没问题。""",
        600,
        june(15),
    ),
    "the first instalment, put by the agent": (
        """A 您看这样，分四期，每期一千六，第一期二十号。
        C 可以，按您说的办。""",
        1600,
        june(20),
    ),
    "doubt about today, and another day": (
        """A 今晚能处理吗？
        C 今晚够呛，明儿一早我去柜台存三千。
        A 明早三千，记好了。
        C 中。""",
        3000,
        june(11),
    ),
}


@pytest.mark.parametrize("name", CONFIRMED)
def test_confirmed_promise(name: str) -> None:
    lines, amount, day = CONFIRMED[name]
    assert terms(promise(lines)) == (Decimal(amount), day, True)


UNCONFIRMED = {
    "the agent never repeats it": (
        """A 那您什么时候能还？
        C 十九号还一千。
        A 行，再见。""",
        (1000, june(19)),
    ),
    "only a day, the amount left open": (
        """A 您哪天能还上？
        C 二十六号吧，还多少现在不好说。
        A 好，那我记您二十六号处理。
        C 嗯。""",
        (None, june(26)),
    ),
    "only an amount, the day left open": (
        """C 我先还一千二吧，具体哪天得等老板消息。
        A 好的，一千二，那您尽快。
        C 好。""",
        (1200, None),
    ),
    "a murmur at terms that are the agent's alone": (
        """A 那就十五号还三千，可以吧？
        C 嗯。""",
        (3000, june(15)),
    ),
    "changed after it was confirmed": (
        """C 十七号还两千。
        A 十七号两千，对吧？
        C 对。
        A 感谢您。
        C 等下，十七号我怕不够，还是二十一号还一千五。
        A 嗯嗯，再见。""",
        (1500, june(21)),
    ),
    "today, without an amount, is all that is due": (
        """A 您这边还有六千四没还。
        C 哎呀忘了，我今晚就还上。
        A 好，尽快啊。""",
        (6400, june(10)),
    ),
    "the terms of the agent leave out his condition, which he insists on": (
        """C 平台二十号结账，结了我还你一千。
        A 二十号一千，写好了。
        C 我讲的是收到钱才给，你别瞎记。""",
        (1000, june(20)),
    ),
    "the day is not to be written down": (
        """A 那先还多少？
        C 先还八百。
        A 我给您写二十号？
        C 别写日子，我拿不准。
        A 好，先写八百。
        C 要得。""",
        (800, None),
    ),
}


@pytest.mark.parametrize("name", UNCONFIRMED)
def test_promise_that_nobody_confirmed(name: str) -> None:
    lines, (amount, day) = UNCONFIRMED[name]
    assert terms(promise(lines)) == (None if amount is None else Decimal(amount), day, False)


NONE = {
    "as best I can": "A 十五号能还两千吗？\nC 我尽量吧，看情况。",
    "when there is money": "A 您什么时候还？\nC 有钱了肯定还，现在真没有。",
    "in a few days": "A 您什么时候还？\nC 过几天吧，过几天再说。",
    "noted is not agreed": "A 请您明天还三千。\nC 行行行，知道了。",
    "a plain refusal": "A 您二十号能还三千吗？\nC 我就不还，爱咋咋地。",
    "taken back": "C 我周五还两千。\nA 好，周五两千，对吧？\nC 对。\nA 谢谢。\nC 算了，周五我也拿不出来。",
    "refused after it was promised": "C 我周五还两千。\nA 周五两千，对吧？\nC 你这什么态度，我不还了。",
    "an offer that the agent turns down": "C 我十五号先还三百行不行？\nA 三百不行，太少了。\nC 那没办法了。",
    "the mother will pay, as he says": "A 您怎么安排？\nC 我妈说她下周帮我还五千。",
    "a payment of the past": "A 您是哪天还的？\nC 上个月二十号，我转了一千二过去的。",
    "a payment made, with a day of the month": "C 十号到期的那笔我已经还了一千二了。\nA 我查查。\nC 查吧。",
    "a retort": "C 你让我二十号还三千？做梦吧。",
    "a day on which something else happens": "C 我爱人二十号出院，我哪有钱还你们。\nA 明白。\nC 嗯。",
    "income is no offer": "A 您收入怎么样？\nC 一个月工资四千五，房租就一千八。",
    "the debt and a date of it": "A 您五月二十号应还六千四，到今天逾期二十一天。\nC 哦，这样。",
    "not today": "A 六千四，今天能还吗？\nC 今天还不了，手里就三百块。",
    "a call back is no payment": "A 那我明天下午再给您打电话。\nC 好的。",
    "a clarifying question": "A 减免以后是四千八。\nC 四千八，要一次还啊？\nA 对。\nC 我跟家里商量商量。",
    "numbers that are no money": "A 请报身份证后四位。\nC 3016。\nA 好的，我的工号是2208。\nC 嗯。",
    "what was said does not count": "C 今晚转三千。\nA 今晚三千？\nC 慢着，先头答应的作废。\nA 随您。",
    "taken back, a day left open": "C 二十号还一千。\nA 二十号一千？\nC 收回，下个月再看。\nA 好吧。\nC 嗯。",
    "not to be noted after all": "A 十八号一千五？\nC 可以。\nA 登记了。\nC 我得问我爸，你别登记了。",
    "wondering at what is asked": "A 收您三百块加急费就行。\nC 又要交三百呀。\nA 很值的。\nC 我想想。",
    "where should it come from": "A 周五三千？\nC 说得轻巧，去哪凑三千。\nA 那两千？\nC 两千也没有。",
    "what the agent does today": "A 我今天就备注好，这个号不会再响。\nC 要得，谢谢。",
    "when the last call was": "A 那通是几号接的？\nC 月底吧，记不清了。\nA 好的。\nC 嗯。",
    "a payment told to who asks for one": "A 今天能还多少？\nC 我转了一千给你们了，昨天转的。\nA 没查到。",
    "the ring-back tone speaks": "S 二十号之前还三千享受优惠。\nC 好的。",
}


@pytest.mark.parametrize("name", NONE)
def test_no_promise(name: str) -> None:
    assert promise(NONE[name]) is None


OFFER = "C 我下周三还两千。\nA 好，下周三两千，对吧？\nC 对。"


def test_an_outsider_whose_money_is_declined_promises_nothing() -> None:
    lines = "C 我替他还吧，下周一我先还一千。\nA {}\nC 那好吧。"
    for declined in ("您没有义务替他还，让他自己找我们。", "不用您来还，您的退休金自己留好。"):
        assert promise(lines.format(declined), callee_role="relative") is None
    assert promise(lines.format("下周一一千，谢谢您。"), callee_role="relative") is not None


@pytest.mark.parametrize("role", ["relative", "colleague", "emergency_contact", "stranger"])
def test_an_outsider_who_speaks_of_payment_promises_nothing(role: str) -> None:
    lines = "A 请您转告他尽快还。\nC 他说下周三还两千。\nA 下周三两千，对吧？\nC 对。"
    assert promise(lines, callee_role=role) is None


def test_an_outsider_who_pays_does_promise() -> None:
    lines = "C 我替我表哥还，下周三还两千。\nA 下周三两千，您自愿的，对吧？\nC 对。"
    assert terms(promise(lines, callee_role="relative")) == (Decimal(2000), june(17), True)


@pytest.mark.parametrize("role", ["debtor", "guarantor", "unknown", None])
def test_who_owes_promises(role: str | None) -> None:
    assert terms(promise(OFFER, callee_role=role)) == (Decimal(2000), june(17), True)


def test_a_red_line_before_the_promise_coerces_it() -> None:
    lines = "A 你不还我叫人去你家。\nC 别，我明天还一千。\nA 明天一千。"
    found = promise(lines, red=frozenset({0}))
    assert found is not None
    assert found.coerced


def test_a_red_line_after_the_promise_does_not() -> None:
    found = promise(f"{OFFER}\nA 敢不还就等着挨揍。", red=frozenset({3}))
    assert found is not None
    assert not found.coerced


def test_the_promise_names_the_turns_that_made_it() -> None:
    found = promise(f"A 您好。\n{OFFER}")
    assert found is not None
    assert found.turns == (1, 3)


def test_without_the_time_of_the_call_no_day_is_known() -> None:
    assert terms(promise(OFFER, started_at=None)) == (Decimal(2000), None, False)


def test_without_the_debt_in_the_file_what_the_agent_states_counts() -> None:
    lines = "A 您一共欠六千一百五。\nC 好，明天全部还清。\nA 明天全部还清，对吧？\nC 对。"
    assert terms(promise(lines, total_due=None)) == (Decimal(6150), june(11), True)


def test_an_unknown_debt_leaves_the_amount_open() -> None:
    assert terms(promise("C 我明天全部还清。", total_due=None)) == (None, june(11), False)


def test_half_is_half_of_the_debt() -> None:
    assert terms(promise("C 我后天先还一半。")) == (Decimal(3200), june(12), False)


PIECES = st.sampled_from(
    [
        "还",
        "三千",
        "3,000",
        "一半",
        "全部",
        "十五号",
        "下周",
        "月底",
        "2026-07-01",
        "行",
        "不行",
        "对",
        "算了",
        "不还",
        "最低",
        "，",
        "。",
        "？",
        ",",
        ":",
        "剩下",
        "哦不对",
        "先",
        "多少",
        "什么时候",
        "我",
        "您",
        "晚上八点",
        "3.5",
        "工资",
    ]
)
TALK = st.lists(
    st.tuples(st.sampled_from("ACS"), st.lists(PIECES, min_size=1, max_size=7).map("".join)),
    min_size=1,
    max_size=6,
)


@given(TALK)
def test_whatever_is_said_a_promise_is_whole(talk: list[tuple[str, str]]) -> None:
    found = promise("\n".join(f"{speaker} x{text}" for speaker, text in talk))
    if found is not None:
        assert found.amount is not None or found.date is not None
        assert not found.confirmed or (found.amount is not None and found.date is not None)
        assert found.turns
        assert all(0 <= index < len(talk) for index in found.turns)
