"""A lane: a process with warm models that does what it is asked, one request after the other.

Started by :mod:`flows.batch.lane_bench` as ``python -m flows.batch.lane``. Standard input and output are
the protocol of :mod:`pipeline.batch.lanes` and nothing else; what libraries print goes nowhere, for it may
quote a call. It ends when its standard input does, so that no lane outlives its batch.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Final

from flows.batch.jobs import HearOrder, Hello, JudgeOrder, Workshop
from flows.privacy.sealed import seal
from flows.wiring import load_ears, load_mind
from pipeline.batch.lanes import Failure, read_frame, write_frame
from pipeline.report.files import keep_private

if TYPE_CHECKING:
    from collections.abc import Iterator

_GARBAGE: Final = 50_000
"""Objects that may be made before the collector looks again (700 as Python comes)."""


def main() -> None:
    """Answer until nobody asks any more."""
    seal()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    serve(requests(sys.stdin.buffer), answers)


def requests(stream: IO[bytes]) -> Iterator[Any]:
    """What is asked. The process ends at the end of the stream, even in the middle of its work."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read() -> None:
        try:
            while True:
                waiting.put(read_frame(stream))
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


def serve(asked: Iterator[Any], answers: IO[bytes]) -> None:
    """Do what is asked; an error is an answer too."""
    shop: Workshop | None = None
    for request in asked:
        try:
            if isinstance(request, Hello):
                keep_private(group_readable=request.settings.privacy.group_readable)
                shop = Workshop(
                    request.settings,
                    load_mind,
                    load_ears,
                    request.out,
                    audio=request.audio,
                    clock=time.process_time,
                )
            answer = _answer(request, shop)
        except Exception as error:  # whatever it is, the parent decides
            answer = Failure.of(error)
        write_frame(answers, answer)


def _answer(request: Any, shop: Workshop | None) -> Any:
    if shop is None:
        raise ValueError("a lane was asked before it was greeted")
    match request:
        case Hello():
            facts = shop.facts
            _settle()
            return facts
        case HearOrder():
            return shop.hear(request)
        case JudgeOrder():
            return shop.judge(request)
        case _:
            raise TypeError(type(request).__name__)


def _settle() -> None:
    """Spare the garbage collector what was loaded, which stays; it took 8 % of the time of judging."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)


if __name__ == "__main__":
    main()
