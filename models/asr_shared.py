"""One transcriber for calls that are heard at the same time, so that a GPU gets full batches.

A call has a handful of windows, a GPU wants dozens. Threads that each hear a call hand their windows in;
whoever finds the engine free decodes everything that waits, for all of them. What a window gives does not
depend on its neighbours, so that a call's words do not depend on the calls beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.errors import TingheError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.ports import Transcriber
    from pipeline.types import Samples, Segment

    Answers = tuple[tuple[Segment, ...], ...]


@dataclass(slots=True, kw_only=True, eq=False)
class _Request:
    windows: Sequence[Samples]
    beam_size: int
    bar_loops: bool
    answers: Answers | None = None
    error: TingheError | None = None

    @property
    def is_done(self) -> bool:
        return self.answers is not None or self.error is not None

    def goes_with(self, other: _Request) -> bool:
        """Whether one use of the engine can answer both."""
        return (self.beam_size, self.bar_loops) == (other.beam_size, other.bar_loops)


@dataclass(frozen=True)
class SharedTranscriber:
    """Joins what is asked for while the engine is busy (flat combining, Hendler et al. 2010).

    Args:
        engine: does the work, used by one thread at a time.
    """

    engine: Transcriber
    _waiting: list[_Request] = field(default_factory=list)
    _list: Lock = field(default_factory=Lock)
    _free: Lock = field(default_factory=Lock)

    @property
    def identity(self) -> str:
        """The engine's."""
        return self.engine.identity

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        """As the engine does; waits while it is busy with others.

        Raises:
            EngineError: the engine failed on these windows.
        """
        request = _Request(windows=windows, beam_size=beam_size, bar_loops=bar_loops)
        with self._list:
            self._waiting.append(request)
        with self._free:
            if not request.is_done:
                self._serve(self._take(request))
        if request.error is not None:
            raise request.error
        return request.answers or ()

    def _take(self, first: _Request) -> list[_Request]:
        with self._list:
            taken = [request for request in self._waiting if request.goes_with(first)]
            for request in taken:
                self._waiting.remove(request)
        return taken

    def _serve(self, requests: Sequence[_Request]) -> None:
        """Answer all at once; each by itself when that fails, so that a failure costs only its own call."""
        try:
            answers = iter(self._ask(requests))
        except TingheError as error:
            if len(requests) == 1:
                requests[0].error = error
                return
            for request in requests:
                self._serve([request])
            return
        for request in requests:
            request.answers = tuple(_next(answers, len(request.windows)))

    def _ask(self, requests: Sequence[_Request]) -> Answers:
        windows = [window for request in requests for window in request.windows]
        return self.engine.transcribe(
            windows, beam_size=requests[0].beam_size, bar_loops=requests[0].bar_loops
        )


def _next(answers: Iterator[tuple[Segment, ...]], count: int) -> Iterator[tuple[Segment, ...]]:
    for _ in range(count):
        yield next(answers)
