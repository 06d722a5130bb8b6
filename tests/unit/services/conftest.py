"""A till of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.till import Till
from tests.sample_till import SampleTill


@pytest.fixture
def sample(tmp_path: Path) -> SampleTill:
    return SampleTill(tmp_path / "till")


@pytest.fixture
def till(sample: SampleTill) -> Iterator[Till]:
    with sample.open() as opened:
        yield opened
