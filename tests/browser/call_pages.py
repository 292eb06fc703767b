"""Calls and their pages for the tests of the call page."""

from __future__ import annotations

import copy

import pytest

from pipeline.privacy.hearing import sound_spans
from pipeline.redact import People
from pipeline.report.call_json import to_json
from pipeline.report.labels import Labels
from pipeline.report.pages import Pages
from pipeline.report.playable import cover_playable
from pipeline.report.showing import Showing
from tests.browser.results import write_sound
from tests.golden.sample import ENGLISH, NORMS, RULE_TITLES, report

PEOPLE = People(customer_name="欧阳志远", agent_name="周敏", customer_id="C00012345")
MARKS = "\ue000call.play\ue001\ue002"
ATTACK = f"</script><script>document.title='x'</script><img src=x onerror=alert(2)>{MARKS}\"'&😀"


def spoken(**changes):
    """The sample call with a word a character: evenly over the turn, a tenth of a second for a mark."""
    call = copy.deepcopy(to_json(report())) | changes
    for turn in call["turns"]:
        step = (turn["end"] - turn["start"]) / len(turn["text"])
        turn["words"] = [
            {
                "text": one,
                "start": round(turn["start"] + i * step, 3),
                "end": round(turn["start"] + (i + 1) * step, 3),
                "probability": 0.9,
            }
            for i, one in enumerate(turn["text"])
            if one not in "，。？"
        ]
    return call


def untimed():
    call = copy.deepcopy(to_json(report()))
    for part in (*call["turns"], *call["findings"]):
        part["start"] = part["end"] = None
    return call


@pytest.fixture
def written(tmp_path):
    """Writes the page of a call into a results folder of its own; its path."""

    def write(call=None, *, sound=True, mask=True, covered=False, rule_titles=RULE_TITLES):
        folder = tmp_path / "results"
        (folder / "audio").mkdir(parents=True, exist_ok=True)
        audio = {"golden-1": "audio/golden-1.wav"} if sound else {}
        if sound:
            write_sound(folder / "audio" / "golden-1.wav")
        if covered:
            spans = sound_spans(call or spoken(), names=PEOPLE.names)
            cover_playable(folder / "audio" / "golden-1.wav", spans)
        people = {"golden-1": PEOPLE}
        showing = Showing(
            labels=Labels("zh"),
            norms=NORMS,
            rule_titles=rule_titles,
            mask=mask,
            people=people,
            english=ENGLISH,
        )
        Pages(showing, folder, audio=audio, only=None).add(call or spoken())
        return folder / "pages" / "golden-1.html"

    return write


def until(page, expression):
    """Wait for an expression of the page; as a function, since the page lets no text be evaluated."""
    page.wait_for_function(f"() => {expression}")


def now(page):
    return page.evaluate("document.querySelector('audio').currentTime")


def paused(page):
    return page.evaluate("document.querySelector('audio').paused")


def ready(page):
    """Sound that can be played and sought."""
    until(page, "document.querySelector('audio').readyState >= 2")
    return page


def slowly(page):
    """Sound that plays as slowly as Chromium can: where it is now it still is after some seconds.

    The test or the browser may be stopped at any moment, and sound goes on.
    """
    page.evaluate("document.querySelector('audio').playbackRate = 0.0625")
    return page


def settled(page, seconds):
    """Wait for sound that does not play to be at a place."""
    page.wait_for_function(
        "(wanted) => Math.abs(document.querySelector('audio').currentTime - wanted) < 0.4", arg=seconds
    )


def lit(page):
    return "".join(page.locator(".bubble .now").all_text_contents())
