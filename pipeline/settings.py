"""The settings: ``configs/default.toml``, overlaid by the file that ``--config`` names.

Every value stands in the default file; the classes here give it a type and a range. A key that
no class knows is an error that names the nearest known one.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.batch.settings import NightSettings
from pipeline.coaching.settings import CoachingSettings
from pipeline.errors import ConfigError, UnknownNameError
from pipeline.kept import Kept
from pipeline.kept import cache_folder as cache_folder

PROJECT_ROOT = Path(__file__).resolve().parent.parent
CONFIGS = PROJECT_ROOT / "configs"
DEFAULT_SETTINGS = CONFIGS / "default.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSettings(_Section):
    """Limits of decoding. Levels are dB relative to full scale."""

    min_seconds: float = Field(ge=0)
    max_seconds: float = Field(gt=0)
    max_channels: int = Field(ge=1, le=64)
    min_rate_hz: int = Field(gt=0)
    max_rate_hz: int = Field(gt=0)
    silence_dbfs: float = Field(le=0)
    dead_channel_dbfs: float = Field(le=0)
    dual_mono_correlation: float = Field(ge=0, le=1)
    truncation_tolerance_s: float = Field(ge=0)


class QualitySettings(_Section):
    """From where on a recording counts as poor; it is judged all the same, and the report says so."""

    noisy_below_db: float
    clipped_above: float = Field(ge=0, le=1)
    narrow_below_hz: int = Field(ge=0)


class VadSettings(_Section):
    """Speech activity, tuned to telephone sound."""

    engine: str
    threshold: float = Field(gt=0, lt=1)
    min_speech_ms: int = Field(ge=0)
    min_silence_ms: int = Field(ge=0)
    pad_ms: int = Field(ge=0)


class AsrSettings(_Section):
    """Transcription. ``threads`` 0 means one a core, shared out among the workers.

    ``fast`` follows one text and gives ``beam_size`` of them to what fails a safeguard; ``accurate``
    follows ``beam_size`` throughout. ``vocabulary``: the tokens that texts are made of.
    """

    engine: str
    mode: Literal["fast", "accurate"]
    model: str
    model_path: str
    device: Literal["cpu", "cuda", "auto"]
    compute_type: str
    beam_size: int = Field(ge=1, le=20)
    language: str
    vocabulary: Literal["chinese", "whole"]
    threads: int = Field(ge=0)
    batch: int = Field(ge=1, le=256)
    window_s: float = Field(ge=4, le=30)

    @property
    def beam(self) -> int:
        """Texts that are followed at once when a window is first decoded."""
        return 1 if self.mode == "fast" else self.beam_size


class DiarizationSettings(_Section):
    """Speakers of mono recordings.

    Attributes:
        engine: a name in the registry.
        pipeline_path: a local folder of a pyannote pipeline; empty for the packaged weights.
        device: where it runs.
        min_speakers: fewest speakers of a recording.
        max_speakers: most speakers of a recording.
        step_ratio: hop of the segmentation window, as a share of its length.
        min_duration_off_s: a pause up to this belongs to its turn when nobody else speaks in it.
    """

    engine: str
    pipeline_path: str
    device: Literal["cpu", "cuda", "auto"]
    min_speakers: int = Field(ge=1)
    max_speakers: int = Field(ge=1)
    step_ratio: float = Field(gt=0, le=1)
    min_duration_off_s: float = Field(ge=0, le=3)


class TurnSettings(_Section):
    """How words become turns. Times in milliseconds."""

    max_gap_ms: int = Field(ge=0)
    min_scored_speech_ms: int = Field(ge=0)
    leakage_db: float = Field(ge=0)


class RoleSettings(_Section):
    """Below ``review_below`` a finding on a turn is for review only.

    Below ``both_below`` the call is judged with the parties exchanged as well, see
    :mod:`pipeline.hypotheses`.

    ``enrolled`` is a file with the voice prints of agents who agreed to it; empty, as it is shipped, for
    none: then no voice print is made of anybody.
    """

    review_below: float = Field(ge=0, le=1)
    both_below: float = Field(ge=0, le=1)
    enrolled: str


class DetectSettings(_Section):
    """Rules. A finding at or above ``violation_confidence`` is a violation, else for review.

    ``cli_whitelist`` is a file with the numbers from which the institution calls; empty for none.
    With ``by_sound`` words that only sound like what a rule looks for are found too, for review, with a
    share of the rule's confidence: at least ``by_sound_written`` characters, and half of all that the
    rule asks for, must be written as it has them.
    """

    rules: str
    norms: str
    violation_confidence: float = Field(ge=0, le=1)
    asr_review_below: float = Field(ge=0, le=1)
    cli_whitelist: str
    by_sound: bool
    by_sound_written: int = Field(ge=1)
    by_sound_confidence: float = Field(gt=0, le=1)


class OpinionSettings(_Section):
    """The learned second opinion beside the rules; ``policy`` says how the two are joined.

    ``lines`` are files of labelled lines (``.jsonl``) that are learned beside the shipped ones.
    """

    engine: str
    policy: str
    lines: tuple[str, ...]


class JudgeSettings(_Section):
    """The language model behind ``llm`` conditions; ``none`` asks nobody and nothing leaves the machine.

    Attributes:
        base_url: of an OpenAI-compatible service, up to what stands before ``/chat/completions``.
        model: the model's name there.
        api_key_env: the environment variable that holds the key; where it is not set none is sent.
        timeout_s: for one answer, from the first byte sent to the last received.
        mask_always: whether even a model on this machine gets masked text (it may pass it on).
    """

    engine: str
    base_url: str
    model: str
    api_key_env: str
    timeout_s: float = Field(gt=0)
    mask_always: bool


class ScoreSettings(_Section):
    """Which scorecard."""

    scorecard: str


class BatchSettings(_Section):
    """How a batch runs. Times in seconds.

    Attributes:
        workers: calls that are worked on at a time.
        chunk_calls: calls a task of the scheduler.
        retries: how often a call is tried again whose engine failed, and a write that failed.
        retry_delay_s: pause before the first of them; each next one is twice as long.
        isolation: ``process``: each worker is a process of its own, which a bad call can take down alone;
            ``none``: threads of one process that share one set of models, for a GPU.
        deadline_s: least time that a call gets before its worker is stopped.
        deadline_factor: time for each second of the recording, where that is more.
        start_s: time for a worker to load what judging needs.
        lane_memory_mb: resident memory from which a worker is stopped.
        lane_calls: a worker is replaced by a new one after so many requests.
        lane_retries: how often a call is tried again, alone, that took its worker down.
        losses: how often the whole batch may die while a call is in hand before the call is to blame.
        stop_in_a_row: so many failures of one kind, one after the other, end the run; 0 for never.
        stop_share: as much of the batch failing in one way ends the run, from 20 calls on.
        runner: where chunks are worked on: by ``threads`` of this process that ask lanes, or by a cluster of
            ``dask`` or ``ray``.
        runner_address: of a cluster that runs already; empty for one of this machine, started for the batch.
        shared: a folder that this machine and all workers of such a cluster see under the same path.
        publish: URL of a folder to which a run copies what people read of its results, into a folder of the
            results folder's name; empty for none.
    """

    workers: int = Field(ge=1, le=64)
    chunk_calls: int = Field(ge=1)
    retries: int = Field(ge=0, le=10)
    retry_delay_s: float = Field(ge=0)
    isolation: Literal["process", "none"]
    deadline_s: float = Field(gt=0)
    deadline_factor: float = Field(gt=0)
    start_s: float = Field(gt=0)
    lane_memory_mb: int = Field(ge=64)
    lane_calls: int = Field(ge=1)
    lane_retries: int = Field(ge=0, le=10)
    losses: int = Field(ge=0, le=1000)
    stop_in_a_row: int = Field(ge=0)
    stop_share: float = Field(gt=0, le=1)
    runner: Literal["threads", "dask", "ray"]
    runner_address: str
    shared: str
    publish: str


class StoreSettings(_Section):
    """The database of results.

    Attributes:
        url: an SQLAlchemy URL of SQLite or PostgreSQL, without a password; empty for a file in the results
            folder.
        password_env: the environment variable with the password; where it is not set, PostgreSQL's own ways
            hold.
    """

    url: str
    password_env: str


class RetentionSettings(_Section):
    """How long calls are kept; see :mod:`pipeline.retention`.

    Attributes:
        profiles: the file with the periods.
        recordings_in: folders in which originals may be deleted, where a profile says so.
        key_env: the environment variable with the key under which proofs name calls; where it is not set, the
            key is a file in the results folder.
    """

    profiles: str
    recordings_in: tuple[str, ...]
    key_env: str


class ReviewSettings(_Section):
    """Review by persons, see :mod:`pipeline.review`; ``plans`` is the file of sampling plans."""

    plans: str


class WatchSettings(_Section):
    """What programs see of a batch while it runs and afterwards.

    Attributes:
        log: file for lines of JSON, in the results folder or absolute; ``-`` for standard error; empty for
            none.
        metrics: file for Prometheus, in the results folder or absolute; empty for none.
        metrics_every_s: how often it is written while a batch runs, in seconds.
        metrics_port: port of this machine on which Prometheus may ask while a batch runs; 0 for none.
        spans: whether OpenTelemetry gets a span a batch, call and stage.
        webhook: where to say that a scheduled run is done, failed or late, see :mod:`flows.deploy.webhook`;
            empty for nowhere.
        webhook_secret_env: the environment variable with the secret that signs what is sent.
        start_within_min: minutes after its time from which a run that has not begun is late.
        done_within_h: hours after its time from which a night that is not done is late.
    """

    log: str
    metrics: str
    metrics_every_s: float = Field(gt=0)
    metrics_port: int = Field(ge=0, le=65_535)
    spans: bool
    webhook: str
    webhook_secret_env: str
    start_within_min: float = Field(gt=0)
    done_within_h: float = Field(gt=0)


class ReportSettings(_Section):
    """How reports are made.

    Attributes:
        language: of reports.
        mask: whether people are masked in them.
        browser: the Chromium or Chrome that prints PDF; empty for the one that the search path has.
        english: the folder with the English of titles, reasons and advice (docs/english.md).
    """

    language: Literal["zh", "en"]
    mask: bool
    browser: str
    english: str


class AuditSettings(_Section):
    """What auditors check, see :mod:`pipeline.audit`.

    Attributes:
        log: the log of unmasked access, in the results folder or absolute; empty for ``access.log.jsonl``.
        key: the private key that signs packs, in the ``configs`` folder or absolute; empty for none.
        key_password_env: the environment variable with the key's password; where it is not set, none is used.
        archive: the folder that keeps what calls were judged with, in the results folder or absolute; empty
            for ``packs``.
    """

    log: str
    key: str
    key_password_env: str
    archive: str


class PrivacySettings(_Section):
    """What hides people in sound, and who may read what is written; see :mod:`pipeline.privacy`.

    Attributes:
        cover: what stands in sound where personal data were said: a tone of 1 kHz or silence.
        margin_ms: covered before and after them, in ms.
        encrypt_audio: whether stored sound is encrypted.
        encrypt_audio_key_env: the environment variable with the key, not the key.
        group_readable: whether the group may read what is written (0640 and 0750 instead of 0600 and 0700).
    """

    cover: Literal["beep", "silence"]
    margin_ms: int = Field(ge=0, le=2000)
    encrypt_audio: bool
    encrypt_audio_key_env: str
    group_readable: bool


class ModelSettings(_Section):
    """Where weights are kept; empty means the user's cache folder."""

    cache_dir: str


