"""Packs load, or say exactly what is wrong and where."""

import pytest

from pipeline.detect.proof import prove, require_proof, too_few
from pipeline.errors import RulePackError
from tests.unit.detect.support import book_of, dump, load, rule, write_pack

HITS = [{"text": "收拾你"}]


def test_a_pack_loads_with_its_norms(tmp_path):
    book = book_of(tmp_path, rule(hits=HITS))
    assert book.titles == {"threat": "威胁"}
    assert book.norms == {"law_1": "某法第一条"}


def test_the_digest_changes_with_the_rules(tmp_path):
    before = book_of(tmp_path, rule(hits=HITS)).sha256
    assert before == load(tmp_path / "rules").sha256
    assert before != book_of(tmp_path, rule(hits=[{"text": "揍你"}])).sha256


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hits": [{"txt": "x"}]}, r"pack\.yaml:\d+: rule threat: hits\.0\.txt: .*did you mean 'text'"),
        ({"hits": [{"text": "<nobody>"}]}, r"pack\.yaml:\d+: rule threat: no word list named 'nobody'"),
        ({"hits": HITS, "norms": ["law_2"]}, r"rule threat: no norm named 'law_2'.*law_1"),
        ({"hits": HITS, "unless": ["negatd"]}, r"rule threat: no context named 'negatd'.*'negated'"),
        ({"hits": HITS, "severity": "grave"}, r"rule threat: severity"),
        ({"hits": HITS, "reason": ""}, r"rule threat: a violation needs reason"),
        ({}, r"nothing can raise this rule"),
        ({"hits": HITS, "examples": {"must_hit": [], "must_not_hit": ["x"]}}, r"examples\.must_hit"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, fields, message):
    write_pack(tmp_path / "rules", rule(**fields))
    with pytest.raises(RulePackError, match=message):
        load(tmp_path / "rules")


def test_the_line_of_an_error_is_the_line_in_the_file(tmp_path):
    path = write_pack(tmp_path / "rules", rule(hits=HITS, severity="grave"))
    line = next(n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if "severity" in text)
    with pytest.raises(RulePackError, match=rf"pack\.yaml:{line}:"):
        load(tmp_path / "rules")


def test_broken_yaml_names_its_line(tmp_path):
    path = write_pack(tmp_path / "rules", rule(hits=HITS))
    path.write_text("pack: a\nrules: [", encoding="utf-8")
    with pytest.raises(RulePackError, match=r"pack\.yaml:2"):
        load(tmp_path / "rules")


def test_a_rule_stands_in_one_pack_only(tmp_path):
    write_pack(tmp_path / "rules", rule(hits=HITS))
    pack = {"pack": "b", "version": "1", "kind": "violation", "rules": [rule(hits=HITS)]}
    dump(tmp_path / "rules" / "second.yaml", pack)
    with pytest.raises(RulePackError, match="threat stands in two packs"):
        load(tmp_path / "rules")


def test_a_folder_without_packs_is_an_error(tmp_path):
    with pytest.raises(RulePackError, match="no rule packs"):
        load(tmp_path)


def test_examples_prove_rules_or_fail_them(tmp_path):
    examples = {
        "must_hit": ["我收拾你", "这句没有"],
        "must_not_hit": ["您好", {"text": "我收拾你", "before": [{"customer": "喂"}]}],
    }
    book = book_of(tmp_path, rule(hits=HITS, examples=examples))
    failures = prove(book)
    assert [(f.example, f.expected) for f in failures] == [("这句没有", True), ("我收拾你", False)]
    with pytest.raises(RulePackError, match="threat: must hit: 这句没有"):
        require_proof(book)


@pytest.mark.parametrize("name", ["must_hit", "must_not_hit"])
def test_only_a_draft_may_lack_examples(tmp_path, name):
    examples = {k: v for k, v in rule()["examples"].items() if k != name}
    given = rule(hits=HITS, examples=examples)
    with pytest.raises(RulePackError, match=rf"examples\.{name}: only a draft"):
        book_of(tmp_path, given)
    assert book_of(tmp_path, given, draft=True).rules[0].draft


def test_only_a_draft_may_lack_norms(tmp_path):
    given = rule(hits=HITS, norms=[])
    with pytest.raises(RulePackError, match="a violation needs norms"):
        book_of(tmp_path, given)
    assert book_of(tmp_path, given, draft=True).rules[0].rule.norms == ()


def test_a_rule_proves_itself_with_enough_examples(tmp_path):
    six = [f"我收拾你{mark}" for mark in "一二三四五六"]
    few = rule(hits=[{"text": "收拾"}], examples={"must_hit": six[:5], "must_not_hit": ["您好"] * 6})
    book = book_of(tmp_path, few)
    (failure,) = too_few(book)
    assert failure.expected
    with pytest.raises(RulePackError, match="5 examples, 6 are the least"):
        require_proof(book)
    assert not too_few(book_of(tmp_path, few, draft=True))
    enough = rule(hits=[{"text": "收拾"}], examples={"must_hit": six, "must_not_hit": ["您好"] * 6})
    assert not too_few(book_of(tmp_path, enough))


def test_a_broken_pattern_is_named_by_file_line_and_rule(tmp_path):
    rules = rule(hits=HITS), rule(rule="other", hits=[{"text": "揍(你"}])
    pack = write_pack(tmp_path / "rules", *rules)
    line = next(
        n for n, text in enumerate(pack.read_text(encoding="utf-8").splitlines(), 1) if "other" in text
    )
    with pytest.raises(RulePackError, match=rf"^pack\.yaml:{line}: rule other: pattern '揍\(你': missing \)"):
        load(tmp_path / "rules")


def test_a_broken_word_list_or_context_is_named_too(tmp_path):
    write_pack(tmp_path / "rules", rule(hits=HITS))
    dump(tmp_path / "rules" / "words.yaml", {"sent": ["人"], "beat": ["揍("]})
    with pytest.raises(RulePackError, match=r"^words\.yaml:3: pattern '<beat>': missing \)"):
        load(tmp_path / "rules")
    write_pack(tmp_path / "rules", rule(hits=HITS))
    broken = {"negated": [{"scope": "before", "text": "<nobody>"}]}
    dump(tmp_path / "rules" / "contexts.yaml", {"contexts": broken})
    with pytest.raises(
        RulePackError, match=r"^contexts\.yaml:2: context negated: no word list named 'nobody'"
    ):
        load(tmp_path / "rules")
