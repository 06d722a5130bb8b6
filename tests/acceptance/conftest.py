"""A PostgreSQL of the tests' own, for what must hold on both databases."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.contract.running_server import create_database, running_postgres

_numbers = count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database; nothing means a file in the shop's folder."""
    if request.param == "sqlite":
        return ""
    return create_database(request.getfixturevalue("postgres_url"), f"shop_{next(_numbers)}")
