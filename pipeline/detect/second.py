"""The learned second opinion beside the rules: two witnesses, and each says that it spoke.

Rules are exact and explain themselves, and miss what nobody wrote down. A model reaches further
and cannot be read. Their words are added up to one probability (:mod:`pipeline.detect.joint`): from
``violation_at`` on it makes a violation, from ``raise_at`` on a finding for review, and a rule's finding
that falls below is overruled, which the report says. ``configs/opinion.yaml`` holds the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.detect.joint import Said as RuleSaid
from pipeline.detect.joint import Weights, shifted
from pipeline.detect.schema import FieldTest
from pipeline.detect.view import PARTIES, test_fields
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.types import (
    Act,
    CustomerEvent,
    Evidence,
    Finding,
    FindingState,
    Role,
    Severity,
    Tariff,
    Witness,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.detect.rulebook import CompiledRule, RuleBook
    from pipeline.detect.schema import Kind, Rule
    from pipeline.ports import Opinion, SecondOpinion
    from pipeline.types import Call, Transcript, Turn

Chance = Field(ge=0, le=1)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Beside(_Part):
    """Labels that may stand beside others without anybody writing them down."""

    others: tuple[str, ...]
    may: tuple[str, ...]


class RulePolicy(_Part):
    """How rules are joined; see ``configs/opinion.yaml``."""

    raise_at: float = Chance
    violation_at: float = Chance
    alone_at: Annotated[float, Chance] = 0.0
    weights: Weights
    of: dict[str, Weights] = Field(default_factory=dict)
    deaf: tuple[str, ...] = ()
    when: dict[str, dict[str, FieldTest]] = Field(default_factory=dict)
    beside: tuple[Beside, ...] = ()
    spared: dict[str, Annotated[float, Field(le=0)]] = Field(default_factory=dict)

    def alone(self, rule: str, chance: float, contexts: Iterable[str] = ()) -> float:
        """The joint probability of what the model says and no rule does.

        ``contexts`` are those of the rule in which its words stand: a report, a warning.
        """
        joint = self.joint(rule, chance, None)
        odds = min((self.spared.get(name, 0.0) for name in contexts), default=0.0)
        return shifted(joint, odds) if odds else joint

    def tolerated(self, labels: frozenset[str]) -> frozenset[str]:
        """Labels whose absence from a line with ``labels`` says nothing."""
        return frozenset(
            name for part in self.beside if labels.intersection(part.others) for name in part.may
        )

    def joint(self, rule: str, chance: float, said: RuleSaid | None) -> float:
        """The joint probability of a rule."""
        return self.of.get(rule, self.weights).joint(chance, said)

    def least(self, rule: str, said: RuleSaid | None) -> float:
        """The model's chance from which a rule is raised."""
        key = (rule, said)
        if key not in self._least:
            self._least[key] = self.of.get(rule, self.weights).least(self.raise_at, said)
        return self._least[key]

    @cached_property
    def _least(self) -> dict[tuple[str, RuleSaid | None], float]:
        return {}


class ActPolicy(_Part):
    """How acts are joined.

    ``told`` names acts of a customer that are events too, with the joint probability from which the event is
    told; ``when`` the metadata without which it is not.
    """

    raise_at: float = Chance
    weights: Weights
    of: dict[str, Weights] = Field(default_factory=dict)
    told: dict[str, Annotated[float, Chance]] = Field(default_factory=dict)
    when: dict[str, dict[str, FieldTest]] = Field(default_factory=dict)

    def joint(self, act: str, chance: float, said: RuleSaid | None) -> float:
        """The joint probability of an act."""
        return self.of.get(act, self.weights).joint(chance, said)

    def least(self, act: str, said: RuleSaid | None) -> float:
        """The model's chance from which an act is shown."""
        key = (act, said)
        if key not in self._least:
            self._least[key] = self.of.get(act, self.weights).least(self.raise_at, said)
        return self._least[key]

    @cached_property
    def _least(self) -> dict[tuple[str, RuleSaid | None], float]:
        return {}


class Policy(_Part):
    """How the second opinion joins the rules."""

    rules: RulePolicy
    acts: ActPolicy


def load_policy(path: Path) -> Policy:
    """Read a policy.

    Raises:
        ConfigError: the file cannot be read or a value is wrong.
    """
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path.name}: {where}: {first['msg']}") from error


