"""What the coaching pages show, as plain values for the templates."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.choose import Why
from pipeline.coaching.wording import suggest
from pipeline.intervals import mean
from pipeline.report.showing import DASH, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.coaching.choose import Chosen, Findings, Trend
    from pipeline.coaching.compare import Compared
    from pipeline.coaching.excerpts import Excerpt, Excerpts
    from pipeline.coaching.guide import Guide
    from pipeline.coaching.tally import CallKey, Moment, Tally
    from pipeline.intervals import Interval
    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

SKILL: Final = "skill"
GRAVE_SHOWN: Final = 3
"""Calls with a red line or pressure that are quoted; all of them are counted."""
_TICK_WIDTH, _TICK_HEIGHT, _EDGE = 120.0, 30.0, 4.0


class Subject:
    """Puts together the page of an agent or a team.

    Args:
        found: what is said.
        guide: skills and wordings.
        excerpts: cuts moments out of calls.
        showing: how things are shown.
        link: keeps a clip and gives the link to it.
        named: whether calls are named; on a team's page they are not, for they name an agent.
        team: everybody of the team, for a good moment where an agent has none; ``None`` on a team's page.
    """

    def __init__(
        self,
        found: Findings,
        guide: Guide,
        excerpts: Excerpts,
        showing: Showing,
        link: Callable[[bytes], str],
        *,
        named: bool,
        team: Tally | None = None,
    ) -> None:
        self._found, self._guide, self._excerpts = found, guide, excerpts
        self._showing, self._link, self._named, self._team = showing, link, named, team

    def view(self) -> dict[str, Any]:
        """The values of the page.

        Raises:
            TranscriptError: a result that it quotes is not in the published form.
        """
        found, t = self._found, self._showing.labels
        tally = found.tally
        return {
            "figures": _figures(found, t),
            "notices": [
                {"kind": notice.value, "text": t(f"coaching.notice.{notice.value}"), "number": number_}
                for notice, number_ in found.notices
            ],
            "grave": self._grave(tally) if self._named else [],
            "work_on": [self._block(chosen) for chosen in found.work_on],
            "strengths": [self._block(chosen, with_worst=False) for chosen in found.strengths],
            "skills": [_row(one, found.trends.get(one.skill), t, self._guide) for one in found.skills],
            "has_trend": bool(found.trends),
            "guide": self._guide.version,
        }

    def _block(self, chosen: Chosen, *, with_worst: bool = True) -> dict[str, Any]:
        one, t = chosen.compared, self._showing.labels
        best = self._moment(self._found.tally.best.get(chosen.skill, ()), named=self._named)
        borrowed = None if best or self._team is None else self._team.best.get(chosen.skill)
        worst = self._found.tally.worst.get(chosen.skill, ()) if with_worst else ()
        return {
            "skill": chosen.skill,
            "name": t(f"{SKILL}.{chosen.skill}"),
            "why": t(f"coaching.why.{chosen.why.value}"),
            "compared": chosen.why is Why.COMPARED,
            **_numbers(one),
            "gain": number(abs(one.gain)) if chosen.why is Why.COMPARED else None,
            "ahead": one.gain < 0,
            "best": best,
            "borrowed": self._moment(borrowed, named=False) if borrowed else None,
            "worst": self._moment(worst, named=self._named),
            "better": self._better(chosen.skill, worst[0]) if worst else None,
        }

    def _moment(self, moments: Sequence[Moment], *, named: bool) -> dict[str, Any] | None:
        if not moments:
            return None
        return self._shown(self._excerpts.cut(moments[0].call, moments[0].focus), named=named)

    def _shown(self, excerpt: Excerpt, *, named: bool = True) -> dict[str, Any]:
        t = self._showing.labels
        return {
            "call_id": excerpt.call_id if named else "",
            "started": excerpt.started if named else "",
            "lines": [
                {
                    "who": t.of("role", line.role),
                    "role": line.role,
                    "text": line.text,
                    "clock": line.clock,
                    "focus": line.focus,
                }
                for line in excerpt.lines
            ],
            "sound": self._link(excerpt.sound) if excerpt.sound else None,
        }

    def _better(self, skill: str, moment: Moment) -> dict[str, str]:
        talk = self._excerpts.talk(moment.call)
        made = suggest(self._guide, skill, talk.place(moment.focus), talk.slots())
        return {"say": made.say, "why": self._showing.said(made.why), "wording": made.wording}

    def _grave(self, tally: Tally) -> list[dict[str, Any]]:
        grave = sorted(tally.grave)[:GRAVE_SHOWN]
        return [shown for _, key in grave if (shown := self._grave_call(key))]

    def _grave_call(self, key: CallKey) -> dict[str, Any] | None:
        """A call with a red line or pressure: its gravest confirmed finding and what to say instead."""
        talk, pressure = self._excerpts.talk(key), set(self._guide.pressure)
        broken = [
            finding
            for finding in talk.call["findings"]
            if finding["state"] == "violation"
            and (finding["severity"] == "critical" or finding["rule"] in pressure)
        ]
        if not broken:
            return None
        worst = min(broken, key=lambda f: (f["severity"] != "critical", f["turn"] is None, f["turn"] or 0))
        place = talk.at.get(worst["turn"])
        excerpt = self._shown(self._excerpts.cut(key, place)) if place is not None else None
        skill = next((s.skill for s in self._guide.skills if worst["rule"] in s.measure.rules), None)
        better = None
        if skill is not None and place is not None:
            made = suggest(self._guide, skill, talk.place(place), talk.slots())
            better = {"say": made.say, "why": self._showing.said(made.why), "wording": made.wording}
        return {
            "call_id": key.call_id,
            "rules": [self._showing.rule(rule) for rule in dict.fromkeys(f["rule"] for f in broken)],
            "excerpt": excerpt,
            "better": better,
        }


def index_row(found: Findings, *, name: str, href: str, few: bool = False) -> dict[str, Any]:
    """A row about an agent or a team on the page above it."""
    tally = found.tally
    return {
        "name": name,
        "href": href,
        "few": few,
        "calls": tally.calls,
        "compliance": _mean(tally.compliance),
        "effectiveness": _mean(tally.effectiveness),
        "red_lines": tally.red_lines,
        "work_on": [one.skill for one in found.work_on if one.why is Why.COMPARED],
        "strengths": [one.skill for one in found.strengths if one.why is Why.COMPARED],
    }


def _figures(found: Findings, t: Labels) -> list[dict[str, Any]]:
    tally = found.tally
    promise, hard = found.promise_rate[0], found.hard_rate[0]
    compliance, effectiveness = _mean(tally.compliance), _mean(tally.effectiveness)
    return [
        {"name": t("coaching.calls"), "value": tally.calls, "range": "", "bad": False},
        {"name": t("coaching.compliance"), **compliance, "bad": False},
        {"name": t("coaching.effectiveness"), **effectiveness, "bad": False},
        {"name": t("coaching.promise_rate"), **_share(promise), "bad": False},
        {"name": t("coaching.hard_rate"), **_share(hard), "bad": False},
        {
            "name": t("coaching.red_lines"),
            "value": tally.red_lines,
            "range": "",
            "bad": tally.red_lines > 0,
        },
    ]


def _mean(values: Sequence[float]) -> dict[str, str]:
    """A mean with its interval; without one where there are too few values."""
    if not values:
        return {"value": DASH, "range": ""}
    found = mean(values)
    if found is None:
        return {"value": number(sum(values) / len(values)), "range": ""}
    return {"value": number(found.value), "range": f"{number(found.low)}–{number(found.high)}"}


def _share(rate: Interval | None) -> dict[str, str]:
    if rate is None:
        return {"value": DASH, "range": ""}
    return {"value": percent(rate.value), "range": f"{_bare(rate.low)}–{percent(rate.high)}"}


def _numbers(one: Compared) -> dict[str, Any]:
    """The figures of a skill."""
    gap = one.sure or one.difference
    return {
        "done": round(one.rate.value * one.rate.n),
        "n": one.rate.n,
        "rate": percent(one.rate.value),
        "range": f"{_bare(one.rate.low)}–{percent(one.rate.high)}",
        "low": round(100 * one.rate.low, 1),
        "width": round(100 * (one.rate.high - one.rate.low), 1),
        "at": round(100 * one.rate.value, 1),
        "shrunk": None if one.shrunk is None else percent(one.shrunk),
        "others": None if one.others is None else percent(one.others.value),
        "others_at": None if one.others is None else round(100 * one.others.value, 1),
        "gap": None if gap is None else signed(gap.value),
        "gap_range": "" if gap is None else f"{signed(gap.low)} ~ {signed(gap.high)}",
        "sure": one.sure is not None,
        "lost": number(one.lost),
    }


def _row(one: Compared, trend: Trend | None, t: Labels, guide: Guide) -> dict[str, Any]:
    return {
        "name": t(f"{SKILL}.{one.skill}"),
        "skill": one.skill,
        **_numbers(one),
        "behind": one.sure is not None and one.sure.high < 0,
        "ahead": one.sure is not None and one.sure.low > 0,
        "trend": None if trend is None else _trend(trend, t),
    }


def _trend(trend: Trend, t: Labels) -> dict[str, Any]:
    if trend.change is None:
        verdict = "few"
    elif trend.sure is None:
        verdict = "none"
    else:
        verdict = "up" if trend.sure.low > 0 else "down"
    return {
        "verdict": verdict,
        "said": t(f"coaching.change.{verdict}"),
        "marks": list(_marks(trend.weeks)),
        "told": " · ".join(
            f"{week} {DASH if rate is None else percent(rate.value)}" for week, rate in trend.weeks
        ),
    }


def _marks(weeks: Sequence[tuple[str, Interval | None]]) -> Iterable[Mapping[str, float]]:
    """Where each week's bar and dot stand in a picture of 120 × 30."""
    step = (_TICK_WIDTH - 2 * _EDGE) / max(1, len(weeks) - 1)
    for number_, (_, rate) in enumerate(weeks):
        if rate is not None:
            yield {
                "x": round(_EDGE + number_ * step, 1),
                "y": _height(rate.value),
                "top": _height(rate.high),
                "bottom": _height(rate.low),
            }


def _height(value: float) -> float:
    return round(_EDGE + (1 - value) * (_TICK_HEIGHT - 2 * _EDGE), 1)


def data_uri(sound: bytes) -> str:
    """A clip that stands in the page."""
    return f"data:audio/wav;base64,{base64.b64encode(sound).decode()}"


def percent(value: float) -> str:
    """A share as per cent; a decimal only near the ends, where it matters."""
    return f"{_bare(value)}%"


def _bare(value: float) -> str:
    hundred = 100 * value
    return f"{hundred:.1f}" if 0 < hundred < 1 or 99 < hundred < 100 else f"{hundred:.0f}"


def signed(value: float) -> str:
    """A difference of shares in points of a hundred, with its sign."""
    rounded = round(100 * value, 1)
    return "0" if rounded == 0 else f"{'+' if rounded > 0 else '−'}{abs(rounded):g}"
