"""Loading rule packs: YAML in, compiled rules out, every example proven."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.detect import schema
from pipeline.detect.checks import AbsentCheck, AmountCheck, ClockCheck, OrderCheck
from pipeline.detect.context import CompiledContext, compile_contexts
from pipeline.detect.match import CompiledHit
from pipeline.detect.patterns import compile_all
from pipeline.detect.schema import ContextFile, Rule, RulePack
from pipeline.errors import RulePackError, TingheError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.detect.match import Raised
    from pipeline.detect.schema import Kind
    from pipeline.detect.view import CallView

CONTEXTS_FILE = "contexts.yaml"
WORDS_FILE = "words.yaml"

_Model = TypeVar("_Model", bound=BaseModel)

Check = AbsentCheck | OrderCheck | ClockCheck | AmountCheck


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready for judging calls."""

    rule: Rule
    kind: Kind
    hits: tuple[CompiledHit, ...]
    checks: tuple[Check, ...]

    def find(self, view: CallView) -> Iterator[Raised]:
        """Everything that raises the rule in this call, in no particular order."""
        for part in (*self.hits, *self.checks):
            yield from part.find(view)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of a folder of packs.

    Attributes:
        norms: clause id -> title, from ``norms.yaml``.
        sha256: digest of every file that was read.
    """

    rules: tuple[CompiledRule, ...]
    norms: Mapping[str, str]
    sha256: str

    @property
    def titles(self) -> dict[str, str]:
        """Rule name -> the name people read."""
        return {compiled.rule.rule: compiled.rule.title for compiled in self.rules}

    def of_kind(self, kind: Kind) -> tuple[CompiledRule, ...]:
        """The rules of one kind, in the order of their files."""
        return tuple(compiled for compiled in self.rules if compiled.kind == kind)


def load_rulebook(folder: Path, norms_file: Path) -> RuleBook:
    """Load every pack in ``folder``; examples are proven by :func:`pipeline.detect.proof.prove`.

    Raises:
        RulePackError: a file is no valid pack; the message names file, line and field.
    """
    files = sorted(folder.glob("*.yaml"))
    packs = [f for f in files if f.name not in (CONTEXTS_FILE, WORDS_FILE)]
    if not packs:
        raise RulePackError(f"{folder}: no rule packs")
    shared = _read_words(folder / WORDS_FILE)
    contexts = _read_contexts(folder / CONTEXTS_FILE, shared)
    norms = _read_norms(norms_file)
    compiled = [rule for path in packs for rule in _load_pack(path, shared, contexts, norms)]
    _refuse_twins(compiled)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (*files, norms_file)))
    return RuleBook(rules=tuple(compiled), norms=norms, sha256=digest.hexdigest())


def _load_pack(
    path: Path,
    shared: Mapping[str, tuple[str, ...]],
    contexts: Mapping[str, tuple[CompiledContext, ...]],
    norms: Mapping[str, str],
) -> Iterator[CompiledRule]:
    pack = _parse(RulePack, path)
    words = {**shared, **pack.words}
    for rule in pack.rules:
        for norm in rule.norms:
            if norm not in norms:
                raise RulePackError(f"{path.name}: rule {rule.rule}: {_unknown('norm', norm, norms)}")
        try:
            yield _compile(rule, pack, words, contexts)
        except KeyError as error:
            name = str(error.args[0])
            raise RulePackError(
                f"{path.name}: rule {rule.rule}: {_unknown('context', name, contexts)}"
            ) from error
        except TingheError as error:
            raise RulePackError(f"{path.name}: rule {rule.rule}: {error}") from error


def _compile(
    rule: Rule,
    pack: RulePack,
    words: Mapping[str, tuple[str, ...]],
    contexts: Mapping[str, tuple[CompiledContext, ...]],
) -> CompiledRule:
    checks: list[Check] = [AmountCheck.of(amount, words) for amount in rule.amounts]
    if rule.absent:
        checks.append(AbsentCheck.of(rule.absent, words, contexts))
    if rule.order:
        checks.append(OrderCheck.of(rule.order, words))
    if rule.clock:
        checks.append(ClockCheck.of(rule.clock, words))
    hits = tuple(CompiledHit.of(hit, rule, pack, words, contexts) for hit in rule.hits)
    return CompiledRule(rule=rule, kind=pack.kind, hits=hits, checks=tuple(checks))


def _refuse_twins(rules: Sequence[CompiledRule]) -> None:
    seen: set[tuple[str, str]] = set()
    for compiled in rules:
        key = (compiled.kind, compiled.rule.rule)
        if key in seen:
            raise RulePackError(f"rule {compiled.rule.rule} stands in two packs")
        seen.add(key)


def _read_words(path: Path) -> dict[str, tuple[str, ...]]:
    raw = _yaml(path)
    if not isinstance(raw, dict) or not all(isinstance(v, list) for v in raw.values()):
        raise RulePackError(f"{path.name}: must map names to lists of words")
    words = {str(name): tuple(str(word) for word in entries) for name, entries in raw.items()}
    for name in words:
        compile_all((f"<{name}>",), words)
    return words


def _read_contexts(
    path: Path, words: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[CompiledContext, ...]]:
    return compile_contexts(_parse(ContextFile, path).contexts, words)


def _read_norms(path: Path) -> dict[str, str]:
    raw = _yaml(path)
    try:
        return {norm["id"]: norm["title"] for norm in raw["norms"]}
    except (KeyError, TypeError) as error:
        raise RulePackError(f"{path.name}: norms need id and title ({error})") from error


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulePackError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RulePackError(f"{path.name}:{line}: {error.problem}") from error


def _parse(model: type[_Model], path: Path) -> _Model:
    raw = _yaml(path)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise RulePackError("\n".join(_locate(path, raw, part) for part in error.errors())) from error


def _locate(path: Path, raw: Any, part: Any) -> str:
    """One validation error as ``file:line: rule: field: message``."""
    loc = part["loc"]
    trail, rule = ".".join(str(step) for step in loc), ""
    if len(loc) > 1 and loc[0] == "rules" and isinstance(loc[1], int):
        rule = f" rule {raw['rules'][loc[1]].get('rule', loc[1])}:"
        trail = ".".join(str(step) for step in loc[2:])
    return f"{path.name}:{_line_of(path, loc)}:{rule} {trail}: {part['msg']}{_suggestion(part)}"


def _suggestion(part: Any) -> str:
    if part["type"] != "extra_forbidden":
        return ""
    models = (m for m in vars(schema).values() if isinstance(m, type) and issubclass(m, BaseModel))
    known = sorted({name for model in models for name in model.model_fields})
    near = get_close_matches(str(part["loc"][-1]), known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _line_of(path: Path, loc: tuple[Any, ...]) -> int:
    """1-based line of the deepest node on the way to ``loc``."""
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


def _unknown(kind: str, name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"no {kind} named {name!r}.{hint}"
