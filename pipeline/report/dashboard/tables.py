"""The dashboard's tables for spreadsheets: every figure with its interval and its n, as numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.report.dashboard.groups import GROUPS, groups_by, heard_by_codec, name_of, rule_counts
from pipeline.report.dashboard.measures import (
    QUALITY,
    SHARES,
    Measure,
    bin_name,
    bins,
    score_measures,
    share_measures,
)
from pipeline.report.dashboard.rows import COMPLAINT
from pipeline.report.routing import RISK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.intervals import Interval
    from pipeline.report.dashboard.period import Comparison, Period
    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

    Cell = str | int | float | None
    Columns = Sequence[tuple[str, str]]

_LOW, _HIGH = "dash.low", "dash.high"
_BEFORE: Final = (
    ("dash.before", "short"),
    (("dash.before", _LOW), "short"),
    (("dash.before", _HIGH), "short"),
    ("dash.change", "short"),
    (("dash.moved", _LOW), "short"),
    (("dash.moved", _HIGH), "short"),
)
_SHARE: Final = (("dash.share", "short"), (_LOW, "short"), (_HIGH, "short"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table.

    Attributes:
        name: of its file.
        title: key of its label.
        columns: heading and kind (``id``, ``short``, ``text``) of each column.
        rows: its cells.
    """

    name: str
    title: str
    columns: Columns
    rows: Sequence[Sequence[Cell]]


def dashboard_sheets(now: Period, comparison: Comparison, showing: Showing) -> Iterator[Sheet]:
    """The tables of a dashboard, in the order of the page.

    Shares are between 0 and 1, changes of shares as well. People are as ``showing`` shows them.
    """
    t = showing.labels
    judged = comparison.judged
    yield Sheet(
        name="first",
        title="dash.first",
        columns=_named(
            (
                ("table.call_id", "id"),
                ("started_at", "id"),
                ("agent", "id"),
                ("agency", "id"),
                ("dash.why", "id"),
                ("dash.broken", "text"),
                ("compliance", "short"),
            ),
            t,
        ),
        rows=[*_first(now, showing)],
    )
    yield Sheet(
        name="measures",
        title="dash.measures",
        columns=_named(_MEASURES, t),
        rows=[
            *(_measure(m, t) for m in share_measures(SHARES, now.rows, judged)),
            *(_measure(m, t) for m in score_measures(now.rows, judged)),
        ],
    )
    yield Sheet(
        name="distribution",
        title="distribution",
        columns=_named((("dash.points", "short"), ("compliance", "short"), ("effectiveness", "short")), t),
        rows=[
            [bin_name(place), compliance, effectiveness]
            for place, (compliance, effectiveness) in enumerate(
                zip(
                    bins(row.compliance for row in now.rows),
                    bins(row.effectiveness for row in now.rows),
                    strict=True,
                )
            )
        ],
    )
    yield Sheet(
        name="rules",
        title="dash.rules",
        columns=_named(
            (
                ("rule", "text"),
                ("severity", "short"),
                ("dash.calls_violated", "short"),
                ("review_n", "short"),
                ("table.undecided_n", "short"),
                *_SHARE,
                *_BEFORE,
            ),
            t,
        ),
        rows=[
            [
                showing.rule(r.rule),
                t(f"severity.{r.severity}"),
                r.violated,
                r.waiting,
                r.undecided,
                *_spread(r.share),
                *_spread(r.before),
                *_spread(r.change),
            ]
            for r in rule_counts(now.rows, judged)
        ],
    )
    for field in GROUPS:
        yield _groups(field, now, None if field == "day" else comparison, t)
    yield Sheet(
        name="rules_by_group",
        title="dash.matrix",
        columns=_named(
            (
                ("dash.group_kind", "short"),
                ("dash.group", "id"),
                ("rule", "text"),
                ("dash.calls_violated", "short"),
            ),
            t,
        ),
        rows=[*_rules_by_group(now, showing)],
    )
    yield Sheet(
        name="recognition",
        title="dash.heard",
        columns=_named(_MEASURES, t),
        rows=[_measure(m, t) for m in share_measures(QUALITY, now.rows, comparison.heard)],
    )
    yield Sheet(
        name="codecs",
        title="dash.by.codec",
        columns=_named(
            (
                ("dash.codec", "id"),
                ("calls", "short"),
                ("dash.asr", "short"),
                ("dash.low_asr", "short"),
                ("dash.poor", "short"),
                ("status.not_scored", "short"),
            ),
            t,
        ),
        rows=[
            [h.codec, h.calls, _round(h.asr), _value(h.low), _value(h.poor), h.not_scored]
            for h in heard_by_codec(now.rows)
        ],
    )
    yield Sheet(
        name="not_scored",
        title="dash.coverage",
        columns=_named((("status", "short"), ("reason", "id"), ("calls", "short")), t),
        rows=[*_coverage(now, t)],
    )


