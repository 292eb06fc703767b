"""CAM++ for inference is the plain network: any weights, any length, any batch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.campplus_fast import CampplusInference
from models.campplus_net import NUM_MELS, SEGMENT, Campplus
from models.weights import Catalogue
from pipeline.types import Samples

pytestmark = pytest.mark.slow


def drawn(seed: int) -> Campplus:
    """A network whose normalisations are as uneven as trained ones: some scales negative, one of each 0."""
    torch.manual_seed(seed)
    network = Campplus().eval()
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d)):
            torch.nn.init.kaiming_normal_(module.weight)  # what it hears reaches the end
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                torch.nn.init.uniform_(module.weight, -0.4, 1.6)
                torch.nn.init.normal_(module.bias, 0, 0.3)
                module.weight.data[0] = 0
    return network


@pytest.fixture(scope="module")
def networks() -> tuple[Campplus, CampplusInference]:
    network = drawn(1)
    return network, CampplusInference(network)


def sound(frames: int, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(batch, frames, NUM_MELS, generator=torch.Generator().manual_seed(seed))


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * float(wanted.abs().max()))


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 2 * 2 * SEGMENT + 50))
@example(4)
@example(32)
@example(33)
@example(2 * SEGMENT - 1)
@example(2 * SEGMENT)
@example(2 * SEGMENT + 1)
@example(4 * SEGMENT + 2)
@torch.inference_mode()
def test_frames_and_prints_are_the_plain_networks_at_any_length(
    networks: tuple[Campplus, CampplusInference], frames: int
) -> None:
    plain, fast = networks
    x = sound(frames)
    close(fast.frames(x), plain.frames(x).transpose(1, 2))
    if frames > 4:  # the deviation of two frames divides by one, and rounding with it
        close(fast(x), plain(x))


@settings(max_examples=8, deadline=None)
@given(st.integers(20, 260), st.integers(2, 4))
@torch.inference_mode()
def test_a_batch_equals_its_sounds_alone(
    networks: tuple[Campplus, CampplusInference], frames: int, batch: int
) -> None:
    _, fast = networks
    x = sound(frames, batch)
    close(fast(x), torch.cat([fast(row[None]) for row in x]))


@torch.inference_mode()
def test_the_sound_before_leaves_nothing_behind(networks: tuple[Campplus, CampplusInference]) -> None:
    _, fast = networks
    x = sound(150)
    before = fast(x)
    fast(sound(300, seed=1) * 1e3)
    assert torch.equal(fast(x), before)


def test_the_form_has_its_own_weights_and_saves_none(
    networks: tuple[Campplus, CampplusInference],
) -> None:
    plain = drawn(2)
    fast = CampplusInference(plain)
    x = sound(60)
    with torch.inference_mode():
        before = fast(x)
        for parameter in plain.parameters():
            parameter.zero_()
        assert torch.equal(fast(x), before)
    assert not fast.state_dict()
    assert not list(fast.parameters())


def test_everything_moves_to_another_device(networks: tuple[Campplus, CampplusInference]) -> None:
    moved = CampplusInference(networks[0]).to("meta")
    assert moved(sound(130, batch=2).to("meta")).device.type == "meta"


@pytest.mark.audio
@torch.inference_mode()
def test_packaged_weights_give_the_plain_networks_prints(
    catalogue: Catalogue, call_channels: tuple[Samples, ...]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyannote's, about codecs that are not used here
        from models.embed_campplus import CampplusEmbedding

    file = catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt"
    plain = Campplus().eval()
    plain.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    model = CampplusEmbedding.from_file(file)
    for milliseconds in (300, 1_000, 2_015, 3_333, 6_000):
        for samples in call_channels:
            waveform = torch.from_numpy(np.ascontiguousarray(samples[32_000 : 32_000 + 16 * milliseconds]))
            features = model._features(waveform[None])
            features = (features - features.mean(dim=0))[None]
            found, wanted = model.network(features)[0], plain(features)[0]
            close(found, wanted)
            assert torch.cosine_similarity(found, wanted, dim=0) > 0.99999
