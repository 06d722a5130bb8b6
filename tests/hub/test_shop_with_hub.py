"""A shop whose internet goes and comes: its tills go on together, and the books are right after."""

import hashlib
from contextlib import closing

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.hub.certificate import hub_identity, make_identity
from pos_loyalty.server.verify import verify_books
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.shop_hub_place import KeepHubAddress
from pos_loyalty.store.hub_place import write_hub_identity
from pos_loyalty.till import Till
from tests.hub.hub_shop import HubbedShop
from tests.sample_till import sell
from tests.sync.shop import assert_sound, balance, spendable, sync, wait_until


def enroll(till: Till, name: str = "Ada") -> MemberId:
    return till.enroll_member(EnrollMember(name=name)).member.id


def pay(till: Till, member: MemberId, points: int) -> None:
    reward = RewardChoice(RewardId("pay-with-points"), points=points)
    command = RecordSale(total=5_000, member_id=member, rewards=(reward,), found_by="card")
    till.record_sale(command)


def assert_books_are_right(shop: HubbedShop, *tills: Till) -> None:
    for till in (*tills, shop.hub.till):
        assert_sound(till)
    with closing(shop.shop.server.open()) as database:
        assert not verify_books(database).faults


def assert_all_agree(shop: HubbedShop, member: MemberId, *tills: Till) -> None:
    """Server and tills show the same points, as soon as the last rows are heard."""
    wait_until(
        lambda: {balance(till, member) for till in tills} == {shop.shop.balance_at_server(member)}
    )


def test_while_the_server_answers_the_hub_passes_everything_on(shop: HubbedShop) -> None:
    one, two = shop.till("one"), shop.till("two")
    before = shop.hub.waits()

    member = enroll(one)

    wait_until(lambda: balance(two, member) == 50)
    assert one.sync.status().online
    assert before == shop.hub.waits() == 0


