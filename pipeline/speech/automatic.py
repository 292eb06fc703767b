"""Parts automatic voices from the parties, and says whether anybody was reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.speech.clean import spoken
from pipeline.speech.nonspeech import (
    IVR_ONLY,
    NO_ANSWER,
    UNREACHED,
    find_prompts,
    reason_from_prompts,
    reason_from_tones,
)
from pipeline.speech.text import ENDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.speech.nonspeech import Prompt
    from pipeline.speech.text import Token
    from pipeline.speech.turns import Utterance
    from pipeline.types import Interval

MOST_OF_IT = 0.5
PARTY_WORDS = ("我是", "我这边", "我叫", "我姓", "工号")
"""A person who announces the recording says their name or number in the same breath."""
REMARK_CHARACTERS = 8
"""A party that says less than this («喂？喂？») was not in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Turns of people and of machines, in time order, and what the machines' phrases are."""

    people: tuple[Utterance, ...]
    machines: tuple[Utterance, ...]
    kinds: tuple[str, ...]


def part_machines(turns: Sequence[Utterance], prompts: Sequence[tuple[str, str]]) -> Parted:
    """Take automatic voices out of the turns.

    A phrase that says that nobody was reached is a machine's wherever it stands. One that announces
    the recording or leads through a menu is, unless a person has spoken before: a collector who
    announces the recording is not a machine.
    """
    people: list[Utterance] = []
    machines: list[Utterance] = []
    kinds: list[str] = []
    for turn in turns:
        found = find_prompts(spoken(turn.bare), prompts)
        sure = tuple(prompt for prompt in found if prompt.kind in UNREACHED)
        if not sure:
            covered = sum(prompt.end - prompt.start for prompt in found)
            is_machine = not people and covered >= MOST_OF_IT * len(turn.bare) and not _is_person(turn)
            (machines if is_machine else people).append(turn)
            kinds += [prompt.kind for prompt in found] if is_machine else []
            continue
        kinds += [prompt.kind for prompt in found]
        before, machine, after = _split(turn, found)
        people += [_with(turn, tokens) for tokens in (before, after) if tokens]
        machines.append(_with(turn, machine))
    return Parted(people=tuple(people), machines=tuple(machines), kinds=tuple(kinds))


def _is_person(turn: Utterance) -> bool:
    return any(word in turn.bare for word in PARTY_WORDS)


def _with(turn: Utterance, tokens: Sequence[Token]) -> Utterance:
    return replace(turn, tokens=tuple(tokens))


def _split(
    turn: Utterance, found: Sequence[Prompt]
) -> tuple[tuple[Token, ...], tuple[Token, ...], tuple[Token, ...]]:
    """Tokens before, of and after the machine's phrases, cut at the ends of sentences."""
    first, last = found[0].start, found[-1].end
    ends, at = [], 0
    for token in turn.tokens:
        at += len(spoken(token.word.text))
        ends.append(at)
    begin = next(i for i, end in enumerate(ends) if end > first)
    stop = next((i + 1 for i, end in enumerate(ends) if end >= last), len(ends))
    while begin > 0 and turn.tokens[begin - 1].mark not in ENDING:
        begin -= 1
    while stop < len(ends) and turn.tokens[stop - 1].mark not in ENDING:
        stop += 1
    return turn.tokens[:begin], turn.tokens[begin:stop], turn.tokens[stop:]


def unreachable(heard: Parted, tones: Sequence[Interval]) -> str | None:
    """Why nobody was reached, when that is what was heard.

    Two people who each say more than a remark are a conversation, whatever machines said before; one
    who speaks after a machine said why leaves a message.
    """
    said: dict[str, int] = {}
    for turn in heard.people:
        said[turn.speaker] = said.get(turn.speaker, 0) + len(turn.bare)
    talkers = sum(size >= REMARK_CHARACTERS for size in said.values())
    reason = reason_from_prompts(heard.kinds)
    if reason is not None:
        return reason if talkers <= 1 else None
    if talkers:
        return None
    if heard.machines:
        return IVR_ONLY
    return reason_from_tones(tones)


__all__ = ["NO_ANSWER", "Parted", "part_machines", "unreachable"]
