"""The clauses that rules rest on: complete, dated, and honest about how they were seen."""

from datetime import date, timedelta

import pytest
import yaml

from pipeline.settings import CONFIGS

NORMS = yaml.safe_load((CONFIGS / "norms.yaml").read_text(encoding="utf-8"))["norms"]
BY_ID = {norm["id"]: norm for norm in NORMS}
PACKS = [
    pack
    for path in sorted((CONFIGS / "rules").glob("*.yaml"))
    if (pack := yaml.safe_load(path.read_text(encoding="utf-8"))).get("kind") == "violation"
]
CITED = {(rule["rule"], norm) for pack in PACKS for rule in pack["rules"] for norm in rule["norms"]}

RANKS = {
    "law",
    "administrative_regulation",
    "department_rule",
    "normative_document",
    "national_standard",
    "self_discipline",
}
KINDS = {"ban", "duty", "right", "remedy", "liability", "offence"}
CHECKED = {"full_text", "press_report", "recalled", "heading_only"}

each_norm = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm["id"])


def test_ids_and_titles_are_unique():
    assert len(BY_ID) == len(NORMS)
    assert len({norm["title"] for norm in NORMS}) == len(NORMS)


@each_norm
def test_a_norm_says_what_it_is_and_how_it_was_checked(norm):
    assert norm["document"]
    assert norm["article"]
    assert norm["source"]
    assert norm["rank"] in RANKS
    assert norm["kind"] in KINDS
    assert norm["checked"] in CHECKED
    assert norm["dates_checked"] in CHECKED - {"heading_only"}


@each_norm
def test_a_quote_is_short_and_missing_only_where_the_wording_was_not_seen(norm):
    if norm["checked"] == "heading_only":
        assert norm["quote"] is None
    else:
        assert 5 < len(norm["quote"]) <= 80


@each_norm
def test_a_norm_is_in_force_from_a_day_and_not_backwards(norm):
    assert isinstance(norm["in_force_from"], date)
    assert norm["in_force_to"] is None or norm["in_force_to"] > norm["in_force_from"]


@pytest.mark.parametrize(("rule", "norm"), sorted(CITED))
def test_rules_rest_on_clauses_that_are_still_in_force(rule, norm):
    assert BY_ID[norm]["in_force_to"] is None


def test_the_renumbered_clause_on_harassing_messages_leaves_no_gap():
    old, new = BY_ID["order_42_2012"], BY_ID["order_50"]
    assert new["in_force_from"] == old["in_force_to"] + timedelta(days=1)


def test_repealed_and_invented_citations_are_not_used():
    assert not [norm for norm in NORMS if norm["document"] == "合同法"]
    threats = BY_ID["card_68"]["quote"]
    assert "辱骂" in threats
    assert "还款协议" in BY_ID["card_70"]["quote"]
    assert not [n for n in NORMS if n["document"] == "消费者权益保护法" and "骚扰" in n["quote"]]
