"""Whatever there is, wherever it is interrupted: the held and young stay whole, the due leave no byte."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.retention.holds import Subjects, set_holds
from pipeline.retention.inventory import PLACES, place_of
from pipeline.retention.proof import read, verify
from tests.retained import KEY, NOW, Results, phrase

pytestmark = pytest.mark.slow

AGES = {"old": "2020-06-18T10:30:00+08:00", "young": "2028-06-18T10:30:00+08:00"}
"""Nine years and a half, and one and a half: on either side of all periods."""


@dataclass(frozen=True)
class Case:
    """A call: how old, of which lender, held how, with a promise on a card that nobody settled."""

    age: str
    lender_type: str
    held: str
    promise: bool

    @property
    def due(self):
        return self.age == "old" and not self.held and not self.promise


CASES = st.builds(
    Case,
    age=st.sampled_from(["old", "young"]),
    lender_type=st.sampled_from(["bank", "consumer_finance"]),
    held=st.sampled_from(["", "", "call", "debtor"]),
    promise=st.booleans(),
)


class Interrupted(Exception):
    """As good as a power cut."""


@settings(max_examples=12)
@given(cases=st.lists(CASES, min_size=1, max_size=4), at=st.integers(0, 25))
def test_it_is_all_or_nothing(tmp_path_factory, cases, at):
    results = Results(tmp_path_factory.mktemp("results"))
    for number, case in enumerate(cases):
        name = f"call-{number}"
        product = "credit_card" if case.promise else "consumer_loan"
        results.add(
            name,
            promise=case.promise,
            started_at=AGES[case.age],
            lender_type=case.lender_type,
            product_type=product,
        )
        if case.held:
            named = {"call": {"calls": (name,)}, "debtor": {"debtors": (f"D-{name}",)}}[case.held]
            set_holds(results.store, Subjects(**named), by="a", why="b", at=NOW)
    results.show()
    whole = {path: path.read_bytes() for path in _files_of(results, cases, due=False)}
    _interrupted(results, at)
    results.retention().apply()
    due = {f"call-{number}" for number, case in enumerate(cases) if case.due}
    for number in range(len(cases)):
        name = f"call-{number}"
        if name in due:
            assert results.files_with(phrase(name)) == []
        else:
            assert "tinghe.db" in "".join(results.files_with(phrase(name)))
    assert {path: path.read_bytes() for path in whole} == whole
    assert sorted(line["call"] for line in read(results.out)) == sorted(KEY.of(name) for name in due)
    assert verify(results.out).broken is None
    assert not _files_of(results, cases, due=True)
    results.store.close()


def _files_of(results, cases, *, due):
    paths = (
        place_of(results.out, kind, f"call-{number}")
        for number, case in enumerate(cases)
        if case.due is due
        for kind in PLACES
    )
    return [path for path in paths if path.exists()]


def _interrupted(results, at):
    """Apply, and stop at a step: each transaction and each unlinking is one."""
    steps = iter(range(1000))
    with pytest.MonkeyPatch.context() as patch:
        transaction = type(results.store).transaction
        unlink = type(results.out).unlink

        def stopping(original):
            def instead(*arguments, **named):
                if next(steps) == at:
                    raise Interrupted
                return original(*arguments, **named)

            return instead

        patch.setattr(type(results.store), "transaction", stopping(transaction))
        patch.setattr("pathlib.Path.unlink", stopping(unlink))
        try:
            results.retention().apply()
        except Interrupted:
            return
