"""A hub, a server and two counters as real processes: a day without internet, with accidents.

The server's line is cut; the tills sell on, see each other's points and spend them; the hub is
killed in the middle; at the end the books of everybody are checked from outside.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import Counter, Hub, run_program
from tests.proxies import MisbehavingProxy

PATIENCE_SECONDS = 45.0


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


class ShopWithHub:
    """Joins everybody, and knows short words for the rest."""

    def __init__(self, folder: Path, url: str) -> None:
        self.books = JoinedShop(folder)
        self.url = url

    @property
    def config(self) -> Path:
        return self.books.config

    def join_hub(self) -> None:
        words = ("--database", self.books.database, "--shop", "Corner Café")
        output = run_program("server", "till-code", *words, config=self.config)
        code = ("--server", self.url, "--code", output.splitlines()[-1])
        said = run_program("hub", "join", "--data", self.data("hub"), *code, config=self.config)
        assert "is the hub of Corner Café" in said
        self.books.tills.append("hub")

    def data(self, name: str) -> Path:
        return self.books.folder / name

    def hub(self, *, port: int = 0, announces: bool = False) -> Hub:
        return Hub(self.data("hub"), self.config, port=port, announces=announces)

    def tell_address(self, till: str, address: str) -> None:
        words = ("--data", self.data(till), "--address", address)
        said = run_program("till", "hub", *words, config=self.config)
        assert f"It is looked for at {address}." in said

    def balance(self, counter: Counter, member: str) -> int:
        answer = counter.ask(do="member", id=member)
        return answer["member"]["balance_points"] if answer["ok"] else -1


def sync(counter: Counter) -> None:
    wait_until(lambda: counter.ask(do="sync")["ok"])


@pytest.fixture
def joined(tmp_path: Path) -> JoinedShop:
    shop = JoinedShop(tmp_path)
    shop.set_up()
    return shop


def test_a_day_without_internet_and_with_a_killed_hub_leaves_right_books(
    joined: JoinedShop,
) -> None:
    with joined.serve() as server, MisbehavingProxy(server.url) as line:
        shop = ShopWithHub(joined.folder, line.url)
        books = shop.books
        shop.join_hub()
        hub = shop.hub()
        for till in ("one", "two"):
            books.join(till, line.url)
            shop.tell_address(till, hub.address)
        with books.counter("one") as one, books.counter("two") as two:
            member = books.enroll(one, "one", "Ada Sample")
            for counter in (one, two):
                sync(counter)
            wait_until(lambda: shop.balance(two, member) == 50)
            line.cut()

            first = books.sell(one, "one", member, 20_000)
            wait_until(lambda: shop.balance(two, member) == first["balance_points"])
            assert two.ask(do="status")["at_hub"]
            paid = {"rewards": [{"id": "pay-with-points", "points": 100}]}
            spent = books.sell(two, "two", member, 5_000, **paid)

            hub.kill()
            books.sell(one, "one", member, 1_000)
            with shop.hub(port=hub.port):
                last = books.sell(two, "two", member, 2_000)
                stranger = books.enroll(one, "one", "Bob New")
                wait_until(lambda: shop.balance(two, stranger) == 50)
                books.sell(two, "two", stranger, 3_000)
                line.heal()
                for counter in (one, two, one, two):
                    sync(counter)
                for each in (member, stranger):
                    wait_until(lambda each=each: shop.balance(one, each) == shop.balance(two, each))
                    books.show(one, "one", each)
                    books.show(two, "two", each)
                wait_until(lambda: _is_sent(shop))

    assert spent["redeemed_points"] == 100
    assert last["earned_points"] > 0
    code, report = books.check()
    assert (code, report["finding"]) == (0, None), report
    assert report["tills"] == 3


def _is_sent(shop: ShopWithHub) -> bool:
    """Whether the hub's own journal is at the server: its lendings are in the books then."""
    return shop.books.check()[0] == 0


def test_a_till_finds_its_hub_by_itself(joined: JoinedShop) -> None:
    with joined.serve() as server, MisbehavingProxy(server.url) as line:
        shop = ShopWithHub(joined.folder, line.url)
        shop.join_hub()
        shop.books.join("one", line.url)
        with shop.hub(announces=True) as hub, shop.books.counter("one") as one:
            assert hub.is_announced
            sync(one)
            member = shop.books.enroll(one, "one", "Ada Sample")
            sync(one)
            line.cut()

            shop.books.sell(one, "one", member, 1_000)

            wait_until(lambda: one.ask(do="status")["at_hub"])
            line.heal()
            wait_until(lambda: one.ask(do="sync")["ok"])


def test_a_till_whose_hub_is_gone_for_ever_goes_on_directly(joined: JoinedShop) -> None:
    with joined.serve() as server, MisbehavingProxy(server.url) as line:
        shop = ShopWithHub(joined.folder, line.url)
        shop.join_hub()
        hub = shop.hub()
        shop.books.join("one", line.url)
        shop.tell_address("one", hub.address)
        with shop.books.counter("one") as one:
            sync(one)
            member = shop.books.enroll(one, "one", "Ada Sample")
            sync(one)
            line.cut()
            shop.books.sell(one, "one", member, 1_000)
            wait_until(lambda: one.ask(do="status")["at_hub"])
            hub.kill()
            line.heal()

            sync(one)

            assert one.must(do="status")["pending"] == 0
            shop.books.show(one, "one", member)
    shop.books.tills.remove("hub")
    code, report = shop.books.check()
    assert (code, report["finding"]) == (0, None), report
