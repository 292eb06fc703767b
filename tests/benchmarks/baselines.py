"""What others would run, with one thread and their own defaults unless said."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.clock import DECODE, SPEAKERS, WORDS, Clock
from tests.benchmarks.systems import SEED, Heard, Recorded, Setup

LANGUAGE = "zh"


def _one_thread() -> None:
    """Torch asks the environment for it too; said again, as a second thread would count as CPU time."""
    import torch

    torch.set_num_threads(1)


def _sound(recorded: Recorded, clock: Clock) -> Any:
    """All channels mixed to one at 16 kHz, as these programs do with a file."""
    from faster_whisper import decode_audio

    with clock.stage(DECODE):
        return decode_audio(recorded.path)


class FasterWhisper:
    """The sequential algorithm with word times; temperatures above 0 where a text fails its checks."""

    def __init__(self, setup: Setup, *, beam_size: int) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            setup.whisper,
            device=setup.device,
            compute_type=setup.compute_type,
            cpu_threads=1,
            local_files_only=True,
        )
        self._beam = beam_size
        self.identity = f"faster-whisper/{version('faster-whisper')} {setup.compute_type} beam {beam_size}"

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """One call of ``transcribe``."""
        from ctranslate2 import set_random_seed

        set_random_seed(SEED)
        sound = _sound(recorded, clock)
        with clock.stage(WORDS):
            segments, _ = self._model.transcribe(
                sound,
                language=LANGUAGE,
                beam_size=self._beam,
                condition_on_previous_text=False,
                word_timestamps=True,
            )
            return _heard(list(segments))


class FasterWhisperBatched:
    """Its batched pipeline: speech activity first, eight windows at once, no checks on the text."""

    def __init__(self, setup: Setup) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        model = WhisperModel(
            setup.whisper,
            device=setup.device,
            compute_type=setup.compute_type,
            cpu_threads=1,
            local_files_only=True,
        )
        self._pipeline = BatchedInferencePipeline(model)
        self.identity = f"faster-whisper/{version('faster-whisper')} {setup.compute_type} batched greedy"

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """One call of ``transcribe``."""
        sound = _sound(recorded, clock)
        with clock.stage(WORDS):
            segments, _ = self._pipeline.transcribe(
                sound, language=LANGUAGE, beam_size=1, batch_size=8, word_timestamps=True
            )
            return _heard(list(segments))


def _heard(segments: list[Any]) -> Heard:
    words = [(w.word, w.start, w.end, w.probability) for s in segments for w in s.words or ()]
    return Heard(text="".join(s.text for s in segments), words=tuple(words))


class OpenaiWhisper:
    """The reference implementation as it comes, with word times, on the same weights."""

    def __init__(self, setup: Setup) -> None:
        import torch
        from whisper.model import ModelDimensions, Whisper
        from whisper.timing import dtw

        from models.whisper_convert import convert_whisper

        weights = convert_whisper(Path(setup.whisper))
        self._model = Whisper(ModelDimensions(**weights.dims))
        self._model.load_state_dict(
            {name: torch.from_numpy(values.copy()) for name, values in weights.parameters.items()}
        )
        heads = torch.zeros(weights.dims["n_text_layer"], weights.dims["n_text_head"], dtype=torch.bool)
        for layer, head in weights.alignment_heads:
            heads[layer, head] = True
        self._model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
        self._model.to(setup.device).eval()
        self._half = setup.device != "cpu"
        _one_thread()
        dtw(torch.zeros(2, 2))  # compiled when first called: two seconds that are none of a call's
        self.identity = f"openai-whisper/{version('openai-whisper')} torch/{version('torch')} greedy"

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """One call of ``transcribe``."""
        import torch
        from whisper import transcribe

        torch.manual_seed(SEED)
        sound = _sound(recorded, clock)
        with clock.stage(WORDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = transcribe(
                self._model,
                sound,
                language=LANGUAGE,
                word_timestamps=True,
                fp16=self._half,
            )
        words = [
            (w["word"], w["start"], w["end"], w["probability"])
            for segment in result["segments"]
            for w in segment.get("words", ())
        ]
        return Heard(text=result["text"], words=tuple(words))


class WhisperX:
    """Its transcription: pyannote speech activity, beam 5, batches; word times are another model's."""

    def __init__(self, setup: Setup) -> None:
        import whisperx

        _one_thread()
        self._model = whisperx.load_model(
            setup.whisper,
            setup.device,
            compute_type=setup.compute_type,
            language=LANGUAGE,
            threads=1,
            local_files_only=True,
        )
        self.identity = f"whisperx/{version('whisperx')} torch/{version('torch')} {setup.compute_type}"

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """One call of ``transcribe``."""
        sound = _sound(recorded, clock)
        with clock.stage(WORDS):
            result = self._model.transcribe(sound, batch_size=8, language=LANGUAGE)
        return Heard(text="".join(segment["text"] for segment in result["segments"]))


class Pyannote:
    """Its speaker diarization with CAM++ for voices, told how many there are.

    All values are those of its published 3.1 pipeline: a window of 10 s every second, batches of 32, no
    overlaps in voices, clusters by centroid with this threshold. Its newest pipeline differs in clustering
    alone, which needs a model (PLDA) of WeSpeaker's embeddings: none is made for CAM++.

    Args:
        setup: what every system is given.
        frames: what is done with the mask of a speaker: ``pooled``, as its own models do, or ``cut``; see
            :mod:`tests.benchmarks.plain_campplus`.
    """

    def __init__(self, setup: Setup, *, frames: str) -> None:
        import torch
        from pyannote.audio.core.plda import PLDA
        from pyannote.audio.pipelines import SpeakerDiarization

        from tests.benchmarks.plain_campplus import CutCampplus, PooledCampplus

        _one_thread()
        voices = {"pooled": PooledCampplus, "cut": CutCampplus}[frames]
        self._pipeline = SpeakerDiarization(
            segmentation=setup.segmentation,
            segmentation_batch_size=32,
            embedding=voices.from_file(setup.campplus),
            embedding_batch_size=32,
            embedding_exclude_overlap=True,
            clustering="AgglomerativeClustering",
            plda=PLDA.__new__(PLDA),  # asked for, never used by this clustering
        )
        self._pipeline.instantiate(
            {
                "segmentation": {"min_duration_off": 0.0},
                "clustering": {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
            }
        )
        self._pipeline.to(torch.device(setup.device))
        packages = f"pyannote.audio/{version('pyannote.audio')} torch/{version('torch')}"
        self.identity = f"{packages} hop 1 s, frames {frames}"

    def hear(self, recorded: Recorded, clock: Clock) -> Heard:
        """One call of the pipeline, with the sound in memory."""
        import torch

        sound = _sound(recorded, clock)
        with clock.stage(SPEAKERS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            waveform = {"waveform": torch.from_numpy(sound)[None], "sample_rate": 16_000, "uri": "call"}
            output = self._pipeline(waveform, num_speakers=recorded.speakers)
        spans = [
            (str(speaker), segment.start, segment.end)
            for segment, _, speaker in output.speaker_diarization.itertracks(yield_label=True)
        ]
        return Heard(spans=tuple(spans))
