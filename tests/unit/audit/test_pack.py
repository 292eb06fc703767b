"""A pack: all that belongs into it, nothing of people, the same bytes each time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import wave
import zipfile

import openpyxl
import pytest

from pipeline.audit import verifier
from pipeline.audit.archive import PackSet
from pipeline.audit.call_files import Cutting, Source
from pipeline.audit.pack import TEMPLATES
from pipeline.audit.selection import Selection
from pipeline.audit.signing import make_key
from pipeline.privacy.sound import SoundSpan
from pipeline.report.english import read_english
from pipeline.report.labels import Labels
from pipeline.report.playable import cover_playable, sound_of
from tests.golden.sample import GOLDEN
from tests.pages import chinese_left
from tests.unit.audit.made import call, packed, results, usual, write_tone

SECRETS = ("欧阳志远", "周敏", "幺三九零零零零")


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return usual(tmp_path_factory.mktemp("pack") / "results")


@pytest.fixture(scope="module")
def pack(folder, key):
    to = folder.parent / "pack.zip"
    return packed(folder, to, key=key), zipfile.ZipFile(to)


def rows(container, name):
    text = container.read(f"tables/{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_it_holds_together_and_is_for_its_owner(pack, key):
    done, _ = pack
    assert verifier.verify(done.to, key.public_pem).ok
    assert done.to.stat().st_mode & 0o777 == 0o600
    assert (done.calls, done.fingerprint) == (3, key.fingerprint)
    assert dict(done.sound) == {"gone": 1, "here": 2}


def test_everything_that_an_auditor_asks_for_is_in_it(pack):
    _, container = pack
    names = set(container.namelist())
    assert {"index.html", "README.txt", "verify.py", "norms/norms.json", "versions/versions.json"} <= names
    assert {f"calls/{name}/call.html" for name in ("c1", "c2", "c3")} <= names
    assert {"calls/c1/call.json", "calls/c1/transcript.txt", "tables/audit.xlsx"} <= names
    manifest = json.loads(container.read("manifest.json"))
    assert manifest["created_at"] == "2026-06-20T09:02:03+08:00"
    assert manifest["calls"] == ["c1", "c2", "c3"]
    assert {entry["path"] for entry in manifest["files"]} == names - {"manifest.json", "manifest.sig"}


def test_nothing_of_people_is_in_it(pack):
    _, container = pack
    for name in container.namelist():
        content = container.read(name)
        if name.endswith(".xlsx"):
            book = openpyxl.load_workbook(io.BytesIO(content))
            content = repr([[c.value for c in row] for sheet in book for row in sheet.iter_rows()]).encode()
        for secret in SECRETS:
            assert secret.encode() not in content, (name, secret)


def test_findings_have_clips_of_their_evidence_with_ten_seconds_on_either_side(pack):
    _, container = pack
    finding = next(row for row in rows(container, "findings") if row["片段"])
    start, end = (round(1000 * float(finding[name])) for name in ("开始（秒）", "结束（秒）"))
    assert finding["片段"].endswith(f"/{max(0, start - 10_000)}-{end + 10_000}ms.wav")
    with wave.open(io.BytesIO(container.read(finding["片段"]))) as clip:
        seconds = clip.getnframes() / clip.getframerate()
    assert seconds == pytest.approx(min(24.0, end / 1000 + 10) - max(0, start / 1000 - 10), abs=0.01)
    assert finding["片段"].split("/")[-1] in container.read("calls/c1/call.html").decode()


def test_what_could_not_be_checked_is_said(pack):
    _, container = pack
    clause = next(row for row in rows(container, "clauses") if row["条款编号"] == "card_68")
    assert (clause["通话数"], clause["未核查"]) == ("3", "1")
    page = container.read("index.html").decode()
    for words in ("全程静音", "录音已不存在", "行清单未能成为通话", "没有拨号日志", "只保存了结果"):
        assert words in page, words
    assert [row["通话"] for row in rows(container, "unplaced")] == ["line-9"]


def test_clauses_are_quoted_with_their_article_and_statute(folder, key, tmp_path):
    one = call("c1")
    for finding in one["findings"]:
        finding["norms"] = ["civil_1032", "gbt_45251_frequency"]
    packed(results(tmp_path / "results", one), tmp_path / "pack.zip", key=key)
    with zipfile.ZipFile(tmp_path / "pack.zip") as container:
        norms = {norm["id"]: norm for norm in json.loads(container.read("norms/norms.json"))["norms"]}
        private = norms["civil_1032"]
        assert private["article_text"].startswith("第一千零三十二条")
        assert private["quote"] in private["article_text"]
        assert private["statute"] in container.namelist()
        assert norms["gbt_45251_frequency"]["article_text"] is None
        assert "第一千零三十二条" in container.read("index.html").decode()


def test_the_same_calls_give_the_same_bytes(folder, pack, key, tmp_path):
    done, _ = pack
    again = packed(folder, tmp_path / "again.zip", key=key)
    assert again.to.read_bytes() == done.to.read_bytes()
    assert again.sha256 == done.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.zip"]


def test_a_part_can_be_chosen(folder, key, tmp_path):
    packed(folder, tmp_path / "part.zip", Selection(agency="和润资产"), key=key)
    with zipfile.ZipFile(tmp_path / "part.zip") as container:
        manifest = json.loads(container.read("manifest.json"))
        assert (manifest["calls"], manifest["selection"]["agency"]) == (["c1"], "和润资产")
        assert not [name for name in container.namelist() if name.startswith("calls/c2")]


def test_without_the_recording_there_are_no_clips_and_the_pack_says_why(key, tmp_path):
    folder = results(tmp_path / "results", call("c1"), sound=False)
    done = packed(folder, tmp_path / "pack.zip", key=key)
    assert (done.clips, dict(done.sound)) == (0, {"gone": 1})
    with zipfile.ZipFile(done.to) as container:
        assert not [name for name in container.namelist() if name.endswith(".wav")]
        assert "录音已不存在" in container.read("index.html").decode()
    (folder / "audio").mkdir()
    (folder / "audio" / "c1.wav").write_bytes(b"RIFF nonsense")
    assert dict(packed(folder, tmp_path / "bad.zip", key=key).sound) == {"unreadable": 1}


def test_an_original_that_is_another_one_now_is_not_played(key, tmp_path):
    folder = results(tmp_path / "results", call("c1"), sound=False)
    write_tone(tmp_path / "original.wav")
    sources = {"c1": Source(recording=tmp_path / "original.wav")}
    assert dict(packed(folder, tmp_path / "a.zip", key=key, sources=sources).sound) == {"changed": 1}


def test_clips_can_be_left_out(folder, key, tmp_path):
    assert packed(folder, tmp_path / "none.zip", key=key, cutting=Cutting(clips="none")).clips == 0
    serious = packed(folder, tmp_path / "serious.zip", key=key, cutting=Cutting(clips="serious"))
    with zipfile.ZipFile(serious.to) as container:
        found = rows(container, "findings")
    assert {bool(row["片段"]) for row in found if row["级别"] == "一般"} <= {False}


def test_an_unmasked_pack_says_so_on_every_page(folder, key, tmp_path):
    done = packed(folder, tmp_path / "open.zip", key=key, mask=False, access="f" * 64)
    with zipfile.ZipFile(done.to) as container:
        assert "幺三九零零零零" in container.read("calls/c1/transcript.txt").decode()
        for page in ("index.html", "calls/c1/call.html"):
            assert "未脱敏" in container.read(page).decode()
        manifest = json.loads(container.read("manifest.json"))
    assert (manifest["masked"], manifest["access_line"]) == (False, "f" * 64)


def test_what_is_covered_in_the_copy_stays_covered_and_that_is_said(key, tmp_path):
    """Whoever may see people gets the original where it is there; the copy has them covered for good."""
    original = tmp_path / "original.wav"
    write_tone(original)
    one = call("c1")
    one["provenance"]["recording_sha256"] = hashlib.sha256(original.read_bytes()).hexdigest()
    folder = results(tmp_path / "results", one)
    copy = sound_of(folder, "c1")
    cover_playable(copy, [SoundSpan(start_ms=0, end_ms=20_000)])
    for recording, told in ((None, "covered"), (original, "here")):
        sources = {"c1": Source(playable=copy, recording=recording)}
        to = tmp_path / f"{told}.zip"
        done = packed(folder, to, key=key, mask=False, access="f" * 64, sources=sources)
        assert dict(done.sound) == {told: 1}
        assert done.clips > 0


def test_reviews_and_pack_sets_are_in_it(folder, key, tmp_path):
    finding = call("c1")["findings"][0]["id"]
    pack = PackSet(sha256="a" * 64, content={"files": {"configs/norms.yaml": "b" * 64}})
    done = packed(
        folder,
        tmp_path / "pack.zip",
        key=key,
        reviewed={"c1": {finding: "confirmed"}},
        packs={pack.sha256: pack},
        sets={"c1": pack.sha256},
    )
    with zipfile.ZipFile(done.to) as container:
        said = {(row["通话"], row["人工复核"]) for row in rows(container, "findings") if row["人工复核"]}
        assert said == {("c1", "人工确认")}
        versions = json.loads(container.read("versions/versions.json"))
        assert versions["calls"]["c1"]["pack_set"] == pack.sha256
        assert json.loads(container.read(f"versions/packs/{pack.sha256}.json"))["files"]


def test_its_pages_and_tables_are_english_but_for_what_was_said(folder, tmp_path):
    names = ("和润资产", "明达外包", "松河银行")
    english = read_english(GOLDEN / "english")
    done = packed(folder, tmp_path / "pack.zip", language="en", english=english)
    with zipfile.ZipFile(done.to) as container:
        pages = [name for name in container.namelist() if name.endswith(".html")]
        assert len(pages) == 4
        for name in pages:
            assert chinese_left(container.read(name).decode(), names) == []
        findings, clauses = rows(container, "findings"), rows(container, "clauses")
        assert {row["Reason"] for row in findings} >= {"The tone may be impatient."}
        assert all(row["Norms"].startswith("Measures for") for row in findings)
        assert not any(re.search("[一-鿿]", row["Title"]) for row in clauses)
        assert any(row["Title"] == "Civil Code, Article 1032" for row in clauses)


def test_every_label_has_two_languages():
    import yaml

    labels = yaml.safe_load((TEMPLATES / "labels.yaml").read_text("utf-8"))
    assert all(len(pair) == 2 and all(isinstance(one, str) for one in pair) for pair in labels.values())
    assert "audit.title" in Labels("en", TEMPLATES)
