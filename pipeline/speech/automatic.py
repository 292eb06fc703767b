"""Parts automatic voices from the parties, and says whether anybody was reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.speech.clean import spoken
from pipeline.speech.nonspeech import (
    IVR_ONLY,
    UNREACHED,
    find_prompts,
    reason_from_prompts,
    reason_from_tones,
)
from pipeline.speech.turns import UTTERANCE_PAUSE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.speech.nonspeech import Prompt
    from pipeline.speech.text import Token
    from pipeline.speech.turns import Utterance
    from pipeline.types import Interval

MOST_OF_IT = 0.5
"""Share of a clause that phrases must cover for it to be a machine's."""
LEAD_IN_CHARACTERS = 16
"""A machine's greeting before its first known phrase."""
NEXT_SPEAKER_MS = 700
PARTY_WORDS = ("我是", "我这边", "我叫", "我姓", "工号")
"""A person who announces the recording says a name or a number in the same breath."""
REMARK_CHARACTERS = 8
"""A party that says less than this («喂？喂？») was not in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What people and machines say, each in time order, and the classes of the machines' phrases."""

    people: tuple[Utterance, ...]
    machines: tuple[Utterance, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    tokens: tuple[Token, ...]
    start: int
    end: int
    """Position in the bare text of the turn."""
    kinds: tuple[str, ...] = ()


def part_machines(turns: Sequence[Utterance], prompts: Sequence[tuple[str, str]]) -> Parted:
    """Take automatic voices out of the turns, clause by clause.

    A phrase that says that nobody was reached is a machine's wherever it stands. One that announces
    the recording or leads through a menu is a machine's only before a person has spoken, and not when
    it goes on in the same breath with a person's name or number: a collector who announces the
    recording is no machine.
    """
    people: list[Utterance] = []
    machines: list[Utterance] = []
    kinds: list[str] = []
    for turn in turns:
        clauses = _clauses(turn, find_prompts(spoken(turn.bare), prompts))
        block = _machine_block(clauses, people_spoke=bool(people))
        if block is None:
            people.append(turn)
            continue
        first, last = block
        kinds += [kind for clause in clauses[first:last] for kind in clause.kinds]
        machines.append(_of(turn, clauses[first:last]))
        people += [_of(turn, part) for part in (clauses[:first], clauses[last:]) if part]
    return Parted(people=tuple(people), machines=tuple(machines), kinds=tuple(kinds))


def _of(turn: Utterance, clauses: Sequence[_Clause]) -> Utterance:
    return replace(turn, tokens=tuple(token for clause in clauses for token in clause.tokens))


def _clauses(turn: Utterance, found: Sequence[Prompt]) -> list[_Clause]:
    """Clauses of a turn, cut at marks and pauses, each with the phrases that cover most of it."""
    groups: list[list[Token]] = []
    for token in turn.tokens:
        last = groups[-1][-1] if groups else None
        if last is None or last.mark or token.word.start_ms - last.word.end_ms >= UTTERANCE_PAUSE_MS:
            groups.append([token])
        else:
            groups[-1].append(token)
    clauses: list[_Clause] = []
    at = 0
    for group in groups:
        end = at + sum(len(spoken(token.word.text)) for token in group)
        inside = [(p, max(0, min(p.end, end) - max(p.start, at))) for p in found]
        covered = sum(shared for _, shared in inside)
        is_machine = end > at and covered >= MOST_OF_IT * (end - at)
        kinds = tuple(p.kind for p, shared in inside if shared) if is_machine else ()
        clauses.append(_Clause(tokens=tuple(group), start=at, end=end, kinds=kinds))
        at = end
    return clauses


def _machine_block(clauses: Sequence[_Clause], *, people_spoke: bool) -> tuple[int, int] | None:
    """The clauses that a machine speaks, as a half-open range; ``None`` when a person has the turn."""
    marked = [i for i, clause in enumerate(clauses) if clause.kinds]
    if not marked:
        return None
    first, last = marked[0], marked[-1] + 1
    if not any(kind in UNREACHED for i in marked for kind in clauses[i].kinds):
        before = _text(clauses[:first])
        alone = last == len(clauses) or _pause_before(clauses, last) >= NEXT_SPEAKER_MS
        names = before + _text(clauses[first:last]) + ("" if alone else _text(clauses[last:]))
        if people_spoke or any(word in names for word in PARTY_WORDS):
            return None
    if clauses[first].start <= LEAD_IN_CHARACTERS and not people_spoke:
        first = 0
    return first, last


def _text(clauses: Sequence[_Clause]) -> str:
    return "".join(token.word.text for clause in clauses for token in clause.tokens)


def _pause_before(clauses: Sequence[_Clause], index: int) -> int:
    return clauses[index].tokens[0].word.start_ms - clauses[index - 1].tokens[-1].word.end_ms


def unreachable(parted: Parted, tones: Sequence[Interval]) -> str | None:
    """Why nobody was reached, when that is what was heard.

    Two people who each say more than a remark are a conversation, whatever machines said before; one
    who speaks after a machine said why leaves a message.
    """
    said: dict[str, int] = {}
    for turn in parted.people:
        said[turn.speaker] = said.get(turn.speaker, 0) + len(turn.bare)
    talkers = sum(size >= REMARK_CHARACTERS for size in said.values())
    reason = reason_from_prompts(parted.kinds)
    if reason is not None:
        return reason if talkers <= 1 else None
    if talkers:
        return None
    return IVR_ONLY if parted.machines else reason_from_tones(tones)
