"""OpenTelemetry: a span for the batch and one for each stage of each call, told from the journal at the end.

Off unless ``[watch] spans`` says so. Where spans go is up to whoever starts Tinghe, as by
``opentelemetry-instrument``; without that they go nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline import __version__
from pipeline.batch.units import UnitState
from pipeline.fields import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.batch.costs import UnitCost
    from pipeline.batch.progress import Progress

_NS: Final = 1_000_000_000


def tell(batch_id: str, progress: Progress, costs: Iterable[UnitCost], *, ended_at: float) -> None:
    """Make the spans of a run.

    Args:
        batch_id: of the batch.
        progress: of the run.
        costs: its stages; those that did not end have no span.
        ended_at: when the run ended, in seconds since 1970.
    """
    from opentelemetry import trace

    tracer = trace.get_tracer("tinghe", __version__)
    batch = tracer.start_span(
        "batch",
        start_time=_ns(progress.started_at),
        attributes={
            "tinghe.batch": batch_id,
            "tinghe.run": progress.run,
            "tinghe.state": progress.state,
            "tinghe.planned": progress.planned,
            "tinghe.quarantined": progress.quarantined,
        },
    )
    inside = trace.set_span_in_context(batch)
    for unit in costs:
        if unit.started_at is None or unit.finished_at is None or unit.finished_at < unit.started_at:
            continue
        span = tracer.start_span(
            unit.stage.value,
            context=inside,
            start_time=_ns(unit.started_at),
            attributes={
                "tinghe.call": safe_name(unit.call_id),
                "tinghe.attempts": unit.attempts,
                "tinghe.cpu_s": unit.cpu_s or 0.0,
            },
        )
        if unit.state is UnitState.QUARANTINED:
            span.set_status(trace.StatusCode.ERROR, unit.reason)
        span.end(_ns(unit.finished_at))
    batch.end(_ns(ended_at))


def _ns(seconds: float) -> int:
    return round(seconds * _NS)
