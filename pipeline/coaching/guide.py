"""The coaching guide: skills, how each is measured, and what to say instead; read from YAML.

A guide is of the form ``tinghe.coaching/1`` (``configs/schema/coaching.schema.json``, see docs/coaching.md).
Its examples are run by :mod:`pipeline.coaching.proof`, its wordings through the rule packs.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ConfigError, RulePackError
from pipeline.score.scorecard import Item, Situation
from pipeline.types import Tone
from pipeline.yaml_files import line_of, parse_file, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COACHING_SCHEMA_ID: Final = "tinghe.coaching/1"
_SLOT: Final = re.compile(r"\{([^{}]*)\}")


class Slot(StrEnum):
    """What a wording can take from the call; it is left unused where the call does not say it."""

    AMOUNT = "金额"
    """The amount promised."""
    DATE = "日期"
    """The day promised."""
    TITLE = "称呼"
    """How the agent addresses the customer: 先生, 女士 …"""
    LENDER = "机构"
    """The lender, as the agent names it."""


class Measure(StrEnum):
    """What can be measured of how a call was held; values are those of ``conduct`` in a call's JSON."""

    PRESSING_SHARE = "pressing_share"
    """Share of the agent's turns that sound pressing or hostile, 0..1."""
    TALK_SHARE = "talk_share"
    """Share of all speech that is the agent's, 0..1."""
    MONOLOGUE_S = "monologue_s"
    """The agent's longest stretch of talk, in seconds."""
    INTERRUPTIONS = "interruptions"
    """How often the agent cuts the customer off."""


class Phase(StrEnum):
    """Thirds of a call, by turns."""

    OPENING = "opening"
    MIDDLE = "middle"
    CLOSING = "closing"


class PromiseState(StrEnum):
    """How far a call has come towards a promise when it ends."""

    NONE = "none"
    PARTIAL = "partial"
    """Amount or day is missing."""
    LOOSE = "loose"
    """Both are there and bind loosely: a condition, a rough word, no answer."""
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    COERCED = "coerced"


class Look(StrEnum):
    """Where a call shows that a skill is missing, if nothing else points to a turn."""

    OPENING = "opening"
    ANSWER = "answer"
    """The agent's answer to the customer's gravest words."""
    PROMISE = "promise"
    CLOSING = "closing"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HowMeasured(_Part):
    """Exactly one of the three.

    Attributes:
        items: items of the scorecard that must all have their full points, in calls where they apply.
        rules: rules none of which may be broken.
        conduct: a measure that must not be above ``at_most``.
    """

    items: tuple[Item, ...] = ()
    rules: tuple[str, ...] = ()
    conduct: Measure | None = None
    at_most: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [bool(self.items), bool(self.rules), self.conduct is not None]
        if sum(ways) != 1:
            raise ValueError("give one of items, rules and conduct")
        if (self.conduct is None) != (self.at_most is None):
            raise ValueError("at_most and conduct go together")
        return self


class Skill(_Part):
    """Something an agent can get better at.

    Attributes:
        skill: its name for programs.
        name: in Chinese and English.
        measure: when a call shows it.
        calls: the calls in which it is looked for; what the scorecard says stands beside it.
        weight: points a call, where the scorecard has none: for ``conduct``.
        look: where to look for a call that lacks it.
    """

    skill: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: tuple[str, str]
    measure: HowMeasured
    calls: tuple[Situation, ...] = Field(default=tuple(Situation), min_length=1)
    weight: float | None = Field(default=None, gt=0, le=100)
    look: Look = Look.ANSWER

    @model_validator(mode="after")
    def _weighed_once(self) -> Self:
        if (self.measure.conduct is None) != (self.weight is None):
            raise ValueError("weight is for conduct, whose points no scorecard gives")
        return self

    @property
    def about_promise(self) -> bool:
        """Whether it counts promises, which pressure must not earn."""
        return any(item.value.startswith("ptp_") for item in self.measure.items)


class When(_Part):
    """The situation a wording is made for; what is left out is not looked at.

    Attributes:
        after: acts or events of the customer right before, any of them.
        tone: how the customer sounds right before.
        phase: of the call.
        promise: how far the call comes.
        who: is on the line.
        broke: rules that the agent's own turn breaks, any of them.
        lawsuit: how far a lawsuit is, by the file.
    """

    after: tuple[str, ...] = ()
    tone: tuple[Tone, ...] = ()
    phase: tuple[Phase, ...] = ()
    promise: tuple[PromiseState, ...] = ()
    who: tuple[Situation, ...] = ()
    broke: tuple[str, ...] = ()
    lawsuit: tuple[Literal["none", "filed", "judged"], ...] = ()

    @property
    def narrowness(self) -> int:
        """How many things it asks for."""
        return sum(bool(getattr(self, name)) for name in type(self).model_fields)


