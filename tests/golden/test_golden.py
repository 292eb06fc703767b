"""The bytes of a report are what they were, unless somebody meant to change them."""

from __future__ import annotations

import pytest

from tests.golden.regenerate import regenerate
from tests.golden.sample import GOLDEN


@pytest.mark.parametrize("name", ["golden-1.json", "golden-1.html", "summary.html"])
def test_output_is_byte_for_byte_the_golden_file(tmp_path, name):
    regenerate(tmp_path)
    assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()
