"""Names of people as a call says them: those the file knows, those the call itself introduces.

A name has no form of its own in Chinese: a surname and one or two characters that may be any. It is taken
for one where people say names: between «请问是» and «先生», after «我叫» or «我哥», in the answer to
«叫什么名字». Once introduced it is known for the whole call, and so is its given name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.detect.entities import SURNAMES, persons_in
from pipeline.phonetics.search import SoundIndex
from pipeline.redact import COMPOUND_SURNAMES, forms_of, surname_length
from pipeline.settings import CONFIGS
from pipeline.speech.lexicon import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.types import Turn

NO_NAMES: Final = CONFIGS / "lexicons" / "no_names.txt"

_HANZI: Final = r"[一-龥]"
_GIVEN_NOT: Final = (
    "的了是您你我他她它这那位个下给请问吧吗呢啊好找叫和跟与在有没不要会说就都还也很太又再已把被让从对到去来过着得地"
    "们什么怎谁哪几多少吃喝嘛哦喂嗯呀哈"
)
_G: Final = rf"(?:(?![{_GIVEN_NOT}]){_HANZI})"
_COMPOUND: Final = "|".join(sorted(COMPOUND_SURNAMES))
_NAME: Final = rf"(?:(?:{_COMPOUND}){_G}{{1,2}}|[{SURNAMES}]{_G}{{1,2}})"
_LAZY_NAME: Final = rf"(?:(?:{_COMPOUND}){_G}{{1,2}}?|[{SURNAMES}]{_G}{{1,2}}?)"
_ANY: Final = rf"{_G}{{2,3}}"
"""A name as a recogniser may write it, with any character for a surname."""

_POLITE: Final = r"先生|女士|小姐|太太|同志"
TITLES: Final = (
    rf"{_POLITE}|夫人|经理|主任|老师|师傅|老板|律师|法官|警官|队长|科长|处长|厂长|店长|校长|院长|所长|书记|村长|局长|班长|组长"
    r"|主管|总监|会计|大夫|医生|护士|教练|专员|客服"
)
_KIN: Final = (
    r"(?:爸爸?|妈妈?|父亲|母亲|儿子|女儿|闺女|姑娘|老公|老婆|爱人|媳妇儿?|妻子|丈夫|前夫|前妻|对象|哥哥?|姐姐?|弟弟?|妹妹?"
    r"|[叔伯姑姨舅婶][叔伯姑姨舅婶]?|表[哥弟姐妹]|堂[哥弟姐妹]|嫂子|姐夫|妹夫|女婿|侄子|外甥|孙子|孙女|爷爷|奶奶|岳父|岳母"
    r"|同事|朋友|同学|邻居|老板|领导|室友|房东|师傅|战友|担保人|保证人|联系人|工友|客户|机主|户主|家属|借款人|持卡人|债务人|受益人|法人|法人代表|股东)"
)
_MARK: Final = r"[，。？！、,.?!\s]|$"
_END: Final = rf"(?={_MARK})"
_AFTER: Final = (
    rf"(?={_MARK}|的|说|在|是|了|可以|反映|过|跟|和|他|她|电话|手机|现在|已经|也|都|不|就|这|那|您|你|吗|吧|呢|啊|本人|住|来|去|欠|还|怎|能|有"
    r"|没|担保|借|把|给|打|要|会)"
)

_BEFORE_TITLE = re.compile(
    r"(?:请问一?下?|麻烦问?[一下声]*|问一?[下声]|您好|你好|喂|找一?下?|是不是|您是|你是|是|联系|转告|告诉|认识|机主|[，。？！]|^)"
    rf"(?P<name>{_ANY}?)(?:{_POLITE}|本人)"
)
_ASKED_FOR = re.compile(
    r"(?:请问一?下?(?:您|你|这里)?(?:是不是|是)?|麻烦问?[一下声]*|(?:我|我们)?找一?下?|是不是|您是|你是|转告一?下?|告诉|(?:联系|回访|打听|了解|核实|查询)一?下?|让|认识|机主|户名[是叫为]?|收款人[是叫为]?)"
    rf"(?P<name>{_LAZY_NAME})(?=吗|吧|在吗|在不在|在家|对吗|是吧|的|本人|接|有个|[，。？！]|$)"
)
_CALLED = re.compile(
    rf"(?:(?:名字?|本名|全名)?(?:叫做?|名叫)|名字是|姓名是?|真名是?)(?P<name>{_LAZY_NAME})(?=[，。？！、]|$|的|吧|吗|啊|呀|，|是|在|，|工号|电话|他|她|住|今年)"
)
_I_AM = re.compile(
    rf"(?:我|这里|这边|俺)(?:就?是|叫)(?:[^，。？！我你他她]{{2,20}}?(?:的|经理|专员|客服|坐席|主管|律师|警官|法官|[部组室科行心]))?(?P<name>{_LAZY_NAME})(?=[，。？！]|$|[工公丰]号|工号)"
)
_OF_FIRM = re.compile(
    rf"(?:我|这里|这边)是?[^，。？！]{{2,24}}(?:银行|公司|金融|平台|中心|部|组|贷款)的?(?P<name>{_G}{{2,3}})(?=[，。]?(?:[工公丰九9]号))"
)
_UNCLEAR = re.compile(
    rf"(?:您好|你好|喂|为|请问|找)[，]?(?:是|请问是|请问)?(?P<name>{_HANZI}{{2,3}}?)(?:{_POLITE})(?=对吧|吗|吧|是吧|在吗|在不在|的手机|的电话|本人|，|。)"
)
"""As a recogniser may write it, any character in it, where hardly anything but a name can stand."""
_TWICE = re.compile(rf"小(?P<surname>[{SURNAMES}])[，]?(?P<name>(?P=surname){_G}{{1,2}}?)(?=[，。]|工号)")
_JOB_THEN_NAME = re.compile(rf"(?:客户经理|专员|律师|警官|法官|主管|坐席|助理)(?P<name>{_NAME}){_END}")
_KIN_THEN_NAME = re.compile(rf"{_KIN}(?:是|叫做?|名叫|的名字[是叫]|，)?(?P<name>{_LAZY_NAME}){_AFTER}")
_ADDRESSED = re.compile(
    rf"(?:^|[。？！，](?:喂|哎|诶)?[，]?)(?:喂|哎|诶|你好|您好)?[，]?(?P<name>{_LAZY_NAME})(?=[吗吧]|[，]?(?:是吧|是吗|是你吗|对吧|对吗|你[^的]|您[^的])|[哥姐叔姨][吧吗，。？])"
)
_REGISTERED = re.compile(
    rf"(?:登记的?(?:人|名字|姓名)?(?:就?是|为|叫)|的，(?=[^，。]{{2,3}}。?$))(?P<name>{_LAZY_NAME}){_END}"
)
_THEN_TITLE = re.compile(
    rf"(?P<name>(?P<surname>[{SURNAMES}]){_G}{{1,2}}?)(?=(?P=surname)(?:{TITLES}|[哥姐总工]))"
)
"""«李建国李师傅»."""
_IN_HAND = re.compile(
    rf"(?P<name>{_LAZY_NAME})(?=在不在|在吗|在家|在[您你](?:旁边|身边|家|那)|登记的|有个包裹|的(?:快递|包裹|家属|新号))"
    rf"|(?:^|(?<=[，。？！就是把给跟帮问]))(?P<owner>{_LAZY_NAME})(?=的(?:贷款|欠款|账单|借款|钱|电话|手机|朋友|家人)|欠[了我你他着])"
)
_FAMILIAR = re.compile(
    rf"(?:(?<![{_HANZI[1:-1]}])|(?<=叫)|(?<=是)|(?<=的)|(?<=科)|(?<=我)|(?<=找)|(?<=跟)|(?<=让)|(?<=上)|(?<=款))[小老阿](?P<name>[{SURNAMES}])"
    r"(?=[，。？！、]|$|[吗吧呢啊]|就行|在|说|骑|跟|来|去|也|会|您|你|他|同学|师傅|哥|姐|这|那)"
)
_FAMILIAR_NOT: Final = frozenset("赖于钱金白毛马高江段时方石路万古常安牛熊康成乐向章关花")
_TITLE = re.compile(TITLES)
_TO_WHOM = re.compile(
    rf"(?:(?:[转打还借交寄汇发送]给|[转打汇]到)了?(?:我|他|她|你|您)?(?:朋友|同事|同学|亲戚)?)(?P<name>{_LAZY_NAME})(?=了|的|[，。？！]|$)"
    rf"|(?:[叫让请]一?下?)(?P<owner>{_LAZY_NAME})(?=接|回|听|给|来|本人)"
)
_IS_IT = re.compile(rf"是(?P<name>{_LAZY_NAME})(?=吗|吧|，?(?:对吗|是吗|对吧|对不对))")
_TITLE_THEN_NAME = re.compile(
    rf"(?:主任|经理|书记|队长|科长|处长|厂长|店长|校长|村长|老师|师傅)(?P<name>{_NAME}){_AFTER}"
)
_SURNAME_FIRST = re.compile(
    rf"姓(?P<surname>[{SURNAMES}])[，,]?(?:叫|名叫)?(?P<name>(?P=surname){_G}{{1,2}}?)(?=[，。？！]|$|工号|的)"
)
_TOGETHER = re.compile(
    rf"(?:[您你我他她])(?:和|跟|与)(?P<name>{_LAZY_NAME})(?=是|什么关系|的关系|之间|一起|认识|熟|[，。？！])"
)
_OFFICE = re.compile(r"(?:律师|法官|警官|检察官)$")
_WISHED = re.compile(r"[祝谢](?:阿姨|叔叔|大哥|大姐|大爷|大妈|班长|老师|师傅|老板|经理|主任|[哥姐叔姨嫂])$")
"""«祝阿姨早日康复», «谢谢嫂子»: no surnames."""
_ASKS_PLAINLY = re.compile(r"[姓性][名明]|名字|叫什么")
_ASKS_NAME = re.compile(rf"{_ASKS_PLAINLY.pattern}|贵姓|怎么称呼|什么名|您是哪位|哪一?位|谁啊")
_ANSWERS = re.compile(rf"^(?:嗯|哦|我叫|我是|我|叫|是|姓名)?[，]?(?P<name>{_NAME})(?=[，。]|$)")
_ANSWERS_ROUGHLY = re.compile(rf"^(?P<name>{_ANY}?)[，。]")
_NO_ONE: Final = re.compile(
    r"本人|先生|女士|小姐|律师|警官|法官|老师|师傅|经理|主任|队长|科长|厂长|店长|客服|专员|老板|[哥姐]$|客户|您好|你好|请问|银行|公司|什么|这个|那个|麻烦|好的|工号|经理|同志|机主|哪位|方便|对不|是的|嗯|谢谢|大哥|大姐|阿姨|叔叔|老人|不是|没有|可以|还款|信用"
)

_CUES: Final = (
    _ASKED_FOR,
    _CALLED,
    _I_AM,
    _KIN_THEN_NAME,
    _ADDRESSED,
    _JOB_THEN_NAME,
    _IN_HAND,
    _REGISTERED,
    _THEN_TITLE,
    _TO_WHOM,
    _IS_IT,
    _TITLE_THEN_NAME,
    _SURNAME_FIRST,
    _TOGETHER,
)
_TWO_WAYS: Final = (_IN_HAND, _TO_WHOM)
"""Forms whose second alternative has its name in the group «owner»."""

_ALIKE_SHORT, _ALIKE_LONG = 0.06, 0.2
"""Mean distance of a syllable up to which a stretch counts as the name that it sounds like."""
_AFTER_CUE = re.compile(r"(?:请问|是|找|叫|姓名|您好|你好|喂|谢谢|麻烦问下|[，。？！]|^)$")
_ALIKE_AFTER_CUE = 0.26


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A name where it is said.

    Attributes:
        turn: position of its turn.
        start: first character.
        end: after the last character, with the title where only that follows a surname.
        kept: characters at its start that masking shows: the surname.
        name: whose it is, as far as it is known: the full name, or the surname. Never logged.
    """

    turn: int
    start: int
    end: int
    kept: int
    name: str


