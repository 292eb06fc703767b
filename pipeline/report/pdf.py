"""A page of ours as PDF, printed by an installed Chromium or Chrome.

The browser runs headless, with a profile of its own that is thrown away, without a network and with a
deadline. What it prints depends on its version and on the fonts of the machine: a PDF is for reading, the
page is what is kept and signed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import ConfigError, StoreError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "chromium-headless-shell",
    "microsoft-edge",
)
"""Commands that are looked for in the search path."""
DEADLINE_S: Final = 120.0
_SWITCHES: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-proxy-server",
    # No name is ever resolved: a page that asked for something outside would not get it.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


def find_browser(named: str = "") -> Path:
    """The browser that prints.

    Args:
        named: a command or path from the settings; empty for the first of :data:`NAMES` in the search path.

    Raises:
        ConfigError: it is not there, or none is.
    """
    for name in (named,) if named else NAMES:
        found = shutil.which(str(Path(name).expanduser()) if named else name)
        if found:
            return Path(found)
    if named:
        raise ConfigError(f"[report] browser: {named}: no program that can be run")
    raise ConfigError(
        f"PDF needs Chromium or Chrome, and none is in the search path ({', '.join(NAMES)}); install one "
        "or name it: [report] browser"
    )


def print_pdf(html: Path, pdf: Path, *, browser: str = "", deadline_s: float = DEADLINE_S) -> None:
    """Print a page; the PDF is readable by its owner only.

    Args:
        html: the page, a file.
        pdf: the file to write; an earlier one is replaced.
        browser: see :func:`find_browser`.
        deadline_s: seconds after which the browser is stopped.

    Raises:
        ConfigError: there is no browser, or no page.
        StoreError: the browser fails or takes too long, or the PDF cannot be written.
    """
    program = find_browser(browser)
    if not html.is_file():
        raise ConfigError(f"{html}: there is no such page to print")
    with tempfile.TemporaryDirectory(prefix="tinghe-pdf-") as temporary:
        folder = Path(temporary)
        made = folder / "page.pdf"
        _run(_command(program, html, made, folder / "profile"), folder, deadline_s)
        try:
            content = made.read_bytes()
        except OSError:
            content = b""
        if not content.startswith(b"%PDF-"):
            raise StoreError(f"{program.name} printed no PDF of {html.name}")
        write_atomically(pdf, content, mode=0o600)


def _command(program: Path, html: Path, pdf: Path, profile: Path) -> list[str]:
    # Chromium's sandbox does not start for root; the page is ours and has no network.
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        str(program),
        *_SWITCHES,
        *alone,
        f"--user-data-dir={profile}",
        f"--print-to-pdf={pdf}",
        html.resolve().as_uri(),
    ]


def _run(command: Sequence[str], folder: Path, deadline_s: float) -> None:
    """Run the browser as a session of its own, so that its children end with it.

    Raises:
        StoreError: it cannot be started, fails, or takes too long.
    """
    name = Path(command[0]).name
    # Nothing of the user's is read or left: settings, caches and crash reports go into the folder.
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
    }
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise StoreError(f"cannot start {name}: {error.strerror}") from error
    try:
        status = child.wait(timeout=deadline_s)
    except subprocess.TimeoutExpired:
        raise StoreError(f"{name} took more than {deadline_s:g} s to print a page") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if status != 0:
        raise StoreError(f"{name} ended with {status} and printed nothing")
