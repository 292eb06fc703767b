"""What one turn puts on the table: the amount and day that it offers, asks for or repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.outcome import wording
from pipeline.outcome.amounts import AmountKind, AmountSpan, find_amounts
from pipeline.outcome.dates import DateSpan, find_dates
from pipeline.outcome.wording import Assent, Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the agent has just asked or put forward, so that a bare ``十五号`` is an answer.

    Attributes:
        amount: how much.
        day: when.
        terms: terms lie on the table; a bare amount or day is a counter-offer.
    """

    amount: bool = False
    day: bool = False
    terms: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTurn:
    """A customer's turn as a move in the negotiation.

    Attributes:
        amount: what is offered; of kind ``full`` without characters when a day is offered for
            paying as such (``周五还上``) and nothing says that it is a part.
        day: the day that is offered.
        tentative: offered as a question (``先还五百行不行``).
        amount_open: the speaker leaves the amount open in so many words.
        day_open: the speaker leaves the day open in so many words.
        denies: something is denied or said to be impossible.
        roughly: amount or day are named as an estimate.
        condition: offsets of what has to happen first, in so many words.
    """

    amount: AmountSpan | None
    day: DateSpan | None
    tentative: bool
    assent: Assent
    refuses: bool
    withdraws: bool
    amount_open: bool
    day_open: bool
    denies: bool
    roughly: bool
    condition: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTurn:
    """An agent's turn as a move in the negotiation.

    Attributes:
        amounts: amounts proposed or repeated, in order.
        days: days proposed or repeated, in order.
        due: the debt as the agent states it.
        minimum: the minimum payment as the agent states it.
        settlement: what would settle the debt, as the agent offers it.
        accepted: an amount that is agreed to in so many words (``四千可以``).
        rejects: the last offer is turned down.
        declines: no promise is put on record, the agent says.
        clock: a time of day is named, which repeats a day already agreed.
        asks: what is asked for.
    """

    amounts: tuple[AmountSpan, ...]
    days: tuple[DateSpan, ...]
    due: AmountSpan | None
    minimum: AmountSpan | None
    settlement: AmountSpan | None
    accepted: AmountSpan | None
    rejects: bool
    declines: bool
    clock: bool
    asks: Asked


_SENTENCE = re.compile(r"[^。？！?!]+")
_DUE = re.compile(r"应还|应付|欠|一共|总共|合计|共计|连本带息|透支|逾期|拖了")
_NOT_PROPOSED = re.compile(
    r"本金|利息|罚息|违约金|滞纳金|[^免]费|保证金|押金|每天|每日|额度|工资|收入|退休金|挣|存款|上次|之前说|抹掉|减掉|优惠掉"
)
_SETTLEMENT = re.compile(r"结清|减免|只还|只需要?还|了结|了了")
_OTHER_DAY = re.compile(
    r"截至|截止|到今天|逾期|到期|还款日|账单|出账|应还|上次|之前说|审批|短信|答复|回[电复话]|电话|联系|有效期|失效"
    r"|征信|报送|寄|上传|提交|申请|立案|起诉|开庭|上门|绑|工作日"
)
_PAID_ON = re.compile(
    r"(?:之前|以前|前)?[我您你先就再]{0,2}[还付转存](?:款|清|上|[一二两三四五六七八九十\d])"
)
_CONFIRMING = re.compile(
    r"确认|记录|记[上下好]|对吗|对吧|对不对|是吧|说定|总结|那就|没错吧|行吗|可以吗|行不行|好吗"
)
_REJECTS = re.compile(r"不行|不够|太少|不可以|等不了|糊弄|打发|接受不了|不接受|开玩笑|至少|起码|最少|逗我")
_ACCEPTS_BEFORE = re.compile(
    r"(?:^|[，。！])(?:嗯|那)?(?:可以|行|好的?|没问题)[吧啊]?[，。]?(?:那|就|先|按|是|还)*$"
)
_ACCEPTS_AFTER = re.compile(r"(?:块钱?|元)?也?(?:可以|行|没问题)(?![吗不么])")
_CLOCK = re.compile(r"[一二两三四五六七八九十\d]+点")
_ASKS_AMOUNT = re.compile(r"多少|拿出|几百|几千|全部还.{0,4}还是|还一部分")
_ASKS_DAY = re.compile(r"什么时候|啥时候|哪一?天|几号|何时|几时|什么时间|(?:周|星期|礼拜)几")
_ASKS_OTHER = re.compile(
    r"生日|出生|工资|收入|到手|挣|发薪|方便接|联系|回电|电话|开始|身份|逾期|记得|[还打说来收转接讲签办](?:您|你)?的(?!话)"
)


