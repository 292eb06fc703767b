"""Numbers of people in a call: whole, in pieces, by their last places, and days of birth.

What a digit is depends on how well it was heard. People say them one by one (``幺三八…``); a recogniser
writes «要» or «腰» for 幺, «是» for 四. Beside real digits, and where a number was asked for, such a sound
counts as the digit it stands for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.detect.entities import SPOKEN
from pipeline.personal import Kind, digits_of, find_personal, split_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.types import Turn

_DIGIT: Final = "0-9０-９零〇一二三四五六七八九幺两洞拐勾柒玖"
_SOUNDS: Final = {
    "0": "铃灵零林领令淋",
    "1": "要腰妖邀药依衣医一益",
    "2": "二而耳儿俩",
    "3": "山散伞三删叁",
    "4": "是事思死四似寺司次斯",
    "5": "五物无午舞武吴",
    "6": "留流六陆路刘溜",
    "7": "七期起其器奇气齐妻",
    "8": "八吧爸巴扒",
    "9": "九就久酒旧救",
}
"""What a recogniser writes for a digit said alone (readings by pinyin, without the tone)."""
HOMOPHONES: Final = {
    ord(c): digit for digit, sounds in _SOUNDS.items() for c in sounds if c not in "一二三四"
}
_NEAR: Final = "".join(sorted({c for sounds in _SOUNDS.values() for c in sounds}))
_TIGHT: Final = r"[\s\-－—，、,·]{0,3}"
_UNITS: Final = r"\s*(?:[元块万亿千百十年月号日天期个点岁笔次折成倍%％级楼]|多[元块万]?|[.．][0-9])"

_LONG = re.compile(rf"(?<![{_DIGIT}])[{_DIGIT}](?:{_TIGHT}[{_DIGIT}]){{6,}}+[Xx]?(?!\s*[元块万亿]|\.[0-9])")
_MISHEARD = re.compile(rf"[{_DIGIT}](?:{_TIGHT}[{_DIGIT}{_NEAR}A-Za-z]){{5,17}}[{_DIGIT}]?[Xx]?")
_SHORT = re.compile(rf"(?<![{_DIGIT}])[{_DIGIT}](?:{_TIGHT}[{_DIGIT}]){{2,5}}+[Xx]?")
_SINGLE: Final = "零〇一二三四五六七八九幺两洞拐勾"
_SAID_SINGLY = re.compile(
    rf"(?<![零〇一二三四五六七八九幺两第十百千万])[{_SINGLE}](?:[，、 ]?[{_SINGLE}]){{3,5}}"
    rf"(?![零〇一二三四五六七八九幺两十百千万亿])(?!{_UNITS})"
)
_FEWEST_REAL: Final = 0.7
"""Share of real digits from which the rest of a run may be what only sounds like one."""

_ASKS_TAIL = re.compile(r"[后候後末]\s*[四4六6三3思]\s*[位维为]|尾号|末尾|最后\s*[四4六6三3]\s*[位个]")
_ASKS_CODE = re.compile(r"验证码|校验码|动态码|密码|口令")
_ASKS_NUMBER = re.compile(
    r"(?:手机|电话|联系|银行卡|卡|身份证|账|帐|微信|QQ|扣扣|座机|联系人)号?码?|号码|几号|多少号"
)
_ASKS_BIRTHDAY = re.compile(
    r"生日|[出初冲]生(?:日期|年月|年份)?(?!意)|哪年生|(?:核对|核实|身份).{0,14}(?:[几那]月[几那][号日]|哪一?年)"
)
_ID_WORD = re.compile(r"身份证|证件")
_TAIL_SAID = re.compile(
    r"(?:尾号|[后末]四位|[后末]六位|末尾|最后四位)(?:[数字号码是为叫那个，：:的 ]{0,4})"
    rf"(?P<digits>[{_DIGIT}](?:{_TIGHT}[{_DIGIT}]){{2,5}}[Xx]?)"
)
_CODE_SAID = re.compile(
    rf"(?:验证码|校验码|动态码|密码|口令)[^，。？！{_DIGIT}]{{0,6}}"
    rf"(?P<digits>[{_DIGIT}](?:{_TIGHT}[{_DIGIT}]){{3,7}})"
)
_JOB = re.compile(
    rf"(?:[工公]号|员工号|编号|案号|坐席号|执业证号|分机)[^，。？！{_DIGIT}]{{0,5}}"
    rf"(?P<digits>[{_DIGIT}](?:{_TIGHT}[{_DIGIT}{_NEAR}]){{1,7}})"
)
_HOTLINES = re.compile(
    r"1(?:10|14|19|20|22)|12\d{3}|[48]00\d{7}|95\d{3,6}|96\d{3,5}|100(?:86|10|00|01)|123(?:78|68|56|45|48|63|15)"
)
"""Numbers that belong to nobody: 110, 12378, 95xxx of banks, 10086, 400 and 800."""
_MONTHS: Final = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九元正腊])"
_ONES: Final = "一二三四五六七八九"
_DAYS: Final = rf"(?:[12][0-9]|3[01]|0?[1-9]|二十[{_ONES}]?|三十一?|廿[{_ONES}]?|十[{_ONES}]?|初?[{_ONES}十])"
_YEAR: Final = (
    rf"(?:(?:[12][0-9]{{3}}|[0-9]{{2}}|[一二][{_DIGIT}]{{3}}|[{_DIGIT}]{{2}})\s*年[的生]?\s*[，,]?\s*)"
)
_DATE = re.compile(
    rf"{_YEAR}?(?:农历|阴历|阳历)?{_MONTHS}\s*月\s*份?\s*{_DAYS}\s*[号日]?(?:生的|出生|生)?|{_YEAR}(?:生|出生)?"
)
_BORN = re.compile(
    rf"(?:生日|出生(?:日期|年月日)?)(?:[是在为，：: ]{{0,3}})(?P<day>{_DATE.pattern})"
    rf"|(?P<before>{_DATE.pattern})(?:的生日|出生|生人|生的)"
)
_NO_ANSWER = re.compile(
    r"不|没|为什么|干[嘛啥吗]|凭|你[是谁哪们]|谁|怎么|什么|啥|吗|等|对$|^[对是好行嗯哦喂啊，]+$|[我谢再请先您]|银行|记得|知道|方便"
)
"""What is said instead of an answer."""
_LONGEST_UNCLEAR: Final = 8
_PATIENCE: Final = 2
"""Turns after a question in which its answer may come."""

_IM = re.compile(
    r"(?:微信|QQ|qq|扣扣|支付宝|抖音|钉钉|邮箱|账号|帐号)(?:号码?|账号|帐号|名)?(?:是|为|叫|：|:|，|就是)?\s*"
    rf"(?P<name>[A-Za-z{_DIGIT}](?:[\s\-_.，、]?[A-Za-z{_DIGIT}]){{4,24}})"
)
_EMAIL = re.compile(
    r"[A-Za-z0-9_.+\-]{2,64}\s?(?:@|艾特)\s?[A-Za-z0-9\-]{1,32}(?:\.|点)[A-Za-z]{2,8}(?:\.[A-Za-z]{2,4})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of somebody, or a piece of it.

    Attributes:
        turn: position of its turn in what was searched.
        start: first character.
        end: after the last character.
        kind: what it is.
        value: its digits; of a piece, those of the whole. Never logged.
    """

    turn: int
    start: int
    end: int
    kind: Kind
    value: str


