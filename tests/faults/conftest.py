"""The shim, compiled once, and how many rounds the random tests make."""

import os
from pathlib import Path

import pytest

from tests.faults.disk_shim import compiled

# Quick in every run; `POS_ROUNDS=200 ./pos test tests/faults` looks for a quarter of an hour.
ROUNDS = int(os.environ.get("POS_ROUNDS", "1"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled shim."""
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def rounds() -> int:
    """Return how many times a random test repeats itself, each time with another seed."""
    return ROUNDS
