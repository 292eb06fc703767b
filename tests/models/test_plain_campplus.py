"""The two ways of giving pyannote.audio a voice model, in the benchmark; random weights."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pyannote.audio")

from tests.benchmarks.plain_campplus import CutCampplus, PooledCampplus  # noqa: E402

SECONDS = 2
FRAMES = 118
"""Of the segmentation, in so many seconds."""


@pytest.fixture(scope="module", params=[CutCampplus, PooledCampplus])
def model(request):
    torch.manual_seed(0)
    return request.param().eval()


@pytest.fixture(scope="module")
def waveforms():
    torch.manual_seed(1)
    return torch.randn(3, 1, 16_000 * SECONDS) * 0.1


def near(one, other):
    """Whether they differ by less than a hundredth; random weights make small numbers."""
    return torch.linalg.norm(one - other) < 0.01 * torch.linalg.norm(one)


@torch.inference_mode()
def test_a_mask_of_everything_is_no_mask(model, waveforms):
    found = model(waveforms, weights=torch.ones(3, FRAMES))
    assert found.shape == (3, model.dimension)
    assert near(found, model(waveforms))


@torch.inference_mode()
def test_each_speaker_of_a_window_has_a_voice_of_their_own(model, waveforms):
    masks = torch.zeros(2, FRAMES)
    masks[0, : FRAMES // 2] = 1
    masks[1, FRAMES // 2 :] = 1
    first, second = model(waveforms[:1].repeat(2, 1, 1), weights=masks)
    assert not near(first, second)
    assert near(model(waveforms[:1], weights=masks[:1])[0], first)


@torch.inference_mode()
def test_cut_hears_the_marked_frames_alone_and_pooled_the_whole_window(waveforms):
    mask = torch.zeros(1, FRAMES)
    mask[0, : FRAMES // 2] = 1
    changed = waveforms[:1].clone()
    changed[..., 16_000 * SECONDS * 3 // 4 :] = 0.1  # no sound, and so other features
    cut, pooled = CutCampplus().eval(), PooledCampplus().eval()
    assert near(cut(waveforms[:1], weights=mask), cut(changed, weights=mask))
    assert not near(pooled(waveforms[:1], weights=mask), pooled(changed, weights=mask))


@torch.inference_mode()
def test_a_silent_speaker_has_no_voice(waveforms):
    silent = torch.zeros(1, FRAMES)
    assert CutCampplus().eval()(waveforms[:1], weights=silent).isnan().all()
    assert PooledCampplus().eval()(waveforms[:1], weights=silent).isfinite().all()