def numbers_in(turns: Sequence[Turn], *, heard: bool) -> Iterator[Number]:
    """Numbers of people in the turns of a call, in no order; they may overlap.

    Args:
        turns: of the call.
        heard: whether a recogniser wrote the text, so that digits may be written as what they sound like.
    """
    official = {value for turn in turns for value in _official(turn.text)}
    found = [*_in_pieces(turns)]
    for at, turn in enumerate(turns):
        found += [n for n in _in_turn(at, turn.text, heard=heard) if not _is_official(n.value, official)]
    found += [n for n in _answers(turns, heard=heard) if not _is_official(n.value, official)]
    yield from found
    yield from _said_again(turns, found, official)


def asks_for_secret(text: str) -> bool:
    """Whether somebody asks for digits or a day that a person is verified with, so that the answer is one."""
    return any(
        asks.search(text) for asks in (_ASKS_TAIL, _ASKS_CODE, _ASKS_BIRTHDAY)
    ) and not _TAIL_SAID.search(text)


def _in_turn(at: int, text: str, *, heard: bool) -> Iterator[Number]:
    """What one turn shows alone."""
    for one in find_personal(text):
        if one.kind not in (Kind.NAME, Kind.HOTLINE):
            yield Number(turn=at, start=one.start, end=one.end, kind=one.kind, value=one.value)
    for run in _LONG.finditer(text):
        yield _number(at, run.span(), text, _kind_by_length(digits_of(run.group())))
    if heard:
        yield from _misheard(at, text)
    for said in _TAIL_SAID.finditer(text):
        before = text[max(0, said.start() - 12) : said.start()]
        kind = Kind.ID_TAIL if _ID_WORD.search(before) else Kind.CARD_TAIL
        yield _number(at, said.span("digits"), text, kind)
    for said in _CODE_SAID.finditer(text):
        yield _number(at, said.span("digits"), text, Kind.CODE)
    for run in _SAID_SINGLY.finditer(text):
        if not _amount_before(text, run.start()):
            yield _number(at, run.span(), text, Kind.CODE)
    for said in _BORN.finditer(text):
        group = "day" if said["day"] else "before"
        yield _number(at, said.span(group), text, Kind.BIRTHDAY)
    for said in _IM.finditer(text):
        if len(digits_of(said["name"])) >= 5 or re.search("[A-Za-z].*[0-9]|[A-Za-z]{5}", said["name"]):
            yield Number(
                turn=at, start=said.start("name"), end=said.end("name"), kind=Kind.ACCOUNT, value=said["name"]
            )
    for said in _EMAIL.finditer(text):
        yield Number(turn=at, start=said.start(), end=said.end(), kind=Kind.ACCOUNT, value=said.group())


