"""What the pages of a pack show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.audit.call_files import HERE
from pipeline.audit.statutes import article_of, statute_of
from pipeline.metadata import CHINA
from pipeline.report.labels import Labels
from pipeline.report.page import PageKit
from pipeline.report.showing import Showing, clock, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.audit.call_files import CallFiles
    from pipeline.audit.pack import Gathered, Wanted

_MOST_FINDINGS: Final = 300
"""Findings on the first page; all are on the pages of their calls and in the tables."""
_MOST_ROWS: Final = 2000
_SEVERITIES: Final = {"critical": 0, "major": 1, "minor": 2}
_STATES: Final = {"violation": 0, "needs_review": 1, "cannot_decide": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call in tables and lists; ids as they may be shown.

    Attributes:
        sound: see :attr:`pipeline.audit.call_files.CallFiles.sound`.
        not_checked: checks that could not run.
        page: its page in the pack.
    """

    call_id: str
    started: str
    status: str
    status_reason: str | None
    lender: str
    agency: str
    agent: str
    compliance: float | None
    effectiveness: float | None
    red_line: bool
    complete: bool
    violations: int
    open: int
    undecided: int
    not_checked: tuple[str, ...]
    sound: str
    recording_sha256: str | None
    transcript_sha256: str
    rules_sha256: str
    config_sha256: str
    program: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding in tables and lists.

    Attributes:
        review: what people said of it; empty where nobody did.
        clip: path of its clip in the pack.
    """

    call_id: str
    page: str
    finding_id: str
    rule: str
    severity: str
    state: str
    review: str
    confidence: float
    turn: int | None
    role: str
    start: float | None
    end: float | None
    evidence: str
    reason: str
    norms: tuple[str, ...]
    missing: str | None
    clip: str | None

    @property
    def rank(self) -> tuple[int, int, str, float]:
        """The most serious and surest first."""
        return _SEVERITIES[self.severity], _STATES[self.state], self.call_id, self.start or 0.0


def rows_of(made: CallFiles, reviewed: Mapping[str, str]) -> tuple[CallRow, list[FindingRow]]:
    """The rows of a call and of its findings."""
    content = made.content
    metadata, provenance, scores = content["metadata"], content["provenance"], content["scores"]
    page = f"{made.folder}/call.html"
    states = Counter(finding["state"] for finding in content["findings"])
    roles = {turn["index"]: turn["role"] for turn in content["turns"]}
    row = CallRow(
        call_id=content["call_id"],
        started=metadata.get("started_at") or "",
        status=content["status"],
        status_reason=content["status_reason"],
        lender=metadata.get("lender") or "",
        agency=metadata.get("agency") or "",
        agent=metadata.get("agent_id") or "",
        compliance=scores["compliance"],
        effectiveness=scores["effectiveness"],
        red_line=scores["red_line"],
        complete=scores["complete"],
        violations=states["violation"],
        open=states["needs_review"],
        undecided=states["cannot_decide"],
        not_checked=tuple(dict.fromkeys(one["check"] for one in content["not_checked"])),
        sound=made.sound,
        recording_sha256=provenance["recording_sha256"],
        transcript_sha256=provenance["transcript_sha256"],
        rules_sha256=provenance["rules_sha256"],
        config_sha256=provenance["config_sha256"],
        program=provenance["program"],
        page=page,
    )
    findings = [
        FindingRow(
            call_id=content["call_id"],
            page=page,
            finding_id=one["id"],
            rule=one["rule"],
            severity=one["severity"],
            state=one["state"],
            review=reviewed.get(one["id"], ""),
            confidence=one["confidence"],
            turn=one["turn"],
            role=roles.get(one["turn"], ""),
            start=one["start"],
            end=one["end"],
            evidence=one["evidence"] or "",
            reason=one["reason"] or "",
            norms=tuple(one["norms"]),
            missing=one["missing"],
            clip=made.clips.get(one["id"]),
        )
        for one in content["findings"]
    ]
    return row, findings


class Pages:
    """Puts the pages of a pack together.

    Args:
        wanted: what the pack is made of.
        templates: the folder of their templates and labels.

    Attributes:
        written: how tables show things, in one language.
    """

    def __init__(self, wanted: Wanted, templates: Path) -> None:
        plain = Labels(wanted.language, templates)
        self._kit = PageKit(plain, masked=wanted.mask)
        self.written = Showing(
            labels=plain,
            norms=wanted.book.norms,
            rule_titles=wanted.book.titles,
            mask=wanted.mask,
            english=wanted.english,
        )
        self._showing = replace(self.written, labels=self._kit.labels)
        self._wanted = wanted

    def call(self, made: CallFiles, row: CallRow, findings: Sequence[FindingRow]) -> bytes:
        """The page of a call: its transcript with what was found, and the clips."""
        by_turn: dict[int | None, list[dict[str, Any]]] = {}
        for finding in findings:
            by_turn.setdefault(finding.turn, []).append(self._finding(finding, "../../", made.folder))
        turns = [
            {
                "index": turn["index"],
                "role": turn["role"],
                "at": clock(turn["start"]),
                "text": turn["text"],
                "findings": by_turn.get(turn["index"], []),
            }
            for turn in made.content["turns"]
        ]
        return self._kit.render(
            "audit_call",
            c=row,
            started=moment(row.started),
            compliance=number(row.compliance),
            effectiveness=number(row.effectiveness),
            turns=turns,
            whole=by_turn.get(None, []),
            models=sorted(made.content["provenance"]["models"].items()),
        )

    def index(self, rows: Gathered) -> bytes:
        """The first page."""
        wanted, found = self._wanted, self._wanted.found
        serious = sorted(rows.findings, key=lambda row: row.rank)
        clauses: list[dict[str, Any]] = [
            {"id": clause, "title": self._showing.clause(clause), "n": counts}
            for clause, counts in rows.clauses.rows()
        ]
        sound = Counter(row.sound for row in rows.calls if row.sound != HERE)
        unchecked = sorted(rows.clauses.not_checked.items())
        return self._kit.render(
            "audit_pack",
            created=wanted.created_at.astimezone(CHINA).isoformat(timespec="minutes"),
            selection=wanted.selection,
            fingerprint=wanted.key.fingerprint if wanted.key else None,
            access=wanted.access,
            calls=[self._call(row) for row in rows.calls[:_MOST_ROWS]],
            more_calls=max(0, len(rows.calls) - _MOST_ROWS),
            n_calls=len(rows.calls),
            n_scored=sum(row.status == "scored" for row in rows.calls),
            n_red=sum(row.red_line for row in rows.calls),
            n_violations=sum(row.state == "violation" for row in rows.findings),
            n_open=sum(row.state == "needs_review" for row in rows.findings),
            n_clips=sum(row.clip is not None for row in rows.findings),
            findings=[self._finding(row, "") for row in serious[:_MOST_FINDINGS]],
            more_findings=max(0, len(serious) - _MOST_FINDINGS),
            clauses=clauses,
            not_checked=[self._reason(name, count) for name, count in unchecked],
            sound=sorted(sound.items()),
            unplaced=len(found.unplaced),
            undated=len(found.undated),
            no_inputs=rows.counting.without_inputs,
            dial_log=rows.counting.from_dial_log,
            days=list(rows.counting.days())[:_MOST_ROWS],
            norms=[self._norm(clause, n.hits) for clause, n in rows.clauses.rows() if n.hits],
            programs=sorted({row.program for row in rows.calls}),
            rule_sets=sorted(Counter((row.rules_sha256, row.config_sha256) for row in rows.calls).items()),
            packs=sorted(wanted.packs),
        )

    def _call(self, row: CallRow) -> dict[str, Any]:
        return {
            "row": row,
            "href": quote(row.page),
            "started": moment(row.started),
            "compliance": number(row.compliance),
            "effectiveness": number(row.effectiveness),
        }

    def _reason(self, name: str, count: int) -> dict[str, Any]:
        status, _, reason = name.partition(".")
        label = self._kit.labels
        if status == "data":
            return {"status": "", "told": label.of("data", reason), "data": True, "count": count}
        told = label.of("reason", reason) if reason else label.of("check", name)
        return {"status": status if reason else "", "told": told, "data": False, "count": count}

    def _finding(self, row: FindingRow, up: str, within: str = "") -> dict[str, Any]:
        clip = row.clip
        if clip is not None and within:
            clip = clip.removeprefix(f"{within}/")
        return {
            "row": row,
            "href": f"{up}{quote(row.page)}#f-{row.finding_id}",
            "clip": quote(clip) if clip else None,
            "at": clock(row.start),
            "title": self._showing.rule(row.rule),
            "reason": self._showing.said(row.reason),
            "norms": [self._showing.clause(norm) for norm in row.norms],
        }

    def _norm(self, clause: str, hits: int) -> dict[str, Any]:
        norm = self._wanted.book.clauses.by_id.get(clause)
        statute = statute_of(norm) if norm else None
        return {
            "id": clause,
            "title": self._showing.clause(clause),
            "norm": norm,
            "hits": hits,
            "text": article_of(norm) if norm else None,
            "statute": f"norms/{quote(statute.name)}" if statute else None,
        }
