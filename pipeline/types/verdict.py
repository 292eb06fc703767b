"""What is said of a call, with its evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.types.basics import FindingState, Outcome, Role, Severity, Stability, Tone, Witness
from pipeline.types.prosody import Abstention, ToneWitness
from pipeline.types.sound import SoundFault, Word
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
class Certainty:
    """How sure it is that the evidence of a finding was said, and by whom.

    Attributes:
        words: mean word probability over the evidence's characters; ``None`` for text.
        lowest_word: the least of them.
        speaker: how sure it is that this party said it.
        overlap: whether the other party speaks at the same time as the evidence.
        faults: what is poor about the sound of its channel.
    """

    words: float | None = None
    lowest_word: float | None = None
    speaker: float = 1.0
    overlap: bool = False
    faults: tuple[SoundFault, ...] = ()


class IfSwapped(StrEnum):
    """What becomes of a finding if its words are the other party's; see :mod:`pipeline.hypotheses`."""

    STANDS = "stands"
    FLIPS = "flips"


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
        certainty: how sure its own evidence is; ``None`` when it is about the call as a whole.
        if_swapped: what becomes of it with the parties exchanged; ``None`` where who speaks is sure.
        stability: how robust it is; ``None`` before it is told and where nothing could be decided.
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
    certainty: Certainty | None = None
    if_swapped: IfSwapped | None = None
    stability: Stability | None = None

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
    """Something about the customer that a reader must know, with where it was said.

    Attributes:
        witness: whether the words are those of a rule, only sound like them, or are the second opinion's.
    """

    event: str
    evidence: Evidence
    witness: Witness = Witness.RULE


class Commitment(StrEnum):
    """How far a promise binds, the weakest reason first."""

    TENTATIVE = "tentative"
    """Offered as a question that nobody has answered yet."""
    CONDITIONAL = "conditional"
    """Something has to happen first; :attr:`Promise.condition` holds the words."""
    VAGUE = "vague"
    """An amount or a day is missing, or was named roughly or as a stretch, and nobody pinned it down."""
    FIRM = "firm"
    """A definite amount on a definite day, without a condition."""


class Proposer(StrEnum):
    """Who first named the terms that stand."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOTH = "both"
    """One named the amount, the other the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The promise to pay at the end of the call.

    Attributes:
        amount: yuan; ``None`` where none was named.
        date: the last day promised, in the call's zone; ``None`` where none was named.
        confirmed: whether the agent said the terms and the customer assented to them.
        coerced: whether a red line by the agent came before the turn that set the terms.
        turns: turns that made and confirmed it.
        proposed_by: who named the terms first; ``None`` where that is not known.
        certainty: how far it binds.
        condition: what has to happen first, in the customer's words.
    """

    amount: Decimal | None
    date: date | None
    confirmed: bool
    coerced: bool
    turns: tuple[int, ...]
    proposed_by: Proposer | None = None
    certainty: Commitment = Commitment.FIRM
    condition: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneFrame:
    """Tone of one turn with the probabilities behind it.

    Attributes:
        turn: index of the turn.
        tone: the likeliest.
        probabilities: of every tone, from all witnesses together; they sum to 1.
        witnesses: what was listened to: the words, and the sound where there is one and it says anything.
        activation: how raised (above 0) or subdued (below 0) the voice is, in standard deviations of ordinary
            talk; ``None`` where the sound was not listened to.
        sound_abstains: why the sound of a recording was not listened to.
    """

    turn: int
    tone: Tone
    probabilities: Mapping[Tone, float] = field(default_factory=dict)
    witnesses: tuple[ToneWitness, ...] = (ToneWitness.WORDS,)
    activation: float | None = None
    sound_abstains: Abstention | None = None


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
        evidence: the words there that the line rests on; empty where something is missing from a call.
    """

    name: str
    points: float
    possible: float = 0.0
    applicable: bool = True
    reason: str = ""
    turns: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """Whether what compliance comes to stands, if something was heard otherwise.

    Attributes:
        turns: the turns it hangs on.
        otherwise: what it would come to; ``None`` where it stands.
    """

    outcome: Outcome
    stability: Stability
    turns: tuple[int, ...] = ()
    otherwise: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The two scores and their items; ``compliance_if_confirmed`` counts ``needs_review`` findings too."""

    compliance: float | None
    compliance_if_confirmed: float | None
    effectiveness: float | None
    red_line: bool
    compliance_items: tuple[ScoreItem, ...] = ()
    effectiveness_items: tuple[ScoreItem, ...] = ()
    robustness: Robustness | None = None
