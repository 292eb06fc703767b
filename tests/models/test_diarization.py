"""Speakers of mono recordings: stretches, voices, spans, and all of it on shipped speech."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.diarize_pyannote import placed
from models.diarize_regions import exclusive_spans, merged, named, with_overlaps, without_pauses
from models.diarize_stretches import Heard, Windows, hear
from models.diarize_voices import LEAST_VOICE_S, tell_voices
from models.registry import build_diarizer, build_speech_detector
from models.weights import Catalogue
from pipeline.settings import Settings
from pipeline.types import Interval, Samples, SpeakerSpan

Print = NDArray[np.float32]
STEP = 0.1


def span(start_ms: int, end_ms: int, speaker: str = "?", margin: float | None = None) -> SpeakerSpan:
    return SpeakerSpan(speaker=speaker, start_ms=start_ms, end_ms=end_ms, margin=margin)


def interval(start_ms: int, end_ms: int) -> Interval:
    return Interval(start_ms=start_ms, end_ms=end_ms)


def voice(number: int, wobble: float = 0.0, seed: int = 0) -> Print:
    base = np.zeros(16, dtype=np.float32)
    base[number] = 1.0
    return base + wobble * np.random.default_rng(seed).standard_normal(16).astype(np.float32)


def alike(number: int, seed: int) -> Print:
    """One of two voices whose cosine is about 0.9."""
    side = 0.23 if number else -0.23
    return np.asarray(voice(0) + side * voice(1) + 0.02 * voice(0, 1.0, seed), dtype=np.float32)


def windows(*rows: str, starts: tuple[float, ...] = (0.0,)) -> Windows:
    """Windows of a character a frame of 100 ms: ``.`` nobody, ``a`` or ``b`` alone, ``x`` both."""
    active = [[[c in "ax", c in "bx"] for c in row] for row in rows]
    return Windows(starts=np.array(starts), active=np.array(active), duration=len(rows[0]) * STEP, step=STEP)


def heard(*stretches: tuple[int, int, int]) -> Heard:
    return Heard(
        stretches=tuple(interval(a, b) for a, b, _ in stretches),
        tracks=tuple(t for _, _, t in stretches),
        overlaps=(),
    )


class TestStretches:
    def test_voices_silence_and_overlap(self) -> None:
        found = hear(windows("..aaaxxbb."), None, 1000)
        assert found.stretches == (interval(200, 500), interval(700, 900))
        assert found.tracks[0] != found.tracks[1]
        assert found.overlaps == (interval(500, 700),)

    def test_a_short_pause_ends_no_stretch_and_a_long_one_does(self) -> None:
        assert hear(windows("aaa..aaa"), None, 800).stretches == (interval(0, 800),)
        found = hear(windows("aaa...aaa"), None, 900)
        assert found.stretches == (interval(0, 300), interval(600, 900))
        assert found.tracks[0] == found.tracks[1]

    def test_a_change_of_voice_in_a_short_pause_is_no_pause(self) -> None:
        assert len(hear(windows("aaa.bbb"), None, 700).stretches) == 2

    def test_a_voice_goes_on_where_the_next_window_takes_over(self) -> None:
        """Windows name speakers anew: here the same voice is ``a`` in one and ``b`` in the other."""
        found = hear(windows("....aaaaaa", "abbbbbb...", starts=(0.0, 0.5)), None, 1500)
        assert found.stretches == (interval(400, 1200),)

    def test_the_window_counts_whose_middle_is_nearest(self) -> None:
        found = hear(windows("aaaaaaaaaa", ".......bbb", starts=(0.0, 0.4)), None, 1400)
        assert found.stretches == (interval(0, 700), interval(1100, 1400))

    def test_nothing_is_heard_where_nobody_speaks(self) -> None:
        found = hear(windows("aaaaaaaaaa"), [interval(200, 400), interval(700, 900)], 1000)
        assert found.stretches == (interval(200, 400), interval(700, 900))
        assert hear(windows("aaaaaaaaaa"), [], 1000).stretches == ()

    def test_no_window_is_nobody(self) -> None:
        none = Windows(starts=np.zeros(0), active=np.zeros((0, 0, 0), dtype=bool), duration=1.0, step=STEP)
        assert hear(none, None, 1000) == heard()

    @given(st.text("..aabbx", min_size=10, max_size=10), st.text("..aabbx", min_size=10, max_size=10))
    def test_stretches_and_overlaps_never_cover_each_other(self, first: str, second: str) -> None:
        found = hear(windows(first, second, starts=(0.0, 0.5)), None, 1500)
        times = sorted([*found.stretches, *found.overlaps], key=lambda i: i.start_ms)
        assert all(0 <= i.start_ms < i.end_ms <= 1500 for i in times)
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(times))


class TestVoices:
    @staticmethod
    def labels(prints: list[Print | None], seconds: float = 2.0, low: int = 1, high: int = 3) -> list[int]:
        found = tell_voices(prints, [seconds] * len(prints), min_speakers=low, max_speakers=high)
        assert len(found.nearest) == len(found.margins) == len(prints)
        return list(found.nearest)

    def test_two_voices(self) -> None:
        found = self.labels([voice(i % 2, 0.05, i) for i in range(6)])
        assert found[:2] * 3 == found
        assert found[0] != found[1]

    def test_two_alike_voices_do_not_become_one(self) -> None:
        found = self.labels([alike(i % 2, i) for i in range(8)])
        assert found[:2] * 4 == found
        assert found[0] != found[1]

    def test_a_voice_that_has_most_of_the_talk_stays_one(self) -> None:
        owners = [int(i % 10 == 9) for i in range(40)]
        found = self.labels([voice(owner, 0.1, i) for i, owner in enumerate(owners)])
        assert len(set(found)) == 2
        assert len({(a, b) for a, b in zip(owners, found, strict=True)}) == 2

    def test_a_third_voice_is_kept_when_it_has_some_seconds(self) -> None:
        prints: list[Print | None] = [*(voice(i % 2, 0.1, i) for i in range(12)), voice(7), voice(7, 0.05, 9)]
        assert len(set(self.labels(prints))) == 3
        assert len(set(self.labels(prints, high=2))) == 2
        assert len(set(self.labels(prints, seconds=LEAST_VOICE_S / 2 - 0.1))) == 2

    def test_one_voice_stays_one_unless_two_are_asked_for(self) -> None:
        prints: list[Print | None] = [voice(0, 0.02, i) for i in range(6)]
        found = tell_voices(prints, [2.0] * 6, min_speakers=1, max_speakers=3)
        assert set(found.nearest) == {0}
        assert np.isnan(found.margins).all()
        assert set(self.labels(prints, low=2)) == {0, 1}

    def test_a_noise_that_comes_back_is_no_party_where_both_are_alike(self) -> None:
        owners = [i % 2 for i in range(10)]
        found = self.labels([*(alike(owner, i) for i, owner in enumerate(owners)), voice(9), voice(9)])
        assert len({(a, b) for a, b in zip(owners, found, strict=False)}) == 2

    def test_of_very_many_stretches_all_get_a_voice(self) -> None:
        random = np.random.default_rng(5)
        owners = random.integers(0, 2, 6000)
        prints = [voice(int(owner)) for owner in owners]
        noise = (0.05 * random.standard_normal((6000, 16))).astype(np.float32)
        found = self.labels([p + n for p, n in zip(prints, noise, strict=True)])
        assert len({(a, b) for a, b in zip(owners.tolist(), found, strict=True)}) == 2

    def test_no_print_is_no_voice(self) -> None:
        assert self.labels([None, None]) == [-1, -1]
        assert self.labels([None, voice(1)]) == [-1, 0]

    def test_margin_is_the_difference_of_cosines(self) -> None:
        between = ((voice(0) + voice(1)) / 2).astype(np.float32)
        found = tell_voices(
            [voice(0), voice(1), voice(0), voice(1), between],
            [3.0, 3.0, 3.0, 3.0, 0.5],
            min_speakers=1,
            max_speakers=3,
        )
        assert found.margins == pytest.approx([1, 1, 1, 1, 0], abs=1e-6)
        assert np.linalg.norm(found.centroids, axis=1) == pytest.approx([1, 1], abs=1e-6)

    @given(st.integers(0, 12), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
    def test_numbers_of_speakers_are_kept_to(self, count: int, low: int, more: int, seed: int) -> None:
        high = low + more - 1
        prints = list(np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32))
        found = tell_voices(prints, [2.0] * count, min_speakers=low, max_speakers=high)
        assert min(low, count) <= len(found.centroids) <= high
        again = tell_voices(prints, [2.0] * count, min_speakers=low, max_speakers=high)
        assert (again.nearest == found.nearest).all()


class TestSpans:
    def test_speakers_are_numbered_by_who_speaks_first(self) -> None:
        spans, order = named(heard((0, 900, 0), (1000, 2000, 1)), [4, 2], [0.3, None])
        assert spans == (span(0, 900, "SPEAKER_00", 0.3), span(1000, 2000, "SPEAKER_01"))
        assert order == (4, 2)

    def test_too_short_to_tell_goes_with_its_track_else_with_the_nearest(self) -> None:
        stretches = heard((0, 900, 7), (1000, 2000, 8), (2100, 2200, 7), (2300, 2400, 9))
        spans, _ = named(stretches, [0, 1, -1, -1], [None] * 4)
        assert [s.speaker[-1] for s in spans] == ["0", "1", "0", "1"]
        assert named(heard((0, 100, 0)), [-1], [None])[0] == (span(0, 100, "SPEAKER_00"),)

    def test_overlap_is_shared_by_those_before_and_after(self) -> None:
        spans = [span(0, 1000, "a"), span(1400, 2000, "b")]
        found = exclusive_spans(spans, [interval(1000, 1400)], None)
        assert found == (span(0, 1200, "a"), span(1200, 2000, "b"))

    def test_speech_around_a_span_is_its_own_within_reach(self) -> None:
        spans = [span(1000, 2000, "a"), span(2400, 3000, "b")]
        speech = [interval(900, 2100), interval(2150, 5000)]
        assert exclusive_spans(spans, (), speech) == (span(900, 2100, "a"), span(2200, 3500, "b"))

    def test_pauses_of_one_speaker_belong_to_the_turn(self) -> None:
        spans = (span(0, 1000, "a", 0.5), span(1900, 3000, "a", 0.1), span(3500, 4000, "b"))
        assert without_pauses(spans, 1000) == (span(0, 1900, "a", 0.5), *spans[1:])
        assert without_pauses(spans, 800) == spans
        assert without_pauses((), 800) == ()

    def test_overlap_gets_the_nearest_other_speaker(self) -> None:
        exclusive = [span(0, 1000, "a"), span(1100, 2000, "b"), span(8000, 9000, "a")]
        found = with_overlaps(exclusive, [interval(900, 1000)])
        assert found == (
            span(0, 1000, "a"),
            span(900, 1000, "b"),
            span(1100, 2000, "b"),
            span(8000, 9000, "a"),
        )
        assert with_overlaps(exclusive[:1], [interval(10, 50)]) == (span(0, 1000, "a"),)

    def test_merged(self) -> None:
        spans = [span(0, 1000, "a"), span(800, 1500, "b"), span(900, 1200, "a")]
        assert merged(spans) == (span(0, 1200, "a"), span(800, 1500, "b"))

    @given(st.lists(st.tuples(st.integers(1, 900), st.integers(0, 900), st.sampled_from("ab")), max_size=8))
    def test_spreading_makes_no_overlap(self, turns: list[tuple[int, int, str]]) -> None:
        spans, at = [], 0
        for length, gap, speaker in turns:
            spans.append(span(at, at + length, speaker))
            at += length + gap
        found = without_pauses(exclusive_spans(spans, (), [interval(0, at)]), 300)
        assert [s.speaker for s in found] == [s.speaker for s in spans]
        assert all(new.start_ms <= old.start_ms for new, old in zip(found, spans, strict=True))
        assert all(new.end_ms >= old.end_ms for new, old in zip(found, spans, strict=True))
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(found))


class Elsewhere:
    """A pipeline that is told where to run."""

    where = ""

    def to(self, device: Any) -> Elsewhere:
        self.where = str(device)
        return self


def test_the_device_is_the_one_that_the_settings_name() -> None:
    import torch

    best = "cuda" if torch.cuda.is_available() else "cpu"
    for wanted, expected in (("cpu", "cpu"), ("cuda", "cuda"), ("auto", best)):
        assert placed(Elsewhere(), wanted).where == expected


@pytest.mark.audio
class TestShippedSpeech:
    def test_parties_of_a_mono_call_are_told_apart(
        self, settings: Settings, catalogue: Catalogue, call_channels: tuple[Samples, ...]
    ) -> None:
        """The channels of a shipped call added up; who speaks is known from the channels."""
        detector, diarizer = build_speech_detector(settings, catalogue), build_diarizer(settings, catalogue)
        duration = call_channels[0].size // 16
        truth = np.zeros((2, duration + 1), dtype=bool)
        for channel, samples in enumerate(call_channels):
            for i in detector.detect(samples):
                truth[channel, i.start_ms : i.end_ms] = True
        alone = truth.sum(axis=0) == 1
        mono = ((call_channels[0] + call_channels[1]) / 2).astype(np.float32)
        found = diarizer.diarize(mono, detector.detect(mono))
        assert found == diarizer.diarize(mono, detector.detect(mono))
        names = sorted({s.speaker for s in found.exclusive})
        assert names == sorted(found.prints) == ["SPEAKER_00", "SPEAKER_01"]
        for vector in found.prints.values():
            assert len(vector) == 192
            assert np.linalg.norm(vector) == pytest.approx(1)
        assert any(s.margin is not None and s.margin > 0 for s in found.exclusive)
        shares = np.zeros((2, 2))
        for s in found.exclusive:
            for channel in (0, 1):
                stretch = slice(s.start_ms, s.end_ms)
                shares[channel, names.index(s.speaker)] += (truth[channel, stretch] & alone[stretch]).sum()
        right = max(shares[0, 0] + shares[1, 1], shares[0, 1] + shares[1, 0])
        assert right / shares.sum() > 0.9

    def test_windows_without_speech_are_not_looked_at(
        self,
        settings: Settings,
        catalogue: Catalogue,
        speech: Samples,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from pyannote.audio import Inference

        looked: list[int] = []
        infer = Inference.infer

        def counted(self: Inference, chunks: Any) -> Any:
            looked.append(len(chunks))
            return infer(self, chunks)

        monkeypatch.setattr(Inference, "infer", counted)
        diarizer = build_diarizer(settings, catalogue)
        silence = np.zeros(30 * 16_000, dtype=np.float32)
        sound = np.concatenate([silence, speech, silence])
        found = diarizer.diarize(sound, [interval(30_000, 42_000)])
        assert found.exclusive
        assert all(29_900 <= s.start_ms < s.end_ms <= 42_100 for s in found.exclusive)
        assert sum(looked) <= 4
        looked.clear()
        assert diarizer.diarize(sound, []).exclusive == ()
        assert not looked

    def test_a_voice_is_more_like_itself_than_like_another(
        self, catalogue: Catalogue, call_channels: tuple[Samples, ...]
    ) -> None:
        from models.embed_campplus import CampplusEmbedding

        model = CampplusEmbedding.from_file(catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt")
        middle = call_channels[0].size // 2
        halves = [half for samples in call_channels for half in (samples[:middle], samples[middle:])]
        prints = []
        for found in model.voice_prints([*halves, call_channels[0][:1000]])[:4]:
            assert found is not None
            assert found.shape == (192,)
            prints.append(found / np.linalg.norm(found))
        likeness = np.array(prints) @ np.array(prints).T
        assert min(likeness[0, 1], likeness[2, 3]) > likeness[:2, 2:].max()
        assert model.voice_print(call_channels[0][:1000]) is None

    def test_fused_and_batched_prints_are_those_of_the_plain_network(
        self, catalogue: Catalogue, call_channels: tuple[Samples, ...]
    ) -> None:
        import torch

        from models.campplus_net import Campplus
        from models.embed_campplus import CampplusEmbedding

        file = catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt"
        model, plain = CampplusEmbedding.from_file(file), Campplus().eval()
        plain.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        sounds = [call_channels[1][i * 32_000 : (i + 1) * 32_000] for i in range(3)]
        for sound, found in zip(sounds, model.voice_prints(sounds), strict=True):
            features = model._features(torch.from_numpy(sound.copy())[None])
            with torch.inference_mode():
                expected = plain((features - features.mean(dim=0))[None])[0].numpy()
            assert found is not None
            np.testing.assert_allclose(found, expected, atol=1e-3)

    def test_telemetry_is_off(self, settings: Settings, catalogue: Catalogue) -> None:
        build_diarizer(settings, catalogue)
        from pyannote.audio.telemetry.metrics import is_metrics_enabled

        assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
        assert not is_metrics_enabled()
