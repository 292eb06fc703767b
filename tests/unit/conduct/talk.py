"""Small calls for the tests: turns by who, when and what."""

from __future__ import annotations

from hypothesis import strategies as st

from pipeline.types import Role, Tone, ToneFrame, Transcript, Turn, Word

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER, "s": Role.SYSTEM, "u": Role.UNKNOWN}


def turn(index, who, text, start=None, end=None, *, words=(), channel=None):
    """A turn; ``words`` are (text, start, end)."""
    return Turn(
        index=index,
        role=ROLES[who],
        role_confidence=1.0,
        text=text,
        start_ms=start,
        end_ms=end,
        words=tuple(Word(text=t, start_ms=s, end_ms=e, probability=1.0) for t, s, e in words),
        channel=channel,
    )


def call(*rows):
    """A transcript of (who, text[, start, end]) rows."""
    return Transcript(turns=tuple(turn(i, *row) for i, row in enumerate(rows)))


def frames(*tones):
    """One frame a turn, sure of its tone."""
    return tuple(
        ToneFrame(turn=i, tone=Tone(tone), probabilities={Tone(tone): 1.0}) for i, tone in enumerate(tones)
    )


TEXTS = ("您好请问是本人吗？", "嗯。", "对对。", "我月底先还一部分", "大约哪天能处理？", "好的知道了", "。")


@st.composite
def timed_calls(draw):
    """Calls whose turns have times: pauses, overlaps, back-channels, machines, words or none."""
    rows, at = [], draw(st.integers(0, 5000))
    for index in range(draw(st.integers(1, 12))):
        start = max(0, at + draw(st.integers(-2500, 6000)))
        end = start + draw(st.integers(0, 9000))
        text = draw(st.sampled_from(TEXTS))
        who = draw(st.sampled_from("aacccsu"))
        words = ()
        if draw(st.booleans()) and end - start > 20:
            half = (start + end) // 2
            words = ((text[:1], start, half - 5), (text[1:], half + draw(st.integers(0, 5)), end))
        rows.append(turn(index, who, text, start, end, words=words, channel=0 if who == "a" else 1))
        at = end
    return Transcript(turns=tuple(rows))


@st.composite
def toned(draw, transcript):
    """A frame for every turn."""
    return tuple(ToneFrame(turn=t.index, tone=draw(st.sampled_from(list(Tone)))) for t in transcript.turns)
