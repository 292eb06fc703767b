"""What a reader must see before anything else: a customer who may harm himself.

Such a call stands first in every list, whatever the agent did in it, and the risk first among its events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, Any]

RISK = "self_harm_risk"


def in_routing_order(events: Iterable[str]) -> list[str]:
    """Names of events, each once: the risk of self-harm first, the others by name."""
    return sorted(set(events), key=lambda event: (event != RISK, event))


def is_at_risk(call: Json) -> bool:
    """Whether a customer of this call (its JSON) may harm himself."""
    return RISK in call["customer_events"]
