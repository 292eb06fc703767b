"""The promise to pay: what the debtor has bound themselves to when the call ends.

A call is read as a negotiation. The agent proposes, the customer offers, accepts, refuses or
takes back; each turn moves one small state, and the promise is what stands at the end.

* A promise needs an amount or a day; what is missing stays ``None`` and nothing is confirmed.
* Confirmed means that the agent said the terms and the customer assented to them.
* ``尽量``, ``看情况``, ``有钱就还`` bind to nothing; a refusal or a taking back cancels.
* Of instalments the first is the promise.
* ``coerced`` means that a red line by the agent came before the turn that set the terms.
* What the agent repeats and the customer lets pass stands: an agent who agrees to less than was heard, or who
  names the same terms before and after an answer that differs, shows that the answer was misheard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from pipeline.outcome import wording
from pipeline.outcome.amounts import AmountKind, AmountSpan
from pipeline.outcome.dates import DateSpan
from pipeline.outcome.offers import AgentTurn, Asked, CustomerTurn, read_agent, read_customer
from pipeline.outcome.wording import Assent
from pipeline.types import Call, Commitment, Evidence, Promise, Proposer, Role, Transcript, Turn

_NOTHING_ASKED = Asked()
_PLAUSIBLE = Decimal("1.5")
"""No proposal exceeds the debt of the file by more than this factor; a higher figure is a slip of
the speech recognition (or a misstatement of the debt, which is not what is promised)."""
_OUTSIDERS = frozenset({"relative", "colleague", "emergency_contact", "stranger"})


def find_promise(call: Call, transcript: Transcript, *, red_line_turns: frozenset[int]) -> Promise | None:
    """The promise that stands at the end of a call, ``None`` without one.

    Args:
        call: for the debt, the day of the call and who the file says is called. A relative,
            colleague or stranger promises only by saying that they pay themselves.
        transcript: turns with roles; system turns and turns of unknown role are passed over.
        red_line_turns: indexes of turns in which the agent crosses a red line.
    """
    if call.metadata.callee_role in _OUTSIDERS and not _pays_for_debtor(transcript):
        return None
    state = _Negotiation(debt=_Debt(total=call.metadata.total_due))
    for turn in transcript.turns:
        if turn.role is Role.AGENT:
            state = _hear_agent(state, read_agent(turn.text, call.metadata.started_at), turn)
        elif turn.role is Role.CUSTOMER:
            asked = Asked(amount=state.asked.amount, day=state.asked.day, terms=not state.proposed.empty)
            reading = read_customer(turn.text, call.metadata.started_at, asked)
            state = _hear_customer(state, reading, turn)
    return _outcome(state, red_line_turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Debt:
    """What the relative amounts count from, in yuan."""

    total: Decimal | None = None
    stated: Decimal | None = None
    minimum: Decimal | None = None
    settlement: Decimal | None = None

    def plausible(self, amount: Decimal) -> bool:
        """Whether anyone would promise so much."""
        return not self.total or amount <= self.total * _PLAUSIBLE

    def resolve(self, span: AmountSpan | None) -> Decimal | None:
        """An amount in yuan; ``None`` when what it counts from is not known."""
        if span is None:
            return None
        whole = self.settlement or self.total or self.stated
        match span.kind:
            case AmountKind.YUAN:
                readings = [yuan for yuan in (span.yuan, *span.otherwise) if yuan is not None]
                return next((yuan for yuan in readings if self.plausible(yuan)), span.yuan)
            case AmountKind.MINIMUM:
                return self.minimum
            case AmountKind.FULL:
                return whole
            case AmountKind.HALF:
                return whole / 2 if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """An amount in yuan and a day, either of which may be open."""

    amount: Decimal | None = None
    day: date | None = None

    @property
    def empty(self) -> bool:
        return self.amount is None and self.day is None

    @property
    def complete(self) -> bool:
        return self.amount is not None and self.day is not None

    def agrees_with(self, other: _Terms) -> bool:
        """Whether no term says otherwise."""
        return (self.amount is None or other.amount is None or self.amount == other.amount) and (
            self.day is None or other.day is None or self.day == other.day
        )

    def or_else(self, other: _Terms) -> _Terms:
        """These terms, the open ones filled from ``other``."""
        return _Terms(
            amount=self.amount if self.amount is not None else other.amount,
            day=self.day if self.day is not None else other.day,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Negotiation:
    """Where the negotiation stands after a turn.

    Attributes:
        promised: what the customer has bound themselves to.
        proposed: what the agent has put forward or repeated since the customer last spoke.
        repeated: the agent named something of the promise, were it only the hour.
        asked: what the agent has asked since the customer last spoke.
        tentative: the promise was offered as a question that the agent has not let pass yet.
        amount_open: the customer left the amount open in so many words.
        vague: amount or day were named roughly or as a stretch.
        condition: what has to happen first.
        accepted: the amount that the agent has just agreed to.
        answered: what the agent had proposed when the customer last spoke, unless they denied it.
        amounts, days: who named what first.
        bound_at: turn that last set a term of the promise.
        turns: turns that made and confirmed it.
    """

    debt: _Debt
    promised: _Terms = _Terms()
    proposed: _Terms = _Terms()
    repeated: bool = False
    asked: Asked = _NOTHING_ASKED
    tentative: bool = False
    confirmed: bool = False
    amount_open: bool = False
    vague: bool = False
    condition: Evidence | None = None
    accepted: Decimal | None = None
    answered: _Terms = _Terms()
    amounts: Mapping[Decimal, Role] = field(default_factory=dict)
    days: Mapping[date, Role] = field(default_factory=dict)
    bound_at: int = -1
    turns: tuple[int, ...] = ()
    last: Role | None = None


def _hear_agent(state: _Negotiation, reading: AgentTurn, turn: Turn) -> _Negotiation:
    if state.last is not Role.AGENT:
        state = replace(state, proposed=_Terms(), repeated=False, asked=_NOTHING_ASKED)
    if state.tentative and state.last is Role.CUSTOMER:
        state = _cleared(state) if reading.rejects else replace(state, tentative=False)
    if reading.declines:
        return replace(_cleared(state), last=Role.AGENT)
    debt = _Debt(
        total=state.debt.total,
        stated=state.debt.resolve(reading.due) or state.debt.stated,
        minimum=state.debt.resolve(reading.minimum) or state.debt.minimum,
        settlement=state.debt.resolve(reading.settlement) or state.debt.settlement,
    )
    amount = _pick_amount(state.promised.amount, debt, reading.amounts)
    proposed = _Terms(amount=amount, day=_pick_day(state.promised.day, reading.days))
    asks = reading.asks
    accepted = debt.resolve(reading.accepted)
    proposed = proposed.or_else(state.proposed)
    if not reading.rejects:  # who turns an amount down has not proposed it
        state = _named(state, proposed, Role.AGENT)
    if proposed.complete and proposed == state.answered and not state.promised.empty:
        state = replace(state, promised=proposed)
    return replace(
        state,
        debt=debt,
        proposed=proposed,
        accepted=accepted if accepted is not None and debt.plausible(accepted) else state.accepted,
        repeated=state.repeated or (reading.clock and state.promised.day is not None),
        asked=Asked(amount=state.asked.amount or asks.amount, day=state.asked.day or asks.day),
        last=Role.AGENT,
    )


def _pick_amount(promised: Decimal | None, debt: _Debt, spans: tuple[AmountSpan, ...]) -> Decimal | None:
    """The proposed amount: the promised one if it is among them, else the first that is a number."""
    numbers_first = sorted(spans, key=lambda span: span.kind is not AmountKind.YUAN)
    resolved = [amount for span in numbers_first if (amount := debt.resolve(span)) is not None]
    amounts = [amount for amount in resolved if debt.plausible(amount)]
    return promised if promised in amounts else next(iter(amounts), None)


def _pick_day(promised: date | None, spans: tuple[DateSpan, ...]) -> date | None:
    days = [span.day for span in spans]
    return promised if promised in days else next(iter(days), None)


def _hear_customer(state: _Negotiation, reading: CustomerTurn, turn: Turn) -> _Negotiation:
    if reading.refuses or reading.withdraws:
        state = _cleared(state)
    state = replace(
        state,
        answered=_Terms() if reading.denies else state.proposed,
        promised=state.promised if reading.refuses else _let_pass(state, reading),
        accepted=None,
        amount_open=state.amount_open or (reading.amount_open and not reading.refuses),
        last=Role.CUSTOMER,
    )
    if reading.refuses:
        return state
    offered = _Terms(amount=_offered_yuan(state, reading), day=reading.day.day if reading.day else None)
    if not offered.empty:
        state = _offer(state, offered, reading, turn)
    elif reading.assent is not Assent.NONE and not reading.withdraws:
        state = _accept(state, reading.assent, turn)
    return state


def _let_pass(state: _Negotiation, reading: CustomerTurn) -> _Terms:
    """An amount that the agent agreed to stands if the customer lets it pass; it is no more than offered."""
    accepted, promised = state.accepted, state.promised
    passes = promised.day is not None and not reading.denies and reading.amount is None
    less = accepted is not None and (promised.amount is None or accepted < promised.amount)
    if not (passes and less) or state.amount_open:
        return promised
    return _Terms(amount=accepted, day=promised.day)


def _named(state: _Negotiation, terms: _Terms, by: Role) -> _Negotiation:
    """Keep who named an amount or a day first."""
    if terms.empty:
        return state
    amounts = {} if terms.amount is None else {terms.amount: by}
    days = {} if terms.day is None else {terms.day: by}
    return replace(state, amounts={**amounts, **state.amounts}, days={**days, **state.days})


def _offered_yuan(state: _Negotiation, reading: CustomerTurn) -> Decimal | None:
    implied = reading.amount is not None and reading.amount.start == reading.amount.end
    if implied and (state.promised.amount is not None or state.amount_open):
        return None
    if implied and state.proposed.amount is not None:
        return state.proposed.amount
    amount = state.debt.resolve(reading.amount)
    return amount if amount is not None and state.debt.plausible(amount) else None


def _offer(state: _Negotiation, offered: _Terms, reading: CustomerTurn, turn: Turn) -> _Negotiation:
    """The customer names terms; what they leave out is taken from the question they answer."""
    agreed = reading.assent is Assent.CLEAR and not reading.tentative
    answers = not reading.tentative or state.asked.amount or state.asked.day
    # what is taken back is not offered again by the words that the agent had for it
    open_terms = reading.day_open or reading.withdraws
    context = state.proposed if answers and not open_terms else _Terms()
    promised = offered.or_else(context).or_else(state.promised)
    state = _named(state, offered, Role.CUSTOMER)
    said_by_agent = not state.proposed.empty or state.repeated
    confirms = agreed and said_by_agent and promised.complete and state.proposed.agrees_with(promised)
    kept = state.confirmed and promised == state.promised
    return replace(
        state,
        promised=promised,
        tentative=reading.tentative,
        vague=reading.roughly or (reading.day is not None and reading.day.window),
        condition=_condition(reading, turn) or state.condition,
        confirmed=confirms or kept,
        bound_at=state.bound_at if promised == state.promised else turn.index,
        turns=_with(state.turns, turn),
    )


def _accept(state: _Negotiation, assent: Assent, turn: Turn) -> _Negotiation:
    """The customer agrees without naming terms."""
    if state.proposed.empty and not state.repeated:
        return state
    if not state.promised.empty and state.proposed.agrees_with(state.promised):
        promised = state.proposed.or_else(state.promised) if assent is not Assent.HEARD else state.promised
        confirmed = promised.complete
    elif assent is Assent.HEARD:
        return state
    else:
        promised = state.proposed.or_else(state.promised)
        confirmed = promised.complete and assent is Assent.CLEAR
    return replace(
        state,
        promised=promised,
        confirmed=confirmed,
        bound_at=state.bound_at if promised == state.promised else turn.index,
        turns=_with(state.turns, turn),
    )


def _condition(reading: CustomerTurn, turn: Turn) -> Evidence | None:
    return Evidence.of(turn, *reading.condition) if reading.condition else None


def _cleared(state: _Negotiation) -> _Negotiation:
    return replace(
        state,
        promised=_Terms(),
        tentative=False,
        confirmed=False,
        vague=False,
        condition=None,
        accepted=None,
        answered=_Terms(),
        bound_at=-1,
        turns=(),
    )


def _with(turns: tuple[int, ...], turn: Turn) -> tuple[int, ...]:
    return turns if turn.index in turns else (*turns, turn.index)


def _outcome(state: _Negotiation, red_line_turns: frozenset[int]) -> Promise | None:
    if state.promised.empty:
        return None
    return Promise(
        amount=state.promised.amount,
        date=state.promised.day,
        confirmed=state.confirmed,
        coerced=any(index < state.bound_at for index in red_line_turns),
        turns=state.turns,
        proposed_by=_proposer(state),
        certainty=_certainty(state),
        condition=state.condition,
    )


def _proposer(state: _Negotiation) -> Proposer | None:
    """Who named the standing terms first; an implied amount (``都还上``) counts for nobody."""
    amount, day = state.promised.amount, state.promised.day
    by = {state.amounts.get(amount) if amount is not None else None, state.days.get(day) if day else None}
    roles = by - {None}
    if not roles:
        return None
    if len(roles) > 1:
        return Proposer.BOTH
    return Proposer.AGENT if Role.AGENT in roles else Proposer.CUSTOMER


def _certainty(state: _Negotiation) -> Commitment:
    if state.tentative:
        return Commitment.TENTATIVE
    if state.condition is not None:
        return Commitment.CONDITIONAL
    if not state.promised.complete or (state.vague and not state.confirmed):
        return Commitment.VAGUE
    return Commitment.FIRM


def _pays_for_debtor(transcript: Transcript) -> bool:
    """Whether somebody else says that they pay, and no agent has declined it since."""
    pays = False
    for turn in transcript.turns:
        if turn.role is Role.CUSTOMER:
            pays = pays or bool(wording.PAYS_FOR_OTHER.search(turn.text))
        elif turn.role is Role.AGENT and wording.TURNED_DOWN.search(turn.text):
            pays = False
    return pays
