"""Servers for the contract suite: every test runs on SQLite and on PostgreSQL."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.running_server import (
    RunningServer,
    create_database,
    make_books,
    running_postgres,
    running_server,
)

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


def new_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/books.db"
    return create_database(request.getfixturevalue("postgres_url"), f"books_{next(_numbers)}")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of its own."""
    return new_database(request.param, request, tmp_path)


@pytest.fixture
def own_server(database_url: str) -> Iterator[RunningServer]:
    """A server with books of its own, in a thread of this process."""
    make_books(database_url)
    with running_server(database_url) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server process for all tests that only need tills and members of their own."""
    url = new_database(request.param, request, tmp_path_factory.mktemp("books"))
    make_books(url)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pos_loyalty", "server"),
            *("--listen", "127.0.0.1:0", "--database", url),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())["listening"]
        yield RunningServer(url=listening, database=url, pid=process.pid)
        process.terminate()
        assert process.wait(20) == 0
