"""The page of a call in a browser: it plays, its words light up, its findings lead to the sound."""

from __future__ import annotations

import copy

import pytest

from pipeline.redact import People
from pipeline.report.call_json import to_json
from pipeline.report.labels import Labels
from pipeline.report.pages import Pages
from pipeline.report.showing import Showing
from tests.browser.pages import contrast, scrolls_sideways
from tests.browser.results import write_sound
from tests.golden.sample import NORMS, RULE_TITLES, report

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

    def write(call=None, *, sound=True, mask=True, rule_titles=RULE_TITLES):
        folder = tmp_path / "results"
        (folder / "audio").mkdir(parents=True, exist_ok=True)
        audio = {"golden-1": "audio/golden-1.wav"} if sound else {}
        if sound:
            write_sound(folder / "audio" / "golden-1.wav")
        people = {"golden-1": PEOPLE}
        showing = Showing(labels=Labels("zh"), norms=NORMS, rule_titles=rule_titles, mask=mask, people=people)
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


def settled(page, seconds):
    page.wait_for_function(
        "(wanted) => Math.abs(document.querySelector('audio').currentTime - wanted) < 0.4", arg=seconds
    )


def lit(page):
    return "".join(page.locator(".bubble .now").all_text_contents())


def test_the_recording_plays_and_the_page_goes_with_it(page, written):
    p = ready(page(written()))
    p.click("#play")
    until(p, "document.querySelector('audio').currentTime > 0.7")
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
    p = ready(page(written()))
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
    p = ready(page(written(call)))
    p.locator("#f0 .listen").click()
    settled(p, 0.5)
    assert p.text_content("#playing") == "正在播放原话及前后10秒 0:00–0:21"
    left, width = p.evaluate(
        "['left', 'width'].map((s) => parseFloat(document.querySelector('.stretch').style[s]))"
    )
    assert (left, left + width) == (
        pytest.approx(100 * 0.5 / 23, abs=0.1),
        pytest.approx(100 * 21 / 23, abs=0.1),
    )
    p.evaluate("document.querySelector('audio').currentTime = 20.6")
    until(p, "document.querySelector('audio').paused")
    assert now(p) == pytest.approx(21.0, abs=0.5)
    assert p.locator(".stretch").is_hidden()
    p.click("#play")  # and goes on when it is asked to
    until(p, "document.querySelector('audio').currentTime > 21.6")


def test_a_word_and_a_place_of_the_waveform_can_be_clicked(page, written):
    p = ready(page(written()))
    p.locator("#t4 .bubble").click(position={"x": 30, "y": 18})
    until(p, "document.querySelector('audio').currentTime >= 17.2")
    lane = p.locator(".track svg.agent")
    lane.click(position={"x": lane.bounding_box()["width"] * 6 / 23, "y": 5})
    until(p, "document.querySelector('audio').currentTime < 7")
    assert now(p) >= 5.9
    assert p.get_attribute("#t1", "aria-current") == "true"


def test_keys(page, written):
    p = ready(page(written()))
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
    assert p.text_content("#zoom") == "2×"


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
    p.evaluate("document.querySelector('audio').currentTime = 16.6")
    p.click("#play")
    p.wait_for_function(
        """() => { const box = document.querySelector('#t4 .bubble').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight; }"""
    )
    assert p.evaluate("document.querySelector('audio').playbackRate") == 2
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


def test_the_other_language_is_a_click_away(page, written):
    p = ready(page(written()))
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
    assert p.get_attribute("mark[data-f='f0']", "title").endswith("Major · Violation")
    assert p.locator(".track svg.agent title").first.text_content() == "0:00 Agent"
    p.locator("#f0 .listen").click()
    assert "Playing the words" in p.text_content("#playing")
    p.click("#language")
    assert "正在播放" in p.text_content("#playing")
    assert p.get_attribute("#play", "aria-label") == "暂停"


def test_on_a_phone_nothing_runs_out_of_the_window(page, written):
    p = ready(page(written(), phone=True))
    assert not scrolls_sideways(p)
    p.tap("#play")
    until(p, "document.querySelector('audio').currentTime > 0.2")
    assert p.locator("#findings-title").bounding_box()["y"] < p.locator("#dialogue-title").bounding_box()["y"]
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
    until(watched.page, "document.getElementById('playing').textContent !== ''")
    assert watched.page.text_content("#playing") == "录音文件不在原处，无法播放"
    assert watched.page.is_disabled("#play")
    watched.errors.clear()  # that the file is not there


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
    for _ in range(9):
        p.click("[data-zoom='2']")
    assert p.text_content("#zoom") == "512×"
    marks = p.locator(".scale span").count()
    assert 0 < marks < 200  # only what is in sight is drawn
    p.click("#play")
    until(p, "document.querySelector('audio').currentTime > 0.5")
