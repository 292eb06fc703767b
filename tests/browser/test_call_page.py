"""The call page in a browser: sound, words and findings go together."""

from __future__ import annotations

import pytest

from tests.browser.call_pages import now, paused, ready, settled, slowly, spoken, until
from tests.browser.pages import scrolls_sideways


def test_the_recording_plays_and_the_page_goes_with_it(page, written):
    p = slowly(ready(page(written())))
    p.evaluate("document.querySelector('audio').currentTime = 0.5")
    settled(p, 0.5)
    p.click("#play")
    until(p, "document.querySelector('audio').currentTime > 0.52")
    assert p.get_attribute("#play", "aria-label") == "暂停"
    assert p.get_attribute("#t0", "aria-current") == "true"
    assert p.evaluate("parseFloat(document.querySelector('.playhead').style.left)") > 2
    assert p.text_content("#whole") == "0:23"
    p.click("#play")
    p.wait_for_selector("#play[aria-label='播放']")
    assert paused(p)


def test_words_light_up_when_they_are_said(page, written):
    p = ready(page(written(mask=False)))
    for seconds, word in ((0.5, "您"), (5.7, "是"), (22.5 - 0.3, "的")):
        p.evaluate("(at) => { document.querySelector('audio').currentTime = at; }", seconds)
        p.wait_for_function(
            "(word) => document.querySelector('.bubble .now')?.textContent === word", arg=word
        )
    p.evaluate("document.querySelector('audio').currentTime = 5.4")  # between two turns
    until(p, "!document.querySelector('.bubble .now')")


def test_every_word_lights_up_at_its_own_place(page, written):
    """Read along the whole call: what lights up is what is said, also under the marks of findings."""
    call = spoken()
    p = ready(page(written(call, mask=False)))
    for turn in call["turns"]:
        for word in turn["words"][::4]:
            at = (word["start"] + word["end"]) / 2
            shown = p.evaluate(
                """(at) => new Promise((done) => {
                  const audio = document.querySelector('audio');
                  const lit = () => [...document.querySelectorAll('.bubble .now')].map((s) => s.textContent);
                  const tell = () => setTimeout(() => done(lit().join('')), 0);
                  audio.addEventListener('seeked', tell, { once: true });
                  audio.currentTime = at; })""",
                at,
            )
            assert word["text"] in shown
    texts = p.locator(".bubble").all_text_contents()
    assert texts == [turn["text"] for turn in call["turns"]]  # wrapping words changes no text


def test_a_page_that_is_not_masked_says_so(page, written):
    assert page(written(mask=False)).get_by_text("未脱敏").is_visible()
    assert page(written()).get_by_text("未脱敏").count() == 0


def test_masked_words_light_up_masked(page, written):
    p = ready(page(written()))
    assert "志远" not in p.content()
    p.evaluate("document.querySelector('audio').currentTime = 0.4 + 4.7 * 9.5 / 25")
    until(p, "document.querySelector('.bubble .now')?.textContent === '＊'")


@pytest.mark.parametrize("where", [".list a[data-go=f0]", "mark[data-f='f0 f1']", ".flag[data-go=f0]"])
def test_a_finding_leads_to_its_sound_and_its_note(page, written, where):
    p = slowly(ready(page(written())))
    p.locator(where).first.click()
    until(p, "document.querySelector('audio').currentTime >= 7.2")
    assert now(p) < 9
    assert not paused(p)
    p.wait_for_function(
        """() => { const box = document.getElementById('f0').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight; }"""
    )


def test_a_clip_is_the_words_with_ten_seconds_around_and_stops(page, written):
    call = spoken()
    call["findings"][0] |= {"start": 10.5, "end": 11.0}
    p = slowly(ready(page(written(call))))
    p.locator("#f0 .listen").click()
    until(p, "document.querySelector('audio').currentTime >= 0.5")
    assert now(p) < 2
    assert p.text_content("#playing") == "正在播放原话及前后10秒 0:00–0:21"
    left, width = p.evaluate(
        "['left', 'width'].map((s) => parseFloat(document.querySelector('.stretch').style[s]))"
    )
    assert (left, left + width) == (
        pytest.approx(100 * 0.5 / 23, abs=0.1),
        pytest.approx(100 * 21 / 23, abs=0.1),
    )
    p.evaluate("document.querySelector('audio').currentTime = 20.95")
    until(p, "document.querySelector('audio').paused")
    assert 21.0 <= now(p) < 22.0
    assert p.locator(".stretch").is_hidden()
    p.evaluate("document.querySelector('audio').playbackRate = 1")
    p.click("#play")  # and goes on when it is asked to
    until(p, "document.querySelector('audio').currentTime > 21.6")


