"""Two tills and a server as real processes: sales offline on both, sync over a bad line.

Whatever the order, and though every second reply is lost, all balances are equal in the
end, and equal to the sum of the events.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import Counter
from tests.proxies import Faults, MisbehavingProxy

TRIES_MAX = 40


def _sync(counter: Counter) -> None:
    """Sync until everything is sent and heard; a lost reply may end a try early."""
    for _ in range(TRIES_MAX):
        if counter.ask(do="sync")["ok"]:
            return
    pytest.fail("the till did not come to rest")


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")], ids=" first, then ".join)
def test_two_tills_sell_to_one_member_offline_and_agree_after_a_bad_line(
    tmp_path: Path, database: str, order: Sequence[str]
) -> None:
    shop = JoinedShop(tmp_path, database)
    shop.set_up()
    with shop.serve() as server, MisbehavingProxy(server.url) as line:
        for till in ("one", "two"):
            shop.join(till, line.url)
        with shop.counter("one") as one, shop.counter("two") as two:
            counters = {"one": one, "two": two}
            member = shop.enroll(one, "one", "Ada Sample")
            for till in ("one", "two"):
                _sync(counters[till])
            line.cut()

            earned = 0
            for number in range(10):
                for till, counter in counters.items():
                    sale = shop.sell(counter, till, member, 1_000 + 37 * number)
                    earned += sale["earned_points"]
            paid = {"rewards": [{"id": "pay-with-points", "points": 100}]}
            spent = shop.sell(two, "two", member, 2_000, **paid)
            earned += spent["earned_points"] - spent["redeemed_points"]

            line.heal()
            line.faults = Faults(drop_reply_every=2)
            for till in (*order, order[0]):
                _sync(counters[till])
            lost_replies = line.request_count - len(line.replies)
            # A till may hand spend rights back long after: on a good line that comes to rest.
            line.heal()
            for till in (*order, *order):
                _sync(counters[till])
            balances = {till: shop.show(counters[till], till, member) for till in counters}

    assert lost_replies
    assert balances["one"] == balances["two"] == 50 + earned
    code, report = shop.check()
    assert (code, report["finding"]) == (0, None)
    assert report["sales"] == 21
