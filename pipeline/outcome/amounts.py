"""Money in spoken or recognised Chinese: ``五千八``, ``3,000元``, ``一半``, ``全部还清``.

Numerals are read by cn2an; this module finds where they stand, tells money from other numbers
(days, instalments, ages, badge and phone numbers, shares) and adds what cn2an does not know:
decimals in 块/毛/分, thousands separators, a day of the month glued to an amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import cn2an


class AmountKind(StrEnum):
    """What an amount counts from."""

    YUAN = "yuan"
    HALF = "half"
    MINIMUM = "minimum"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountSpan:
    """An amount where it stands in a text.

    Attributes:
        start: code-point offset of the first character.
        end: offset after the last character.
        kind: ``yuan`` for a number, else the part of the debt that is meant.
        yuan: the number, ``None`` for the other kinds.
        exact: false for ``三千多``: the speaker named no definite amount.
        otherwise: what else the recogniser may have heard, likeliest first: it writes 三千二百六 as
            ``32006``, and 元 as 亿. For whoever knows the debt and finds ``yuan`` impossible.
    """

    start: int
    end: int
    kind: AmountKind
    yuan: Decimal | None = None
    exact: bool = True
    otherwise: tuple[Decimal, ...] = ()


_DIGIT = "零〇一二两三四五六七八九"
_MAGNITUDE = "百千万亿"
_WEEKDAY = r"(?:(?<!周)(?<!星期)(?<!礼拜)|(?=.[百千万]))"  # 周五五百: the first 五 is a weekday
_NUMBER = re.compile(
    rf"(?<!第)(?<!分之)(?<![.:：/\d]){_WEEKDAY}(?:[{_DIGIT}十\d]|(?<![{_DIGIT}十半几])[百千](?=[{_DIGIT}][块元]))"
    rf"(?:[{_DIGIT}十{_MAGNITUDE}\d]|(?<=\d),(?=\d{{3}}(?!\d))|(?<=\d)\.(?=\d)"
    rf"|点(?=[{_DIGIT}]+(?:[万元块]|人民币)))*"
)
_UNIT = re.compile(
    rf"(?P<about>[多来几余]?)(?P<yuan>元|块钱|块|人民币)(?:(?<!币)(?P<jiao>[{_DIGIT}\d])(?P<mao>毛|角)?)?"
)
_NOT_TENTHS = re.compile(rf"[{_DIGIT}十{_MAGNITUDE}\d个天期号月点分]")  # 三千块三期: 三 belongs to 期
_FEN = re.compile(rf"(?P<fen>[{_DIGIT}\d])(?:分|(?![{_DIGIT}十{_MAGNITUDE}\d个天期号月点元块毛角]))")
"""``八毛五``: the 分 is mostly left out."""
_ABOUT = re.compile(r"多|几|余|出头")
_ABOUT_SO_MANY = re.compile(r"零?[多几余来](?P<magnitude>[百千万])")  # 十几万, 一千多万
_COUNTED = re.compile(
    r"[多来几余]?(?:[个天岁次遍位名户期页倍件台辆斤亩米度]|人(?!民)|通(?!过)|家(?!里|人)|回(?!头|去|来|款)"
    r"|年(?![底前初])|月(?![底初末])|分之|公里|里地|里路|小时|秒|强|[%％/:：-]|美元|日元|港币|欧元)"
)
_SERIAL = re.compile(
    r"(?:工号|尾号|卡号|账号|后四位|末四位|末尾|编号|身份证|证件|电话|热线|号码|手机|密码|合同号|案号|验证码|拨打?|打)"
    r"[^，。？！,?!元块]{0,4}$"
)
_HOTLINE = re.compile(r"1[12]0|119|12\d{3}|95\d{3}|9\d{4}")
_DAY_AT_END = re.compile(r"三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九]")
_TOGETHER = re.compile(r"一块(?!钱|[一二两三四五六七八九\d])")
_RELATIVE = (
    (AmountKind.HALF, re.compile(r"(?<!大)(?<!多)一半儿?|对半")),
    (AmountKind.MINIMUM, re.compile(r"最低(?:还款)?(?:额|金额)?")),
    (
        AmountKind.FULL,
        re.compile(
            r"全部|全额|全款|[全都]还(?!没|有|是)|(?<!已)[结还付缴交]清(?!以?后|之后|证明|的?话|状态)"
            r"|还完|清掉|还齐|补齐|一次性|一次还|一把还|全给"
        ),
    ),
)


def find_amounts(text: str) -> tuple[AmountSpan, ...]:
    """All amounts in ``text``, in order of position, not overlapping."""
    spans = [span for match in _NUMBER.finditer(text) if (span := _read(text, match)) is not None]
    for kind, pattern in _RELATIVE:
        spans += [AmountSpan(start=m.start(), end=m.end(), kind=kind) for m in pattern.finditer(text)]
    spans.sort(key=lambda span: (span.start, -span.end))
    kept: list[AmountSpan] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


@lru_cache(maxsize=4_096)
def read_number(numeral: str) -> Decimal | None:
    """The value of a numeral in hanzi, digits or a mix (``三万五``, ``1.2万``, ``3千5``).

    Returns ``None`` for what names no one number: ``七八百``, ``幺二三``, half a numeral. Kept, for calls
    name the same amounts over and over, and cn2an takes its time.
    """
    numeral = numeral.replace(",", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", numeral):
        return Decimal(numeral)
    if re.fullmatch(rf"[百千][{_DIGIT}]", numeral):
        numeral = "一" + numeral
    if len(numeral) > 1 and not re.search(rf"[十{_MAGNITUDE}点\d]", numeral):
        return None
    if "点" in numeral and numeral.endswith("万"):
        decimal = read_number(numeral.removesuffix("万"))
        return None if decimal is None else decimal * 10_000
    try:
        return Decimal(str(cn2an.cn2an(numeral, "smart")))
    except (ValueError, KeyError):  # cn2an 0.5.24 stumbles with KeyError over such as 0万33
        return None


def _read(text: str, match: re.Match[str]) -> AmountSpan | None:
    numeral, end = match.group(), match.end()
    about = _ABOUT_SO_MANY.match(text, end)
    if about:
        return _about_so_many(text, match, about)
    unit = _UNIT.match(text, end)
    if unit and not _TOGETHER.match(text, match.start()):
        return _with_unit(text, match.start(), numeral, unit)
    if text[end : end + 1] in ("号", "日"):
        numeral = _without_day(numeral)
        end = match.start() + len(numeral)
    elif _COUNTED.match(text, end):
        return None
    if not numeral or not _is_money(text[: match.start()], numeral):
        return None
    yuan = read_number(numeral)
    if yuan is None:
        return None
    return AmountSpan(
        start=match.start(),
        end=end,
        kind=AmountKind.YUAN,
        yuan=yuan,
        exact=not _ABOUT.match(text, end),
        otherwise=_otherwise(numeral),
    )


def _about_so_many(text: str, match: re.Match[str], about: re.Match[str]) -> AmountSpan | None:
    """``十几万`` is at least 100,000; a unit of money may follow or not."""
    many, magnitude = read_number(match.group()), read_number("一" + about["magnitude"])
    unit = _UNIT.match(text, about.end())
    if many is None or magnitude is None or (not unit and _COUNTED.match(text, about.end())):
        return None
    end = unit.end("yuan") if unit else about.end()
    yuan = many * magnitude
    return AmountSpan(start=match.start(), end=end, kind=AmountKind.YUAN, yuan=yuan, exact=False)


def _otherwise(numeral: str) -> tuple[Decimal, ...]:
    """What ``numeral`` stands for if the recogniser joined two figures or took 元 for 亿."""
    numeral = numeral.replace(",", "")
    digits = numeral.removesuffix("亿")
    found = [Decimal(digits)] if digits != numeral and digits.isdecimal() else []
    joined = re.fullmatch(r"([1-9]\d*?)(0{2,4})([1-9])", digits)
    if joined and len(digits) > 4:  # 3200|6: what follows a magnitude counts tenths of it
        found.append(Decimal(digits[:-1]) + int(joined[3]) * 10 ** (len(joined[2]) - 1))
    return tuple(found)


def _with_unit(text: str, start: int, numeral: str, unit: re.Match[str]) -> AmountSpan | None:
    yuan = read_number(numeral)
    if yuan is None:
        return None
    end = unit.end("yuan")
    jiao = unit.group("jiao")
    if jiao and (unit.group("mao") or not _NOT_TENTHS.match(text, unit.end())):
        yuan, end = yuan + (read_number(jiao) or 0) / Decimal(10), unit.end()
    fen = _FEN.match(text, end) if unit.group("mao") else None
    if fen:
        yuan, end = yuan + (read_number(fen.group("fen")) or 0) / Decimal(100), fen.end()
    exact = unit.group("about") in ("", "来")
    return AmountSpan(
        start=start, end=end, kind=AmountKind.YUAN, yuan=yuan, exact=exact, otherwise=_otherwise(numeral)
    )


def _without_day(numeral: str) -> str:
    """What is left of ``三千十五`` when ``号`` follows: ``三千``; empty when it is only a day."""
    for length in (3, 2, 1):
        head, tail = numeral[:-length], numeral[-length:]
        is_amount = bool(re.search(r"[百千万]", head)) and read_number(head) is not None
        if is_amount and _DAY_AT_END.fullmatch(tail):
            return head
    return ""


def _is_money(before: str, numeral: str) -> bool:
    """Whether a numeral without a unit is said as people say amounts."""
    if re.search(rf"[{_MAGNITUDE}]", numeral) or re.fullmatch(r"[1-9]\d*00[一二三四五六七八九]", numeral):
        return True  # recognition also writes 三千二百六 as 3200六
    if not re.fullmatch(r"[1-9][\d,]{2,7}(?:\.\d{1,2})?", numeral):
        return False
    return not _HOTLINE.fullmatch(numeral) and not _SERIAL.search(before[-12:])