def read_customer(text: str, called_at: datetime | None, asked: Asked) -> CustomerTurn:
    """Read a customer's turn, given what the agent has just asked.

    Args:
        text: the turn.
        called_at: start of the call with its zone; without it no day can be named.
        asked: what the agent has just asked, so that a bare ``十五号`` is an answer.
    """
    turn = _Turn.of(text, called_at)
    withdrawn = _withdrawn_at(turn)
    after = max(withdrawn, _corrected_at(turn))
    amount = _offered_amount(turn, asked, after)
    day = _offered_day(turn, asked, after, amount)
    if day is not None and amount is None:
        amount = _offered_amount(turn, Asked(amount=True), after)
    amount_open = bool(wording.AMOUNT_OPEN.search(text))
    if amount is None and day is not None and not amount_open and _pays_all(turn, day):
        amount = AmountSpan(start=day.end, end=day.end, kind=AmountKind.FULL)
    return CustomerTurn(
        amount=amount,
        day=day,
        tentative=bool(wording.OFFER_QUESTION.search(text)),
        assent=wording.assent(text),
        refuses=wording.refuses(text),
        withdraws=withdrawn >= 0,
        amount_open=amount_open,
        day_open=bool(wording.DATE_OPEN.search(text)),
        denies=wording.denies(text) or withdrawn >= 0,
        roughly=any(wording.ROUGHLY.search(turn.clause(span).text) for span in (amount, day) if span),
        condition=_condition(turn),
    )


def read_agent(text: str, called_at: datetime | None) -> AgentTurn:
    """Read an agent's turn; ``called_at`` as in :func:`read_customer`."""
    turn = _Turn.of(text, called_at)
    exact = [span for span in turn.amounts if span.exact]
    yuan = [span for span in exact if span.kind is AmountKind.YUAN]
    return AgentTurn(
        amounts=tuple(span for span in exact if _is_proposed(turn, span)),
        days=tuple(span for span in turn.days if _is_proposed_day(turn, span)),
        due=next((span for span in reversed(yuan) if _DUE.search(turn.around(span))), None),
        minimum=next((span for span in yuan if "最低" in turn.clause(span).text), None),
        settlement=next((span for span in yuan if _SETTLEMENT.search(turn.clause(span).text)), None),
        accepted=next((span for span in exact if _is_accepted(turn, span)), None),
        rejects=bool(_REJECTS.search(text.replace("行不行", ""))),
        declines=any(wording.UNRECORDED.search(clause.text) for clause in turn.clauses),
        clock=bool(_CLOCK.search(text)),
        asks=Asked(amount=_asks(turn, _ASKS_AMOUNT), day=_asks(turn, _ASKS_DAY)),
    )


