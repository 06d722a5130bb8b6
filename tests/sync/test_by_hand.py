"""Sticks between a till and its server: any order, twice, late, cut, altered, lost."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.carried import ImportPacket
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.services.carry_by_hand import PacketWritten
from pos_loyalty.services.packet_file import write_packet
from pos_loyalty.till import Till
from tests.contract.running_server import make_books
from tests.sample_till import enroll, sell
from tests.sync.office import CLOCK, IDS, Office, hand, pending
from tests.sync.shop import Shop, a_shop, assert_sound, balance, sync


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    make_books(f"sqlite:///{tmp_path / 'books.db'}")
    office = Office(tmp_path)
    yield office
    for till in office.tills:
        till.close()


def sells(till: Till, count: int = 3) -> MemberId:
    member = enroll(till)
    for _ in range(count):
        sell(till, member)
    return member


def test_a_till_that_was_never_online_joins_and_sends_by_stick(office: Office) -> None:
    till = office.open("kiosk")
    member = sells(till)
    hand(till).invite(office.invitation())

    taken = office.trip(till)

    assert taken.joined
    assert taken.pending == 0 == pending(till)
    assert till.shop.joined
    assert till.shop.shop_name == "Kiosk"
    assert len(office.facts()) == 4
    assert balance(till, member) > 0
    assert till.sync.sync_now(timeout_ms=100).trouble is Code.CARRIED_BY_HAND
    assert_sound(till)
    office.assert_sound()


def test_members_of_one_kiosk_come_to_another(office: Office) -> None:
    first, second = office.joined("first"), office.joined("second")
    member = sells(first)

    office.trip(first)
    office.trip(second, "other")

    assert balance(second, member) == balance(first, member) > 0
    office.assert_sound()


def test_a_week_of_sales_and_names_goes_in_one_packet(office: Office) -> None:
    till = office.joined("kiosk")
    members = [sells(till, 8) for _ in range(70)]

    taken = office.trip(till)

    assert taken.acknowledged == 70 * 9
    assert pending(till) == 0
    with till.context.store.read() as read:
        assert read.connection.execute("SELECT COUNT(*) FROM profile_change").fetchone()[0] == 0
    assert len(members) == len(set(members))
    office.assert_sound()


def test_S23_the_same_packets_twice_change_nothing(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    up, down = office.stick("up"), office.stick("down")
    hand(till).export(up)
    office.take(up, down)
    hand(till).take(down)
    facts = office.facts()

    assert hand(till).take(down).is_old
    office.take(up, down)
    assert hand(till).take(down).is_old

    assert office.facts() == facts
    office.assert_sound()


def test_S06_an_old_packet_after_a_newer_one_neither_accuses_nor_loses(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    old, new = office.stick("old"), office.stick("new")
    hand(till).export(old)
    sells(till)
    hand(till).export(new)

    office.take(new, office.stick("new.down"))
    office.take(old, office.stick("old.down"))
    late = hand(till).take(office.stick("old.down"))
    taken = hand(till).take(office.stick("new.down"))

    assert not late.must_export
    assert not taken.must_export
    assert pending(till) == 0
    office.assert_sound()


def test_S05_a_newer_answer_before_an_older_one(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    hand(till).export(office.stick("1"))
    office.take(office.stick("1"), office.stick("1.down"))
    sells(till)
    hand(till).export(office.stick("2"))
    office.take(office.stick("2"), office.stick("2.down"))

    assert not hand(till).take(office.stick("2.down")).is_old
    assert hand(till).take(office.stick("1.down")).is_old

    assert pending(till) == 0
    office.assert_sound()


def test_sticks_that_cross_on_the_way(office: Office) -> None:
    """Each trip's answer comes back when the next packet is gone already."""
    till = office.joined("kiosk")
    for number in range(5):
        sells(till, 2)
        hand(till).export(office.stick(f"{number}.up"))
        if number:
            hand(till).take(office.stick(f"{number - 1}.down"))
        office.take(office.stick(f"{number}.up"), office.stick(f"{number}.down"))
    hand(till).take(office.stick("4.down"))

    assert pending(till) == 0
    office.assert_sound()


