"""CTM (NIST, SCTK): when each word was said, a line a word, in the order that scorers ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.export.rttm import channel, token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pipeline.export.calls import ExportedCall


def ctm(call: ExportedCall) -> str:
    """The words of a call with their times and probabilities, sorted by channel and start."""
    file = token(call.call_id)
    return "".join(
        f"{file} {on} {word['start']:.3f} {word['end'] - word['start']:.3f} {token(word['text'])} "
        f"{word['probability']:.4f}\n"
        for on, word in sorted(_words(call), key=lambda one: (one[0], one[1]["start"], one[1]["end"]))
    )


def _words(call: ExportedCall) -> Iterator[tuple[int, Any]]:
    for turn in call.content["turns"]:
        yield from ((channel(turn), word) for word in turn["words"] if word["text"].strip())
