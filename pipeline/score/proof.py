"""A scorecard's examples: each is scored with the card itself, and must come out as it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.metadata import CallMetadata
from pipeline.score.scoring import score
from pipeline.types import Act, Call, CustomerEvent, Evidence, Finding, Promise, Role, Transcript, Turn
from pipeline.yaml_files import line_of, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pipeline.score.scorecard import ExampleAct, Scorecard, ScoreExample
    from pipeline.types import Scores

TURNS = 12
"""Turns of an example that gives none: the parties take turns, the agent begins."""

TOLERANCE = 0.05
"""Scores are given to one decimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFailure:
    """An example that does not come out as it says.

    Attributes:
        number: its place in the card, from 0.
        field: what differs.
    """

    number: int
    example: str
    field: str
    expected: object
    got: object

    def __str__(self) -> str:
        """One line for people."""
        return f"example {self.example}: {self.field}: expected {_told(self.expected)}, got {_told(self.got)}"


def prove_card(card: Scorecard) -> tuple[CardFailure, ...]:
    """Score every example.

    Raises:
        ConfigError: an example is about a turn or a party that it does not have.
    """
    return tuple(
        failure
        for number, example in enumerate(card.examples)
        for failure in _differences(number, example, card)
    )


def require_card_proof(card: Scorecard, path: Path) -> Scorecard:
    """The card itself, where every example comes out as it says.

    Raises:
        ConfigError: an example fails; one line each, with file and line.
    """
    failures = prove_card(card)
    if failures:
        raise ConfigError("\n".join(located(failure, path) for failure in failures))
    return card


def located(failure: CardFailure, path: Path) -> str:
    """A failure with file and line."""
    loc = ("examples", failure.number, "expect", *failure.field.split("."))
    return f"{path.name}:{line_of(path, loc)}: {failure}"


def _differences(number: int, example: ScoreExample, card: Scorecard) -> Iterator[CardFailure]:
    scores = _score(example, card)
    items = {item.name: item for item in scores.effectiveness_items}
    got: dict[str, object] = {
        "compliance": scores.compliance,
        "if_confirmed": scores.compliance_if_confirmed,
        "red_line": scores.red_line,
        "effectiveness": scores.effectiveness,
    }
    wanted = {name: getattr(example.expect, name) for name in got if name in example.expect.model_fields_set}
    for item, points in example.expect.items.items():
        judged = items.get(item.value)
        wanted[f"items.{item}"] = points
        got[f"items.{item}"] = judged.points if judged and judged.applicable else None
    for field, expected in wanted.items():
        if not _same(expected, got[field]):
            yield CardFailure(
                number=number, example=example.example, field=field, expected=expected, got=got[field]
            )


def _same(expected: object, got: object) -> bool:
    if isinstance(expected, float) and isinstance(got, float):
        return abs(expected - got) <= TOLERANCE
    return expected == got


def _told(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _score(example: ScoreExample, card: Scorecard) -> Scores:
    turns = _turns(example)
    try:
        metadata = CallMetadata.model_validate(example.call)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise ConfigError(f"example {example.example}: call: {field}: not usable") from None
    findings = tuple(
        Finding(
            rule=finding.rule,
            state=finding.state,
            severity=finding.severity,
            confidence=1.0,
            norms=(),
            reason="",
            evidence=None if finding.turn is None else _place(finding.turn, turns, example),
        )
        for finding in example.findings
    )
    return score(
        Call(call_id="example", metadata=metadata),
        Transcript(turns=turns),
        findings,
        (
            *_acts(example.agent, Role.AGENT, turns, example),
            *_acts(example.customer, Role.CUSTOMER, turns, example),
        ),
        tuple(
            CustomerEvent(event=event, evidence=_first(Role.CUSTOMER, turns, example))
            for event in example.events
        ),
        _promise(turns, example),
        (),
        card,
    )


def _promise(turns: tuple[Turn, ...], example: ScoreExample) -> Promise | None:
    promise = example.promise
    if promise is None:
        return None
    return Promise(
        amount=promise.amount,
        date=promise.date,
        confirmed=promise.confirmed,
        coerced=promise.coerced,
        certainty=promise.certainty,
        turns=(_first(Role.CUSTOMER, turns, example).turn,),
    )


def _turns(example: ScoreExample) -> tuple[Turn, ...]:
    lines = [(Role(role), text) for turn in example.turns for role, text in turn.items()]
    lines = lines or [(Role.CUSTOMER if i % 2 else Role.AGENT, "在APP上还") for i in range(TURNS)]
    return tuple(
        Turn(index=i, role=role, role_confidence=1.0, text=text) for i, (role, text) in enumerate(lines)
    )


def _acts(
    acts: Iterable[ExampleAct], role: Role, turns: tuple[Turn, ...], example: ScoreExample
) -> Iterator[Act]:
    for act in acts:
        at = _first(role, turns, example) if act.turn is None else _place(act.turn, turns, example)
        yield Act(act=act.act, role=role, evidence=at)


def _first(role: Role, turns: tuple[Turn, ...], example: ScoreExample) -> Evidence:
    for turn in turns:
        if turn.role is role and turn.text:
            return Evidence.whole(turn)
    raise ConfigError(f"example {example.example}: turns: none of the {role}")


def _place(index: int, turns: tuple[Turn, ...], example: ScoreExample) -> Evidence:
    if index >= len(turns) or not turns[index].text:
        raise ConfigError(f"example {example.example}: turn {index}: there is none")
    return Evidence.whole(turns[index])


def unknown_rules(card: Scorecard, known: Iterable[str], path: Path) -> tuple[str, ...]:
    """What to say, with file and line, of rules that a card makes red lines or not and that no pack has."""
    names = set(known)
    return tuple(
        f"{path.name}:{line_of(path, ('compliance', 'red_lines', part, number))}: "
        f"compliance.red_lines.{part}: {unknown_name('rule', rule, names)}"
        for part in ("also", "never")
        for number, rule in enumerate(getattr(card.compliance.red_lines, part))
        if rule not in names
    )
