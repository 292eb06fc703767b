"""What reading transcripts promises: turns keep their places, bad files are named, none is held in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import transcripts
from pipeline.errors import ConfigError, TranscriptError
from pipeline.transcripts import plan_transcripts, read_transcript
from pipeline.types import Call, Quarantined, Role, Transcript


def document(**changes: Any) -> dict[str, Any]:
    turns = [
        {"speaker": "agent", "text": "您好，请问是机主本人吗？", "start": 0.5, "end": 2.25},
        {"speaker": "customer", "text": ""},
        {"speaker": "system", "text": "嘟", "tone": "neutral", "violations": []},
    ]
    return {"call_id": "T1", "metadata": {"days_overdue": 3, "site": "north"}, "turns": turns, **changes}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def read_all(source: Path) -> tuple[list[tuple[Call, Transcript]], list[Quarantined]]:
    results = list(plan_transcripts(source).read())
    return [r for r in results if isinstance(r, tuple)], [r for r in results if isinstance(r, Quarantined)]


def rejected(folder: Path, content: Any) -> Quarantined:
    calls, bad = read_all(write(folder / "call.json", content))
    assert calls == []
    return bad[0]


def test_turns_keep_their_places(tmp_path: Path) -> None:
    ((call, transcript),), _ = read_all(write(tmp_path / "a.json", document()))
    assert (call.call_id, call.metadata.days_overdue, call.metadata.get("site")) == ("T1", 3, "north")
    assert call.recording is None
    assert [(t.index, t.role, t.text) for t in transcript.turns] == [
        (0, Role.AGENT, "您好，请问是机主本人吗？"),
        (1, Role.CUSTOMER, ""),
        (2, Role.SYSTEM, "嘟"),
    ]
    assert [(t.start_ms, t.end_ms) for t in transcript.turns] == [(500, 2250), (None, None), (None, None)]
    assert {t.role_confidence for t in transcript.turns} == {1.0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(document(), ensure_ascii=False).encode(encoding))
    ((_, transcript),), _ = read_all(path)
    assert transcript.turns[0].text.endswith("本人吗？")


def test_metadata_may_be_left_out(tmp_path: Path) -> None:
    content = document(metadata=None)
    ((call, _),), _ = read_all(write(tmp_path / "a.json", content))
    assert call.metadata.model_dump(exclude_none=True) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"call_id": None}, "call_id"),
        ({"call_id": "a/b"}, "call_id"),
        ({"metadata": [1]}, "metadata.*"),
        ({"metadata": {"days_overdue": "soon"}}, "metadata.days_overdue"),
        ({"turns": None}, "turns"),
        ({"turns": [{"speaker": "王小明", "text": "喂"}]}, "turns[0].speaker"),
        ({"turns": [{"speaker": "agent"}]}, "turns[0].text"),
        ({"turns": [{"speaker": "agent", "text": 5}]}, "turns[0].text"),
        ({"turns": [{"speaker": "agent", "text": "喂", "start": 1.0}]}, "turns[0]"),
        ({"turns": [{"speaker": "agent", "text": "喂", "start": 2.0, "end": 1.0}]}, "turns[0]"),
        ({"turns": [{"speaker": "agent", "text": "喂", "start": -1, "end": 1.0}]}, "turns[0].start"),
        ({"turns": [{"speaker": "agent", "text": "喂", "start": "1", "end": 2}]}, "turns[0].start"),
    ],
)
def test_bad_files_name_file_and_field(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    bad = rejected(tmp_path, document(**changes))
    assert (bad.file, bad.field, bad.reason) == ("call.json", field, "transcript")
    assert bad.message.startswith(f"call.json: {field}: ")
    assert "王小明" not in bad.message
    assert "喂" not in bad.message


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"call_id": "\\ud800"}', b"[" * 100_000, b"null"]
)
def test_files_that_are_no_json_object(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "call.json").write_bytes(raw)
    _, (bad,) = read_all(tmp_path / "call.json")
    assert (bad.call_id, bad.file, bad.field) == ("call#no-id", "call.json", None)


def test_many_errors_make_no_long_message(tmp_path: Path) -> None:
    bad = rejected(tmp_path, document(turns=[{"speaker": "x", "text": "y"}] * 400))
    assert "and 395 more" in bad.message


def test_too_large_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "MAX_BYTES", 100)
    assert "larger than 100 bytes" in rejected(tmp_path, document()).message


def test_a_folder_is_read_in_order_and_goes_on_after_bad_files(tmp_path: Path) -> None:
    write(tmp_path / "b.json", document(call_id="B"))
    write(tmp_path / "a.json", document(call_id="A"))
    write(tmp_path / "c.json", document(call_id="A"))
    (tmp_path / "d.json").write_text("{")
    (tmp_path / "e.json").mkdir()
    write(tmp_path / "13900000000.json", {})
    write(tmp_path / ".hidden.json", document(call_id="H"))
    write(tmp_path / "readme.txt", {})
    calls, bad = read_all(tmp_path)
    assert [call.call_id for call, _ in calls] == ["A", "B"]
    reasons = {q.call_id: q.reason for q in bad}
    assert reasons["A#c"] == "duplicate_call_id"
    assert reasons["d#no-id"] == reasons["e#no-id"] == "transcript"
    assert len(bad) == len(reasons) == 4
    assert not any("13900000000" in q.call_id for q in bad)


def test_jsonl_has_one_call_a_line(tmp_path: Path) -> None:
    lines = [json.dumps(document(call_id=name), ensure_ascii=False) for name in ("A", "B", "A")]
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join([lines[0], "", "{", lines[1], lines[2]]), encoding="utf-8")
    calls, bad = read_all(path)
    assert [(call.call_id, call.line) for call, _ in calls] == [("A", 1), ("B", 4)]
    assert [(q.call_id, q.line) for q in bad] == [("line-3#no-id", 3), ("A#line-5", 5)]


def test_any_source_can_be_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(document(call_id=f"C{n}")) for n in range(5)) + "\n{\n")
    sources = plan_transcripts(path).sources
    assert read_transcript(sources[3])[0].call_id == "C3"
    with pytest.raises(TranscriptError, match=r"calls\.jsonl, line 6: not valid JSON"):
        read_transcript(sources[5])


def test_files_are_read_only_when_asked_for(tmp_path: Path) -> None:
    for n in range(3):
        write(tmp_path / f"{n}.json", document(call_id=f"C{n}"))
    results = plan_transcripts(tmp_path).read()
    assert isinstance(next(results), tuple)
    (tmp_path / "1.json").unlink()
    assert isinstance(next(results), Quarantined)


@pytest.mark.parametrize("name", ["absent.json", "empty", "notes.txt", "empty.jsonl"])
def test_sources_without_transcripts(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ConfigError):
        plan_transcripts(tmp_path / name)


_turns = st.lists(
    st.fixed_dictionaries(
        {"speaker": st.sampled_from(list(Role)), "text": st.text(st.characters(codec="utf-8"))}
    )
)


@settings(max_examples=60, deadline=None)
@given(_turns, st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, turns: list[dict[str, str]], ascii_only: bool
) -> None:
    path = tmp_path_factory.mktemp("t") / "calls.jsonl"
    path.write_text(json.dumps(document(turns=turns), ensure_ascii=ascii_only), encoding="utf-8")
    ((_, transcript),), _ = read_all(path)
    assert [(t.role, t.text) for t in transcript.turns] == [(t["speaker"], t["text"]) for t in turns]
