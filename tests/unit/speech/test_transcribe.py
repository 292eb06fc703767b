from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import load_settings
from pipeline.speech.intervals import total_ms
from pipeline.speech.transcribe import transcribe_channels
from tests.unit.speech.sounding import EnergyDetector, ReadingTranscriber, Vocabulary, script

ASR = load_settings().asr
FAST = ASR.model_copy(update={"mode": "fast"})
SENTENCES = ("外面下着小雨", "路上的车不多", "晚饭吃的是面", "明早还要开会", "周末去看老人", "回来再说别的")


class Asked(ReadingTranscriber):
    """Keeps what it was asked for."""

    def __init__(self, vocabulary):
        super().__init__(vocabulary)
        self.asked = []

    def transcribe(self, windows, *, beam_size, bar_loops=False):
        self.asked.append((len(windows), beam_size, bar_loops))
        return super().transcribe(windows, beam_size=beam_size, bar_loops=bar_loops)


class Leaver(Asked):
    """Leaves every window after its first sentence, as Whisper does at a change of voice."""

    def read(self, window):
        return tuple(
            replace(s, words=s.words[:6], text=s.text[:6], end_ms=s.words[5].end_ms)
            for s in super().read(window)
        )


def spoken(vocabulary, sentences=SENTENCES, *, pause_ms=500, start_ms=300):
    words, at = [], start_ms
    for sentence in sentences:
        words += script(sentence, at)
        at += len(sentence) * 200 + pause_ms
    return vocabulary.sound(words, at + 500)


def hear(transcriber, *channels, settings=ASR):
    speech = [EnergyDetector().detect(samples) for samples in channels]
    return transcribe_channels(channels, speech, transcriber, settings)


def text(heard):
    words = sorted((w for s in heard.segments for w in s.words), key=lambda w: w.start_ms)
    return "".join(word.text for word in words)


@pytest.mark.parametrize("reader", [Asked, Leaver])
def test_every_word_is_written_once_however_early_the_model_leaves(reader):
    vocabulary = Vocabulary()
    (heard,) = hear(reader(vocabulary), spoken(vocabulary))
    assert text(heard) == "".join(SENTENCES)


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12), st.integers(250, 3_000))
def test_word_times_are_those_of_the_recording(sentences, pause_ms):
    vocabulary = Vocabulary()
    samples = spoken(vocabulary, sentences, pause_ms=pause_ms)
    (heard,) = hear(Leaver(vocabulary), samples)
    truth = list(vocabulary.read(samples))
    found = sorted((w.start_ms, w.text) for s in heard.segments for w in s.words)
    assert [text for _, text in found] == [text for text, _, _ in truth]
    assert all(abs(at - start) <= 20 for (at, _), (_, start, _) in zip(found, truth, strict=True))


def test_channels_are_decoded_in_one_batch_and_kept_apart():
    vocabulary = Vocabulary()
    transcriber = Asked(vocabulary)
    first, second = hear(transcriber, spoken(vocabulary, SENTENCES[:2]), spoken(vocabulary, SENTENCES[2:4]))
    assert (text(first), text(second)) == ("".join(SENTENCES[:2]), "".join(SENTENCES[2:4]))
    assert transcriber.asked == [(2, ASR.beam_size, False)]


def test_what_is_left_of_all_windows_is_decoded_together():
    vocabulary = Vocabulary()
    transcriber = Leaver(vocabulary)
    hear(transcriber, spoken(vocabulary, SENTENCES[:3]), spoken(vocabulary, SENTENCES[3:]))
    assert [count for count, _, _ in transcriber.asked] == [2, 2, 2]


def test_a_model_that_stands_still_ends():
    class Stuck(Asked):
        def read(self, window):
            return tuple(replace(s, words=s.words[:1], text="外", end_ms=0) for s in super().read(window))

    vocabulary = Vocabulary()
    transcriber = Stuck(vocabulary)
    hear(transcriber, spoken(vocabulary))
    assert len(transcriber.asked) <= 2


class Looper(Asked):
    """Loops in windows of more than ``limit_ms`` unless repetitions are barred."""

    limit_ms = 0

    def transcribe(self, windows, *, beam_size, bar_loops=False):
        answers = super().transcribe(windows, beam_size=beam_size, bar_loops=bar_loops)
        return tuple(
            found if bar_loops else tuple(replace(s, text=s.words[0].text * 40) for s in found)
            for found in answers
        )


def test_a_loop_is_decoded_again_in_smaller_windows_with_repetitions_barred():
    vocabulary = Vocabulary()
    transcriber = Looper(vocabulary)
    (heard,) = hear(transcriber, spoken(vocabulary), settings=FAST)
    assert text(heard) == "".join(SENTENCES)
    assert transcriber.asked[0] == (1, 1, False)
    (again,) = transcriber.asked[1:]
    assert again[0] >= 2
    assert again[1:] == (FAST.beam_size, True)


def test_what_fails_again_is_kept_as_it_was():
    class Unsure(Asked):
        """Less sure the second time."""

        def read(self, window):
            doubtful = -1.5 if len(self.asked) == 1 else -2.5
            return tuple(replace(s, avg_logprob=doubtful) for s in super().read(window))

    vocabulary = Vocabulary()
    transcriber = Unsure(vocabulary)
    (heard,) = hear(transcriber, spoken(vocabulary))
    assert {segment.avg_logprob for segment in heard.segments} == {-1.5}
    assert len(transcriber.asked) == 2


def test_speech_without_words_is_decoded_alone_and_only_once():
    class Deaf(Asked):
        """Hears nothing where it is given more than a sentence."""

        def read(self, window):
            found = super().read(window)
            return found if sum(len(s.words) for s in found) <= 6 else ()

    vocabulary = Vocabulary()
    transcriber = Deaf(vocabulary)
    samples = spoken(vocabulary, SENTENCES[:4])
    (heard,) = hear(transcriber, samples)
    assert text(heard) == "".join(SENTENCES[:4])


def test_nothing_to_decode_wakes_no_engine():
    transcriber = Asked(Vocabulary())
    silence = np.zeros(16_000, np.float32)
    assert [h.segments for h in transcribe_channels([silence], [()], transcriber, ASR)] == [()]
    assert transcriber.asked == []


def test_no_window_is_longer_than_the_settings_say():
    vocabulary = Vocabulary()

    class Measured(Asked):
        longest = 0

        def read(self, window):
            self.longest = max(self.longest, len(window))
            return super().read(window)

    transcriber = Measured(vocabulary)
    samples = vocabulary.sound([("长", 100, 80_000)], 81_000)
    hear(transcriber, samples)
    assert transcriber.longest <= ASR.window_s * 16_000
    assert total_ms(EnergyDetector().detect(samples)) > 2 * ASR.window_s * 1000
