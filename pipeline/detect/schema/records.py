"""What a condition may ask of a call beside its words: the hour, its recording, other calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.detect.schema.parts import Names, Part, Range, Seconds, as_tuple

Key = Literal["debtor", "number", "lender", "agent", "contact"]
"""What calls may have in common."""
_CLOCK = r"^(?:([01]\d|2[0-3]):[0-5]\d|24:00)$"


class ClockWindow(Part):
    """A time of day, in the call's own zone, over midnight where it must.

    Attributes:
        start, end: ``from`` inside, ``to`` outside.
        field: instead, a metadata field that holds such windows (``21:00-23:00``, several with commas);
            where it is empty nothing was agreed and the answer is no, where it only says that
            something was, yes.
        at: whether the call starts, or ends, at that time.
        outside: whether it must lie outside.
    """

    start: str | None = Field(default=None, alias="from", pattern=_CLOCK)
    end: str | None = Field(default=None, alias="to", pattern=_CLOCK)
    field: str | None = None
    at: Literal["start", "end"] = "start"
    outside: bool = False

    @model_validator(mode="after")
    def _one_window(self) -> ClockWindow:
        given = self.start is not None and self.end is not None
        if given == (self.field is not None) or (self.start is None) != (self.end is None):
            raise ValueError("give from and to, or a field")
        if given and self.start == self.end:
            raise ValueError("from and to are the same")
        return self


class Shortfall(Part):
    """The recording is shorter than the talk that the exchange counted.

    Attributes:
        seconds, percent: what may be missing; the larger of the two is allowed.
        field: the metadata field with the seconds of talk.
    """

    seconds: Seconds = 5.0
    percent: float = Field(default=5.0, ge=0, le=100)
    field: str = "talk_seconds"


class Contacts(Part):
    """How many calls there were until this one, which must be one of them.

    A call that does not count itself (inbound, asked for, to somebody else's phone) is no time to say
    that there were too many: the answer is no. Two counts are about others: ``missed``, for a call that
    is listened to was answered, and with a ``callee`` that this call is not.

    Attributes:
        count: ``attempts`` (every dial), ``connected`` (a person answered), ``effective`` (the debtor
            spoke for a while), ``missed`` (not connected).
        by: what they have in common: ``debtor``, ``number``, ``lender``, ``agent``, ``contact`` (the
            same number for the same debtor: one third person).
        per: ``day`` (calendar day in China), or a window that ends with this call, in hours.
        value: how many.
        callee: only calls to these kinds of people (``callee_role``).
        direction: only calls in this direction.
        merge_seconds: a new dial of the number so soon after the last one ended is the same contact.
        except_asked: whether calls that the debtor asked for are left out.
        talk_seconds: length from which a talk is ``effective``.
    """

    count: Literal["attempts", "connected", "effective", "missed"]
    by: Annotated[tuple[Key, ...], BeforeValidator(as_tuple), Field(min_length=1)] = ("debtor",)
    per: Literal["day"] | Annotated[float, Field(gt=0)] = "day"
    value: Range
    callee: Names = ()
    direction: Literal["outbound", "inbound"] | None = "outbound"
    merge_seconds: Seconds = 60.0
    except_asked: bool = True
    talk_seconds: Seconds = 30.0


class Earlier(Part):
    """Something that happened in an earlier call.

    Attributes:
        event: an event or note of the packs (``contact_refused``: asked not to be called again), or
            ``reached`` (the debtor was spoken to).
        by: what the calls have in common, as in :class:`Contacts`.
        within_days: how long ago at most.
    """

    event: str
    by: Annotated[tuple[Key, ...], BeforeValidator(as_tuple), Field(min_length=1)] = ("debtor",)
    within_days: float = Field(default=365, gt=0)


class PromiseState(Part):
    """An earlier promise of the debtor: ``kept``, ``broken``, or ``open`` (not due yet, or without a day)."""

    state: Literal["kept", "broken", "open"]
    within_days: float = Field(default=365, gt=0)
