"""Two PostgreSQL nodes under Patroni with one etcd, on this machine, in a temporary folder.

The nodes' settings are the owner's own: `installer/server/patroni.yml`, filled in.
"""

import base64
import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TTL_SECONDS = 20
PATIENCE_SECONDS = 120
_LOCAL = "127.0.0.1"


class DrillError(Exception):
    """The drill cannot go on; the text says why."""


@dataclass
class Node:
    """One machine of the cluster: Patroni and its PostgreSQL."""

    name: str
    settings: Path
    data: Path
    port: int
    api: int
    patroni: "subprocess.Popen[bytes] | None" = None

    def kill(self) -> None:
        """End Patroni and every process of its PostgreSQL at once, as a power cut would."""
        assert self.patroni is not None
        self.patroni.kill()
        self.kill_postgres()
        self.patroni.wait()
        self.patroni = None

    def kill_postgres(self) -> None:
        """End every process of PostgreSQL at once; Patroni starts it again in its place."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        for process in (postmaster, *_children(postmaster)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@dataclass
class Cluster:
    """The nodes, who may do what, and where everything lies."""

    folder: Path
    patroni: Path
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    _etcd: "subprocess.Popen[bytes] | None" = None
    _words: dict[str, str] = field(default_factory=dict[str, str])

    def start(self) -> None:
        """Start etcd, then both nodes, and wait until the standby is synchronous."""
        words = ("SUPERUSER_PASSWORD", "REPLICATION_PASSWORD", "REWIND_PASSWORD", "API_PASSWORD")
        self._words = {word: secrets.token_hex(12) for word in words}
        voter = self._start_etcd()
        for name in ("db1", "db2"):
            self.nodes[name] = self._prepare(name, voter)
        self.start_node("db1")
        self.wait_for(lambda state: state.leader == "db1", "the first node leads")
        self.start_node("db2")
        self.wait_for(lambda state: state.sync_standby != "", "the standby is synchronous")

    def start_node(self, name: str) -> None:
        """Start Patroni of a node; it starts PostgreSQL."""
        node = self.nodes[name]
        node.patroni = self._start([str(self.patroni), str(node.settings)], f"{name}.log", {})

    def url(self, database: str, account: str, password: str) -> str:
        """Return an address that leads to whichever node writes."""
        hosts = ",".join(f"{_LOCAL}:{node.port}" for node in self.nodes.values())
        return (
            f"postgresql://{account}:{password}@{hosts}/{database}?target_session_attrs=read-write"
        )

    @property
    def administrator_url(self) -> str:
        """Return the address of the one who may make databases."""
        return self.url("postgres", "postgres", self._words["SUPERUSER_PASSWORD"])

    def state(self) -> "State":
        """Ask any node that answers who leads."""
        for node in self.nodes.values():
            with contextlib.suppress(OSError, ValueError):
                address = f"http://{_LOCAL}:{node.api}/cluster"
                with urllib.request.urlopen(address, timeout=2) as answer:
                    return State.read(json.load(answer))
        return State("", "")

    def wait_for(self, holds: Callable[["State"], bool], what: str) -> None:
        """Wait until the nodes agree on something.

        Raises:
            DrillError: they did not in time.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if holds(self.state()):
                return
            time.sleep(0.2)
        logs = "\n".join(
            "".join(path.read_text().splitlines(keepends=True)[-15:])
            for path in sorted(self.folder.glob("*.log"))
        )
        raise DrillError(f"waited in vain until {what}\n{logs}")

    def switch_over(self) -> str:
        """Let the standby lead, as before an update; return which node led until now."""
        state = self.state()
        node = self.nodes[state.leader]
        pair = f"patroni:{self._words['API_PASSWORD']}".encode()
        request = urllib.request.Request(
            f"http://{_LOCAL}:{node.api}/switchover",
            data=json.dumps({"leader": state.leader, "candidate": state.sync_standby}).encode(),
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - our own address
            return state.leader

    def stop(self) -> None:
        """End everything that was started, PostgreSQL too."""
        for node in self.nodes.values():
            if node.patroni is not None:
                node.patroni.terminate()
        for node in self.nodes.values():
            if node.patroni is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    node.patroni.wait(20)
                if node.patroni.poll() is None:
                    node.kill()
        if self._etcd is not None:
            self._etcd.terminate()
            self._etcd.wait(20)

    def _start_etcd(self) -> str:
        client, peer = free_port(), free_port()
        values = {
            "NODE": "voter",
            "ADDRESS": _LOCAL,
            "DATA": str(self.folder / "etcd"),
            "CLIENT_PORT": str(client),
            "PEER_PORT": str(peer),
            "VOTERS": f"voter=http://{_LOCAL}:{peer}",
        }
        lines = _fill("etcd.env", values, self.folder / "shared").splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
        program = shutil.which("etcd")
        if program is None:
            raise DrillError("etcd is not installed (Debian: etcd-server)")
        self._etcd = self._start([program], "etcd.log", settings)
        return f"{_LOCAL}:{client}"

    def _prepare(self, name: str, voter: str) -> Node:
        node = Node(
            name=name,
            settings=self.folder / f"{name}.yml",
            data=self.folder / name,
            port=free_port(),
            api=free_port(),
        )
        values = {
            **self._words,
            "NODE": name,
            "ADDRESS": _LOCAL,
            "NETWORK": f"{_LOCAL}/32",
            "ETCD_HOSTS": voter,
            "API_PORT": str(node.api),
            "PORT": str(node.port),
            "DATA": str(node.data),
            "SOCKETS": str(self.folder),
            "POSTGRES_BIN": str(postgres_programs()),
        }
        node.settings.write_text(_fill("patroni.yml", values, self.folder / "shared"))
        return node

    def _start(
        self, command: list[str], log: str, settings: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen[bytes](
                command,
                cwd=self.folder,
                env={**_plain_environment(), **settings, "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **as_postgres(self.folder),
            )


@dataclass(frozen=True)
class State:
    """Who leads, and who has every commit; empty where nobody does."""

    leader: str
    sync_standby: str

    @classmethod
    def read(cls, answer: dict[str, Any]) -> "State":
        """Read what Patroni answers to /cluster."""
        roles = {
            member["role"]: member["name"]
            for member in answer["members"]
            if member["state"] in {"running", "streaming"}
        }
        return cls(roles.get("leader", ""), roles.get("sync_standby", ""))


def _fill(name: str, values: Mapping[str, str], shared: Path) -> str:
    """Fill a template in as the owner's administrator does."""
    shared.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    command = [sys.executable, ROOT / "installer" / "server" / "make_node.py", name, shared]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _plain_environment() -> dict[str, str]:
    """Return an environment in which a system's Python finds its own packages."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PG", "ETCD"))
    }


def postgres_programs() -> Path:
    """Return the folder with initdb and the like, of the newest version.

    Raises:
        DrillError: there is none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise DrillError("PostgreSQL is not installed (Debian: postgresql)")
    return found[-1].parent


def as_postgres(folder: Path) -> dict[str, Any]:
    """Return how to start a program of the database: root may not."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((_LOCAL, 0))
        return int(listener.getsockname()[1])


def _children(process: int) -> Iterator[int]:
    """Return the processes that another one started."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == process:
                yield int(status.parent.name)
