"""A PostgreSQL of the bench's own, with its disk flushed as it comes, removed at the end."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pos_loyalty.server.settings import POSTGRES_PREFIXES

_ACCOUNT: Final = "postgres"
_CONNECTIONS: Final = 60
_SECONDS_MAX: Final = 60


def find_programs() -> Path | None:
    """Return the folder with initdb and pg_ctl, or None: Debian keeps them off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found is not None:
        folders.append(Path(found).parent)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def own_postgres(programs: Path) -> Generator[str]:
    """Run a cluster for the time of the block; gives the address of an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="pos-bench-pg-"))
    identity = _own_account(folder)
    data = folder / "data"

    def run(program: str, *words: object) -> None:
        subprocess.run(
            [str(programs / program), *(str(word) for word in words)],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS_MAX,
            **identity,
        )

    run("initdb", "--no-sync", "-A", "trust", "-U", _ACCOUNT, "-D", data)
    options = (
        f"-c listen_addresses='' -c unix_socket_directories={folder}"
        f" -c max_connections={_CONNECTIONS}"
    )
    run("pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql://{_ACCOUNT}@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def let_planner_look(database_url: str) -> None:
    """Take statistics now, as PostgreSQL does by itself within a minute; SQLite has none."""
    if not database_url.startswith(POSTGRES_PREFIXES):
        return
    import psycopg

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _own_account(folder: Path) -> dict[str, Any]:
    """Return how to start a program by the database's own account: root may not."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    account = pwd.getpwnam(_ACCOUNT)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
