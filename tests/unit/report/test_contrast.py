"""Every colour of text stands out from what it may stand on (WCAG 2.2, 1.4.3: 4.5 to 1), light and dark."""

from __future__ import annotations

import re

import pytest

from pipeline.report.labels import TEMPLATES

AA = 4.5
GROUNDS = ("card", "paper")
BUBBLES = ("agent", "customer")
MARKED = ("critical-bg", "major-bg", "minor-bg", "undecided-bg")
INVERSE = ("card", "paper")
"""Text on a dark button or tip."""

STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
SHEETS = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.css"))}
DAY, NIGHT = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
)
SCHEMES = {"light": DAY, "dark": DAY | NIGHT}


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def pairs():
    """Colour of text and of its ground: of rules that name both, and of every text on the page's grounds."""
    named, alone = set(), set()
    for sheet in SHEETS.values():
        for body in re.findall(r"\{([^{}]*)\}", sheet):
            text = re.search(r"(?<![\w-])color: var\(--([\w-]+)\)", body)
            ground = re.search(r"background: var\(--([\w-]+)\)", body)
            if text and ground:
                named.add((text[1], ground[1]))
            elif text:
                alone.add(text[1])
    on_page = {(text, ground) for text in alone - set(INVERSE) | {"ink"} for ground in GROUNDS}
    spoken = {("ink", ground) for ground in (*BUBBLES, *MARKED)} | {
        ("soft", "major-bg"),
        ("soft", "critical-bg"),
    }
    return sorted(
        named | on_page | spoken | {(text, ground) for text in INVERSE for ground in ("ink", "accent")}
    )


def test_contrast_is_measured_rightly():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out(scheme):
    colours = SCHEMES[scheme]
    weak = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for text, ground in pairs()
        if contrast(colours[text], colours[ground]) < AA
    }
    assert weak == {}
    assert len(pairs()) > 25


@pytest.mark.parametrize("scheme", SCHEMES)
def test_waves_flags_and_tones_can_be_told_from_their_ground(scheme):
    """Graphics: 3 to 1 (1.4.11)."""
    colours = SCHEMES[scheme]
    shown = ("accent", "soft", "faint", "critical", "major", "minor", "undecided", "good", "critical-fill")
    weak = {name for name in shown if contrast(colours[name], colours["paper"]) < 3}
    assert weak == set()
