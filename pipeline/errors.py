"""The errors of Tinghe: one small tree with stable codes.

::

    TingheError
    ├── ConfigError            the settings cannot be used              exit status 2
    │   ├── RulePackError      a rule pack does not load or fails its own examples
    │   └── UnknownNameError   a registry was asked for a name it does not hold
    ├── ManifestError          a row of the manifest cannot be used     quarantine
    ├── RecordingError         this recording cannot be judged          quarantine
    ├── TranscriptError        this transcript file cannot be read      quarantine
    ├── ModelError             weights or an engine are not usable
    │   ├── WeightsError       a weight file is missing or its digest is wrong
    │   └── EngineError        an engine failed on one call             retried, then quarantine
    ├── UnexpectedError        an error that is not ours, on one call   quarantine
    ├── KeptError              what was heard of a call cannot be read back   heard again
    ├── LaneError              a call killed, hung or bloated its process   tried again alone, then quarantine
    ├── BatchStopped           too many calls failed alike; the run ended
    └── StoreError             a result could not be written            retried, then the run ends
        └── FormError          one call's result has no form that can be written   quarantine

Messages carry ids, file names and fields, never what was said in a call: logs and
Prefect's database keep them in clear.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class TingheError(Exception):
    """Base of all errors.

    Attributes:
        code: stable, greppable name of what happened, also the reason in ``quarantine.jsonl``.
        retryable: whether the same input may succeed when tried again.
        quarantine: whether the error concerns one call only, so that the batch goes on.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    quarantine: ClassVar[bool] = False

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or self.code


class ConfigError(TingheError):
    """The configuration cannot be used; nothing was processed."""

    code = "config"


class RulePackError(ConfigError):
    """A rule pack does not load, or an example inside a rule fails."""

    code = "rule_pack"


class UnknownNameError(ConfigError):
    """A name is not in a registry; the message lists what is."""

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"no {kind} named {name!r}.{hint} Known: {', '.join(names)}")


class ManifestError(TingheError):
    """One row of a manifest cannot be used.

    Attributes:
        line: 1-based line in the manifest file.
        field: the column at fault, or ``None`` when the row as a whole is.
    """

    code = "manifest_row"
    quarantine = True

    def __init__(
        self, message: str, *, line: int, field: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.line = line
        self.field = field


class RecordingError(TingheError):
    """A recording cannot be judged; ``reason`` is one of :data:`RECORDING_REASONS`."""

    code = "recording"
    quarantine = True

    def __init__(self, reason: str, message: str) -> None:
        if reason not in RECORDING_REASONS:
            raise UnknownNameError("recording reason", reason, RECORDING_REASONS)
        super().__init__(message, reason=reason)


class TranscriptError(TingheError):
    """A transcript file is not in the form of ``call.json``.

    Attributes:
        field: the first field at fault, or ``None`` when the file as a whole is.
    """

    code = "transcript"
    quarantine = True

    def __init__(self, message: str, *, field: str | None = None, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.field = field


class ModelError(TingheError):
    """A model cannot be used."""

    code = "model"


class WeightsError(ModelError):
    """A weight file is missing, or its content is not what the project expects."""

    code = "weights"


class EngineError(ModelError):
    """An engine failed on one call."""

    code = "engine"
    retryable = True
    quarantine = True


class UnexpectedError(TingheError):
    """A foreign error on one call; only its type is told, for its message may quote what was said."""

    code = "unexpected"
    quarantine = True


class KeptError(TingheError):
    """What was heard of a call is not there, or is not what it was."""

    code = "not_kept"
    quarantine = True


class LaneError(TingheError):
    """A call ended, hung or bloated the process that worked on it."""

    code = "lane"
    quarantine = True

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)


class BatchStopped(TingheError):
    """Too many calls failed for the same reason: it is not the calls."""

    code = "batch_stopped"


class StoreError(TingheError):
    """A result could not be written."""

    code = "store"
    retryable = True


class FormError(StoreError):
    """The result of one call cannot be written, on any disk."""

    code = "form"
    retryable = False
    quarantine = True


RECORDING_REASONS: dict[str, str] = {
    "missing_file": "the file does not exist",
    "not_a_file": "the path is a folder or a device",
    "unreadable_file": "the file cannot be opened",
    "empty_file": "the file has no bytes",
    "not_audio": "the content is no audio (text, a web page, random bytes)",
    "unsupported_container": "the container or codec is not on the allow list",
    "encrypted": "the file is encrypted or password-protected",
    "truncated": "the file ends before its header says it should",
    "no_samples": "the file has a header but no sound",
    "silent": "every channel is silent",
    "too_short": "there is less sound than a call can hold",
    "too_long": "there is more sound than the limit allows",
    "too_many_channels": "there are more channels than the limit allows",
    "unsupported_rate": "the sample rate is outside the limits",
    "decode_failed": "the decoder gave up",
}
"""Why a recording went to quarantine: code -> meaning, for reports and ``docs/``."""
