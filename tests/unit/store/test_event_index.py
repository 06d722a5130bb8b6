"""Events are found by member and by sale, also after carrying over, pruning and an upgrade."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.event import (
    Event,
    EventRescued,
    RefundLine,
    SaleMoved,
    SaleRefunded,
    TierGranted,
    VoucherClaimed,
    encode_event,
)
from pos_loyalty.domain.ids import EventId, MemberId, StreamId, TierId
from pos_loyalty.domain.member_facts import MemberSheet
from pos_loyalty.store import migrations, pruning
from pos_loyalty.store.arrival import _members_in  # pyright: ignore[reportPrivateUsage] - what an upgrade and a file do is tested by its parts
from pos_loyalty.store.event_index import fact_of, members_of, reference_of
from pos_loyalty.store.pruning import Pruning
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork
from pos_loyalty.store.verification import verify
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import MemberRow, ProfileChange
from pos_loyalty.wire.snapshot_file import member_block
from pos_loyalty.wire.snapshot_file import members_of as members_of_block
from tests.builders import AYSE, DAY_MS, OMAR, STANDARD, enrollment, event_id, reversal, sale
from tests.sample_till import SampleTill, SeededIds, SteppingClock, enroll, sell
from tests.unit.sync.model_server import ModelServer
from tests.unit.sync.sim_till import SimTill

SHEET = MemberSheet(segments=("staff",), tally={"visits": 3}, birthday="05-31")


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    with SampleTill(tmp_path / "data").open() as opened:
        yield opened


@pytest.fixture
def work(till: Till) -> Iterator[UnitOfWork]:
    with till.context.store.write() as unit:
        yield unit


def refund(number: int, of: int, *, earned_taken: int = 0) -> SaleRefunded:
    return SaleRefunded(
        v=1,
        id=event_id(number),
        at_ms=7,
        boot_ms=7,
        tz_minutes=0,
        program=STANDARD.version,
        sale_id=event_id(of),
        member=AYSE,
        amount=100,
        lines=(RefundLine(line=0, amount=100),),
        earned_taken=earned_taken,
    )


def grant(number: int, member: MemberId = AYSE, tier: str = "gold") -> TierGranted:
    return TierGranted(
        v=1,
        id=event_id(number),
        at_ms=7,
        boot_ms=7,
        tz_minutes=0,
        program=STANDARD.version,
        member=member,
        tier=TierId(tier),
        until_ms=9,
    )


def move(number: int, of: int) -> SaleMoved:
    return SaleMoved(
        v=1,
        id=event_id(number),
        at_ms=7,
        boot_ms=7,
        tz_minutes=0,
        program=STANDARD.version,
        sale_id=event_id(of),
        sale_seq=1,
        from_member=AYSE,
        to_member=OMAR,
        earned_taken=21,
    )


def ids(events: tuple[Event, ...]) -> list[EventId]:
    return [event.id for event in events]


def quiet_rows(read: Repositories) -> list[tuple[object, ...]]:
    return read.connection.execute("SELECT * FROM quiet_event ORDER BY 1, 2, 3").fetchall()


def test_an_event_says_whom_and_what_it_is_about() -> None:
    claim = VoucherClaimed(
        v=1,
        id=event_id(9),
        at_ms=1,
        boot_ms=1,
        tz_minutes=0,
        program=STANDARD.version,
        voucher="a" * 32,
        sale_id=event_id(1),
        member=AYSE,
    )

    assert members_of(sale()) == members_of(claim) == members_of(enrollment()) == (AYSE,)
    assert members_of(sale(member=None)) == ()
    assert members_of(move(2, 1)) == (AYSE, OMAR)
    added = msgspec.structs.replace(move(2, 1), from_member=None)
    assert members_of(added) == (OMAR,)
    assert reference_of(claim) == ("a" * 32, event_id(1))
    assert reference_of(refund(3, 1)) == reference_of(move(4, 1)) == (event_id(1),)
    assert reference_of(sale()) == ()


def test_what_refers_to_a_sale_is_found_by_it_oldest_first(work: UnitOfWork) -> None:
    for event in (sale(1), sale(2), refund(8, 1), move(7, 1), refund(9, 2)):
        work.journal.append(event)

    assert ids(work.journal.index.referring_to(event_id(1))) == [event_id(8), event_id(7)]
    assert ids(work.journal.index.referring_to(event_id(2))) == [event_id(9)]
    assert work.journal.index.referring_to(event_id(8)) == ()


def test_every_event_of_a_member_is_found_also_one_without_points(work: UnitOfWork) -> None:
    events = (
        enrollment(welcome=0),
        sale(1),
        sale(2, earned=0),
        sale(3, member=OMAR),
        grant(4),
        move(5, 1),
        reversal(sale(6, earned=0)),
    )
    for event in events:
        work.journal.append(event)

    index = work.journal.index
    assert ids(index.of_member(AYSE)) == [event.id for event in events if event.id != event_id(3)]
    assert ids(index.of_member(OMAR)) == [event_id(3), event_id(5)]
    assert ids(index.of_member_after(AYSE, 3)) == ids(index.of_member(AYSE))[3:]
    assert ids(index.quiet_after(0, "tier")) == [event_id(4)]
    assert index.quiet_after(5, "tier") == ()


def test_a_sale_that_earns_leaves_nothing_but_its_entries(work: UnitOfWork) -> None:
    work.journal.append(sale(1))

    assert quiet_rows(work) == []


def test_a_receipt_s_letters_find_the_sale_of_its_member(work: UnitOfWork) -> None:
    work.journal.append(sale(0x1234ABCD))
    work.journal.append(sale(0x5234ABCD))

    assert work.journal.index.sale_ids_ending(AYSE, "5234abcd") == (event_id(0x5234ABCD),)
    assert work.journal.index.sale_ids_ending(OMAR, "5234abcd") == ()


def test_a_fact_comes_out_of_its_rescues_and_what_is_none_is_none() -> None:
    def wrapped(data: bytes) -> bytes:
        return encode_event(
            EventRescued(
                v=1,
                id=event_id(90),
                at_ms=1,
                boot_ms=1,
                tz_minutes=0,
                program=STANDARD.version,
                original_stream=StreamId("a" * 32),
                original_seq=1,
                original_hash="",
                original=data.decode(),
            )
        )

    assert fact_of(wrapped(wrapped(encode_event(sale(1))))) == sale(1)
    assert fact_of(wrapped(b'{"kind":"dance"}')) is None
    endless = encode_event(sale(1))
    for _ in range(9):
        endless = wrapped(endless)
    assert fact_of(endless) is None


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[SimTill]:
    made = SimTill(tmp_path / "sim", random.Random(1))
    made.join(ModelServer(page=100))
    yield made
    made.store.close()


def test_S09_what_is_carried_over_is_found_where_it_is_now(sim: SimTill) -> None:
    with sim.store.write() as work:
        for event in (sale(1), sale(2, earned=0), refund(3, 1, earned_taken=1)):
            work.journal.append(event)
        work.commit()

    sim.joining.begin_stream(
        StreamId("e" * 32), "nonce", known_hashes=set(), epoch=1, token="", is_unknown=False
    )

    with sim.store.read() as read:
        assert ids(read.journal.index.of_member_after(AYSE, 0)) == [event_id(n) for n in (1, 2, 3)]
        assert ids(read.journal.index.referring_to(event_id(1))) == [event_id(3)]
        assert verify(read.connection).finding is None


def test_S20_what_leaves_the_till_leaves_the_index(
    sim: SimTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "EVENTS_KEPT_MIN", 1)
    with sim.store.write() as work:
        for event in (sale(1), sale(2, earned=0), refund(3, 1), sale(4)):
            work.journal.append(event)
        work.connection.execute(
            "UPDATE stream SET acked_seq = 4, durable_seq = 4 WHERE is_open = 1"
        )
        writer(work, have=4).store(MemberRow(v=1, member=AYSE, balance=42))
        work.commit()
    sim.clock.time_ms += 400 * DAY_MS

    assert Pruning(sim.store, sim.clock).slice() == 3

    with sim.store.read() as read:
        assert quiet_rows(read) == []
        assert read.journal.index.referring_to(event_id(1)) == ()
        assert ids(read.journal.index.of_member(AYSE)) == [event_id(4)]
        assert verify(read.connection).finding is None


def test_F32_an_upgrade_finds_the_visits_that_changed_no_points(till: Till) -> None:
    ann = enroll(till)
    for total in (50, 2100, 30):
        sell(till, ann, total)
    with till.context.store.write() as work:
        before = quiet_rows(work)
        work.connection.execute("DROP TABLE quiet_event")
        work.connection.execute("DROP TABLE event_reference")
        for statement in migrations._M004.split(";\n"):  # pyright: ignore[reportPrivateUsage] - what an upgrade and a file do is tested by its parts
            if statement.strip() and "ALTER TABLE" not in statement:
                work.connection.execute(statement)

        assert quiet_rows(work) == before
        assert len(before) == 2


def writer(work: UnitOfWork, have: int = 0) -> RowWriter:
    return RowWriter(work, epoch=1, have=have, clock=SteppingClock(), ids=SeededIds())


def test_a_member_s_row_brings_the_sheet_and_keeps_a_birthday_on_its_way(work: UnitOfWork) -> None:
    rows = writer(work)
    rows.store(MemberRow(v=1, member=AYSE, sheet=SHEET))
    known = work.members.record(AYSE)
    change = ProfileChange(change=event_id(50), member=AYSE, at_ms=1, birthday="12-24")
    work.members.queue_profile(change.change, AYSE, msgspec.json.encode(change))
    writer(work).store(MemberRow(v=2, member=AYSE, sheet=SHEET))
    typed = work.members.record(AYSE)
    writer(work).store(MemberRow(v=3, member=OMAR))
    bare = work.members.record(OMAR)

    assert known is not None
    assert typed is not None
    assert bare is not None
    assert known.sheet == SHEET
    assert typed.sheet == msgspec.structs.replace(SHEET, birthday="12-24")
    assert bare.sheet == MemberSheet()


def test_a_tier_granted_here_stays_until_the_server_has_heard_of_it(work: UnitOfWork) -> None:
    work.journal.append(enrollment())
    work.journal.append(grant(4))

    writer(work, have=1).store(MemberRow(v=1, member=AYSE, tier=TierId("bronze")))
    unsent = work.members.record(AYSE)
    writer(work, have=2).store(MemberRow(v=2, member=AYSE, tier=TierId("silver")))
    heard = work.members.record(AYSE)

    assert unsent is not None
    assert heard is not None
    assert (unsent.tier, unsent.sheet.tier_until_ms) == ("gold", 9)
    assert (heard.tier, heard.sheet.tier_until_ms) == ("silver", 0)


def test_the_file_of_all_members_brings_their_sheets(work: UnitOfWork) -> None:
    known, new, plain = (MemberId(f"{number:032x}") for number in (1, 2, 3))
    work.members.put(known, name="Known", phone="", tier="")
    rows = [
        MemberRow(v=5, member=known, name="Known", sheet=SHEET),
        MemberRow(v=6, member=new, name="New", sheet=SHEET),
        MemberRow(v=7, member=plain, name="Plain"),
    ]

    for part in _members_in(members_of_block(member_block(0, rows))):
        part.store(work, writer(work))

    sheets = [
        record.sheet
        for record in (work.members.record(member) for member in (known, new, plain))
        if record is not None
    ]
    assert sheets == [SHEET, SHEET, MemberSheet()]
