"""What is named in a turn: phone, identity and card numbers, money, days, persons, plates, addresses.

Numbers may be written or said digit by digit (``幺三八…``), with the pauses that people make. Where the
length and form of a run of digits leave a choice, an identity number goes before a card, a card before
a phone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.detect.context import sentence_at
from pipeline.outcome.amounts import AmountKind, find_amounts
from pipeline.outcome.dates import find_dates
from pipeline.redact import forms_of, long_numbers, surname_length
from pipeline.whereabouts import addresses_in, plates_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]

ANY_DAY = datetime(2000, 1, 1)
"""Days are counted from it where the start of the call is not known: whether a day is named does not
hang on it (a leap year, so that no day is missing)."""

SPOKEN = str.maketrans(
    "零〇一二三四五六七八九幺两洞拐勾柒玖０１２３４５６７８９", "0012345678912" + "07979" + "0123456789"
)
"""Digits as people say them: 幺, 洞, 拐 and 勾 are 1, 0, 7 and 9 over a bad line."""
_PAUSE = r"[\s\-－—，、,·]{0,3}"


_IDENTITY = tuple(
    re.compile(form.replace("-", _PAUSE))
    for form in (
        r"(?<!\d)[123456789](?:-\d){5}-(?:1-9|2-0)-\d-\d-(?:0-[123456789]|1-[012])-(?:[012]-\d|3-[01])(?:-\d){3}-[\dxX](?!\d)",
        r"(?<!\d)[123456789](?:-\d){5}-\d-\d-(?:0-[123456789]|1-[012])-(?:[012]-\d|3-[01])(?:-\d){3}(?!\d)",
    )
)
_CARD = re.compile(rf"(?<!\d)[3-6](?:{_PAUSE}\d){{15,18}}(?!\d)")
_CHINA = rf"(?<![\d.A-Za-z])(?:(?:0{_PAUSE}0{_PAUSE})?8{_PAUSE}6{_PAUSE})?"
_PHONE = (
    re.compile(rf"{_CHINA}1{_PAUSE}[3-9](?:{_PAUSE}\d){{9}}(?!\d)"),
    re.compile(  # area codes are 010, 02x and 0xxx from 03 on; an extension may follow
        rf"{_CHINA}0{_PAUSE}(?:1{_PAUSE}0|2{_PAUSE}\d|[3-9](?:{_PAUSE}\d){{2}}){_PAUSE}[1-9](?:{_PAUSE}\d){{6,7}}"
        r"(?:-\d{3,4})?(?!\d)"
    ),
    re.compile(rf"(?<![\d.A-Za-z])[48](?:{_PAUSE}0){{2}}(?:{_PAUSE}\d){{7}}(?!\d)"),
)
_LOCAL_PHONE = re.compile(rf"(?<![\d.A-Za-z])[2-8](?:{_PAUSE}\d){{6,7}}(?!\d)")
_PHONE_WORD = re.compile(r"(?:电话|座机|热线|传真|号码)[^，。？！,?!]{0,6}$")
_NAMED_BEFORE = 12
_CARD_WORD = re.compile(r"卡号|银行卡|储蓄卡|信用卡|借记卡|账号|账户|帐号|这张卡|那张卡")

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴"
    "夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊殷施洪严牛温季"
    "俞章鲁葛韦申尤毕聂焦向柳邢骆岳齐梅庄辛管祝左涂霍舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲闫裴桂鞠"
)
_BEFORE_IS_NO_NAME = re.compile(
    r"(?:[关由对至基鉴等]于|[对双甲乙我官]方|[还付交转欠给本赔]钱|[意方志导动倾]向|[到负责信]任|[任如为]何"
    r"|公章|[正平经非]常|[一几百千十]万|[有没]关)$"
)
_TITLE = re.compile(
    r"先生|女士|小姐|太太|夫人|经理|主任|老师|师傅|大哥|大姐|大爷|大妈|大叔|阿姨|叔叔|老板|律师|法官|警官|队长|同志"
    r"|[哥姐叔姨嫂](?![哥姐叔姨嫂])|总(?![是共体计会算数额部之得要的])"
)
_FULL_TITLE = frozenset({"先生", "女士", "小姐", "同志", "经理", "律师"})
_NOT_GIVEN = frozenset("的了是您你我他她它这那位个下给请问吧吗呢啊好找叫和跟与，。、！？,.!? ")
_LONGEST_GIVEN = 2
_ANY_GIVEN = "某"


def phones_in(text: str) -> Iterator[Span]:
    """Mobile numbers (11 digits), land lines with their area code, 400 and 800 numbers.

    The code of the country may come first. Of 7 or 8 digits, those that are called a telephone number.
    """
    taken = [*identities_in(text), *cards_in(text)]
    for start, end in _numbers(text, _PHONE):
        if not any(a < end and start < b for a, b in taken):
            taken.append((start, end))
            yield start, end
    for start, end in _numbers(text, (_LOCAL_PHONE,)):
        named = _PHONE_WORD.search(text, max(0, start - _NAMED_BEFORE), start)
        if named and not any(a < end and start < b for a, b in taken):
            yield start, end


def identities_in(text: str) -> Iterator[Span]:
    """Identity numbers of 18 characters or, before 1999, 15 digits; the day of birth in them must be one.

    The check digit is not asked for: one misheard digit must not hide the number.
    """
    return _numbers(text, _IDENTITY)


def cards_in(text: str) -> Iterator[Span]:
    """Card numbers of 16 to 19 digits: with the right check digit (Luhn), or called a card or account."""
    taken = list(identities_in(text))
    for start, end in _numbers(text, (_CARD,)):
        if any(a < end and start < b for a, b in taken):
            continue
        sentence = sentence_at(text, start, end)
        named = _CARD_WORD.search(text, sentence.start, start)
        if named or luhn(text[start:end].translate(SPOKEN)):
            yield start, end


def money_in(text: str) -> Iterator[Span]:
    """Amounts of money that are numbers; «最低还款额» is none."""
    return ((span.start, span.end) for span in find_amounts(text) if span.kind is AmountKind.YUAN)


def days_in(text: str, called_at: datetime) -> Iterator[Span]:
    """Days, dates and stretches that end on a day."""
    return ((span.start, span.end) for span in find_dates(text, called_at))


def persons_in(text: str, names: tuple[str, ...]) -> Iterator[Span]:
    """Names of the file, in full or the given name alone, and surnames with a title («王女士»)."""
    for name in names:
        for spoken in forms_of(name):
            for match in re.finditer(re.escape(spoken), text):
                yield match.span()
    for title in _TITLE.finditer(text):
        start = _name_before(text, title.start(), full=title.group() in _FULL_TITLE)
        if start is not None:
            yield start, title.end()


def _name_before(text: str, end: int, *, full: bool) -> int | None:
    """Where the name before a title begins: the surname alone, else surname and given name."""
    for given in range(1 + _LONGEST_GIVEN * full):
        at = end - given - 1
        if at < 0 or _NOT_GIVEN & set(text[at + 1 : end]):
            return None
        if at and surname_length(text[at - 1 : at + 1] + _ANY_GIVEN) == 2:
            return at - 1
        if text[at] in SURNAMES:
            return None if _BEFORE_IS_NO_NAME.search(text, 0, at + 1) else at
    return None


def _numbers(text: str, forms: tuple[re.Pattern[str], ...]) -> Iterator[Span]:
    digits = text.translate(SPOKEN)
    for start, end in long_numbers(text):
        for form in forms:
            for match in form.finditer(digits, start, end):
                yield match.span()


def luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the rest (ISO/IEC 7812-1, Luhn)."""
    digits = [int(c) for c in number if c.isdecimal()][::-1]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


@dataclass(frozen=True, slots=True)
class Named:
    """What the file knows that helps to find entities."""

    names: tuple[str, ...]
    called_at: datetime

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Named:
        """From the metadata of a call: every text field whose name ends in ``_name``."""
        names = tuple(
            value for key, value in fields.items() if key.endswith("_name") and isinstance(value, str)
        )
        started_at = fields.get("started_at")
        return cls(
            names=tuple(name for name in names if len(name) > 1),
            called_at=started_at if isinstance(started_at, datetime) else ANY_DAY,
        )


ENTITIES: Mapping[str, Callable[[str, Named], Iterator[Span]]] = {
    "phone": lambda text, _: phones_in(text),
    "id_card": lambda text, _: identities_in(text),
    "bank_card": lambda text, _: cards_in(text),
    "money": lambda text, _: money_in(text),
    "date": lambda text, known: days_in(text, known.called_at),
    "person": lambda text, known: persons_in(text, known.names),
    "plate": lambda text, _: plates_in(text),
    "address": lambda text, _: addresses_in(text),
}
"""What ``entity`` can name, and how it is found in folded text."""