def _amount_before(text: str, at: int) -> bool:
    return bool(re.search(r"[十百千万亿第逾期]$", text[:at]))


def _misheard(at: int, text: str) -> Iterator[Number]:
    for run in _MISHEARD.finditer(text):
        said = [c for c in run.group() if not re.fullmatch(_TIGHT, c)]
        real = sum(bool(re.fullmatch(f"[{_DIGIT}]", c)) for c in said)
        if len(said) >= 7 and real >= _FEWEST_REAL * len(said):
            yield _number(at, run.span(), text, _kind_by_length(value_of(run.group())))


def _answers(turns: Sequence[Turn], *, heard: bool) -> Iterator[Number]:
    """Short numbers that somebody had been asked for; in the same turn too, where voices ran together."""
    for at, turn in enumerate(turns):
        for asks, kind in ((_ASKS_TAIL, None), (_ASKS_CODE, Kind.CODE), (_ASKS_BIRTHDAY, Kind.BIRTHDAY)):
            asked = next(reversed([*asks.finditer(turn.text)]), None)
            if asked is None:
                continue
            before = turn.text[max(0, asked.start() - 12) : asked.start()]
            meant = kind or (Kind.ID_TAIL if heard or _ID_WORD.search(before) else Kind.CARD_TAIL)
            yield from _answered(turns, at, asked.end(), meant, heard=heard)


def _answered(turns: Sequence[Turn], at: int, end: int, kind: Kind, *, heard: bool) -> Iterator[Number]:
    """The answer to a question that ends in ``turns[at]``, and the asker's repetition of it."""
    yield from _answer(at, turns[at].text, end, kind, heard=heard, same=True)
    done = False
    for later in range(at + 1, min(len(turns), at + 1 + _PATIENCE * 2)):
        text = turns[later].text
        if turns[later].role is turns[at].role:
            if _is_repetition(text):
                yield from _answer(later, text, 0, kind, heard=False, same=False)
            if done:
                return
        elif not done:
            found = [*_answer(later, text, 0, kind, heard=heard, same=False)]
            done = bool(found)
            yield from found


def _is_repetition(text: str) -> bool:
    return bool(re.match(rf"[嗯好的是对哦那，]{{0,4}}[{_DIGIT}]", text))


def _answer(at: int, text: str, start: int, kind: Kind, *, heard: bool, same: bool) -> Iterator[Number]:
    if kind is Kind.BIRTHDAY:
        days = [
            day
            for day in _DATE.finditer(text, start)
            if len(day.group()) >= 3 and not re.match(r"[还前之到以]", text[day.end() :])
        ]
        yield from (_number(at, day.span(), text, kind) for day in days)
        if heard and not days:
            # in the asker's own turn the answer comes after the question mark
            left = max(text.find("？", start) + 1, start) if same else 0
            for piece in _unclear(at, text[left:], kind):
                yield _number(at, (left + piece.start, left + piece.end), text, kind)
        return
    for run in _SHORT.finditer(text, start):
        tail = text[run.end() :]
        if re.match(_UNITS, tail) or _amount_before(text, run.start()):
            continue
        if same and run.start() - start > 12:
            continue
        yield _number(at, run.span(), text, kind)
    if heard and not same:
        yield from _unclear(at, text, kind)


