"""Write the golden files anew: ``python -m tests.golden.regenerate``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pipeline.report.call_json import write_call
from tests.golden.sample import GOLDEN, report, write_sample_pages


def regenerate(folder: Path) -> None:
    """Write every golden file into ``folder``."""
    write_call(report(), folder)
    with tempfile.TemporaryDirectory() as temporary:
        pages = Path(temporary)
        write_sample_pages(pages)
        shutil.copy(pages / "summary.html", folder / "summary.html")
        shutil.copy(pages / "pages" / "golden-1.html", folder / "golden-1.html")


if __name__ == "__main__":
    regenerate(GOLDEN)
