"""The quick look at a call's form and the slow one that says what is wrong agree."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from pipeline.report.call_json import _quick_validator, _validator, to_json
from tests.golden.sample import report


def places(value: Any, at: tuple[Any, ...] = ()):
    """The way to every value within a document."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def changed(document: Any, at: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(document)
    inner = made
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = new
    return made


@pytest.mark.parametrize("new", [None, True, -1, 1.5, 2.0, "", "x", [], {}, float("nan"), 10**30])
def test_both_give_the_same_verdict_on_a_field(new):
    document = to_json(report())
    differing, refused = [], 0
    for at in random.Random(repr(new)).sample([at for at in places(document) if at], 40):
        one = changed(document, at, new)
        quick, slow = _quick_validator().is_valid(one), _validator().is_valid(one)
        refused += not slow
        # where only the quick one refuses, the slow one has the word
        if quick and not slow:
            differing.append(at)
    assert refused
    assert differing == []