def test_a_lost_stick_costs_only_the_trip(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    hand(till).export(office.stick("lost"))
    sells(till)

    office.trip(till)

    assert pending(till) == 0
    assert len(office.facts()) == 8
    office.assert_sound()


def test_another_tills_answer_is_named_and_changes_nothing(office: Office) -> None:
    first, second = office.joined("first"), office.joined("second")
    sells(first)
    hand(first).export(office.stick("up"))
    hand(second).export(office.stick("up2"))
    office.take(office.stick("up"), office.stick("down"))

    with pytest.raises(CommandRefused) as refused:
        hand(second).take(office.stick("down"))

    assert refused.value.code is Code.PACKET_OTHER_TILL
    assert refused.value.facts["till"] == "Till 1 in Kiosk"
    assert pending(first) == 4


def test_packets_that_go_the_wrong_way_are_named(office: Office) -> None:
    till = office.joined("kiosk")
    up, down = office.stick("up"), office.stick("down")
    hand(till).export(up)
    office.take(up, down)

    for deed, file in ((hand(till).take, up), (hand(till).take, office.invitation())):
        with pytest.raises(CommandRefused) as refused:
            deed(file)
        assert refused.value.code is Code.PACKET_KIND
    with pytest.raises(CommandRefused) as refused:
        office.take(down, office.stick("nothing"))
    assert refused.value.code is Code.PACKET_KIND


def test_another_merchants_packets_are_named(office: Office, tmp_path: Path) -> None:
    till = office.joined("kiosk")
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    make_books(f"sqlite:///{other_folder / 'books.db'}", name="Other")
    other = Office(other_folder)
    stranger = other.joined("stranger")
    hand(stranger).export(office.stick("up"))
    other.take(office.stick("up"), office.stick("down"))
    stranger.close()

    with pytest.raises(CommandRefused) as refused:
        office.take(office.stick("up"), office.stick("nothing"))
    assert refused.value.code is Code.PACKET_OTHER_MERCHANT
    with pytest.raises(CommandRefused) as refused:
        hand(till).take(office.stick("down"))
    assert refused.value.code is Code.PACKET_OTHER_MERCHANT


def test_F20_a_cut_or_altered_packet_changes_nothing(office: Office) -> None:
    """At any byte, on either side; what was there before is there after."""
    till = office.joined("kiosk")
    sells(till)
    up, down = office.stick("up"), office.stick("down")
    hand(till).export(up)
    _refuses_everything_broken(up, lambda file: office.take(file, office.stick("nothing")))
    assert len(office.facts()) == 0

    office.take(up, down)
    _refuses_everything_broken(down, hand(till).take)
    assert pending(till) == 4
    assert not hand(till).take(down).is_old
    assert pending(till) == 0
    office.assert_sound()


def _refuses_everything_broken(file: Path, deed: Callable[[Path], object]) -> None:
    data = file.read_bytes()
    broken = file.with_name("broken")
    for place in range(0, len(data), 7):
        for bad in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            broken.write_bytes(bad)
            with pytest.raises(LoyaltyError) as refused:
                deed(broken)
            assert refused.value.code.value.startswith(("E-PACKET", "E-TILL-UNKNOWN"))
    broken.unlink()


def test_A01_nobody_without_the_servers_key_can_answer(office: Office) -> None:
    """Whoever finds a stick knows the till's public key; that is not enough to give points."""
    from pos_loyalty.wire.packet import DownParcel, PacketKind, read_header, seal

    till = office.joined("kiosk")
    up = office.stick("up")
    hand(till).export(up)
    header = read_header(up.read_bytes())
    forged = seal(
        type(header)(
            format=1,
            kind=PacketKind.DOWN,
            merchant=header.merchant,
            number=header.number,
            till=header.till,
        ),
        DownParcel(answers=()),
        private=IDS.random_bytes(32),
        recipient=header.sender,
        random_bytes=IDS.random_bytes,
    )
    office.stick("forged").write_bytes(forged)

    with pytest.raises(CommandRefused) as refused:
        hand(till).take(office.stick("forged"))
    assert refused.value.code is Code.PACKET_OTHER_MERCHANT


def test_a_packet_shows_nobody_what_is_in_it(office: Office) -> None:
    till = office.joined("kiosk")
    enroll(till, name="Ada Lovelace", phone="+4915112345678")
    up, down = office.stick("up"), office.stick("down")
    hand(till).export(up)
    office.take(up, down)

    for file in (up, down):
        assert b"Ada" not in file.read_bytes()
        assert b"491511234" not in file.read_bytes()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, Code.PACKET_FULL),
        (errno.EIO, Code.PACKET_WRITE),
        (errno.ENODEV, Code.PACKET_WRITE),
        (errno.EROFS, Code.PACKET_WRITE),
    ],
)
def test_F18_a_full_stick_or_one_pulled_out_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, number: int, code: Code
) -> None:
    till = office.joined("kiosk")
    sells(till)
    stick = office.stick("up")
    stick.write_bytes(b"the packet before")

    def fails(descriptor: int) -> None:
        del descriptor
        raise OSError(number, "the stick")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(StoreUnavailable) as refused:
            _write_only(till, stick)
    assert refused.value.code is code
    assert stick.read_bytes() == b"the packet before"
    assert list(office.folder.glob("*.new")) == []

    office.trip(till)
    assert pending(till) == 0
    office.assert_sound()


def _write_only(till: Till, stick: Path) -> PacketWritten:
    return hand(till).export(stick)


def test_a_stick_that_is_not_there_has_a_sentence(office: Office) -> None:
    till = office.joined("kiosk")

    with pytest.raises(CommandRefused) as refused:
        hand(till).take(office.stick("absent"))
    assert refused.value.code is Code.FILE_ABSENT
    with pytest.raises(StoreUnavailable) as unwritable:
        hand(till).export(office.folder / "gone" / "up")
    assert unwritable.value.code is Code.PACKET_WRITE


