"""What misheard characters cost: the whole bench of rules and second opinion, on the packs' own examples."""

from __future__ import annotations

import pytest

from flows.wiring import load_opinion, load_policy_of, load_rules
from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.second import consult
from pipeline.metadata import CallMetadata
from pipeline.types import Call, FindingState, Role, Transcript, Turn
from tests.homophones import Homophones

pytestmark = pytest.mark.audio  # needs the prepared second opinion


@pytest.fixture(scope="module")
def book(settings):
    return load_rules(settings)


@pytest.fixture(scope="module")
def bench(settings, book):
    """Judges a dialogue and gives the names of the rules that are raised in its last turn."""
    opinion, policy = load_opinion(settings), load_policy_of(settings)

    def raised(lines, metadata):
        turns = tuple(
            Turn(index=i, role=role, role_confidence=1.0, text=text) for i, (role, text) in enumerate(lines)
        )
        call = Call(call_id="example", metadata=CallMetadata.model_validate(metadata))
        transcript = Transcript(turns=turns)
        facts = Facts(opinions=consult(call, transcript, opinion))
        found = detect(call, transcript, book, settings.detect, settings.roles, facts=facts, policy=policy)
        return {
            f.rule
            for f in found.findings
            if f.evidence and f.evidence.turn == len(turns) - 1 and f.state is not FindingState.CANNOT_DECIDE
        }

    return raised


def lines_of(example):
    said = [(line.role, line.text) for line in example.before]
    return [*said, (Role.AGENT, example.text)]


def share(bench, cases, spoil):
    found = [
        rule in bench([(role, spoil(text)) for role, text in lines], metadata)
        for rule, lines, metadata in cases
    ]
    return sum(found) / len(found)


def test_a_fifth_of_misheard_characters_costs_less_than_a_quarter_of_the_findings(book, bench):
    cases = [
        (compiled.rule.rule, lines_of(example), example.metadata)
        for compiled in book.of_kind("violation")
        if compiled.hits and compiled.rule.says == "agent"
        for example in compiled.rule.examples.must_hit
        if example.text and not example.then
    ]
    assert len(cases) >= 100
    noise = Homophones(text for _, lines, _ in cases for _, text in lines)
    clean = share(bench, cases, lambda text: text)
    misheard = share(bench, cases, lambda text: noise.mishear(text, 0.2))
    assert misheard > 0.75 * clean, f"{clean:.3f} clean, {misheard:.3f} misheard"
