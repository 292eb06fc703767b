"""Loading rule packs: YAML in, compiled rules out, every example proven."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.detect.amounts import AmountCheck
from pipeline.detect.checks import AbsentCheck, OrderCheck
from pipeline.detect.conditions.conditional import ConditionSet, FlowCheck, Given, WhenCheck
from pipeline.detect.conditions.operators import Toolbox
from pipeline.detect.context import CompiledContext, compile_contexts
from pipeline.detect.match import Barred, CompiledHit
from pipeline.detect.patterns import Patterns, WordLists, compile_all
from pipeline.detect.scan import Scanner
from pipeline.detect.schema import ContextFile, Rule, RulePack
from pipeline.errors import RulePackError, TingheError
from pipeline.kept import NOTHING_KEPT, key_of
from pipeline.norms import load_norms
from pipeline.yaml_files import line_of, parse_file, read_yaml, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from pipeline.detect.patterns import Pattern
    from pipeline.detect.raised import Raised
    from pipeline.detect.schema import Kind
    from pipeline.detect.view import CallView
    from pipeline.kept import Kept
    from pipeline.norms import NormBook
    from pipeline.settings import Settings

CONTEXTS_FILE = "contexts.yaml"
WORDS_FILE = "words.yaml"

Check = AbsentCheck | OrderCheck | AmountCheck | WhenCheck | FlowCheck


@dataclass(frozen=True, slots=True)
class _Holders:
    """Which hits of a rule look for a pattern, both by their numbers, and all those patterns."""

    hits: Mapping[int, tuple[int, ...]]
    patterns: frozenset[int]

    @classmethod
    def of(cls, texts: Iterable[Patterns], scanner: Scanner) -> _Holders:
        """The hits whose words a scanner looks for."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for number, patterns in enumerate(texts):
            for expression in patterns.expressions:
                if expression in scanner.numbers:
                    found[scanner.numbers[expression]].append(number)
        return cls({pattern: tuple(hits) for pattern, hits in found.items()}, frozenset(found))


@dataclass(frozen=True, kw_only=True)
class CompiledRule:
    """A rule ready for judging calls.

    Attributes:
        never: what bars turns from it.
        contexts: what spares words of the rule, those of single hits aside.
        draft: whether its pack is a draft, whose findings are for review only.
        owner: who answers for the rule.
    """

    rule: Rule
    kind: Kind
    hits: tuple[CompiledHit, ...]
    given: tuple[Given | None, ...]
    checks: tuple[Check, ...]
    conditions: ConditionSet
    never: Barred = field(default_factory=lambda: Barred(()))
    contexts: tuple[CompiledContext, ...] = ()
    draft: bool = False
    owner: str = ""

    @property
    def searched(self) -> Iterator[Pattern]:
        """Every pattern in it, for the scanner."""
        for part in (*self.hits, *self.checks, self.conditions):
            yield from part.searched

    def find(self, view: CallView, within: AbstractSet[int] | None = None) -> Iterator[Raised]:
        """Everything that raises the rule in this call, in no particular order.

        Args:
            view: the call.
            within: positions of the turns in which words are looked for; all where it is not given.
        """
        for number in self._worth_trying(view):
            hit, given = self.hits[number], self.given[number]
            found = hit.find(view) if within is None else hit.find_within(view, within)
            yield from given.limit(view, found) if given else found
        for check in self.checks:
            yield from check.find(view)

    def barred(self, view: CallView) -> frozenset[int]:
        """The indexes of turns that cannot be this act or event, whoever sees one there."""
        raised = self.never.raised(view) if self.never.hits else ()
        return frozenset(view.turns[r.position].index for r in raised if r.position is not None)

    def certain(self, view: CallView) -> frozenset[int]:
        """The indexes of turns that are this act or event without any doubt: by hits of confidence 1."""
        raised = (r for hit in self._sure for r in hit.find(view) if r.missing is None)
        return frozenset(view.turns[r.position].index for r in raised if r.position is not None)

    @cached_property
    def _sure(self) -> tuple[CompiledHit, ...]:
        return tuple(hit for hit in self.hits if hit.hit.confidence == 1)

    def find_by_sound(
        self, heard: CallView, within: AbstractSet[int] | None = None
    ) -> Iterator[tuple[Patterns, Raised]]:
        """What the hits raise when words are taken by their sound, with the patterns of the hit.

        Args:
            heard: the call by its sounds.
            within: positions of the turns that are looked at; all where it is not given.
        """
        for number in self._worth_trying(heard):
            if self.given[number] is None:
                hit = self.hits[number]
                found = hit.find(heard) if within is None else hit.find_within(heard, within)
                yield from ((hit.text, raised) for raised in found)

    def _worth_trying(self, view: CallView) -> Iterable[int]:
        """The hits whose words may stand in the call, by number."""
        if view.scanner is None:
            return range(len(self.hits))
        if view.scanner not in self._holders:
            texts = (hit.text.heard if view.heard else hit.text for hit in self.hits)
            self._holders[view.scanner] = _Holders.of(texts, view.scanner)
        holders = self._holders[view.scanner]
        there = holders.patterns & view.possible
        return sorted({hit for pattern in there for hit in holders.hits[pattern]}) if there else ()

    @cached_property
    def _holders(self) -> dict[Scanner, _Holders]:
        return {}

    def in_effect(self, day: date | None) -> bool:
        """Whether the rule applies to calls of a day; where the day is not known it does."""
        if day is None:
            return True
        rule = self.rule
        begun = rule.effective_from is None or day >= rule.effective_from
        return begun and (rule.effective_to is None or day <= rule.effective_to)