class Wording(_Part):
    """What to say in a situation.

    Attributes:
        wording: its name.
        skill: the skill that it shows.
        when: the situation; empty for any.
        say: the words; ``{金额}`` and the like are :class:`Slot` values.
        why: what is better about them, in a sentence.
        before: what a customer may have said right before; the wording is proven after these words.
        opens: whether it is said before anything else of the agent's.
    """

    wording: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    skill: str
    when: When = When()
    say: str = Field(min_length=4)
    why: str = Field(min_length=2)
    before: str = Field(min_length=1)
    opens: bool = False

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What it takes from the call."""
        return tuple(Slot(name) for name in dict.fromkeys(_SLOT.findall(self.say)))

    @model_validator(mode="after")
    def _known_slots(self) -> Self:
        known = {slot.value for slot in Slot}
        for name in _SLOT.findall(self.say):
            if name not in known:
                raise ValueError(f"say: {unknown_name('slot', name, known)}")
        return self


class ExamplePlace(_Part):
    """What an example of a situation has in one turn."""

    turn: int = Field(ge=0)
    name: str


class CoachingExample(_Part):
    """A call in a few words, and the wording that it has to get.

    Attributes:
        example: what it shows.
        skill: what the agent lacks there.
        turn: the agent's turn that lacks it.
        turns: ``agent: words`` or ``customer: words``.
        customer: acts and events of the customer.
        tones: tones of turns.
        broke: rules that turns break.
        promise: how far the call comes, with ``amount`` and ``date`` for the slots.
        who: is on the line.
        wording: the one that is chosen.
        say: its words, slots filled; not compared when left out.
    """

    example: str
    skill: str
    turn: int = Field(ge=0)
    turns: tuple[dict[Literal["agent", "customer"], str], ...] = Field(min_length=1)
    customer: tuple[ExamplePlace, ...] = ()
    tones: tuple[ExamplePlace, ...] = ()
    broke: tuple[ExamplePlace, ...] = ()
    promise: dict[str, Any] | None = None
    who: Situation = Situation.DEBTOR
    wording: str
    say: str | None = None


class Guide(_Part):
    """Skills and wordings.

    Attributes:
        pressure: rules whose breach is pressure: a call with one, confirmed or for review, is no example to
            follow, and a promise in it no success.
    """

    form: Literal["tinghe.coaching/1"] = Field(alias="schema")
    version: str = Field(min_length=1)
    pressure: tuple[str, ...] = Field(min_length=1)
    skills: tuple[Skill, ...] = Field(min_length=1)
    wordings: tuple[Wording, ...] = Field(min_length=1)
    examples: tuple[CoachingExample, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        skills = [skill.skill for skill in self.skills]
        for kind, names in (("skill", skills), ("wording", [w.wording for w in self.wordings])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} {twice[0]!r} is there twice")
        for wording in self.wordings:
            if wording.skill not in skills:
                raise ValueError(f"wording {wording.wording}: {unknown_name('skill', wording.skill, skills)}")
        plain = {w.skill for w in self.wordings if not w.when.narrowness and not w.slots}
        without = [skill for skill in skills if skill not in plain]
        if without:
            raise ValueError(f"skill {without[0]!r} has no wording without a situation and slots")
        return self

    @property
    def by_name(self) -> dict[str, Skill]:
        """The skills by name."""
        return {skill.skill: skill for skill in self.skills}


def load_guide(path: Path) -> Guide:
    """Read a coaching guide; :func:`pipeline.coaching.proof.prove_guide` runs its examples.

    Raises:
        ConfigError: the file cannot be read, or a value is wrong: one line an error, with file, line
            and field.
    """
    try:
        return parse_file(Guide, path)
    except RulePackError as error:
        raise ConfigError(str(error)) from error


def unknown_rules(guide: Guide, known: Iterable[str], path: Path) -> tuple[str, ...]:
    """What to say, with file and line, of rules that a guide names and no pack has."""
    names = set(known)
    places: list[tuple[tuple[Any, ...], str]] = [
        (("pressure", number), rule) for number, rule in enumerate(guide.pressure)
    ]
    for at, skill in enumerate(guide.skills):
        for number, rule in enumerate(skill.measure.rules):
            places.append((("skills", at, "measure", "rules", number), rule))
    for at, wording in enumerate(guide.wordings):
        for number, rule in enumerate(wording.when.broke):
            places.append((("wordings", at, "when", "broke", number), rule))
    return tuple(
        f"{path.name}:{line_of(path, where)}: {unknown_name('rule', rule, names)}"
        for where, rule in places
        if rule not in names
    )
