"""Real processes: two accounts are joined and parted by command, and every book stays right."""

import json
from pathlib import Path

import pytest

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import run_program


@pytest.fixture
def shop(tmp_path: Path) -> JoinedShop:
    return JoinedShop(tmp_path)


def owner(shop: JoinedShop, *words: str) -> str:
    database = ("--database", shop.database)
    return run_program("server", words[0], *database, *words[1:], config=shop.folder / "config")


def test_S37_the_checker_and_verify_understand_merged_accounts(shop: JoinedShop) -> None:
    shop.set_up()
    with shop.serve() as server:
        shop.join("one", server.url)
        shop.join("two", server.url)
        with shop.counter("one") as one, shop.counter("two") as two:
            first = shop.enroll(one, "one", "Ada Sample")
            second = shop.enroll(one, "one", "Ada Sample")
            for member in (first, second):
                shop.sell(one, "one", member, 15_000)
            one.must(do="sync")
            two.must(do="sync")
            kept = json.loads(owner(shop, "merge", first, second, "--json"))["member"]
            shop.sell(two, "two", second, 2_300)
            for counter in (two, one, two, one):
                counter.must(do="sync")
            shown = [shop.show(one, "one", second), shop.show(two, "two", first)]
            paid = {"rewards": [{"id": "pay-with-points", "points": 200}]}
            shop.sell(two, "two", first, 2_780, **paid)
            for counter in (two, one, two):
                counter.must(do="sync")
            shop.show(one, "one", first)

            merged = shop.check()
            verified = owner(shop, "verify")
            owner(shop, "unmerge", max(first, second))
            for counter in (one, two, one, two):
                counter.must(do="sync")
            for till, counter in (("one", one), ("two", two)):
                for member in (first, second):
                    shop.show(counter, till, member)

    assert kept == min(first, second)
    assert shown == [50 + 150 + 50 + 150 + 23] * 2
    assert merged == (0, merged[1]), merged[1]
    assert verified.startswith("The books are right")
    parted = shop.check()
    assert parted == (0, parted[1]), parted[1]
    assert owner(shop, "verify").startswith("The books are right")