def names_said(turns: Sequence[Turn], known: Iterable[str], *, heard: bool) -> Iterator[Said]:
    """Where people are named, in no order; stretches may overlap.

    Args:
        turns: of a call.
        known: full names from the file.
        heard: whether a recogniser wrote the text, so that names may be written as what they sound like.
    """
    given = tuple(dict.fromkeys(name for name in known if len(name) > 1))
    found = [*_introduced(turns, heard=heard)]
    yield from found
    full = dict.fromkeys(
        [*given, *(said.name for said in found if len(said.name) > 1 and (said.kept or heard))]
    )
    for at, turn in enumerate(turns):
        for name in full:
            yield from _everywhere(at, turn.text, name)
        yield from _with_title(at, turn.text, tuple(full))
        if heard and given:
            yield from _by_sound(at, turn.text, given)


def _introduced(turns: Sequence[Turn], *, heard: bool) -> Iterator[Said]:
    """Names that stand where people say names."""
    for at, turn in enumerate(turns):
        yield from _after_cues(at, turn.text, heard=heard)
        if heard:
            yield from _misheard(at, turn.text)
        for match in _FAMILIAR.finditer(turn.text):
            if match["name"] not in _FAMILIAR_NOT:
                start = match.start("name")
                yield Said(turn=at, start=start, end=start + 1, kept=0, name=match["name"])
        if at and turns[at - 1].role is not turn.role:
            yield from _answer(at, turn.text, turns[at - 1].text, heard=heard)


