"""Gemma's reader, tokenizer and network, on tiny weights made here; the blend with n-grams."""

import json
import struct

import numpy as np
import pytest
import torch

from models.embed_gemma import LAYERS, GemmaEmbedder
from models.gemma_net import WINDOW, Gemma, GemmaShape, Pieces, rotated
from models.gguf_file import GgufFile
from models.opinion_embedded import EmbeddedOpinion, prompt, train_heads
from models.opinion_ngrams import NgramOpinion
from models.opinion_training import read_lines, train
from pipeline.errors import WeightsError
from pipeline.ports import Said
from pipeline.types import Role, Tone

pytestmark = pytest.mark.slow

BYTES = {f"<0x{b:02X}>": -1000.0 for b in range(256)}
SCORES = {
    "<bos>": -1000.0,
    "▁": -9.0,
    "我": -5.0,
    "们": -6.0,
    "还": -7.0,
    "款": -8.0,
    "我们": -1.0,
    "们还": -2.0,
}
SHAPE = GemmaShape(layers=max(LAYERS), width=640, hidden=16, heads=2, head_width=8)


def gguf(path, kind, shape, data):
    """A file with one fact and one tensor."""
    name = b"some.weight"
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, 1)
    head += struct.pack("<Q5sII", 5, b"width", 4, 7)
    head += struct.pack("<Q", len(name)) + name
    head += struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, 0)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)
    return path


def test_float_matrix_keeps_facts_and_rows(tmp_path):
    values = np.arange(6, dtype=np.float32)
    file = GgufFile(gguf(tmp_path / "m.gguf", 0, (3, 2), values.tobytes()))
    assert file.metadata == {"width": 7}
    np.testing.assert_array_equal(file.tensor("some.weight"), values.reshape(2, 3))
    np.testing.assert_array_equal(file.tensor("some.weight", [1]), [[3, 4, 5]])


def test_five_bit_blocks_are_nibbles_with_a_fifth_bit(tmp_path):
    block = (
        np.float16(0.5).tobytes() + (1 | 1 << 31).to_bytes(4, "little") + bytes([0x3A] + [0] * 14 + [0xF0])
    )
    found = GgufFile(gguf(tmp_path / "m.gguf", 6, (32,), block)).tensor("some.weight")
    assert found[0] == 0.5 * (0xA + 16 - 16)
    assert found[16] == 0.5 * (0x3 - 16)
    assert found[31] == 0.5 * (0xF + 16 - 16)


@pytest.mark.parametrize(("kind", "size"), [(99, 4), (0, 3)])
def test_unknown_formats_and_short_files_are_refused(tmp_path, kind, size):
    file = GgufFile(gguf(tmp_path / "m.gguf", kind, (1,), b"\0" * size))
    with pytest.raises(WeightsError, match=r"some\.weight"):
        file.tensor("some.weight")


def test_the_best_pair_is_joined_first_and_bytes_stand_in():
    pieces = Pieces(SCORES | BYTES)
    names = list(SCORES | BYTES)
    assert [names[i] for i in pieces.encode("我们还款")] == ["我们", "还", "款"]
    assert [names[i] for i in pieces.encode("债")] == [f"<0x{b:02X}>" for b in "债".encode()]
    assert pieces.decode(pieces.encode("我们 还债？")) == "我们 还债？"


def test_rotation_keeps_length_and_depends_on_distance_only():
    x, y = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    a, b = rotated(x.expand(6, 8), 100.0), rotated(y.expand(6, 8), 100.0)
    torch.testing.assert_close(a.norm(dim=1), x.norm().expand(6))
    torch.testing.assert_close(a[1] @ b[3], a[2] @ b[4])


@pytest.fixture(scope="module")
def embedder():
    torch.manual_seed(1)
    network = Gemma(SHAPE, len(SCORES | BYTES)).eval()
    return GemmaEmbedder(network, Pieces(SCORES | BYTES), "0" * 64)


def test_later_tokens_and_padding_change_nothing_before_them(embedder):
    network = embedder._network
    with torch.inference_mode():
        short = network(torch.tensor([[0, 2, 3]]), [2])[0]
        long = network(torch.tensor([[0, 2, 3, 5, 4]]), [2])[0]
    torch.testing.assert_close(short, long[:, :3])
    with pytest.raises(ValueError, match=str(WINDOW)):
        network(torch.zeros(1, WINDOW + 1, dtype=torch.long), [1])


def test_a_row_depends_on_its_text_and_what_stands_before_not_on_its_batch(embedder):
    alone = embedder.embed([("我：", "还款")])
    fresh = GemmaEmbedder(embedder._network, embedder._pieces, "0" * 64)
    among = fresh.embed([("", "我们还款我们还款"), ("我：", "还款"), ("", ""), ("", "还款")])
    assert among.shape == (4, GemmaEmbedder.size)
    np.testing.assert_allclose(among[1], alone[0], atol=1e-4)
    assert np.abs(among[3] - among[1]).max() > 1e-3
    assert np.isfinite(among).all()
    np.testing.assert_array_equal(fresh.embed([("我：", "还款")])[0], among[1])


def test_texts_longer_than_the_window_are_read_in_part(embedder):
    assert np.isfinite(embedder.embed([("还" * 900, "款" * 900)])).all()


def test_prompt_says_who_speaks_to_whom():
    said = Said.of(Role.AGENT, "请转告他回电", "你找谁？", {"callee_role": "relative"})
    assert prompt(said) == ("第三人：你找谁？\n催收员对第三人：", "请转告他回电")
    assert prompt(Said.of(Role.CUSTOMER, "好", "", {}))[0] == "欠款人："


@pytest.fixture(scope="module")
def opinion(embedder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rows = [
        {
            "speaker": "agent",
            "text": ("我找人揍你" if bad else "我帮您登记")
            + f"{'啊吧呢嘛了'[n % 5]}，{'一二三四'[n % 4]}号见。",
            "violations": ["threat"] if bad else [],
            "tone": "hostile" if bad else "warm",
            "family": f"{bad}-{n % 8}",
        }
        for n in range(45)
        for bad in (True, False)
    ]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "threat.jsonl").write_text(content, encoding="utf-8")
    lines = read_lines(folder)
    train(lines, folder / "ngrams.npz")
    train_heads(lines, embedder, folder / "heads.npz")
    ngrams, heads = (dict(np.load(folder / name)) for name in ("ngrams.npz", "heads.npz"))
    return EmbeddedOpinion(NgramOpinion(ngrams, "1" * 64), embedder, heads)


def test_blend_tells_what_both_tiers_learned(opinion):
    bad, good = opinion.judge(
        [Said.of(Role.AGENT, t, "", {}) for t in ("好，我找人揍你啊", "好，我帮您登记啊")]
    )
    assert bad.rules["threat"] > 0.5 > good.rules["threat"]
    assert bad.tones[Tone.HOSTILE] > good.tones[Tone.HOSTILE]
    assert sum(bad.tones.values()) == pytest.approx(1.0)


def test_every_likely_label_has_a_clause_even_where_ngrams_doubt(opinion):
    said = Said.of(Role.AGENT, "三号见，我找人揍你啊。", "", {})
    spans = opinion._spans(said, {"threat"}, {})
    start, end = spans["threat"]
    assert said.text[start:end] == "我找人揍你啊"


def test_identity_names_both_tiers(opinion):
    assert "gemma-3-270m@000000000000" in opinion.identity
    assert "lines@111111111111" in opinion.identity
