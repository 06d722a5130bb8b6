"""Yesterday's dump under running tills, and a till's folder copied: nothing is lost, all is said.

The server sends no mails yet; that none goes out twice is to be tested with them.

Real processes: a server that is killed and whose books are replaced by an older dump while
its tills go on selling; and two tills that run on copies of one folder with one key.
"""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.joined_shop import Answer, JoinedShop
from tests.acceptance.processes import Counter, Server, run_program
from tests.contract.running_server import POSTGRES_BIN

REWARD = "pay-with-points"
WELCOME_POINTS = 50
ROUNDS_MAX = 20

Rows = list[tuple[Any, ...]]


class Dump:
    """A dump of a server's books, taken while it runs; put back while it does not."""

    def __init__(self, database: str, folder: Path) -> None:
        self._database = database
        self._file = folder / "yesterday.dump"
        self._is_postgres = database.startswith("postgresql:")

    def take(self) -> None:
        if self._is_postgres:
            _run("pg_dump", "--format=custom", f"--file={self._file}", self._database)
            return
        with (
            closing(sqlite3.connect(self._path())) as books,
            closing(sqlite3.connect(self._file)) as copy,
        ):
            books.backup(copy)

    def put_back(self) -> None:
        if self._is_postgres:
            words = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
            _run("pg_restore", *words, f"--dbname={self._database}", self._file)
            return
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path()}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._file, self._path())

    def _path(self) -> str:
        return self._database.removeprefix("sqlite:///")