_Span = AmountSpan | DateSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """A turn's text with its clauses, amounts and days to come."""

    text: str
    clauses: tuple[Clause, ...]
    amounts: tuple[AmountSpan, ...]
    days: tuple[DateSpan, ...]
    tells_past: bool
    """Whether all days named lie before the call, or proof of paying is spoken of: a story, no offer."""

    @classmethod
    def of(cls, text: str, called_at: datetime | None) -> _Turn:
        days = find_dates(text, called_at) if called_at else ()
        ahead = tuple(span for span in days if called_at and span.day >= called_at.date())
        brief = [span for span in days if span.day - span.first < _STORY]
        return cls(
            text=text,
            clauses=wording.clauses(text),
            amounts=find_amounts(text),
            days=ahead,
            tells_past=bool(wording.PROOF.search(text)) or (bool(brief) and not ahead),
        )

    def clause(self, span: _Span) -> Clause:
        """The clause that holds ``span``, or that an implied amount follows."""
        return max((c for c in self.clauses if c.start <= span.start), key=lambda c: c.start)

    def around(self, span: _Span) -> str:
        """The words near ``span`` within its clause, up to what is said of the remainder.

        Clauses alone do not do, because speech recognition may leave out the commas.
        """
        after = self.text[span.end : min(self.clause(span).end, span.end + _AFTER)]
        rest = wording.REST.search(after)
        return (
            self.before(span) + self.text[span.start : span.end] + (after[: rest.start()] if rest else after)
        )

    def before(self, span: _Span) -> str:
        """The words before ``span`` within its clause."""
        return self.text[max(self.clause(span).start, span.start - _BEFORE) : span.start]

    def near(self, span: _Span) -> str:
        """The clause that holds ``span`` with its neighbours."""
        at = self.clauses.index(self.clause(span))
        return "，".join(c.text for c in self.clauses[max(0, at - 1) : at + 2])

    def doubts(self, span: _Span) -> bool:
        """Whether ``span`` is asked about and not offered as a question.

        It stands in a question, or alone before one (``五千，一次给啊？``).
        """
        at = self.clauses.index(self.clause(span))
        alone = span.end - span.start == len(self.clauses[at].text)
        asked = any(c.asked for c in self.clauses[at : at + 1 + alone])
        return asked and not wording.OFFER_QUESTION.search(self.sentence(span))

    def is_bare(self, span: _Span) -> bool:
        """Whether the clause says little more than ``span`` (``那二十号呢``)."""
        return len(self.clause(span).text) - (span.end - span.start) <= _LITTLE

    def pays_near(self, span: _Span) -> bool:
        """Whether paying is spoken of next to ``span`` and not denied."""
        return any(
            wording.PAY.search(text) and not wording.denies(text) for text in self.near(span).split("，")
        )

    @property
    def commits(self) -> bool:
        """Whether a clause says no more than that the speaker pays: amount and day may stand anywhere."""
        return any(wording.COMMITS.fullmatch(clause.text) for clause in self.clauses)

    def sentence(self, span: _Span) -> str:
        """The sentence that holds ``span``."""
        return next(m.group() for m in _SENTENCE.finditer(self.text) if m.start() <= span.start < m.end())


_INSTALMENT = re.compile(r"首期|第一期|头一期|首付|每期|月供")
_WONDERS = re.compile(r"[这那怎么咋又]*[还又][要得](?:我)?[交收给出再]?")
_AT_IT = re.compile(r"[块元钱]*[啊呀吗嘛么哦哇呢]")
_FALLS_SHORT = re.compile(r"(?:没|不|还没|将近|不足|快)(?:到|足|满|够|超过)$")
"""A figure that only bounds another: ``不到五千``."""
_DROPPED = re.compile(r"[块元钱]*的?(?:事|费)?[我就也都]*(?:不提|不收|不要|免了|算了|抹了)")
_BY_ME = re.compile(r"(?:我|我们|这边|咱们?)$")
_MY_WORK = re.compile(
    r"[就来先也再]*(?:[给帮替][您你])?(?:把[^，。]{1,8})?(?:记|登|备注|提交|报|申请|删|标|转(?![账款])|发|查|核|打电话|联系)"
)
"""What the agent does himself on a day that he names: ``我今天就备注``."""
_LEAD = re.compile(r"(?:先.?|那就|就按?|最多|顶多)$")  # 那就一千
_LITTLE = 3
_STORY = timedelta(days=40)
"""A stretch that long (``去年``) is no sign of what the rest of the turn tells."""
_BEFORE, _AFTER = 16, 12  # characters of a clause that bear on an amount or a day in it


