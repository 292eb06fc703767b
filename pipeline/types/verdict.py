"""What is said of a call, with its evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pipeline.types.basics import FindingState, Role, Severity, Tone, Witness
from pipeline.types.sound import Word
from pipeline.types.transcript import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A literal stretch of one turn. Build it with :meth:`of`, which cannot quote wrongly."""

    turn: int
    start: int
    end: int
    quote: str
    start_ms: int | None = None
    end_ms: int | None = None

    @classmethod
    def of(cls, turn: Turn, start: int, end: int) -> Evidence:
        """Quote ``turn.text[start:end]`` with the times of its words.

        Raises:
            ValueError: the offsets are outside the text or empty.
        """
        if not 0 <= start < end <= len(turn.text):
            raise ValueError(f"evidence offsets {start}:{end} outside turn {turn.index}")
        words = words_at(turn, start, end)
        return cls(
            turn=turn.index,
            start=start,
            end=end,
            quote=turn.text[start:end],
            start_ms=words[0].start_ms if words else turn.start_ms,
            end_ms=words[-1].end_ms if words else turn.end_ms,
        )

    @classmethod
    def whole(cls, turn: Turn) -> Evidence:
        """Quote a whole turn."""
        return cls.of(turn, 0, len(turn.text))


def words_at(turn: Turn, start: int, end: int) -> tuple[Word, ...]:
    """The words that spell ``turn.text[start:end]``.

    Words are found in order in the turn's text, so that punctuation that no word carries does no harm.
    """
    position, touched = 0, []
    for word in turn.words:
        at = turn.text.find(word.text, position)
        if at < 0:
            continue
        position = at + len(word.text)
        if at < end and position > start:
            touched.append(word)
    return tuple(touched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a rule itself says that it costs; the scorecard's figures stand where it says nothing.

    Attributes:
        points: for each turn that breaks it.
        cap: the most that it can take from a call.
        red_line: whether it leaves nothing of the score; ``None`` leaves that to the severity.
    """

    points: float | None = None
    cap: float | None = None
    red_line: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a call breaks, may break, or that could not be decided.

    Attributes:
        evidence: ``None`` when the finding is about the call as a whole.
        norms: ids of the clauses in ``configs/norms.yaml``.
        reason: one Chinese sentence that a reviewer can follow.
        missing: the metadata field that a ``cannot_decide`` needs.
        tariff: what the rule says that it costs.
        witnesses: who speaks for it.
        sure: whether the rule itself was sure of its words, whatever is made of them afterwards.
        review_only: whether the rule itself asks for a person's eye, however sure the witnesses are.
        joint: probability of rule and second opinion together, before the speaker's role counts;
            ``None`` where the second opinion was not asked.
    """

    rule: str
    state: FindingState
    severity: Severity
    confidence: float
    norms: tuple[str, ...]
    reason: str
    evidence: Evidence | None = None
    missing: str | None = None
    tariff: Tariff = Tariff()
    witnesses: tuple[Witness, ...] = (Witness.RULE,)
    sure: bool = True
    review_only: bool = False
    joint: float | None = None

    @property
    def red_line(self) -> bool:
        """Whether a violation of this rule leaves nothing of the compliance score."""
        stated = self.tariff.red_line
        return self.severity is Severity.CRITICAL if stated is None else stated

    @property
    def finding_id(self) -> str:
        """Stable id within a call: the same rule on the same words has the same id."""
        at = (self.evidence.turn, self.evidence.start, self.evidence.end) if self.evidence else ()
        return hashlib.sha256(repr((self.rule, at)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A check that could not run at all: it blocks a clean verdict."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that a party does with words: greets, asks, offers, promises."""

    act: str
    role: Role
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent:
    """Something about the customer that a reader must know, with where it was said."""

    event: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The promise to pay at the end of the call; ``date`` is the last day promised, in the call's zone."""

    amount: Decimal | None
    date: date | None
    confirmed: bool
    coerced: bool
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneFrame:
    """Tone of one turn with the probabilities behind it."""

    turn: int
    tone: Tone
    probabilities: Mapping[Tone, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreItem:
    """One line of a score: a deduction (negative points) or an effectiveness item.

    Attributes:
        name: rule or item name.
        points: what was got (effectiveness) or taken (compliance, negative or 0).
        possible: the most that could be got; 0 for deductions.
        applicable: an item that does not apply counts neither way.
        reason: one Chinese sentence.
        turns: where to look.
    """

    name: str
    points: float
    possible: float = 0.0
    applicable: bool = True
    reason: str = ""
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The two scores and their items; ``compliance_if_confirmed`` counts ``needs_review`` findings too."""

    compliance: float | None
    compliance_if_confirmed: float | None
    effectiveness: float | None
    red_line: bool
    compliance_items: tuple[ScoreItem, ...] = ()
    effectiveness_items: tuple[ScoreItem, ...] = ()