def test_S09_a_restored_server_asks_for_a_report_and_gets_everything(office: Office) -> None:
    till = office.joined("kiosk")
    member = sells(till)
    office.trip(till)
    books = office.folder / "books.db"
    kept = {path: path.read_bytes() for path in office.folder.glob("books.db*")}
    sells(till)
    office.trip(till, "later")
    facts = set(office.facts())
    for path in office.folder.glob("books.db*"):
        path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)
    assert books.exists()

    trips = 0
    while (office.trip(till, f"again{trips}").must_export or pending(till)) and trips < 6:
        trips += 1

    assert set(office.facts()) >= facts
    assert pending(till) == 0
    assert balance(till, member) > 0
    assert_sound(till)


def test_S14_a_restored_till_begins_anew_and_loses_no_sale(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    office.trip(till)
    office.tills.remove(till)
    till.close()
    folder = office.folder / "kiosk"
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    till = office.open("kiosk")
    sells(till)
    office.trip(till, "unknown to the copy")
    office.tills.remove(till)
    till.close()
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)
    till = office.open("kiosk")
    member = sells(till)

    trips = 0
    while (office.trip(till, f"again{trips}").must_export or pending(till)) and trips < 6:
        trips += 1

    assert pending(till) == 0
    assert balance(till, member) > 0
    assert_sound(till)


def test_a_code_used_up_is_told_and_the_till_works_on(office: Office) -> None:
    invitation = office.invitation()
    first = office.open("first")
    hand(first).invite(invitation)
    office.trip(first, "first")
    second = office.open("second")
    hand(second).invite(invitation)
    up, down = office.stick("up"), office.stick("down")
    hand(second).export(up)

    assert office.take(up, down).refused is Code.JOIN_CODE
    with pytest.raises(CommandRefused) as refused:
        hand(second).take(down)

    assert refused.value.code is Code.JOIN_CODE
    assert not second.shop.joined
    hand(second).invite(office.invitation("another"))
    assert office.trip(second, "again").joined


def test_by_hand_beside_a_line_neither_accuses_nor_doubles(tmp_path: Path) -> None:
    """A packet is under way when the line comes back; its answer is old by then."""
    with a_shop(tmp_path) as shop:
        till = shop.joined_till("one")
        shop.proxy.cut()
        sells(till)
        up, down = tmp_path / "up", tmp_path / "down"
        hand(till).export(up)
        shop.proxy.heal()
        sells(till)
        assert sync(till).trouble is None
        _take_at(shop, up, down)

        late = hand(till).take(down)
        assert (late.acknowledged, late.must_export) == (0, False)
        sells(till)
        assert sync(till).trouble is None
        hand(till).export(up)
        _take_at(shop, up, down)
        hand(till).take(down)

        assert sync(till).trouble is None
        assert pending(till) == 0
        assert len(shop.events_at_server()) == len(set(shop.events_at_server())) == 12
        assert shop.server.fetch("SELECT kind FROM attention") == []
        assert_sound(till)


def _take_at(shop: Shop, up: Path, down: Path) -> None:
    with closing(shop.server.open()) as database:
        answered = ImportPacket(
            database=database, merchant=read_merchant(database), clock=CLOCK, ids=IDS
        )(up.read_bytes())
    write_packet(down, answered.packet)


def _restore(office: Office, kept: dict[Path, bytes]) -> None:
    for path in office.folder.glob("books.db*"):
        path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)


def test_S09_a_kiosk_that_joined_after_the_backup_is_invited_again(office: Office) -> None:
    kept = {path: path.read_bytes() for path in office.folder.glob("books.db*")}
    till = office.joined("kiosk")
    member = sells(till)
    office.trip(till)
    _restore(office, kept)
    sell(till, member)
    hand(till).export(office.stick("up"))
    with pytest.raises(LoyaltyError) as refused:
        office.take(office.stick("up"), office.stick("down"))
    assert refused.value.code is Code.TILL_UNKNOWN

    hand(till).invite(office.invitation("again"))
    sell(till, member)
    hand(till).export(office.stick("up"))
    office.take(office.stick("up"), office.stick("down"))
    sell(till, member)
    taken = hand(till).take(office.stick("down"))

    assert (taken.joined, taken.acknowledged, taken.pending) == (True, 6, 1)
    assert hand(till).take(office.stick("down")).is_old
    assert not office.trip(till, "next").must_export
    assert pending(till) == 0
    assert len(office.facts()) == 7
    assert_sound(till)
    office.assert_sound()


def test_an_invitation_that_was_not_needed_changes_nothing(office: Office) -> None:
    till = office.joined("kiosk")
    sells(till)
    hand(till).invite(office.invitation("again"))
    hand(till).export(office.stick("up"))
    assert office.take(office.stick("up"), office.stick("down")).refused is Code.JOIN_DONE
    with pytest.raises(CommandRefused) as refused:
        hand(till).take(office.stick("down"))
    assert refused.value.code is Code.JOIN_DONE

    office.trip(till, "next")

    assert pending(till) == 0
    assert len(office.facts()) == 4
    assert office.fetch("SELECT count(*) FROM till") == [(1,)]
    office.assert_sound()
