"""A night for the soak: so many calls, a few of them recordings to listen to, the rest heard already.

What was heard of the calls of the demo, words and voices included, is put together anew into calls of the
length asked for, and kept in the results folder under the key that the batch will ask for. To the batch such
a call looks as after a night that died between hearing and judging: it reads the recording (a short file of
its own), claims the hearing, asks a worker, which finds what was heard, and goes on. So every part of a
night is at work but the speech models, and nothing of it is left out.

The same seed gives the same night.
"""

from __future__ import annotations

import csv
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import decode
from pipeline.batch import heard
from pipeline.batch.keys import Basis, file_sha256
from pipeline.manifest import plan_recordings
from pipeline.metadata import CHINA
from pipeline.settings import PROJECT_ROOT, load_settings
from pipeline.types import Recording, Transcript, Turn

DEMO = PROJECT_ROOT / "demo" / "recordings"
RATE = 8000
STORED_S = 180.0
"""Length of a call that was heard already: the three minutes that the overhead is held against."""
RECORDING_S = 20.0
BAD_SHARE = 0.01
BAD_KINDS = ("broken file", "missing file", "damaged transcript", "bad row")
DAY = datetime(2026, 3, 12, 8, 0, tzinfo=CHINA)
HOURS = 12
DIALS_A_CALL = 2
CALLS_A_DEBTOR = 2.5
CALLS_AN_AGENT = 90
LENDERS = 12
AGENCIES = 5
_SHORTEST_S = 0.02
"""The file of a stored call: too short to be judged, so that a call that lost its transcript is set aside."""
_COLUMNS = (
    "call_id", "file", "channel_roles", "agent_id", "lender", "lender_type", "agency", "is_outsourced",
    "product_type", "customer_id", "callee_role", "direction", "started_at", "days_overdue", "total_due",
    "principal", "lawsuit_status", "ivr_recording_notice", "called_number", "paid_amount", "paid_at",
)  # fmt: skip
_ROLES = ("debtor", "relative", "colleague", "emergency_contact", "unknown")
_ROLE_SHARES = (0.8, 0.07, 0.05, 0.05, 0.03)


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """What a night is to be.

    Attributes:
        calls: how many rows the manifest has.
        recordings: how many of them are recordings to listen to.
        seconds: length of each of these.
        bad: share of all that cannot be judged.
        workers: calls worked on at a time.
    """

    calls: int
    recordings: int
    seconds: float = RECORDING_S
    bad: float = BAD_SHARE
    seed: int = 1
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeNight:
    """A night that lies ready.

    Attributes:
        bad: by call id (or ``line-N``), what is wrong with it.
        sound_s: seconds of sound to listen to.
    """

    plan: NightPlan
    manifest: Path
    dial_log: Path
    config: Path
    out: Path
    bad: dict[str, str]
    sound_s: float


def make_night(plan: NightPlan, folder: Path, pool: Sequence[heard.Kept]) -> MadeNight:
    """Write recordings, manifest, dial log, settings and what was heard.

    Args:
        plan: what it is to be.
        folder: made when it is not there; should be empty.
        pool: what was heard of calls, to make others of.
    """
    rng = np.random.default_rng(plan.seed)
    (sounds := folder / "recordings").mkdir(parents=True)
    config = folder / "soak.toml"
    config.write_text(f"[batch]\nworkers = {plan.workers}\n\n[asr]\nthreads = 1\n", "utf-8")
    faults = _faults(plan, rng)
    rows = [_row(number, rng, plan) for number in range(plan.calls)]
    sources = [channel for path in sorted(DEMO.iterdir()) for channel in _sound_of(path)]
    for number, row in enumerate(rows):
        place, fault = sounds / Path(row["file"]).name, faults.get(number)
        if fault == "broken file":
            place.write_bytes(rng.bytes(4000))
        elif fault != "missing file":
            listen = number < plan.recordings
            sound = _cut_and_mixed(sources, plan.seconds, rng) if listen else _short(number)
            write_wav(place, sound)
        if fault == "bad row":
            row["started_at"] = "yesterday"
    manifest, dials = folder / "manifest.csv", folder / "dials.csv"
    _write_rows(manifest, _COLUMNS, rows)
    _write_rows(dials, ("started_at", "called_number", "customer_id", "lender", "connected", "talk_seconds"),
                _dials(rows, rng))  # fmt: skip
    out = folder / "results"
    _keep(manifest, out, plan, faults, pool, rng, config)
    bad = {rows[number]["call_id"]: kind for number, kind in faults.items()}
    listened = sum(number not in faults for number in range(plan.recordings))
    return MadeNight(
        plan=plan,
        manifest=manifest,
        dial_log=dials,
        config=config,
        out=out,
        bad=bad,
        sound_s=listened * plan.seconds,
    )


