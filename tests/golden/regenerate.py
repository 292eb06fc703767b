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
        for language, suffix in (("zh", ""), ("en", ".en")):
            write_sample_pages(pages, language=language)
            shutil.copy(pages / "summary.html", folder / f"summary{suffix}.html")
            shutil.copy(pages / "pages" / "golden-1.html", folder / f"golden-1{suffix}.html")


if __name__ == "__main__":
    regenerate(GOLDEN)
