"""S07, F20, F53: the server or its database ends at the worst moment."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Generator

import psycopg
import pytest

from pos_loyalty.server.authentication import signed_request
from pos_loyalty.wire import codec
from tests.contract.running_server import (
    RunningServer,
    create_database,
    make_books,
    running_server,
)
from tests.contract.simple_till import Refused, SimpleTill, enrollment, new_member, sale


@contextlib.contextmanager
def server_process(
    database_url: str,
) -> Generator[tuple[RunningServer, "subprocess.Popen[str]"], None, None]:
    command = [sys.executable, "-m", "pos_loyalty", "server"]
    command += ["--listen", "127.0.0.1:0", "--database", database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["listening"]
        try:
            yield RunningServer(url=url, database=database_url), process
        finally:
            process.kill()


def send_without_reading(till: SimpleTill, body: bytes) -> socket.socket:
    parts = urllib.parse.urlsplit(till.url)
    line = socket.create_connection((parts.hostname or "", parts.port or 0))
    signature = till.sign(signed_request("/sync/v1/exchange", body))
    head = (
        f"POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"{codec.SIGNATURE_HEADER}: {signature}\r\n\r\n"
    )
    line.sendall(head.encode() + body)
    return line


def test_S07_a_kill_after_the_commit_changes_no_verdict(database_url: str) -> None:
    make_books(database_url)
    member = new_member()
    with server_process(database_url) as (server, process):
        till = server.joined_till()
        till.append(enrollment(member), sale(member, redeem=60), sale(member))
        request = till.request()
        with send_without_reading(till, codec.pack(request)):
            while not server.fetch("SELECT 1 FROM event WHERE seq = 3"):
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()

    with running_server(database_url) as again:
        till.url = again.url
        reply = till.take(till.send(request))
        till.exchange()

        assert (reply.have, reply.verdicts) == (3, ((2, "overdraft"),))
        assert again.verified().faults == []


def test_a_stop_by_signal_is_a_clean_end(database_url: str) -> None:
    make_books(database_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        with server_process(database_url) as (server, process):
            till = server.joined_till()
            till.exchange(sale(new_member()))
            process.send_signal(number)
            assert process.wait(15) == 0


def send_patiently(till: SimpleTill) -> None:
    """Send as a till does: a server that is busy is asked again."""
    for _ in range(5):
        try:
            till.take(till.send(till.request()))
        except Refused as refused:
            if refused.status != 503 or "retry-after" not in refused.headers:
                raise
        else:
            return


@pytest.mark.expects_log_records
def test_F53_connections_that_the_database_closed_are_replaced(postgres_url: str) -> None:
    url = create_database(postgres_url, "cut_lines")
    make_books(url)
    with running_server(url) as server:
        till, member = server.joined_till(), new_member()
        till.exchange(enrollment(member))
        for _ in range(3):
            with psycopg.connect(postgres_url.format(name="postgres"), autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'cut_lines'"
                )
            till.append(sale(member, total=100))
            send_patiently(till)
        till.exchange()

        assert till.member(member).balance == 53
        assert server.verified().faults == []


@pytest.mark.expects_log_records
def test_F53_a_database_that_is_gone_is_said_in_words(postgres_url: str) -> None:
    url = create_database(postgres_url, "gone")
    make_books(url)
    with running_server(url) as server:
        till = server.joined_till()
        with psycopg.connect(postgres_url.format(name="postgres"), autocommit=True) as admin:
            admin.execute("ALTER DATABASE gone ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gone'"
            )
        till.append(sale(new_member()))

        with pytest.raises(Refused) as refused:
            till.send(till.request())

        assert refused.value.status == 503
        with psycopg.connect(postgres_url.format(name="postgres"), autocommit=True) as admin:
            admin.execute("ALTER DATABASE gone ALLOW_CONNECTIONS true")
        assert till.exchange().have == 1
