"""Prints of any stretches from one hearing: sums, the layer to first order, and the network itself."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.campplus_traces import CHUNK_MS, FrameSums, chunks
from models.weights import Catalogue
from pipeline.types import Interval, Samples

CHANNELS, SIZE = 4, 3


def interval(start_ms: int, end_ms: int) -> Interval:
    return Interval(start_ms=start_ms, end_ms=end_ms)


def summed(pieces: list[Interval], *, frames: int = 100, seed: int = 0) -> np.ndarray:
    """Traces of pieces of two seconds whose frames are random, through a random layer."""
    rng = np.random.default_rng(seed)
    sums = FrameSums(pieces, CHANNELS)
    for first in range(0, 2_000, 500):
        sums.add(rng.normal(1, 1, (frames // 4, CHANNELS)).astype(np.float32), first, first + 500)
    weight = rng.normal(0, 1, (SIZE, 2 * CHANNELS)).astype(np.float32)
    return sums.traces(weight, np.zeros(SIZE, np.float32))


@given(st.integers(1, 98))
def test_the_mean_of_two_pieces_is_the_trace_of_both(frame: int) -> None:
    cut = 20 * frame
    whole, left, right = summed([interval(0, 2_000), interval(0, cut), interval(cut, 2_000)])
    assert np.allclose(whole, (left * frame + right * (100 - frame)) / 100, atol=1e-3)


def test_a_piece_without_a_frame_has_no_trace() -> None:
    found = summed([interval(5_000, 6_000), interval(100, 103), interval(0, 0), interval(0, 40)])
    assert np.isnan(found[:3]).all()
    assert not np.isnan(found[3]).any()


def test_the_whole_recordings_trace_is_the_layers_own_answer() -> None:
    rng = np.random.default_rng(1)
    frames = rng.normal(0, 1, (200, CHANNELS)).astype(np.float32)
    sums = FrameSums([interval(0, 4_000)], CHANNELS)
    sums.add(frames, 0, 4_000)
    weight = rng.normal(0, 1, (SIZE, 2 * CHANNELS)).astype(np.float32)
    (found,) = sums.traces(weight, np.full(SIZE, 0.5, np.float32))
    statistics = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
    assert np.allclose(found, weight @ statistics + 0.5, atol=1e-4)


@given(st.lists(st.integers(0, 30_000), max_size=6))
def test_chunks_cover_what_is_long_enough(lengths: list[int]) -> None:
    areas = [interval(40_000 * i, 40_000 * i + length) for i, length in enumerate(lengths)]
    found = list(chunks(areas, 225))
    assert sum(end - start for start, end in found) == sum(n for n in lengths if n >= 225)
    assert all(0 < end - start <= CHUNK_MS for start, end in found)


@pytest.mark.audio
def test_traces_are_prints(catalogue: Catalogue, call_channels: tuple[Samples, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyannote's, about codecs that are not used here
        from models.embed_campplus import CampplusEmbedding

    model = CampplusEmbedding.from_file(catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt")
    sound = np.concatenate([samples[: 16_000 * 20] for samples in call_channels])
    pieces = [interval(0, 20_000), interval(20_000, 40_000), interval(50_000, 51_000)]
    found = model.traces(sound, [interval(0, 40_000)], pieces)
    assert found.shape == (3, 192)
    assert np.isnan(found[2]).all()
    own = [model.voice_print(samples[: 16_000 * 20]) for samples in call_channels]
    both = np.stack([*found[:2], *(made for made in own if made is not None)])
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    likeness = both[:2] @ both[2:].T
    assert min(likeness[0, 0], likeness[1, 1]) > 0.9
    assert max(likeness[0, 1], likeness[1, 0]) < min(likeness[0, 0], likeness[1, 1])
