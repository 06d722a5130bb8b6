"""A shop for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.shop import Shop, a_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path) as open_shop:
        yield open_shop
