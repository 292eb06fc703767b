"""Profiles: the longest that may apply holds, and a wrong file says where."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, RulePackError
from pipeline.retention.profiles import load_profiles, years_after
from pipeline.settings import CONFIGS

NORMS = CONFIGS / "norms.yaml"
SHIPPED = load_profiles(CONFIGS / "retention.yaml", NORMS)


def names(facts, profiles=SHIPPED):
    return {profile.profile: unknown for profile, unknown in profiles.applying(facts)}


def load(tmp_path, text):
    path = tmp_path / "retention.yaml"
    path.write_text(text, "utf-8")
    return load_profiles(path, NORMS)


def test_the_shipped_profiles_are_those_of_the_norms():
    bank = {"lender_type": "bank", "product_type": "consumer_loan", "promise": True}
    assert names(bank) == {"standard": ()}
    assert names({**bank, "lender_type": "consumer_finance"}) == {"standard": (), "consumer-finance": ()}
    assert names({**bank, "product_type": "credit_card"}) == {"standard": (), "oral-agreement": ()}
    assert names({**bank, "product_type": "credit_card", "promise": False}) == {"standard": ()}


def test_what_is_not_known_may_be_anything():
    assert names({"promise": True}) == {
        "standard": (),
        "consumer-finance": ("lender_type",),
        "oral-agreement": ("product_type",),
    }
    assert "oral-agreement" not in names({"promise": False})


def test_what_the_file_assumes_is_known(tmp_path):
    text = (CONFIGS / "retention.yaml").read_text("utf-8")
    assumed = "assume: {lender_type: [bank], product_type: [consumer_loan]}"
    profiles = load(tmp_path, text.replace("assume: {} ", assumed + " "))
    assert names({"promise": True}, profiles) == {"standard": ()}
    assert "consumer-finance" in names({"lender_type": "consumer_finance"}, profiles)


HEAD = "profiles:\n  - profile: standard\n    keep: {years: 2}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "    keeps: 3\n", r"retention.yaml:4: profile standard: keeps: .*did you mean 'keep'"),
        (HEAD.replace("2", "-1"), r"retention.yaml:3: profile standard: keep.years: .*greater than or equal"),
        (HEAD.replace("2", "1"), r"retention.yaml:2: profile standard: .*less than the 2 years"),
        (HEAD.replace("{years: 2}", "{}"), r"retention.yaml:3: profile standard: keep: .*neither years"),
        (
            HEAD + "    norms: [card_99]\n",
            r"retention.yaml:4: profile standard: norms: no norm named 'card_99'",
        ),
        (
            HEAD + "    when: {lender_type: [bnak]}\n",
            r"retention.yaml:4: .*when.lender_type: .*Did you mean 'bank'",
        ),
        (HEAD + "    when: {lender: [a]}\n", r"retention.yaml:1: profiles: none without 'when' protects"),
        (
            HEAD + HEAD.removeprefix("profiles:\n"),
            r"retention.yaml:4: profile standard: profile: stands twice",
        ),
        (HEAD + "    protects: [sound]\n", r"retention.yaml:2: profile standard: .*deletes: holds what"),
        (HEAD + "    deletes: [recording]\n", r"retention.yaml:4: profile standard: deletes.0"),
        (HEAD + "    recordings: burn\n", r"retention.yaml:4: profile standard: recordings"),
        ("assume: {lender_type: [bank, platform]}\n" + HEAD, r"retention.yaml:1: assume: .*one value"),
        ("profiles: [\n", r"retention.yaml:2: "),
    ],
)
def test_a_wrong_file_names_line_and_field(tmp_path, text, message):
    with pytest.raises(RulePackError, match=message):
        load(tmp_path, text)


def test_a_shorter_period_needs_its_reason(tmp_path):
    text = HEAD.replace("{years: 2}", "{days: 30}") + "    shorter_because: a trial with invented calls\n"
    assert load(tmp_path, text).at_least(date(2026, 1, 1)) == date(2026, 1, 31)


def test_a_leap_day_is_kept_longer():
    assert years_after(date(2024, 2, 29), 2) == date(2026, 3, 1)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 3, 1)


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(0, 100), st.integers(0, 1000))
def test_a_period_is_never_shorter_than_its_years(day, years, days):
    last = years_after(day, years, days)
    assert last >= day
    assert (last.year, last.month, last.day) >= (day.year + years, day.month, day.day)


def test_the_calendar_ends():
    with pytest.raises(ConfigError, match="calendar"):
        years_after(date(9999, 1, 1), 5)
