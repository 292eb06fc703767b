"""The learned second opinion beside the rules: two witnesses, and each says that it spoke.

Rules are exact and explain themselves, and miss what nobody wrote down. A model reaches further
and cannot be read. So a rule's word stands, the model's word alone asks for review unless it is
very sure, and where a rule is unsure the two decide together. ``configs/opinion.yaml`` holds the
thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.detect.schema import FieldTest
from pipeline.detect.view import PARTIES, test_fields
from pipeline.errors import ConfigError
from pipeline.ports import Said
from pipeline.types import Act, Evidence, Finding, FindingState, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.detect.rulebook import RuleBook
    from pipeline.ports import Opinion, SecondOpinion
    from pipeline.types import Call, Transcript, Turn

Chance = Field(ge=0, le=1)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RulePolicy(_Part):
    """Thresholds for rules; see ``configs/opinion.yaml``."""

    raise_at: float = Chance
    sure_at: float = Chance
    agree_at: float = Chance
    doubt_at: float = Chance
    veto_at: float = Chance
    deaf: tuple[str, ...] = ()
    when: dict[str, dict[str, FieldTest]] = Field(default_factory=dict)


class ActPolicy(_Part):
    """Thresholds for acts."""

    raise_at: float = Chance
    doubt_at: float = Chance


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Rules and model, brought together on one call."""

    call: Call
    turns: Mapping[int, Turn]
    book: RuleBook
    opinions: Mapping[int, Opinion]
    policy: Policy

    def findings(self, by_rules: Iterable[Finding]) -> Iterator[Finding]:
        """The rules' findings, weighed, and those that the model adds."""
        told: set[tuple[int, str]] = set()
        for finding in by_rules:
            if finding.evidence is None or finding.state is FindingState.CANNOT_DECIDE:
                yield finding
                continue
            told.add((finding.evidence.turn, finding.rule))
            chance = self._chance(finding.evidence.turn, finding.rule)
            weighed = finding if chance is None else self._weigh(finding, chance)
            if weighed is not None:
                yield weighed
        yield from self._added(told)

    def acts(self, by_rules: Iterable[Act]) -> Iterator[Act]:
        """The rules' acts that the model does not doubt, and those that it adds."""
        told: set[tuple[int, str]] = set()
        for act in by_rules:
            told.add((act.evidence.turn, act.act))
            opinion = self.opinions.get(act.evidence.turn)
            if opinion is None or opinion.acts.get(act.act, 1.0) >= self.policy.acts.doubt_at:
                yield act
        speakers = {compiled.rule.rule: compiled.rule.says for compiled in self.book.of_kind("act")}
        for index, opinion in self.opinions.items():
            turn = self.turns[index]
            for name, chance in opinion.acts.items():
                if (
                    chance >= self.policy.acts.raise_at
                    and (index, name) not in told
                    and speakers.get(name) == turn.role
                ):
                    yield Act(act=name, role=turn.role, evidence=self._evidence(index, name))

    def _evidence(self, index: int, label: str) -> Evidence:
        """The clause that speaks most for a label; the whole turn where the model names none."""
        turn = self.turns[index]
        return Evidence.of(turn, *self.opinions[index].spans.get(label, (0, len(turn.text))))

    def _chance(self, turn: int, rule: str) -> float | None:
        """What the model gives a rule on a turn; ``None`` where it is not to be asked."""
        policy = self.policy.rules
        opinion = self.opinions.get(turn)
        if opinion is None or rule in policy.deaf or rule not in opinion.rules:
            return None
        fields = self.call.metadata.model_dump()
        if not test_fields(policy.when.get(rule, {}), fields).holds:
            return None
        return opinion.rules[rule]

    def _weigh(self, finding: Finding, chance: float) -> Finding | None:
        policy = self.policy.rules
        if finding.state is FindingState.VIOLATION:
            return self._doubted(finding, chance) if chance < policy.veto_at else finding
        if chance < policy.doubt_at:
            return None
        turn = self.turns[finding.evidence.turn] if finding.evidence else None
        if chance >= policy.agree_at and turn is not None and turn.role_confidence >= SURE_ROLE:
            return replace(
                finding,
                state=FindingState.VIOLATION,
                confidence=round(max(finding.confidence, chance), 3),
                reason=f"{finding.reason}（第二意见认同，概率{chance:.0%}）",
            )
        return finding

    def _doubted(self, finding: Finding, chance: float) -> Finding:
        reason = f"{finding.reason}（第二意见不认同，概率{chance:.0%}）"
        return replace(finding, state=FindingState.NEEDS_REVIEW, reason=reason)

    def _added(self, told: set[tuple[int, str]]) -> Iterator[Finding]:
        for compiled in self.book.of_kind("violation"):
            rule = compiled.rule
            for index in self.opinions:
                turn = self.turns[index]
                if turn.role is not Role.AGENT or (index, rule.rule) in told:
                    continue
                chance = self._chance(index, rule.rule)
                if chance is None or chance < self.policy.rules.raise_at:
                    continue
                evidence = self._evidence(index, rule.rule)
                sure = chance >= self.policy.rules.sure_at and turn.role_confidence >= SURE_ROLE
                yield Finding(
                    rule=rule.rule,
                    state=FindingState.VIOLATION if sure else FindingState.NEEDS_REVIEW,
                    severity=rule.severity or Severity.MINOR,
                    confidence=round(chance * turn.role_confidence, 3),
                    norms=rule.norms,
                    reason=f"第二意见（从标注语料学得，概率{chance:.0%}）认为属于{rule.title}：「{evidence.quote}」",
                    evidence=evidence,
                )


SURE_ROLE = 0.85
"""Below this confidence in who speaks, the model's word makes no violation."""
