"""Text and patterns by their sound, so that one can be searched for the other.

Recognition writes down characters that sound like those that were said. Here every character becomes a
sign for its syllable without the tone, with what whole dialects merge taken as one (zh and z, n and l,
ang and an). The change is one character for one, in texts and in expressions, so that a pattern by its
sound is a pattern like any other and its offsets are those of the words.
"""

from __future__ import annotations

import re
from itertools import product
from threading import Lock

from pipeline.phonetics.syllables import is_hanzi, readings

FIRST_SIGN = 0xE000
"""Signs are private-use characters: nothing else in a text can be one."""
_SIGNS = "\ue000-\uf8ff"
_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_FINALS = {"ang": "an", "eng": "en", "ing": "in", "iang": "ian", "uang": "uan", "ueng": "uen"}
_RANGE = re.compile(r"[\u4e00-\u9fff]-[\u4e00-\u9fff]")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
_HEARD_INITIALS = ("", *"bcdfghjklmpqrstxz")
_HEARD_FINALS = (
    *("a", "ai", "an", "ao", "e", "ei", "en", "er", "i", "ia", "ian", "iao", "ie", "in", "iong", "iou", "o"),
    *("ong", "ou", "u", "ua", "uai", "uan", "uei", "uen", "uo", "v", "van", "ve", "vn", "ï"),
)
# The same signs in every process, so that what one works out of expressions is of use to the next.
_numbers = {sound: number for number, sound in enumerate(product(_HEARD_INITIALS, _HEARD_FINALS))}
_numbering = Lock()


class _Signs(dict[int, str]):
    """The sign of each code point, found when it is first met."""

    def __missing__(self, code: int) -> str:
        """Find and keep it."""
        sign = self[code] = _sign_of(chr(code))
        return sign


_signs = _Signs()


def by_sound(text: str) -> str:
    """A text with a sign for each character that has a reading; all others stay."""
    return text.translate(_signs)


def expression_by_sound(expression: str) -> str:
    """The same for a regular expression; a range of characters is any of them."""
    return by_sound(_RANGE.sub(_SIGNS, expression))


def expression_either_way(expression: str) -> str:
    """An expression that accepts every character as it is written and by its sound."""
    parts: list[str] = []
    at = 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        text = token.group() if token else expression[at]
        at += len(text)
        if text.startswith("[") and len(text) > 1:
            parts.append(text[:-1] + expression_by_sound(text[1:-1]).strip("^") + "]")
        elif is_hanzi(text):
            parts.append(f"[{text}{_signs[ord(text)]}]")
        else:
            parts.append(text)
    return "".join(parts)


def _sign_of(character: str) -> str:
    if not is_hanzi(character):
        return character
    read = readings(character)
    if not read:
        return character
    initial, final = read[0].initial, read[0].final
    sound = (_INITIALS.get(initial, initial), _FINALS.get(final, final))
    with _numbering:  # calls are judged on several threads: two rare sounds must not get one sign
        return chr(FIRST_SIGN + _numbers.setdefault(sound, len(_numbers)))


NOBODY = chr(FIRST_SIGN + 0x18FF)
"""A sign that stands for no sound."""
