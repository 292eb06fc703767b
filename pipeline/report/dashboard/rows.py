"""What a dashboard keeps of a call: little enough that ten thousand of them fit into one page.

A row holds values, not words, so that one row serves pages in both languages and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.report.doubt_view import has_unsure_roles
from pipeline.report.files import file_stem
from pipeline.report.routing import RISK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]

LOW_ASR: Final = 0.7
"""Mean confidence of what was heard in a call below which its transcript is doubtful."""
MAX_QUOTE: Final = 80
"""Characters of evidence in the list of findings; the call's page has all of it."""
COMPLAINT: Final = "complaint_intent"

SEVERITIES: Final = ("critical", "major", "minor")
STATES: Final = ("violation", "needs_review", "cannot_decide")
TAGS: Final = (
    "risk",
    "red",
    "red_review",
    "complaint",
    "violated",
    "review",
    "not_scored",
    "poor",
    "roles",
    "low_asr",
)
"""What calls are filtered by, the most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding of a call.

    Attributes:
        place: which finding of its call, from 0; the call's page has it as ``#f<place>``.
        start: seconds into the call; ``None`` where that is not known.
        evidence: what was said, shown as reports may show it; empty for a finding about the whole call.
    """

    place: int
    rule: str
    severity: str
    state: str
    confidence: float
    start: float | None
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """What a customer said that somebody has to see: a risk of self-harm or a complaint.

    Attributes:
        turn: the turn, which the call's page has as ``#t<turn>``; ``None`` where no turn says it.
        evidence: what was said, shown as reports may show it.
    """

    event: str
    turn: int | None
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRow:
    """A promise to pay: yuan, ISO date, how far it binds, whether it was made under pressure."""

    amount: float | None
    date: str | None
    certainty: str
    coerced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What a call was judged by: digests of the rules and of the configuration, program, models by name."""

    rules: str
    config: str
    program: str
    models: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call.

    Attributes:
        href: its page, relative to the dashboard.
        recording: SHA-256 of its recording or transcript.
        started_at: ISO time with zone; empty where it is not known.
        agent: id and name of the agent as reports may show them; empty where not known.
        urgent: the events among them that somebody has to see, with their words.
        seconds: length of the call; ``None`` where that is not known.
        faults: what is wrong with its sound.
        codec: codec and kHz of its recording; empty for a call that came as a text.
        asr: mean confidence of what was heard, weighted by length, 0 to 1; ``None`` for a text.
        not_checked: checks that could not run.
    """

    call_id: str
    href: str
    recording: str
    started_at: str
    agent_id: str
    agent: str
    lender: str
    agency: str
    callee: str
    scored: bool
    reason: str
    seconds: float | None
    compliance: float | None
    effectiveness: float | None
    red_line: bool
    findings: tuple[FindingRow, ...]
    events: tuple[str, ...]
    urgent: tuple[EventRow, ...]
    promise: PromiseRow | None
    faults: tuple[str, ...]
    codec: str
    asr: float | None
    sure_roles: bool
    not_checked: tuple[str, ...]
    versions: Versions

    @property
    def day(self) -> str:
        """ISO date on which it began; empty where that is not known."""
        return self.started_at[:10]

    @property
    def hour(self) -> int | None:
        """Hour of the day, 0 to 23, in the zone it was given in."""
        return int(self.started_at[11:13]) if self.started_at else None

    def rules(self, state: str) -> set[str]:
        """Rules with a finding in a state."""
        return {finding.rule for finding in self.findings if finding.state == state}

    def count(self, state: str) -> int:
        """How many findings are in a state."""
        return sum(finding.state == state for finding in self.findings)

    @property
    def tags(self) -> tuple[str, ...]:
        """Those of :data:`TAGS` that hold of it."""
        holds = (
            RISK in self.events,
            self.red_line,
            any(f.severity == "critical" and f.state == "needs_review" for f in self.findings),
            COMPLAINT in self.events,
            any(f.state == "violation" for f in self.findings),
            any(f.state == "needs_review" for f in self.findings),
            not self.scored,
            bool(self.faults),
            not self.sure_roles,
            self.asr is not None and self.asr < LOW_ASR,
        )
        return tuple(tag for tag, it_holds in zip(TAGS, holds, strict=True) if it_holds)

    @property
    def gravity(self) -> tuple[Any, ...]:
        """The order of calls in every list: a customer at risk, red lines, then the lowest score."""
        return (
            RISK not in self.events,
            not self.red_line,
            self.compliance is None,
            self.compliance or 0.0,
            self.call_id,
        )


