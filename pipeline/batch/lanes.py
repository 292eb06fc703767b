"""Lanes: child processes that work while we watch.

A lane is a program that reads requests from its standard input and writes answers to its standard output,
each a pickled object behind its length (:func:`read_frame`, :func:`write_frame`). The parent asks with a hard
deadline; a lane that dies, hangs or grows too large is killed and a new one takes its place. Nothing here
knows what the work is.

Pickle is safe between the two: the child is our own program, started by us, on pipes that nobody else has.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from pipeline import errors
from pipeline.errors import BatchStopped, LaneError, StoreError, TingheError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_LENGTH: Final = struct.Struct(">Q")
_LOOK_S: Final = 0.5
"""How often the memory of a working lane is looked at."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_BLOCK: Final = 1 << 20

DIED: Final = "lane_died"
TIMEOUT: Final = "timeout"
MEMORY: Final = "out_of_memory"
_STARTS: Final = 3
"""How often a lane is started before it is believed that none can be."""
_CLOSED: Final = "the batch is being stopped"


def write_frame(stream: IO[bytes], value: Any) -> None:
    """Send one object.

    Raises:
        OSError: the other side is gone.
    """
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Receive one object.

    Raises:
        EOFError: the other side is gone.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    content = stream.read(*_LENGTH.unpack(head))
    return pickle.loads(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error on its way between processes, as an answer.

    Attributes:
        kind: name of the class in :mod:`pipeline.errors`; empty for a foreign error.
        message: ours; of a foreign error only the type is told, its message may quote what was said.
        details: the attributes of the error.
    """

    kind: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """An error as an answer."""
        if isinstance(error, MemoryError):
            return cls(kind="LaneError", message="there is too little memory", details={"reason": MEMORY})
        known = isinstance(error, TingheError) and getattr(errors, type(error).__name__, None) is type(error)
        if not known:
            return cls(kind="", message=type(error).__name__)
        return cls(kind=type(error).__name__, message=str(error), details=dict(vars(error)))

    def error(self) -> TingheError:
        """The error again."""
        kind = getattr(errors, self.kind) if self.kind else errors.UnexpectedError
        made: TingheError = kind.__new__(kind)
        Exception.__init__(made, self.message)
        made.reason = kind.code
        for name, value in self.details.items():
            setattr(made, name, value)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """What a lane may do.

    Attributes:
        start_s: how long it may take to answer its first request, which makes it ready.
        memory_mb: largest resident size; a larger lane is killed.
        asks: after so many requests it is replaced by a new one.
    """

    start_s: float
    memory_mb: int
    asks: int


class Lane:
    """One child process.

    Args:
        command: how it is started.
        hello: the first request; its answer is :attr:`welcome`.
        limits: what it may do.
        environment: its environment; ours when ``None``.

    Raises:
        LaneError: it does not start.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        hello: Any,
        limits: LaneLimits,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._limits = limits
        self._ending = threading.Lock()
        self._ended = False
        self.asked = 0
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libraries write there what they were given to read
                start_new_session=True,
                env=None if environment is None else dict(environment),
                bufsize=0,
            )
        except OSError as error:
            raise StoreError(f"cannot start a lane: {error.strerror}") from error
        self.welcome = self.ask(hello, limits.start_s)
        self.asked = 0

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def worn(self) -> bool:
        """Whether it has worked long enough."""
        return self.asked >= self._limits.asks

    def ask(self, request: Any, timeout_s: float) -> Any:
        """The answer to a request; on any failure the lane is gone.

        Raises:
            LaneError: it died, took longer than ``timeout_s`` or grew too large.
        """
        self.asked += 1
        deadline = time.monotonic() + timeout_s
        try:
            self._send(pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL), deadline)
            (length,) = _LENGTH.unpack(self._receive(_LENGTH.size, deadline))
            return pickle.loads(self._receive(length, deadline))
        except BaseException:
            # An answer that was not awaited would be taken for that to the next request.
            self.kill()
            raise

    def stop(self) -> None:
        """End its process; whoever waits for an answer is told."""
        # Only before it is reaped: afterwards the number may be another's.
        with self._ending:
            if not self._ended:
                self._ended = True
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def kill(self) -> None:
        """End it and everything it started, whatever it does; nobody may be waiting for an answer."""
        self.stop()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, content: bytes, deadline: float) -> None:
        handle = self._process.stdin.fileno()  # type: ignore[union-attr]
        os.set_blocking(handle, False)
        left = memoryview(_LENGTH.pack(len(content)) + content)
        while left:
            self._watch(deadline)
            _, ready, _ = select.select((), (handle,), (), self._pause(deadline))
            if ready:
                try:
                    left = left[os.write(handle, left[:_BLOCK]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise self._dead() from None

    def _receive(self, length: int, deadline: float) -> bytes:
        handle = self._process.stdout.fileno()  # type: ignore[union-attr]
        content = bytearray()
        while len(content) < length:
            ready, _, _ = select.select((handle,), (), (), self._pause(deadline))
            if ready:
                some = os.read(handle, min(length - len(content), _BLOCK))
                if not some:
                    raise self._dead()
                content += some
            else:
                self._watch(deadline)
        return bytes(content)

    def _pause(self, deadline: float) -> float:
        return min(max(deadline - time.monotonic(), 0.0), _LOOK_S)

    def _watch(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise LaneError(TIMEOUT, "it took longer than it may and was stopped")
        if resident_mb(self._process.pid) > self._limits.memory_mb:
            raise LaneError(MEMORY, f"it took more than {self._limits.memory_mb} MB and was stopped")

    def _dead(self) -> LaneError:
        self.stop()  # a process that ended by itself keeps its own exit status
        code = self._process.returncode
        if code < 0:
            return LaneError(DIED, f"its process was ended by {signal.Signals(-code).name}")
        return LaneError(DIED, f"its process ended with status {code}")


def resident_mb(pid: int) -> float:
    """Resident memory of a process; 0 where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0.0
    return int(pages) * _PAGE / 1e6


@dataclass
class Lanes:
    """As many lanes as may work at a time; each is started when it is first needed.

    Attributes:
        start: makes a lane.
        size: how many may work at a time.
    """

    start: Callable[[], Lane]
    size: int
    _idle: list[Lane] = field(default_factory=list)
    _places: threading.Semaphore = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _living: set[Lane] = field(default_factory=set)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._places = threading.Semaphore(self.size)

    def ask(self, request: Any, timeout_s: float, *, alone: bool = False) -> Any:
        """The answer of the next free lane.

        Args:
            request: what to ask.
            timeout_s: how long it may take, the start of a lane not included.
            alone: in a lane that has done nothing before and does nothing after.

        Raises:
            LaneError: the lane died, hung or grew too large over this request, or none starts.
        """
        with self.lane(alone=alone) as lane:
            return lane.ask(request, timeout_s)

    @contextlib.contextmanager
    def lane(self, *, alone: bool = False) -> Iterator[Lane]:
        """A lane to ask several things in a row; an error that it raises is its end."""
        with self._places:
            lane = self._take(fresh=alone)
            try:
                yield lane
            except LaneError:
                self._end(lane)
                self._refuse_if_closed()
                raise
            except BaseException:
                self._end(lane)
                raise
            else:
                if alone or lane.worn:
                    self._end(lane)
                else:
                    self._put_back(lane)

    def close(self) -> None:
        """End all lanes, working ones too."""
        with self._lock:
            self._closed = True
            working, idle, self._idle = self._living - set(self._idle), self._idle, []
        for lane in working:
            lane.stop()
        for lane in idle:
            lane.kill()

    def _take(self, *, fresh: bool) -> Lane:
        with self._lock:
            self._refuse_if_closed()
            if self._idle and not fresh:
                return self._idle.pop()
            spare = self._idle.pop() if self._idle else None
        if spare is not None:
            self._end(spare)  # never more processes than places
        lane = self._started()
        with self._lock:
            if not self._closed:
                self._living.add(lane)
                return lane
        lane.kill()
        raise BatchStopped(_CLOSED)

    def _started(self) -> Lane:
        tries = _STARTS
        while True:
            tries -= 1
            try:
                return self.start()
            except LaneError as error:
                self._refuse_if_closed()
                if not tries:
                    raise BatchStopped(f"no lane starts: {error}") from None

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise BatchStopped(_CLOSED)

    def _put_back(self, lane: Lane) -> None:
        with self._lock:
            if not self._closed and lane in self._living:
                self._idle.append(lane)

    def _end(self, lane: Lane) -> None:
        with self._lock:
            self._living.discard(lane)
        lane.kill()
