"""Printing a page: what happens without a browser, with a bad one, and with a real one."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from pipeline.errors import ConfigError, StoreError
from pipeline.report.pdf import NAMES, find_browser, print_pdf
from tests.patience import PATIENCE_S, wait_until
from tests.processes import is_running

PAGE = "<!doctype html><meta charset=utf-8><title>x</title><p>催收通话审计包</p>"


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "页面 1.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


def browser(tmp_path, script):
    """A program that is asked as a browser is."""
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


WRITES = 'for a in "$@"; do case "$a" in --print-to-pdf=*) printf "%s" "{}" > "${{a#*=}}";; esac; done'


def test_without_a_browser_it_is_said_which_would_do(tmp_path, page, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="chromium"):
        print_pdf(page, tmp_path / "page.pdf")
    with pytest.raises(ConfigError, match="nowhere"):
        find_browser("nowhere")
    assert not (tmp_path / "page.pdf").exists()


def test_the_first_that_is_there_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in NAMES[1:3]:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    assert find_browser().name == NAMES[1]


def test_what_it_printed_is_for_its_owner(tmp_path, page):
    print_pdf(page, tmp_path / "out" / "page.pdf", browser=browser(tmp_path, WRITES.format("%PDF-1.4 x")))
    pdf = tmp_path / "out" / "page.pdf"
    assert pdf.read_bytes() == b"%PDF-1.4 x"
    assert pdf.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("script", "told"),
    [("exit 7", "ended with 7"), ("exit 0", "printed no PDF"), (WRITES.format("<html>"), "printed no PDF")],
)
def test_a_browser_that_fails_is_told_and_leaves_nothing(tmp_path, page, script, told):
    with pytest.raises(StoreError, match=told):
        print_pdf(page, tmp_path / "page.pdf", browser=browser(tmp_path, script))
    assert not (tmp_path / "page.pdf").exists()


def test_a_browser_that_hangs_is_ended_with_its_children(tmp_path, page, monkeypatch):
    """Its patience begins when the child is there, however long that takes."""
    mark = tmp_path / "child"
    script = f"(sleep 600 & echo $! > {mark}.new; mv {mark}.new {mark}; wait) & wait"
    wait = subprocess.Popen.wait

    def wait_for_the_child(self, timeout=None):
        if timeout is not None:
            wait_until(mark.exists)
        return wait(self, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_the_child)
    with pytest.raises(StoreError, match="took more than"):
        print_pdf(page, tmp_path / "page.pdf", browser=browser(tmp_path, script), deadline_s=0.05)
    wait_until(lambda: not is_running(int(mark.read_text())))


def test_it_has_no_network_and_a_profile_of_its_own(tmp_path, page):
    said = tmp_path / "said"
    script = f'for a in "$@"; do echo "$a" >> {said}; done; echo "home=$HOME" >> {said}\n'
    print_pdf(page, tmp_path / "p.pdf", browser=browser(tmp_path, script + WRITES.format("%PDF-")))
    told = said.read_text(encoding="utf-8")
    for switch in (
        "--headless",
        "--disable-background-networking",
        "--host-resolver-rules=",
        "--user-data-dir=",
    ):
        assert switch in told
    assert ("--no-sandbox" in told) == (os.geteuid() == 0)
    assert str(os.path.expanduser("~")) != told.split("home=")[1].strip()
    assert page.resolve().as_uri() in told


def test_a_page_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.html"):
        print_pdf(tmp_path / "nothing.html", tmp_path / "p.pdf", browser=browser(tmp_path, "exit 0"))


@pytest.mark.browser
@pytest.mark.slow
def test_a_real_browser_prints(tmp_path, page):
    named = os.environ.get("TINGHE_BROWSER", "")
    if not (named or any(map(shutil.which, NAMES))):
        pytest.skip("no browser is here")
    print_pdf(page, tmp_path / "page.pdf", browser=named, deadline_s=PATIENCE_S)
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "page.pdf").stat().st_size > 1000
