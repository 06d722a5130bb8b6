"""A real server on a free port, in a thread, and a real database under it."""

import contextlib
import io
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pos_loyalty.cli import main
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.server.database.repository import Database, Found, SqlValue
from pos_loyalty.server.listen import serve
from pos_loyalty.server.settings import ServerSettings
from pos_loyalty.server.setup import create_merchant, create_till_code, open_database
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.server.verify import Report, verify_books
from tests.contract.simple_till import SimpleTill

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
_START_SECONDS = 20
CLOCK = SystemClock()
IDS = SystemIds(CLOCK)


@dataclass
class RunningServer:
    """The address of a server, its books, and the way to end it."""

    url: str
    database: str
    stop: Callable[[], None] = lambda: None
    pid: int = 0

    def open(self) -> Database:
        return open_database(self.database)

    def fetch(self, query: str, *values: SqlValue) -> list[Found]:
        """Look into the books beside the server."""
        with closing(self.open()) as database, database.read() as session:
            return session.fetch(query, *values)

    def write(self, statement: str, *values: SqlValue) -> None:
        """Change the books beside the server, as nobody should."""
        with closing(self.open()) as database, database.write() as session:
            session.execute(statement, *values)

    def verified(self) -> Report:
        with closing(self.open()) as database:
            return verify_books(database)

    def owner(self, action: str, *words: str) -> Any:  # noqa: ANN401 - one JSON object
        """Let the owner give a command beside the running server; return its answer."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            assert main(["server", action, "--database", self.database, "--json", *words]) == 0
        return json.loads(said.getvalue())

    def till_code(self, shop: str = "Main street", minutes: int = 15) -> str:
        with closing(self.open()) as database:
            return create_till_code(database, shop_name=shop, minutes=minutes, clock=CLOCK, ids=IDS)

    def joined_till(self, shop: str = "Main street") -> SimpleTill:
        till = SimpleTill(self.url)
        till.join(self.till_code(shop))
        return till


def make_books(database_url: str, *, name: str = "Café Linde", currency: str = "EUR") -> None:
    with closing(open_database(database_url, may_create=True)) as database:
        create_merchant(database, name=name, currency=currency, country="DE", clock=CLOCK, ids=IDS)


@contextlib.contextmanager
def running_server(database_url: str) -> Generator[RunningServer, None, None]:
    """Run a server in a thread for the time of the block."""
    ready = threading.Event()
    urls: list[str] = []
    stops: list[Callable[[], None]] = []
    failures: list[LoyaltyError] = []

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    def run() -> None:
        settings = ServerSettings(host="127.0.0.1", port=0, database=database_url)
        try:
            serve(settings, on_ready=on_ready, on_started=stops.append)
        except LoyaltyError as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    assert ready.wait(_START_SECONDS)
    if failures:
        thread.join()
        raise failures[0]
    try:
        yield RunningServer(url=urls[0], database=database_url, stop=stops[0])
    finally:
        stops[0]()
        thread.join(_START_SECONDS)
        assert not thread.is_alive()


@contextlib.contextmanager
def running_postgres() -> Generator[str, None, None]:
    """Run a PostgreSQL of its own; yields its URL without a database name."""
    folder = Path(tempfile.mkdtemp(prefix="pos-pg-"))
    identity = as_postgres(folder)
    data = folder / "data"
    _run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-D", data, identity=identity)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=60"
    _run(
        "pg_ctl",
        *("-D", data, "-o", options, "-l", folder / "log", "-w", "start"),
        identity=identity,
    )
    try:
        yield f"postgresql://postgres@/{{name}}?host={folder}"
    finally:
        _run("pg_ctl", "-D", data, "-m", "immediate", "stop", identity=identity)
        shutil.rmtree(folder, ignore_errors=True)


def as_postgres(folder: Path) -> dict[str, Any]:
    """Return how to start a program as the database's own user; root may not."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(program: str, *arguments: object, identity: dict[str, Any]) -> None:
    command = [str(POSTGRES_BIN / program), *(str(argument) for argument in arguments)]
    done = subprocess.call(
        command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **identity
    )
    assert done == 0, f"{program} failed"


def create_database(server_url: str, name: str) -> str:
    """Make an empty database and return its URL."""
    with psycopg.connect(server_url.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server_url.format(name=name)