def consult(call: Call, transcript: Transcript, model: SecondOpinion) -> dict[int, Opinion]:
    """The model's opinion of every turn of a party, by turn index."""
    turns = [t for t in transcript.turns if t.role in PARTIES and t.text.strip()]
    metadata = call.metadata.model_dump()
    before = ["", *(t.text for t in turns)]
    said = [Said.of(t.role, t.text, before[i], metadata) for i, t in enumerate(turns)]
    return {turn.index: opinion for turn, opinion in zip(turns, model.judge(said), strict=True)}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Rules and model, brought together on one call.

    Attributes:
        in_doubt: whether words or speaker of a turn's evidence are in doubt: that is for review only.
        barred: act -> turns that the rules say are never one, whatever the model thinks.
        settled: act -> turns of which the rules are certain, so that the model is not asked.
        certain: the same of a rule.
        spared: the contexts of a rule in which words on a turn stand.
    """

    call: Call
    turns: Mapping[int, Turn]
    book: RuleBook
    opinions: Mapping[int, Opinion]
    policy: Policy
    in_doubt: Callable[[Turn, Evidence], bool]
    barred: Callable[[str], frozenset[int]] = lambda act: frozenset()
    settled: Callable[[str], frozenset[int]] = lambda act: frozenset()
    certain: Callable[[str], frozenset[int]] = lambda rule: frozenset()
    spared: Callable[[CompiledRule, Evidence], Collection[str]] = lambda rule, at: ()

    def findings(self, by_rules: Iterable[Finding]) -> Iterator[Finding]:
        """The rules' findings, weighed, and those that the model adds.

        What comes back with a confidence below ``raise_at`` is overruled: :meth:`stands` tells.
        """
        told: set[tuple[int, str]] = set()
        for finding in by_rules:
            at = finding.evidence
            if at is None or finding.state is FindingState.CANNOT_DECIDE:
                yield finding
                continue
            told.add((at.turn, finding.rule))
            chance = None if at.turn in self.certain(finding.rule) else self.chance(at.turn, finding.rule)
            yield finding if chance is None else self._weigh(finding, at, chance)
        yield from self._added(told)

    def stands(self, finding: Finding) -> bool:
        """Whether a finding is raised; else the second opinion overruled it."""
        return finding.joint is None or finding.joint >= self.policy.rules.raise_at

    def would_hear(self, turn: int) -> bool:
        """Whether words on a turn that only sound like those of some rule would be raised."""
        opinion = self.opinions.get(turn)
        return opinion is not None and any(
            opinion.rules.get(rule, 0.0) >= least for rule, least in self._heard_at.items()
        )

    @cached_property
    def worth_hearing(self) -> dict[str, frozenset[int]]:
        """By rule the turns on which its sounds can change what is found: on no other would it stand.

        Nor would it keep anybody from adding a finding: there the model does not raise the rule.
        """
        policy, said = self.policy.rules, {i: self.opinions.get(i) for i, t in self.turns.items() if t.text}
        found = {}
        for compiled in self._in_effect("violation"):
            name = compiled.rule.rule
            falling = policy.of.get(name, policy.weights).model <= 0
            least = min(policy.least(name, "heard"), policy.least(name, None))
            if falling or name not in self._asked:
                turns = frozenset(self.turns)
            else:
                turns = frozenset(i for i, o in said.items() if o is None or o.rules.get(name, 1.0) >= least)
            if turns:
                found[name] = turns
        return found

    def acts(self, by_rules: Iterable[Act]) -> Iterator[Act]:
        """The rules' acts that the model does not overrule, and those that it adds."""
        told: set[tuple[int, str]] = set()
        overruled = cache(self.overruled)
        for act in by_rules:
            told.add((act.evidence.turn, act.act))
            if act.evidence.turn not in overruled(act.act):
                yield act
        speakers = {compiled.rule.rule: compiled.rule.says for compiled in self._in_effect("act")}
        for index, opinion in self.opinions.items():
            turn = self.turns[index]
            for name, chance in opinion.acts.items():
                shown = chance >= self.policy.acts.least(name, None) and speakers.get(name) == turn.role
                if shown and (index, name) not in told and index not in self.barred(name):
                    yield Act(act=name, role=turn.role, evidence=self._evidence(index, name))

    def events(self, by_rules: Iterable[Act], told: Collection[str]) -> Iterator[CustomerEvent]:
        """Acts of the customer that are events too, where rules and model together are sure of them.

        Args:
            by_rules: the acts that rules find.
            told: events of which the words stand written in the call; nothing is added to those.
        """
        policy, fields = self.policy.acts, self.call.metadata.values
        said = {(act.evidence.turn, act.act) for act in by_rules}
        names = {compiled.rule.rule for compiled in self._in_effect("event")} - set(told)
        for name in sorted(names & policy.told.keys()):
            if not test_fields(policy.when.get(name, {}), fields).holds:
                continue
            barred = self.barred(name)
            for index, opinion in self.opinions.items():
                if self.turns[index].role is not Role.CUSTOMER or index in barred:
                    continue
                spoke: RuleSaid | None = "sure" if (index, name) in said else None
                if policy.joint(name, opinion.acts.get(name, 0.0), spoke) >= policy.told[name]:
                    yield CustomerEvent(
                        event=name, evidence=self._evidence(index, name), witness=Witness.MODEL
                    )

    def overruled(self, act: str) -> frozenset[int]:
        """The turns on which an act that a rule finds is none, when the model has been heard."""
        least = self.policy.acts.least(act, "sure")
        doubted = (i for i, opinion in self.opinions.items() if opinion.acts.get(act, 1.0) < least)
        return frozenset(doubted) - self.settled(act)

    def _evidence(self, index: int, label: str) -> Evidence:
        """The clause that speaks most for a label; the whole turn where the model names none."""
        turn = self.turns[index]
        return Evidence.of(turn, *self.opinions[index].spans.get(label, (0, len(turn.text))))

    def chance(self, turn: int, rule: str) -> float | None:
        """What the model gives a rule on a turn; ``None`` where it is not to be asked."""
        opinion = self.opinions.get(turn)
        return opinion.rules.get(rule) if opinion is not None and rule in self._asked else None

    def _in_effect(self, kind: Kind) -> Iterator[CompiledRule]:
        """The rules of a kind that apply on the day of the call."""
        started_at = self.call.metadata.started_at
        day = started_at.date() if started_at else None
        return (compiled for compiled in self.book.of_kind(kind) if compiled.in_effect(day))

    @cached_property
    def _asked(self) -> frozenset[str]:
        """Rules of which the model is asked in this call."""
        policy, fields = self.policy.rules, self.call.metadata.values
        names = (compiled.rule.rule for compiled in self._in_effect("violation"))
        return frozenset(
            name
            for name in names
            if name not in policy.deaf and test_fields(policy.when.get(name, {}), fields).holds
        )

    @cached_property
    def _heard_at(self) -> dict[str, float]:
        """The chance that each rule needs, of those that words which only sound like its own can raise."""
        needed = {name: self.policy.rules.least(name, "heard") for name in self._asked}
        return {name: least for name, least in needed.items() if least <= 1}

    def _weigh(self, finding: Finding, at: Evidence, chance: float) -> Finding:
        """A rule's finding with the joint probability, and the state that follows from it."""
        policy = self.policy.rules
        joint = policy.joint(finding.rule, chance, _said(finding))
        unsure = finding.review_only or joint < policy.violation_at
        review = unsure or self.in_doubt(self.turns[at.turn], at)
        agreed = "认同" if chance >= EVEN else "不认同"
        return replace(
            finding,
            state=FindingState.NEEDS_REVIEW if review else FindingState.VIOLATION,
            confidence=self._confidence(joint, at.turn),
            joint=joint,
            witnesses=(*finding.witnesses, Witness.MODEL),
            reason=f"{finding.reason}（第二意见{agreed}：{chance:.0%}，合并概率{joint:.0%}）",
        )

    def _confidence(self, joint: float, turn: int) -> float:
        return round(joint * self.turns[turn].role_confidence, 3)

    def _added(self, told: set[tuple[int, str]]) -> Iterator[Finding]:
        """What the model finds where the rules are silent."""
        agent = [index for index, turn in self.turns.items() if turn.role is Role.AGENT]
        for compiled in self.book.of_kind("violation"):
            name = compiled.rule.rule
            least = self.policy.rules.least(name, None) if name in self._asked else 2.0
            for index in agent:
                chance = self.chance(index, name)
                if chance is not None and chance >= least and (index, name) not in told:
                    found = self._alone(compiled, index, chance)
                    if self.stands(found) and (found.joint or 0.0) >= self.policy.rules.alone_at:
                        yield found

    def _alone(self, compiled: CompiledRule, index: int, chance: float) -> Finding:
        rule = compiled.rule
        policy, evidence = self.policy.rules, self._evidence(index, rule.rule)
        joint = policy.alone(rule.rule, chance, self.spared(compiled, evidence))
        turn = self.turns[index]
        doubted = self.in_doubt(turn, evidence) or turn.role_confidence < SURE_ROLE
        sure = joint >= self.policy.rules.violation_at and not doubted and not compiled.draft
        return Finding(
            rule=rule.rule,
            state=FindingState.VIOLATION if sure else FindingState.NEEDS_REVIEW,
            severity=rule.severity or Severity.MINOR,
            confidence=self._confidence(joint, index),
            joint=joint,
            norms=rule.norms,
            reason=f"第二意见（从标注语料学得，概率{joint:.0%}）认为属于{rule.title}：「{evidence.quote}」",
            evidence=evidence,
            tariff=tariff_of(rule),
            witnesses=(Witness.MODEL,),
            review_only=compiled.draft,
        )


EVEN = 0.5
"""From here on the model agrees."""

SURE_ROLE = 0.85
"""Below this confidence in who speaks, the model's word alone makes no violation."""


def tariff_of(rule: Rule) -> Tariff:
    """What a rule says that it costs."""
    return Tariff(points=rule.points, cap=rule.cap, red_line=rule.red_line)


def _said(finding: Finding) -> RuleSaid:
    if Witness.SOUND in finding.witnesses:
        return "heard"
    return "sure" if finding.sure else "unsure"
