"""A shop with a hub in front of its server, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.hub_shop import HubbedShop, a_shop_with_hub


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[HubbedShop]:
    with a_shop_with_hub(tmp_path) as open_shop:
        yield open_shop
