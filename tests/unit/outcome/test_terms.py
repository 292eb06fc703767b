"""What a promise says beyond amount and day, and how repeating puts right what was misheard."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.types import Promise
from tests.unit.outcome.test_promise import june, promise


def made(lines: str, **metadata: object) -> Promise:
    found = promise(lines, **metadata)
    assert found is not None
    return found


REPEATED = {
    "the agent agrees to less than was heard": (
        """C 我先还两千五，周五还。
        A 行，那就先两千。
        C 我现在就去弄。""",
        2000,
        june(12),
    ),
    "the agent names the same before and after an answer that differs": (
        """C 下周三我先还五百行不行？
        A 可以，那就十七号，还五百元，我这样记对吗？
        C 七号，五百。
        A 好，十七号还五百。""",
        500,
        june(17),
    ),
    "an amount agreed to fills what was not heard": (
        """C 周五大概能还付钱。
        A 四千可以，您放心。
        C 那挺好。""",
        4000,
        june(12),
    ),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_the_agent_repeats_and_nobody_denies_stands(name: str) -> None:
    lines, amount, day = REPEATED[name]
    found = made(lines)
    assert (found.amount, found.date) == (Decimal(amount), day)


def test_figures_that_the_recogniser_joined_are_taken_apart() -> None:
    assert made("C 月底前我把这60004还上。\nA 好。").amount == Decimal(6400)


def test_an_answer_that_denies_is_no_mishearing() -> None:
    found = made(
        """A 那就十五号还两千，对吧？
        C 十五号不行，十八号还两千。
        A 十五号还两千。"""
    )
    assert found.date == june(18)


def test_who_offers_proof_tells_of_the_past() -> None:
    assert promise("C 三号我从手机银行转了一千二，截图我都留着。\nA 好的。") is None


@pytest.mark.parametrize(
    ("lines", "proposer"),
    [
        ("C 周五我还两千。\nA 周五两千，对吧？\nC 对。", "customer"),
        ("A 那就十五号还三千，可以吧？\nC 可以。", "agent"),
        ("A 那这周五您能还多少？\nC 能还个七百。\nA 行，周五七百，对吧？\nC 对。", "both"),
    ],
)
def test_who_proposed_the_terms(lines: str, proposer: str) -> None:
    assert made(lines).proposed_by == proposer


@pytest.mark.parametrize(
    ("lines", "certainty"),
    [
        ("C 周五我还两千。\nA 周五两千，对吧？\nC 对。", "firm"),
        ("C 周五我先还五百行不行？", "tentative"),
        ("C 等工资发下来，我十五号就还两千。\nA 好，十五号两千，对吧？\nC 对。", "conditional"),
        ("C 下周我还两千。", "vague"),
        ("C 周五大概能还四千。", "vague"),
        ("C 周五大概能还四千。\nA 周五四千，对吧？\nC 对。", "firm"),
        ("A 您哪天能还上？\nC 二十六号吧，还多少现在不好说。", "vague"),
    ],
)
def test_how_far_it_binds(lines: str, certainty: str) -> None:
    assert made(lines).certainty == certainty


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("等工资发下来，我十五号就还两千。", "等工资发下来"),
        ("只要货款到账，十五号还两千。", "只要货款到账"),
        ("十五号还两千，前提是罚息给我免了。", "前提是罚息给我免了"),
        ("十五号我还两千。", None),
        ("十五号不还的话也不行，我十五号还两千。", None),
    ],
)
def test_what_has_to_happen_first(said: str, condition: str | None) -> None:
    found = made(f"C {said}").condition
    assert (found.quote if found else None) == condition


@pytest.mark.parametrize(
    ("lines", "amount", "day"),
    [
        # taken back, or never put on record
        ("A 您周五还两千，行吗？\nC 行。\nC 不算不算，我那是随口一说。", None, None),
        ("C 周五我还五百。\nA 走公司账户。\nC 算你厉害，那五百我也不转了。", None, None),
        ("C 周五我还两千。\nA 结果出来以前，今天就不给您登记还款承诺了。\nC 好。", None, None),
        ("C 我本来打算这个月还两千的，你这么说就没有了。", None, None),
        # what is told of one's means offers nothing
        ("A 您打算还多少？\nC 我一个月三千，房租八百，剩不下。", None, None),
        # a figure that is broken off, a day that goes with another sum
        ("A 八百行吗？\nC 八百我真……四百吧，周五打四百进去。", 400, "2026-06-12"),
        ("C 周五我还两千。\nA 周五，两千，记下了。工本费今天交。\nC 好的。", 2000, "2026-06-12"),
        ("C 明天家里办事，腾不出手。我先还一半，周五，成不成？", 3200, "2026-06-12"),
        ("C 今天动不了，周五打七百过来。", 700, "2026-06-12"),
    ],
)
def test_what_stands_at_the_end(lines: str, amount: int | None, day: str | None) -> None:
    found = promise(lines)
    told = (None, None) if found is None else (found.amount, found.date and found.date.isoformat())
    assert told == (amount, day)
