"""What a call shows of each skill: whether it was there, what it cost, and the moment that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.guide import Look, Measure, PromiseState
from pipeline.coaching.talk import ABOUT_PAYING, CUSTOMER, GRAVE
from pipeline.score.scorecard import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.coaching.guide import Guide, Skill
    from pipeline.coaching.talk import Talk

    Json = Mapping[str, Any]

_FULL: Final = 0.999
"""Points are rounded to two decimals."""
_TALKS_OF_PAYING: Final = frozenset(
    {
        Item.INFORM_FACTS,
        Item.OPEN_QUESTION,
        Item.REASON_PROBE,
        Item.SOLUTION_OFFER,
        Item.CONSEQUENCE_ACCURATE,
    }
)
_ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ptp_amount": ("ptp_confirmed",),
    "ptp_date": ("ptp_confirmed",),
    "privacy_kept": (),
    "next_step": ("closing_summary",),
    "care_first": ("empathy", "deescalate"),
}
"""Acts of the agent that show an item whose own name is no act of his."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A skill in a call where its situation occurred.

    Attributes:
        skill: its name.
        done: whether it was there in full.
        worth: points of a score that it is worth in this call, 0..100.
        lost: of these, those that were lost.
        focus: the agent's turn that shows it, or should have (its place); ``None`` where no turn does.
        rank: the higher, the better the moment shows what it is to show.
    """

    skill: str
    done: bool
    worth: float
    lost: float
    focus: int | None
    rank: tuple[float, ...]


def sightings(talk: Talk, guide: Guide) -> tuple[Sighting, ...]:
    """Every skill whose situation occurred in a scored call, in the order of the guide."""
    if not talk.agent_turns:
        return ()
    tainted = talk.is_tainted(guide)
    found = (_sighting(skill, talk, tainted=tainted) for skill in guide.skills if talk.who in skill.calls)
    return tuple(one for one in found if one is not None)


def _sighting(skill: Skill, talk: Talk, *, tainted: bool) -> Sighting | None:
    if skill.measure.items:
        return _by_items(skill, talk, tainted=tainted)
    if skill.measure.rules:
        return _by_rules(skill, talk)
    return _by_conduct(skill, talk)


def _by_items(skill: Skill, talk: Talk, *, tainted: bool) -> Sighting | None:
    """Items of the scorecard.

    What is about a promise is looked at where there is one; in a call with pressure it is none, whatever its
    points.
    """
    if skill.about_promise and talk.promise is PromiseState.NONE:
        return None
    names = {item.value for item in skill.measure.items}
    applicable = [item for item in talk.call["scores"]["effectiveness_items"] if item["applicable"]]
    mine = [item for item in applicable if item["name"] in names]
    if len(mine) < len(names):
        return None
    possible = sum(item["possible"] for item in mine)
    unit = 100 / sum(item["possible"] for item in applicable)
    got = sum(item["points"] for item in mine)
    if skill.about_promise and tainted:
        got = 0.0
    done = got >= possible * _FULL
    focus = _shown(mine, names, talk) if done else _missed(skill, mine, talk)
    return Sighting(
        skill=skill.skill,
        done=done,
        worth=possible * unit,
        lost=(possible - got) * unit,
        focus=focus,
        rank=_rank(talk, focus, done=done),
    )


def _by_rules(skill: Skill, talk: Talk) -> Sighting:
    rules = set(skill.measure.rules)
    broken = [
        finding
        for finding in talk.call["findings"]
        if finding["rule"] in rules and finding["state"] == "violation"
    ]
    if not broken:
        focus = _calm_answer(talk)
        return Sighting(
            skill=skill.skill,
            done=True,
            worth=0.0,
            lost=0.0,
            focus=focus,
            rank=_rank(talk, focus, done=True),
        )
    items = talk.call["scores"]["compliance_items"]
    cost = -sum(item["points"] for item in items if item["name"] in rules)
    places = [(_GRAVITY.get(f["severity"], 0), -talk.at[f["turn"]]) for f in broken if f["turn"] in talk.at]
    focus = -max(places)[1] if places else _anchor(skill, talk)
    return Sighting(
        skill=skill.skill,
        done=False,
        worth=min(100.0, cost),
        lost=min(100.0, cost),
        focus=focus,
        rank=(float(max((g for g, _ in places), default=0)), cost, *_rank(talk, focus, done=False)),
    )


def _by_conduct(skill: Skill, talk: Talk) -> Sighting | None:
    value = _measured(skill.measure.conduct, talk)
    if value is None or skill.measure.at_most is None or skill.weight is None:
        return None
    done = value <= skill.measure.at_most
    focus = _calm_answer(talk) if done else _conduct_focus(skill, talk)
    rank = _rank(talk, focus, done=done)
    return Sighting(
        skill=skill.skill,
        done=done,
        worth=skill.weight,
        lost=0.0 if done else skill.weight,
        focus=focus,
        rank=rank if done else (value, *rank),
    )


def _measured(measure: Measure | None, talk: Talk) -> float | None:
    if measure is Measure.PRESSING_SHARE:
        return talk.pressing_share
    conduct = talk.call.get("conduct")
    if conduct is None:
        return None
    agent = conduct["agent"]
    if measure is Measure.TALK_SHARE:
        return _number(agent["talk_share"])
    if measure is Measure.INTERRUPTIONS:
        return _number(agent["interruptions"])
    monologue = agent["longest_monologue"]
    return None if monologue is None else _number(monologue["duration"])


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


_GRAVITY: Final = {"critical": 3, "major": 2, "minor": 1}


def _shown(items: Iterable[Json], names: Iterable[str], talk: Talk) -> int | None:
    """The agent's turn that shows what was done: that of the act, else of the item's evidence."""
    wanted = {act for name in names for act in (name, *_ACTS.get(name, ()))}
    acts = [
        talk.at[act["turn"]]
        for act in talk.call["acts"]
        if act["act"] in wanted and act["role"] != CUSTOMER and act["turn"] in talk.at
    ]
    evidence = [talk.at[turn] for item in items for turn in item["turns"] if turn in talk.at]
    mine = [place for place in (*acts, *evidence) if place in talk.agent_turns]
    if mine:
        return max(mine, key=lambda place: (_eased(talk, place), -place))
    answers = (talk.answer(place) for place in evidence)
    return next((place for place in answers if place is not None), None)


def _missed(skill: Skill, items: Iterable[Json], talk: Talk) -> int | None:
    """The agent's turn in which it was missing or went wrong.

    The scorecard's evidence says where: what was done by half, or the customer's words that asked for it.
    """
    places = sorted(talk.at[turn] for item in items for turn in item["turns"] if turn in talk.at)
    mine = [place for place in places if place in talk.agent_turns]
    if mine and skill.look is not Look.PROMISE:
        return mine[0]
    answers = (talk.answer(place) for place in (places[-1:] if skill.look is Look.PROMISE else places))
    answer = next((place for place in answers if place is not None), None)
    return answer if answer is not None else _anchor(skill, talk)


def _anchor(skill: Skill, talk: Talk) -> int | None:
    """Where a skill should have been, if nothing in the call points there."""
    if skill.look is Look.OPENING:
        return talk.agent_turns[0]
    if skill.look is Look.CLOSING:
        return talk.agent_turns[-1]
    grave = talk.gravest(ABOUT_PAYING if _TALKS_OF_PAYING.intersection(skill.measure.items) else GRAVE)
    answer = talk.answer(grave) if grave is not None else None
    if answer is not None:
        return answer
    hard = talk.hardest()
    return hard if hard is not None else talk.agent_turns[len(talk.agent_turns) // 2]


def _calm_answer(talk: Talk) -> int | None:
    """The agent's calm answer to hard words: what it looks like when nothing goes wrong."""
    grave = talk.gravest()
    answer = talk.answer(grave) if grave is not None else None
    if answer is None or talk.turns[answer]["tone"] in ("pressing", "hostile"):
        return None
    return answer


