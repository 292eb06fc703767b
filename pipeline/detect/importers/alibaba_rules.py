"""Rules of Alibaba's 智能对话分析: severity, points, days, test dialogues."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from pipeline.detect.conditions.logic import Expression, every_name, names
from pipeline.detect.importers.alibaba import Carried, carry_conditions
from pipeline.detect.importers.alibaba_operators import ROLES
from pipeline.detect.importers.draft import Imported, Notes, Reader, identifier, per_kind
from pipeline.detect.importers.lambdas import both, read_lambda, replaced, written
from pipeline.detect.importers.trial import raised_by
from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from pipeline.detect.importers.alibaba import MinusOne
    from pipeline.detect.schema import Kind

SOURCE = "Alibaba 智能对话分析"
_CHINA = timezone(timedelta(hours=8))
_SEVERITY = {"0": "critical", "1": "major", "2": "minor"}
_IDLE = {
    "type": "the kind of rule follows from what it holds",
    "scoreSubId": "the score's items stand in the scorecard",
    "autoReview": "a draft is always reviewed",
    "checkType": "rules are grouped by packs",
    "configType": "which editor was used",
    "business": "which lines of business it is for: choose calls by metadata",
    "scoreRuleHitType": "its values are not documented",
    "weight": "the score's weights stand in the scorecard",
}


def import_rules(text: str, *, minus_one: MinusOne = "any") -> Imported:
    """Read a ``JsonStr``, or the answer of ``GetRuleV4``.

    Args:
        text: JSON.
        minus_one: what ``anchor.hit_time`` -1 means; the documentation says both.

    Raises:
        RulePackError: it is no such JSON.
    """
    content = _content(text)
    notes = Notes()
    reader = Reader(content, notes)
    reader.lost("appKey", "the account that the rules belong to")
    reader.lost("BaseMeAgentId", "the account that the rules belong to")
    conditions = carry_conditions(reader.take("conditions", []), notes, minus_one)
    raw = [rule for rule in reader.take("rules", []) if isinstance(rule, dict)]
    reader.close()
    expressions = {
        _rid(rule, n): _expression(rule, conditions, notes.at(rule=_rid(rule, n)))
        for n, rule in _numbered(raw)
    }
    taken: set[str] = set()
    rules = []
    for number, rule in _numbered(raw):
        found = _rule(rule, _rid(rule, number), expressions, conditions, notes, taken)
        if found is not None:
            rules.append(found)
    unused = conditions.keys() - {cid for rule in raw for cid in _cids(rule)} - _anchored(conditions)
    for cid in sorted(unused):
        notes.at(condition=cid).lost("", "no rule names it")
    return Imported(source=SOURCE, packs=per_kind("imported_sca", rules), notes=tuple(notes.all))


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        for wrapper in ("JsonStr", "Data", "data"):
            if isinstance(content, dict) and wrapper in content:
                content = content[wrapper]
                content = json.loads(content) if isinstance(content, str) else content
    except ValueError as error:
        raise RulePackError(f"no JSON: {error}") from error
    if not isinstance(content, dict) or not any(key.lower() == "rules" for key in content):
        raise RulePackError("no JsonStr of the service: an object with conditions and rules is expected")
    return content


def _numbered(raw: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(raw, start=1))


def _rid(rule: dict[str, Any], number: int) -> str:
    return str(Reader(rule, Notes()).peek("rid") or number)


def _cids(rule: dict[str, Any]) -> tuple[str, ...]:
    try:
        return every_name(read_lambda(str(Reader(rule, Notes()).peek("lambda") or "")))
    except ValueError:
        return ()


def _anchored(conditions: dict[str, Carried]) -> set[str]:
    return {cid for carried in conditions.values() for cid in carried.anchors}


def _expression(rule: dict[str, Any], conditions: dict[str, Carried], notes: Notes) -> Expression | None:
    """The rule's expression over the ``cid`` that were carried over."""
    source = Reader(rule, notes).peek("lambda")
    if not source:
        return None
    try:
        tree = read_lambda(str(source))
    except ValueError as error:
        notes.lost("lambda", str(error))
        return None

    def kept(cid: str) -> Expression | None:
        if cid not in conditions:
            notes.changed("lambda", f"without condition {cid}, which is not carried over")
            return None
        return conditions[cid].expression

    return replaced(tree, kept)


