"""The file of a sample: which calls, why, with what probability; the same sample has the same bytes.

A sample is also made of all findings of some rules, for review without a plan: every finding then has the
probability 1, and the sample says which findings it is about.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.review.draw import Drawing, Drawn, Stratum
from pipeline.review.records import ReviewError
from pipeline.yaml_files import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipeline.review.plans import Plan

FORM: Final = "tinghe.review-sample/1"
ALL_FINDINGS: Final = "findings"
"""The plan's name of a sample that holds every finding of some rules."""
Method = Literal["random", "stratified", "risk", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which findings of its calls a sample is about; all where nothing is named."""

    rules: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def holds(self, rule: str | None, state: str | None) -> bool:
        """Whether a finding belongs to it."""
        return (not self.rules or rule in self.rules) and (not self.states or state in self.states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Calls drawn for review.

    Attributes:
        plan: identity of the plan: its name and digest.
        method: how it was drawn.
        of: which calls it was drawn from.
        blind: whether reviewers see nothing of what the machine said.
    """

    plan: str
    method: Method
    of: str
    blind: bool
    seed: int
    drawing: Drawing
    scope: Scope = field(default_factory=Scope)

    @property
    def sample_id(self) -> str:
        """Follows from all of its content."""
        return hashlib.sha256(_bytes(self._content())).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """All of it, for the file."""
        return {"form": FORM, "sample": self.sample_id, **self._content()}

    def summary(self) -> dict[str, Any]:
        """What the database keeps: how, and how many; no call."""
        content = self._content()
        return {name: value for name, value in content.items() if name != "calls"}

    def _content(self) -> dict[str, Any]:
        drawing = self.drawing
        return {
            "plan": self.plan,
            "method": self.method,
            "of": self.of,
            "blind": self.blind,
            "seed": self.seed,
            "asked": drawing.asked,
            "drawn": len(drawing.calls),
            "population": drawing.population,
            "no_chance": drawing.no_chance,
            "scope": {"rules": list(self.scope.rules), "states": list(self.scope.states)},
            "strata": [asdict(stratum) for stratum in drawing.strata],
            "unfilled": [stratum.stratum for stratum in drawing.unfilled],
            "calls": [
                {
                    "call_id": call.call_id,
                    "stratum": call.stratum,
                    "inclusion": call.inclusion,
                    **({"signs": list(call.signs)} if call.signs and not self.blind else {}),
                }
                for call in drawing.calls
            ],
        }


def sample_of(plan: Plan, drawing: Drawing, seed: int) -> Sample:
    """The sample that a plan drew."""
    return Sample(
        plan=plan.identity, method=plan.method, of=plan.of, blind=plan.blind, seed=seed, drawing=drawing
    )


def all_findings(call_ids: Iterable[str], scope: Scope) -> Sample:
    """The sample of every finding in a scope: its calls, each for sure."""
    calls = tuple(Drawn(call_id=call_id, stratum="", inclusion=1.0) for call_id in sorted(set(call_ids)))
    count = len(calls)
    return Sample(
        plan=ALL_FINDINGS,
        method="all",
        of="scored",
        blind=False,
        seed=0,
        scope=scope,
        drawing=Drawing(
            population=count,
            asked=count,
            calls=calls,
            strata=(Stratum(stratum="", population=count, wanted=count, drawn=count),),
        ),
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Call(_Strict):
    call_id: str = Field(min_length=1)
    stratum: str
    inclusion: float = Field(gt=0, le=1)
    signs: tuple[str, ...] = ()


class _Stratum(_Strict):
    stratum: str
    population: int = Field(ge=0)
    wanted: int = Field(ge=0)
    drawn: int = Field(ge=0)


class _Scope(_Strict):
    rules: tuple[str, ...]
    states: tuple[str, ...]


class _File(_Strict):
    form: Literal["tinghe.review-sample/1"]
    sample: str
    plan: str
    method: Method
    of: str
    blind: bool
    seed: int
    asked: int = Field(ge=0)
    drawn: int = Field(ge=0)
    population: int = Field(ge=0)
    no_chance: int = Field(ge=0)
    scope: _Scope
    strata: tuple[_Stratum, ...]
    unfilled: tuple[str, ...]
    calls: tuple[_Call, ...]


def sample_bytes(sample: Sample) -> bytes:
    """The content of the file."""
    return _bytes(sample.to_json(), indent=1) + b"\n"


def read_sample(path: Path) -> Sample:
    """Read the file of a sample.

    Raises:
        ReviewError: it cannot be read, a field is wrong, or it was changed after it was drawn.
    """
    try:
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReviewError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise ReviewError("\n".join(_told(path, part) for part in error.errors())) from None
    sample = Sample(
        plan=file.plan,
        method=file.method,
        of=file.of,
        blind=file.blind,
        seed=file.seed,
        scope=Scope(rules=file.scope.rules, states=file.scope.states),
        drawing=Drawing(
            population=file.population,
            asked=file.asked,
            no_chance=file.no_chance,
            calls=tuple(Drawn(**call.model_dump()) for call in file.calls),
            strata=tuple(Stratum(**stratum.model_dump()) for stratum in file.strata),
        ),
    )
    if sample.sample_id != file.sample:
        raise ReviewError(f"{path}: sample: the file is not as it was drawn; draw it again with its seed")
    return sample


def _told(path: Path, part: Any) -> str:
    """One error of the form, without the value, which may be anything."""
    field_name = ".".join(str(step) for step in part["loc"]) or "the file"
    hint = ""
    if part["type"] == "extra_forbidden":
        hint = f" {unknown_name('field', str(part['loc'][-1]), _File.model_fields)}"
    return f"{path}: {field_name}: {part['msg']}{hint}"


def _bytes(content: Any, indent: int | None = None) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=indent).encode(errors="surrogatepass")
