"""Results folders of made calls: what a batch leaves, without a model and without hearing anything.

Every call is the sample of ``tests.golden.sample`` with other people, times, findings and scores, drawn from
a seed: the same folder every time. Nobody in them lives.
"""

from __future__ import annotations

import copy
import json
import random
import wave
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.detect.rulebook import rulebook_of
from pipeline.report.call_json import to_json
from pipeline.report.files import file_stem
from pipeline.report.pages import write_pages
from pipeline.report.quarantine import write_quarantine
from pipeline.report.table import write_tables
from pipeline.settings import load_settings
from pipeline.types import Quarantined
from tests.golden.sample import report

CHINA = timezone(timedelta(hours=8))
FIRST_DAY = datetime(2026, 6, 15, tzinfo=CHINA)
LENDERS = (("松河银行", "bank"), ("青禾消费金融", "consumer_finance"), ("云汀小贷", "micro_lender"))
AGENCIES = (None, "和润资产", "明达外包")
AGENTS = 9
RULES = (
    ("threat_violence", "critical", 0.02),
    ("impersonate_authority", "critical", 0.03),
    ("private_phone_or_im", "major", 0.12),
    ("rude_tone", "minor", 0.20),
    ("missing_self_id", "major", 0.25),
)
NOT_SCORED = ("no_answer", "voicemail", "too_little_speech")
CODECS = (("pcm_alaw", 8000), ("opus", 48000), ("mp3", 16000))


@cache
def shown() -> dict[str, Any]:
    """Titles of rules and norms as a batch has them."""
    settings = load_settings(None)
    book = rulebook_of(settings)
    return {"norms": book.norms, "rule_titles": book.titles}


@cache
def _sample() -> str:
    return json.dumps(to_json(report()))


def made_call(number: int, *, seed: int = 0, day: datetime = FIRST_DAY, harm: float = 1.0) -> dict[str, Any]:
    """The JSON of a made call.

    Args:
        number: which one; part of its id.
        seed: of what is drawn.
        day: midnight of the first of seven days on which calls are made.
        harm: how many times as often as usual rules are broken.
    """
    chance = random.Random(f"{seed} {number}")
    call: dict[str, Any] = json.loads(_sample())
    call["call_id"] = f"made-{seed}-{number:05}"
    lender, lender_type = LENDERS[chance.randrange(3)]
    agent = chance.randrange(AGENTS)
    start = day + timedelta(days=chance.randrange(7), hours=chance.choice((9, 10, 11, 14, 15, 19, 20, 21)))
    call["metadata"] |= {
        "agent_id": f"A{100 + agent}",
        "lender": lender,
        "lender_type": lender_type,
        "started_at": (start + timedelta(minutes=chance.randrange(60))).isoformat(),
    }
    agency = AGENCIES[agent % 3]
    call["metadata"] |= {"is_outsourced": agency is not None} | ({"agency": agency} if agency else {})
    codec, rate = CODECS[chance.randrange(3)]
    for quality in call["quality"]:
        quality |= {"codec": codec, "source_rate": rate, "faults": []}
    if chance.random() < 0.1:
        call["quality"][0]["faults"] = [chance.choice(("noisy", "clipped", "narrow"))]
    if chance.random() < 0.9:
        call["roles"] = {"confidence": 0.97, "if_swapped": None}
    else:
        call["roles"]["confidence"] = 0.72
    sure = 0.6 if chance.random() < 0.08 else 0.86
    for turn in call["turns"]:
        turn["asr_confidence"] = round(min(1.0, max(0.3, chance.gauss(sure, 0.05))), 4)
    if chance.random() < 0.06:
        return _not_scored(call, chance)
    _findings(call, chance, harm)
    events = [
        name
        for name, often in (("self_harm_risk", 0.01), ("complaint_intent", 0.05))
        if chance.random() < often
    ]
    call["customer_events"] = [*events, "hardship"]
    call["customer_event_evidence"] += [
        {**copy.deepcopy(call["customer_event_evidence"][0]), "event": name} for name in events
    ]
    if chance.random() < 0.6:
        call["promise_to_pay"] = None
    call["scores"]["effectiveness"] = round(min(100.0, max(0.0, chance.gauss(64, 14))), 1)
    return call


