"""A till that joined again, and then its server restored to before that: with real processes."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pos_loyalty.till import Till
from tests.contract.running_server import make_books, running_server
from tests.proxies import MisbehavingProxy
from tests.sample_till import enroll
from tests.sync.shop import Shop, assert_sound, balance, sell_quietly, sync, sync_until_sent
from tests.sync.test_disks_and_clones import copy_books, lead_to


@contextmanager
def serving(folder: Path, *tills: Till) -> Generator[Shop]:
    """Run the server on its books; tills that there are talk to it from now on."""
    url = f"sqlite:///{folder / 'books.db'}"
    with running_server(url) as server, MisbehavingProxy(server.url) as proxy:
        shop = Shop(folder, server, proxy)
        if tills:
            lead_to(shop, proxy, *tills)
        yield shop
        for till in (*tills, *shop.tills):
            till.sync.stop()


def join_again(shop: Shop, till: Till) -> None:
    """Let the server find a second writer: the till goes on in a new journal."""
    with till.context.store.read() as read:
        stream = read.journal.stream().stream
    with shop.write_at_server() as session:
        session.execute("UPDATE stream SET closed = 1 WHERE stream = ?", stream)
    sync_until_sent(till)
    with till.context.store.read() as read:
        assert read.journal.stream().stream != stream


def restore(folder: Path, backup: Path) -> None:
    copy_books(backup, folder / "books.db")


def test_S09_F27_books_restored_to_before_a_till_joined_again_get_all_of_both_journals(
    tmp_path: Path,
) -> None:
    make_books(f"sqlite:///{tmp_path / 'books.db'}")
    with serving(tmp_path) as shop:
        one, two = shop.joined_till("one"), shop.joined_till("two")
        member = enroll(one)
        sell_quietly(one, member, 3)
        sync_until_sent(one)
    copy_books(tmp_path / "books.db", tmp_path / "backup.db")
    with serving(tmp_path, one, two) as shop:
        sell_quietly(one, member, 4)
        sync_until_sent(one)
        join_again(shop, one)
        sell_quietly(one, member, 5)
        sync_until_sent(one)
        sell_quietly(two, member, 1)
        sync_until_sent(two)
        sync_until_sent(one)
        truth = balance(one, member)
        assert shop.balance_at_server(member) == truth
    restore(tmp_path, tmp_path / "backup.db")
    with serving(tmp_path, one, two) as shop:
        truth += sell_quietly(one, member, 1)
        for till in (two, one, two, one):
            sync(till)

        assert shop.balance_at_server(member) == truth
        assert balance(one, member) == balance(two, member) == truth
        events = shop.events_at_server()
        assert len(events) == len(set(events))
        assert shop.server.verified().faults == []
        with shop.write_at_server() as session:
            assert session.fetch("SELECT count(*) FROM stream WHERE closed = 0") == [(2,)]
    for till in (one, two):
        assert_sound(till)
        till.close()


def test_S09_a_week_of_an_unknown_journal_comes_back_while_the_counter_sells(
    tmp_path: Path,
) -> None:
    make_books(f"sqlite:///{tmp_path / 'books.db'}")
    with serving(tmp_path) as shop:
        till = shop.joined_till("one")
        member = enroll(till)
        sync_until_sent(till)
    copy_books(tmp_path / "books.db", tmp_path / "backup.db")
    with serving(tmp_path, till) as shop:
        join_again(shop, till)
        sell_quietly(till, member, 700)
        sync_until_sent(till)
        truth = balance(till, member)
    restore(tmp_path, tmp_path / "backup.db")
    with serving(tmp_path, till) as shop:
        truth += sell_quietly(till, member, 5)

        sync_until_sent(till)

        assert shop.balance_at_server(member) == balance(till, member) == truth
        assert shop.server.verified().faults == []
    assert_sound(till)
    till.close()
