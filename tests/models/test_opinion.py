"""The second opinion of n-grams, on small corpora of its own."""

import json

import numpy as np
import pytest

from models import opinion_ngrams
from models.opinion_features import CHARACTERS, SOUNDS, Vocabulary, grams
from models.opinion_ngrams import CORPORA, NgramOpinion
from models.opinion_training import (
    Label,
    fit,
    labels_of,
    lines_sha256,
    matrix,
    out_of_family,
    read_lines,
    train,
)
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.settings import load_settings
from pipeline.types import Role, Tone

THREATS = ["我找人收拾你", "我叫兄弟收拾你", "叫兄弟去揍你", "找人揍你一顿", "我找兄弟揍你", "叫人来收拾你"]
KIND = ["您慢慢说不着急", "我帮您登记一下", "不着急我帮您", "您慢慢登记", "您登记一下不着急", "我慢慢帮您说"]


def said(text, **facts):
    return Said.of(Role.AGENT, text, "", facts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Enough lines to learn two things: that threats are threats, and how they sound."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for n in range(15):
        for kind, texts in (("bad", THREATS), ("good", KIND)):
            for i, text in enumerate(texts):
                bad = kind == "bad"
                rows.append(
                    {
                        "speaker": "agent",
                        "text": f"{text}{'啊吧呢嘛了'[n % 5]}" + "。" * (n % 3),
                        "violations": ["threat"] if bad else [],
                        "tone": "hostile" if bad else "warm",
                        "acts": [],
                        "family": f"{kind}-{i}",
                    }
                )
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "threat.jsonl").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def opinion(folder, tmp_path_factory):
    lines = read_lines(folder)
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    train(lines, path)
    with np.load(path) as weights:
        return NgramOpinion({name: weights[name] for name in weights.files}, lines_sha256(lines))


def test_it_learns_what_it_was_shown(opinion):
    bad, good = opinion.judge([said("我叫兄弟去收拾你"), said("我帮您登记，您慢慢说")])
    assert bad.rules["threat"] > 0.6 > 0.3 > good.rules["threat"]
    assert bad.tones[Tone.HOSTILE] > good.tones[Tone.HOSTILE]
    assert sum(bad.tones.values()) == pytest.approx(1)


def test_the_span_is_the_clause_that_speaks_for_it(opinion):
    text = "您慢慢说，我找人收拾你，再见。"
    (judged,) = opinion.judge([said(text)])
    start, end = judged.spans["threat"]
    assert text[start:end] == "我找人收拾你"


def test_words_that_sound_alike_are_nearly_the_same(opinion):
    spoken, misheard = opinion.judge([said("我找人收拾你"), said("我找人手实你")])
    other = opinion.judge([said("我找人登记你")])[0]
    assert spoken.rules["threat"] >= misheard.rules["threat"] > other.rules["threat"]


def test_polite_and_plain_you_are_the_same_word():
    assert grams(said("您好"))[CHARACTERS] == grams(said("你好"))[CHARACTERS]


def test_every_character_has_a_sound_of_its_own():
    for text in ("还款APP3000元", "，。", "一"):
        single = [g for g in grams(said(text))[SOUNDS] if g.name.startswith("s1:")]
        assert [(g.start, g.end) for g in single] == [(i, i + 1) for i in range(len(text))]


def test_the_same_lines_give_the_same_weights(folder, tmp_path):
    lines = read_lines(folder)
    for name in ("a.npz", "b.npz"):
        train(lines, tmp_path / name)
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        for name in a.files:
            assert (a[name] == b[name]).all()


def test_calibration_sees_no_line_of_a_family_it_learned_from(folder):
    """So its scores are never better than those of a model that saw all."""
    lines = read_lines(folder)
    vocabulary = Vocabulary.of([x.said for x in lines], at_least=2)
    features = matrix([x.said for x in lines], vocabulary)
    wanted = np.array([bool(x.rules) for x in lines])
    label = Label("rule:threat", np.ones(len(lines), dtype=bool), wanted)
    inside = fit(features, wanted).decision_function(features)
    outside = out_of_family(lines, features, label)
    assert inside[wanted].mean() > outside[wanted].mean()


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"speaker": "agent", "text": "好"}\n{"text": 1}\n', "utf-8")
    with pytest.raises(ConfigError, match=r"x\.jsonl:2"):
        read_lines(tmp_path)


def test_the_shipped_lines_are_well_formed_and_not_repeated():
    lines = [line for folder in CORPORA for line in read_lines(folder)]
    seen = {(x.said.role, x.said.text, x.said.before, tuple(x.said.facts.items())) for x in lines}
    assert len(seen) > 0.995 * len(lines)
    assert len(lines) > 5000


def test_silence_about_acts_is_no_proof_of_none(tmp_path):
    rows = [
        {"speaker": "agent", "text": f"您好{n}", "violations": ["threat"] if n % 2 else [], "acts": []}
        for n in range(4)
    ]
    rows += [{"speaker": "agent", "text": f"早{n}", "acts": ["polite_opening"]} for n in range(50)]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "threat.jsonl").write_text(content, encoding="utf-8")
    (label,) = (x for x in labels_of(read_lines(tmp_path)) if x.name.startswith("act:"))
    assert label.known.tolist() == [False, True, False, True] + [True] * 50


class Cache:
    """A catalogue of weights that are made of nothing: which digests are asked for is what counts."""

    def __init__(self, folder):
        self.folder, self.keys = folder, []

    def make(self, key, file, build):
        """The file, there without training."""
        self.keys.append(key)
        path = self.folder / file
        np.savez(
            path, names="c1:你", idf=[1.0], labels="act:a", weights=[[0.0]], bias=[0], slope=[1], shift=[0]
        )
        return path


def test_lines_are_read_for_their_digest_once(tmp_path, monkeypatch):
    own = tmp_path / "own.jsonl"
    monkeypatch.setattr(opinion_ngrams, "CORPORA", ())
    monkeypatch.setattr(opinion_ngrams, "TAUGHT", ())
    monkeypatch.setattr(opinion_ngrams, "load_taught", tuple)
    read = []
    real = opinion_ngrams.read_lines
    monkeypatch.setattr(opinion_ngrams, "read_lines", lambda place: read.append(place) or real(place))
    defaults = load_settings()
    settings = defaults.model_copy(
        update={
            "opinion": defaults.opinion.model_copy(update={"lines": (str(own),)}),
            "models": defaults.models.model_copy(update={"cache_dir": str(tmp_path / "cache")}),
        }
    )
    cache = Cache(tmp_path)
    for text, times in (("你好", 1), ("你好", 1), ("再见", 2), ("你好", 2)):
        own.write_text(json.dumps({"speaker": "agent", "text": text}, ensure_ascii=False) + "\n", "utf-8")
        NgramOpinion.build(settings, cache)
        assert len(read) == times
    assert cache.keys[0] == cache.keys[1] == cache.keys[3] != cache.keys[2]
    own.write_text("{\n", "utf-8")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"own\.jsonl:1"):
            NgramOpinion.build(settings, cache)
