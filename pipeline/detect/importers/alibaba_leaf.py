"""What an operator of Alibaba's 智能对话分析 becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """An operator as keys of a condition.

    Attributes:
        keys: what it adds to the condition.
        whole: whether it is about the call and not about a turn.
        says: the role that the turn must have (``ROLE_CHECK``).
        absence: whether it asks that nothing of something is said.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    says: str | None = None
    absence: bool = False
