"""The recognizer specifications as cases, and the rule by which a call can hold one.

What a call holds is speech, written down by a recogniser or a person, about a debt of the last years.
So these are left out, each counted under its reason:

* forms that only writing has: dates as figures with marks, brackets, scientific notation, banker's numerals;
* what a promise has no use for: the hour, lengths of time, repetitions;
* history and statistics: dynasties, centuries, queries to a database, sums beyond any consumer debt,
  negative sums, other currencies, foreign telephone numbers;
* words without a day of their own that the specification puts on the day of reference (``最近``);
* what the specification says wrongly or in two ways.

The specification gives lunar days unconverted (the Mid-Autumn Festival as 15 August); they are compared
in the lunar calendar, because what a promise needs is the day itself. A stretch is right with its first and
last day, where the specification ends it on the day after, or (from month to month) on the first of the
last month. Where the specification gives a past and a coming day, either is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pipeline.detect.entities import identities_in, phones_in
from pipeline.detect.figures import percents_in
from pipeline.detect.patterns import fold
from pipeline.metadata import CHINA
from pipeline.outcome.amounts import AmountKind, find_amounts
from pipeline.outcome.dates import DateSpan, find_dates
from pipeline.outcome.festivals import lunar_month_and_day
from pipeline.speech.text import plain, simplify

Json = dict[str, Any]
HIGHEST = Decimal(100_000_000)
"""Yuan: no consumer owes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text with what is to come out of it.

    Attributes:
        group: ``date``, ``amount``, ``share``, ``phone`` and so on.
        form: what kind of expression it is, to sort failures by.
        text: as the specification gives it.
        check: whether it comes out.
    """

    group: str
    form: str
    text: str
    check: Callable[[], bool]

    def passes(self) -> bool:
        """Whether the expected values come out."""
        return self.check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A case that no call holds."""

    group: str
    reason: str
    text: str


def cases_of(folder: Path) -> list[Case | Left]:
    """All cases of the specifications in ``folder``, each once."""
    found: list[Case | Left] = []
    for name in (
        "DateParser",
        "HolidayParser",
        "DatePeriodParser",
        "DateTimeParser",
        "DateTimePeriodParser",
        "DateTimeModel",
    ):
        found += [_date_case(case) for case in _read(folder / "DateTime" / f"{name}.json")]
    found += [_money_case(case) for case in _read(folder / "NumberWithUnit" / "CurrencyModel.json")]
    found += [_number_case(case) for case in _read(folder / "Number" / "NumberModel.json")]
    found += [_share_case(case) for case in _read(folder / "Number" / "PercentModel.json")]
    found += [_phone_case(case) for case in _read(folder / "Sequence" / "PhoneNumberModel.json")]
    return list({(c.group, c.text, getattr(c, "form", "")): c for c in found}.values())


