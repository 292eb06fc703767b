"""The tone classifier on the shipped training lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from models.tone_snownlp import SnownlpTone, ToneLine, load_tone_lines
from pipeline.errors import ConfigError
from pipeline.ports import ToneClassifier
from pipeline.types import Role, Tone


class Characters:
    """Cuts a text into its characters: enough where words do not matter."""

    identity = "characters"

    def cut(self, text: str) -> tuple[str, ...]:
        return tuple(text)


@pytest.fixture(scope="module")
def classifier() -> SnownlpTone:
    return SnownlpTone(Characters(), load_tone_lines())


def tone(classifier: SnownlpTone, text: str, role: Role) -> Tone:
    (probabilities,) = classifier.classify([text], [role])
    return max(Tone, key=lambda tone: probabilities[tone])


def test_is_a_tone_classifier(classifier: SnownlpTone) -> None:
    assert isinstance(classifier, ToneClassifier)


@pytest.mark.parametrize(
    ("role", "text", "heard"),
    [
        (Role.AGENT, "您好，请问是孙女士吗？", Tone.NEUTRAL),
        (Role.AGENT, "您别着急，先照顾好孩子，咱们慢慢想办法。", Tone.WARM),
        (Role.AGENT, "谢谢您的配合，祝您生活愉快。", Tone.WARM),
        (Role.AGENT, "今天下午五点之前必须还，不能再拖了。", Tone.PRESSING),
        (Role.AGENT, "你还要脸吗？你这种废物老赖！", Tone.HOSTILE),
        (Role.CUSTOMER, "对，我是。", Tone.NEUTRAL),
        (Role.CUSTOMER, "我不想活了，孩子还在医院躺着。", Tone.DISTRESSED),
        (Role.CUSTOMER, "滚，你们这群骗子！", Tone.HOSTILE),
        (Role.CUSTOMER, "谢谢你，麻烦你了。", Tone.WARM),
        (Role.CUSTOMER, "你们一天到底要打几个电话？有完没完？", Tone.PRESSING),
    ],
)
def test_hears_plain_cases(classifier: SnownlpTone, role: Role, text: str, heard: Tone) -> None:
    assert tone(classifier, text, role) is heard


def test_a_polite_opening_is_not_hostile(classifier: SnownlpTone) -> None:
    """snownlp's stock model calls this sentence negative."""
    (probabilities,) = classifier.classify(["您好，请问是李先生吗？"], [Role.AGENT])
    assert probabilities[Tone.HOSTILE] < 0.05


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("text", ["", "。", "？？？", "hello", "您好。", "还钱！" * 200])
def test_probabilities_sum_to_one(classifier: SnownlpTone, text: str, role: Role) -> None:
    (probabilities,) = classifier.classify([text], [role])
    assert set(probabilities) == set(Tone)
    assert sum(probabilities.values()) == pytest.approx(1.0)
    assert all(0.0 <= value <= 1.0 for value in probabilities.values())


def test_words_that_nobody_taught_are_neutral(classifier: SnownlpTone) -> None:
    (probabilities,) = classifier.classify(["zzz"], [Role.AGENT])
    assert probabilities[Tone.NEUTRAL] == 1.0


def test_the_same_words_mean_another_thing_from_the_other_party() -> None:
    lines = [
        ToneLine(role=Role.AGENT, text="说吧", tone=Tone.WARM),
        ToneLine(role=Role.AGENT, text="快还", tone=Tone.HOSTILE),
        ToneLine(role=Role.CUSTOMER, text="说吧", tone=Tone.PRESSING),
        ToneLine(role=Role.CUSTOMER, text="没钱", tone=Tone.DISTRESSED),
    ]
    small = SnownlpTone(Characters(), lines)
    assert tone(small, "说吧", Role.AGENT) is Tone.WARM
    assert tone(small, "说吧", Role.CUSTOMER) is Tone.PRESSING


def test_training_twice_gives_the_same(classifier: SnownlpTone) -> None:
    again = SnownlpTone(Characters(), load_tone_lines())
    texts, roles = ["您今天能还多少？", "我再想想。"], [Role.AGENT, Role.CUSTOMER]
    assert again.classify(texts, roles) == classifier.classify(texts, roles)
    assert again.identity == classifier.identity


def test_the_identity_names_what_it_learned_from(classifier: SnownlpTone) -> None:
    fewer = SnownlpTone(Characters(), load_tone_lines()[:-1])
    assert fewer.identity != classifier.identity
    assert "characters" in classifier.identity


def test_the_stock_models_stay_on_disk() -> None:
    code = (
        "import sys\n"
        "from models.tone_snownlp import SnownlpTone, load_tone_lines\n"
        "class T:\n"
        "    identity = 't'\n"
        "    def cut(self, text): return tuple(text)\n"
        "SnownlpTone(T(), load_tone_lines())\n"
        "sys.exit(any(name == 'snownlp' or name.startswith('snownlp.') for name in sys.modules))\n"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_the_corpus_covers_every_tone_of_both_parties() -> None:
    lines = load_tone_lines()
    counts = Counter((line.role, line.tone) for line in lines)
    assert len(lines) >= 500
    assert all(counts[role, tone] >= 10 for role in (Role.AGENT, Role.CUSTOMER) for tone in Tone)
    assert len({(line.role, line.text) for line in lines}) == len(lines)


GOOD = {"role": "agent", "text": "您好", "tone": "warm"}


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "[]",
        json.dumps({"role": "agent", "text": "私密的话"}, ensure_ascii=False),
        json.dumps(GOOD | {"tone": "cheerful", "text": "私密的话"}, ensure_ascii=False),
        json.dumps(GOOD | {"role": "system", "text": "私密的话"}, ensure_ascii=False),
        json.dumps(GOOD | {"text": " "}),
    ],
)
def test_a_wrong_line_is_named_without_its_words(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "tone.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{bad}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tone\.jsonl:2") as caught:
        load_tone_lines(path)
    assert "私密" not in str(caught.value)


def test_a_missing_corpus_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_tone_lines(tmp_path / "nowhere.jsonl")


def test_a_corpus_of_one_party_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tone.jsonl"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    with pytest.raises(ConfigError, match="customer"):
        load_tone_lines(path)