def test_S42_the_same_event_by_hub_and_then_directly_counts_once(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.cut()
    sell(one, member, 10_000)
    wait_until(lambda: shop.hub.waits() == 1)
    shop.hub.stop()
    shop.heal()

    # The till goes directly, the hub comes back later with the same events.
    wait_until(lambda: sync(one, seconds=5).trouble is None, seconds=30)
    shop.hub.start()

    shop.rest(one)
    assert shop.shop.balance_at_server(member) == 150
    events = shop.shop.events_at_server()
    assert len(events) == len(set(events))
    assert_books_are_right(shop, one)


def test_S42_the_same_event_directly_after_the_hub_sent_it_on_counts_once(
    shop: HubbedShop,
) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.cut()
    sell(one, member, 10_000)
    wait_until(lambda: shop.hub.waits() == 1)
    # The till is switched off before the internet comes back.
    shop.shop.close(one)
    shop.heal()
    wait_until(lambda: shop.hub.waits() == 0, seconds=30)
    assert shop.shop.balance_at_server(member) == 150
    shop.hub.stop()

    again = shop.shop.open_till("one")
    wait_until(lambda: sync(again, seconds=5).trouble is None, seconds=30)

    assert again.sync.status().pending == 0
    events = shop.shop.events_at_server()
    assert len(events) == len(set(events))
    assert shop.shop.balance_at_server(member) == balance(again, member) == 150


def test_points_of_one_till_are_seen_and_spent_at_the_other_without_internet(
    shop: HubbedShop,
) -> None:
    one, two = shop.till("one"), shop.till("two")
    member = enroll(one)
    wait_until(lambda: balance(two, member) == 50)
    shop.cut()

    sell(one, member, 10_000)
    wait_until(lambda: balance(two, member) == 150)
    pay(two, member, 100)

    assert two.sync.status().at_hub
    assert not two.sync.status().online
    wait_until(lambda: balance(one, member) == balance(two, member))
    shop.heal()
    shop.rest(one, two)
    assert_all_agree(shop, member, one, two)
    with shop.shop.write_at_server() as session:
        assert session.fetch("SELECT kind FROM attention") == []
        low = "SELECT min(granted + lent + earned - used - returned) FROM rights"
        assert session.fetch(low)[0][0] == 0
    assert_books_are_right(shop, one, two)


def test_a_new_member_is_known_at_the_other_till_without_internet(shop: HubbedShop) -> None:
    one, two = shop.till("one"), shop.till("two")
    sync(two)
    shop.cut()

    member = enroll(one, "Grace New")
    wait_until(lambda: balance(two, member) == 50)
    sell(two, member, 10_000)
    wait_until(lambda: balance(one, member) == 150)
    shop.heal()

    shop.rest(one, two)
    assert shop.shop.balance_at_server(member) == 150
    assert_books_are_right(shop, one, two)


def test_a_hub_that_dies_stops_nobody(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)

    shop.hub.stop()
    sell(one, member, 10_000)

    wait_until(lambda: shop.shop.balance_at_server(member) == 150, seconds=20)
    assert one.sync.status().online


def test_a_hub_with_another_certificate_is_ignored(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.hub.stop()
    store = shop.hub.till.context.store
    write_hub_identity(store, make_identity(shop.hub.till.context.clock))
    shop.hub.start()
    with store.read() as read:
        before = read.connection.execute("SELECT COUNT(*) FROM hub_stream").fetchone()

    shop.cut()
    sell(one, member, 10_000)
    outcome = sync(one, seconds=8)

    assert outcome.trouble is not None
    assert not one.sync.status().at_hub
    with store.read() as read:
        assert read.connection.execute("SELECT COUNT(*) FROM hub_stream").fetchone() == before
    shop.heal()
    wait_until(lambda: sync(one, seconds=5).trouble is None, seconds=30)
    assert shop.shop.balance_at_server(member) == 150


def test_the_pin_that_tills_know_is_the_hub_s_certificate(shop: HubbedShop) -> None:
    one = shop.till("one")
    identity = hub_identity(shop.hub.till.context.store, shop.hub.till.context.clock)
    assert shop.hub.started is not None

    with one.context.store.read() as read:
        pin = read.connection.execute(
            "SELECT value FROM setting WHERE name = 'hub_pin'"
        ).fetchone()[0]

    assert pin == shop.hub.started.pin
    assert identity.certificate
    assert len(pin) == hashlib.sha256().digest_size * 2


def test_sync_on_demand_tells_that_the_server_has_not_heard(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.cut()
    sell(one, member, 10_000)

    outcome = sync(one)

    assert outcome.trouble is Code.SERVER_SILENT
    assert outcome.pending == 1
    assert not outcome.online
    assert shop.hub.waits() == 1


def test_a_hub_restart_in_the_middle_loses_nothing(shop: HubbedShop) -> None:
    one, two = shop.till("one"), shop.till("two")
    member = enroll(one)
    wait_until(lambda: balance(two, member) == 50)
    shop.cut()
    sell(one, member, 10_000)
    wait_until(lambda: balance(two, member) == 150)
    shop.hub.stop()
    sell(one, member, 20_000)
    shop.hub.start()

    wait_until(lambda: balance(two, member) == 350, seconds=30)
    pay(two, member, 100)
    shop.heal()
    shop.rest(one, two)

    assert_all_agree(shop, member, one, two)
    assert_books_are_right(shop, one, two)


def test_the_hub_stands_in_for_a_server_that_cannot_work(
    shop: HubbedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = shop.till("one"), shop.till("two")
    member = enroll(one)
    wait_until(lambda: balance(two, member) == 50)

    async def no_database(*_: object) -> None:
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE)

    monkeypatch.setattr("pos_loyalty.server.exchange.Exchange._answer", no_database)
    sell(one, member, 10_000)
    wait_until(lambda: balance(two, member) == 150, seconds=30)

    monkeypatch.undo()
    shop.rest(one, two)
    assert_all_agree(shop, member, one, two)


def test_a_wrong_address_is_refused(shop: HubbedShop) -> None:
    one = shop.till("one")

    with pytest.raises(Exception, match="E-OPTION-SHAPE"):
        KeepHubAddress(one.context)("somewhere")

    assert KeepHubAddress(one.context)(None).address == shop.hub.address
    assert spendable(one, MemberId("00" * 16)) == 0
