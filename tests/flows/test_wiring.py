"""Where models meet the pipeline: what a start loads, and what it believes of earlier ones."""

import pytest

from flows.wiring import load_rules
from pipeline.detect import proof
from pipeline.errors import RulePackError
from pipeline.settings import load_settings
from tests.unit.detect.support import rule, write_pack

EXAMPLES = {"must_hit": ["我揍你"] * proof.FEWEST, "must_not_hit": ["你好"] * proof.FEWEST}


@pytest.fixture
def settings(tmp_path):
    """Rules, norms and cache of their own."""
    path = tmp_path / "settings.toml"
    path.write_text(
        f'[detect]\nrules = "{tmp_path / "rules"}"\nnorms = "{tmp_path / "norms.yaml"}"\n'
        f'[models]\ncache_dir = "{tmp_path / "cache"}"\n',
        "utf-8",
    )
    return load_settings(path)


def test_rules_are_proven_when_they_are_new_and_whenever_they_change(tmp_path, settings, monkeypatch):
    proven = []
    real = proof.prove
    monkeypatch.setattr(proof, "prove", lambda book: proven.append(book.sha256) or real(book))
    for text, times in (("揍你", 1), ("揍你", 1), ("我揍", 2), ("揍你", 2)):
        write_pack(tmp_path / "rules", rule(hits=[{"text": text}], examples=EXAMPLES))
        assert load_rules(settings).titles == {"threat": "威胁"}
        assert len(proven) == times
    write_pack(tmp_path / "rules", rule(hits=[{"text": "收拾"}], examples=EXAMPLES))
    for _ in range(2):
        with pytest.raises(RulePackError, match="must hit: 我揍你"):
            load_rules(settings)


def test_rules_load_where_nothing_can_be_kept(tmp_path, settings):
    (tmp_path / "cache").write_text("a file is in the way")
    write_pack(tmp_path / "rules", rule(hits=[{"text": "揍你"}], examples=EXAMPLES))
    for _ in range(2):
        assert load_rules(settings).titles == {"threat": "威胁"}
