"""F24, F25, F47: tills that were cut off come back in any order and in pages, and all agree."""

import itertools
import random

import pytest

from pos_loyalty.domain.event import decode_event
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import BATCH_EVENTS_MAX, SyncRequest
from tests.proxies import Faults
from tests.sample_till import enroll, sell
from tests.sync.shop import (
    Shop,
    assert_sound,
    balance,
    sell_quietly,
    sync,
    sync_until_sent,
)

TILLS = 3
EXCHANGE = "/sync/v1/exchange"


def work_alone(till: Till, members: list[MemberId], rng: random.Random) -> int:
    """Sell, undo and enroll without a line; returns by how much points went up."""
    earned = 0
    for _ in range(rng.randint(2, 5)):
        done = sell(till, rng.choice(members), rng.randint(5, 40) * 100)
        if rng.random() < 0.3:
            till.undo_sale(UndoSale(done.sale_id))
        else:
            earned += done.earned_points
    return earned


@pytest.mark.parametrize("order", list(itertools.permutations(range(TILLS))))
def test_F25_tills_cut_off_one_by_one_converge_in_whatever_order_they_return(
    shop: Shop, order: tuple[int, ...]
) -> None:
    rng = random.Random(str(order))
    tills = [shop.joined_till(f"till-{number}") for number in range(TILLS)]
    members = [enroll(tills[0], f"Member Number {number}") for number in range(3)]
    for till in tills:
        sync(till)
    total = sum(balance(tills[0], member) for member in members)

    for till in tills:  # one after the other; those with a line go on hearing of each other
        till.sync.stop()
        total += work_alone(till, members, rng)
        for other in tills[tills.index(till) + 1 :]:
            total += work_alone(other, members, rng)
            sync(other)
    own = [enroll(till, f"Guest Of {number}") for number, till in enumerate(tills)]
    for number in order:
        total += work_alone(tills[number], members, rng)
        assert sync(tills[number]).trouble is None
    for till in tills:
        assert sync(till).pending == 0

    for member in (*members, *own):
        seen = {balance(till, member) for till in tills} | {shop.balance_at_server(member)}
        assert len(seen) == 1, f"they do not agree about a member: {seen}"
    assert sum(shop.balance_at_server(member) for member in members) == total
    events = shop.events_at_server()
    assert len(events) == len(set(events))
    for till in tills:
        assert_sound(till)
    assert shop.server.verified().faults == []


def test_F24_F47_a_long_queue_goes_in_pages_and_on_from_where_the_line_was_cut(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.cut()
    earned = sell_quietly(till, member, 2 * BATCH_EVENTS_MAX + 100)
    shop.proxy.heal()
    seen = len(shop.proxy.seen)
    # Every second answer is lost: what the server has is not sent again for ever.
    shop.proxy.faults = Faults(drop_reply_every=2, only=lambda path: path == EXCHANGE)

    sync_until_sent(till)

    bodies = [each.body for each in shop.proxy.seen[seen:] if each.path == EXCHANGE]
    pages = [codec.unpack(body, SyncRequest) for body in bodies]
    assert max(len(page.events) for page in pages) <= BATCH_EVENTS_MAX
    assert sum(len(page.events) for page in pages) <= 2 * 2 * BATCH_EVENTS_MAX + 200
    assert len({decode_event(bytes(raw)).id for page in pages for raw in page.events}) == (
        2 * BATCH_EVENTS_MAX + 100
    )
    assert shop.balance_at_server(member) == balance(till, member) == 50 + earned