def test_a_word_and_a_place_of_the_waveform_can_be_clicked(page, written):
    p = slowly(ready(page(written())))
    p.locator("#t4 .bubble").click(position={"x": 30, "y": 18})
    until(p, "document.querySelector('audio').currentTime >= 17.2")
    lane = p.locator(".track svg.agent")
    lane.click(position={"x": lane.bounding_box()["width"] * 6 / 23, "y": 5})
    until(p, "document.querySelector('audio').currentTime < 7")
    assert now(p) >= 5.9
    assert p.get_attribute("#t1", "aria-current") == "true"


def test_keys(page, written):
    p = slowly(ready(page(written())))
    p.keyboard.press("Space")
    until(p, "!document.querySelector('audio').paused")
    p.keyboard.press("Space")
    until(p, "document.querySelector('audio').paused")
    at = now(p)
    p.keyboard.press("ArrowRight")
    settled(p, at + 5)
    p.keyboard.press("ArrowLeft")
    settled(p, at)
    p.keyboard.press("n")
    settled(p, 7.2)
    assert p.locator(".finding.chosen").get_attribute("id") == "f0"
    p.keyboard.press("n")
    assert p.locator(".finding.chosen").get_attribute("id") == "f1"
    p.keyboard.press("p")
    assert p.locator(".finding.chosen").get_attribute("id") == "f0"
    p.keyboard.press("j")
    settled(p, 13.9)
    p.keyboard.press("k")
    settled(p, 7.2)
    p.keyboard.press("e")
    until(p, "!document.querySelector('audio').paused")
    p.keyboard.press(">")
    assert p.evaluate("document.querySelector('audio').playbackRate") == 1.25
    p.keyboard.press("+")
    until(p, "document.getElementById('zoom').textContent === '2×'")


def test_keys_leave_buttons_alone_and_can_be_switched_off(page, written):
    p = ready(page(written()))
    p.focus("[data-skip='5']")
    p.keyboard.press("Space")
    settled(p, 5)
    assert paused(p)
    p.locator(".keys-help summary").click()
    p.uncheck("#keys")
    p.locator("h1").click()
    p.keyboard.press("Space")
    p.keyboard.press("n")
    assert paused(p)
    assert p.locator(".finding.chosen").count() == 0


def test_everything_can_be_reached_by_tab(page, written):
    p = ready(page(written()))
    reached = set()
    for _ in range(60):
        p.keyboard.press("Tab")
        reached.add(
            p.evaluate(
                "(() => { const e = document.activeElement; return e.id || e.className || e.tagName; })()"
            )
        )
    assert {"play", "place", "speed", "follow", "flag major violation", "window", "listen", "rule"} <= reached


def test_speed_and_following(page, written):
    p = ready(page(written(), viewport={"width": 900, "height": 420}))
    p.select_option("#speed", "2")
    assert p.evaluate("document.querySelector('audio').playbackRate") == 2
    slowly(p)
    p.evaluate("document.querySelector('audio').currentTime = 17.15")
    p.click("#play")
    p.wait_for_function(
        """() => { const box = document.querySelector('#t4 .bubble').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight; }"""
    )
    p.mouse.wheel(0, -3000)
    until(p, "document.getElementById('follow').getAttribute('aria-pressed') === 'false'")
    p.click("#follow")
    assert p.get_attribute("#follow", "aria-pressed") == "true"


def test_another_page_can_point_at_a_finding(page, written):
    p = page(written(), query="#f1")
    assert p.locator(".finding.chosen").get_attribute("id") == "f1"
    until(p, "document.getElementById('f1').getBoundingClientRect().top < innerHeight")


def test_the_waveform_is_drawn_and_grows_when_zoomed(page, written):
    p = ready(page(written()))
    drawn = p.evaluate("[...document.querySelectorAll('.wave')].map((w) => w.getAttribute('d').length)")
    assert len(drawn) == 2
    assert all(length > 400 for length in drawn)
    # The agent is silent while the customer answers, the customer is not.
    heights = p.evaluate(
        """['agent', 'customer'].map((lane) => {
          const path = document.querySelector(`.${lane} .wave`).getAttribute('d').slice(1).split('L');
          return Math.max(...path.map((at) => at.split(' ').map(Number))
            .filter(([x]) => x > 1000 * 5.7 / 23 && x < 1000 * 6.8 / 23)
            .map(([, y]) => Math.abs(y - 24))); })"""
    )
    assert heights[0] < 1 < 10 < heights[1]
    before = p.locator(".flag").first.bounding_box()["x"]
    p.click("[data-zoom='2']")
    assert p.evaluate(
        "document.querySelector('.track').clientWidth > 1.9 * document.querySelector('.window').clientWidth"
    )
    assert p.locator(".flag").first.bounding_box()["x"] != before
    p.click("#zoom")
    assert p.locator(".flag").first.bounding_box()["x"] == pytest.approx(before, abs=1)
    box = p.locator(".window").bounding_box()
    p.mouse.move(box["x"] + 200, box["y"] + 20)
    p.keyboard.down("Control")
    p.mouse.wheel(0, -400)
    p.keyboard.up("Control")
    until(p, "document.getElementById('zoom').textContent !== '1×'")
    assert not scrolls_sideways(p)
