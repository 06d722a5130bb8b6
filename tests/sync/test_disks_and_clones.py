"""Older disks, twins, restored servers and long outages, with the real server."""

import contextlib
import shutil
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.till import Till
from tests.contract.running_server import make_books, running_server
from tests.proxies import Faults, MisbehavingProxy
from tests.sample_till import enroll, sell
from tests.sync.shop import (
    Shop,
    assert_sound,
    balance,
    sell_quietly,
    sync,
    sync_until_sent,
)


def copy_disk(shop: Shop, till: Till, name: str, copy: str) -> Till:
    """Copy a till's folder while it is closed, and open the till again."""
    shop.close(till)
    shutil.copytree(shop.folder / name, shop.folder / copy)
    again = shop.open_till(name)
    again.sync.start()
    return again


def stream_of(till: Till) -> str:
    with till.context.store.read() as read:
        return read.journal.stream().stream


def assert_all_agree(shop: Shop, tills: tuple[Till, ...], member: MemberId, truth: int) -> None:
    for till in tills * 2:
        sync_until_sent(till)
    assert shop.balance_at_server(member) == truth
    assert [balance(till, member) for till in tills] == [truth] * len(tills)
    for till in tills:
        assert_sound(till)


@pytest.mark.parametrize("sold_since", [0, 1, 3, 6])
def test_S13_F28_a_till_with_yesterday_s_disk_joins_again_and_loses_nothing(
    shop: Shop, sold_since: int
) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    till = copy_disk(shop, till, "one", "yesterday")
    sell_quietly(till, member, 3)
    sync_until_sent(till)
    truth = balance(till, member)
    shop.close(till)
    shutil.rmtree(shop.folder / "one")
    shutil.move(shop.folder / "yesterday", shop.folder / "one")

    old = shop.open_till("one")
    before = stream_of(old)
    truth += sell_quietly(old, member, sold_since)
    old.sync.start()

    assert_all_agree(shop, (old,), member, truth)
    assert stream_of(old) != before
    sell(old, member)
    sync_until_sent(old)
    assert old.sync.status().trouble is None


def test_S14_S15_F29_twins_both_sell_on_and_nothing_is_lost(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sell(till, member)
    sync_until_sent(till)
    till = copy_disk(shop, till, "one", "twin")
    twin = shop.open_till("twin")
    twin.sync.start()
    start = balance(till, member)

    earned = sell_quietly(till, member, 2) + sell_quietly(twin, member, 3)

    assert_all_agree(shop, (till, twin), member, start + earned)
    assert stream_of(till) != stream_of(twin)
    earned += sell_quietly(till, member, 1) + sell_quietly(twin, member, 1)
    assert_all_agree(shop, (till, twin), member, start + earned)


def test_S47_a_till_joins_again_over_a_line_that_loses_every_second_reply(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    till = copy_disk(shop, till, "one", "twin")
    twin = shop.open_till("twin")
    start = balance(till, member)
    earned = sell_quietly(till, member, 4)
    sync_until_sent(till)
    earned += sell_quietly(twin, member, 4)

    shop.proxy.faults = Faults(drop_reply_every=2)
    twin.sync.start()
    sync_until_sent(twin)
    shop.proxy.heal()

    assert_all_agree(shop, (till, twin), member, start + earned)
    with contextlib.closing(shop.server.open()) as database, database.read() as session:
        streams = session.fetch("SELECT stream, closed FROM stream")
    assert sorted(row[1] for row in streams) == [0, 0, 1]


def test_S09_F27_a_server_that_lost_a_day_gets_it_back_from_its_tills(tmp_path: Path) -> None:
    books = tmp_path / "books.db"
    url = f"sqlite:///{books}"
    make_books(url)
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        shop = Shop(tmp_path, server, proxy)
        one, two = shop.joined_till("one"), shop.joined_till("two")
        member = enroll(one)
        sync(one)
        sync(two)
        proxy.cut()
    copy_books(books, tmp_path / "backup.db")
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        lead_to(shop, proxy, one, two)
        sell_quietly(one, member, 3)
        sell_quietly(two, member, 2)
        sync_until_sent(one)
        sync_until_sent(two)
        sync_until_sent(one)
        truth = balance(one, member)
        one.sync.stop()
        two.sync.stop()
    copy_books(tmp_path / "backup.db", books)
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        shop.server = server
        lead_to(shop, proxy, one, two)
        for till in (one, two, one, two):
            sync(till)

        assert_all_agree(shop, (one, two), member, truth)
        with shop.write_at_server() as session:
            session.execute("UPDATE clock SET roster_open = 0")
        assert one.sync.ask_rights(member, truth)
        for till in (one, two):
            till.sync.stop()
    one.close()
    two.close()


def copy_books(source: Path, target: Path) -> None:
    """Copy a server's file while no server runs, with the part that is still in its WAL."""
    for suffix in ("", "-wal", "-shm"):
        copy = target.with_name(target.name + suffix)
        copy.unlink(missing_ok=True)
        original = source.with_name(source.name + suffix)
        if original.exists() and suffix != "-shm":
            shutil.copyfile(original, copy)


def lead_to(shop: Shop, proxy: MisbehavingProxy, *tills: Till) -> None:
    """Let the tills talk through a new proxy: the old address is gone."""
    from pos_loyalty.store.settings import Setting

    shop.proxy = proxy
    for till in tills:
        till.sync.stop()
        with till.context.store.write() as work:
            work.settings.put(Setting.SERVER_URL, proxy.url)
            work.commit()
        till.sync.start()


def test_F26_a_long_outage_is_sent_in_batches_and_sales_go_on_meanwhile(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.cut()
    start = balance(till, member)
    earned = sell_quietly(till, member, 1300)
    shop.proxy.heal()
    seen = shop.proxy.request_count

    sync_until_sent(till)

    assert shop.proxy.request_count - seen <= 8
    assert_all_agree(shop, (till,), member, start + earned)


def test_a_till_that_joins_late_gets_everything_in_pages(shop: Shop) -> None:
    one = shop.joined_till("one")
    members = [enroll(one, f"Member Number {number}") for number in range(450)]
    sync_until_sent(one)

    two = shop.joined_till("two")

    assert {balance(two, member) for member in members} == {balance(one, members[0])}
    assert two.sync.status().pending == 0


def test_a_till_that_a_restored_server_never_met_joins_again_with_a_new_code(
    tmp_path: Path,
) -> None:
    books = tmp_path / "books.db"
    url = f"sqlite:///{books}"
    make_books(url)
    copy_books(books, tmp_path / "backup.db")
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        shop = Shop(tmp_path, server, proxy)
        till = shop.joined_till("one")
        member = enroll(till)
        sell(till, member)
        sync_until_sent(till)
        till.sync.stop()
    copy_books(tmp_path / "backup.db", books)
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        shop.server = server
        lead_to(shop, proxy, till)
        assert sync(till).trouble is Code.TILL_UNKNOWN
        sell(till, member)

        joined = shop.join(till)

        assert joined.sync.trouble is None
        assert joined.sync.pending == 0
        assert shop.balance_at_server(member) == balance(till, member)
        assert_sound(till)
        till.close()
