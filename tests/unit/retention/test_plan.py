"""What is due: nothing under hold, nothing younger than any period that may be its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.retention.holds import Held
from pipeline.retention.inventory import KnownCall
from pipeline.retention.plan import Standing, decide
from pipeline.retention.profiles import CHOICES, Item, load_profiles
from pipeline.retention.settlements import Settlements, read_settlements
from pipeline.settings import CONFIGS

PROFILES = load_profiles(CONFIGS / "retention.yaml", CONFIGS / "norms.yaml")
DAY = date(2026, 6, 18)
TODAY = date(2040, 1, 1)
BANK = {"lender_type": "bank", "product_type": "consumer_loan", "promise": False}
CARD = {"lender_type": "bank", "product_type": "credit_card", "promise": True, "lender": "松河银行"}


def known(call_id="call", **changes):
    values = {
        "day": DAY,
        "debtor": "D1",
        "facts": BANK,
        "kinds": frozenset({"sound", "result"}),
        "rows": True,
    }
    return KnownCall(call_id=call_id, **{**values, **changes})


def one(call, today=TODAY, held=None, settlements=None, **more):
    (decision,) = decide(
        [call],
        profiles=PROFILES,
        held=held or Held(),
        settlements=settlements or Settlements(),
        today=today,
        **more,
    )
    return decision


def test_two_years_five_years_and_until_settlement():
    assert one(known(), date(2028, 6, 18)).standing is Standing.YOUNG
    assert one(known(), date(2028, 6, 19)).items == (Item.SOUND, Item.RECORDS)
    finance = known(facts={**BANK, "lender_type": "consumer_finance"})
    assert one(finance, date(2031, 6, 18)).standing is Standing.YOUNG
    assert one(finance, date(2031, 6, 19)).standing is Standing.DUE
    card = known(facts=CARD)
    assert one(card).standing is Standing.UNSETTLED
    settled = Settlements(by_debtor={"D1": ((date(2035, 1, 1), None),)})
    assert one(card, date(2035, 1, 1), settlements=settled).standing is Standing.YOUNG
    assert one(card, date(2035, 1, 2), settlements=settled).standing is Standing.DUE
    early = Settlements(by_debtor={"D1": ((date(2026, 7, 1), None),)})
    assert one(card, date(2028, 6, 18), settlements=early).kept_to == date(2028, 6, 18)


@pytest.mark.parametrize(
    ("debtor", "lender", "settled"),
    [
        ("D2", None, date(2035, 1, 1)),
        ("D1", "别的银行", date(2035, 1, 1)),
        ("D1", None, date(2026, 6, 17)),
        ("D1", None, TODAY + timedelta(days=1)),
    ],
)
def test_another_settlement_settles_nothing(debtor, lender, settled):
    found = Settlements(by_debtor={debtor: ((settled, lender),)})
    assert one(known(facts=CARD), settlements=found).standing is Standing.UNSETTLED


def test_a_call_whose_debtor_is_not_known_may_be_of_the_held_one():
    held = Held(debtors=frozenset({"D9"}))
    assert one(known(), held=held).standing is Standing.DUE
    assert one(known(debtor=None), held=held).standing is Standing.HELD


def test_an_original_goes_only_where_a_profile_says_so():
    assert one(known(), recordings={"call": True}).items == (Item.SOUND, Item.RECORDS)


def test_a_profile_that_only_may_apply_deletes_nothing():
    only = PROFILES.profiles[1].model_copy(update={"recordings": "delete"})
    profiles = type(PROFILES)(profiles=(PROFILES.profiles[0], only), assume={}, sha256="")
    call = known(facts={})
    (decision,) = decide(
        [call],
        profiles=profiles,
        held=Held(),
        settlements=Settlements(),
        today=TODAY,
        recordings={"call": True},
    )
    assert decision.items == (Item.SOUND, Item.RECORDS)


FACTS = st.fixed_dictionaries(
    {"promise": st.none() | st.booleans()},
    optional={name: st.sampled_from(values) for name, values in CHOICES.items()},
)
CALLS = st.builds(
    known,
    call_id=st.sampled_from("abcd"),
    day=st.none() | st.dates(date(2020, 1, 1), date(2039, 1, 1)),
    debtor=st.none() | st.sampled_from(["D1", "D2"]),
    facts=FACTS,
    not_before=st.none() | st.dates(date(2020, 1, 1), date(2050, 1, 1)),
)
HELD = st.builds(
    Held,
    calls=st.frozensets(st.sampled_from("abcd")),
    debtors=st.frozensets(st.sampled_from(["D1", "D2", "D3"])),
)
SETTLED = st.dictionaries(
    st.sampled_from(["D1", "D2"]),
    st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2050, 1, 1)), st.none()), min_size=1).map(tuple),
).map(lambda days: Settlements(by_debtor=days))
DAYS = st.dates(date(2020, 1, 1), date(2050, 1, 1))


@given(CALLS, HELD, SETTLED, DAYS)
def test_nothing_under_hold_and_nothing_young_is_ever_due(call, held, settlements, today):
    decision = one(call, today, held, settlements)
    if not decision.items:
        return
    assert decision.standing is Standing.DUE
    assert call.call_id not in held.calls
    assert call.debtor not in held.debtors
    assert call.debtor is not None or not held.debtors
    assert today > _years(call.day, 2)
    if call.facts.get("lender_type") in (None, "consumer_finance"):
        assert today > _years(call.day, 5)
    if call.facts.get("product_type") in (None, "credit_card") and call.facts["promise"] in (None, True):
        days = [day for day, _ in settlements.by_debtor.get(call.debtor, ()) if call.day <= day < today]
        assert days or call.facts.get("agreement_status") == "settled"
    assert call.not_before is None or today > call.not_before


def _years(day, years):
    month, number = (3, 1) if (day.month, day.day) == (2, 29) else (day.month, day.day)
    return date(day.year + years, month, number)


@given(CALLS, HELD, SETTLED, DAYS, st.integers(0, 5000))
def test_what_is_due_stays_due_and_a_hold_only_keeps(call, held, settlements, today, later):
    free = one(call, today, None, settlements)
    assert set(one(call, today, held, settlements).items) <= set(free.items)
    after = one(call, today + timedelta(days=later), None, settlements)
    assert set(free.items) <= set(after.items)


def test_settlements_are_read(tmp_path):
    path = tmp_path / "settled.csv"
    path.write_text("customer_id,settled_at,lender\nD1,2027-01-02,\nD1,2029-01-02,松河银行\n", "utf-8")
    found = read_settlements(path)
    assert found.since("D1", None, DAY) == date(2027, 1, 2)
    assert found.since("D1", None, date(2028, 1, 1)) is None
    assert found.since("D1", "松河银行", date(2028, 1, 1)) == date(2029, 1, 2)
    assert found.since(None, None, DAY) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id\nD1\n", "settled.csv: line 1: missing column settled_at"),
        ("customer_id,settled_at\nD1,soon\n", "settled.csv: line 2: settled_at: no day"),
        ("customer_id,settled_at\n,2027-01-01\n", "settled.csv: line 2: customer_id: is missing"),
        ("customer_id,settled_at\nD1,\n", "settled.csv: line 2: settled_at: is missing"),
    ],
)
def test_wrong_settlements_name_line_and_field_and_nobody(tmp_path, text, message):
    path = tmp_path / "settled.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        read_settlements(path)
    assert "D1" not in str(caught.value)
