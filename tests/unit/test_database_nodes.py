"""The templates of installer/server: filled in, they are what the programs read."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "installer" / "server"
SHARED = """# for both machines
ETCD_HOSTS=10.0.0.11:2379,10.0.0.12:2379,10.0.0.13:2379
NETWORK=10.0.0.0/24
SUPERUSER_PASSWORD=one=1
REPLICATION_PASSWORD=two
REWIND_PASSWORD=three
API_PASSWORD=four
VOTERS=db1=http://10.0.0.11:2380
"""


def make_node(
    folder: Path, *words: str, shared: str = SHARED
) -> "subprocess.CompletedProcess[str]":
    file = folder / "shared"
    file.write_text(shared)
    command = [sys.executable, FOLDER / "make_node.py", words[0], file, *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_node_is_filled_in_with_what_is_shared_and_what_is_its_own(tmp_path: Path) -> None:
    done = make_node(tmp_path, "patroni.yml", "NODE=db1", "ADDRESS=10.0.0.11")

    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert {
        "name: db1",
        "listen: 10.0.0.11:5432",
        "password: one=1",
        "- host replication replicator 10.0.0.0/24 scram-sha-256",
        "synchronous_mode: true",
    } <= set(lines)
    assert not [line for line in lines if "@" in line and not line.startswith("#")]


def test_a_voter_is_filled_in(tmp_path: Path) -> None:
    done = make_node(tmp_path, "etcd.env", "NODE=db1", "ADDRESS=10.0.0.11")

    assert "ETCD_INITIAL_CLUSTER=db1=http://10.0.0.11:2380" in done.stdout.splitlines()


@pytest.mark.parametrize("absent", ["SUPERUSER_PASSWORD", "ETCD_HOSTS", "NETWORK"])
def test_what_is_missing_is_named(tmp_path: Path, absent: str) -> None:
    shared = "\n".join(line for line in SHARED.splitlines() if not line.startswith(absent))

    done = make_node(tmp_path, "patroni.yml", "NODE=db1", "ADDRESS=10.0.0.11", shared=shared)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"patroni.yml needs {absent}\n"


def test_no_password_has_a_usual_value() -> None:
    """A default would be the one that everybody has."""
    lines = (FOLDER / "make_node.py").read_text().splitlines()

    assert not [line for line in lines if "PASSWORD" in line and ":" in line]