_MEASURES: Final = (
    ("conduct.measure", "id"),
    ("dash.hits", "short"),
    ("dash.n", "short"),
    *_SHARE,
    *_BEFORE,
    ("dash.verdict", "short"),
)


def _measure(measure: Measure, t: Labels) -> list[Cell]:
    return [
        t(measure.key),
        measure.hits,
        measure.now.n if measure.now else 0,
        *_spread(measure.now),
        *_spread(measure.before),
        *_spread(measure.change),
        "" if measure.verdict == "none" else t(f"dash.verdict.{measure.verdict}"),
    ]


def _groups(field: str, now: Period, comparison: Comparison | None, t: Labels) -> Sheet:
    return Sheet(
        name=f"by_{field}",
        title=f"dash.by.{field}",
        columns=_named(
            (
                (f"dash.by.{field}", "id"),
                ("calls", "short"),
                ("status.scored", "short"),
                ("few", "short"),
                ("dash.red", "short"),
                (("dash.red", _LOW), "short"),
                (("dash.red", _HIGH), "short"),
                ("dash.violated", "short"),
                (("dash.violated", _LOW), "short"),
                (("dash.violated", _HIGH), "short"),
                *_BEFORE,
                ("review_n", "short"),
                ("median_compliance", "short"),
                ("median_effectiveness", "short"),
            ),
            t,
        ),
        rows=[
            [
                g.name or t(f"dash.unnamed.{field}"),
                g.calls,
                g.scored,
                t("yes") if g.few else t("no"),
                *_spread(g.red),
                *_spread(g.violated),
                *_spread(g.before),
                *_spread(g.change),
                g.waiting,
                _round(g.compliance),
                _round(g.effectiveness),
            ]
            for g in groups_by(field, now.rows, comparison.judged if comparison else None)
        ],
    )


def _rules_by_group(now: Period, showing: Showing) -> Iterator[list[Cell]]:
    """The cells of the page's cross table that are not empty."""
    t = showing.labels
    for field in GROUPS:
        counts = Counter((name_of(row, field), rule) for row in now.rows for rule in row.rules("violation"))
        for (name, rule), n in sorted(counts.items()):
            yield [t(f"dash.by.{field}"), name or t(f"dash.unnamed.{field}"), showing.rule(rule), n]


def _named(columns: Sequence[tuple[str | tuple[str, ...], str]], t: Labels) -> Columns:
    """Columns with their headings; a heading may be of several labels."""
    return [(" ".join(map(t, (keys,) if isinstance(keys, str) else keys)), kind) for keys, kind in columns]


def _first(now: Period, showing: Showing) -> Iterator[list[Cell]]:
    t, wanted = showing.labels, ("risk", "red", "red_review", "complaint")
    for row in now.rows:
        tags = [tag for tag in wanted if tag in row.tags]
        if not tags:
            continue
        said = [f"{t.of('event', e.event)}: {e.evidence}" for e in row.urgent if e.event in (RISK, COMPLAINT)]
        said += [
            f"{showing.rule(f.rule)}: {f.evidence}"
            for f in row.findings
            if f.severity == "critical" and f.state != "cannot_decide"
        ]
        why = t("comma").join(t(f"filter.{tag}") for tag in tags)
        yield [row.call_id, row.started_at, row.agent, row.agency, why, "\n".join(said), row.compliance]


def _coverage(now: Period, t: Labels) -> Iterator[list[Cell]]:
    yield [t("dash.planned"), "", now.planned]
    yield [t("status.scored"), "", sum(row.scored for row in now.rows)]
    for reason, n in Counter(row.reason for row in now.rows if not row.scored).most_common():
        yield [t("status.not_scored"), t.of("reason", reason), n]
    for reason, n in Counter(call.reason for call in now.quarantined).most_common():
        yield [t("status.quarantined"), t.of("reason", reason), n]


def _spread(interval: Interval | None) -> list[Cell]:
    if interval is None:
        return [None, None, None]
    return [_round(interval.value), _round(interval.low), _round(interval.high)]


def _value(interval: Interval | None) -> float | None:
    return _round(interval.value) if interval else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
