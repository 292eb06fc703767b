"""Keys: digests of all that a unit of work is made from. The same key, the same result.

What is dear to read is remembered: a recording by its size, time of change and inode; models by their entry
in ``configs/models.toml``, which has the SHA-256 of every file, so that no key needs a model to be loaded.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.settings import CONFIGS, PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.settings import Settings
    from pipeline.types import Call, Transcript

FORM: Final = 1
"""Raised when the meaning of a key changes: everything is then done anew."""

HEARING_SECTIONS: Final = ("audio", "vad", "asr", "diarization", "turns", "roles")
"""Sections of the settings that hearing reads."""

HEARING_CODE: Final = (
    "pipeline/audio",
    "pipeline/speech",
    "pipeline/phonetics",
    "pipeline/types",
    "pipeline/stages.py",
    "models/asr_*.py",
    "models/whisper_*.py",
    "models/word_times.py",
    "models/vad_*.py",
    "models/diarize_*.py",
    "models/campplus_*.py",
    "models/embed_campplus.py",
    "models/segment_*.py",
    "models/voice_campplus.py",
    "models/tokenize_jieba.py",
    "models/words_jieba.py",
    "models/fakes.py",
)
"""Sources that make a transcript of sound."""
JUDGING_CODE: Final = ("pipeline", "models")
"""Sources that make a report of a transcript; a change of any costs little, for nothing is heard again."""

HEARING_PACKAGES: Final = (
    "torch",
    "openai-whisper",
    "faster-whisper",
    "ctranslate2",
    "pyannote.audio",
    "onnxruntime",
    "av",
    "soxr",
    "silero-vad",
    "jieba",
    "numpy",
    "opencc",
    "pypinyin",
    "cn2an",
)
JUDGING_PACKAGES: Final = (
    "jieba",
    "snownlp",
    "opencc",
    "cn2an",
    "lunar-python",
    "pypinyin",
    "scikit-learn",
    "scipy",
    "numpy",
)

MISSING: Final = "missing"
"""The digest of a file that is not there or cannot be read."""
_NOT_FOR_JUDGING: Final = frozenset(
    {"default.toml", "locales", "models.toml", "prefect.yaml", "retention.yaml"}
)
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """By what a file is taken for unchanged without reading it."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileStamp | None:
        """The stamp of a file; ``None`` when there is none."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(size=found.st_size, mtime_ns=found.st_mtime_ns, inode=found.st_ino)


def place_of(path: Path) -> str:
    """A name for a path under which its digest is remembered; it tells nothing of the path."""
    return hashlib.sha256(str(path.absolute()).encode(errors="surrogateescape")).hexdigest()


def url_place(url: str) -> str:
    """As :func:`place_of`, of a URL."""
    return hashlib.sha256(url.encode(errors="surrogateescape")).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, :data:`MISSING` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return MISSING


def digest(*parts: Any) -> str:
    """SHA-256 of JSON values, in the order given."""
    text = json.dumps([FORM, *parts], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def transcript_sha256(transcript: Transcript) -> str:
    """Digest of a transcript that was given as text."""
    turns = [(t.role.value, t.start_ms, t.end_ms, t.text) for t in transcript.turns]
    return digest(turns)


def call_facts(call: Call) -> list[Any]:
    """What is known of a call before hearing, as JSON values; not where its recording lies."""
    recording = call.recording
    how = [list(recording.channel_roles), recording.raw_format] if recording else None
    return [call.call_id, call.metadata.model_dump(mode="json"), how]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all calls of a batch are made with.

    Attributes:
        hearing: digest of models, settings, sources and lexicons that make a transcript.
        judging: digest of rules, scorecard, settings and sources that make a report.
        showing: digest of what pages and tables are made with, beside the reports.
        rules: digest of the rule packs and norms alone.
        configuration: digest of the files and settings that judging reads, without sources.
    """

    hearing: str
    judging: str
    showing: str
    rules: str
    configuration: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Basis:
        """Read all that is not a call.

        Files that cannot be read count as missing: whoever needs them will say so.
        """
        sections = settings.model_dump(mode="json", include=set(HEARING_SECTIONS))
        rules = digest(
            *(_tree(settings.path(path)) for path in (settings.detect.rules, settings.detect.norms)),
        )
        named = (settings.score.scorecard, settings.opinion.policy)
        judging_code = _sources(JUDGING_CODE)
        configuration = digest(
            settings.sha256,
            rules,
            *(_tree(settings.path(path)) for path in named),
            _tree(CONFIGS / "models.toml"),
            _tree(CONFIGS, without=_NOT_FOR_JUDGING),
        )
        return cls(
            hearing=digest(
                sections,
                *(_tree(Path(p).expanduser()) for p in _outside(settings)),
                _tree(CONFIGS / "models.toml"),
                _tree(CONFIGS / "lexicons"),
                _sources(HEARING_CODE),
                _versions(HEARING_PACKAGES),
            ),
            judging=digest(configuration, judging_code, _versions(JUDGING_PACKAGES)),
            showing=digest(
                settings.report.model_dump(mode="json"),
                rules,
                judging_code,
                _tree(PROJECT_ROOT / "pipeline" / "report" / "templates"),
                _tree(settings.path(settings.report.english)),
            ),
            rules=rules,
            configuration=configuration,
        )

    def hear_key(self, call: Call, recording_sha256: str) -> str:
        """The key of hearing a recording."""
        return digest("hear", self.hearing, recording_sha256, call_facts(call)[1:])

    def judge_key(self, call: Call, heard_sha256: str, seen_sha256: str) -> str:
        """The key of judging a transcript.

        Args:
            call: the call.
            heard_sha256: digest of the transcript.
            seen_sha256: digest of what the call sees of other calls.
        """
        return digest("judge", self.judging, heard_sha256, call_facts(call)[:2], seen_sha256)