def _rule(
    raw: dict[str, Any],
    rid: str,
    expressions: dict[str, Expression | None],
    conditions: dict[str, Carried],
    notes: Notes,
    taken: set[str],
) -> tuple[Kind, dict[str, Any]] | None:
    here = notes.at(rule=rid)
    reader = Reader(raw, here)
    reader.take("rid")
    reader.lost("id", "a key of the service's database")
    reader.take("lambda")
    title = str(reader.take("name", rid))
    for name, why in _IDLE.items():
        reader.lost(name, why)
    reader.lost("qualityCheckType", "calls are judged after they were recorded", idle=(0, "0"))
    for name in ("taskFlow", "graph_flow"):
        reader.lost(name, "the form of a process is not documented: write a flow by hand", idle=({}, [], ""))
    kind, points = _points(reader)
    severity = _severity(reader)
    days = _days(reader)
    triggers = reader.take("triggers", [])
    first = reader.take("preq_rule")
    dialogues = reader.take("dialogues", [])
    reader.close()
    expression = expressions.get(rid)
    if expression is None:
        here.lost("", "the rule has no condition that is carried over")
        return None
    if first:
        expression = _with_first(str(first), expression, expressions, here)
    wanted = _needed(expression, conditions)
    shown = _shown(triggers, conditions, wanted, here)
    rule: dict[str, Any] = {
        "rule": identifier(rid, "sca_", taken),
        "title": title,
        **({"severity": severity} if kind == "violation" else {}),
        "says": _speaker(wanted),
        **(
            {"reason": f"命中导入规则「{title.replace('{', '（').replace('}', '）')}」：「{{quote}}」"}
            if kind == "violation"
            else {}
        ),
        "conditions": wanted,
        "raise_when": written(expression),
        **({"show": shown} if shown else {}),
        **(points if kind == "violation" else {}),
        **({"red_line": False} if kind == "violation" and severity == "critical" else {}),
        **days,
    }
    examples = _examples(dialogues, rule, here)
    if examples:
        rule["examples"] = {"must_hit": examples}
    return kind, rule


def _with_first(
    rid: str, expression: Expression, expressions: dict[str, Expression | None], notes: Notes
) -> Expression:
    earlier = expressions.get(rid)
    if earlier is None:
        notes.lost("preq_rule", f"rule {rid} is not carried over")
        return expression
    notes.changed("preq_rule", f"the conditions of rule {rid} must hold too, whether or not it is in effect")
    return both(earlier, expression)


def _needed(expression: Expression, conditions: dict[str, Carried]) -> dict[str, dict[str, Any]]:
    """The conditions that an expression names, with what they are anchored to."""
    by_name = {name: carried for carried in conditions.values() for name in carried.conditions}
    found: dict[str, dict[str, Any]] = {}
    waiting = list(every_name(expression))
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        carried = by_name[name]
        found |= carried.conditions
        waiting += [conditions[cid].anchor for cid in carried.anchors]
    return found


def _speaker(wanted: dict[str, dict[str, Any]]) -> str:
    speakers = {condition.get("says", "anyone") for condition in wanted.values()}
    return speakers.pop() if len(speakers) == 1 else "agent"


def _shown(
    triggers: Any, conditions: dict[str, Carried], wanted: dict[str, dict[str, Any]], notes: Notes
) -> list[str]:
    cids = triggers if isinstance(triggers, list) else [triggers]
    shown = []
    for cid in map(str, cids):
        carried = conditions.get(cid)
        if carried is None or carried.anchor not in wanted:
            notes.lost("triggers", f"condition {cid} is none of the rule's that are carried over")
            continue
        shown += list(names(carried.expression))
    return shown


