"""A large membership comes to a new till as one file, whatever happens to line, till and file."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.snapshot import Note, SnapshotFolder, make_if_due
from pos_loyalty.server.system import SystemClock
from pos_loyalty.services.look_up_card import CardKind, LookUpCard
from pos_loyalty.services.look_up_member import FindMembers, LookUpMember
from pos_loyalty.store.arrival import INDEXES, SIDE_FILE, Arrival, ArrivalState, Stage, Stale
from pos_loyalty.store.database import Connection
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import SnapshotOffer
from tests.proxies import CannedReply
from tests.sample_till import sell
from tests.sync.shop import Shop, a_shop, assert_sound, balance, sync, wait_until
from tools.fill_books import fill_books

PEOPLE = SampleMembers(3_000)
SECONDS = 30.0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A server with many members and a file of them."""
    with a_shop(tmp_path) as open_shop:
        with contextlib.closing(open_shop.server.open()) as database:
            fill_books(database, PEOPLE)
        make_file(open_shop)
        yield open_shop


def folder_of(shop: Shop) -> SnapshotFolder:
    return SnapshotFolder(shop.folder / "books.db.snapshots")


def make_file(shop: Shop) -> Note:
    with contextlib.closing(shop.server.open()) as database:
        return folder_of(shop).make(
            database, read_merchant(database), now_ms=SystemClock().now_ms()
        )


def state_of(till: Till) -> ArrivalState | None:
    return arrival_of(till).state()


def arrival_of(till: Till) -> Arrival:
    context = till.context
    return Arrival(context.store, context.clock, context.ids)


def count(till: Till, table: str) -> int:
    with till.context.store.read() as read:
        query = f"SELECT COUNT(*) FROM {table}"  # noqa: S608 - the test's own names
        return int(read.connection.execute(query).fetchone()[0])


def indexes_of(till: Till) -> dict[str, str]:
    with till.context.store.read() as read:
        rows = read.connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
        return {row[0]: row[1] for row in rows if row[0] in INDEXES}


def wait_for_members(till: Till) -> None:
    wait_until(lambda: state_of(till) is None and count(till, "member") > 0, seconds=SECONDS)


def assert_all_members(till: Till) -> None:
    """Every member can be scanned, typed and searched, with the server's balance."""
    assert count(till, "member") >= PEOPLE.count
    for number in (0, 1, 1_500, PEOPLE.count - 1):
        found = till.look_up_card(LookUpCard(PEOPLE.card_text(number, till.shop.merchant)))
        assert found.kind is CardKind.MEMBER
        assert found.member is not None
        assert found.member.id == PEOPLE.member(number)
        by_phone = till.look_up_member(LookUpMember(phone=PEOPLE.phone(number)))
        assert by_phone.id == PEOPLE.member(number)
        name = PEOPLE.name(number)
        assert name in {match.name for match in till.find_members(FindMembers(name))}
    assert balance(till, PEOPLE.member(7)) == 7 * 7919 % 2_000
    assert indexes_of(till) == INDEXES
    assert not (till.context.store.path.with_name(SIDE_FILE)).exists()
    assert_sound(till)


def same_members(first: Till, second: Till) -> None:
    """Both hold the same rows of the server, however they came."""
    for table, columns in (
        ("member", "member, name, phone, tier, status, enrolled_ms, epoch, v"),
        ("card", "card_key, number, member, status, batch, epoch, v"),
        ("points", "member, snapshot_points, snapshot_earned"),
        ("member_word", "word, member"),
    ):
        rows: list[list[tuple[object, ...]]] = []
        for till in (first, second):
            with till.context.store.read() as read:
                query = f"SELECT {columns} FROM {table} ORDER BY 1, 2"  # noqa: S608 - the test's own names
                rows.append(read.connection.execute(query).fetchall())
        assert rows[0] == rows[1], table


def test_the_indexes_taken_away_are_those_of_the_schema(tmp_path: Path) -> None:
    with a_shop(tmp_path) as shop:
        assert indexes_of(shop.open_till("one")) == INDEXES


def test_a_new_till_takes_the_file_and_goes_on_behind_it(shop: Shop) -> None:
    till = shop.joined_till("one")

    wait_for_members(till)

    assert_all_members(till)
    assert sync(till).trouble is None


