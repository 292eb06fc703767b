"""What all tests share: no deadlines, for machines differ, and the same examples every time."""

from hypothesis import settings

from tests.postgres import database_url, postgres  # noqa: F401

settings.register_profile("tinghe", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("tinghe")
