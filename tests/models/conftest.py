"""Shipped speech and the real catalogue, for the tests marked ``audio``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.weights import Catalogue
from pipeline.audio import decode
from pipeline.settings import PROJECT_ROOT, Settings, load_settings
from pipeline.types import Recording, Samples

RATE = 16_000


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The user's cache: weights that are not at hand fail a test with the command that brings them."""
    return Catalogue.load()


def shipped(name: str, settings: Settings) -> tuple[Samples, ...]:
    path: Path = PROJECT_ROOT / "demo" / "recordings" / name
    return tuple(c.samples for c in decode(Recording(path=path), settings.audio).channels)


@pytest.fixture(scope="session")
def call_channels(settings: Settings) -> tuple[Samples, ...]:
    """A call with one party a channel: customer, agent."""
    return shipped("demo-015.wav", settings)


@pytest.fixture(scope="session")
def speech(call_channels: tuple[Samples, ...]) -> Samples:
    """Twelve seconds of the agent."""
    return np.ascontiguousarray(call_channels[1][: 12 * RATE])
