"""What the player gets: the times of words and their places in the text as it is shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.player import player_data

LINE = {"timed": True, "length": 9.0}


def word(text, start, end):
    return {"text": text, "start": start, "end": end, "probability": 0.9}


def turn(text, words, *, start=1.0, index=3):
    return {"index": index, "text": text, "start": start, "end": 9.0, "words": words}


def read(numbers, start):
    """Start and end in ms, and the place in UTF-16 units, of every word, as the page's script reads them."""
    now, place, words = round(1000 * start), 0, []
    for i in range(0, len(numbers), 4):
        begin, from_ = now + numbers[i], place + numbers[i + 2]
        now, place = begin + numbers[i + 1], from_ + numbers[i + 3]
        words.append((begin, now, from_, place))
    return words


def data(*turns, recording=True, tmp_path):
    path = tmp_path / "nothing.wav" if recording else None
    return player_data({"turns": list(turns)}, LINE, path)


def test_words_are_places_in_their_turn(tmp_path):
    said = turn("您好，先生。", [word("您好", 1.1, 1.5), word("先生", 1.7, 2.25)])
    numbers = data(said, tmp_path=tmp_path)["words"]["3"]
    assert read(numbers, 1.0) == [(1100, 1500, 0, 2), (1700, 2250, 3, 5)]


def test_a_word_that_is_not_in_the_text_is_left_out(tmp_path):
    said = turn("您好先生", [word("您", 1.0, 1.2), word("豪", 1.2, 1.4), word("先生", 1.5, 2.0)])
    numbers = data(said, tmp_path=tmp_path)["words"]["3"]
    assert [place for *_, place, _ in read(numbers, 1.0)] == [0, 2]


def test_nothing_is_lit_without_sound_or_times(tmp_path):
    said = turn("您好", [word("您好", 1.0, 1.2)])
    assert data(said, recording=False, tmp_path=tmp_path)["words"] == {}
    assert data(turn("您好", [], start=None), tmp_path=tmp_path)["words"] == {}


def test_no_word_is_on_the_page_a_second_time(tmp_path):
    said = turn("我叫欧阳志远", [word("我叫", 1.0, 1.2), word("欧阳志远", 1.2, 1.9)])
    assert "欧阳" not in json.dumps(data(said, tmp_path=tmp_path), ensure_ascii=False)


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=3), st.text("，。 😀", max_size=2)), max_size=8),
    st.lists(st.integers(0, 900), min_size=8, max_size=8),
)
def test_places_count_as_a_browser_counts(tmp_path_factory, said, gaps):
    now, words = 1000, []
    for (text, _), gap in zip(said, gaps, strict=False):
        words.append(word(text, (now + gap) / 1000, (now + gap + 120) / 1000))
        now += gap + 120
    whole = "".join(text + mark for text, mark in said)
    made = data(turn(whole, words), tmp_path=tmp_path_factory.getbasetemp())["words"].get("3", [])
    units = whole.encode("utf-16-le", "surrogatepass")
    places = read(made, 1.0)
    assert len(places) == len(words)
    for spoken, (begin, end, from_, to) in zip(words, places, strict=True):
        assert units[2 * from_ : 2 * to].decode("utf-16-le", "surrogatepass") == spoken["text"]
        assert (begin, end) == (round(1000 * spoken["start"]), round(1000 * spoken["end"]))


def test_an_hour_of_words_stays_small(tmp_path):
    turns = [
        turn(
            "话" * 20,
            [word("话", i * 6 + 0.22 * j, i * 6 + 0.22 * (j + 1)) for j in range(20)],
            start=i * 6,
            index=i,
        )
        for i in range(600)
    ]
    made = data(*turns, tmp_path=tmp_path)
    assert len(json.dumps(made, separators=(",", ":"))) < 12 * 600 * 20


@pytest.mark.parametrize("timed", [True, False])
def test_a_recording_that_is_gone_has_no_waveform(tmp_path, timed):
    made = player_data({"turns": []}, LINE | {"timed": timed}, tmp_path / "gone.wav")
    assert made["wave"] is None
    assert made["timed"] is timed