def test_file_and_rows_bring_the_same(shop: Shop) -> None:
    by_file = shop.joined_till("file")
    wait_for_members(by_file)
    for path in folder_of(shop).path.iterdir():
        path.unlink()

    by_rows = shop.joined_till("rows")

    assert state_of(by_rows) is None
    wait_until(lambda: count(by_rows, "member") == PEOPLE.count, seconds=SECONDS)
    sync(by_rows)
    same_members(by_file, by_rows)


def test_what_changed_after_the_file_wins_over_it(shop: Shop) -> None:
    seller = shop.joined_till("seller")
    wait_for_members(seller)
    member = PEOPLE.member(5)
    before = balance(seller, member)
    earned = sell(seller, member).earned_points
    assert sync(seller).trouble is None

    late = shop.joined_till("late")
    wait_for_members(late)
    sync(late)

    assert balance(late, member) == before + earned == shop.balance_at_server(member)
    same_members(seller, late)


def test_sales_of_the_time_before_joining_and_while_it_arrives_count_once(shop: Shop) -> None:
    till = shop.open_till("one")
    sell(till, None)
    shop.join(till)
    member = PEOPLE.member(9)
    earned = sell(till, member).earned_points if count(till, "member") else 0

    wait_for_members(till)
    earned += sell(till, member).earned_points
    assert sync(till).trouble is None

    assert balance(till, member) == 9 * 7919 % 2_000 + earned == shop.balance_at_server(member)
    assert_sound(till)


def test_a_small_shop_takes_rows(tmp_path: Path) -> None:
    with a_shop(tmp_path) as small:
        with contextlib.closing(small.server.open()) as database:
            fill_books(database, SampleMembers(50))
        make_file(small)

        till = small.joined_till("one")

        assert count(till, "member") == 50
        assert state_of(till) is None


def test_S07_a_cut_line_goes_on_where_it_was_cut(shop: Shop) -> None:
    """Every answer is cut after some kilobytes: what came is kept, and the rest is asked for."""
    shop.proxy.faults.only = lambda path: path.endswith("/snapshot")
    shop.proxy.faults.truncate_reply_at = 20_000

    till = shop.joined_till("one")
    wait_for_members(till)

    assert_all_members(till)


def test_F20_a_flipped_byte_never_reaches_the_tables(shop: Shop) -> None:
    """A wrong file is thrown away as a whole; in the end the rows come one by one."""
    shop.proxy.faults.only = lambda path: path.endswith("/snapshot")
    note = folder_of(shop).newest(read_merchant_of(shop))
    assert note is not None
    path = folder_of(shop).path / note.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    till = shop.joined_till("one")
    wait_until(lambda: count(till, "member") == PEOPLE.count, seconds=SECONDS)
    wait_until(lambda: state_of(till) is None, seconds=SECONDS)
    sync(till)

    assert_all_members(till)


def read_merchant_of(shop: Shop) -> MerchantId:
    with contextlib.closing(shop.server.open()) as database:
        return read_merchant(database).merchant


def test_a_file_that_vanished_meanwhile_is_begun_anew(shop: Shop) -> None:
    till = shop.open_till("one")
    shop.proxy.faults.only = lambda path: path.endswith("/snapshot")
    shop.proxy.faults.truncate_reply_at = 900
    shop.join(till)
    wait_until(lambda: state_of(till) is not None)
    for path in folder_of(shop).path.iterdir():
        path.unlink()
    with shop.write_at_server() as session:
        session.execute("UPDATE clock SET v = v + 1")
    make_file(shop)
    shop.proxy.faults.truncate_reply_at = None

    wait_until(lambda: count(till, "member") == PEOPLE.count, seconds=SECONDS)
    wait_until(lambda: state_of(till) is None, seconds=SECONDS)

    assert_all_members(till)


@pytest.mark.parametrize("steps", [1, 3, 6, 9, 12, 16, 20, 24])
def test_F19_a_till_that_dies_on_the_way_goes_on_after_its_start(shop: Shop, steps: int) -> None:
    """Killed after any number of steps: what is in stays in, what is missing comes."""
    shop.proxy.faults.only = lambda path: not path.endswith(("/join", "/health"))
    shop.proxy.faults.canned = CannedReply(status=503)
    till = shop.joined_till("one")
    till.sync.stop()
    arrival = arrival_of(till)
    fetch_by_hand(shop, till, arrival)
    work = arrival.work()
    for _ in range(steps):
        if next(work, "over") == "over":
            break
    work.close()
    arrival.close()
    shop.close(till)

    shop.proxy.faults.canned = None
    again = shop.open_till("one")
    again.sync.start()
    wait_for_members(again)
    sync(again)

    assert_all_members(again)