def _points(reader: Reader) -> tuple[Kind, dict[str, Any]]:
    """What the rule is for, and what it takes."""
    scored = str(reader.take("ruleScoreType", 3)) != "1"
    adds = str(reader.take("scoreType", 3)) == "1"
    number, once = reader.take("scoreNum"), str(reader.take("scoreNumType", 0)) == "1"
    kind: Kind = "act" if adds and scored else "violation"
    found: dict[str, Any] = {"per": "call"} if once else {}
    if kind == "act":
        reader.notes.changed(
            "scoreType", "adds points: imported as an act; what acts give stands in the scorecard"
        )
        if number is not None:
            reader.notes.lost("scoreNum", "what acts give stands in the scorecard")
        if once:
            reader.notes.lost("scoreNumType", "an act counts once a turn")
        return kind, {}
    if not scored:
        found["points"] = 0.0
    elif number is not None:
        points = abs(float(number))
        found["points"] = min(points, 100.0)
        if points > 100:
            reader.notes.changed("scoreNum", "no rule takes more than 100")
    if not scored and number is not None:
        reader.notes.lost("scoreNum", "the rule is not scored")
    return kind, found


def _severity(reader: Reader) -> str:
    level = reader.take("level")
    severity = _SEVERITY.get(str(level), "minor")
    if level is None or str(level) not in _SEVERITY:
        reader.notes.decided("level", "not given or not known: taken as minor")
    elif severity == "critical":
        reader.notes.decided(
            "level", "0 (重度) is critical here, but no red line: the source has no veto in it"
        )
    return severity


def _days(reader: Reader) -> dict[str, date]:
    start, end = reader.take("effectiveStartTime"), reader.take("effectiveEndTime")
    always = str(reader.take("fullCycle", 0)).lower() in ("1", "true")
    if always:
        if start or end:
            reader.notes.decided("fullCycle", "always in effect: the days that are given are left out")
        return {}
    found = {}
    for name, key, value in (
        ("effectiveStartTime", "effective_from", start),
        ("effectiveEndTime", "effective_to", end),
    ):
        if value is None or value == "":
            continue
        moment = _moment(value)
        if moment is None:
            reader.notes.lost(name, "no date can be read")
            continue
        found[key] = moment.date()
        midnight = moment.time().isoformat("minutes") in ("00:00", "23:59")
        if not midnight:
            reader.notes.changed(name, "a rule applies to whole days: the time of day is left out")
    return found


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, (int, float)) or str(value).isdigit():
            return datetime.fromtimestamp(float(value) / 1000, _CHINA)
        return datetime.fromisoformat(str(value).replace("/", "-"))
    except (ValueError, OverflowError, OSError):
        return None


def _examples(raw: Any, rule: dict[str, Any], notes: Notes) -> list[dict[str, Any]]:
    """The test dialogues that raise the rule here."""
    if not raw:
        return []
    dialogues = raw if isinstance(raw[0], list) else [raw]
    kept = []
    for number, dialogue in enumerate(dialogues, start=1):
        lines = [line for phrase in dialogue if (line := _line(phrase, notes)) is not None]
        if not lines:
            notes.lost("dialogues", f"dialogue {number} has no words of 客服 or 客户")
        elif raised_by(rule, lines):
            kept.append({"dialogue": lines})
        else:
            notes.lost(
                "dialogues", f"dialogue {number} does not raise the rule here: see why before you use it"
            )
    if kept:
        notes.decided("dialogues", "that a dialogue must raise the rule is not written in the source")
    return kept


def _line(phrase: Any, notes: Notes) -> dict[str, Any] | None:
    if not isinstance(phrase, dict):
        return None
    reader = Reader(phrase, notes)
    role = ROLES.get(str(reader.take_all("role", "identity") or ""))
    words = reader.take("words")
    begin, end = reader.take("begin"), reader.take("end")
    reader.take("hourMinSec")  # the same as begin
    reader.close()
    if role is None or not words:
        return None
    line: dict[str, Any] = {role: str(words)}
    if begin is not None and end is not None:
        line["at"] = [float(begin) / 1000, float(end) / 1000]
    elif begin is not None:
        notes.lost("dialogues", "a line without its end has no times")
    return line