def call_row(call: Json, showing: Showing, *, base: str = "", words: bool = True) -> CallRow:
    """The row of a call's JSON.

    Args:
        call: it.
        showing: whose people and masking count; it is reading the call where the row has its words.
        base: the folder of its results, relative to the dashboard and quoted; empty or ending in ``/``.
        words: whether the row holds what was said; a call that is only counted needs no masking.

    Raises:
        StoreError: the call's id can be no file name.
    """
    scores, metadata, call_id = call["scores"], call["metadata"], call["call_id"]
    people = showing.person(call_id)
    agent_id = metadata.get("agent_id") or ""
    quoted = _quoting(call, showing) if words else _nothing
    return CallRow(
        call_id=call_id,
        href=f"{base}pages/{quote(file_stem(call_id))}.html",
        recording=call["provenance"].get("recording_sha256") or call["provenance"]["transcript_sha256"],
        started_at=metadata.get("started_at") or "",
        agent_id=intern(agent_id),
        agent=intern(" ".join(filter(None, (agent_id, people.agent_name)))),
        lender=intern(metadata.get("lender") or ""),
        agency=intern(metadata.get("agency") or ""),
        callee=intern(metadata.get("callee_role") or ""),
        scored=call["status"] == "scored",
        reason=intern(call["status_reason"] or ""),
        seconds=call["duration"],
        compliance=scores["compliance"],
        effectiveness=scores["effectiveness"],
        red_line=scores["red_line"],
        findings=tuple(_findings(call, quoted)),
        events=tuple(map(intern, call["customer_events"])),
        urgent=tuple(_urgent(call, quoted)),
        promise=_promise(call["promise_to_pay"]),
        faults=tuple(sorted({fault for quality in call["quality"] for fault in quality["faults"]})),
        codec=intern(_codec(call["quality"])),
        asr=_heard(call["turns"]),
        sure_roles=not has_unsure_roles(call),
        not_checked=tuple(sorted({intern(n["check"]) for n in call["not_checked"]})),
        versions=_versions(call["provenance"]),
    )


def _quoting(call: Json, showing: Showing) -> Callable[[Json], str]:
    """What a piece of evidence says, as reports may show it."""
    texts = {turn["index"]: turn["text"] for turn in call["turns"]}
    shown: dict[int, str] = {}

    def quoted(evidence: Json) -> str:
        turn = evidence["turn"]
        if turn is None:
            return ""
        if turn not in shown:
            # Masked with all of its turn, for a few words alone may not look like a number.
            shown[turn] = showing.text(texts[turn], call["call_id"])
        words = shown[turn][evidence["text_start"] : evidence["text_end"]]
        return words if len(words) <= MAX_QUOTE else f"{words[: MAX_QUOTE - 1]}…"

    return quoted


def _nothing(evidence: Json) -> str:
    return ""


def _findings(call: Json, quoted: Callable[[Json], str]) -> Iterable[FindingRow]:
    return (
        FindingRow(
            place=place,
            rule=intern(finding["rule"]),
            severity=intern(finding["severity"]),
            state=intern(finding["state"]),
            confidence=finding["confidence"],
            start=finding["start"],
            evidence=quoted(finding),
        )
        for place, finding in enumerate(call["findings"])
    )


def _urgent(call: Json, quoted: Callable[[Json], str]) -> Iterable[EventRow]:
    return (
        EventRow(event=intern(event["event"]), turn=event["turn"], evidence=quoted(event))
        for event in call["customer_event_evidence"]
        if event["event"] in (RISK, COMPLAINT)
    )


def _promise(promise: Json | None) -> PromiseRow | None:
    if promise is None:
        return None
    return PromiseRow(
        amount=promise["amount"],
        date=promise["date"],
        certainty=promise.get("certainty", "firm"),
        coerced=promise["coerced"],
    )


def _codec(quality: Iterable[Json]) -> str:
    found = sorted({f"{q['codec']} {q['source_rate'] / 1000:g} kHz" for q in quality})
    return " + ".join(found)


def _heard(turns: Iterable[Json]) -> float | None:
    known = [(t["asr_confidence"], len(t["text"])) for t in turns if t.get("asr_confidence") is not None]
    length = sum(characters for _, characters in known)
    return sum(sure * characters for sure, characters in known) / length if length else None


def _versions(provenance: Json) -> Versions:
    models = tuple((intern(name), intern(version)) for name, version in sorted(provenance["models"].items()))
    return Versions(
        rules=intern(provenance["rules_sha256"] or ""),
        config=intern(provenance["config_sha256"] or ""),
        program=intern(provenance["program"]),
        models=models,
    )
