"""A call as coaching looks at it: its JSON, by turns, with the situation right before each of the agent's."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.guide import Phase, PromiseState, Slot
from pipeline.metadata import short_name
from pipeline.score.facts import OTHER_PERSONS
from pipeline.score.scorecard import Situation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.coaching.guide import Guide

    Json = Mapping[str, Any]

AGENT: Final = "agent"
CUSTOMER: Final = "customer"
GRAVE: Final = (
    "self_harm_risk",
    "complaint_intent",
    "insult_by_customer",
    "illness",
    "hardship",
    "dispute",
    "refusal",
    "wrong_number",
)
"""What a customer says that asks for an answer, the gravest first."""
ABOUT_PAYING: Final = ("refusal", "hardship", "illness", "dispute")
"""What asks for a question or a way out, the first first."""
_HARD: Final = frozenset({"pressing", "hostile"})
_TITLES: Final = re.compile("先生|女士|小姐|太太|阿姨|大哥|大姐")
_LAST_TURNS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The situation an agent's turn stands in.

    Attributes:
        after: acts and events of the customer right before.
        tone: how the customer sounds right before; ``None`` where nobody spoke, or no tone was judged.
        broke: rules that the turn breaks or may break.
    """

    after: frozenset[str]
    tone: str | None
    phase: Phase
    promise: PromiseState
    who: Situation
    broke: frozenset[str]
    lawsuit: str | None


class Talk:
    """A scored call.

    Args:
        call: its JSON, of the form ``tinghe.call/1``.
    """

    def __init__(self, call: Json) -> None:
        self.call = call
        self.turns: Sequence[Json] = call["turns"]

    @cached_property
    def agent_turns(self) -> tuple[int, ...]:
        """Places, in ``turns``, of what the agent says."""
        return tuple(i for i, turn in enumerate(self.turns) if turn["role"] == AGENT and turn["text"])

    @cached_property
    def at(self) -> Mapping[int, int]:
        """Place in ``turns`` by turn index."""
        return {turn["index"]: place for place, turn in enumerate(self.turns)}

    @cached_property
    def who(self) -> Situation:
        """Who is on the line, as the scorecard sees it."""
        events = self.call["customer_events"]
        if "self_harm_risk" in events:
            return Situation.CRISIS
        other = self.call["metadata"].get("callee_role") in OTHER_PERSONS
        return (
            Situation.OTHER_PERSON
            if other or "wrong_number" in events or "third_party" in events
            else Situation.DEBTOR
        )

    @cached_property
    def promise(self) -> PromiseState:
        """How far the call comes towards a promise."""
        promise = self.call["promise_to_pay"]
        if promise is None:
            return PromiseState.NONE
        if promise["coerced"]:
            return PromiseState.COERCED
        if promise["amount"] is None or promise["date"] is None:
            return PromiseState.PARTIAL
        if promise.get("certainty", "firm") != "firm":
            return PromiseState.LOOSE
        return PromiseState.CONFIRMED if promise["confirmed"] else PromiseState.UNCONFIRMED

    @cached_property
    def voiced(self) -> Mapping[int, frozenset[str]]:
        """Acts and events of the customer by place."""
        found: defaultdict[int, set[str]] = defaultdict(set)
        for act in self.call["acts"]:
            if act["role"] == CUSTOMER and act["turn"] in self.at:
                found[self.at[act["turn"]]].add(act["act"])
        for event in self.call.get("customer_event_evidence", ()):
            if event["turn"] in self.at:
                found[self.at[event["turn"]]].add(event["event"])
        return {place: frozenset(names) for place, names in found.items()}

    @cached_property
    def broken(self) -> Mapping[int, frozenset[str]]:
        """Rules by place, confirmed or for review."""
        found: defaultdict[int, set[str]] = defaultdict(set)
        for finding in self.call["findings"]:
            if finding["state"] != "cannot_decide" and finding["turn"] in self.at:
                found[self.at[finding["turn"]]].add(finding["rule"])
        return {place: frozenset(names) for place, names in found.items()}

    @cached_property
    def pressing_share(self) -> float | None:
        """Share of the agent's turns that sound pressing or hostile; ``None`` where no tone was judged."""
        tones = [self.turns[place]["tone"] for place in self.agent_turns]
        known = [tone for tone in tones if tone]
        return sum(tone in _HARD for tone in known) / len(known) if known else None

    def before(self, place: int) -> int | None:
        """The customer's last turn before a place."""
        return next((i for i in range(place - 1, -1, -1) if self.turns[i]["role"] == CUSTOMER), None)

    def answer(self, place: int) -> int | None:
        """The agent's next turn after a place."""
        return next((i for i in self.agent_turns if i > place), None)

    def gravest(self, order: Sequence[str] = GRAVE) -> int | None:
        """Where the customer says what most asks for an answer.

        Args:
            order: acts and events, the gravest first.
        """
        for name in order:
            for place in sorted(self.voiced):
                if name in self.voiced[place] and self.turns[place]["role"] == CUSTOMER:
                    return place
        sounding = [i for i, t in enumerate(self.turns) if t["role"] == CUSTOMER and t["tone"] in _UPSET]
        return sounding[0] if sounding else None

    def hardest(self) -> int | None:
        """The agent's turn that sounds hardest, hostile before pressing; the first of these."""
        for tone in ("hostile", "pressing"):
            for place in self.agent_turns:
                if self.turns[place]["tone"] == tone:
                    return place
        return None

    def place(self, place: int) -> Place:
        """The situation of an agent's turn."""
        before = self.before(place)
        said = self.voiced.get(before, frozenset()) if before is not None else frozenset()
        third = max(1, len(self.turns)) / _LAST_TURNS
        return Place(
            after=said,
            tone=self.turns[before]["tone"] if before is not None else None,
            phase=(Phase.OPENING, Phase.MIDDLE, Phase.CLOSING)[min(2, int(place / third))],
            promise=self.promise,
            who=self.who,
            broke=self.broken.get(place, frozenset()),
            lawsuit=self.call["metadata"].get("lawsuit_status"),
        )

    def slots(self) -> Mapping[Slot, str]:
        """What wordings can take from the call: only what was said in it, and nothing pressure has won."""
        found: dict[Slot, str] = {}
        promise = self.call["promise_to_pay"]
        if promise is not None and not promise["coerced"]:
            if promise["amount"] is not None:
                found[Slot.AMOUNT] = f"{promise['amount']:g}元"
            if promise["date"]:
                _, month, day = map(int, promise["date"].split("-"))
                found[Slot.DATE] = f"{month}月{day}日"
        spoken = [self.turns[place]["text"] for place in self.agent_turns]
        titles = [match.group() for text in spoken for match in _TITLES.finditer(text)]
        if titles:
            found[Slot.TITLE] = titles[0]
        lender = self.call["metadata"].get("lender")
        for name in filter(None, (lender, short_name(lender))):
            if any(name in text for text in spoken):
                found[Slot.LENDER] = lender if lender and any(lender in text for text in spoken) else name
                break
        return found

    def is_tainted(self, guide: Guide) -> bool:
        """Whether there is a red line or pressure in it, confirmed or not: it is no example to follow."""
        pressure = set(guide.pressure)
        return bool(self.call["scores"]["red_line"]) or any(
            finding["state"] != "cannot_decide"
            and (finding["rule"] in pressure or finding["severity"] == "critical")
            for finding in self.call["findings"]
        )


_UPSET: Final = frozenset({"hostile", "distressed"})
