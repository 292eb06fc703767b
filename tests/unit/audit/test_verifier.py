"""The verifier: an untouched pack holds, and one byte that changes anywhere is named."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.audit import verifier
from pipeline.audit.container import Container
from pipeline.audit.signing import SigningKey, make_key

FILES = {
    "index.html": b"<html>" + "一二三".encode() * 300,
    "calls/a/clips/1.wav": bytes(range(256)) * 20,
    "calls/a/transcript.json": json.dumps({"turns": list(range(300))}).encode(),
    "verify.py": Path(verifier.__file__).read_bytes(),
    "empty.txt": b"",
    "说明.txt": "如何核对\n".encode(),
}
FACTS = {"created_at": "2026-06-20T08:00:00+08:00", "selection": {"calls": ["a"]}}


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> SigningKey:
    return make_key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def pack(tmp_path_factory, key):
    return written(tmp_path_factory.mktemp("pack") / "pack.zip", key)


def written(path, key, files=FILES, facts=FACTS):
    with Container(path) as container:
        for name, content in files.items():
            container.add(name, content)
        container.finish(facts, key)
    return path


def damaged(path, folder, change):
    to = folder / "damaged.zip"
    to.write_bytes(change(path.read_bytes()))
    return to


def parts_of(path):
    outcome = verifier.verify(path)
    return {part for part, _ in outcome.findings}, outcome


def test_an_untouched_pack_holds_and_every_reader_opens_it(pack, key):
    outcome = verifier.verify(pack)
    assert outcome.ok, outcome.findings
    assert outcome.fingerprint == key.fingerprint
    assert verifier.verify(pack, key.public_pem).as_json()["public_key_given"] is True
    with zipfile.ZipFile(pack) as container:
        assert container.testzip() is None
        assert {name: container.read(name) for name in FILES} == FILES
        assert container.namelist()[:2] == ["manifest.json", "manifest.sig"]


def test_the_same_input_gives_the_same_bytes(pack, key, tmp_path):
    turned = dict(reversed(FILES.items()))
    assert written(tmp_path / "again.zip", key, turned).read_bytes() == pack.read_bytes()


def regions(pack):
    """Every stretch of the pack with its name."""
    content = pack.read_bytes()
    with zipfile.ZipFile(pack) as container:
        manifest = json.loads(container.read("manifest.json"))
        own = [verifier._entry(name, container.read(name)) for name in ("manifest.json", "manifest.sig")]
    parts = verifier._parts([*own, *manifest["files"]])
    assert parts[-1].offset + parts[-1].length == len(content)
    return parts


def test_one_changed_byte_is_named_wherever_it_is(pack, tmp_path):
    chance, content = random.Random(7), pack.read_bytes()
    tried = 0
    for part in regions(pack):
        places = range(part.offset, part.offset + part.length)
        for at in sorted(chance.sample(places, min(len(places), 12 if part.due is None else 40))):
            changed = bytearray(content)
            changed[at] ^= 1 << chance.randrange(8)
            bad = damaged(pack, tmp_path, lambda _, made=changed: bytes(made))
            named, outcome = parts_of(bad)
            assert not outcome.ok
            if part.name in ("manifest.json", "manifest.sig"):
                assert named & {"manifest.json", "manifest.sig"}, (part.name, at, outcome.findings)
            else:
                assert part.name in named, (part.name, at, outcome.findings)
                others = {one.name for one in regions(pack) if one.entry} - {part.name, "manifest.sig"}
                if part.entry is not None:
                    assert not named & others, (part.name, at, outcome.findings)
            tried += 1
    assert tried > 500


@pytest.mark.parametrize("at", [0, 1, 7, -1, -5, -20])
def test_every_byte_at_the_ends_matters(pack, tmp_path, at):
    content = bytearray(pack.read_bytes())
    content[at] ^= 0xFF
    assert not verifier.verify(damaged(pack, tmp_path, lambda _: bytes(content))).ok


def rezipped(pack, folder, change):
    """Somebody unpacks, changes and packs again with other tools."""
    to = folder / "rezipped.zip"
    with zipfile.ZipFile(pack) as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in files.items():
            kind = zipfile.ZIP_STORED if name.startswith(("manifest", "public")) else zipfile.ZIP_DEFLATED
            new.writestr(name, content, kind)
    return to


def test_a_file_more_and_a_file_less_are_named(pack, tmp_path):
    named, outcome = parts_of(rezipped(pack, tmp_path, lambda files: files.update({"more.txt": b"x"})))
    assert "more.txt" in named
    assert not outcome.ok
    named, outcome = parts_of(rezipped(pack, tmp_path, lambda files: files.pop("index.html")))
    assert "index.html" in named
    assert not outcome.ok


def test_a_pack_that_was_only_packed_anew_is_not_the_pack(pack, tmp_path):
    _, outcome = parts_of(rezipped(pack, tmp_path, lambda files: None))
    assert outcome.signed
    assert not outcome.ok


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda b: b + b"x", "the ZIP file"),
        (lambda b: b"MZ" + b, "ZIP header before manifest.json"),
        (lambda b: b[:-1], "ZIP end record"),
        (lambda b: b[:100], "manifest.json"),
        (lambda b: b"", "manifest.json"),
        (lambda b: b[:-2] + b"\x03\x00abc", "the ZIP file"),
    ],
    ids=["behind", "before", "cut", "cut short", "empty", "comment"],
)
def test_bytes_around_the_files_are_named(pack, tmp_path, change, part):
    named, outcome = parts_of(damaged(pack, tmp_path, change))
    assert part in named, outcome.findings
    assert not outcome.ok


def test_a_pack_signed_by_somebody_else_is_told_by_the_key_that_is_known(pack, key, tmp_path):
    other = make_key(tmp_path / "other")
    forged = written(tmp_path / "forged.zip", other, FILES | {"index.html": b"another"})
    assert verifier.verify(forged).ok  # on its own it holds: only the key tells
    outcome = verifier.verify(forged, key.public_pem)
    assert {part for part, _ in outcome.findings} >= {"public_key.pem", "manifest.sig"}
    assert not outcome.ok


def test_an_unsigned_pack_is_not_shown_to_be_anything(tmp_path):
    named, outcome = parts_of(written(tmp_path / "unsigned.zip", None))
    assert named == {"manifest.sig"}
    assert not outcome.ok


def test_a_signature_that_was_taken_out_is_missed(pack, tmp_path):
    named, outcome = parts_of(rezipped(pack, tmp_path, lambda files: files.pop("manifest.sig")))
    assert "manifest.sig" in named
    assert not outcome.ok


def test_the_copy_in_the_pack_works_alone(pack, key, tmp_path):
    with zipfile.ZipFile(pack) as container:
        script = tmp_path / "verify.py"
        script.write_bytes(container.read("verify.py"))
    (tmp_path / "key.pem").write_bytes(key.public_pem)
    bad = damaged(pack, tmp_path, lambda b: b[:-1] + bytes([b[-1] ^ 1]))

    def run(*arguments):
        command = [sys.executable, "-I", "-P", str(script), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    good = run(pack, "--public-key", tmp_path / "key.pem", "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["ok"] is True
    wrong = run(bad)
    assert wrong.returncode == 1
    assert "ZIP end record" in wrong.stdout
    assert run(tmp_path / "nowhere.zip").returncode == 1
    assert run(pack, "--public-key", tmp_path / "nowhere.pem").returncode == 1


def test_without_the_signature_library_nothing_passes(pack, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    outcome = verifier.verify(pack)
    assert [part for part, _ in outcome.findings] == ["manifest.sig"]
    assert not outcome.ok
