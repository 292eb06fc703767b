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
from models.asr_segments import (
    AlignedWord,
    RawWord,
    TimedText,
    WindowText,
    build_segment,
    encoded_samples,
    in_batches,
    window_segments,
)
from models.ct2_file import Ct2File
from models.weights import Catalogue
from models.whisper_convert import convert_whisper
from models.whisper_tokens import split_at_timestamps
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
    np.testing.assert_array_equal(Ct2File.read(path).variables["b"], [1, 1])


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
        def feature_extractor(self, *_: object, **__: object) -> None:
            raise RuntimeError("张先生欠款八千元")

    transcriber = FasterWhisperTranscriber.__new__(FasterWhisperTranscriber)
    transcriber._model, transcriber._settings = Broken(), settings.asr
    with pytest.raises(EngineError, match=r"^faster-whisper failed: \w+$") as caught:
        transcriber.transcribe([np.ones(1600, dtype=np.float32)], beam_size=1)
    assert "八千" not in str(caught.value)


FIRST_TIMESTAMP, END = 50_364, 50_257


def at(seconds: float) -> int:
    return FIRST_TIMESTAMP + round(seconds / 0.02)


@pytest.mark.parametrize(
    ("tokens", "stretches"),
    [
        ([], []),
        ([at(0), 5, 6, at(1.5)], [((5, 6), 0.0, 1.5)]),
        ([at(0), 5, at(1), at(1.4), 6, at(2)], [((5,), 0.0, 1.0), ((6,), 1.4, 2.0)]),
        ([at(0.2), 5, at(1), 6], [((5,), 0.2, 1.0), ((6,), 1.0, None)]),
        ([5, 6], [((5, 6), 0.0, None)]),
        ([at(0), at(3)], []),
        ([at(0), 5, END, at(2)], [((5,), 0.0, 2.0)]),
    ],
)
def test_timestamps_part_the_text(tokens: list[int], stretches: list[tuple[object, ...]]) -> None:
    found = split_at_timestamps(tokens, first_timestamp=FIRST_TIMESTAMP, end=END)
    assert [s.tokens for s in found] == [s[0] for s in stretches]
    assert [s.start_s for s in found] == pytest.approx([s[1] for s in stretches])
    assert [s.end_s is None for s in found] == [s[2] is None for s in stretches]


@given(st.lists(st.one_of(st.integers(0, 900), st.integers(0, 1500).map(lambda i: FIRST_TIMESTAMP + i))))
def test_no_text_token_is_lost_or_said_twice(tokens: list[int]) -> None:
    found = split_at_timestamps(tokens, first_timestamp=FIRST_TIMESTAMP, end=END)
    assert [t for s in found for t in s.tokens] == [t for t in tokens if t < END]


def test_words_go_to_the_text_that_is_made_of_their_tokens() -> None:
    written = WindowText(
        texts=(
            TimedText(text="好的", tokens=3, start=0.0, end=0.6),
            TimedText(text="再见", tokens=2, start=0.9, end=1.8),
        ),
        words=tuple(
            AlignedWord(text=text, start=start, end=start + 0.2, probability=0.9, tokens=size)
            for text, start, size in (("好", 0.1, 2), ("的", 0.3, 1), ("再", 1.0, 1), ("见", 1.2, 1))
        ),
        avg_logprob=-0.2,
        no_speech_prob=0.1,
    )
    first, second = window_segments(np.zeros(32_000, np.float32), written)
    assert ["".join(w.text for w in s.words) for s in (first, second)] == ["好的", "再见"]
    assert (first.end_ms, second.end_ms) == (600, 1_800)


@pytest.mark.parametrize(("ends", "kept"), [((None,), 1), ((0.6, None), 1), ((0.6, 1.4), 2)])
def test_a_text_that_breaks_off_is_left_for_the_next_window(
    ends: tuple[float | None, ...], kept: int
) -> None:
    texts = tuple(TimedText(text="好", tokens=1, start=float(i), end=end) for i, end in enumerate(ends))
    written = WindowText(texts=texts, words=(), avg_logprob=-0.2, no_speech_prob=0.1)
    segments = window_segments(np.zeros(48_000, np.float32), written)
    assert len(segments) == kept
    assert segments[-1].end_ms == (3_000 if ends == (None,) else round((ends[kept - 1] or 0) * 1000))


@pytest.mark.parametrize(("seconds", "encoded"), [(0.5, 15), (15, 15), (15.01, 20), (20.5, 30), (30, 30)])
def test_windows_are_encoded_at_the_next_of_few_lengths(seconds: float, encoded: int) -> None:
    assert encoded_samples(round(seconds * 16_000)) == encoded * 16_000


def test_more_than_whisper_hears_is_refused() -> None:
    with pytest.raises(ValueError, match="30 s"):
        encoded_samples(30 * 16_000 + 1)


def test_batches_hold_windows_of_one_encoded_length() -> None:
    windows = [np.zeros(seconds * 16_000, np.float32) for seconds in (3, 28, 15, 30, 1)]
    assert list(in_batches(range(5), windows, 2)) == [(0, 2), (4,), (1, 3)]


@pytest.mark.audio
@pytest.mark.parametrize("engine", ["faster-whisper", "openai-whisper"])
def test_a_window_does_not_depend_on_the_windows_beside_it(
    settings: Settings, catalogue: Catalogue, speech: Samples, engine: str
) -> None:
    asr = settings.asr.model_copy(update={"engine": engine})
    transcriber = registry.build_transcriber(settings.model_copy(update={"asr": asr}), catalogue)
    windows = [speech[:64_000], speech[64_000:176_000], speech[30_000:100_000]]
    together = transcriber.transcribe(windows, beam_size=2)
    alone = [transcriber.transcribe([window], beam_size=2)[0] for window in windows]
    assert [[s.text for s in found] for found in together] == [[s.text for s in found] for found in alone]


@pytest.mark.audio
def test_both_engines_write_the_same_text(settings: Settings, catalogue: Catalogue, speech: Samples) -> None:
    texts = []
    for engine, compute_type in (("faster-whisper", "float32"), ("openai-whisper", "float32")):
        asr = settings.asr.model_copy(update={"engine": engine, "compute_type": compute_type})
        transcriber = registry.build_transcriber(settings.model_copy(update={"asr": asr}), catalogue)
        (segments,) = transcriber.transcribe([speech[:80_000]], beam_size=settings.asr.beam_size)
        texts.append("".join(s.text for s in segments))
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
    with pytest.raises(ModelError, match="no vocabulary"):
        registry.build_transcriber(settings.model_copy(update={"asr": asr}), catalogue)
