"""Number plates and street addresses as they are said: where a person can be found.

Both are read from their form alone, so that nothing of the people has to be known: a plate is a province, a
letter and five or six places, an address names a road, lane or housing estate with a number after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]

_DIGIT = "0-9０-９零〇一二三四五六七八九幺两洞拐勾"
_PAUSE = r"[\s\-－·，、,]{0,2}"
_PLATE = re.compile(
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]{_PAUSE}[A-HJ-Za-hj-z]{_PAUSE}"
    rf"(?:[A-HJ-NP-Za-hj-np-z{_DIGIT}]{_PAUSE}){{4,5}}[A-HJ-NP-Za-hj-np-z{_DIGIT}](?:学|警|挂|领|港|澳)?"
)
_ONE_DIGIT = re.compile(rf"[{_DIGIT}]")
_FEWEST_DIGITS = 3
_NAMED = r"[一-龥]"
_OUTSIDE = "，。？！的了是在住到去来你我他她您它们说给寄送上离从就把叫那这哪找有没跟和地址，家条"
_PART = rf"(?:上海|(?![{_OUTSIDE}]){_NAMED})"
_NUMBER = rf"(?:[{_DIGIT}十百]{{1,5}}|[A-Za-z]|[东西南北甲乙丙丁])"
_ADDRESS = re.compile(
    rf"(?:{_PART}{{1,7}}?(?:省|自治区|市|区|县|旗|镇|乡|街道)){{0,4}}"
    rf"{_PART}{{1,7}}?(?P<road>大道|胡同|路|街|巷|弄|里弄|小区|花园|新村|家园|公寓|大厦|广场|苑|庄|村|社区)"
    rf"(?:(?:[东西南北中]?[一二三四五]?(?:段|区|期|组|队))?{_NUMBER}(?:号楼|号院|号(?!公里|线|店)|弄|栋|幢|座|单元|楼|层|室|门|户|组)){{1,5}}"
    rf"(?:{_NUMBER}(?:室)?(?![{_DIGIT}十百千万元块点月年天期岁次]))?"
)


def plates_in(text: str) -> Iterator[Span]:
    """Number plates of vehicles, letters and digits written or said one by one."""
    for match in _PLATE.finditer(text):
        if len(_ONE_DIGIT.findall(match.group())) >= _FEWEST_DIGITS:
            yield match.span()


def addresses_in(text: str) -> Iterator[Span]:
    """Addresses down to a house number; a town or a road alone names nobody."""
    for match in _ADDRESS.finditer(text):
        yield match.span()