def pairs_of(folder: Path) -> list[Case | Left]:
    """The spoken-written pairs that name numbers, money, days, telephone or identity numbers."""
    root = folder / "itn" if (folder / "itn").is_dir() else folder
    readers = {
        "number": _spoken_number,
        "money": _spoken_money,
        "date": _spoken_date,
        "cardinal": _spoken_digits,
    }
    found = []
    for name, read in readers.items():
        for line in (root / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if "=>" in line:
                spoken, written = (part.strip() for part in line.split("=>"))
                found.append(read(spoken, written))
    return found


def as_transcribed(text: str) -> str:
    """The text as a transcript of the pipeline has it."""
    return plain(simplify([text])[0])


def _read(path: Path) -> list[Json]:
    if not path.exists():
        return []
    return list(json.loads(path.read_text(encoding="utf-8-sig")))


# Days -------------------------------------------------------------------------------------------------

_WRITTEN = re.compile(
    r"[日月年]\s*[-–]\s*\d|^从2016-2018|\d[-/.\s]+\d+[-/.\s]\d|^\d+/\d+$|\b20\d\d-20\d\d|^=|^从?20\d\d(?:到20\d\d)?$|^2018$"
)
_HISTORY = re.compile(r"神龙|康熙|雍正|民国|世纪|年代|三六七年|789年|1357年|1789|\d{4}\s*[-–]\s*\d{4}年")
_QUERY = re.compile(r"排列|Created On|最后更新|网络连接|受方|公园|滚动负荷|销售|出版日期|不超过|离散数学")
_SEASON = re.compile("夏天|春天|秋天|冬天")
_VAGUE = re.compile("最近|马上|还剩|现在到")
_DAY_WORDS = re.compile(r"[今明后昨前]|日|号|周|星期|礼拜|月|年")
_LUNAR = re.compile("农历|正月|初|大年|春节|元宵|端午|中秋|重阳|除夕")
_WRONG = re.compile("^除夕$|^大年三十$")
Option = tuple[str, date | None, date | None]


def _date_case(case: Json) -> Case | Left:
    text, results = case["Input"], case["Results"]
    kinds = {_kind(result) for result in results}
    values = [_options(result) for result in results if _kind(result) not in _NO_DAY]
    reason = _left_out(text, results, kinds, values)
    if reason:
        return Left(group="date", reason=reason, text=text)
    called_at = _reference(case)
    return Case(
        group="date",
        form=" and ".join(sorted(kinds)) or "no day",
        text=text,
        check=lambda: _dates_right(text, called_at, values),
    )


_NO_DAY = frozenset({"time", "timerange", "duration", "set"})


def _left_out(text: str, results: Sequence[Json], kinds: set[str], values: list[list[Option]]) -> str:
    named = " ".join(result["Text"] for result in results)
    if results and kinds <= _NO_DAY:
        return "the hour, a length of time or a repetition"
    if any(_kind(r) in ("datetime", "datetimerange") and not _DAY_WORDS.search(_daypart(r)) for r in results):
        return "hours or minutes from now"
    if _HISTORY.search(text):
        return "history"
    if _QUERY.search(text):
        return "a query to a database"
    if _WRITTEN.search(named):
        return "a form that only writing has"
    if _VAGUE.search(named):
        return "no day of its own"
    if _SEASON.search(named):
        return "a season, which the specification does not resolve either"
    if _WRONG.search(named) or (text == "12号" and not results):
        return "the specification is wrong or says it in two ways"
    return ""


def _daypart(result: Json) -> str:
    return re.sub(r"[上下]午|\d+分钟|\d+小时|之?[前后]|未来|个?小时|[点分]", "", result["Text"])


def _kind(result: Json) -> str:
    return str(result.get("TypeName") or result["Type"]).split(".")[-1]


def _reference(case: Json) -> datetime:
    told = case.get("Context", {}).get("ReferenceDateTime", "2019-08-19T12:00:00")
    return datetime.fromisoformat(told).replace(tzinfo=CHINA)


def _options(result: Json) -> list[Option]:
    """What the specification lets one entity be: kind, first and last day."""
    if "Resolution" in result:
        values = result["Resolution"]["values"]
        return [_option(v.get("value"), v.get("start"), v.get("end"), v.get("Mod")) for v in values]
    found = []
    for which in ("FutureResolution", "PastResolution"):
        value = result["Value"].get(which) or {}
        ends = [value.get(f"{end}{kind}") for end in ("start", "end") for kind in ("Date", "DateTime")]
        start, end = (next(filter(None, pair), None) for pair in (ends[:2], ends[2:]))
        found.append(_option(value.get("date") or value.get("dateTime"), start, end, None))
    return found


def _option(value: str | None, start: str | None, end: str | None, mod: str | None) -> Option:
    if value == "not resolved" or (value or "").startswith("0001"):
        return ("none", None, None)
    if value:
        return ("day", _day(value), _day(value))
    if start and end:
        return ("stretch", _day(start), _day(end))
    return (mod or "", _day(start) if start else None, _day(end) if end else None)


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _dates_right(text: str, called_at: datetime, values: list[list[Option]]) -> bool:
    spans = find_dates(as_transcribed(text), called_at)
    resolved = [options for options in values if any(kind != "none" for kind, *_ in options)]
    if not resolved:
        return not spans
    is_lunar = bool(_LUNAR.search(text))
    return all(
        any(_is(span, option, lunar=is_lunar) for span in spans for option in options) for options in resolved
    )


def _is(span: DateSpan, option: Option, *, lunar: bool) -> bool:
    kind, start, end = option
    after = span.day + timedelta(days=1)
    if kind == "day" and start:
        if lunar and lunar_month_and_day(span.day) == (start.month, start.day):
            return True
        return span.day == start
    if kind == "stretch" and start and end:
        ends = {span.day, after, span.day.replace(day=1)} | {span.day.replace(month=1, day=1)}
        return span.first == start and end in ends
    if kind in ("before", "until"):
        return end in (span.day, span.first, after)
    return start in (span.first, span.day, after)


# Amounts, shares, numbers -----------------------------------------------------------------------------

_BANKERS = re.compile("[壹贰叁肆伍陆柒捌玖拾佰仟倆陸參]|兆")
_NOTATION = re.compile(r"[eE^]|[kKM]\b|[A-Za-z]|－－|--|\.\.\.|^\.|^-\.|\d\.\d+\.\d|, |\$|￥")
_UNUSUAL = re.compile("打|双|对|零十|万万|千万零六千|两千三点一|五十千")


def _yuan_in(text: str) -> list[Decimal]:
    spans = find_amounts(as_transcribed(text))
    return [s.yuan for s in spans if s.kind is AmountKind.YUAN and s.yuan is not None]


def _money_case(case: Json) -> Case | Left:
    text = case["Input"]
    units = [(r["Resolution"].get("unit"), r["Resolution"].get("value")) for r in case["Results"]]
    sums = [Decimal(str(v)) for unit, v in units if unit == "Chinese yuan" and v not in (None, "null")]
    if "兆" in text or (sums and max(sums) > HIGHEST * 100):
        return Left(group="amount", reason="beyond any consumer debt", text=text)
    if case["Results"] and not sums:
        return Left(group="amount", reason="another currency, or a unit without a number", text=text)
    if "￥" in text:
        return Left(group="amount", reason="a form that only writing has", text=text)
    return Case(
        group="amount",
        form="yuan" if sums else "no amount",
        text=text,
        check=lambda: all(s in _yuan_in(text) for s in sums) and (bool(sums) or not _yuan_in(text)),
    )


def _number_case(case: Json) -> Case | Left:
    """Numbers are read where an amount of money stands: ``先还<number>块钱``."""
    text = case["Input"]
    named = [(r["Text"], r["Resolution"]["value"]) for r in case["Results"]]
    numerals = " ".join(numeral for numeral, _ in named)
    reason = ""
    try:
        values = [Decimal(str(value)) for _, value in named]
    except InvalidOperation:
        values, reason = [], "not a number"
    if "分之" in re.sub(r"\s", "", text) or re.search(r"\d/\d|／", text):
        reason = "fractions"
    elif _NOTATION.search(text) and named:
        reason = "a form that only writing has"
    elif _BANKERS.search(simplify([numerals])[0]) or re.search("[壹倆]", text):
        reason = "banker's numerals or magnitudes"
    elif _UNUSUAL.search(numerals) or "打" in text:
        reason = "dozens, or numerals that no speaker forms"
    elif any(v <= 0 for v in values):
        reason = "negative sums"
    elif any(v > HIGHEST for v in values):
        reason = "beyond any consumer debt"
    elif not named and any(word in text for word in ("小数", "折")):
        reason = "not an amount"
    if reason:
        return Left(group="amount", reason=reason, text=text)
    if not named:
        return Case(group="amount", form="no amount", text=text, check=lambda: not _yuan_in(text))
    return Case(
        group="amount",
        form="numeral",
        text=text,
        check=lambda: all(_yuan_in(f"先还{n}块钱") == [v] for (n, _), v in zip(named, values, strict=True)),
    )


def _share_case(case: Json) -> Case | Left:
    text = case["Input"]
    named = [(r["Text"], r["Resolution"]["value"]) for r in case["Results"]]
    simple = simplify([text])[0]
    if _BANKERS.search(simple) or re.search("[佰]", simple):
        return Left(group="share", reason="banker's numerals", text=text)
    if re.search("[kKＫ]|http|万万分|百万分|千万分|15,123|１１１，１１１|七十五万", text):
        return Left(group="share", reason="a form that only writing has", text=text)
    if re.search("百分位|百分[点點]", text) and not named:
        return Left(group="share", reason="two numbers at once", text=text)
    if any("-" in str(v) for _, v in named) or "-" in text:
        return Left(group="share", reason="negative shares and ranges in figures", text=text)
    if not named:
        return Case(group="share", form="no share", text=text, check=lambda: not _shares(text))
    values = [Decimal(str(value).rstrip("%")) for _, value in named]
    return Case(group="share", form="share", text=text, check=lambda: all(v in _shares(text) for v in values))


def _shares(text: str) -> list[Decimal]:
    return [figure.value for figure in percents_in(as_transcribed(text))]


# Telephone numbers ------------------------------------------------------------------------------------

_CHINESE = re.compile(
    r"1[3-9]\d{9}|(?:010|02[0-57-9]|0[3-9]\d\d)[2-8]\d{6,7}(?:\d{3,4})?|[48]00\d{7}|[2-8]\d{6,7}"
)


def _phone_case(case: Json) -> Case | Left:
    text = case["Input"]
    named = [r["Text"] for r in case["Results"]]
    if not named and re.search(r"1[3-9]\d{9}", text):
        return Left(group="phone", reason="a mobile number that the specification passes over", text=text)
    if any(re.search(r"[()（）.xX/]|ext", n) for n in named):
        return Left(group="phone", reason="a form that only writing has", text=text)
    if not all(_CHINESE.fullmatch(_home(n)) for n in named):
        return Left(group="phone", reason="foreign", text=text)
    return Case(
        group="phone",
        form="number" if named else "no number",
        text=text,
        check=lambda: _phones(text) == [_home(n) for n in named],
    )


def _phones(text: str) -> list[str]:
    folded = fold(text)
    return [_home(folded[start:end]) for start, end in sorted(phones_in(folded))]


def _home(number: str) -> str:
    """The digits of a number without the code of the country."""
    digits = re.sub(r"\D", "", number.translate(_SPOKEN))
    return re.sub(r"^(?:00)?86(?=\d{10,})", "", digits)


_SPOKEN = str.maketrans("零〇一二三四五六七八九幺两洞拐勾柒玖", "0012345678912" + "07979")


# Spoken-written pairs ---------------------------------------------------------------------------------


def _spoken_number(spoken: str, written: str) -> Case | Left:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:万(\d+)?)?", written)
    if not match or written.startswith("-"):
        return Left(group="pair: number", reason="negative, or a sentence about numbers", text=spoken)
    value = Decimal(match[1]) * (10_000 if "万" in written else 1) + Decimal(match[2] or 0)
    if value == 0:
        return Left(group="pair: number", reason="nothing to pay", text=spoken)
    return Case(
        group="pair: number",
        form="numeral",
        text=spoken,
        check=lambda: _yuan_in(f"先还{spoken}块钱") == [value],
    )


