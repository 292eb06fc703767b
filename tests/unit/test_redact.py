"""Names and ids of the metadata, as masked reports show them."""

from __future__ import annotations

import pytest

from pipeline.metadata import CallMetadata
from pipeline.redact import MASK, People, mask_id, mask_name


def stars(count):
    return MASK * count


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("李建华", f"李{stars(2)}"),
        ("周敏", f"周{MASK}"),
        ("欧阳志远", f"欧阳{stars(2)}"),
        ("欧阳", f"欧{MASK}"),
        ("王", MASK),
        ("", ""),
    ],
)
def test_a_name_keeps_its_surname(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("value", "masked"), [("C00012345", f"{stars(5)}2345"), ("C012", f"{stars(2)}12"), ("", "")]
)
def test_an_id_shows_its_end_and_never_more_than_half(value, masked):
    assert mask_id(value) == masked


def test_people_come_from_metadata_and_never_show_in_a_log():
    people = People.of(CallMetadata(customer_name="欧阳志远", agent_name="周敏", customer_id="C00012345"))
    assert people.names == ("欧阳志远", "周敏")
    assert people.masked().customer_name == f"欧阳{stars(2)}"
    for secret in ("志远", "周敏", "12345"):
        assert secret not in repr(people)