def _unclear(at: int, text: str, kind: Kind) -> Iterator[Number]:
    """The beginning of an answer that holds no number as heard: what was misheard is said all the same."""
    digits = re.match(rf"(?:[{_DIGIT}{_NEAR}A-Za-z]{_TIGHT}){{3,6}}", text)
    if digits and re.search(f"[{_DIGIT}A-Z]", digits.group()):
        yield _number(at, (0, len(digits.group().rstrip("，、, "))), text, kind)
        return
    clause = re.match(r"[^，。？！]+", text)
    if clause and len(clause.group()) <= _LONGEST_UNCLEAR and not _NO_ANSWER.search(clause.group()):
        yield _number(at, clause.span(), text, kind)


def _in_pieces(turns: Sequence[Turn]) -> Iterator[Number]:
    """Numbers said over several turns: those whose form is right, and whatever was asked for as one."""
    positions = {turn.index: at for at, turn in enumerate(turns)}
    for number in split_numbers(turns):
        for piece in (*number.pieces, *number.read_back):
            yield Number(
                turn=positions[piece.turn],
                start=piece.start,
                end=piece.end,
                kind=number.kind,
                value=number.value,
            )
    for at, turn in enumerate(turns):
        if _ASKS_NUMBER.search(turn.text):
            yield from _asked_for(turns, at)


def _asked_for(turns: Sequence[Turn], at: int) -> Iterator[Number]:
    """The pieces that follow a question for a number, when together they are long enough for one."""
    pieces: list[tuple[int, tuple[int, int]]] = []
    for later in range(at + 1, len(turns)):
        text = turns[later].text
        spans = [
            run.span()
            for run in re.finditer(rf"(?<![{_DIGIT}])[{_DIGIT}](?:{_TIGHT}[{_DIGIT}])*+[Xx]?", text)
            if not re.match(_UNITS, text[run.end() :]) and not _amount_before(text, run.start())
        ]
        rest = len(re.sub(rf"[{_DIGIT}\W嗯啊哦好对是的继续然后请说您后面还有呢吗]", "", text))
        if rest > 2:
            break
        pieces += [(later, span) for span in spans]
    by_others = [p for p in pieces if turns[p[0]].role is not turns[at].role]
    value = "".join(digits_of(turns[t].text[slice(*span)]) for t, span in by_others)
    if len(value) >= 7 and len({t for t, _ in by_others}) > 1:
        for t, (start, end) in pieces:
            yield Number(turn=t, start=start, end=end, kind=_kind_by_length(value), value=value)


def _said_again(turns: Sequence[Turn], found: Sequence[Number], official: set[str]) -> Iterator[Number]:
    """Four digits or more of a number that is known by now, wherever they are said."""
    whole = {n.value: n.kind for n in found if len(n.value) >= 4 and n.value.isalnum()}
    if not whole:
        return
    for at, turn in enumerate(turns):
        for run in re.finditer(rf"[{_DIGIT}](?:{_TIGHT}[{_DIGIT}]){{3,}}[Xx]?", turn.text):
            said = digits_of(run.group())
            if re.match(_UNITS, turn.text[run.end() :]) or _is_official(said, official):
                continue
            kind = next((kind for value, kind in whole.items() if said in value or value in said), None)
            if kind is not None:
                value = next(value for value in whole if said in value or value in said)
                yield Number(turn=at, start=run.start(), end=run.end(), kind=kind, value=value)


def _official(text: str) -> Iterator[str]:
    """Numbers that belong to nobody or to the agent's job: they stay readable wherever they are said."""
    for job in _JOB.finditer(text):
        yield value_of(job["digits"])
        yield digits_of(job["digits"])


def _is_official(value: str, official: set[str]) -> bool:
    return value in official or bool(_HOTLINES.fullmatch(value))


def _number(at: int, span: tuple[int, int], text: str, kind: Kind) -> Number:
    return Number(turn=at, start=span[0], end=span[1], kind=kind, value=value_of(text[slice(*span)]))


def value_of(said: str) -> str:
    """Digits as said, what sounds like one read as one; letters stay."""
    return "".join(
        c
        for c in said.translate(SPOKEN).translate(HOMOPHONES).upper()
        if c.isdecimal() or (c.isascii() and c.isalpha())
    )


def _kind_by_length(digits: str) -> Kind:
    length = len(digits)
    if length in (15, 18):
        return Kind.ID_CARD
    if re.fullmatch(r"(?:86)?1[3-9]\d{9}", digits):
        return Kind.MOBILE
    if length >= 16:
        return Kind.BANK_CARD
    return Kind.LANDLINE if length in (10, 11, 12) and digits.startswith("0") else Kind.ACCOUNT