def read_pool(results: Path) -> list[heard.Kept]:
    """What was heard of the calls of a results folder that have words.

    Raises:
        FileNotFoundError: there is none.
    """
    found = [heard.take(path) for path in sorted((results / heard.FOLDER).glob("*.json.gz"))]
    pool = [kept for kept, _ in filter(None, found) if kept.transcript.turns]
    if not pool:
        raise FileNotFoundError(f"{results}: nothing that was heard is kept there")
    return pool


def write_wav(path: Path, sound: NDArray[np.float32]) -> None:
    """A recording of 16 bit at 8 kHz; ``sound`` is one channel in -1..1."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def _keep(
    manifest: Path,
    out: Path,
    plan: NightPlan,
    faults: dict[int, str],
    pool: Sequence[heard.Kept],
    rng: np.random.Generator,
    config: Path,
) -> None:
    basis = Basis.of(load_settings(config))
    for call in plan_recordings(manifest).calls:
        number = int(call.call_id.rpartition("-")[2])
        if number < plan.recordings or call.recording is None:
            continue
        if faults.get(number) in ("broken file", "missing file"):
            continue
        sha256 = file_sha256(call.recording.path)
        place = heard.place_of(out, call.call_id)
        heard.keep(stored(pool, rng, key=basis.hear_key(call, sha256), sha256=sha256), place)
        if faults.get(number) == "damaged transcript":
            place.write_bytes(place.read_bytes()[:-200])


def stored(
    pool: Sequence[heard.Kept], rng: np.random.Generator, *, key: str, sha256: str, seconds: float = STORED_S
) -> heard.Kept:
    """What was heard of a call that never was: turns of real ones, until it is long enough."""
    turns: list[Turn] = []
    at_ms, speech_ms, order = 0, 0, rng.permutation(len(pool))
    first = pool[order[0]]
    for place in range(10**6):
        source = pool[order[place % len(pool)]].transcript.turns
        begin = int(rng.integers(0, 1 + len(source) // 4)) if place else 0
        offset = at_ms - (source[begin].start_ms or 0)
        for turn in source[begin:]:
            moved = _moved(turn, len(turns), offset)
            if (moved.end_ms or 0) > seconds * 1000:
                audio = replace(first.audio, duration_ms=round(seconds * 1000), sha256=sha256)
                transcript = Transcript(
                    turns=tuple(turns), speech_ms=speech_ms, quality=first.transcript.quality
                )
                return replace(first, key=key, audio=audio, transcript=transcript)
            turns.append(moved)
            at_ms = max(at_ms, (moved.end_ms or 0) + 400)
            speech_ms += (moved.end_ms or 0) - (moved.start_ms or 0)
    raise ValueError("the pool holds no time")


def _moved(turn: Turn, index: int, offset: int) -> Turn:
    words = tuple(replace(w, start_ms=w.start_ms + offset, end_ms=w.end_ms + offset) for w in turn.words)
    start, end = (turn.start_ms or 0) + offset, (turn.end_ms or 0) + offset
    return replace(turn, index=index, start_ms=start, end_ms=end, words=words)


def _faults(plan: NightPlan, rng: np.random.Generator) -> dict[int, str]:
    """By number, what is wrong with a call; every kind as often, none among the recordings to listen to."""
    first = min(plan.recordings, plan.calls - 1)
    count = min(round(plan.bad * plan.calls), plan.calls - first)
    chosen = rng.permutation(np.arange(first, plan.calls))[:count]
    return {int(number): BAD_KINDS[place % len(BAD_KINDS)] for place, number in enumerate(chosen)}


def _row(number: int, rng: np.random.Generator, plan: NightPlan) -> dict[str, str]:
    """A row of the manifest; debtors, numbers, agents and lenders come back as they do in a night."""
    debtors = max(1, round(plan.calls / CALLS_A_DEBTOR))
    debtor = int(debtors * rng.random() ** 1.5)  # some are called far more often than others
    lender = debtor % LENDERS
    started = DAY + timedelta(seconds=float(rng.random() * HOURS * 3600))
    outsourced, paid = bool(rng.random() < 0.3), bool(rng.random() < 0.1)
    principal = 1000 + debtor % 90 * 100
    return {
        "call_id": f"soak-{number:06}",
        "file": f"recordings/soak-{number:06}.wav",
        "channel_roles": "",
        "agent_id": f"A{int(rng.integers(1 + plan.calls // CALLS_AN_AGENT)):04}",
        "lender": f"第{lender}银行",
        "lender_type": "bank",
        "agency": f"第{int(rng.integers(AGENCIES))}公司" if outsourced else "",
        "is_outsourced": str(outsourced).lower(),
        "product_type": "credit_card" if lender % 2 else "consumer_loan",
        "customer_id": f"C{debtor:06}",
        "callee_role": str(rng.choice(_ROLES, p=_ROLE_SHARES)),
        "direction": "outbound" if rng.random() < 0.95 else "inbound",
        "started_at": started.isoformat(timespec="seconds"),
        "days_overdue": str(1 + debtor % 400),
        "total_due": f"{principal * 1.1:.2f}",
        "principal": f"{principal:.2f}",
        "lawsuit_status": "none",
        "ivr_recording_notice": str(bool(rng.random() < 0.5)).lower(),
        "called_number": f"+8613{debtor:08}{int(rng.integers(2))}",
        "paid_amount": "200.00" if paid else "",
        "paid_at": DAY.date().isoformat() if paid else "",
    }


def _dials(rows: Sequence[dict[str, str]], rng: np.random.Generator) -> Iterator[dict[str, str]]:
    """Every dial of the day: for each call those that nobody answered."""
    for row in rows:
        for _ in range(DIALS_A_CALL):
            at = DAY + timedelta(seconds=float(rng.random() * HOURS * 3600))
            yield {
                "started_at": at.isoformat(timespec="seconds"),
                "called_number": row["called_number"],
                "customer_id": row["customer_id"],
                "lender": row["lender"],
                "connected": "false",
                "talk_seconds": "0",
            }


def _write_rows(path: Path, columns: Sequence[str], rows: Iterator[dict[str, str]] | list) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _sound_of(path: Path) -> list[NDArray[np.float32]]:
    decoded = decode(Recording(path=path), load_settings().audio)
    whole = sum(channel.samples for channel in decoded.channels)
    step = decoded.sample_rate // RATE
    length = len(whole) // step * step
    return [np.asarray(whole[:length], np.float32).reshape(-1, step).mean(axis=1)]


def _cut_and_mixed(
    sources: Sequence[NDArray[np.float32]], seconds: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A stretch of one call, from anywhere, over a quiet stretch of another and noise of the line."""
    length = round(seconds * RATE)
    one, other = (
        np.roll(source, -int(rng.integers(len(source))))
        for source in (sources[i] for i in rng.choice(len(sources), 2, replace=False))
    )
    noise = rng.standard_normal(length).astype(np.float32)
    mixed = np.resize(one, length) + 0.02 * np.resize(other, length) + 0.001 * noise
    return np.asarray(mixed, np.float32)


def _short(number: int) -> NDArray[np.float32]:
    """A file like no other: its samples are the digits of the number."""
    digits = np.array([int(digit) for digit in f"{number:08}"], np.float32) / 100
    return np.resize(digits, round(_SHORTEST_S * RATE))
