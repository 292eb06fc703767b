"""What Contact Lens rules and Transcribe categories have in common: roles, words, sentiment, stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.detect.importers.wording import whole_words

if TYPE_CHECKING:
    from pipeline.detect.importers.draft import Notes

ROLES = {"AGENT": "agent", "CUSTOMER": "customer", "ANY": "anyone"}
TONES = {"POSITIVE": ["warm"], "NEUTRAL": ["neutral"], "NEGATIVE": ["pressing", "hostile", "distressed"]}
MIXED = "MIXED"


def words_of(given: Any, notes: Notes, parameter: str) -> list[str]:
    """Words and phrases as patterns; what is no text is listed."""
    patterns = []
    for word in given if isinstance(given, list) else [given]:
        if not isinstance(word, str) or not word.strip():
            notes.lost(parameter, "a word collection or empty word is not in the file")
            continue
        if "*" in word:
            notes.changed(parameter, "* stands for the rest of a Latin word, or for two hanzi at most")
        patterns.append(whole_words(word))
    return patterns


def tones_of(given: list[Any], notes: Notes, parameter: str) -> list[str]:
    """Sentiments as tones."""
    tones: list[str] = []
    for sentiment in map(str, given):
        if sentiment not in TONES:
            notes.lost(parameter, f"no tone stands for {sentiment}")
            continue
        tones += TONES[sentiment]
        if sentiment == "NEGATIVE":
            notes.changed(parameter, "NEGATIVE is taken as pressing, hostile or distressed")
    return tones


def rule_around(
    name: str, title: str, conditions: dict[str, dict[str, Any]], raise_when: str, kind: str
) -> dict[str, Any]:
    """A rule of a product that knows neither severity nor points."""
    speakers = {condition.get("says", "anyone") for condition in conditions.values()}
    shown = title.replace("{", "（").replace("}", "）")
    return {
        "rule": name,
        "title": title,
        **({"severity": "minor"} if kind == "violation" else {}),
        "says": speakers.pop() if len(speakers) == 1 else "agent",
        **({"reason": f"命中导入规则「{shown}」：「{{quote}}」"} if kind == "violation" else {}),
        "conditions": conditions,
        "raise_when": raise_when,
    }
