"""What is due: the calls of a folder against profiles, holds and settlements, on one day. Reads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.retention.profiles import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.retention.holds import Held
    from pipeline.retention.inventory import KnownCall
    from pipeline.retention.profiles import Profile, Profiles
    from pipeline.retention.settlements import Settlements


class Standing(StrEnum):
    """How a call stands."""

    DUE = "due"
    """Something of it is to be deleted."""
    YOUNG = "young"
    """A period is not over."""
    UNSETTLED = "unsettled"
    """It is kept until the debt is settled, of which nothing is known."""
    HELD = "held"
    """It is, or may be, under a legal hold."""
    IN_WORK = "in_work"
    """A batch has it in hand."""
    UNDATED = "undated"
    """Nobody knows how old it is."""
    UNREADABLE = "unreadable"
    """What decides about it cannot be read."""
    KEPT = "kept"
    """The periods are over and no profile deletes what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A profile as it applies to a call.

    Attributes:
        kept_to: the last day of its period; ``None`` while the debt is not settled.
        unknown: fields that the profile asks for and the call does not have.
    """

    profile: Profile
    kept_to: date | None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to become of a call.

    Attributes:
        items: what of it is to be deleted now.
        rules: the profiles that apply; none where the day alone decided.
        kept_to: the last day on which anything is protected; ``None`` where that is not known.
    """

    call: KnownCall
    standing: Standing
    items: tuple[Item, ...] = ()
    rules: tuple[Rule, ...] = ()
    kept_to: date | None = None


def decide(
    known: Iterable[KnownCall],
    *,
    profiles: Profiles,
    held: Held,
    settlements: Settlements,
    today: date,
    recordings: Mapping[str, bool] | None = None,
) -> Iterator[Decision]:
    """One decision a call.

    Args:
        known: the calls.
        profiles: the periods.
        held: what is under hold.
        settlements: when debts were settled.
        today: the day in China.
        recordings: by call, whether its original is there and may be deleted; absent where it may not.
    """
    for call in known:
        rules = _rules(call, profiles, settlements, today)
        here = call.items | ({Item.RECORDING} if (recordings or {}).get(call.call_id) else set())
        yield _decide(call, rules, profiles, held, today, frozenset(here))


def _decide(
    call: KnownCall,
    rules: tuple[Rule, ...],
    profiles: Profiles,
    held: Held,
    today: date,
    here: frozenset[Item],
) -> Decision:
    if held.covers(call.call_id, call.debtor):
        return Decision(call=call, standing=Standing.HELD, rules=rules, kept_to=_last(rules, call))
    if call.in_work:
        return Decision(call=call, standing=Standing.IN_WORK)
    if not call.readable:
        return Decision(call=call, standing=Standing.UNREADABLE)
    if call.day is None:
        return Decision(call=call, standing=Standing.UNDATED)
    if not call.told:
        return Decision(call=call, standing=Standing.YOUNG, kept_to=profiles.at_least(call.day))
    items = tuple(item for item in Item if item in here and _is_due(item, rules, call, today))
    standing = Standing.DUE if items else _why_kept(rules, call, today)
    return Decision(call=call, standing=standing, items=items, rules=rules, kept_to=_last(rules, call))


def _rules(call: KnownCall, profiles: Profiles, settlements: Settlements, today: date) -> tuple[Rule, ...]:
    if call.day is None or not call.told:
        return ()
    day = call.day
    settled = settlements.since(call.debtor, call.facts.get("lender"), day)
    if settled is not None and settled > today:
        settled = None
    if call.facts.get("agreement_status") == "settled":
        settled = day
    rules = []
    for profile, unknown in profiles.applying(call.facts):
        kept_to: date | None = profile.keep.last_day(day)
        if profile.keep.until == "settlement":
            kept_to = None if settled is None or kept_to is None else max(kept_to, settled)
        rules.append(Rule(profile=profile, kept_to=kept_to, unknown=unknown))
    return tuple(rules)


def _is_due(item: Item, rules: tuple[Rule, ...], call: KnownCall, today: date) -> bool:
    if call.not_before is not None and today <= call.not_before:
        return False
    guards = [rule for rule in rules if item in rule.profile.protects]
    over = all(rule.kept_to is not None and today > rule.kept_to for rule in guards)
    # A profile that only may apply protects; it deletes nothing.
    wanted = any(item in rule.profile.deleted and not rule.unknown for rule in rules)
    return bool(guards) and over and wanted


def _why_kept(rules: tuple[Rule, ...], call: KnownCall, today: date) -> Standing:
    if any(rule.kept_to is None for rule in rules):
        return Standing.UNSETTLED
    last = _last(rules, call)
    return Standing.YOUNG if last is None or today <= last else Standing.KEPT


def _last(rules: tuple[Rule, ...], call: KnownCall) -> date | None:
    days = [rule.kept_to for rule in rules]
    if not days or None in days:
        return None
    known = [day for day in (*days, call.not_before) if day is not None]
    return max(known)
