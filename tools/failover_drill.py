"""Kill the primary of a highly available PostgreSQL while tills sell; say what it cost.

    python tools/failover_drill.py [--json] [--patroni PROGRAM] [--tills N] [--keep FOLDER]

Starts etcd and two PostgreSQL nodes under Patroni with the settings of installer/server/,
the real server on top, and tills that sell all the time. Then (a) a planned switchover, (b)
kill -9 of the primary's PostgreSQL alone, which Patroni starts again in its place, and (c)
kill -9 of the primary's Patroni and PostgreSQL. Exit code 0 if no acknowledged event is
lost or doubled, the books verify, and the outages of (a) and (c) are short enough; 1 if not;
2 if the drill itself could not be run. Takes about two minutes.
"""

import argparse
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from failover_cluster import ROOT, TTL_SECONDS, Cluster, DrillError

if TYPE_CHECKING:
    from tests.contract.simple_till import SimpleTill

EXIT_OK = 0
EXIT_MISSED = 1
EXIT_IMPOSSIBLE = 2
SWITCHOVER_SECONDS_MAX = 3.0
CRASH_TTL_RATIO_MAX = 1.2
_WARM_SECONDS = 3
_PATIENCE_SECONDS = 90


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill and print what it found."""
    arguments = _parser().parse_args(words)
    # The tills of the contract tests send here, too.
    sys.path.insert(0, str(ROOT))
    program = arguments.patroni or shutil.which("patroni")
    if program is None:
        print("Patroni is not installed (Debian: patroni)", file=sys.stderr)
        return EXIT_IMPOSSIBLE
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="pos-failover-"))
    folder.mkdir(exist_ok=True)
    cluster = Cluster(folder, Path(program))
    try:
        cluster.start()
        result = _drill(cluster, arguments.tills)
    except DrillError as error:
        print(error, file=sys.stderr)
        return EXIT_IMPOSSIBLE
    finally:
        cluster.stop()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    result["patroni"] = _version(program)
    print(json.dumps(result) if arguments.json else _in_words(result))
    return EXIT_OK if result["ok"] else EXIT_MISSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="answer as one JSON object")
    parser.add_argument("--patroni", metavar="PROGRAM", help="which Patroni; else the one in PATH")
    parser.add_argument("--tills", type=int, default=4, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here and leave the logs")
    return parser


def _drill(cluster: Cluster, tills: int) -> dict[str, Any]:
    from failover_tills import Load

    url = _make_books(cluster)
    with _server(url) as address:
        load = Load(_joined(address, url, tills))
        load.start()
        try:
            time.sleep(_WARM_SECONDS)
            switchover = _measure(load, cluster.switch_over)
            cluster.wait_for(lambda state: state.sync_standby != "", "the old primary follows")
            restart = _measure(load, cluster.nodes[cluster.state().leader].kill_postgres)
            cluster.wait_for(lambda state: state.sync_standby != "", "the standby follows again")
            dead = cluster.nodes[cluster.state().leader]
            time.sleep(_WARM_SECONDS)
            crash = _measure(load, dead.kill)
            started = time.monotonic()
            cluster.start_node(dead.name)
            cluster.wait_for(
                lambda state: state.sync_standby == dead.name, "the dead node comes back"
            )
            back = time.monotonic() - started
            time.sleep(_WARM_SECONDS)
        finally:
            load.stop()
    found = load.compare(url)
    ratio = round(crash / TTL_SECONDS, 2)
    is_whole = not (found["lost"] or found["doubled"] or found["faults"])
    return {
        "ttl_s": TTL_SECONDS,
        "switchover_outage_s": round(switchover, 2),
        "restart_outage_s": round(restart, 2),
        "crash_outage_s": round(crash, 2),
        "crash_outage_per_ttl": ratio,
        "dead_node_back_as_sync_standby_s": round(back, 1),
        **found,
        "whole": is_whole,
        "ok": is_whole and switchover <= SWITCHOVER_SECONDS_MAX and ratio <= CRASH_TTL_RATIO_MAX,
    }


def _measure(load: Any, deed: Callable[[], object]) -> float:  # noqa: ANN401 - imported late
    """Do something to the cluster; return how long no write was acknowledged.

    Raises:
        DrillError: the writes did not come back.
    """
    moment = time.monotonic()
    deed()
    end = time.monotonic() + _PATIENCE_SECONDS
    done = time.monotonic()
    while not load.is_writing_since(done):
        if time.monotonic() > end:
            raise DrillError("the writes did not come back")
        time.sleep(0.1)
    # A last request may have got through just before: look on until the outage is behind us.
    time.sleep(_WARM_SECONDS)
    while not load.is_writing_since(time.monotonic() - 1):
        if time.monotonic() > end:
            raise DrillError("the writes did not come back")
        time.sleep(0.1)
    return float(load.outage_since(moment))


def _make_books(cluster: Cluster) -> str:
    """Make the database and the merchant's books in it; return its address."""
    import psycopg

    from tests.contract.running_server import make_books

    password = secrets.token_hex(12)
    with psycopg.connect(cluster.administrator_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE pos_loyalty LOGIN PASSWORD '{password}'".encode())
        connection.execute("CREATE DATABASE pos_loyalty OWNER pos_loyalty")
    url = cluster.url("pos_loyalty", "pos_loyalty", password)
    make_books(url)
    return url


@contextmanager
def _server(url: str) -> Generator[str]:
    """Run the server; yields where it listens."""
    command = [sys.executable, "-m", "pos_loyalty", "server", "--listen", "127.0.0.1:0"]
    command += ["--database", url]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise DrillError("the server did not start")
        try:
            yield json.loads(line)["listening"]
        finally:
            process.terminate()


def _joined(address: str, url: str, count: int) -> "list[SimpleTill]":
    from pos_loyalty.server.setup import create_till_code, open_database
    from tests.contract.running_server import CLOCK, IDS
    from tests.contract.simple_till import SimpleTill

    tills = [SimpleTill(address) for _ in range(count)]
    with closing(open_database(url)) as database:
        for till in tills:
            till.join(
                create_till_code(database, shop_name="Harbor", minutes=5, clock=CLOCK, ids=IDS)
            )
    return tills


def _version(program: str) -> str:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip().rpartition(" ")[2]


def _in_words(result: dict[str, Any]) -> str:
    switchover, crash = result["switchover_outage_s"], result["crash_outage_s"]
    per_ttl = result["crash_outage_per_ttl"]
    lost, doubled, faults = result["lost"], result["doubled"], result["faults"]
    back = result["dead_node_back_as_sync_standby_s"]
    lines = (
        f"planned switchover: no writes for {switchover} s (at most {SWITCHOVER_SECONDS_MAX})",
        f"its PostgreSQL killed: no writes for {result['restart_outage_s']} s",
        f"primary killed: no writes for {crash} s = {per_ttl} ttl (at most {CRASH_TTL_RATIO_MAX})",
        f"dead node back as synchronous standby after {back} s",
        f"acknowledged {result['acknowledged']}, lost {lost}, doubled {doubled}, faults {faults}",
        "good" if result["ok"] else "NOT GOOD ENOUGH",
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
