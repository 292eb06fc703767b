"""How a page says what is unsure: the sound, the words and speaker of a finding, who is who."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.report.showing import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

    Json = Mapping[str, Any]


def has_poor_sound(call: Json) -> bool:
    """Whether a channel of the recording is poor."""
    return any(quality["faults"] for quality in call["quality"])


def has_unsure_roles(call: Json) -> bool:
    """Whether the call was judged with the parties exchanged too."""
    return call["roles"]["if_swapped"] is not None


def quality_lines(call: Json, labels: Labels) -> list[str]:
    """What is known of the sound, a line a channel."""
    several = len(call["quality"]) > 1
    return [
        (f"{_whose(call, quality['channel'], labels)} " if several else "") + _quality(quality, labels)
        for quality in call["quality"]
    ]


def _whose(call: Json, channel: int, labels: Labels) -> str:
    """The party of a channel; the channel's number, from 1, where no party speaks on it."""
    roles = Counter(turn["role"] for turn in call["turns"] if turn["channel"] == channel)
    parties = [role for role, _ in roles.most_common() if role in ("agent", "customer")]
    return labels.of("role", parties[0]) if parties else f"{labels('quality.channel')} {channel + 1}"


def _quality(quality: Json, labels: Labels) -> str:
    parts = [
        f"{labels('quality.snr')} {quality['snr_db']:.0f} dB",
        f"{labels('quality.bandwidth')} {quality['bandwidth_hz']} Hz",
        f"{quality['codec']} {quality['source_rate'] / 1000:g} kHz",
    ]
    if quality["clipped"] >= 0.001:
        parts.insert(2, f"{labels('quality.clipped')} {quality['clipped']:.1%}")
    return " · ".join(parts + ([poor(quality["faults"], labels)] if quality["faults"] else []))


def poor(faults: Sequence[str], labels: Labels) -> str:
    """That a recording is poor, and why."""
    listed = labels("comma").join(labels.of("fault", fault) for fault in faults)
    return f"{labels('quality.poor')}{labels('colon')}{listed}"


def doubts(finding: Json, call: Json, labels: Labels) -> str:
    """How sure a finding's evidence is, in one line; empty where a text leaves no doubt."""
    return " · ".join(_doubts(finding, call, labels))


def _doubts(finding: Json, call: Json, labels: Labels) -> Iterator[str]:
    sure = finding["certainty"]
    if sure and sure["words"] is not None:
        yield f"{labels('certainty.words')} {sure['words']:.2f}"
    if sure and (sure["words"] is not None or sure["speaker"] < 1):
        yield f"{labels('certainty.speaker')} {sure['speaker']:.2f}"
    if sure and sure["overlap"]:
        yield labels("certainty.overlap")
    if sure and sure["faults"]:
        yield poor(sure["faults"], labels)
    if finding["if_swapped"]:
        scope = "call" if has_unsure_roles(call) else "turn"
        yield labels(f"if_swapped.{scope}.{finding['if_swapped']}")


def roles_note(call: Json, showing: Showing) -> list[str]:
    """What a reader must know of a call whose roles are unsure; empty where they are sure."""
    t, other = showing.labels, call["roles"]["if_swapped"]
    if other is None:
        return []
    scores = call["scores"]
    lines = [
        f"{t('roles.unsure')}{t('colon')}{t('roles.confidence')} {call['roles']['confidence']:.2f}",
        f"{t('roles.as_judged')}{t('colon')}{_scores(scores, t)}",
        f"{t('roles.if_swapped')}{t('colon')}{_scores(other, t)}",
    ]
    if other["findings"]:
        counted = Counter(showing.rule(finding["rule"]) for finding in other["findings"])
        named = (title if times == 1 else f"{title} ×{times}" for title, times in counted.items())
        lines.append(f"{t('roles.only_if_swapped')}{t('colon')}{t('comma').join(named)}")
    return lines


def _scores(scores: Json, labels: Labels) -> str:
    sure, confirmed = scores["compliance"], scores["compliance_if_confirmed"]
    waiting = f" ({labels('if_confirmed')} {number(confirmed)})" if confirmed != sure else ""
    effectiveness = f"{labels('effectiveness')} {number(scores['effectiveness'])}"
    return f"{labels('compliance')} {number(sure)}{waiting} · {effectiveness}"
