"""What proves a rule: lines and dialogues that must and must not raise it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from pipeline.detect.schema.parts import Part, Seconds
from pipeline.detect.schema.past import PastContact, PastPromiseMade
from pipeline.types import Role, Severity, Tone


class Line(Part):
    """One line of an example dialogue: ``{agent: …}`` or ``{customer: …}``.

    Attributes:
        at: when it is said, ``[start, end]`` in seconds; for rules about times every line needs it.
        level: dB relative to full scale.
        tone: how it is said, for rules about tone.
    """

    agent: str | None = None
    customer: str | None = None
    at: tuple[Seconds, Seconds] | None = None
    level: float | None = None
    tone: Tone | None = None

    @model_validator(mode="after")
    def _one_speaker(self) -> Line:
        if (self.agent is None) == (self.customer is None):
            raise ValueError("a line has exactly one of agent, customer")
        if self.at and self.at[1] < self.at[0]:
            raise ValueError("a line cannot end before it begins")
        return self

    @property
    def role(self) -> Role:
        """Who says the line."""
        return Role.AGENT if self.agent is not None else Role.CUSTOMER

    @property
    def text(self) -> str:
        """What is said."""
        return self.agent if self.agent is not None else self.customer or ""


def _example(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class Example(Part):
    """A line, with what is said around it and what is known of the call.

    ``text`` is said by the rule's speaker. Without ``text`` the example is a whole dialogue and
    the rule may be raised anywhere in it. ``duration`` is the length of the recording in seconds.

    Attributes:
        what: what the example shows, where its words do not say it.
        one_sided: whether a channel of the recording is dead.
        contacts, promises: what there was before the call.
        dial_log: whether the contacts are all dials there were.
        severity: how grave the rule must find it.
    """

    text: str | None = None
    before: tuple[Line, ...] = ()
    then: tuple[Line, ...] = ()
    dialogue: tuple[Line, ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)
    duration: Seconds | None = None
    what: str = ""
    one_sided: bool | None = None
    contacts: tuple[PastContact, ...] = ()
    promises: tuple[PastPromiseMade, ...] = ()
    dial_log: bool = False
    severity: Severity | None = None

    @model_validator(mode="after")
    def _line_or_dialogue(self) -> Example:
        if (self.text is None) == (not self.dialogue):
            raise ValueError("an example has either a text or a dialogue")
        return self


Examples = tuple[Annotated[Example, BeforeValidator(_example)], ...]


class ExampleSet(Part):
    """What must and must not raise the rule; only a draft may lack some."""

    must_hit: Examples = ()
    must_not_hit: Examples = ()
