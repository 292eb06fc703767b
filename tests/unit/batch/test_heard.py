"""What was heard comes back exactly, or not at all."""

import gzip
import stat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.heard import Kept, drop, keep, place_of, take
from pipeline.types import (
    AudioQuality,
    Channel,
    Correction,
    DecodedAudio,
    Removal,
    Role,
    SoundFault,
    Transcript,
    Turn,
    Word,
)


def kept(level=-20.0, probability=0.5, text="您好", key="k"):
    channels = (
        Channel(index=0, samples=np.ones(1_000, np.float32), level_dbfs=level, dead=False),
        Channel(index=1, samples=np.zeros(1_000, np.float32), level_dbfs=float("-inf"), dead=True),
    )
    audio = DecodedAudio(
        channels=channels,
        sample_rate=16_000,
        duration_ms=1_000,
        sha256="0" * 64,
        container="wav",
        codec="pcm",
        source_rate=8_000,
        source_channels=2,
    )
    word = Word(text=text, start_ms=0, end_ms=900, probability=probability)
    turns = (
        Turn(
            index=0,
            role=Role.AGENT,
            role_confidence=probability,
            text=text,
            start_ms=0,
            end_ms=900,
            words=(word,),
            channel=0,
            speaker="channel 0",
            overlap=True,
            asr_confidence=probability,
            level_db=level,
        ),
        Turn(index=1, role=Role.UNKNOWN, role_confidence=0.0, text=""),
    )
    transcript = Transcript(
        turns=turns,
        removals=(Removal(start_ms=0, end_ms=1, reason="loop", characters=2),),
        corrections=(
            Correction(
                start_ms=0,
                end_ms=1,
                original="坏账",
                corrected="还账",
                kind="trade",
                reason="sound",
                distance=0.1,
                probability=probability,
            ),
        ),
        speech_ms=900,
        quality=(
            AudioQuality(
                channel=0,
                codec="pcm",
                source_rate=8_000,
                level_dbfs=level,
                snr_db=12.5,
                clipped=0.0,
                bandwidth_hz=3_400,
                faults=(SoundFault.NOISY,),
            ),
        ),
        unreachable=None,
    )
    return Kept(key=key, listened_by={"asr": "fake/1"}, audio=audio, transcript=transcript)


@given(
    level=st.floats(-120, 0),
    probability=st.floats(0, 1),
    text=st.text(st.characters(exclude_categories=()), max_size=5),
)
def test_all_but_the_sound_comes_back_to_the_last_bit(tmp_path_factory, level, probability, text):
    path = place_of(tmp_path_factory.mktemp("heard"), "a/b")
    was = kept(level, probability, text)
    sha256 = keep(was, path)
    again, told = take(path)
    assert (told, again.transcript, again.listened_by, again.key) == (
        sha256,
        was.transcript,
        was.listened_by,
        "k",
    )
    assert [(c.index, c.level_dbfs, c.dead, c.samples.size) for c in again.audio.channels] == [
        (0, level, False, 0),
        (1, float("-inf"), True, 0),
    ]
    assert again.audio.duration_ms == 1_000


def test_numbers_of_numpy_are_kept_as_exactly(tmp_path):
    path = tmp_path / "a.json.gz"
    keep(kept(probability=np.float32(0.1)), path)
    assert take(path)[0].transcript.turns[0].words[0].probability == float(np.float32(0.1))


def test_the_digest_is_of_what_was_heard_and_not_of_what_it_was_made_from(tmp_path):
    one, other = (keep(kept(key=key), tmp_path / f"{key}.json.gz") for key in "kl")
    assert one == other
    assert keep(kept(text="再见"), tmp_path / "c.json.gz") != one


def test_the_same_gives_the_same_bytes(tmp_path):
    for name in "ab":
        keep(kept(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_only_the_owner_can_read_it(tmp_path):
    keep(kept(), tmp_path / "a.json.gz")
    assert stat.S_IMODE((tmp_path / "a.json.gz").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no JSON", mtime=0),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"form": "tinghe.heard/0"}', mtime=0),
        gzip.compress(b'{"form": "tinghe.heard/1", "key": "k", "sha256": "0", "heard": {}}', mtime=0),
    ],
)
def test_a_file_that_is_none_counts_as_nothing(tmp_path, content):
    path = tmp_path / "a.json.gz"
    path.write_bytes(content)
    assert take(path) is None


def test_every_cut_of_a_file_counts_as_nothing(tmp_path):
    path = tmp_path / "a.json.gz"
    keep(kept(), path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert take(path) is None, length


def test_what_is_dropped_is_gone(tmp_path):
    path = tmp_path / "a.json.gz"
    keep(kept(), path)
    drop(path)
    drop(path)
    assert take(path) is None
