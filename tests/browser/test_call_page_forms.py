"""The call page in every form: languages, phone, print, and calls of all kinds."""

from __future__ import annotations

import copy

import pytest

from tests.browser.call_pages import ATTACK, ready, slowly, spoken, until, untimed
from tests.browser.pages import contrast, scrolls_sideways


def test_the_other_language_is_a_click_away(page, written):
    p = slowly(ready(page(written())))
    said = p.locator(".bubble").all_text_contents()
    p.click("#language")
    assert p.evaluate("document.documentElement.lang") == "en"
    assert p.locator("#f0 .listen").inner_text().startswith("Hear the words ±10 s")
    for words in ("Time line", "Why this score", "Promise to pay", "Confidence"):
        assert p.get_by_text(words).first.is_visible(), words
    assert p.get_attribute("#play", "aria-label") == "Play"
    p.click("#play")
    p.wait_for_selector("#play[aria-label='Pause']")
    assert p.locator(".bubble").all_text_contents() == said
    assert p.get_attribute("mark[data-f='f0']", "title") == "Private phone or messaging app · Violation"
    assert p.locator("#f0 .reason").inner_text().strip() == (
        "The agent asks the customer to use the agent's private number."
    )
    assert p.title() == "golden-1 · Call report"
    assert p.locator(".track svg.agent title").first.text_content() == "0:00 Agent"
    p.locator("#f0 .listen").click()
    assert "Playing the words" in p.text_content("#playing")
    p.click("#language")
    assert "正在播放" in p.text_content("#playing")
    assert p.get_attribute("#play", "aria-label") == "暂停"


@pytest.mark.parametrize("phone", [False, True])
def test_the_language_is_chosen_in_the_head_of_the_page(page, written, phone):
    p = page(written(), phone=phone)
    button, title = p.locator("#language").bounding_box(), p.locator("h1").bounding_box()
    assert button["y"] + button["height"] <= title["y"]
    assert button["x"] + button["width"] > 0.8 * p.viewport_size["width"]
    assert p.get_attribute("#language", "lang") == "en"
    p.focus("#language")
    p.keyboard.press("Enter")
    assert p.evaluate("document.documentElement.lang") == "en"
    assert p.get_attribute("#language", "lang") == "zh-CN"


def test_covered_sound_is_hatched_on_the_waveform(page, written):
    path = written(covered=True)
    p = ready(page(path))
    stretches = p.locator(".track .covered")
    assert stretches.count() > 0
    lane, box = p.locator("svg.agent").bounding_box(), stretches.first.bounding_box()
    assert box["y"] == pytest.approx(lane["y"], abs=1)
    below = p.locator("svg.customer").bounding_box()
    assert box["y"] + box["height"] == pytest.approx(below["y"] + below["height"], abs=1)
    assert box["width"] >= 3
    assert p.locator(".legend", has_text="个人信息，声音已遮盖").is_visible()
    p.click("#language")
    assert p.locator(".legend", has_text="personal data, sound covered").is_visible()
    assert p.locator(".covered").first.is_visible()


def test_sound_that_is_not_covered_says_nothing_of_it(page, written):
    p = ready(page(written(mask=False)))
    assert p.locator(".covered").count() == 0


def test_on_a_phone_nothing_runs_out_of_the_window(page, written):
    p = ready(page(written(), phone=True))
    assert not scrolls_sideways(p)
    p.tap("#play")
    until(p, "document.querySelector('audio').currentTime > 0.2")
    findings, dialogue = p.evaluate(  # at one moment: the page follows the words
        "['findings', 'dialogue'].map((n) => document.querySelector(`#${n}-title`).getBoundingClientRect().y)"
    )
    assert findings < dialogue
    small = p.evaluate(
        """[...document.querySelectorAll('button, select')].filter((b) => b.getClientRects().length)
        .map((b) => [b.className || b.id, b.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 20).map(([name]) => name)"""
    )
    assert set(small) <= {"seek"}  # a time in a line of text


def test_what_is_printed_is_all_of_it(page, written):
    p = ready(page(written()))
    p.click("[data-zoom='2']")
    p.emulate_media(media="print")
    assert p.locator(".player").is_hidden()
    assert p.locator("#language").is_hidden()
    assert p.locator(".wave").first.is_visible()
    p.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert p.text_content("#zoom") == "1×"
    assert p.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(page, written, scheme):
    p = ready(page(written(), color_scheme=scheme))
    p.evaluate("document.querySelector('audio').currentTime = 7.5")
    p.wait_for_selector(".bubble .now")
    p.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for selector in (
        "dt, dd, th, td, p, li, summary, h1, h2, h3, a, label, kbd, q, code",
        ".chip, .small, .num, .rule, .seek, .listen, .controls button, .controls select, .scale span",
        ".bubble, .bubble span, mark, .who span, .lane-names span, .legend span, .tip",
    ):
        assert contrast(p, selector) >= 4.5, selector


