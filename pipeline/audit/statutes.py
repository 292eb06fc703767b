"""The wording of a clause in the statutes that travel with the project (``configs/laws``)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.norms import Norm

FOLDER: Final = "laws"
_NUMBER: Final = r"第[零〇一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?"
_BEGIN: Final = re.compile(rf"^[#*\s]*({_NUMBER})", re.MULTILINE)
_NAMED: Final = re.compile(_NUMBER)


def statute_of(norm: Norm) -> Path | None:
    """The file of a clause's statute; ``None`` where it does not travel along."""
    path = CONFIGS / FOLDER / norm.text if norm.text else None
    return path if path is not None and path.is_file() else None


def article_of(norm: Norm) -> str | None:
    """The whole article that a clause stands in; ``None`` where its text is not here.

    An article that does not hold what is quoted of it is not the one, as in a decision that amends another
    text and has numbers of its own.
    """
    path, named = statute_of(norm), _NAMED.match(norm.article)
    text = _articles(path).get(named.group()) if path is not None and named else None
    return text if text and norm.quote and norm.quote in text.replace("\n", "") else None


@cache
def _articles(path: Path) -> dict[str, str]:
    """Number of each article -> its text, up to the next article or heading."""
    text = path.read_text(encoding="utf-8")
    begins = list(_BEGIN.finditer(text))
    found: dict[str, str] = {}
    ends = [*(begin.start() for begin in begins[1:]), len(text)]
    for begin, end in zip(begins, ends, strict=bool(begins)):
        stretch = text[begin.start() : end]
        kept = re.split(r"\n#", stretch.lstrip("#* "), maxsplit=1)[0]
        found.setdefault(begin.group(1), kept.strip())
    return found