def _run(program: str, *words: str | Path) -> None:
    done = subprocess.run(
        [POSTGRES_BIN / program, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def fetch(database: str, query: str) -> Rows:
    """Look into the server's books beside it."""
    if database.startswith("postgresql:"):
        with psycopg.connect(database) as connection:
            return connection.execute(query.encode()).fetchall()
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection:
        return connection.execute(query).fetchall()


def sell_all_over(shop: JoinedShop, counters: dict[str, Counter], member: str, cents: int) -> None:
    """Sell at every till."""
    for number, (till, counter) in enumerate(counters.items()):
        shop.sell(counter, till, member, cents + 100 * number)


def sync_all(counters: dict[str, Counter]) -> None:
    """Sync until every till has sent and heard all; each may have to wait for another."""
    for _ in range(2):
        for counter in counters.values():
            for _ in range(ROUNDS_MAX):
                if counter.ask(do="sync")["ok"]:
                    break
            else:
                pytest.fail("a till did not come to rest")


def redeem_all(shop: JoinedShop, counters: dict[str, Counter], member: str) -> None:
    """Spend points at every till, in steps, until it says no."""
    for till, counter in counters.items():
        while redeem(shop, counter, till, member, 100)["ok"]:
            pass


def told(shop: JoinedShop, what: str) -> int:
    """Sum what the tills answered to their sales."""
    return sum(answer.get(what, 0) for answer in shop.answers)


def assert_books_hold(shop: JoinedShop, counters: dict[str, Counter], member: str) -> None:
    """All tills show one balance, and the checker finds nothing; ends the tills."""
    sync_all(counters)
    balances = {shop.show(counter, till, member) for till, counter in counters.items()}
    sync_all(counters)
    assert len(balances) == 1
    for counter in counters.values():
        counter.__exit__(None, None, None)
    code, report = shop.check()
    assert (code, report["finding"]) == (0, None), report["findings"]
    assert (report["lost"], report["doubled"], report["rights_ok"]) == (0, 0, True)


def ask_server(shop: JoinedShop, *words: str) -> Answer:
    """Run a command of the owner's and return its answer."""
    words = (*words, "--database", shop.database, "--json")
    answer: Answer = json.loads(run_program("server", *words, config=shop.config))
    return answer


def inbox(shop: JoinedShop) -> dict[str, str]:
    """Return the owner's list: what happened, by kind."""
    items: list[Answer] = ask_server(shop, "inbox")["items"]
    return {item["kind"]: f"{item['title']}: {item['happened']}" for item in items}


def redeem(shop: JoinedShop, counter: Counter, till: str, member: str, points: int) -> Answer:
    """Look at a member and pay with points; keep the answer if it was a yes."""
    counter.must(do="member", id=member)
    paid = {"rewards": [{"id": REWARD, "points": points}]}
    answer = counter.ask(do="sale", member=member, total="30.00", **paid)
    if answer["ok"]:
        fields = {"earned": answer["earned_points"], "redeemed": answer["redeemed_points"]}
        fields |= {"total": 3_000, "balance": answer["balance_points"]}
        shop.note("sale", till, sale_id=answer["sale_id"], member=member, **fields)
    return answer


def test_S09_F27_yesterday_s_dump_under_running_tills_loses_no_sale_and_grants_nothing_twice(
    tmp_path: Path, database: str
) -> None:
    shop = JoinedShop(tmp_path, database)
    shop.set_up()
    dump = Dump(shop.database, tmp_path)
    with shop.serve() as server:
        for till in ("one", "two"):
            shop.join(till, server.url)
        counters = {till: shop.counter(till) for till in ("one", "two")}
        member = shop.enroll(counters["one"], "one", "Ada Sample")
        shop.sell(counters["one"], "one", member, 60_000)
        sync_all(counters)
        dump.take()
        # Today: points move to the other till, some are spent there, and all is acknowledged.
        sell_all_over(shop, counters, member, 2_000)
        sync_all(counters)
        paid = {"rewards": [{"id": REWARD, "points": 200}]}
        counters["two"].must(do="member", id=member)
        shop.sell(counters["two"], "two", member, 5_000, **paid)
        sync_all(counters)
        server.kill()
    sell_all_over(shop, counters, member, 3_000)
    dump.put_back()
    sell_all_over(shop, counters, member, 4_000)

    with Server(shop.database, shop.config, port=server.port):
        sell_all_over(shop, counters, member, 5_000)
        sync_all(counters)
        sell_all_over(shop, counters, member, 6_000)
        sync_all(counters)
        redeem_all(shop, counters, member)
        shop.sell(counters["one"], "one", member, 40_000)
        sync_all(counters)
        # Every till has reported, but only the owner knows whether these are all tills.
        tills = ask_server(shop, "tills")
        refused = redeem(shop, counters["two"], "two", member, 300)
        ask_server(shop, "tills", "--confirm")
        granted = [redeem(shop, counters["two"], "two", member, 300) for _ in range(3)]

        assert tills["waits_for_owner"]
        assert [till["frozen"] for till in tills["tills"]] == [False, False]
        assert (refused["ok"], refused["saved"]) == (False, False)
        assert any(answer["ok"] for answer in granted)
        redeem_all(shop, counters, member)
        assert told(shop, "redeemed") <= WELCOME_POINTS + told(shop, "earned")
        assert_books_hold(shop, counters, member)

    assert "These books were restored" in inbox(shop)["restored"]
    assert fetch(shop.database, "SELECT epoch FROM clock")[0][0] > 1


def test_S09_F27_a_till_that_joined_after_the_dump_joins_again_and_brings_all_it_sold(
    tmp_path: Path, database: str
) -> None:
    shop = JoinedShop(tmp_path, database)
    shop.set_up()
    dump = Dump(shop.database, tmp_path)
    with shop.serve() as server:
        shop.join("one", server.url)
        counters = {"one": shop.counter("one")}
        member = shop.enroll(counters["one"], "one", "Ada Sample")
        sync_all(counters)
        dump.take()
        shop.join("two", server.url)
        counters["two"] = shop.counter("two")
        sync_all(counters)
        sell_all_over(shop, counters, member, 20_000)
        sync_all(counters)
        server.kill()
    dump.put_back()
    with Server(shop.database, shop.config, port=server.port):
        shop.sell(counters["two"], "two", member, 3_000)
        stranger = counters["two"].ask(do="sync")
        shop.sell(counters["two"], "two", member, 4_000)
        counters["two"].__exit__(None, None, None)
        shop.tills.remove("two")
        shop.join("two", server.url)
        counters["two"] = shop.counter("two")
        shop.sell(counters["two"], "two", member, 5_000)
        sync_all(counters)
        names = [till["name"] for till in ask_server(shop, "tills")["tills"]]
        assert_books_hold(shop, counters, member)

    assert (stranger["ok"], stranger["pending"]) == (False, 1)
    assert len(names) == 2


def test_S15_F29_a_till_s_folder_copied_is_found_at_first_contact_and_explained(
    tmp_path: Path, database: str
) -> None:
    shop = JoinedShop(tmp_path, database)
    shop.set_up()
    with shop.serve() as server:
        shop.join("one", server.url)
        with shop.counter("one") as one:
            member = shop.enroll(one, "one", "Ada Sample")
            shop.sell(one, "one", member, 60_000)
            one.must(do="sync")
    # The key stands beside: whoever copies the folder on one machine needs nothing more.
    shutil.copytree(tmp_path / "one", tmp_path / "twin")
    shop.answers += [{**answer, "till": "twin"} for answer in shop.answers]
    shop.tills.append("twin")
    counters = {till: shop.counter(till) for till in ("one", "twin")}
    for cents in (1_000, 2_500, 3_700):
        sell_all_over(shop, counters, member, cents)
    before = inbox(shop)
    with Server(shop.database, shop.config, port=server.port):
        for counter in counters.values():
            counter.must(do="sync")
        after = inbox(shop)
        sell_all_over(shop, counters, member, 4_100)
        assert_books_hold(shop, counters, member)

    assert "fork" not in before
    assert "A till existed twice" in after["fork"]
    assert "Sales were carried over" in after["carried_over"]
