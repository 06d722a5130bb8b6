"""A real pgbouncer in transaction mode before a database of the tests."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from tests.contract.running_server import as_postgres

# So few that a transaction seldom meets the connection of the one before.
_CONNECTIONS = 3
_START_SECONDS = 20
_PORT = 6432
_SETTINGS = """
[databases]
* = host={postgres} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_round_robin = 1
logfile = {folder}/log
"""


@contextlib.contextmanager
def running_pooler(database_url: str) -> Generator[str, None, None]:
    """Run a pooler; yields the URL of the same database through it."""
    folder = Path(tempfile.mkdtemp(prefix="pos-pool-"))
    identity = as_postgres(folder)
    address, _, postgres = database_url.partition("?host=")
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(postgres=postgres, folder=folder, port=_PORT, connections=_CONNECTIONS)
    )
    # Debian puts it where only root looks.
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    with subprocess.Popen([program, "-q", settings], cwd="/", **identity) as process:
        try:
            _wait_for(folder / f".s.PGSQL.{_PORT}")
            yield f"{address}?host={folder}&port={_PORT}"
        finally:
            process.terminate()
            process.wait(_START_SECONDS)
    shutil.rmtree(folder)


def _wait_for(path: Path) -> None:
    """Wait until somebody listens on a socket."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.connect(str(path))
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on {path}")
