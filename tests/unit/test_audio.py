"""What decoding promises: every allowed form is read, every broken one gets its own reason."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.audio import decode
from pipeline.audio.raw import parse_raw_format
from pipeline.errors import RECORDING_REASONS, RecordingError
from pipeline.settings import AudioSettings, load_settings
from pipeline.types import DecodedAudio, Recording
from tests.audio_files import (
    BrokenFile,
    Sound,
    broken_files,
    channels,
    pcm_wav_bytes,
    voice,
    write_amr_wb,
    write_audio,
    write_g729_wav,
    write_gsm_wav,
    write_wav,
)

LIMITS = load_settings().audio


def limits(**changes: float) -> AudioSettings:
    return LIMITS.model_copy(update=changes)


def decoded(path: Path, raw_format: str | None = None, within: AudioSettings = LIMITS) -> DecodedAudio:
    return decode(Recording(path=path, raw_format=raw_format), within)


def reason(path: Path, raw_format: str | None = None, within: AudioSettings = LIMITS) -> str:
    with pytest.raises(RecordingError) as caught:
        decoded(path, raw_format, within)
    return caught.value.reason


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# --- forms that are read ---------------------------------------------------------------------

WAV_CODECS = [
    "pcm_u8",
    "pcm_s16le",
    "pcm_s24le",
    "pcm_s32le",
    "pcm_f32le",
    "pcm_alaw",
    "pcm_mulaw",
    "adpcm_ima_wav",
    "adpcm_ms",
]


@pytest.mark.parametrize("codec", WAV_CODECS)
def test_wav_codecs_keep_length_and_level(tmp_path: Path, codec: str) -> None:
    audio = decoded(write_wav(tmp_path / "a.wav", channels(voice(2.0)), 8000, codec))
    assert (audio.container, audio.codec, audio.source_rate, audio.source_channels) == ("wav", codec, 8000, 1)
    assert abs(audio.duration_ms - 2000) <= 65  # ADPCM fills its last block
    (channel,) = audio.channels
    assert channel.samples.dtype == np.float32
    assert abs(_rms_dbfs(channel.samples) + 20.0) < 1.0


@pytest.mark.parametrize(
    ("codec", "muxer", "name", "container", "rate"),
    [
        ("libmp3lame", "mp3", "mp3", "mp3", 8000),
        ("libmp3lame", "mp3", "mp3", "mp3", 44100),
        ("libopencore_amrnb", "amr", "amr_nb", "amr", 8000),
        ("libopus", "ogg", "opus", "ogg", 48000),
        ("aac", "ipod", "aac", "mp4", 16000),
        ("aac", "adts", "aac", "aac", 16000),
        ("flac", "flac", "flac", "flac", 11025),
        ("wmav2", "asf", "wmav2", "asf", 16000),
        ("libopus", "webm", "opus", "matroska", 48000),
        ("alac", "ipod", "alac", "mp4", 8000),
        ("g722", "wav", "adpcm_g722", "wav", 16000),
        ("g726", "wav", "adpcm_g726", "wav", 8000),
        ("g723_1", "wav", "g723_1", "wav", 8000),
        ("pcm_mulaw", "au", "pcm_mulaw", "au", 8000),
    ],
)
def test_compressed_formats(
    tmp_path: Path, codec: str, muxer: str, name: str, container: str, rate: int
) -> None:
    path = write_audio(
        tmp_path / "named_wrongly.txt",
        channels(voice(3.0, rate)),
        rate,
        codec=codec,
        container=muxer,
        bit_rate={"libopencore_amrnb": 12200, "g723_1": 6300}.get(codec, 32000),
    )
    audio = decoded(path)
    assert (audio.container, audio.codec, audio.source_rate) == (container, name, rate)
    assert abs(audio.duration_ms - 3000) <= 200  # encoder delay
    assert abs(_rms_dbfs(audio.channels[0].samples) + 20.0) < 2.0


def test_vorbis_in_stereo(tmp_path: Path) -> None:
    sound = channels(voice(3.0, 16000), voice(3.0, 16000, seed=1))
    audio = decoded(write_audio(tmp_path / "a.ogg", sound, 16000, codec="vorbis", container="ogg"))
    assert (audio.container, audio.codec, len(audio.channels)) == ("ogg", "vorbis", 2)


def test_g729_in_wav(tmp_path: Path) -> None:
    audio = decoded(write_g729_wav(tmp_path / "a.wav", 4.0))
    assert (audio.container, audio.codec, audio.duration_ms) == ("wav", "g729", 4000)


def test_gsm_and_amr_wb(tmp_path: Path) -> None:
    gsm = decoded(write_gsm_wav(tmp_path / "gsm.wav", 4.0))
    amr = decoded(write_amr_wb(tmp_path / "call.awb", 4.0))
    assert (gsm.codec, gsm.source_rate, gsm.duration_ms) == ("gsm_ms", 8000, 4000)
    assert (amr.codec, amr.source_rate, amr.duration_ms) == ("amr_wb", 16000, 4000)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_rates_and_channels(tmp_path: Path, rate: int, count: int) -> None:
    sound = channels(*(voice(1.5, rate, seed=i, level_dbfs=-18.0 - 3 * i) for i in range(count)))
    audio = decoded(write_wav(tmp_path / "a.wav", sound, rate))
    assert (audio.sample_rate, audio.source_rate, audio.source_channels) == (16000, rate, count)
    assert [c.index for c in audio.channels] == list(range(count))
    assert abs(audio.duration_ms - 1500) <= 1
    for index, channel in enumerate(audio.channels):
        assert abs(len(channel.samples) - audio.duration_ms * 16) < 16
        assert abs(_rms_dbfs(channel.samples) - (-18.0 - 3 * index)) < 0.5


def test_resampling_keeps_pitch(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100).astype(np.float32) * 0.5
    samples = decoded(write_wav(tmp_path / "a.wav", channels(tone), 44100)).channels[0].samples
    spectrum = np.abs(np.fft.rfft(samples[:16000] * np.hanning(16000)))
    assert int(spectrum.argmax()) == 1000


def test_digest_is_of_the_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", channels(voice(2.0)))
    assert decoded(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_tags_in_gbk_do_no_harm(tmp_path: Path) -> None:
    tag = "录音系统".encode("gb18030")
    info = b"INFOINAM" + len(tag).to_bytes(4, "little") + tag
    tail = b"LIST" + len(info).to_bytes(4, "little") + info
    path = put(tmp_path / "a.wav", pcm_wav_bytes(channels(voice(2.0)), tail=tail))
    assert decoded(path).duration_ms == 2000


def test_floats_out_of_range_are_tamed(tmp_path: Path) -> None:
    sound = voice(2.0, 16000)
    path = write_wav(tmp_path / "a.wav", channels(sound), 16000, "pcm_f32le")
    content = bytearray(path.read_bytes())
    content[-4000:] = np.array([np.nan, np.inf, -np.inf, 1e30, 7.0] * 200, "<f4").tobytes()
    path.write_bytes(content)
    samples = decoded(path).channels[0].samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0


# --- headerless sound ------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.float32, 12000, elements=st.floats(-0.5, 0.5, width=32)),
    st.sampled_from(["alaw", "mulaw", "s16le"]),
    st.sampled_from([1, 2]),
)
def test_raw_sound_is_the_same_sound_as_in_wav(
    tmp_path_factory: pytest.TempPathFactory, noise: Sound, law: str, count: int
) -> None:
    folder = tmp_path_factory.mktemp("raw")
    sound = (noise + voice(1.5)).clip(-1, 1).reshape(1, -1).repeat(count, axis=0)
    sound[-1] = sound[-1, ::-1]
    wav = decoded(write_wav(folder / "a.wav", sound, 8000, f"pcm_{law}"))
    raw_path = write_audio(folder / "a.raw", sound, 8000, codec=f"pcm_{law}", container=law)
    raw = decoded(raw_path, f"{law}:8000:{count}" if count > 1 else law)
    assert (raw.container, raw.codec, raw.source_channels) == (law, f"pcm_{law}", count)
    for a, b in zip(wav.channels, raw.channels, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)


def test_raw_gsm_as_asterisk_writes_it(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 256, (200, 33), dtype=np.uint8)
    frames[:, 0] = frames[:, 0] & 0x0F | 0xD0  # the signature of a frame (RFC 3551, section 4.5.8)
    audio = decoded(put(tmp_path / "a.gsm", frames.tobytes()), "gsm")
    assert (audio.container, audio.codec, audio.source_rate) == ("gsm", "gsm", 8000)
    assert audio.duration_ms == 4000


def test_a_header_wins_over_the_declaration(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", channels(voice(2.0)), 8000)
    assert decoded(path, "alaw:8000:2").container == "wav"


def test_raw_sound_that_looks_like_text_or_mp3_is_still_sound(tmp_path: Path) -> None:
    assert reason(put(tmp_path / "alaw_idle", b"\x55" * 16000), "alaw") == "silent"
    assert reason(put(tmp_path / "mulaw_idle", b"\xff" * 16000), "mulaw") == "silent"


def test_a_web_page_is_no_raw_sound(tmp_path: Path) -> None:
    assert reason(put(tmp_path / "a.al", b"<html><body>" + b"x" * 20000), "alaw") == "not_audio"


@pytest.mark.parametrize(
    "text", ["pcm", "alaw:", "alaw:0", "mulaw:8000:0", "alaw:8000:2:1", "mulaw:8k", "gsm:8000:2", ""]
)
def test_unknown_declarations_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="alaw or mulaw"):
        parse_raw_format(text)
    assert reason(put(tmp_path / "a.al", b"\x80" * 16000), text) == "unsupported_container"


def test_declared_channels_and_rates_have_limits(tmp_path: Path) -> None:
    path = put(tmp_path / "a.al", voice(2.0).tobytes())
    assert reason(path, "alaw:8000:9") == "too_many_channels"
    assert reason(path, "alaw:2000:1") == "unsupported_rate"


# --- broken files ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BrokenFile]:
    return {file.name: file for file in broken_files(tmp_path_factory.mktemp("broken"))}


BROKEN = [
    *("no_bytes", "web_page", "text", "json", "random_bytes", "picture", "silk", "playlist", "concat"),
    *("plain_zip", "locked_zip", "openssl", "pgp_armor", "pgp_binary", "locked_pdf", "locked_office", "half"),
    *("cut_in_header", "header_only", "no_sound_in_it", "silence", "one_blip", "ten_channels", "slow_clock"),
    *("no_such_codec", "damaged_flac", "absent", "a_folder", "loop"),
]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_get_their_reason(broken: dict[str, BrokenFile], name: str) -> None:
    file = broken[name]
    with pytest.raises(RecordingError) as caught:
        decoded(file.path)
    assert caught.value.reason == file.reason
    assert file.path.name not in str(caught.value)  # names of recordings hold telephone numbers


def test_every_reason_is_met(broken: dict[str, BrokenFile]) -> None:
    assert set(BROKEN) == set(broken)
    met = {file.reason for file in broken.values()}
    assert set(RECORDING_REASONS) - met == {"too_long"}  # its own test


def test_the_message_says_what_was_recognised(broken: dict[str, BrokenFile]) -> None:
    with pytest.raises(RecordingError, match="password-protected zip"):
        decoded(broken["locked_zip"].path)
    with pytest.raises(RecordingError, match=r"announces 4\.0 s, the file holds 2\.0 s"):
        decoded(broken["half"].path)


def test_pipes_and_devices_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert reason(tmp_path / "pipe.wav") == "not_a_file"
    assert reason(Path("/dev/zero")) == "not_a_file"


def test_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(stream.encode(None))
    assert reason(path) == "unsupported_container"


def test_a_protected_m4a_is_encrypted(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.m4a", channels(voice(2.0, 16000)), 16000, codec="aac", container="ipod")
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"enca", 1))
    assert reason(path) == "encrypted"


# --- sizes in headers ------------------------------------------------------------------------


@pytest.mark.parametrize("data_size", [0, 0xFFFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("riff_size", [None, 0, 0xFFFFFFFF])
def test_a_streaming_header_is_no_truncation(tmp_path: Path, data_size: int, riff_size: int | None) -> None:
    content = pcm_wav_bytes(channels(voice(3.0)), data_size=data_size, riff_size=riff_size)
    assert decoded(put(tmp_path / "a.wav", content)).duration_ms == 3000


def test_ten_times_too_much_data_announced_in_a_whole_file(tmp_path: Path) -> None:
    content = pcm_wav_bytes(channels(voice(3.0)), data_size=480000)
    assert decoded(put(tmp_path / "a.wav", content)).duration_ms == 3000


def test_both_sizes_too_big_is_truncation(tmp_path: Path) -> None:
    content = pcm_wav_bytes(channels(voice(3.0)), data_size=480000, riff_size=480036)
    assert reason(put(tmp_path / "a.wav", content)) == "truncated"


def test_a_header_that_was_never_updated_does_not_hide_sound(tmp_path: Path) -> None:
    content = pcm_wav_bytes(channels(voice(3.0)), data_size=16000, riff_size=16036)
    assert decoded(put(tmp_path / "a.wav", content)).duration_ms == 3000


def test_metadata_after_the_sound_is_not_played(tmp_path: Path) -> None:
    tail = b"LIST" + (4000).to_bytes(4, "little") + b"\x7f" * 4000
    content = pcm_wav_bytes(channels(voice(3.0)), tail=tail)
    assert decoded(put(tmp_path / "a.wav", content)).duration_ms == 3000


def test_little_missing_is_tolerated(tmp_path: Path) -> None:
    content = pcm_wav_bytes(channels(voice(5.0)))
    path = put(tmp_path / "a.wav", content[: -16000 * 9 // 10])
    assert decoded(path).duration_ms == 4100
    assert reason(path, within=limits(truncation_tolerance_s=0.5)) == "truncated"


@pytest.mark.parametrize(
    ("codec", "muxer"),
    [
        *[("flac", "flac"), ("aac", "ipod"), ("libopus", "ogg"), ("wmav2", "asf"), ("libmp3lame", "mp3")],
        *[("libopus", "webm"), ("pcm_alaw", "au"), ("g722", "wav")],
    ],
)
def test_half_a_compressed_file_is_truncated(tmp_path: Path, codec: str, muxer: str) -> None:
    path = tmp_path / "a"
    write_audio(path, channels(voice(8.0, 16000)), 16000, codec=codec, container=muxer, bit_rate=32000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert reason(path) == "truncated"


def test_a_browser_s_recording_says_nothing_of_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    write_audio(path, channels(voice(8.0, 48000)), 48000, codec="libopus", container="webm", bit_rate=32000)
    content = bytearray(path.read_bytes())
    size = content.index(b"\x18\x53\x80\x67") + 4
    content[size : size + 8] = (
        b"\x01" + b"\xff" * 7
    )  # unknown, as a live stream has it (RFC 8794, section 6.2)
    path.write_bytes(content)
    assert abs(decoded(path).duration_ms - 8000) <= 200
    path.write_bytes(content[: len(content) // 2])
    assert 2000 < decoded(path).duration_ms < 6000


def test_pages_lost_to_damage_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    write_audio(path, channels(voice(20.0, 48000)), 48000, codec="libopus", container="ogg", bit_rate=24000)
    content = bytearray(path.read_bytes())
    for share in range(3, 9):
        content[len(content) * share // 10] ^= 0x55
    path.write_bytes(content)
    assert reason(path) == "truncated"


@pytest.mark.parametrize(
    ("codec", "muxer"), [("libmp3lame", "mp3"), ("aac", "ipod"), ("flac", "flac"), ("wmav2", "asf")]
)
def test_a_scratch_does_not_cost_the_call(tmp_path: Path, codec: str, muxer: str) -> None:
    path = tmp_path / "a"
    write_audio(path, channels(voice(20.0, 16000)), 16000, codec=codec, container=muxer, bit_rate=32000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)
    assert abs(decoded(path).duration_ms - 20000) < 400


def test_an_impossible_seek_is_the_content_s_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.wma"
    write_audio(path, channels(voice(2.0, 16000)), 16000, codec="wmav2", container="asf", bit_rate=32000)
    whole, rng = path.read_bytes(), random.Random(1)
    reasons = set()
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(10):
            content[rng.randrange(16, 600)] = rng.choice([0x00, 0xFF])
        path.write_bytes(content)
        try:
            decoded(path)
        except RecordingError as error:
            reasons.add(error.reason)
    assert "decode_failed" in reasons
    assert "unreadable_file" not in reasons
    assert capfd.readouterr().err == ""


def test_a_cut_mp3_without_a_frame_count_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    write_audio(path, channels(voice(8.0)), 8000, codec="libmp3lame", container="mp3", bit_rate=32000)
    frames = path.read_bytes().replace(b"Info", b"\0\0\0\0").replace(b"Xing", b"\0\0\0\0")
    path.write_bytes(frames[: len(frames) // 2])
    assert 3500 < decoded(path).duration_ms < 4500


# --- limits ----------------------------------------------------------------------------------


def test_a_bomb_is_stopped_by_decoded_seconds(tmp_path: Path) -> None:
    silence = np.zeros((1, 16000 * 600), np.float32)
    path = write_audio(tmp_path / "a.flac", silence, 16000, codec="flac", container="flac")
    assert path.stat().st_size * 20 < silence.nbytes / 2
    assert reason(path, within=limits(max_seconds=30)) == "too_long"


def test_length_limits_are_inclusive(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", channels(voice(2.0)))
    assert decoded(path, within=limits(min_seconds=2.0, max_seconds=2.0)).duration_ms == 2000
    assert reason(path, within=limits(min_seconds=2.01)) == "too_short"
    assert reason(path, within=limits(max_seconds=1.99)) == "too_long"


def _rms_dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))
