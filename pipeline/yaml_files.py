"""Configuration in YAML files: read, validated, and wrong by file, line and field.

Rule packs and the file of norms are written by hand by people who know collections, not Python, so
that an error names the place to correct and, where one is near, the word that was meant.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: packs of thousands of lines take a tenth of the time."""

_Model = TypeVar("_Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        RulePackError: the file cannot be read, or is no YAML; the message names file and line.
    """
    try:
        return _loaded(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulePackError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RulePackError(f"{path.name}:{line}: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RulePackError(f"{path.name}:1: not YAML in UTF-8: {type(error).__name__}") from error


def _loaded(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError:
        return yaml.safe_load(text)  # says more exactly what is wrong


def parse_file(model: type[_Model], path: Path) -> _Model:
    """A YAML file as a record.

    Raises:
        RulePackError: as :func:`read_yaml`; or a field is wrong: one line an error, as
            ``file:line: rule NAME: field: message``.
    """
    raw = read_yaml(path)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        known = _field_names(model)
        raise RulePackError("\n".join(_located(path, raw, part, known) for part in error.errors())) from error


def line_of(path: Path, loc: tuple[Any, ...]) -> int:
    """1-based line of the deepest node on the way to ``loc`` (keys and indices from the top)."""
    node = yaml.compose(path.read_text(encoding="utf-8"))
    line = 1
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == step), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that stands nowhere, with the nearest that does."""
    near = get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"no {kind} named {name!r}.{hint}"


def _located(path: Path, raw: Any, part: Any, known: Iterable[str]) -> str:
    """One validation error; an entry of the file's list is named by its own name, not its number."""
    loc = part["loc"]
    trail, entry = loc, ""
    if len(loc) > 1 and isinstance(loc[1], int):
        kind = str(loc[0]).removesuffix("s")
        entry = f" {kind} {_name_of(raw[loc[0]][loc[1]], kind, loc[1])}:"
        trail = loc[2:]
    # Pydantic marks a wrong mapping key with "[key]"; the key before it says enough.
    field = ".".join(str(step) for step in trail if step != "[key]") or "the file"
    return f"{path.name}:{line_of(path, loc)}:{entry} {field}: {part['msg']}{_suggestion(part, known)}"


def _name_of(entry: Any, kind: str, index: int) -> Any:
    return (entry.get(kind) or entry.get("id") or index) if isinstance(entry, dict) else index


def _suggestion(part: Any, known: Iterable[str]) -> str:
    """The nearest field for an unknown field, the nearest word for one that is no choice."""
    wrong = part["input"]
    if part["type"] == "extra_forbidden":
        wrong = part["loc"][-1]
    elif part["type"] in ("literal_error", "enum"):
        known = re.findall(r"'([^']*)'", part["ctx"]["expected"])
    else:
        return ""
    near = get_close_matches(str(wrong), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _field_names(model: type[BaseModel]) -> list[str]:
    """Every field of a record and of the records inside it."""
    schema = model.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return sorted({name for part in parts for name in part.get("properties", {})})
