"""When personal spans are heard: from characters of a turn to milliseconds of the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.personal import Kind
from pipeline.privacy.numbers import asks_for_secret
from pipeline.privacy.sound import MARGIN_MS, SoundSpan, merged
from pipeline.privacy.spans import personal_spans
from pipeline.redact import People

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.metadata import CallMetadata
    from pipeline.privacy.spans import PersonalSpan
    from pipeline.types import Turn


_ANSWERS: Final = frozenset(
    {Kind.ID_TAIL, Kind.CARD_TAIL, Kind.CODE, Kind.BIRTHDAY, Kind.ID_CARD, Kind.BANK_CARD}
)
_LONGEST_ANSWER_S: Final = 6.0


def sound_spans(
    call: Mapping[str, Any],
    spans: Sequence[PersonalSpan] | None = None,
    *,
    names: Iterable[str] = (),
    margin_ms: int = MARGIN_MS,
) -> tuple[SoundSpan, ...]:
    """Where in the recording personal data are heard.

    A whole span is covered, the surname too: what text shows of it is a mark, not a voice. Words that cannot
    be placed, and turns without word times, are covered as a whole turn.

    Args:
        call: the JSON of a call in the published form; seconds.
        spans: of that call; found here when left out.
        names: full names that the file holds, where ``spans`` are found here.
        margin_ms: added before and after.

    Returns:
        Stretches in order, apart from each other. Empty for a call without times.
    """
    found = personal_spans(call, names) if spans is None else spans
    turns = {turn["index"]: turn for turn in call["turns"]}
    heard = [place for span in found for place in _places(turns[span.turn], span)]
    return merged([*heard, *_unheard(call["turns"], found)], margin_ms=margin_ms)


def turns_json(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Turns as the JSON of a call has them, as far as privacy asks; for a call that has no JSON yet."""
    return [
        {
            "index": turn.index,
            "role": turn.role.value,
            "text": turn.text,
            "start": None if turn.start_ms is None else turn.start_ms / 1000,
            "end": None if turn.end_ms is None else turn.end_ms / 1000,
            "words": [
                {"text": word.text, "start": word.start_ms / 1000, "end": word.end_ms / 1000}
                for word in turn.words
            ],
        }
        for turn in turns
    ]


def heard_spans(
    turns: Iterable[Turn], metadata: CallMetadata, *, margin_ms: int = MARGIN_MS
) -> tuple[SoundSpan, ...]:
    """Where personal data are heard in a call that was just transcribed."""
    call = {
        "turns": turns_json(turns),
        "metadata": {"lender": metadata.lender, "agency": metadata.agency},
    }
    return sound_spans(call, names=People.of(metadata).names, margin_ms=margin_ms)


def word_places(turn: Mapping[str, Any]) -> Iterator[tuple[int, int] | None]:
    """Where each word of a turn stands in its text, in order; punctuation may stand between.

    ``None`` for a word that is not found.
    """
    position = 0
    for word in turn["words"]:
        at = turn["text"].find(word["text"], position)
        if at < 0:
            yield None
        else:
            position = at + len(word["text"])
            yield at, position


def _places(turn: Mapping[str, Any], span: PersonalSpan) -> Iterator[SoundSpan]:
    if turn["start"] is None or turn["end"] is None:
        return
    whole = SoundSpan(start_ms=_ms(turn["start"]), end_ms=_ms(turn["end"]), kind=span.kind.value)
    times: list[tuple[float, float]] = []
    for word, place in zip(turn["words"], word_places(turn), strict=True):
        if place is None:
            yield whole  # it may be any of the words that are hidden
            return
        if place[0] < span.end and span.start < place[1]:
            times.append((word["start"], word["end"]))
    if not times:
        yield whole
        return
    # One stretch from the first to the last: a pause within a number may hold a digit that was not heard.
    yield SoundSpan(
        start_ms=_ms(min(start for start, _ in times)),
        end_ms=_ms(max(end for _, end in times)),
        kind=span.kind.value,
    )


def _unheard(turns: Sequence[Mapping[str, Any]], spans: Sequence[PersonalSpan]) -> Iterator[SoundSpan]:
    """The pause after a question for digits or a birthday, where nothing was heard that answers it.

    A recogniser loses short answers; the voice is on the recording all the same.
    """
    answered = {span.turn for span in spans if span.kind in _ANSWERS}
    for at, turn in enumerate(turns[:-1]):
        after = turns[at + 1]
        if turn["end"] is None or after["start"] is None or not turn["words"]:
            continue
        if asks_for_secret(turn["text"]) and not answered & {t["index"] for t in turns[at : at + 3]}:
            end = min(after["start"], turn["end"] + _LONGEST_ANSWER_S)
            if end > turn["end"]:
                yield SoundSpan(start_ms=_ms(turn["end"]), end_ms=_ms(end), kind=Kind.CODE.value)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