def fetch_by_hand(shop: Shop, till: Till, arrival: Arrival) -> SnapshotOffer:
    """Bring the file to the till's side database without a line."""
    folder = folder_of(shop)
    with contextlib.closing(shop.server.open()) as database, database.read() as session:
        merchant = read_merchant(database).merchant
        with till.context.store.read() as read:
            offer = folder.offer(session, merchant, read.journal.stream().stream)
    with till.context.store.write() as work:
        work.settings.put(Setting.CURSOR, "")
        work.settings.remove(Setting.SNAPSHOT)
        work.commit()
    arrival.begin(offer)
    arrival.add_piece(0, (folder.path / offer.name).read_bytes())
    return offer


def test_S41_a_power_cut_in_the_pieces_begins_them_again(shop: Shop) -> None:
    till = shop.joined_till("one")
    wait_for_members(till)
    side = till.context.store.path.with_name(SIDE_FILE)
    side.write_bytes(b"torn" * 2_000)

    assert arrival_of(till).fetched() == 0


def test_another_epoch_on_the_way_begins_with_its_rows(shop: Shop) -> None:
    till = shop.joined_till("one")
    wait_for_members(till)
    arrival = arrival_of(till)
    till.sync.stop()
    fetch_by_hand(shop, till, arrival)
    work = arrival.work()
    while (state := arrival.state()) is None or state.stage is not Stage.LOAD:
        next(work)
    with till.context.store.write() as writing:
        writing.settings.put(Setting.EPOCH, 2)
        writing.commit()

    with pytest.raises(Stale):
        for _ in work:
            pass
    arrival.give_up()
    for _ in arrival.work():
        pass

    assert arrival.state() is None
    assert indexes_of(till) == INDEXES


def test_a_sale_makes_long_work_step_back(shop: Shop) -> None:
    """An index of a million rows takes a second; whoever wants to sell does not wait for it."""
    till = shop.joined_till("one")
    wait_for_members(till)
    till.sync.stop()
    begun, done = threading.Event(), threading.Event()

    def count_for_ever(connection: Connection) -> None:
        begun.set()
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
            " SELECT MAX(i) FROM n"
        ).fetchone()

    kept: list[bool] = []

    def work() -> None:
        kept.append(till.context.store.write_yielding(count_for_ever))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    start = time.monotonic()
    sell(till, PEOPLE.member(1))
    seconds = time.monotonic() - start

    assert done.wait(10)
    thread.join()
    assert kept == [False]
    assert seconds < 2


def test_what_was_renamed_meanwhile_is_not_found_by_its_old_name(shop: Shop) -> None:
    till = shop.joined_till("one")
    wait_for_members(till)
    till.sync.stop()
    arrival = arrival_of(till)
    fetch_by_hand(shop, till, arrival)
    work = arrival.work()
    while (state := arrival.state()) is None or state.stage is not Stage.WORDS:
        next(work)
    for _ in range(8):
        next(work)
    member = PEOPLE.member(3)
    with till.context.store.write() as writing:
        writing.members.put(MemberId(member), name="Zoe Xyz", phone="", tier="")
        writing.commit()
    for _ in work:
        pass

    found = {match.id for match in till.find_members(FindMembers(PEOPLE.name(3), limit=200))}
    assert member not in found
    assert member in {match.id for match in till.find_members(FindMembers("Zoe Xyz"))}


def test_a_file_is_made_by_itself_only_for_many_members(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(shop)
    now_ms = SystemClock().now_ms()
    with contextlib.closing(shop.server.open()) as database:
        merchant = read_merchant(database)
        assert make_if_due(folder, database, merchant, now_ms=now_ms) is None
        monkeypatch.setattr("pos_loyalty.server.snapshot.MEMBERS_MIN", 100)
        assert make_if_due(folder, database, merchant, now_ms=now_ms) is None
        tomorrow = now_ms + 25 * 60 * 60 * 1000
        assert make_if_due(folder, database, merchant, now_ms=tomorrow) is not None


def test_a_file_of_other_books_is_not_offered(shop: Shop) -> None:
    with shop.write_at_server() as session:
        session.execute("UPDATE clock SET epoch = 2")

    till = shop.joined_till("one")

    assert count(till, "member") == PEOPLE.count
    assert state_of(till) is None
