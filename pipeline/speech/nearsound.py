"""The terms that a recogniser may have missed: the trade's, and the names of the call's own metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from pipeline.errors import ConfigError
from pipeline.phonetics.search import SoundIndex
from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.metadata import CallMetadata

NEAR_SOUND = CONFIGS / "lexicons" / "near_sound.yaml"
TRADE, LENDER, AGENCY, AGENT, CUSTOMER = "trade", "lender", "agency", "agent", "customer"
NEAR_CHARACTERS = 12
"""How far on either side a context looks."""
SHORTEST_NAME = 2
_ORGANISATION = re.compile(
    r"(?:银行|消费金融|小额贷款|小贷|融资担保|资产管理|信息服务|信息技术|信息咨询|商务咨询|企业管理|网络科技|科技|"
    r"金融服务|金融|律师事务所|股份|有限|责任|集团|公司|分行|支行|信用卡中心)+$"
)
_LEGAL_FORM = re.compile(r"(?:股份|有限|责任)*公司$")
_TITLES = {"M": ("先生",), "F": ("女士", "小姐")}
_PERSON_BEFORE = r"(?:我是|我叫|姓名|名字|叫|请问|您是|你是|这是|找|给|跟|联系|客户|债务人|借款人|专员|经理)"
_PERSON_AFTER = r"(?:先生|女士|小姐|本人|吗|在吗|在不在|您好|你好|工号|的(?:电话|手机|家属|朋友|同事|单位))"
_LENDER_BEFORE = r"(?:我是|这里是|这边是|代表|委托|欠|借的?|到|在|的)"
_LENDER_AFTER = r"(?:的|银行|消费|金融|小额|贷款|公司|信用卡|客服|官方|这边|那边|委托|资产|信息|科技|APP)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands by a term. Each part may be missing; one that is there and fits is enough."""

    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    near: re.Pattern[str] | None = None
    numbers: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Written numbers («一期») that the term may replace all the same, with what must follow them."""

    def fits(self, text: str, start: int, end: int) -> bool:
        """Whether ``text[start:end]`` stands where the term would."""
        left, right = text[max(start - NEAR_CHARACTERS, 0) : start], text[end : end + NEAR_CHARACTERS]
        return bool(
            (self.before and self.before.search(left))
            or (self.after and self.after.match(right))
            or (self.near and (self.near.search(left) or self.near.search(right)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term that a stretch may be.

    Attributes:
        text: hanzi and letters, a syllable each.
        kind: ``trade``, or the metadata field that it comes from.
        core: how many leading characters are its own; the rest («银行», «先生») many names share.
        context: what makes it likely.
    """

    text: str
    kind: str = TRADE
    core: int
    context: Context = Context()


class Terms:
    """Terms with their index of sounds.

    Args:
        terms: each once.
        readings: pinyin by character, stronger than the dictionary's.
        words: that a term must not replace though no dictionary has them.
    """

    def __init__(
        self, terms: tuple[Term, ...], readings: Mapping[str, str], words: frozenset[str] = frozenset()
    ) -> None:
        self.terms = terms
        self.readings = readings
        self.words = words
        self.index = SoundIndex([term.text for term in terms], readings)


@cache
def load_terms(path: Path = NEAR_SOUND) -> Terms:
    """The terms of the trade.

    Raises:
        ConfigError: the file cannot be read, has other parts than it should, or a context that is no
            regular expression or belongs to no term.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error
    if not isinstance(content, dict) or set(content) != {"readings", "words", "terms", "contexts"}:
        raise ConfigError(f"{path}: needs exactly 'readings', 'words', 'terms' and 'contexts'")
    words = [str(word) for group in content["terms"].values() for word in group]
    stray = sorted(set(content["contexts"]) - set(words))
    doubles = sorted({word for word in words if words.count(word) > 1})
    if stray or doubles:
        raise ConfigError(f"{path}: contexts of no term: {stray}; terms listed twice: {doubles}")
    contexts = {word: _context(path, word, parts) for word, parts in content["contexts"].items()}
    terms = tuple(Term(text=w, core=len(w), context=contexts.get(w, Context())) for w in words)
    try:
        return Terms(terms, content["readings"], frozenset(map(str, content["words"])))
    except ValueError as error:
        raise ConfigError(f"{path}: readings: {error}") from error


def _context(path: Path, word: str, parts: Any) -> Context:
    if not isinstance(parts, dict) or not set(parts) <= {"before", "after", "near", "numbers"}:
        raise ConfigError(f"{path}: {word}: a context has 'before', 'after', 'near' and 'numbers'")
    try:
        return _compiled(**parts)
    except re.error as error:
        raise ConfigError(f"{path}: {word}: {error}") from error


def _compiled(
    before: str = "", after: str = "", near: str = "", numbers: Mapping[str, str] | None = None
) -> Context:
    return Context(
        before=re.compile(f"(?:{before})$") if before else None,
        after=re.compile(after) if after else None,
        near=re.compile(near) if near else None,
        numbers={number: re.compile(follows) for number, follows in (numbers or {}).items()},
    )


def terms_of_call(metadata: CallMetadata, readings: Mapping[str, str]) -> Terms:
    """The names that the call's metadata tells: lender, agency, agent and customer.

    Args:
        metadata: of this call.
        readings: pinyin by character, as in the lexicon.
    """
    found = (
        *_organisation(metadata.lender, LENDER),
        *_organisation(metadata.agency, AGENCY),
        *_person(metadata.agent_name, AGENT, ()),
        *_person(metadata.customer_name, CUSTOMER, _titles(metadata.customer_sex)),
    )
    return Terms(tuple({term.text: term for term in reversed(found)}.values()), readings)


def _titles(sex: str | None) -> tuple[str, ...]:
    return _TITLES.get(sex or "", tuple(title for titles in _TITLES.values() for title in titles))


def _organisation(name: str | None, kind: str) -> Iterator[Term]:
    """The name in full, without its legal form, and the part that is its own."""
    if not name:
        return
    core = len(_ORGANISATION.sub("", name)) or len(name)
    context = _compiled(before=_LENDER_BEFORE, after=_LENDER_AFTER)
    for text in dict.fromkeys((name, _LEGAL_FORM.sub("", name), name[:core])):
        if len(text) >= SHORTEST_NAME:
            yield Term(text=text, kind=kind, core=min(core, len(text)), context=context)


def _person(name: str | None, kind: str, titles: tuple[str, ...]) -> Iterator[Term]:
    """The name, and the surname with each title."""
    if not name or len(name) < SHORTEST_NAME:
        return
    yield Term(
        text=name, kind=kind, core=len(name), context=_compiled(before=_PERSON_BEFORE, after=_PERSON_AFTER)
    )
    surname = name[: 2 if len(name) > 3 else 1]
    for title in titles:
        yield Term(text=surname + title, kind=kind, core=len(surname))