def test_what_was_said_cannot_become_markup(page, written):
    call = spoken()
    call["turns"][1] |= {
        "text": ATTACK,
        "words": [{"text": "😀", "start": 5.7, "end": 6.4, "probability": 1.0}],
    }
    call["findings"][0]["reason"] = call["metadata"]["lender"] = call["metadata"]["agent_id"] = ATTACK
    call["acts"][0]["act"] = call["findings"][0]["rule"] = ATTACK
    p = ready(page(written(call, rule_titles={})))
    p.on("dialog", lambda dialog: pytest.fail(f"a script of the call ran: {dialog.message}"))
    assert p.title() != "x"
    assert p.locator("img").count() == 0
    assert p.locator("script").count() == 3
    # What looks like a mark of a label is the only thing that may go: nobody can say it.
    assert p.locator("#t1 .bubble").text_content().endswith("\"'&😀")
    assert "</script><script>document.title='x'</script>" in p.locator("#t1 .bubble").text_content()
    p.click("#language")
    assert "onerror=alert(2)" in p.locator("#f0 .reason").text_content()


def test_a_call_from_text_has_no_player_but_all_the_rest(page, written):
    p = page(written(untimed(), sound=False))
    assert p.locator("audio, .listen, .seek").count() == 0
    assert p.get_by_text("转写没有时间").is_visible()
    assert p.locator(".zoom").is_hidden()
    p.locator(".flag").first.click()
    p.keyboard.press("j")
    p.keyboard.press("j")
    assert p.get_attribute("#t1", "aria-current") == "true"
    p.keyboard.press("Space")
    p.keyboard.press("n")
    assert p.locator(".finding.chosen").count() == 1
    p.locator(".track svg.agent rect").nth(1).click()
    assert not scrolls_sideways(p)


def test_times_without_sound_lead_through_the_dialogue(page, written):
    p = page(written(sound=False))
    assert p.locator("audio, .listen, button.seek").count() == 0
    box = p.locator(".track svg.agent").bounding_box()
    p.mouse.click(box["x"] + box["width"] * 18 / 23, box["y"] + 5)
    assert p.get_attribute("#t4", "aria-current") == "true"


def test_a_recording_that_is_gone_is_said(open_page, written):
    path = written()
    (path.parent.parent / "audio" / "golden-1.wav").unlink()
    watched = open_page(path)
    watched.faulty = True  # the browser says that the file is not there
    until(watched.page, "document.getElementById('playing').textContent !== ''")
    assert watched.page.text_content("#playing") == "录音文件不在原处，无法播放"
    assert watched.page.is_disabled("#play")


def test_a_call_that_is_not_scored(page, written):
    call = spoken(status="not_scored", status_reason="voicemail", findings=[], acts=[], promise_to_pay=None)
    call |= {"turns": [], "conduct": None, "customer_events": []}
    call["scores"] |= {"compliance": None, "compliance_if_confirmed": None, "effectiveness": None}
    call["scores"] |= {"compliance_items": [], "effectiveness_items": [], "robustness": None}
    p = page(written(call))
    assert p.get_by_text("语音信箱").is_visible()
    assert p.locator(".time").count() == 0


def test_third_voices_machines_and_both_at_once(page, written):
    call = spoken()
    call["turns"][0] |= {"role": "system", "speaker": None}
    call["turns"][1] |= {"speaker": "channel 1 b"}
    call["turns"][3] |= {"start": 12.0}
    p = ready(page(written(call)))
    assert p.locator(".lane-names .sound").all_text_contents() == ["坐席", "客户", "其他"]
    assert p.locator(".wave").count() == 3
    p.evaluate("document.querySelector('audio').currentTime = 12.6")
    until(p, "document.querySelectorAll('.turn[aria-current]').length === 2")


@pytest.mark.slow
def test_two_hours_open_and_stay_quick(page, written):
    call = spoken(duration=7200.0)
    sample = call["turns"]
    call["turns"], call["findings"] = [], []
    for i in range(1800):
        turn = copy.deepcopy(sample[i % 6])
        shift = 4.0 * i - turn["start"]
        turn |= {"index": i, "start": 4.0 * i, "end": 4.0 * i + 3.5}
        for word in turn["words"]:
            word["start"], word["end"] = round(word["start"] + shift, 3), round(word["end"] + shift, 3)
        call["turns"].append(turn)
    call |= {"acts": [], "promise_to_pay": None, "conduct": None, "customer_events": []}
    for items in ("compliance_items", "effectiveness_items"):
        call["scores"][items] = []
    path = written(call)
    assert path.stat().st_size < 3_000_000
    p = ready(page(path, query="#t1500"))
    assert p.locator(".turn").count() == 1800
    p.wait_for_function(
        """() => { const box = document.getElementById('t1500').getBoundingClientRect();
        return box.top > 0 && box.bottom < innerHeight; }"""
    )
    for _ in range(9):  # by its handler: a mouse pressed while the page still moves may miss the button
        p.dispatch_event("[data-zoom='2']", "click")
    until(p, "document.getElementById('zoom').textContent === '512×'")
    marks = p.locator(".scale span").count()
    assert 0 < marks < 200  # only what is in sight is drawn
    p.click("#play")
    until(p, "document.querySelector('audio').currentTime > 0.5")
