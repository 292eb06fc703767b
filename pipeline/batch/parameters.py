"""What a results folder was made with: ``batch.json``, from which a run is resumed."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pipeline.errors import ConfigError
from pipeline.places import Source, place
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["recordings", "transcripts"]

FILE_NAME: Final = "batch.json"
FORM: Final = "tinghe.batch/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How a batch was started, and what saves work the next time.

    Attributes:
        batch_id: stays the same for a results folder, also when it is moved.
        source: where the calls come from; so the other paths.
        rules: digest of the rules of which ``alike`` is told.
        alike: by what those rules look for other calls.
        showing: digest of what pages were made with, beside the reports.
        shown: digest of all that pages and tables were made from.
    """

    batch_id: str
    source: Source
    mode: Mode
    config: Path | None = None
    dial_log: Path | None = None
    rules: str = ""
    alike: tuple[str, ...] = ()
    showing: str = ""
    shown: str = ""

    def write(self, folder: Path) -> None:
        """Keep them, readable by the owner only.

        Raises:
            StoreError: the file cannot be written.
        """
        paths = ("source", "config", "dial_log")
        values = {"form": FORM, **asdict(self)}
        values |= {name: None if values[name] is None else str(values[name]) for name in paths}
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        write_atomically(folder / FILE_NAME, text.encode(errors="surrogateescape"), mode=0o600)

    def started_with(
        self, *, source: Source, mode: Mode, config: Path | None, dial_log: Path | None
    ) -> Parameters:
        """The same batch, started with these."""
        return replace(
            self,
            source=source.absolute(),
            mode=mode,
            config=config.absolute() if config else None,
            dial_log=dial_log.absolute() if dial_log else None,
        )


def new_parameters(source: Source, mode: Mode) -> Parameters:
    """Those of a new results folder."""
    return Parameters(batch_id=uuid.uuid4().hex[:12], source=source.absolute(), mode=mode)


def read_parameters(folder: Path) -> Parameters | None:
    """Those of a results folder; ``None`` when nothing was ever started there.

    Raises:
        ConfigError: the file cannot be read or is of another form.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {type(error).__name__}") from None
    try:
        return _parsed(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not of the form {FORM}: {type(error).__name__}") from None


def _parsed(content: Mapping[str, Any]) -> Parameters:
    if content["form"] != FORM or content["mode"] not in get_args(Mode):
        raise ValueError(content["form"])
    return Parameters(
        batch_id=str(content["batch_id"]),
        source=place(content["source"]),
        mode=content["mode"],
        config=Path(content["config"]) if content["config"] else None,
        dial_log=Path(content["dial_log"]) if content["dial_log"] else None,
        rules=str(content["rules"]),
        alike=tuple(content["alike"]),
        showing=str(content["showing"]),
        shown=str(content["shown"]),
    )
