"""Two real tills and a real server on a good line."""

import contextlib
import time
from pathlib import Path

import pytest

from pos_loyalty import cli
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.enroll_member import NAME_LENGTH_MAX, EnrollMember
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.till import Till
from tests.contract.running_server import make_books, running_server
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, spendable, sync, view, wait_until


def test_a_till_that_worked_alone_brings_its_whole_journal(shop: Shop) -> None:
    till = shop.open_till("one")
    member = enroll(till, "Ann Example")
    for _ in range(5):
        sell(till, member)
    before = balance(till, member)

    joined = shop.join(till)

    assert joined.merchant_name == "Café Linde"
    assert joined.till_name == "Till 1"
    assert joined.sync.pending == 0
    assert joined.sync.trouble is None
    assert balance(till, member) == before
    assert shop.balance_at_server(member) == before
    assert_sound(till)


def test_cards_of_the_time_alone_stay_valid_at_every_till(shop: Shop) -> None:
    alone = shop.open_till("one")
    own = alone.shop.merchant

    shop.join(alone)
    other = shop.joined_till("two")

    assert own in alone.shop.accepted_merchants
    assert own in other.shop.accepted_merchants
    assert alone.shop.merchant == other.shop.merchant != own


def test_a_sale_is_seen_at_the_other_till_within_a_second(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    wait_until(lambda: balance(two, member) > 0)

    seconds = [_seconds_until_seen(one, two, member) for _ in range(3)]

    assert min(seconds) < 1.0


def _seconds_until_seen(seller: Till, other: Till, member: MemberId) -> float:
    time.sleep(0.2)
    after = balance(other, member) + sell(seller, member).earned_points
    return wait_until(lambda: balance(other, member) == after)


def test_a_sale_leaves_within_100_ms_while_the_till_listens(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    wait_until(lambda: till.sync.status().pending == 0)
    seconds: list[float] = []

    for _ in range(5):
        time.sleep(0.2)
        seen = shop.proxy.request_count
        sell(till, member)
        seconds.append(wait_until(lambda seen=seen: shop.proxy.request_count > seen))
        wait_until(lambda: till.sync.status().pending == 0)

    assert min(seconds) < 0.1


def test_an_idle_till_asks_rarely(shop: Shop) -> None:
    till = shop.joined_till("one")
    sync(till)
    time.sleep(0.3)
    before = shop.proxy.request_count

    time.sleep(1.5)

    assert shop.proxy.request_count - before <= 1


def test_name_and_phone_travel_beside_the_journal(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")

    member = enroll(one, "Bea Beispiel", "030 901820")
    wait_until(lambda: balance(two, member) > 0)

    assert view(two, member).name == "Bea Beispiel"
    assert view(two, member).phone == view(one, member).phone != ""


def test_points_earned_elsewhere_can_be_spent_here_while_online(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell(one, member, 20_000)
    wait_until(lambda: balance(two, member) == balance(one, member))
    assert spendable(two, member) == 0

    start = time.monotonic()
    got = two.sync.ask_rights(member, 200)
    seconds = time.monotonic() - start

    assert seconds < 1.9
    assert got or two.sync.ask_rights(member, 200)
    assert spendable(two, member) >= 200
    wait_until(lambda: one.sync.status().pending == 0)
    assert spendable(one, member) + spendable(two, member) <= balance(two, member)
    assert_sound(one)
    assert_sound(two)


def test_points_that_a_basket_counts_on_are_not_recalled(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell(one, member, 20_000)
    wait_until(lambda: balance(two, member) == balance(one, member))
    held = spendable(one, member)
    one.sync.reserve_rights(member, held)

    got = two.sync.ask_rights(member, held + 50)

    assert not got
    assert spendable(one, member) == held
    one.sync.reserve_rights(member, 0)
    sync(one)
    assert spendable(one, member) == 0
    wait_until(lambda: two.sync.ask_rights(member, held))


def test_offline_a_till_spends_its_own_rights_and_no_more(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell(one, member, 20_000)
    wait_until(lambda: balance(two, member) == balance(one, member))

    shop.proxy.cut()
    sell(one, member, 10_000)
    start = time.monotonic()
    got = two.sync.ask_rights(member, 100)

    assert not got
    assert time.monotonic() - start < 2.0
    assert spendable(one, member) > 0
    assert spendable(two, member) == 0


def test_a_second_code_is_refused_by_a_till_that_has_joined(shop: Shop) -> None:
    till = shop.joined_till("one")

    with pytest.raises(CommandRefused) as refused:
        shop.join(till)

    assert refused.value.code is Code.JOIN_DONE


@pytest.mark.parametrize("code", ["", "   ", "AAAA-BBBB-CCCC", "x"])
def test_a_wrong_code_changes_nothing(shop: Shop, code: str) -> None:
    till = shop.open_till("one")
    own = till.shop.merchant

    with pytest.raises(CommandRefused) as refused:
        till.join_server(JoinServer(shop.proxy.url, code))

    assert refused.value.code is Code.JOIN_CODE
    assert till.shop.merchant == own
    assert not till.shop.joined
    till.record_sale(RecordSale(total=1000))


def test_a_till_that_counts_in_another_currency_cannot_join(shop: Shop) -> None:
    from pos_loyalty.store.keys import FileKeys
    from pos_loyalty.till import open_till

    with open_till(
        shop.folder / "pln", keys=FileKeys(shop.folder / "keys"), currency="PLN"
    ) as till:
        with pytest.raises(CommandRefused) as refused:
            shop.join(till)

        assert refused.value.code is Code.JOIN_CURRENCY
        assert refused.value.facts["till_currency"] == "PLN"
        assert not till.shop.joined


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host", "http://", "http://name:secret@host", "http://host:port", "http://h?q"],
)
def test_an_address_that_is_none_is_refused(shop: Shop, url: str) -> None:
    till = shop.open_till("one")

    with pytest.raises(CommandRefused) as refused:
        till.join_server(JoinServer(url, "AAAA-BBBB-CCCC"))

    assert refused.value.code is Code.SERVER_ADDRESS


def test_a_till_alone_says_that_it_works_alone(shop: Shop) -> None:
    till = shop.open_till("one")
    sell(till, None)

    outcome = sync(till)

    assert outcome.trouble is Code.NOT_JOINED
    assert outcome.pending == 1
    assert not till.sync.status().joined


def test_history_from_the_server_adds_up_at_the_other_till(shop: Shop) -> None:
    from pos_loyalty.services.history import ReadHistory

    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell(one, member)
    wait_until(lambda: balance(two, member) == balance(one, member) and balance(two, member) > 50)
    sell(two, member)

    lines = two.history(ReadHistory(member))

    assert [line.kind for line in lines] == ["welcome", "accrual", "accrual"]
    assert lines[-1].balance_points == balance(two, member)


def test_a_restarted_till_goes_on_where_it_stood(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.close(till)

    again = shop.open_till("one")
    sell(again, member)
    again.sync.start()
    wait_until(lambda: again.sync.status().pending == 0)

    assert shop.balance_at_server(member) == balance(again, member)
    with contextlib.suppress(CommandRefused):
        shop.join(again)
    assert again.shop.joined


def test_the_longest_name_that_a_till_takes_comes_back_whole(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    name = "É" * NAME_LENGTH_MAX
    member = one.enroll_member(EnrollMember(name=name)).member.id

    sync(one)
    sync(two)

    assert (view(one, member).name, view(two, member).name) == (name, name)


def test_a_new_till_can_join_a_server_that_counts_in_another_currency_than_the_euro(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    database = f"sqlite:///{tmp_path / 'books.db'}"
    make_books(database, currency="USD")
    with running_server(database) as server:
        words = ["till", "join", "--data", str(tmp_path / "till"), "--currency", "USD"]

        code = cli.main([*words, "--server", server.url, "--code", server.till_code()])

    assert code == 0
