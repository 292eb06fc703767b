"""Where somebody can be met: homes and workplaces by their names.

A street address with a house number is found by its form (:mod:`pipeline.whereabouts`). Here are the places
that only have a name: the firm or school of the debtor or of the family, the housing estate, the village, the
answer to «您住哪». What an agent says of the own firm, the lender and the agency is no secret, and courts and
police are nobody's workplace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.personal import Kind
from pipeline.settings import CONFIGS
from pipeline.speech.lexicon import read_classes
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.types import Turn

WORDS: Final = CONFIGS / "lexicons" / "place_words.txt"
_CLASSES: Final = frozenset(
    {"firm", "daily", "estate", "generic", "public", "anywhere", "town", "verb", "no_home"}
)

_OUT: Final = (
    "，。？！、的了是在住到去来你我他她您它们说给寄送上从就把叫那这哪找有没跟和与让也都还请问吗吧呢啊会能要想被为对打过着得又再已"
    "吃买卖开往不考以可因所只每个些怎正快便随谁嘛呀欠钱替走费款账弄换认归付显损别连失诉规表示下贵搁间队内该于赔卡号点十"
)
"""Characters that hardly stand within a name: what is said around it."""
_C: Final = rf"(?:(?![{_OUT}])[一-龥A-Za-z0-9])"
_NUMERAL: Final = "一二三四五六七八九十幺零〇0-9"

_SPENDS_DAYS = re.compile(
    r"(?:那边|里|的|做|当)?(?:上班|工作|打工|干活|上学|读|念|教书|上?[一二三四五六初高大]+年级|当|做|门口|老师|班主任"
    r"|前台|财务|人事)"
)
_TRADE_AT_END = re.compile(r"(?:催收|贷款|小额贷款|消费金融|资产管理|信息服务|外包|担保)$")
_OWN_FIRM = re.compile(
    r"(?:我们?是|我们?叫|这里是|这边是|我们?在|我(?:姓.{1,3})[，]?(?:是|在)|受|委托的?|我们)[^，。？！]{0,24}$"
)
_INTRODUCES = re.compile(
    rf"(?:我们?是|这里是|这边是|受|我在|(?:姓{_C}{{1,3}})，?在|委托的?)(?P<firm>[一-龥]{{2,16}}?)"
    r"(?:银行|公司|金融|平台|贷款|中心)"
)
_WORKS_AT = re.compile(
    rf"在(?P<name>{_C}{{2,12}}?)(?:那边|那里|里|这边|那儿|这儿)?"
    r"(?=上班|工作|做事|任职|就职|干活|打工|开店|读书|上学|念书|教书|送快递|送外卖|开车|当保安|[念读上][一二三四五六初高])"
)
_UNIT = re.compile(
    rf"(?:单位|公司)(?:名字|名称|全称)?(?:是不是|是|叫做?|就是)(?P<name>{_C}{{3,10}}?)(?=[，。？！]|$|吗|吧|对吧|上班|工作)"
)
_OF_OTHER = re.compile(r"[你您他她](?:们|家|爱人|老公|老婆|儿子|女儿|孩子|现在|是|还|就|不是)*$")
_ENDS_AS_FIRM = re.compile(r"(?:公司|集团|厂|[的么谁])$")
_LEAD = re.compile(
    r"(?:我们|你们|他们|咱们|您|请|家?孩子|小孩|女儿|儿子|老公|老婆|爱人|原来|以前|现在|之前|刚|一直|那家|这家|一家)+"
)
_ROAD = re.compile(
    rf"(?P<name>{_C}{{2,5}}?)(?P<suffix>大道|路|街|巷|弄)"
    rf"(?=那个地址|那边|那儿|上?的?(?:房|家|店)|那套|附近住|[{_NUMERAL}])"
)
_NO_ROAD = re.compile(
    r".*(?:[走一半上下公铁顺同带死活有没绝思网陪出退门后财生套大小马条]|骑车|高速公|这条|那条|一路|两)"
)
_ASKS_PLACE = re.compile(
    r"住(?:在)?(?:哪|什么地方|几)|(?:住址|地址)(?:是|在)?(?:哪|什么|多少|报|说|告诉|给)|家在哪|哪个小区|户籍.{0,3}哪"
)
_ASKS_WORK = re.compile(
    r"在(?:哪里|哪儿|哪家|(?:哪个|什么)(?:单位|公司|地方))(?:上班|工作|干活|高就)|(?:单位|公司)(?:叫|是)(?:什么|哪)"
    r"|哪个(?:单位|公司|学校)|什么单位"
)
_ANSWER = re.compile(
    rf"(?:嗯|哦|就|我|现在|那个|是|在|住|的|他|她|，)*(?P<name>{_C}{{3,20}})(?=[，。]|$|上班|工作|干活|那边)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What is made of the lexicon."""

    organisation: re.Pattern[str]
    daily: re.Pattern[str]
    estate: re.Pattern[str]
    generic: re.Pattern[str]
    public: re.Pattern[str]
    anywhere: re.Pattern[str]
    lives: re.Pattern[str]
    no_home: re.Pattern[str]
    towns: frozenset[str]