def judging_code_sha256() -> str:
    """Digest of the sources that make a report of a transcript."""
    return digest(_sources(JUDGING_CODE))


def judging_versions() -> dict[str, str | None]:
    """The versions of the packages that judging uses, by name; ``None`` for one that is not here."""
    return {name: _version(name) for name in JUDGING_PACKAGES}


def proving_basis() -> str:
    """Digest of what examples of rules are proven with, beside rules, norms and this program's sources."""
    without = _NOT_FOR_JUDGING | {"corpora", "rules"}
    return digest(_tree(CONFIGS, without=without), _versions(JUDGING_PACKAGES))


def _outside(settings: Settings) -> list[str]:
    """Folders and files of hearing that the settings name, where they do."""
    named = (settings.asr.model_path, settings.diarization.pipeline_path)
    enrolled = [str(settings.path(settings.roles.enrolled))] if settings.roles.enrolled else []
    return [*(path for path in named if path), *enrolled]


def _tree(path: Path, *, without: frozenset[str] = frozenset()) -> list[list[str]]:
    """Names and digests of all files under a folder, or of one file; hidden ones are passed over."""
    if not path.is_dir():
        return [["", file_sha256(path)]]
    files = (p.relative_to(path) for p in path.rglob("*") if p.is_file())
    kept = sorted(p for p in files if not any(part.startswith(".") for part in p.parts))
    return [[p.as_posix(), file_sha256(path / p)] for p in kept if without.isdisjoint(p.parts)]


def _sources(places: Iterable[str]) -> list[list[str]]:
    """Names and digests of Python files: folders as a whole, or by a pattern."""
    found: set[Path] = set()
    for place in places:
        path = PROJECT_ROOT / place
        found |= set(path.rglob("*.py")) if path.is_dir() else set(PROJECT_ROOT.glob(place))
    return [[p.relative_to(PROJECT_ROOT).as_posix(), file_sha256(p)] for p in sorted(found)]


def _versions(packages: Sequence[str]) -> list[str | None]:
    return [_version(name) for name in packages]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