def _withdrawn_at(turn: _Turn) -> int:
    """Offset of the last taking back, -1 without one; ``剩下的再说吧`` takes nothing back."""
    positions = [
        clause.start + match.start()
        for clause in turn.clauses
        for match in wording.WITHDRAWAL.finditer(clause.text)
        if not any(p.search(clause.text) for p in (wording.REST, wording.AMOUNT_OPEN, wording.DATE_OPEN))
    ]
    return max(positions, default=-1)


def _corrected_at(turn: _Turn) -> int:
    """Offset of the last slip put right or term changed (``哦不对``, ``改到周一``).

    -1 without one or with nothing after it.
    """
    positions = [
        clause.start + match.start()
        for clause in turn.clauses
        for match in wording.CORRECTION.finditer(clause.text)
    ]
    last = max(positions, default=-1)
    starts = [span.start for span in turn.amounts] + [span.start for span in turn.days]
    return last if any(start > last for start in starts) else -1


def _is_committed(turn: _Turn, span: _Span) -> bool:
    """Whether the words around ``span`` are free of denial, hedge, remainder and someone else."""
    around = turn.around(span)
    return not (
        wording.denies(around)
        or wording.HEDGED.search(around)
        or wording.REST.search(turn.before(span))
        or wording.HEDGED_SENTENCE.search(turn.sentence(span))
        or wording.THIRD_PAYS.search(turn.near(span))
    )


def _offered_day(turn: _Turn, asked: Asked, after: int, amount: AmountSpan | None) -> DateSpan | None:
    if wording.PROOF.search(turn.text):
        return None
    offered = [
        span
        for span in turn.days
        if span.start > after
        and _is_committed(turn, span)
        and not wording.PAST.search(turn.around(span))
        and (span.day - span.first < _STORY or wording.PAY.search(turn.clause(span).text))
        and (asked.day or not turn.doubts(span))
        and (
            asked.day
            or amount is not None
            or (asked.terms and turn.is_bare(span))
            or turn.pays_near(span)
            or wording.SETTLE.search(turn.around(span))
            or turn.commits
        )
    ]

    # The day of paying is preferred to the day on which money comes in, a day to a whole week, and of two
    # days the one that is said together with the amount.
    def rank(span: DateSpan) -> tuple[bool, bool, bool]:
        apart = amount is not None and turn.sentence(span) != turn.sentence(amount)
        return _is_payday(turn, span), span.window, apart

    return min(offered, key=rank, default=None)


def _condition(turn: _Turn) -> tuple[int, int] | None:
    """Where a condition stands that is no hypothesis about not paying."""
    for match in wording.CONDITION.finditer(turn.text):
        if not wording.denies(match.group()) and not wording.OFFER_QUESTION.search(match.group()):
            return match.span()
    return None


def _is_payday(turn: _Turn, span: DateSpan) -> bool:
    return bool(wording.COMES_IN.search(turn.clause(span).text))


def _offered_amount(turn: _Turn, asked: Asked, after: int) -> AmountSpan | None:
    if turn.tells_past:
        return None
    offered = [
        span
        for span in turn.amounts
        if span.start > after
        and _is_offered(turn, span)
        and (asked.amount or asked.terms or _is_paid(turn, span))
    ]
    return min(offered, key=lambda span: span.kind is not AmountKind.YUAN, default=None)