@cache
def _words() -> _Words:
    """The lexicon, read once.

    Raises:
        ConfigError: it cannot be read.
    """
    lines = read_classes(WORDS, _CLASSES)
    words = {name: [word for line in phrases for word in line.split()] for name, phrases in lines.items()}
    one_of = {name: "|".join(sorted(found, key=lambda w: (-len(w), w))) for name, found in words.items()}
    return _Words(
        organisation=re.compile(rf"(?P<name>{_C}{{2,10}}?)(?P<suffix>{one_of['firm']}|{one_of['daily']})"),
        daily=re.compile(one_of["daily"]),
        estate=re.compile(rf"(?P<name>{_C}{{2,6}}?)(?P<suffix>{one_of['estate']})"),
        generic=re.compile(rf"(?:{one_of['generic']})+"),
        public=re.compile(one_of["public"]),
        anywhere=re.compile(rf"(?:{one_of['anywhere']}).{{0,3}}"),
        lives=re.compile(
            rf"(?:(?<![{''.join(words['verb'])}])住(?:址)?(?:在|的是|是)?|家在|老家(?:在|是)|地址(?:是|在|就是|写的?)"
            rf"|户籍(?:在|是)|寄到|搬到了?|租在)(?P<name>{_C}{{2,18}})"
        ),
        no_home=re.compile(rf"(?:{one_of['no_home']}|.*报|[{_NUMERAL}]+[楼栋层号]).*"),
        towns=frozenset(words["town"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of somebody, by its name.

    Attributes:
        turn: position of its turn.
        start: first character.
        end: after the last character that masking hides.
        kind: address or workplace.
        name: its name; never logged.
    """

    turn: int
    start: int
    end: int
    kind: Kind
    name: str


def places_said(turns: Sequence[Turn], firms: Iterable[str]) -> Iterator[Place]:
    """Homes and workplaces that are named, in no order; stretches may overlap.

    Args:
        turns: of a call.
        firms: names of the lender and the agency.
    """
    own = tuple(dict.fromkeys([*firms, *_own_firms(turns)]))
    found = list(_introduced(turns, own))
    yield from found
    for at, turn in enumerate(turns):
        for name, kind in {place.name: place.kind for place in found if len(place.name) > 1}.items():
            for match in re.finditer(re.escape(name), turn.text):
                yield Place(turn=at, start=match.start(), end=match.end(), kind=kind, name=name)


def _introduced(turns: Sequence[Turn], own: tuple[str, ...]) -> Iterator[Place]:
    words = _words()
    for at, turn in enumerate(turns):
        yield from _firms(at, turn, own, words)
        text = turn.text
        for match in words.estate.finditer(text):
            start, name = _without_lead(match)
            if len(name) > 1 and not words.generic.fullmatch(name):
                yield Place(turn=at, start=start, end=match.end("name"), kind=Kind.ADDRESS, name=name)
        for match in _ROAD.finditer(text):
            start, name = _without_lead(match)
            if name and not _NO_ROAD.fullmatch(name) and not words.generic.fullmatch(name):
                yield Place(turn=at, start=start, end=match.end("name"), kind=Kind.ADDRESS, name=name)
        for match in words.lives.finditer(text):
            if not words.no_home.match(match["name"]) and match["name"] not in words.towns:
                yield _place(at, match, Kind.ADDRESS)
        if at and turns[at - 1].role is not turn.role:
            yield from _answer(at, text, turns[at - 1].text, own)


def _firms(at: int, turn: Turn, own: tuple[str, ...], words: _Words) -> Iterator[Place]:
    text = turn.text
    for match in words.organisation.finditer(text):
        if words.daily.fullmatch(match["suffix"]) and not _SPENDS_DAYS.match(text, match.end()):
            continue
        start, name = _without_lead(match)
        if _is_named(name, match["suffix"], own) and not _is_own(turn, text[: match.start()], name):
            yield Place(turn=at, start=start, end=match.end("name"), kind=Kind.WORKPLACE, name=name)
    for match in _UNIT.finditer(text):
        if _is_somewhere(match["name"], own) and not _ENDS_AS_FIRM.search(match["name"]):
            yield _place(at, match, Kind.WORKPLACE)
    for match in _WORKS_AT.finditer(text):
        said_of_self = turn.role is Role.AGENT and not _OF_OTHER.search(text[: match.start()])
        if not said_of_self and _is_somewhere(match["name"], own):
            yield _place(at, match, Kind.WORKPLACE)


def _answer(at: int, text: str, asked: str, own: tuple[str, ...]) -> Iterator[Place]:
    answer, words = _ANSWER.match(text), _words()
    if answer is None or answer["name"] in words.towns or words.no_home.match(answer["name"]):
        return
    if _ASKS_PLACE.search(asked):
        yield _place(at, answer, Kind.ADDRESS)
    elif _ASKS_WORK.search(asked) and _is_somewhere(answer["name"], own):
        yield _place(at, answer, Kind.WORKPLACE)


def _place(at: int, match: re.Match[str], kind: Kind) -> Place:
    return Place(turn=at, start=match.start("name"), end=match.end("name"), kind=kind, name=match["name"])


def _without_lead(match: re.Match[str]) -> tuple[int, str]:
    """Where a name begins and the name, without what is no part of it at its start, such as «你们»."""
    name = match["name"]
    lead = _LEAD.match(name)
    cut = lead.end() if lead and lead.end() < len(name) else 0
    return match.start("name") + cut, name[cut:]


def _is_named(name: str, suffix: str, own: tuple[str, ...]) -> bool:
    words = _words()
    if len(name) < 2 or words.generic.fullmatch(name) or words.public.search(name + suffix):
        return False
    if _TRADE_AT_END.search(name) and len(_TRADE_AT_END.sub("", name)) < 2:
        return False
    return not _belongs(name, own)


def _belongs(name: str, own: tuple[str, ...]) -> bool:
    return any(name in firm or firm in name or firm[:2] == name[:2] for firm in own if firm)


def _is_somewhere(name: str, own: tuple[str, ...]) -> bool:
    words = _words()
    return not (
        words.anywhere.fullmatch(name)
        or name in words.towns
        or words.generic.fullmatch(name)
        or words.public.search(name)
        or _belongs(name, own)
    )


def _is_own(turn: Turn, before: str, name: str) -> bool:
    """Whether an agent speaks of the own firm; a customer's «我在…» is a workplace."""
    if name.startswith(("我们", "委托")):
        return True
    return turn.role is Role.AGENT and bool(_OWN_FIRM.search(before))


def _own_firms(turns: Sequence[Turn]) -> Iterator[str]:
    """Firms by which agents introduce themselves, where the file has none."""
    for turn in turns:
        if turn.role is Role.AGENT:
            for match in _INTRODUCES.finditer(turn.text):
                yield match["firm"]
