"""A book that was read before is read quickly, and finds and refuses the very same."""

import pytest

from pipeline.detect import patterns, proof, rulebook, scan
from pipeline.detect.proof import FEWEST, require_proof
from pipeline.detect.rulebook import load_rulebook
from pipeline.detect.view import CallView
from pipeline.errors import RulePackError
from pipeline.kept import NOTHING_KEPT, Kept
from tests.unit.detect.support import call, dialogue, dump, rule, write_pack


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "kept")


def patterns_parsed(monkeypatch):
    """The expressions that are parsed from now on, to check them and to find what they need."""
    parsed = []
    for module, name in ((patterns, "check"), (scan, "needles")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda e, real=real: parsed.append(e) or real(e))
    return parsed


def found_by(book):
    view = CallView.of(call(), dialogue(("a", "我揍你"), ("a", "兄弟收拾你")), scanner=book.scanner)
    candidates = book.scanner.candidates(dict(enumerate(view.folded)))
    return (
        [(raised.position, raised.start, raised.end) for rule in book.rules for raised in rule.find(view)],
        {position: sorted(numbers) for position, numbers in candidates.of_text.items()},
        book.sha256,
    )


def test_a_book_that_was_read_before_is_not_parsed_again_and_finds_the_same(tmp_path, kept, monkeypatch):
    write_pack(tmp_path / "rules", rule(hits=[{"text": ["<beat>你", "<sent>..4<beat>"], "without": "不会"}]))
    norms = tmp_path / "norms.yaml"
    parsed = patterns_parsed(monkeypatch)
    anew = load_rulebook(tmp_path / "rules", norms)
    first = load_rulebook(tmp_path / "rules", norms, kept)
    assert found_by(first) == found_by(anew)
    assert parsed
    parsed.clear()
    again = load_rulebook(tmp_path / "rules", norms, kept)
    assert found_by(again) == found_by(anew)
    assert [(position, start) for position, start, _ in found_by(again)[0]] == [(0, 1), (1, 0)]
    assert [scanner.patterns for scanner in again.scanners(by_sound=True)] == [
        scanner.patterns for scanner in anew.scanners(by_sound=True)
    ]
    assert not [expression for expression in parsed if expression in first.scanner.numbers]


def test_a_pattern_that_was_broken_since_is_an_error_in_its_place(tmp_path, kept):
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你"}]))
    load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept)
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍(你"}]))
    for _ in range(2):  # what failed is not taken for checked
        with pytest.raises(RulePackError, match=r"pack\.yaml:\d+: rule threat: pattern '揍\(你'"):
            load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept)


def test_a_word_list_that_was_broken_since_is_an_error(tmp_path, kept):
    write_pack(tmp_path / "rules", rule(hits=[{"text": "<beat>你"}]))
    load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept)
    dump(tmp_path / "rules" / "words.yaml", {"sent": ["人"], "beat": ["揍("]})
    with pytest.raises(RulePackError, match=r"words\.yaml:3: pattern '<beat>'"):
        load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept)


def test_damaged_entries_are_made_anew(tmp_path, kept, monkeypatch):
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你|收拾你"}]))
    norms = tmp_path / "norms.yaml"
    wanted = found_by(load_rulebook(tmp_path / "rules", norms, kept))
    for path in kept.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-3] + b"???")
    parsed = patterns_parsed(monkeypatch)
    assert found_by(load_rulebook(tmp_path / "rules", norms, kept)) == wanted
    assert parsed
    parsed.clear()
    assert found_by(load_rulebook(tmp_path / "rules", norms, kept)) == wanted
    assert not parsed


def test_packs_that_change_while_they_are_read_are_not_taken_for_checked(tmp_path, kept, monkeypatch):
    pack = write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你"}]))
    read = rulebook.load_norms

    def change(path):
        pack.write_text(pack.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
        return read(path)

    monkeypatch.setattr(rulebook, "load_norms", change)
    book = load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept)
    assert book.kept == NOTHING_KEPT
    assert not kept.folder.exists()


def test_examples_are_proven_once(tmp_path, kept, monkeypatch):
    examples = {"must_hit": ["我揍你"] * FEWEST, "must_not_hit": ["你好"] * FEWEST}
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你"}], examples=examples))
    proven = []
    real = proof.prove
    monkeypatch.setattr(proof, "prove", lambda book: proven.append(book) or real(book))
    for basis, times in (("", 1), ("", 2), ("a", 3), ("a", 3), ("b", 4), ("a", 4)):
        require_proof(load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept), basis)
        assert len(proven) == times


def test_examples_that_fail_fail_every_time(tmp_path, kept):
    examples = {"must_hit": ["你好"] * FEWEST, "must_not_hit": ["你好"] * FEWEST}
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你"}], examples=examples))
    for _ in range(2):
        with pytest.raises(RulePackError, match="must hit: 你好"):
            require_proof(load_rulebook(tmp_path / "rules", tmp_path / "norms.yaml", kept), "a")
