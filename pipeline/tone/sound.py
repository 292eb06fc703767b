"""What the sound of a turn says of its tone, and how that joins what its words say.

Sound tells one thing with some certainty: how *activated* a voice is. Loudness, pitch, vocal effort and pace
rise together in anger and fall together in sadness, in Mandarin as elsewhere; which of the raised tones it
is, the words must tell. So the measured values become one number, the activation, in standard deviations of
the same speaker's ordinary talk, and that the likelihood of three ways of speaking: calm, raised, subdued.
Each tone is spoken in each of the three ways with some probability; what the voice says for a tone against
``neutral`` is the ratio of the two mixtures. A calm voice says nothing: threats are often spoken calmly.

Directions: P. Juslin & P. Laukka, "Communication of emotions in vocal expression and music performance",
Psychological Bulletin 129, 2003 (anger: loud, high, fast, bright; sadness: soft, low, slow, dull); for
Mandarin J. Yuan, L. Shen & F. Chen, ICSLP 2002, and T. Wang, Y.-C. Lee & Q. Ma, Speech Prosody 2016 (pitch
varies less with emotion than in English, since tones need it, and pace more): so the spread of the pitch is
reported and not counted. The spreads are measured; the ways of speaking and the table are set by hand
(docs/tone.md).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.types import Abstention, SoundFault, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.types import Prosody

LIMIT: Final = math.log(20.0)
"""The most that sound can shift the odds of two tones that are not neutral: words that hold one to be more
than twenty times as likely as any other are never overruled."""
NEUTRAL_LIMIT: Final = math.log(60.0)
"""The same against ``neutral``: in neutral words nothing was found, and anger often uses them."""
_WEIGHT: Final = 1.4
"""Of the sound beside the words: their classifiers learned tones that were given to texts alone, and so take
words to say more than they do where there is a voice. By the figures of tests/benchmarks/emotion.py."""

_SPREADS: Final = {"loudness_db": 1.5, "pitch_semitones": 0.9, "brightness_db": 1.5, "rate": 0.15}
"""Standard deviation of a long turn of ordinary talk about the speaker's own; of the rate, in octaves."""
_WEIGHTS: Final = {"loudness_db": 1.0, "pitch_semitones": 1.0, "brightness_db": 0.5, "rate": 1.0}
_CORRELATION: Final = 0.2
"""Between any two of them in ordinary talk."""
_SHORT_MS: Final = 1_000
"""A turn with so little voice varies twice as much (in variance) as a long one; so does a short baseline."""

_WAYS: Final = ((0.0, 0.8), (2.4, 1.3), (-2.3, 1.0))
"""Mean and standard deviation of the activation: calm, raised, subdued."""
_SPOKEN: Final = {
    Tone.WARM: (0.93, 0.03, 0.04),
    Tone.NEUTRAL: (0.945, 0.015, 0.04),
    Tone.PRESSING: (0.78, 0.20, 0.02),
    Tone.HOSTILE: (0.62, 0.37, 0.01),
    Tone.DISTRESSED: (0.64, 0.12, 0.24),
}
"""How often a tone is spoken in each of the three ways."""
_FARTHEST: Final = 6.0
"""Beyond, one way of speaking is as good as certain."""


def abstains(prosody: Prosody | None, faults: Iterable[SoundFault] = ()) -> Abstention | None:
    """Why the sound says nothing; ``None`` where it speaks, and for text, which has none.

    Args:
        prosody: what was measured.
        faults: what is poor about the channel.
    """
    if prosody is None:
        return None
    faults = frozenset(faults)
    if SoundFault.CLIPPED in faults:
        return Abstention.CLIPPED
    if SoundFault.NOISY in faults:
        return Abstention.NOISY
    return prosody.abstains


def activation(prosody: Prosody) -> float | None:
    """How raised (positive) or subdued (negative) a voice is, 0 ± 1 in ordinary talk; ``None`` if unknown."""
    values = {
        "loudness_db": prosody.loudness_db,
        "pitch_semitones": prosody.pitch_semitones,
        "brightness_db": prosody.brightness_db,
        "rate": math.log2(prosody.rate_ratio) if prosody.rate_ratio else None,
    }
    known = {name: value for name, value in values.items() if value is not None}
    if prosody.abstains is not None or len(known) < 2:
        return None
    weights = [_WEIGHTS[name] for name in known]
    squares = sum(weight**2 for weight in weights)
    variance = squares + _CORRELATION * (sum(weights) ** 2 - squares)
    # A value is a difference of two estimates, each the rougher the less voice there is behind it.
    variance *= 1.0 + _SHORT_MS / max(prosody.voiced_ms, 1) + _SHORT_MS / max(prosody.baseline_ms, 1)
    total = sum(_WEIGHTS[name] * value / _SPREADS[name] for name, value in known.items())
    return round(total / math.sqrt(variance), 2)


def tone_log_odds(activation: float) -> dict[Tone, float]:
    """What a voice says for each tone against ``neutral``, as natural log odds.

    An ordinary voice, of activation 0, says nothing: every tone is spoken calmly more often than not, and how
    often the words are said in it is the words' business. No tone differs by more than :data:`NEUTRAL_LIMIT`
    from ``neutral``, and no other two by more than :data:`LIMIT`.
    """
    at = min(max(activation, -_FARTHEST), _FARTHEST)
    says = {tone: _WEIGHT * (_said(tone, at) - _said(tone, 0.0)) for tone in Tone}
    neutral = says.pop(Tone.NEUTRAL)
    odds = {tone: min(max(value - neutral, -NEUTRAL_LIMIT), NEUTRAL_LIMIT) for tone, value in says.items()}
    least = max(odds.values()) - LIMIT
    return {tone: max(odds[tone], least) if tone in odds else 0.0 for tone in Tone}


def _said(tone: Tone, activation: float) -> float:
    """Log likelihood of an activation in a tone, but for a constant."""
    ways = [math.exp(-0.5 * ((activation - mean) / spread) ** 2) / spread for mean, spread in _WAYS]
    return math.log(sum(share * way for share, way in zip(_SPOKEN[tone], ways, strict=True)))


def fuse(words: Mapping[Tone, float], sound: Mapping[Tone, float]) -> dict[Tone, float]:
    """Probabilities of the tones from words and sound, taken as independent given the tone.

    Args:
        words: probabilities by the words alone; what is missing is 0.
        sound: log odds by the sound alone, as :func:`tone_log_odds` gives them.

    Returns:
        Probabilities that sum to 1; ``words`` where they hold nothing for possible.
    """
    joint = {tone: words.get(tone, 0.0) * math.exp(sound.get(tone, 0.0)) for tone in Tone}
    total = sum(joint.values())
    return {tone: value / total for tone, value in joint.items()} if total else dict(words)