@dataclass(frozen=True)
class RuleBook:
    """All rules of a folder of packs.

    Attributes:
        clauses: the norms that rules rest on, from ``norms.yaml``.
        sha256: digest of every file that was read.
        kept: where searches lie that were prepared before.
    """

    rules: tuple[CompiledRule, ...]
    clauses: NormBook
    sha256: str
    kept: Kept = field(default=NOTHING_KEPT, repr=False, compare=False)

    @cached_property
    def scanner(self) -> Scanner:
        """Searches for all patterns at once; made when it is first needed, as are those of sounds."""
        return Scanner.of(_searched(self.rules), self.kept)

    @cached_property
    def sound_scanner(self) -> Scanner:
        """Searches for the words of violations by their sound."""
        hits = (hit for rule in self.of_kind("violation") for hit in rule.hits)
        return Scanner.of(Patterns(pattern for hit in hits for pattern in hit.searched).heard, self.kept)

    @cached_property
    def absence_sound_scanner(self) -> Scanner:
        """The same for what must not be missing alone."""
        checks = (c for rule in self.rules for c in rule.checks if isinstance(c, AbsentCheck))
        return Scanner.of(
            Patterns(pattern for check in checks for pattern in check.searched).heard, self.kept
        )

    @cached_property
    def event_sound_scanner(self) -> Scanner:
        """The same for events alone."""
        return Scanner.of(_searched(self.of_kind("event")).heard, self.kept)

    def scanners(self, *, by_sound: bool) -> tuple[Scanner, ...]:
        """Its searches, made now where they are not yet: whoever judges many calls makes them beforehand.

        Args:
            by_sound: whether words are looked for by their sound too.
        """
        if not by_sound:
            return (self.scanner,)
        return self.scanner, self.sound_scanner, self.absence_sound_scanner, self.event_sound_scanner

    @property
    def norms(self) -> dict[str, str]:
        """Clause id -> the title people read."""
        return self.clauses.titles

    @property
    def titles(self) -> dict[str, str]:
        """Rule name -> the name people read."""
        return {compiled.rule.rule: compiled.rule.title for compiled in self.rules}

    def of_kind(self, kind: Kind) -> tuple[CompiledRule, ...]:
        """The rules of one kind, in the order of their files."""
        return self._of_kind.get(kind, ())

    @cached_property
    def _of_kind(self) -> dict[Kind, tuple[CompiledRule, ...]]:
        found: defaultdict[Kind, list[CompiledRule]] = defaultdict(list)
        for compiled in self.rules:
            found[compiled.kind].append(compiled)
        return {kind: tuple(rules) for kind, rules in found.items()}


def load_rulebook(folder: Path, norms_file: Path, kept: Kept = NOTHING_KEPT) -> RuleBook:
    """Load every pack in ``folder``; examples are proven by :func:`pipeline.detect.proof.prove`.

    Args:
        folder: of the packs.
        norms_file: the norms that rules rest on.
        kept: tells which books were read before: their patterns are known to be expressions. All else is
            looked at every time.

    Raises:
        RulePackError: a file is no valid pack; the message names file, line and field.
    """
    files = sorted(folder.glob("*.yaml"))
    packs = [f for f in files if f.name not in (CONTEXTS_FILE, WORDS_FILE)]
    if not packs:
        raise RulePackError(f"{folder}: no rule packs")
    contents = _contents((*files, norms_file))
    key = key_of(*(part for path, content in contents.items() for part in (path.name, content)))
    checked = kept.read("checked", key) is not None
    shared = _read_words(folder / WORDS_FILE, checked=checked)
    contexts = _read_contexts(folder / CONTEXTS_FILE, shared)
    norms = load_norms(norms_file)
    parsed = {path: parse_file(RulePack, path) for path in packs}
    names = _names(parsed.values())
    compiled = [
        rule
        for path, pack in parsed.items()
        for rule in _compile_pack(
            path,
            pack,
            Toolbox(
                words=WordLists({**shared, **pack.words}, checked=checked) if pack.words else shared,
                contexts=contexts,
                names=names,
            ),
            norms,
        )
    ]
    _refuse_twins(compiled)
    if _contents(contents) != contents:  # somebody changed them meanwhile
        kept = NOTHING_KEPT
    elif not checked:
        kept.write("checked", key, b"")
    digest = hashlib.sha256(b"".join(contents.values()))
    return RuleBook(rules=tuple(compiled), clauses=norms, sha256=digest.hexdigest(), kept=kept)


