"""Promises about the repository itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from pipeline import __version__

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert f"[{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_locks_pin_and_hash_everything_and_name_no_index(lock):
    text = lock.read_text(encoding="utf-8")
    entries = re.findall(
        r"^[A-Za-z0-9._\-\[\]]+==[^\n]+?\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.M
    )
    named = re.findall(r"^[A-Za-z0-9]", text, re.M)
    assert named
    assert len(entries) == len(named)
    assert not re.search(r"https?://|-{2}(index|extra|find)|@ file", text)


def test_the_readme_names_the_two_commands_in_both_languages():
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "make demo" in text
        assert "make test" in text


def test_files_keep_one_purpose():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    for name in tracked.stdout.split():
        lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
        assert lines <= 450, f"{name} has {lines} lines"