def _is_offered(turn: _Turn, span: AmountSpan) -> bool:
    around = turn.around(span)
    return (
        span.exact
        and _is_committed(turn, span)
        and not wording.INCOME.search(around)
        and not _tells_of_means(turn, span)
        and not _is_broken_off(turn, span)
        and not wording.NOT_OFFERED.search(around)
        and not wording.PAST.search(around)
        and not (wording.DONE.search(around) and not turn.days)
        and not turn.doubts(span)
        and not _echoes(turn, span)
    )


def _tells_of_means(turn: _Turn, span: AmountSpan) -> bool:
    """Whether a sentence reckons up what comes in and goes out (``我一个月三千，房租八百``)."""
    said = turn.clause(span).text
    pays = wording.PAY.search(said) or _LEAD.search(turn.before(span)) or turn.is_bare(span)
    return not pays and bool(wording.INCOME.search(turn.sentence(span)))


def _is_broken_off(turn: _Turn, span: AmountSpan) -> bool:
    """Whether the clause stops short and another amount follows (``一千我真……五百吧``)."""
    clause = turn.clause(span)
    return turn.text[clause.end : clause.end + 1] == "…" and any(a.start > clause.end for a in turn.amounts)


def _echoes(turn: _Turn, span: AmountSpan) -> bool:
    """Whether a clause only wonders at what is asked (``又要三百呀``)."""
    clause = turn.clause(span)
    before, after = turn.text[clause.start : span.start], turn.text[span.end : clause.end]
    return bool(_WONDERS.fullmatch(before) and _AT_IT.fullmatch(after))


def _is_paid(turn: _Turn, span: AmountSpan) -> bool:
    led = _LEAD.search(turn.before(span))
    return span.kind is AmountKind.FULL or bool(led or wording.PAY.search(turn.near(span))) or turn.commits


def _pays_all(turn: _Turn, day: DateSpan) -> bool:
    """Whether a day is offered for paying as such, with nothing that makes it a part."""
    at = turn.clauses.index(turn.clause(day))
    own = "，".join(c.text for c in turn.clauses[at : at + 2])
    return bool(wording.WHOLE.search(own)) and not wording.PARTIAL.search(turn.sentence(day))


def _is_proposed(turn: _Turn, span: AmountSpan) -> bool:
    around, clause = turn.around(span), turn.clause(span)
    echo = clause.asked and span.end - span.start >= len(clause.text) - 1
    if _FALLS_SHORT.search(turn.before(span)) or _DROPPED.match(turn.text, span.end):
        return False
    other = _DUE.search(around) or _NOT_PROPOSED.search(around) or wording.REST.search(turn.before(span))
    return not echo and not other


def _is_accepted(turn: _Turn, span: AmountSpan) -> bool:
    """Whether an amount is agreed to: ``可以，五百``, ``行那就先两千``, ``四千可以``."""
    if span.kind is not AmountKind.YUAN or turn.clause(span).asked:
        return False
    before, after = turn.text[: span.start], turn.text[span.end :]
    return bool(_ACCEPTS_BEFORE.search(before) or _ACCEPTS_AFTER.match(after))


def _is_proposed_day(turn: _Turn, span: DateSpan) -> bool:
    if _PAID_ON.match(turn.text, span.end) and not wording.REST.search(turn.before(span)):
        return True
    if _OTHER_DAY.search(turn.around(span)) or wording.REST.search(turn.before(span)):
        return False
    if _BY_ME.search(turn.before(span)) and _MY_WORK.match(turn.text, span.end):
        return False
    if turn.is_bare(span) and turn.clause(span).asked:
        return True
    near = turn.near(span)
    if wording.PAY.search(near) or wording.SETTLE.search(near) or _INSTALMENT.search(near):
        return True
    with_amount = any(turn.clause(a) == turn.clause(span) and _is_proposed(turn, a) for a in turn.amounts)
    return with_amount or bool(_CONFIRMING.search(turn.text))


def _asks(turn: _Turn, what: re.Pattern[str]) -> bool:
    return any(what.search(clause.text) and not _ASKS_OTHER.search(clause.text) for clause in turn.clauses)
