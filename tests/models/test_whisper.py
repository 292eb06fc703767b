"""Both Whisper engines: the conversion of weights, and what becomes of what they say."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from models import registry
from models.asr_faster_whisper import FasterWhisperTranscriber
from models.asr_segments import RawWord, build_segment
from models.weights import Catalogue
from models.whisper_convert import convert_whisper, read_variables
from pipeline.errors import EngineError, ModelError, WeightsError
from pipeline.settings import Settings
from pipeline.types import Samples, Segment

KINDS = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}


def ct2_bytes(variables: dict[str, np.ndarray], aliases: dict[str, str], version: int = 6) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, values in variables.items():
        out.append(
            text(name) + struct.pack("<B", values.ndim) + struct.pack(f"<{values.ndim}I", *values.shape)
        )
        out.append(struct.pack("<BI", KINDS[values.dtype.name], values.nbytes) + values.tobytes())
    out.append(struct.pack("<I", len(aliases)))
    out += [text(alias) + text(name) for alias, name in aliases.items()]
    return b"".join(out)


def tiny_whisper(kind: str = "float16") -> dict[str, np.ndarray]:
    """Four values a state, one layer a side; numbers count up."""
    counter = iter(range(1, 10_000))

    def values(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.array([next(counter) for _ in range(size)]).astype(kind).reshape(shape)

    def linear(name: str, outputs: int, inputs: int) -> dict[str, np.ndarray]:
        return {f"{name}/weight": values(outputs, inputs), f"{name}/bias": values(outputs)}

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}/gamma": values(4), f"{name}/beta": values(4)}

    found = {
        "encoder/conv1/weight": values(4, 3, 3),
        "encoder/conv1/bias": values(4),
        "encoder/conv2/weight": values(4, 4, 3),
        "encoder/conv2/bias": values(4),
        "encoder/position_encodings/encodings": values(6, 4),
        "encoder/num_heads": np.array(1, dtype=np.int16),
        "decoder/embeddings/weight": values(7, 4),
        "decoder/position_encodings/encodings": values(5, 4),
        "decoder/num_heads": np.array(1, dtype=np.int16),
        "decoder/activation": np.array(0, dtype=np.int8),
    }
    for side in ("encoder", "decoder"):
        found |= norm(f"{side}/layer_norm")
        layer = f"{side}/layer_0"
        found |= norm(f"{layer}/self_attention/layer_norm")
        found |= linear(f"{layer}/self_attention/linear_0", 12, 4)
        found |= linear(f"{layer}/self_attention/linear_1", 4, 4)
        found |= norm(f"{layer}/ffn/layer_norm")
        found |= linear(f"{layer}/ffn/linear_0", 16, 4) | linear(f"{layer}/ffn/linear_1", 4, 16)
    found |= norm("decoder/layer_0/attention/layer_norm")
    found |= linear("decoder/layer_0/attention/linear_0", 4, 4)
    found |= linear("decoder/layer_0/attention/linear_1", 8, 4)
    found |= linear("decoder/layer_0/attention/linear_2", 4, 4)
    return found


def write_model(folder: Path, content: bytes) -> Path:
    (folder / "model.bin").write_bytes(content)
    (folder / "config.json").write_text(json.dumps({"alignment_heads": [[0, 0]]}))
    return folder


def test_fused_matrices_are_taken_apart(tmp_path: Path) -> None:
    source = tiny_whisper()
    weights = convert_whisper(write_model(tmp_path, ct2_bytes(source, {})))
    fused = source["decoder/layer_0/self_attention/linear_0/weight"]
    for i, part in enumerate(("query", "key", "value")):
        np.testing.assert_array_equal(
            weights.parameters[f"decoder.blocks.0.attn.{part}.weight"], fused[4 * i : 4 * i + 4]
        )
    bias = source["decoder/layer_0/attention/linear_1/bias"]
    np.testing.assert_array_equal(weights.parameters["decoder.blocks.0.cross_attn.value.bias"], bias[4:])
    assert not [name for name in weights.parameters if name.endswith("key.bias")]
    assert weights.alignment_heads == ((0, 0),)


@pytest.mark.audio
def test_converted_weights_fit_whisper_exactly(tmp_path: Path) -> None:
    from whisper.model import ModelDimensions, Whisper

    weights = convert_whisper(write_model(tmp_path, ct2_bytes(tiny_whisper(), {})))
    expected = Whisper(ModelDimensions(**weights.dims)).state_dict()
    assert {k: tuple(v.shape) for k, v in weights.parameters.items()} == {
        k: tuple(v.shape) for k, v in expected.items()
    }


def test_aliases_are_resolved(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(ct2_bytes({"a": np.ones(2, dtype=np.float32)}, {"b": "a"}))
    np.testing.assert_array_equal(read_variables(path)["b"], [1, 1])


@pytest.mark.parametrize(
    "content",
    [b"", b"\x06\0\0\0", ct2_bytes({}, {}, version=5), ct2_bytes(tiny_whisper(), {})[:-300], b"<html>" * 50],
    ids=["empty", "header only", "other version", "cut", "web page"],
)
def test_unreadable_models_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(WeightsError):
        convert_whisper(write_model(tmp_path, content))


def test_quantised_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="quantised"):
        convert_whisper(write_model(tmp_path, ct2_bytes(tiny_whisper("int8"), {})))


def segment(
    *words: tuple[str, float, float], text: str | None = None, duration_ms: int = 5000
) -> Segment | None:
    return build_segment(
        text="".join(w[0] for w in words) if text is None else text,
        start=1.0,
        end=2.0,
        words=[RawWord(text=t, start=s, end=e, probability=0.5) for t, s, e in words],
        duration_ms=duration_ms,
        avg_logprob=-0.3,
        no_speech_prob=0.1,
        compression_ratio=1.0,
        temperature=0.0,
    )


def test_broken_bytes_give_their_time_to_the_word_before() -> None:
    found = segment(("还", 1.0, 1.2), ("\ufffd", 1.2, 1.3), ("款", 1.3, 1.6))
    assert found is not None
    assert found.text == "还款"
    assert [(w.text, w.start_ms, w.end_ms) for w in found.words] == [("还", 1000, 1300), ("款", 1300, 1600)]


def test_nothing_readable_is_no_segment() -> None:
    assert segment((" ", 1.0, 1.2), ("\ufffd", 1.2, 1.3)) is None


def test_text_without_aligned_words_is_spread() -> None:
    found = segment(text="分期 吧")
    assert found is not None
    assert [(w.text, w.start_ms) for w in found.words] == [("分", 1000), ("期", 1333), ("吧", 1667)]
    assert found.words[-1].end_ms == 2000


@given(
    st.lists(
        st.tuples(st.sampled_from(["好", "的", "\ufffd", " 嗯"]), st.floats(-1, 9), st.floats(-1, 9)),
        max_size=12,
    )
)
def test_times_never_run_backwards(words: list[tuple[str, float, float]]) -> None:
    found = segment(*words)
    if found is None:
        return
    starts = [w.start_ms for w in found.words]
    assert starts == sorted(starts)
    assert all(0 <= w.start_ms <= w.end_ms <= 5000 for w in found.words)
    assert found.start_ms <= starts[0]


def test_engine_failure_keeps_its_words_to_itself(settings: Settings) -> None:
    class Broken:
        def transcribe(self, *_: object, **__: object) -> None:
            raise RuntimeError("张先生欠款八千元")

    transcriber = FasterWhisperTranscriber.__new__(FasterWhisperTranscriber)
    transcriber._model, transcriber._settings = Broken(), settings.asr
    with pytest.raises(EngineError, match=r"^faster-whisper failed: RuntimeError$"):
        transcriber.transcribe(np.ones(1600, dtype=np.float32))


def test_a_loop_is_decoded_once_more_without_repetitions(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looping = segment(("好", 1.0, 1.2))
    clean = segment(("好的", 1.0, 1.2))
    assert looping is not None
    assert clean is not None
    looping = build_segment(
        text=looping.text,
        start=1.0,
        end=2.0,
        words=[],
        duration_ms=5000,
        avg_logprob=-0.1,
        no_speech_prob=0.0,
        compression_ratio=9.0,
        temperature=0.0,
    )
    asked: list[dict[str, object]] = []

    def decode(_: object, __: Samples, options: dict[str, object]) -> tuple[Segment | None, ...]:
        asked.append(options)
        return (clean,) if options else (looping,)

    monkeypatch.setattr(FasterWhisperTranscriber, "_decode", decode)
    transcriber = FasterWhisperTranscriber.__new__(FasterWhisperTranscriber)
    assert transcriber.transcribe(np.ones(1600, dtype=np.float32)) == (clean,)
    assert len(asked) == 2
    assert "no_repeat_ngram_size" in asked[1]


@pytest.mark.audio
def test_both_engines_write_the_same_text(settings: Settings, catalogue: Catalogue, speech: Samples) -> None:
    texts = []
    for engine, compute_type in (("faster-whisper", "float32"), ("openai-whisper", "float32")):
        asr = settings.asr.model_copy(update={"engine": engine, "compute_type": compute_type})
        transcriber = registry.build_transcriber(settings.model_copy(update={"asr": asr}), catalogue)
        texts.append("".join(s.text for s in transcriber.transcribe(speech[:80_000])))
    assert len(texts[0]) > 8
    assert Levenshtein.distance(*texts) <= 0.05 * len(texts[0])


@pytest.mark.audio
def test_alignment_heads_are_the_published_ones(catalogue: Catalogue) -> None:
    import base64
    import gzip

    import whisper

    published = np.frombuffer(gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS["base"])), dtype=bool)
    heads = convert_whisper(catalogue.ensure("whisper-base")).alignment_heads
    assert set(heads) == {tuple(pair) for pair in np.argwhere(published.reshape(6, 8)).tolist()}


@pytest.mark.audio
def test_local_folder_without_a_model_is_named(
    settings: Settings, catalogue: Catalogue, tmp_path: Path
) -> None:
    asr = settings.asr.model_copy(update={"model_path": str(tmp_path)})
    with pytest.raises(ModelError, match="faster-whisper cannot be loaded"):
        registry.build_transcriber(settings.model_copy(update={"asr": asr}), catalogue)