_RUNNING = {"batch", "night", "store", "retention", "watch", "models"}
NOT_IN_RESULTS = _RUNNING | {"review", "report", "audit", "privacy", "coaching"}
"""Sections that change no result."""


class Settings(_Section):
    """All settings."""

    audio: AudioSettings
    quality: QualitySettings
    vad: VadSettings
    asr: AsrSettings
    diarization: DiarizationSettings
    turns: TurnSettings
    roles: RoleSettings
    detect: DetectSettings
    opinion: OpinionSettings
    judge: JudgeSettings
    score: ScoreSettings
    batch: BatchSettings
    store: StoreSettings
    retention: RetentionSettings
    review: ReviewSettings
    night: NightSettings
    watch: WatchSettings
    report: ReportSettings
    audit: AuditSettings
    privacy: PrivacySettings
    coaching: CoachingSettings
    models: ModelSettings

    @property
    def sha256(self) -> str:
        """Digest of what can change a result: not how it is run, kept, watched and shown."""
        content = self.model_dump(mode="json", exclude=NOT_IN_RESULTS)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def path(self, value: str) -> Path:
        """A path in the settings: absolute, or relative to the ``configs`` folder."""
        return CONFIGS / Path(value).expanduser()

    @property
    def kept(self) -> Kept:
        """What earlier starts worked out, in the cache folder."""
        return Kept(cache_folder(self.models.cache_dir) / "kept")


def load_settings(overlay: Path | None = None) -> Settings:
    """Read the default settings and lay ``overlay`` over them.

    Raises:
        ConfigError: a file cannot be read, or a value is wrong; the message names file and key.
    """
    values = _read(DEFAULT_SETTINGS)
    if overlay is not None:
        values = _merge(values, _read(overlay), overlay, ())
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{overlay or DEFAULT_SETTINGS}: {'.'.join(map(str, first['loc']))}"
        raise ConfigError(f"{where}: {first['msg']}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _merge(base: dict[str, Any], over: dict[str, Any], path: Path, trail: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if key not in base:
            raise UnknownNameError(
                f"setting in {path.name}", ".".join((*trail, key)), [".".join((*trail, k)) for k in base]
            )
        if isinstance(base[key], dict) != isinstance(value, dict):
            where = ".".join((*trail, key))
            raise ConfigError(f"{path}: {where}: a table and a value cannot replace each other")
        merged[key] = _merge(base[key], value, path, (*trail, key)) if isinstance(value, dict) else value
    return merged
