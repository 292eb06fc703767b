"""What third-party libraries raise becomes an error of ours, without their words.

A library's message may hold a path or a piece of text; ours hold the engine and the class of the
cause, which stays chained for a debugger.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.errors import EngineError, ModelError, TingheError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def engine_errors(engine: str) -> Iterator[None]:
    """Around one use of an engine: anything it raises becomes :class:`EngineError`."""
    try:
        yield
    except TingheError:
        raise
    except Exception as error:
        raise EngineError(f"{engine} failed: {type(error).__name__}") from error


@contextmanager
def loading_errors(engine: str) -> Iterator[None]:
    """Around loading an engine: anything it raises becomes :class:`ModelError`, which is not retried."""
    try:
        yield
    except TingheError:
        raise
    except Exception as error:
        raise ModelError(f"{engine} cannot be loaded: {type(error).__name__}: {error}") from error