def _spoken_money(spoken: str, written: str) -> Case | Left:
    match = re.fullmatch(r"(?:¥|CNY)(\d+(?:\.\d+)?)", written)
    if not match:
        return Left(group="pair: money", reason="another currency", text=spoken)
    value = Decimal(match[1])
    return Case(group="pair: money", form="yuan", text=spoken, check=lambda: _yuan_in(spoken) == [value])


def _spoken_date(spoken: str, written: str) -> Case | Left:
    if "公元" in spoken:
        return Left(group="pair: date", reason="history", text=spoken)
    numbers = [int(n) for n in re.findall(r"\d+", written)]
    called_at = datetime(2019, 8, 19, 12, tzinfo=CHINA)

    def check() -> bool:
        spans = find_dates(spoken, called_at)
        return len(spans) == 1 and _agrees(spans[0], numbers, "年" in spoken)

    return Case(group="pair: date", form="day", text=spoken, check=check)


def _agrees(span: DateSpan, numbers: list[int], has_year: bool) -> bool:
    parts = [span.day.year, span.day.month, span.day.day]
    wanted = parts[: len(numbers)] if has_year else parts[1:]
    century = [wanted[0] % 100, *wanted[1:]] if wanted else []
    return numbers in (wanted, century)


def _spoken_digits(spoken: str, written: str) -> Case | Left:
    digits = re.search(r"\d{9,}X?", written)
    if not digits:
        return Left(group="pair: digits", reason="no telephone or identity number", text=spoken)

    def check() -> bool:
        folded = fold(spoken)
        finder = identities_in if "身份证" in spoken else phones_in
        return [_digits(folded[a:b]) for a, b in _each(finder(folded))] == [digits[0]]

    return Case(group="pair: digits", form="digits", text=spoken, check=check)


def _digits(spoken: str) -> str:
    return re.sub(r"[^\dX]", "", spoken.upper().translate(_SPOKEN))


def _each(found: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(found)
