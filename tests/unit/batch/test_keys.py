"""A key changes with all that a result is made from, and with nothing else."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.batch.keys import HEARING_CODE, MISSING, Basis, FileStamp, file_sha256, place_of
from pipeline.metadata import CallMetadata
from pipeline.settings import CONFIGS, PROJECT_ROOT, load_settings
from pipeline.types import Call, Recording, Role

SETTINGS = load_settings()
BASIS = Basis(hearing="h", judging="j", showing="s", rules="r")


def changed(section, **values):
    old = getattr(SETTINGS, section)
    return SETTINGS.model_copy(update={section: old.model_copy(update=values)})


@pytest.mark.parametrize(
    ("section", "values", "parts"),
    [
        ("asr", {"beam_size": 2}, {"hearing", "judging", "configuration"}),
        ("vad", {"threshold": 0.5}, {"hearing", "judging", "configuration"}),
        ("detect", {"violation_confidence": 0.9}, {"judging", "configuration"}),
        ("report", {"language": "en"}, {"showing"}),
        ("batch", {"workers": 7}, set()),
        ("models", {"cache_dir": "/elsewhere"}, set()),
        ("store", {"url": "sqlite:///x.db"}, set()),
    ],
)
def test_settings_count_where_they_are_read(section, values, parts):
    was, now = Basis.of(SETTINGS), Basis.of(changed(section, **values))
    assert {part for part in Basis.__slots__ if getattr(was, part) != getattr(now, part)} == parts


def test_a_changed_rule_is_no_reason_to_listen_again(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    for path in (CONFIGS / "rules").glob("*.yaml"):
        (rules / path.name).write_bytes(path.read_bytes())
    settings = changed("detect", rules=str(rules))
    was = Basis.of(settings)
    with (rules / "notes.yaml").open("a", encoding="utf-8") as file:
        file.write("\n# a word\n")
    now = Basis.of(settings)
    assert was.hearing == now.hearing
    assert {was.judging, was.rules, was.showing}.isdisjoint({now.judging, now.rules, now.showing})


def test_weights_of_ones_own_count_by_their_bytes(tmp_path):
    weights = tmp_path / "model"
    weights.mkdir()
    (weights / "model.bin").write_bytes(b"one")
    settings = changed("asr", model_path=str(weights))
    was = Basis.of(settings)
    (weights / "model.bin").write_bytes(b"two")
    assert Basis.of(settings).hearing != was.hearing


def call_of(**metadata):
    recording = Recording(path=Path("a.wav"), channel_roles=(Role.AGENT, Role.CUSTOMER))
    return Call(call_id="a", metadata=CallMetadata.model_validate(metadata), recording=recording, line=3)


def test_all_that_is_known_of_a_call_counts_and_its_place_does_not():
    call = call_of(lender="示例银行")
    key = BASIS.hear_key(call, "0")
    assert BASIS.hear_key(replace(call, line=9), "0") == key
    moved = replace(call, recording=replace(call.recording, path=Path("elsewhere/b.wav")))
    assert BASIS.hear_key(moved, "0") == key
    others = [
        BASIS.hear_key(call, "1"),
        BASIS.hear_key(call_of(lender="别的银行"), "0"),
        BASIS.hear_key(call_of(lender="示例银行", remark="x"), "0"),
        BASIS.hear_key(replace(call, recording=replace(call.recording, channel_roles=())), "0"),
        BASIS.hear_key(replace(call, recording=replace(call.recording, raw_format="alaw")), "0"),
        replace(BASIS, hearing="h2").hear_key(call, "0"),
    ]
    assert len({key, *others}) == 7


def test_judging_counts_words_call_rules_and_what_is_seen():
    call = call_of()
    keys = {
        BASIS.judge_key(call, "0", "s"),
        BASIS.judge_key(call, "1", "s"),
        BASIS.judge_key(call, "0", "t"),
        BASIS.judge_key(replace(call, call_id="b"), "0", "s"),
        BASIS.judge_key(call_of(days_overdue=3), "0", "s"),
        replace(BASIS, judging="j2").judge_key(call, "0", "s"),
    }
    assert len(keys) == 6
    assert replace(BASIS, hearing="h2").judge_key(call, "0", "s") in keys


def test_a_stamp_tells_a_changed_file_from_an_unchanged_one(tmp_path):
    path = tmp_path / "a.wav"
    assert (FileStamp.of(path), file_sha256(path)) == (None, MISSING)
    path.write_bytes(b"one")
    was = FileStamp.of(path)
    assert FileStamp.of(path) == was
    other = tmp_path / "b.wav"
    other.write_bytes(b"one")
    other.replace(path)
    assert FileStamp.of(path) != was


def test_a_place_says_nothing_of_the_path():
    assert "张三" not in place_of(Path("/rec/张三-13800000001.wav"))
    assert "1380000" not in place_of(Path("/rec/张三-13800000001.wav"))


APART = {"pipeline.stages"}
"""It joins hearing and judging; its own file is in both keys, what it imports for judging is not heard."""
WITHOUT_EFFECT = {
    "pipeline",  # names the version
    "pipeline.errors",
    "pipeline.ports",  # what engines must look like
    "pipeline.settings",  # its values are in the key
    "pipeline.metadata",  # so are these
    "pipeline.fields",
    "pipeline.rows",
    "pipeline.yaml_files",
}


def test_all_that_hearing_imports_is_in_its_key():
    """A module that is new in the path of hearing must be named, or transcripts would outlive its changes."""
    covered = set()
    for place in HEARING_CODE:
        path = PROJECT_ROOT / place
        covered |= set(path.rglob("*.py")) if path.is_dir() else set(PROJECT_ROOT.glob(place))
    assert len(covered) > 30
    missing = {}
    for path in sorted(covered):
        name = ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name in APART or name.startswith("pipeline.types"):
            continue
        for module in loaded_by(path):
            file = PROJECT_ROOT / Path(*module.split("."))
            files = set(filter(Path.is_file, (file.with_suffix(".py"), file / "__init__.py")))
            if module not in WITHOUT_EFFECT and not files <= covered:
                missing.setdefault(module, name)
    assert {m for m in missing if m.startswith("pipeline")} == set()


def loaded_by(path):
    """Modules of the pipeline that a file imports when it runs, not for types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    typing = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in typing and node.module:
            yield node.module
