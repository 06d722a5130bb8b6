"""Three server processes on one PostgreSQL, tills spread over them, one of them killed.

Nobody leads and nobody is asked: the row of the books' clock is the fence, and whoever
holds it commits. A till may go from one server to another between any two requests.
"""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import Counter
from tests.contract.running_server import create_database
from tests.proxies import Faults, MisbehavingProxy

TILLS = ("one", "two", "three")
SALES = 24
TRIES_MAX = 40


def sync(counter: Counter) -> None:
    """Sync until everything is sent and heard; a lost reply may end a try early."""
    for _ in range(TRIES_MAX):
        if counter.ask(do="sync")["ok"]:
            return
    pytest.fail(f"the till did not come to rest: {counter.ask(do='sync')}")


def sell_and_sync(
    shop: JoinedShop, till: str, counter: Counter, members: list[str], half: threading.Barrier
) -> None:
    """Sell to all members in turn, with a sync that may fail after every sale."""
    for number in range(SALES):
        if number == SALES // 2:
            half.wait()
        shop.sell(counter, till, members[number % len(members)], 1_000 + 37 * number)
        counter.ask(do="sync")


def test_S07_F53_one_of_three_servers_is_killed_and_nothing_is_lost_or_doubled(
    tmp_path: Path, postgres_url: str
) -> None:
    shop = JoinedShop(tmp_path, create_database(postgres_url, "three_servers"))
    shop.set_up()
    with ExitStack() as opened:
        servers = [opened.enter_context(shop.serve()) for _ in TILLS]
        lines = [opened.enter_context(MisbehavingProxy(server.url)) for server in servers]
        for till, line in zip(TILLS, lines, strict=True):
            shop.join(till, line.url)
        counters = {till: opened.enter_context(shop.counter(till)) for till in TILLS}
        members = [shop.enroll(counters["one"], "one", f"{name} Sample") for name in ("Ada", "Ben")]
        for till in TILLS:
            sync(counters[till])
        for line in lines:
            line.faults = Faults(drop_reply_every=5)

        half = threading.Barrier(len(TILLS) + 1)
        selling = [
            threading.Thread(target=sell_and_sync, args=(shop, till, counters[till], members, half))
            for till in TILLS
        ]
        for thread in selling:
            thread.start()
        half.wait()
        # In the middle of its work, and its tills go to the next one.
        servers[1].kill()
        lines[1].target(servers[2].url)
        for thread in selling:
            thread.join()

        for line, server in zip(lines, (servers[2], servers[0], servers[0]), strict=True):
            line.heal()
            line.target(server.url)
        for till in (*TILLS, *TILLS):
            sync(counters[till])
        balances = {
            member: {shop.show(counters[till], till, member) for till in TILLS}
            for member in members
        }

    assert all(len(shown) == 1 for shown in balances.values()), balances
    code, report = shop.check()
    assert (code, report["finding"]) == (0, None)
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["sales"] == SALES * len(TILLS)
