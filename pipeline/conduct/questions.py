"""Questions that leave the answer open, and questions that ask for yes, no or a choice."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^。！？!?；;]+[。！？!?；;]?")
_ENDS_AS_QUESTION = re.compile(r"[？?]$|[吗么][。，,]?$")
_WHICH = re.compile(
    r"为什么|为啥|怎么(?!可能|会不|能不|还不)|咋|(?<!没)什么|啥|如何|哪(?!怕)|几[号点天个期月]|多少|多久|多长|谁"
)
_RHETORICAL = re.compile(
    r"凭什么|凭啥|(?<!打)算什么|什么玩意|什么东西|说什么说|急什么|怕什么|关.{1,4}什么事|什么意思|怎么可能"
)
_YES_NO = re.compile(r"(.)[不没]\1|(?:吗|吧)[？?]?$")
_IDENTITY = re.compile(r"身份证|生日|出生|尾号|姓什么|贵姓|叫什么")
_MIN_CHARACTERS = 3
"""Fewer («喂？») ask nothing."""


def _questions(text: str) -> list[str]:
    return [
        sentence
        for sentence in _SENTENCE.findall(text)
        if len(sentence.rstrip("。！？!?；;")) >= _MIN_CHARACTERS and _ENDS_AS_QUESTION.search(sentence)
    ]


def asks(text: str) -> bool:
    """Whether a turn ends with a question, however short."""
    return _ENDS_AS_QUESTION.search(text.rstrip()) is not None


def count_questions(text: str) -> tuple[int, int]:
    """Open and closed questions of a turn, by their form.

    Open are those with a question word (why, how, which day, how much: 特指问), closed those for yes or no or
    for a choice, and those that check who somebody is. Questions that expect no answer («凭什么？») are
    neither.
    """
    asked = [sentence for sentence in _questions(text) if not _RHETORICAL.search(sentence)]
    opened = sum(_is_open(sentence) for sentence in asked)
    return opened, len(asked) - opened


def _is_open(sentence: str) -> bool:
    closed = _YES_NO.search(sentence) or _IDENTITY.search(sentence)
    return not closed and _WHICH.search(sentence) is not None
