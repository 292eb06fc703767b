"""Operators of Alibaba's 智能对话分析 as keys of a condition.

Sources: the pages ``detection-operator-object-description`` and ``struct-operatorbasicinfo`` of its API
reference (2019-01-15). Where the two say different things, the second, which is longer, was followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.detect.importers.alibaba_leaf import Leaf
from pipeline.detect.importers.alibaba_models import MODELS, by_shape
from pipeline.detect.importers.wording import from_regex, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.detect.importers.draft import Reader

MOST_SENTENCES = 200
LONGEST_SENTENCE = 50
ROLES = {"客服": "agent", "客户": "customer", "AGENT": "agent", "CUSTOMER": "customer"}


def leaf_of(kind: str, param: Reader) -> Leaf | None:
    """An operator by its type; ``None`` where it has no counterpart, which is noted."""
    build = _BUILDERS.get(kind.upper()) or _BUILDERS.get(kind) or by_shape(param)
    if build is None:
        param.notes.lost("type", f"no operator {kind!r} is known")
        return None
    return build(param)


def _turn_count(param: Reader) -> Leaf | None:
    number = param.take_all("interval", "count", "number", "threshold", "value")
    if number is None:
        param.notes.lost("", "the parameters of this operator are not documented")
        return None
    return Leaf({"turn_count": {_compared(param): float(number)}}, whole=True)


def _keywords(kind: str) -> Callable[[Reader], Leaf | None]:
    def build(param: Reader) -> Leaf | None:
        words = [str(word) for word in param.take("keywords", [])]
        if not words:
            param.notes.lost("keywords", "there is no keyword")
            return None
        default = 1 if kind == "any" else -1
        size = int(param.take("keywordMatchSize", default))
        across = bool(param.take("contextChatMatch", False))
        patterns = _with_synonyms(words, param)
        if param.take("keywordExtension", False):
            param.notes.lost("keywordExtension", "synonyms that the service chooses are not in the file")
        if param.take("case_sensitive", False):
            param.notes.lost("case_sensitive", "patterns do not tell upper from lower case")
        guard = _in_sentence(param)
        hits = int(param.take("threshold", 1) or 1)
        keys = _so_many(patterns, size, across)
        if across and size in (0, 1):
            param.notes.decided("contextChatMatch", "makes no difference where one keyword is enough")
        if hits > 1 and "text" in keys:
            keys["count"] = {"gte": hits}
            param.notes.changed("threshold", "counts turns with a hit, not hits")
        elif hits > 1:
            param.notes.lost("threshold", "hits are not counted beside a number of different keywords")
        if size == 0:
            return Leaf({"none": [{"text": patterns, **guard}]}, absence=True)
        return Leaf({**keys, **guard}, whole="at_least" in keys and keys["at_least"].get("across", False))

    return build


def _with_synonyms(words: list[str], param: Reader) -> list[str]:
    synonyms = param.take("synonyms", {})
    if not isinstance(synonyms, dict):
        return [literal(word) for word in words]
    alternatives = [[word, *map(str, synonyms.get(word, []))] for word in words]
    return [
        literal(each[0]) if len(each) == 1 else f"(?:{'|'.join(literal(word) for word in each)})"
        for each in alternatives
    ]


def _so_many(patterns: list[str], size: int, across: bool) -> dict[str, Any]:
    if size == 1 or (size == -1 and len(patterns) == 1):
        return {"text": patterns}
    n = len(patterns) if size == -1 else min(size, len(patterns))
    if across and n:
        return {"at_least": {"n": n, "of": patterns, "across": True}}
    return {"all_of": patterns} if n == len(patterns) else {"at_least": {"n": n, "of": patterns}}


def _in_sentence(param: Reader) -> dict[str, Any]:
    return {"clause_only": True} if param.take("in_sentence", False) else {}


def _regex(param: Reader) -> Leaf | None:
    keys: dict[str, Any] = {}
    for name, key in (("regex", "text"), ("notRegex", "without_turn")):
        source = param.take(name)
        if not source:
            continue
        try:
            keys[key] = [from_regex(str(source))]
        except ValueError as error:
            param.notes.lost(name, str(error))
    keys |= _in_sentence(param)
    return Leaf(keys) if "text" in keys else None


def _similar(param: Reader) -> Leaf | None:
    given = [str(sentence) for sentence in param.take("similarlySentences", [])]
    kept = [sentence for sentence in given if 2 <= len(sentence) <= LONGEST_SENTENCE][:MOST_SENTENCES]
    if len(kept) < len(given):
        param.notes.lost("similarlySentences", f"{len(given) - len(kept)} too many, too long or too short")
    if not kept:
        return None
    score = float(param.take("score", 80)) / 100
    param.notes.changed("score", "likeness is measured in another way: try it on your calls")
    return Leaf({"similar": {"sentences": kept, "score": score}, **_in_sentence(param)})


def _repeat(param: Reader) -> Leaf:
    before = int(param.take("from", 2))
    if before == 0:
        param.notes.decided("from", "0 means every turn before: taken as 200")
    times = int(param.take("hit_time", 1)) + 1
    within = (before or 199) + 1
    if times > within:
        param.notes.changed("from", f"so many repetitions need {times} turns: compared with so many")
    keys: dict[str, Any] = {"times": times, "within": max(within, times)}
    keys["min_chars"] = max(int(param.take("threshold", 4)), 1)
    likeness = param.take("similarity_threshold")
    if likeness is not None:
        keys["similarity"] = float(likeness) / (100 if float(likeness) > 1 else 1)
    excludes = param.take("excludes")
    if excludes:
        keys["excludes"] = [literal(str(word)) for word in excludes]
    param.lost("target_role", "a turn is compared with the same speaker's turns")
    param.lost("roleId", "a turn is compared with the same speaker's turns")
    return Leaf({"repeat": keys})


def _silence(param: Reader) -> Leaf:
    bounds = _milliseconds(param)
    target = int(param.take("target", 1))
    if target == 0:
        param.lost("different_role", "the length of a turn has no other role", idle=(False, 0))
        param.lost("from_end", "the length of a turn runs from its start to its end", idle=(False,))
        param.lost("checkFirstSentence", "every turn has a length", idle=(True,))
        return Leaf({"length": bounds})
    if target > 1:
        param.notes.changed("target", "silence is measured to the turn before, not farther back")
    different = param.take("different_role", False)
    param.lost("from_end", "silence runs from the end of a turn to the start of the next", idle=(False,))
    param.lost("near_dialogue", "silence is measured between neighbours")
    if param.take("checkFirstSentence", False):
        param.notes.lost("checkFirstSentence", "the first turn has no silence before it")
    return Leaf({"silence": {"seconds": bounds, "after": "other" if different else "anyone"}})


def _rate(param: Reader) -> Leaf:
    keys = {
        "value": {_compared(param): float(param.take("velocityInMint", 0))},
        "min_chars": max(int(param.take("minWordSize", 4)), 1),
    }
    average = bool(param.take("average", False))
    param.lost("velocity", "the rate is given a minute")
    return Leaf({"rate": {**keys, "average": True} if average else keys}, whole=average)


def _overlap(param: Reader) -> Leaf:
    return Leaf(
        {
            "overlap": {
                "seconds": {"gte": float(param.take("interval", 0)) / 1000},
                "min_chars": int(param.take("threshold", 4)),
                "late": float(param.take("delayTime", 0)) / 1000,
            }
        }
    )


def _role(param: Reader) -> Leaf | None:
    role = ROLES.get(str(param.take("target_role", "")))
    if role is None:
        param.notes.lost("target_role", "neither 客服 nor 客户")
        return None
    return Leaf(says=role)


def _duration(param: Reader) -> Leaf:
    bounds = _milliseconds(param)
    begins, ends = param.take("beginType"), param.take("endType")
    role = ROLES.get(str(param.take("target_role", "")))
    if str(begins).upper() == "DIALOGUE" or role:
        if begins is None:
            param.notes.decided("beginType", "a role is given: taken as DIALOGUE, from the last sentence on")
        if ends is not None:
            param.notes.lost("endType", "a hang-up ends with the recording")
        return Leaf({"hangup": {"last_speaker": role or "anyone", "seconds": bounds}}, whole=True)
    for name, value in (("beginType", begins), ("endType", ends)):
        if value is not None:
            param.notes.lost(name, "the length is that of the recording")
    return Leaf({"duration": bounds}, whole=True)


def _energy(param: Reader) -> Leaf | None:
    most = float(param.take("maxEmotionChangeValue", 0)) * 10
    kind = int(param.take("checkType", 3))
    compared = _compared(param, inside=True)
    if kind == 3:
        param.notes.lost("checkType", "levels in dB above silence have no counterpart in dB below full scale")
        return None
    param.notes.changed("maxEmotionChangeValue", "one step is taken as 10 dB")
    return Leaf({"loudness": {"jump" if kind == 1 else "span": {compared: most}}}, whole=kind == 2)


def _compared(param: Reader, *, inside: bool = False) -> str:
    """``gt`` or ``lt``; with ``inside`` the bound itself counts."""
    given = str(param.take("compareOperator", "gt")).lower()
    if given not in ("gt", "lt"):
        param.notes.decided("compareOperator", f"{given!r} is not documented: taken as gt")
    return ("lte" if inside else "lt") if given == "lt" else ("gte" if inside else "gt")


def _milliseconds(param: Reader) -> dict[str, float]:
    bounds = {_compared(param): float(param.take("interval", 0)) / 1000}
    end = param.take("intervalEnd")
    if end:
        bounds["lte"] = float(end) / 1000
    return bounds


_BUILDERS: Mapping[str, Callable[[Reader], Leaf | None]] = {
    "HIT_ANY_KEYWORDS": _keywords("any"),
    "INCLUDE_KEYWORDS": _keywords("all"),
    "REGULAR_EXPRESSION": _regex,
    "SIMILAR_MATCH": _similar,
    "ADVANCED_REPEAT_DETECT": _repeat,
    "INTERVAL_GREATER": _silence,
    "SPEECH_SPEED_CHECK": _rate,
    "GRAB_WORDS": _overlap,
    "ROLE_CHECK": _role,
    "DURATION": _duration,
    "ASR_EMOTION": _energy,
    "对话语句数": _turn_count,
    **MODELS,
}