def rulebook_of(settings: Settings, folder: Path | None = None) -> RuleBook:
    """The rules that settings name, or those of another folder, with what is kept of them.

    Raises:
        RulePackError: as :func:`load_rulebook`.
    """
    packs = settings.path(settings.detect.rules) if folder is None else folder
    return load_rulebook(packs, settings.path(settings.detect.norms), settings.kept)


def _contents(paths: Iterable[Path]) -> dict[Path, bytes]:
    """What stands in files; one that cannot be read is as if it were empty, and whoever needs it says so."""
    found = {}
    for path in paths:
        try:
            found[path] = path.read_bytes()
        except OSError:
            found[path] = b""
    return found


def _searched(rules: Iterable[CompiledRule]) -> Patterns:
    return Patterns(pattern for rule in rules for pattern in rule.searched)


def _names(packs: Iterable[RulePack]) -> dict[str, frozenset[str]]:
    """The names of all rules by kind."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for pack in packs:
        found[pack.kind] |= {rule.rule for rule in pack.rules}
    return {kind: frozenset(names) for kind, names in found.items()}


def _compile_pack(path: Path, pack: RulePack, tools: Toolbox, norms: NormBook) -> Iterator[CompiledRule]:
    for number, rule in enumerate(pack.rules):
        try:
            for norm in rule.norms:
                if norm not in norms.titles:
                    raise RulePackError(unknown_name("norm", norm, norms.titles))
            yield _compile(rule, pack, tools)
        except KeyError as error:
            problem = unknown_name("context", str(error.args[0]), tools.contexts)
            raise RulePackError(f"{_place(path, 'rules', number)}: rule {rule.rule}: {problem}") from error
        except TingheError as error:
            raise RulePackError(f"{_place(path, 'rules', number)}: rule {rule.rule}: {error}") from error


def _place(path: Path, *loc: str | int) -> str:
    return f"{path.name}:{line_of(path, loc)}"


def _compile(rule: Rule, pack: RulePack, tools: Toolbox) -> CompiledRule:
    words, contexts = tools.words, tools.contexts
    conditions = ConditionSet.of(rule, tools)
    checks: list[Check] = [AmountCheck.of(amount, words) for amount in rule.amounts]
    if rule.absent:
        checks.append(AbsentCheck.of(rule.absent, words, contexts))
    if rule.order:
        checks.append(OrderCheck.of(rule.order, words))
    if rule.raise_when:
        checks.append(WhenCheck.of(rule, conditions))
    if rule.flow:
        checks.append(FlowCheck.of(rule, rule.flow, conditions))
    return CompiledRule(
        rule=rule,
        kind=pack.kind,
        hits=tuple(CompiledHit.of(hit, rule, pack, words, contexts) for hit in rule.hits),
        given=tuple(Given.of(hit.given, conditions) if hit.given else None for hit in rule.hits),
        checks=tuple(checks),
        conditions=conditions,
        never=Barred.of(rule, pack, words),
        contexts=tuple(c for name in _spare(rule, pack) for c in contexts[name]),
        draft=pack.draft,
        owner=rule.owner or pack.owner,
    )


def _spare(rule: Rule, pack: RulePack) -> tuple[str, ...]:
    """The contexts in which words of a rule are spared, or count for less where nobody else says them."""
    return (*(pack.unless if rule.unless is None else rule.unless), *rule.unless_alone)


def _refuse_twins(rules: Sequence[CompiledRule]) -> None:
    seen: set[tuple[str, str]] = set()
    for compiled in rules:
        key = (compiled.kind, compiled.rule.rule)
        if key in seen:
            raise RulePackError(f"rule {compiled.rule.rule} stands in two packs")
        seen.add(key)


def _read_words(path: Path, *, checked: bool) -> WordLists:
    raw = read_yaml(path)
    if not isinstance(raw, dict) or not all(isinstance(v, list) for v in raw.values()):
        raise RulePackError(f"{path.name}: must map names to lists of words")
    words = WordLists(
        {str(name): tuple(str(word) for word in entries) for name, entries in raw.items()}, checked=checked
    )
    for name in words:
        try:
            compile_all((f"<{name}>",), words)
        except TingheError as error:
            raise RulePackError(f"{_place(path, name)}: {error}") from error
    return words


def _read_contexts(path: Path, words: WordLists) -> dict[str, tuple[CompiledContext, ...]]:
    found: dict[str, tuple[CompiledContext, ...]] = {}
    for name, parts in parse_file(ContextFile, path).contexts.items():
        try:
            found |= compile_contexts({name: parts}, words)
        except TingheError as error:
            raise RulePackError(f"{_place(path, 'contexts', name)}: context {name}: {error}") from error
    return found
