"""The one place that says which stretches of a call are personal.

Pages, tables, exports, audit packs and sound all ask :func:`personal_spans`, so that what is hidden in one is
hidden in all. Spans are typed, and those of one person or number share an identity within the call: a number
that is said again in part, a surname that stands for the full name said before.

Not personal: amounts and dates that are no birthday, what the agent's job is called by (``工号``), the lender
and the agency, hotlines, courts and other public offices, towns.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.personal import Kind
from pipeline.privacy.names import names_said
from pipeline.privacy.numbers import numbers_in
from pipeline.privacy.places import places_said
from pipeline.types import Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalSpan:
    """A stretch of a turn that is personal.

    Attributes:
        turn: the turn's index in the call.
        start: code-point offset of the first character in the turn's text.
        end: offset after the last character.
        kind: what it is.
        identity: whose or which, within this call: ``name-1``, ``mobile-2``; numbered as first said.
        kept: characters at the start that masks show: a surname, the province of a plate.
    """

    turn: int
    start: int
    end: int
    kind: Kind
    identity: str
    kept: int = 0


_VAGUE = frozenset({Kind.CODE, Kind.ACCOUNT})
"""Said of digits only where nothing better is known of them."""


@dataclass(frozen=True, slots=True)
class _Found:
    at: int
    start: int
    end: int
    kind: Kind
    key: str = field(repr=False)
    kept: int = 0


def personal_spans(call: Mapping[str, Any], names: Iterable[str] = ()) -> tuple[PersonalSpan, ...]:
    """What is personal in a call.

    Args:
        call: the JSON of a call in the published form (``turns`` and ``metadata``).
        names: full names that the file holds, see :attr:`pipeline.redact.People.names`.

    Returns:
        Spans in order of turn and position, not overlapping.
    """
    metadata = call.get("metadata") or {}
    firms = [str(metadata[f]) for f in ("lender", "agency") if metadata.get(f)]
    turns = [
        Turn(index=turn["index"], role=Role(turn["role"]), role_confidence=0.0, text=turn["text"])
        for turn in call["turns"]
    ]
    heard = any(turn.get("words") for turn in call["turns"])
    return spans_of(turns, names=names, firms=firms, heard=heard)


def spans_of(
    turns: Sequence[Turn], *, names: Iterable[str] = (), firms: Iterable[str] = (), heard: bool = False
) -> tuple[PersonalSpan, ...]:
    """What is personal in some turns.

    Args:
        turns: in order of time.
        names: full names that the file holds.
        firms: the lender and the agency, which are no secret.
        heard: whether a recogniser wrote the text, so that names and digits may be written as what they
            sound like.
    """
    return _spans_of(tuple(turns), tuple(names), tuple(firms), heard)


@lru_cache(maxsize=8)
def _spans_of(
    turns: tuple[Turn, ...], names: tuple[str, ...], firms: tuple[str, ...], heard: bool
) -> tuple[PersonalSpan, ...]:
    # The last few are kept: sound, tables, pages and dashboard ask about the same call one after the other.
    found = [
        *(
            _Found(n.turn, n.start, n.end, n.kind, n.value, 1 if n.kind is Kind.PLATE else 0)
            for n in numbers_in(turns, heard=heard)
        ),
        *(
            _Found(s.turn, s.start, s.end, Kind.NAME, s.name, s.kept)
            for s in names_said(turns, names, heard=heard)
        ),
        *(_Found(p.turn, p.start, p.end, p.kind, p.name) for p in places_said(turns, firms)),
    ]
    identities = _identities(found)
    return tuple(
        PersonalSpan(
            turn=turns[one.at].index,
            start=one.start,
            end=one.end,
            kind=one.kind,
            identity=identities[_family(one.kind), one.key],
            kept=one.kept,
        )
        for one in _apart(found)
    )


def _apart(found: Iterable[_Found]) -> list[_Found]:
    """Without overlaps: they are joined under the kind of the longest, so that nothing of them shows."""
    kept: list[_Found] = []
    # The longer of two that begin together gives the kind; of the same stretch, the one that shows more of it
    # is the one that knew whose surname it is.
    for one in sorted(
        set(found), key=lambda f: (f.at, f.start, -f.end, -f.kept, f.kind in _VAGUE, f.kind, f.key)
    ):
        last = kept[-1] if kept else None
        if last is None or one.at != last.at or one.start >= last.end:
            kept.append(one)
        elif one.end > last.end:
            chief = last if last.end - last.start >= one.end - one.start else one
            kept[-1] = _Found(
                one.at,
                last.start,
                one.end,
                chief.kind,
                chief.key,
                last.kept if last.kind is chief.kind else 0,
            )
    return kept


def _family(kind: Kind) -> str:
    return kind.value


def _identities(found: Iterable[_Found]) -> dict[tuple[str, str], str]:
    """A number for each person or thing of a kind, as first said; one key within another is the same."""
    in_order = sorted(found, key=lambda f: (f.at, f.start, f.end, f.kind, f.key))
    known: dict[str, list[str]] = defaultdict(list)
    given: dict[tuple[str, str], str] = {}
    for one in in_order:
        family = _family(one.kind)
        if (family, one.key) in given:
            continue
        same = next(
            (key for key in known[family] if len(one.key) > 1 and (one.key in key or key in one.key)), None
        )
        if same is None:
            known[family].append(one.key)
            given[family, one.key] = f"{family}-{len(known[family])}"
        else:
            given[family, one.key] = given[family, same]
    return given
