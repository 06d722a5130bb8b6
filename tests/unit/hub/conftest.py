"""A shop with a hub for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hub.hub_shop import HubShop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[HubShop]:
    shop = HubShop(tmp_path)
    yield shop
    shop.close()