def _after_cues(at: int, text: str, *, heard: bool) -> Iterator[Said]:
    for form in _CUES:
        # Overlapping cues («我是» within «是不是») must each have their say.
        for match in _overlapping(form, text):
            group = "owner" if form in _TWO_WAYS and match["name"] is None else "name"
            name, start = match[group], match.start(group)
            if not (_is_word(name) or _NO_ONE.search(name) or _is_amount(text, start)):
                yield _named(at, start, name)
    for match in _TWICE.finditer(text):
        yield _named(at, match.start("name"), match["name"])
    for match in _overlapping(_BEFORE_TITLE, text):
        name = match["name"]
        if not (_NO_ONE.search(name) or _is_word(name)) and (heard or _surnamed(name)):
            yield _unsure(at, match.start("name"), name, kept=surname_length(name) * _surnamed(name))


def _misheard(at: int, text: str) -> Iterator[Said]:
    for form in (_OF_FIRM, _UNCLEAR):
        for match in form.finditer(text):
            if not _NO_ONE.search(match["name"]):
                yield _unsure(at, match.start("name"), match["name"])


def _answer(at: int, text: str, asked: str, *, heard: bool) -> Iterator[Said]:
    """The name with which somebody answers who was asked for one."""
    answer = _ANSWERS.match(text) if _ASKS_NAME.search(asked) else None
    if answer and not _is_word(answer["name"]):
        yield _named(at, answer.start("name"), answer["name"])
    elif heard and _ASKS_PLAINLY.search(asked):
        rough = _ANSWERS_ROUGHLY.match(text)
        if rough and not _NO_ONE.search(rough["name"]):
            yield _unsure(at, 0, rough["name"])


