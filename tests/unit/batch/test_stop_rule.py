"""Many failures alike are the machine's."""

import pytest

from pipeline.batch.stop_rule import FEWEST, StopRule


def rule(calls=10_000, in_a_row=20, share=0.05):
    return StopRule(calls=calls, in_a_row=in_a_row, share=share)


def test_so_many_in_a_row_are_too_many():
    stop = rule()
    assert [stop.failed("engine") for _ in range(20)] == [False] * 19 + [True]


@pytest.mark.parametrize("between", ["success", "another reason"])
def test_what_comes_between_ends_a_row(between):
    stop = rule()
    for _ in range(19):
        stop.failed("engine")
    stop.succeeded() if between == "success" else stop.failed("timeout")
    assert not stop.failed("engine")


def test_a_share_of_the_batch_is_too_much_wherever_it_fails():
    stop = rule(calls=1_000, in_a_row=0)
    found = []
    for _ in range(60):
        found.append(stop.failed("engine"))
        stop.succeeded()
    assert found.index(True) == 50  # the first beyond 5 %


def test_a_small_batch_is_not_stopped_by_a_few():
    stop = rule(calls=30, in_a_row=0)
    assert [stop.failed("engine") for _ in range(FEWEST)] == [False] * (FEWEST - 1) + [True]
