"""Parts of a call: opening, verification, body, closing.

Known from what is said, not from the clock: verification begins where the agent asks who is on the
line and ends with the answer; the closing begins with the first goodbye of the last turns. A call
without such a question goes from its opening straight to its body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.types import Role

if TYPE_CHECKING:
    from pipeline.detect.schema.conditions import Phase
    from pipeline.detect.view import CallView

OPENING_TURNS = 2
"""Length of the opening where nobody asks who is on the line."""
ASKED_WITHIN = 8
"""Later than this a question about the name is no verification any more."""
CLOSING_TURNS = 6
"""A goodbye earlier than this from the end was none."""

_ASKS = re.compile(
    r"(请问|您好|你好|喂)?.{0,6}(是|找).{0,10}(本人|先生|女士|小姐|同志)?.{0,4}(吗|么|吧|是不是)[？?]?|"
    r"(核实|核对|确认)(一下)?.{0,6}(身份|信息|姓名|本人)|(身份证|证件).{0,4}(后|末|尾)"
)
_GOODBYE = re.compile(
    r"再见|拜拜|先这样|就这样|不打扰|打扰(您|你)了|祝您|祝你|感谢(您|你)?的?(接听|配合|支持)|挂了"
)


def phases_of(view: CallView) -> tuple[Phase, ...]:
    """The phase of every turn."""
    asked = [i for i in range(min(ASKED_WITHIN, len(view.turns))) if _asks(view, i)]
    body = min(OPENING_TURNS, len(view.turns))
    if asked:
        body = next(
            (i + 1 for i in range(asked[-1] + 1, len(view.turns)) if view.turns[i].role is Role.CUSTOMER),
            asked[-1] + 1,
        )
    closing = next(
        (i for i in range(max(body, len(view.turns) - CLOSING_TURNS), len(view.turns)) if _leaves(view, i)),
        len(view.turns),
    )

    def phase(position: int) -> Phase:
        if position >= closing:
            return "closing"
        if position >= body:
            return "body"
        return "verification" if asked and position >= asked[0] else "opening"

    return tuple(phase(i) for i in range(len(view.turns)))


def _asks(view: CallView, position: int) -> bool:
    turn = view.turns[position]
    if view.facts.acts is not None:
        return "rpc_confirm" in view.facts.acts.get(turn.index, frozenset())
    return turn.role is Role.AGENT and _ASKS.search(view.folded[position]) is not None


def _leaves(view: CallView, position: int) -> bool:
    return _GOODBYE.search(view.folded[position]) is not None
