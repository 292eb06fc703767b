"""The first layer of segmentation: pyannote's own numbers at any length; other networks are left alone."""

from __future__ import annotations

import copy
import warnings
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from models.segment_sinc import PooledFilters, hasten

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyannote's, about codecs that are not used here
    from pyannote.audio.models.blocks.sincnet import SincNet

pytestmark = pytest.mark.slow
LEAST = 1_300
"""Samples from which the last layer has two answers, and their deviation a meaning."""


@pytest.fixture(scope="module", params=[10, 5])
def nets(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    torch.manual_seed(0)
    plain = SincNet(stride=request.param).eval()
    fast = copy.deepcopy(plain)
    hasten(SimpleNamespace(sincnet=fast))
    assert isinstance(fast.conv1d[0], PooledFilters)
    return plain, fast


@settings(max_examples=20, deadline=None)
@given(st.integers(LEAST, 20_000), st.integers(1, 3))
@example(16_000, 8)
@example(16_009, 1)
@torch.inference_mode()
def test_numbers_are_pyannotes_at_any_length(nets: tuple[Any, Any], samples: int, batch: int) -> None:
    plain, fast = nets
    sound = torch.randn(batch, 1, samples, generator=torch.Generator().manual_seed(samples)) * 0.1
    torch.testing.assert_close(fast(sound), plain(sound), rtol=0, atol=1e-3)


@torch.inference_mode()
def test_the_last_answer_counts_and_what_makes_no_three_does_not() -> None:
    filters = torch.zeros(1, 1, 3)
    filters[0, 0, 2] = 1.0
    layer = PooledFilters(filters, stride=2, pool=3)
    sound = torch.zeros(1, 1, 16)
    sound[0, 0, 12], sound[0, 0, 14] = -5.0, 9.0  # the sixth answer of seven, and the seventh
    torch.testing.assert_close(layer(sound), torch.tensor([[[0.0, 5.0]]]))


def test_networks_without_such_a_layer_are_left_as_they_are() -> None:
    other = nn.Linear(2, 2)
    hasten(other)
    assert list(other.state_dict()) == ["weight", "bias"]


def test_a_second_time_changes_nothing(nets: tuple[Any, Any]) -> None:
    _, fast = nets
    layer = fast.conv1d[0]
    hasten(SimpleNamespace(sincnet=fast))
    assert fast.conv1d[0] is layer


def test_the_layer_moves_to_another_device() -> None:
    layer = PooledFilters(torch.ones(4, 1, 25), stride=10, pool=3).to("meta")
    assert layer(torch.ones(2, 1, 1_000).to("meta")).shape == (2, 4, 32)
