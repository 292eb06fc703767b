"""Ways of speaking that spare a hit (``contexts.yaml``)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.detect.schema.parts import Part, Phrases


class Context(Part):
    """A way of speaking that spares a hit.

    Attributes:
        scope: where ``text`` must match: in the hit's own clause before or behind it, anywhere in
            its clause, sentence, passage or turn. A passage is the turn, cut where the speaker changes
            course (``turning`` in ``words.yaml``: «不过», «再不还»), and so are sentences here.
        near: for ``before``: the match must end at most this many characters before the hit.
        ignore: wordings that look like ``text`` and are not.
    """

    scope: Literal["before", "behind", "clause", "passage", "sentence", "turn"]
    text: Phrases
    ignore: Phrases = ()
    near: int | None = Field(default=None, ge=0)


class ContextFile(Part):
    """``configs/rules/contexts.yaml``."""

    contexts: dict[str, tuple[Context, ...]]
