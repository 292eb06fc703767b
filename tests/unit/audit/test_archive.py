"""The archive: what judged is kept once, found by day and by digest, and comes back byte by byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from pipeline.audit import archive as subject
from pipeline.audit.archive import Archive, keep_packs
from pipeline.batch.keys import Basis
from pipeline.errors import ConfigError, StoreError
from pipeline.metadata import CHINA
from pipeline.settings import CONFIGS, load_settings
from tests.unit.audit.made import call, results


@pytest.fixture
def configs(tmp_path, monkeypatch):
    """A small ``configs`` folder."""
    folder = tmp_path / "configs"
    for name in ("rules/a.yaml", "norms.yaml", "scorecards/default.yaml", "opinion.yaml", "laws/one.md"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n" * 20, encoding="utf-8")
    monkeypatch.setattr(subject, "CONFIGS", folder)
    monkeypatch.setattr("pipeline.settings.CONFIGS", folder)
    return folder


def provenance(**changes):
    values = {
        "program": "tinghe 0.4.0",
        "recording_sha256": None,
        "transcript_sha256": "t",
        "models": {"tone": "snownlp"},
        "rules_sha256": "r1",
        "config_sha256": "c1",
    }
    return values | changes


def at(day, hour=3):
    return datetime(2026, 6, day, hour, tzinfo=CHINA)


def test_the_set_of_a_day_comes_back_byte_by_byte(tmp_path, configs):
    settings, archive = load_settings(), Archive(folder=tmp_path / "packs")
    first = archive.keep(settings, provenance(), batch_id="b1", at=at(1))
    (configs / "rules" / "a.yaml").write_text("new", encoding="utf-8")
    second = archive.keep(settings, provenance(rules_sha256="r2"), batch_id="b2", at=at(10))
    again = archive.keep(settings, provenance(rules_sha256="r2"), batch_id="b3", at=at(11))
    assert second.sha256 == again.sha256 != first.sha256
    assert len(archive.uses()) == 3
    assert archive.as_of(date(2026, 6, 1)) == first
    assert archive.as_of(date(2026, 6, 9)) == first
    assert archive.as_of(date(2026, 6, 10)) == second
    assert archive.as_of(date(2027, 1, 1)) == second
    archive.unpack(first, tmp_path / "then")
    assert (tmp_path / "then/configs/rules/a.yaml").read_text("utf-8") == "rules/a.yaml\n" * 20
    assert not (tmp_path / "then/configs/laws").exists()
    assert len(list((archive.folder / "files").iterdir())) == 5  # four files, one of them twice
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in archive.folder.rglob("*") if path.is_file())


def test_before_the_first_run_nothing_is_known(tmp_path, configs):
    archive = Archive(folder=tmp_path / "packs")
    with pytest.raises(ConfigError, match="no rules are kept"):
        archive.as_of(date(2026, 6, 1))
    archive.keep(load_settings(), provenance(), batch_id="b1", at=at(2, hour=0))  # 1 June in UTC
    with pytest.raises(ConfigError, match="the first was used on 2026-06-02"):
        archive.as_of(date(2026, 6, 1))


def test_a_report_finds_the_set_that_judged_it(tmp_path, configs):
    archive = Archive(folder=tmp_path / "packs")
    old = archive.keep(load_settings(), provenance(), batch_id="b1", at=at(1))
    newer = archive.keep(load_settings(), provenance(program="tinghe 0.5.0"), batch_id="b2", at=at(2))
    wanted = {"rules_sha256": "r1", "config_sha256": "c1", "program": "tinghe 0.4.0"}
    assert archive.that_judged(wanted) == old
    assert archive.that_judged(wanted | {"program": "tinghe 0.5.0"}) == newer
    assert archive.that_judged(wanted | {"rules_sha256": "r9"}) is None


def test_rules_outside_the_configs_folder_are_kept_too(tmp_path, configs):
    elsewhere = tmp_path / "own" / "rules"
    elsewhere.mkdir(parents=True)
    (elsewhere / "own.yaml").write_text("own", encoding="utf-8")
    overlay = tmp_path / "own.toml"
    overlay.write_text(f'[detect]\nrules = "{elsewhere}"\n', encoding="utf-8")
    archive = Archive(folder=tmp_path / "packs")
    kept = archive.keep(load_settings(overlay), provenance(), batch_id="b1", at=at(1))
    assert kept.content["named"]["detect.rules"] == "outside/detect.rules"
    assert kept.content["named"]["detect.norms"] == "configs/norms.yaml"
    archive.unpack(kept, tmp_path / "then")
    assert (tmp_path / "then/outside/detect.rules/own.yaml").read_text("utf-8") == "own"


@pytest.mark.parametrize("part", ["sets", "files", "used.jsonl"])
def test_what_was_changed_in_the_archive_is_told(tmp_path, configs, part):
    archive = Archive(folder=tmp_path / "packs")
    archive.keep(load_settings(), provenance(), batch_id="b1", at=at(1))
    place = archive.folder / part
    path = place if place.is_file() else sorted(place.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-3] + b"\x00\x00\n")
    with pytest.raises(StoreError):
        archive.unpack(archive.as_of(date(2026, 6, 1)), tmp_path / "then")


def test_a_set_writes_nothing_outside_its_folder(tmp_path, configs):
    archive = Archive(folder=tmp_path / "packs")
    kept = archive.keep(load_settings(), provenance(), batch_id="b1", at=at(1))
    sha256 = kept.content["files"]["configs/norms.yaml"]
    bad = subject.PackSet(sha256="0" * 64, content={"files": {"../../evil": sha256}})
    with pytest.raises(StoreError, match="outside its folder"):
        archive.unpack(bad, tmp_path / "deep" / "then")
    assert not (tmp_path / "evil").exists()


def test_the_real_configuration_is_small_enough_to_keep(tmp_path):
    archive = Archive(folder=tmp_path / "packs")
    kept = archive.keep(load_settings(), provenance(), batch_id="b1", at=at(1))
    names = set(kept.content["files"])
    for needed in ("rules", "lexicons", "corpora", "scorecards"):
        assert any(name.startswith(f"configs/{needed}/") for name in names), needed
    assert {"configs/norms.yaml", "configs/tone.yaml", "configs/opinion.yaml", "configs/models.toml"} <= names
    archive.unpack(kept, tmp_path / "then")
    for name in names:
        assert (tmp_path / "then" / name).read_bytes() == (CONFIGS.parent / name).read_bytes()
    assert sum(path.stat().st_size for path in Path(archive.folder).rglob("*.gz")) < 4_000_000


def test_a_run_keeps_what_it_judged_with_and_nothing_that_changed_meanwhile(tmp_path, configs):
    settings, out = load_settings(), tmp_path / "results"
    results(out, call("c1"), sound=False)

    def keep(basis, *, anew, ids=("c1",)):
        return keep_packs(out, settings, basis, ids, batch_id="b", anew=anew, at=at(1))

    basis = Basis.of(settings)
    archive = Archive.of(out, settings)
    assert keep(basis, anew=True, ids=("c9",)) is None  # nothing of it is there
    assert keep(replace(basis, configuration="another"), anew=True) is None
    assert archive.uses() == ()
    kept = keep(basis, anew=False)  # an earlier run died before it could
    assert kept is not None
    assert kept.content["rules_sha256"] == call("c1")["provenance"]["rules_sha256"]
    assert keep(basis, anew=False) is None
    assert len(archive.uses()) == 1
    assert keep(basis, anew=True) == kept
    assert len(archive.uses()) == 2