def _not_scored(call: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    call |= {"status": "not_scored", "status_reason": chance.choice(NOT_SCORED), "findings": [], "acts": []}
    call |= {"customer_events": [], "customer_event_evidence": [], "promise_to_pay": None}
    call["scores"] |= {
        "compliance": None,
        "compliance_if_confirmed": None,
        "effectiveness": None,
        "complete": False,
        "compliance_items": [],
        "effectiveness_items": [],
        "robustness": None,
    }
    return call


def _findings(call: dict[str, Any], chance: random.Random, harm: float) -> None:
    model = call["findings"][0]
    call["findings"], lost = [], {"violation": 0, "needs_review": 0}
    for rule, severity, often in RULES:
        if chance.random() < often * harm:
            state = chance.choices(("violation", "needs_review", "cannot_decide"), (6, 3, 1))[0]
            call["findings"].append(
                {
                    **copy.deepcopy(model),
                    "id": f"{chance.getrandbits(48):012x}",
                    "rule": rule,
                    "severity": severity,
                    "state": state,
                    "confidence": round(chance.uniform(0.4, 0.98), 4),
                    "missing": "agreed_hours" if state == "cannot_decide" else None,
                }
            )
            if state in lost:
                lost[state] += {"critical": 100, "major": 20, "minor": 5}[severity]
    call["scores"]["compliance"] = float(max(0, 100 - lost["violation"]))
    call["scores"]["compliance_if_confirmed"] = float(max(0, 100 - lost["violation"] - lost["needs_review"]))
    call["scores"]["red_line"] = any(
        f["severity"] == "critical" and f["state"] == "violation" for f in call["findings"]
    )


def made_calls(number: int, **options: Any) -> Iterator[dict[str, Any]]:
    """JSON of made calls, one after the other; options as of :func:`made_call`."""
    return (made_call(i, **options) for i in range(number))


def make_results(folder: Path, *, calls: int = 60, sound: int = 3, show: bool = True, **options: Any) -> Path:
    """A results folder: calls, quarantine, sound of the first few, pages and tables.

    Args:
        folder: where; made when it is not there.
        calls: how many calls.
        sound: how many of them can be played.
        show: whether pages and tables are written.
        options: as of :func:`made_call`.

    Returns:
        The folder.
    """
    made = list(made_calls(calls, **options))
    for name in ("calls", "audio"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for call in made:
        path = folder / "calls" / f"{file_stem(call['call_id'])}.json"
        path.write_text(json.dumps(call, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    audio = {call["call_id"]: f"audio/{call['call_id']}.wav" for call in made[:sound]}
    for place in audio.values():
        write_sound(folder / place)
    away = (
        Quarantined(
            call_id=f"made-{options.get('seed', 0)}-broken", reason="truncated", message="12.0 s of 90.0 s"
        ),
        Quarantined(call_id="line-9", reason="manifest_row", message="total_due: not a number", line=9),
    )
    write_quarantine(away, folder / "quarantine.jsonl")
    if show:
        write_tables(made, away, folder, **shown())
        write_pages(made, away, folder, audio=audio, **shown())
    return folder


def write_sound(path: Path, seconds: float = 23.0, rate: int = 8000) -> Path:
    """A stereo WAV that a browser plays: a hum where the sample has turns, a channel a party."""
    time = np.arange(int(seconds * rate)) / rate
    hum = np.sin(2 * np.pi * 180 * time) * (np.sin(2 * np.pi * 3 * time) ** 2) * 8000
    both = np.zeros((len(time), 2))
    for turn in json.loads(_sample())["turns"]:
        at = slice(int(turn["start"] * rate), int(turn["end"] * rate))
        both[at, turn["channel"]] = hum[at]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(both.astype("<i2").tobytes())
    return path