def _conduct_focus(skill: Skill, talk: Talk) -> int | None:
    conduct = talk.call.get("conduct")
    if skill.measure.conduct is Measure.PRESSING_SHARE or conduct is None:
        return talk.hardest()
    if skill.measure.conduct is Measure.INTERRUPTIONS:
        cuts = [cut["turn"] for cut in conduct["interruptions"] or () if cut["role"] == "agent"]
        found = [talk.at[turn] for turn in cuts if turn in talk.at]
        return found[0] if found else _anchor(skill, talk)
    monologue = conduct["agent"]["longest_monologue"]
    place = talk.at.get(monologue["first_turn"]) if monologue else None
    return _anchor(skill, talk) if place is None else place


def _eased(talk: Talk, place: int) -> float:
    """Whether the customer calms down after a turn: 1 at a turning point, 0.5 where he sounds warm."""
    conduct = talk.call.get("conduct")
    index = talk.turns[place]["index"]
    shifts = conduct["tone_shifts"] if conduct else ()
    if any(s["kind"] == "de_escalation" and s["after_turn"] == index for s in shifts):
        return 1.0
    after = next((t for t in talk.turns[place + 1 :] if t["role"] == CUSTOMER), None)
    return 0.5 if after is not None and after["tone"] == "warm" else 0.0


def _rank(talk: Talk, focus: int | None, *, done: bool) -> tuple[float, ...]:
    """How well a moment shows something: clearly heard, and of a call that went as it does.

    A good one is better where the customer eases and the call goes well, a bad one where it goes badly.
    """
    if focus is None:
        return (-1.0,)
    turn = talk.turns[focus]
    clear = min(turn["role_confidence"], turn["asr_confidence"] or 1.0)
    score = (talk.call["scores"]["effectiveness"] or 0.0) / 100
    before = talk.before(focus)
    asked = 1.0 if before is not None and talk.voiced.get(before) else 0.0
    if done:
        return (_eased(talk, focus), asked, round(clear, 1), score)
    upset = talk.promise in (PromiseState.NONE, PromiseState.COERCED)
    return (asked, float(upset), round(clear, 1), 1 - score)