def _overlapping(form: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    position = 0
    while match := form.search(text, position):
        yield match
        position = max(match.start() + 1, match.start("name"))  # -1 where another group took it


def _is_amount(text: str, at: int) -> bool:
    """Whether 万 is ten thousand here."""
    return text[at] == "万" and bool(re.search(r"[0-9一二三四五六七八九十百千几两]$", text[:at]))


def _named(at: int, start: int, name: str) -> Said:
    return Said(turn=at, start=start, end=start + len(name), kept=surname_length(name), name=name)


def _unsure(at: int, start: int, name: str, *, kept: int = 0) -> Said:
    return Said(turn=at, start=start, end=start + len(name), kept=kept, name=name)


def _everywhere(at: int, text: str, name: str) -> Iterator[Said]:
    for form in forms_of(name):
        kept = surname_length(name) if form == name else 0
        for match in re.finditer(re.escape(form), text):
            yield Said(turn=at, start=match.start(), end=match.end(), kept=kept, name=name)


def _with_title(at: int, text: str, known: tuple[str, ...]) -> Iterator[Said]:
    """Surname and title; the title is masked with it, so that it looks as the full name does."""
    for start, end in persons_in(text, ()):
        if not _WISHED.search(text[start:end]) and not _is_word(text[max(0, start - 1) : start + 1]):
            yield _titled(at, start, end, text, known)
    for title in _TITLE.finditer(text):
        for length in (1, 2, 3):
            start = title.start() - length
            name = text[max(0, start) : title.start()]
            if start >= 0 and name and _surnamed(name):
                before = text[: start + surname_length(name) or start + 1]
                if re.fullmatch(rf"[{SURNAMES}]|{_COMPOUND}|{_NAME}", name) and not (
                    _no_surname(before)
                    or _is_word(name)
                    or _is_word(name + title.group()[0])
                    or _is_word(text[max(0, start - 1) : start + 1])
                ):
                    yield _titled(at, start, title.end(), text, known)
                    break


def _titled(at: int, start: int, end: int, text: str, known: tuple[str, ...]) -> Said:
    """A name with its title; that of an office stays: whether somebody poses as one is what counts."""
    kept = 2 if text[start : start + 2] in COMPOUND_SURNAMES else 1
    surname = text[start : start + kept]
    title = re.search(rf"(?:{TITLES})$", text[start:end])
    name = text[start : start + title.start()] if title else surname
    if len(name) > kept:
        return Said(turn=at, start=start, end=start + len(name), kept=kept, name=name)
    if _OFFICE.search(text[start:end]):
        return Said(turn=at, start=start, end=start + kept, kept=kept, name=surname)
    bearer = next((full for full in known if full.startswith(surname)), surname)
    return Said(turn=at, start=start, end=end, kept=kept, name=bearer)


_BEFORE_IS_NO_SURNAME = re.compile(
    r"(?:[关由对至基鉴等]于|[对双甲乙我官]方|[还付交转欠给本赔]钱|[意方志导动倾]向|[到负责信]任|[任如为]何|公章|[正平经非]常|[一几百千十]万|[有没]关|单位|客户)$"
)


def _no_surname(before: str) -> bool:
    return bool(_BEFORE_IS_NO_SURNAME.search(before))


def _by_sound(at: int, text: str, known: tuple[str, ...]) -> Iterator[Said]:
    """What sounds like a known name: without a cue only what is nearly the same."""
    index, bearers = _index(known)
    for near in index.find(text, most=_ALIKE_AFTER_CUE):
        most = _ALIKE_LONG if near.end - near.start > 2 else _ALIKE_SHORT
        cue = _AFTER_CUE.search(text[: near.start])
        stretch = text[near.start : near.end]
        if near.distance <= (_ALIKE_AFTER_CUE if cue and not _is_word(stretch) else most):
            name = bearers[near.term]
            yield Said(turn=at, start=near.start, end=near.end, kept=0, name=name)


@lru_cache(maxsize=64)
def _index(known: tuple[str, ...]) -> tuple[SoundIndex, tuple[str, ...]]:
    """Full names, and surnames with the titles that follow them most; and whose each is."""
    terms = [(name, name) for name in known]
    for name in known:
        surname = name[: surname_length(name)]
        terms += [(surname + title, name) for title in ("先生", "女士", "小姐")]
    return SoundIndex([term for term, _ in terms]), tuple(name for _, name in terms)


def _surnamed(name: str) -> bool:
    return name[0] in SURNAMES or name[:2] in COMPOUND_SURNAMES


@cache
def _words() -> frozenset[str]:
    return frozenset(word for _, line in read_lines(NO_NAMES) for word in line.split())


def _is_word(name: str) -> bool:
    """Whether this is an ordinary word, or begins with one."""
    return name in _words() or name[:2] in _words()
