"""What the page of one call shows, as plain values for the template."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.report.conduct_view import conduct_view
from pipeline.report.doubt_view import doubts, has_poor_sound, quality_lines, roles_note
from pipeline.report.player import player_data
from pipeline.report.routing import is_at_risk
from pipeline.report.showing import DASH, Showing, clock, moment, money, number
from pipeline.report.sound_view import covered, voice_note
from pipeline.report.timeline import timeline
from pipeline.report.voices import has_third_voice, names, voices
from pipeline.report.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.report.labels import Labels

    Json = Mapping[str, Any]

UNSURE_ROLE = 0.65
"""A role below this confidence is shown as unsure; the same bound makes findings wait for review."""

_SEVERITIES = ("critical", "major", "minor")
_STATES = ("violation", "needs_review", "cannot_decide")


def call_view(
    call: Json, showing: Showing, *, audio: str | None, recording: Path | None = None
) -> dict[str, Any]:
    """The page of a call.

    Args:
        call: its JSON.
        showing: how things are shown.
        audio: a link to the playable recording, relative to the page.
        recording: that recording, which the waveform is drawn from; it may be gone.

    Returns:
        What the template shows; ``player`` is for the page's script.
    """
    t = showing.labels
    scores = call["scores"]
    texts = {turn["index"]: showing.text(turn["text"], call["call_id"]) for turn in call["turns"]}
    findings = [_finding(f, f"f{i}", texts, call, showing) for i, f in enumerate(call["findings"])]
    who = names(call, t)
    line = timeline(call, findings, who)
    gap = scores["compliance_if_confirmed"] != scores["compliance"]
    return {
        "call_id": call["call_id"],
        "status": t.of("status", call["status"]),
        "status_reason": t.of("reason", call["status_reason"]) if call["status_reason"] else None,
        "red_line": scores["red_line"],
        "compliance": number(scores["compliance"]),
        "if_confirmed": number(scores["compliance_if_confirmed"]) if gap else None,
        "effectiveness": number(scores["effectiveness"]),
        "meta": _meta(call, showing),
        "quality": quality_lines(call, t),
        "poor_sound": has_poor_sound(call),
        "roles_note": roles_note(call, showing),
        "not_checked": [
            (t.of("check", n["check"]), t.of("reason", n["reason"])) for n in call["not_checked"]
        ],
        "audio": audio,
        "turns": [_turn(turn, who[turn["index"]], texts, findings, call, showing) for turn in call["turns"]],
        "timeline": line,
        "covered": covered(call, showing, recording, length=line["length"] if line["timed"] else 0.0),
        "talked": _talked(call, showing),
        "player": player_data(call, line, recording),
        "conduct": conduct_view(call, showing),
        "findings": sorted(findings, key=_gravity),
        "counted": _counted(findings, t),
        "at_risk": is_at_risk(call),
        "events": [t.of("event", event) for event in call["customer_events"]],
        "promise": _promise(call, texts, showing),
        "promise_turns": _promise_turns(call, texts, who),
        "waterfall": waterfall(call, showing),
        "provenance": _provenance(call, showing),
    }


def _gravity(finding: Json) -> tuple[int, int]:
    return (_STATES.index(finding["state"]), _SEVERITIES.index(finding["severity"]))


def _meta(call: Json, showing: Showing) -> list[tuple[str, str]]:
    t, metadata = showing.labels, call["metadata"]
    people = showing.person(call["call_id"])
    due = metadata.get("total_due")
    role = metadata.get("callee_role")
    pairs = [
        ("started_at", moment(metadata.get("started_at"))),
        ("duration", clock(call["duration"])),
        ("agent", " ".join(filter(None, (metadata.get("agent_id"), people.agent_name)))),
        ("customer", " ".join(filter(None, (people.customer_name, people.customer_id)))),
        ("callee", t.of("callee", role) if role else ""),
        ("lender", metadata.get("lender", "")),
        ("agency", metadata.get("agency", "")),
        ("days_overdue", str(metadata.get("days_overdue", ""))),
        ("total_due", "" if due is None else f"{money(due)} {t('yuan')}"),
        ("voices", str(voices(call)) if has_third_voice(call) else ""),
    ]
    return [(t(name), value) for name, value in pairs if value]


def _counted(findings: Sequence[Json], t: Labels) -> list[tuple[str, str, int]]:
    """State, its name and how many findings are in it, of the states there are."""
    counts = Counter(finding["state"] for finding in findings)
    return [(state, t.of("state", state), counts[state]) for state in _STATES if counts[state]]


def _talked(call: Json, showing: Showing) -> list[tuple[str, str]]:
    """How often and how long each party talks: the waveform in words, for those who do not see it."""
    t, told = showing.labels, []
    for role in ("agent", "customer"):
        turns = [turn for turn in call["turns"] if turn["role"] == role]
        spoken = [turn["end"] - turn["start"] for turn in turns if None not in (turn["start"], turn["end"])]
        length = f" · {clock(sum(spoken))}" if spoken else ""
        told.append((t.of("role", role), f"{t('call.turns')} {len(turns)}{length}"))
    return told


def _finding(
    finding: Json, anchor: str, texts: Mapping[int, str], call: Json, showing: Showing
) -> dict[str, Any]:
    t = showing.labels
    turn = finding["turn"]
    quote = texts.get(turn, "")[finding["text_start"] : finding["text_end"]] if turn is not None else ""
    return {
        **{key: finding[key] for key in ("rule", "state", "severity", "turn", "text_start", "text_end")},
        "id": anchor,
        "title": showing.rule(finding["rule"]),
        "state_name": t.of("state", finding["state"]),
        "severity_name": t.of("severity", finding["severity"]),
        "confidence": f"{finding['confidence']:.2f}",
        "reason": showing.reason(finding["reason"], call["call_id"]),
        "doubts": doubts(finding, call, t),
        "missing": t.of("data", finding["missing"]) if finding["missing"] else None,
        "norms": [showing.clause(norm) for norm in finding["norms"]],
        "evidence": quote,
        "start": finding["start"],
        "end": finding["end"],
        "clock": clock(finding["start"]),
    }


def _turn(
    turn: Json, who: str, texts: Mapping[int, str], findings: Sequence[Json], call: Json, showing: Showing
) -> dict[str, Any]:
    t, index = showing.labels, turn["index"]
    mine = [f for f in findings if f["turn"] == index]
    tone = turn["tone"] if turn["tone"] != "neutral" else None
    return {
        "index": index,
        "role": turn["role"],
        "who": who,
        "start": turn["start"],
        "end": turn["end"],
        "clock": clock(turn["start"]),
        "tone": t.of("tone", tone) if tone else None,
        "tone_class": tone,
        "voice": voice_note(turn, t),
        "overlap": turn["overlap"],
        "unsure": turn["role_confidence"] < UNSURE_ROLE,
        "pieces": pieces(texts[index], mine, start=turn["start"]),
        "acts": [t.of("act", name) for name in _acts(call, index)],
        "findings": sorted(mine, key=_gravity),
    }


def _acts(call: Json, turn: int) -> list[str]:
    """Acts of a turn, each once, in the order they were found."""
    return list(dict.fromkeys(act["act"] for act in call["acts"] if act["turn"] == turn))


def pieces(text: str, findings: Sequence[Json], *, start: float | None) -> list[dict[str, Any]]:
    """Cut a turn's text where findings begin and end; joined, the pieces are the text again.

    A piece under several findings names all of them and takes the look of the gravest.
    """
    cuts = sorted({0, len(text), *(f[key] for f in findings for key in ("text_start", "text_end"))})
    result = []
    for begin, end in pairwise(cuts):
        over = sorted(
            (f for f in findings if f["text_start"] <= begin and end <= f["text_end"]), key=_gravity
        )
        first = over[0] if over else None
        result.append(
            {
                "text": text[begin:end],
                "ids": [f["id"] for f in over],
                "severity": first["severity"] if first else None,
                "state": first["state"] if first else None,
                "title": " / ".join(f"{f['title']} · {f['state_name']}" for f in over),
                "seek": None if first is None else (start if first["start"] is None else first["start"]),
            }
        )
    return result


def _promise(
    call: Json, texts: Mapping[int, str], showing: Showing
) -> list[tuple[str, str, int | None]] | None:
    """Name, value and the turn to go to, of what is known of the promise."""
    promise, t = call["promise_to_pay"], showing.labels
    if promise is None:
        return None
    amount = t("open") if promise["amount"] is None else f"{money(promise['amount'])} {t('yuan')}"
    # Results of earlier versions do not say how far a promise binds, nor who proposed it.
    certainty, proposed_by = promise.get("certainty"), promise.get("proposed_by")
    turn = promise.get("condition_turn")
    pairs = [
        ("amount", amount, None),
        ("date", promise["date"] or t("open"), None),
        ("certainty", t.of("commitment", certainty) if certainty else "", None),
        ("condition", "" if turn is None else _condition(call, texts), turn),
        ("proposed_by", t.of("proposer", proposed_by) if proposed_by else "", None),
        ("confirmed", showing.yes_no(promise["confirmed"]), None),
        ("coerced", showing.yes_no(True) if promise["coerced"] else "", None),
    ]
    return [(t(f"promise.{name}"), value, at) for name, value, at in pairs if value]


def _promise_turns(call: Json, texts: Mapping[int, str], who: Mapping[int, str]) -> list[dict[str, Any]]:
    """The turns in which it was promised: where, by whom, in which words."""
    turns = {turn["index"]: turn for turn in call["turns"]}
    said = call["promise_to_pay"]["turns"] if call["promise_to_pay"] else ()
    return [
        {
            "turn": index,
            "who": who[index],
            "start": turns[index]["start"],
            "clock": clock(turns[index]["start"]),
            "text": texts[index],
        }
        for index in said
        if index in turns
    ]


def _condition(call: Json, texts: Mapping[int, str]) -> str:
    """The words of the condition, out of the whole turn as it is shown: a number that they cut is masked."""
    words, turn = call["promise_to_pay"]["condition"], call["promise_to_pay"]["condition_turn"]
    said = next((one["text"] for one in call["turns"] if one["index"] == turn), "")
    at = said.find(words)
    return texts[turn][at : at + len(words)] if at >= 0 else ""


def _provenance(call: Json, showing: Showing) -> list[tuple[str, str]]:
    t, provenance = showing.labels, call["provenance"]
    pairs = [(t(f"provenance.{key}"), value or DASH) for key, value in provenance.items() if key != "models"]
    pairs += [(f"{t('provenance.models')} {name}", version) for name, version in provenance["models"].items()]
    characters = sum(removal["characters"] for removal in call["removals"])
    done = (
        ("call.removed", f"{len(call['removals'])} · {characters} {t('conduct.unit.characters')}"),
        ("call.corrected", str(len(call["corrections"]))),
    )
    return pairs + [(t(key), told) for key, told in done if told[0] != "0"]
