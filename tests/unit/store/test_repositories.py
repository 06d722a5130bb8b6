"""What each repository keeps and finds."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import EventRescued, PointsAdjusted, RightsReturned, encode_event
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, ProgramVersion, StreamId
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.store.verification import verify
from tests.builders import AYSE, OMAR, STANDARD, event_id, reversal, sale
from tests.sample_till import SampleTill

_CARD = CardKey("c" * 32)
_AYSE_YILMAZ = "Ayşe Y\u0131lmaz"
"""With the dotless i of Turkish."""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[UnitOfWork]:
    """Return a unit of work on a new till; what it writes is thrown away."""
    with SampleTill(tmp_path / "data").open() as till, till.context.store.write() as work:
        yield work


def _adjustment(number: int, points: int, member: MemberId = AYSE) -> PointsAdjusted:
    return PointsAdjusted(
        v=1,
        id=event_id(number),
        at_ms=5,
        boot_ms=5,
        tz_minutes=0,
        program=STANDARD.version,
        member=member,
        points=points,
        reason="test",
        approved_by="owner",
    )


def _card(**changed: object) -> Card:
    fields: dict[str, object] = {
        "card_key": _CARD,
        "number": "123456789012",
        "member_id": None,
        "status": CardStatus.BLANK,
        "batch": "b1",
        **changed,
    }
    return Card(**fields)  # pyright: ignore[reportArgumentType] - fields of several kinds


def _member(work: UnitOfWork, member: MemberId, name: str, phone: str = "") -> None:
    work.members.put(member, name=name, phone=phone, tier="bronze")


def test_sale_and_its_reversal_leave_no_points(work: UnitOfWork) -> None:
    _member(work, AYSE, "Ayşe")
    first = sale(1, earned=21)
    work.journal.append(first)
    work.journal.append(reversal(first))

    record = work.members.record(AYSE)

    assert record is not None
    assert record.balance_points == record.earned_points == 0
    assert work.journal.is_reversed(first.id) is not None
    assert work.journal.is_reversed(event_id(99)) is None
    assert verify(work.connection).finding is None


def test_journal_counts_what_stands(work: UnitOfWork) -> None:
    first, second, third = sale(1, at_ms=10), sale(2, at_ms=20), sale(3, at_ms=30)
    for event in (first, second, third):
        work.journal.append(event)
    work.journal.append(reversal(third))

    assert work.journal.count_since("sale", 0) == 2
    assert work.journal.count_since("sale", 15) == 1
    assert work.journal.count_since("sale", 0, newest_events=2) == 0
    assert work.journal.rewards_since(0) == 0
    assert [event.id for event in work.journal.newest("sale", 2)] == [third.id, second.id]


def test_entries_come_oldest_first_and_newest_survive_the_limit(work: UnitOfWork) -> None:
    for number in range(1, 5):
        work.journal.append(sale(number, earned=number))

    entries = work.journal.entries(AYSE, 3)

    assert [entry.points for entry in entries] == [2, 3, 4]
    assert work.journal.earned_since(AYSE, 0) == 10
    assert work.journal.earned_since(OMAR, 0) == 0


def test_rights_follow_the_events_and_begin_anew_with_a_stream(work: UnitOfWork) -> None:
    work.journal.append(sale(1, earned=21))
    work.journal.append(
        RightsReturned(
            v=1,
            id=event_id(2),
            at_ms=5,
            boot_ms=5,
            tz_minutes=0,
            program=STANDARD.version,
            member=AYSE,
            points=4,
        )
    )

    before = work.journal.rights(AYSE)
    state = work.journal.open_stream(StreamId("9" * 32), "nonce")

    assert before == Rights(earned=21, returned=4)
    assert work.journal.rights(AYSE) == work.journal.rights(OMAR) == Rights()
    assert (state.stream_no, state.last_seq, state.pending) == (2, 0, 0)
    assert work.journal.stream() == state


def test_rescued_event_moves_no_rights_and_no_points_by_itself(work: UnitOfWork) -> None:
    rescued = encode_event(sale(1, earned=21)).decode()
    work.journal.append(
        EventRescued(
            v=1,
            id=event_id(2),
            at_ms=5,
            boot_ms=5,
            tz_minutes=0,
            program=STANDARD.version,
            original_stream=StreamId("9" * 32),
            original_seq=1,
            original_hash="",
            original=rescued,
        )
    )

    assert work.journal.rights(AYSE) == Rights()
    assert work.journal.entries(AYSE, 9) == ()

    # What joining again writes beside it: the original's entry, under the rescue's seq.
    at_ms = sale(1).at_ms
    work.connection.execute(
        "INSERT INTO ledger_entry VALUES (?, 1, 1, 0, 'accrual', 21, ?)", (AYSE, at_ms)
    )
    work.connection.execute(
        "INSERT INTO points(member, overlay_points, overlay_earned) VALUES (?, 21, 21)", (AYSE,)
    )
    assert verify(work.connection).finding is None


def test_rescue_of_an_event_that_only_a_newer_program_knows_is_no_finding(
    work: UnitOfWork,
) -> None:
    work.journal.append(
        EventRescued(
            v=1,
            id=event_id(2),
            at_ms=5,
            boot_ms=5,
            tz_minutes=0,
            program=STANDARD.version,
            original_stream=StreamId("9" * 32),
            original_seq=1,
            original_hash="",
            original='{"kind":"from-tomorrow"}',
        )
    )

    assert verify(work.connection).finding is None


def test_event_that_is_too_long_is_not_written(work: UnitOfWork) -> None:
    long = PointsAdjusted(
        v=1,
        id=event_id(1),
        at_ms=5,
        boot_ms=5,
        tz_minutes=0,
        program=STANDARD.version,
        member=AYSE,
        points=1,
        reason="x" * 70_000,
        approved_by="owner",
    )

    with pytest.raises(CommandRefused) as caught:
        work.journal.append(long)

    assert caught.value.code is Code.BODY_LARGE
    assert work.journal.stream().last_seq == 0


def test_event_is_found_by_its_id(work: UnitOfWork) -> None:
    stored = work.journal.append(sale(1))

    assert work.journal.get(EventId(stored.id)) == stored
    assert work.journal.get(event_id(9)) is None


def test_sale_on_an_unknown_card_has_no_entry_until_the_server_decides(work: UnitOfWork) -> None:
    work.journal.append(msgspec.structs.replace(sale(1, member=None), card_key=_CARD))

    assert work.connection.execute("SELECT COUNT(*) FROM ledger_entry").fetchone() == (0,)
    assert verify(work.connection).finding is None


@given(points=st.lists(st.integers(-10_000, 10_000).filter(bool), max_size=12))
def test_cached_balance_is_the_sum_of_the_entries(
    points: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("till")
    with SampleTill(folder).open() as till, till.context.store.write() as work:
        _member(work, AYSE, "Ayşe")
        for number, some in enumerate(points, start=1):
            work.journal.append(_adjustment(number, some))
        record = work.members.record(AYSE)

        assert record is not None
        assert record.balance_points == sum(points)
        assert sum(entry.points for entry in work.journal.entries(AYSE, 99)) == sum(points)
        assert verify(work.connection).finding is None


def test_verify_names_rights_that_were_used_beyond_what_there_was(work: UnitOfWork) -> None:
    work.journal.append(sale(1, earned=0, rights_used=5))

    finding = verify(work.connection).finding

    assert finding is not None
    assert "more rights used" in finding.what


def test_verify_counts_a_closed_stream_only_as_far_as_the_server_had_it(work: UnitOfWork) -> None:
    work.journal.append(sale(1, earned=5))
    work.journal.append(sale(2, earned=7))
    work.connection.execute("UPDATE stream SET acked_seq = 1")
    work.journal.open_stream(StreamId("9" * 32), "nonce")
    work.connection.execute("UPDATE points SET overlay_points = 0, overlay_earned = 0")

    before = verify(work.connection).finding
    work.connection.execute("DELETE FROM ledger_entry WHERE seq = 2")

    assert before is not None
    assert before.seq == 2
    assert verify(work.connection).finding is None
    assert verify(work.connection).streams == 2


def test_member_is_found_by_any_word_of_name_or_phone(work: UnitOfWork) -> None:
    _member(work, AYSE, _AYSE_YILMAZ, "+4915112345678")
    _member(work, OMAR, "Omar Yilmaz-Özgür")

    def found(text: str, limit: int = 9) -> list[str]:
        return [match.member for match in work.members.find(text, limit)]

    assert found("yilmaz") == [AYSE, OMAR]
    assert found("yilmaz", 1) == [AYSE]
    assert found("yil ayse") == [AYSE]
    assert found("ozg") == [OMAR]
    assert found("0151 123") == found("5678") == [AYSE]
    assert found("nobody") == found("") == found("+") == []


def test_two_common_words_find_the_member_who_has_both(work: UnitOfWork) -> None:
    for number in range(250):
        _member(work, MemberId(f"{number:032x}"), "Bob Lee" if number % 2 else "Ann Doe")
    _member(work, AYSE, "Ann Lee")

    def found(text: str) -> list[str]:
        return [match.member for match in work.members.find(text, 20)]

    assert found("ann lee") == found("lee an") == found("Lee, Ann") == [AYSE]
    assert len(found("ann")) == len(found("lee")) == 20


def test_renamed_member_is_found_by_the_new_name_alone(work: UnitOfWork) -> None:
    _member(work, AYSE, _AYSE_YILMAZ, "+4915112345678")
    work.members.put(AYSE, name="Ayşe Demir", phone="+4915112345678", tier="gold", epoch=2, v=7)
    work.members.put(AYSE, name="Ayşe Demir", phone="+4915112345678", tier="gold", epoch=2, v=8)

    assert work.members.find("yilmaz", 9) == ()
    assert [match.tier for match in work.members.find("demir", 9)] == ["gold"]
    assert [match.member for match in work.members.find("ayse", 9)] == [AYSE]
    assert work.members.version(AYSE) == (2, 8)
    assert work.members.version(OMAR) == (0, 0)


def test_phone_of_two_members_finds_the_older(work: UnitOfWork) -> None:
    _member(work, OMAR, "Omar", "+4915112345678")
    _member(work, AYSE, "Ayşe", "+4915112345678")

    assert work.members.by_phone("+4915112345678") == AYSE
    assert work.members.by_phone("") is None
    assert work.members.by_phone("+49") is None


def test_member_of_a_card_comes_with_balance_and_rights_in_one_query(work: UnitOfWork) -> None:
    _member(work, AYSE, "Ayşe")
    work.cards.put(_card())
    work.cards.assign(_CARD, AYSE)
    work.journal.append(sale(1, earned=21))

    record = work.members.record_by_card(_CARD)

    assert record is not None
    assert (record.member, record.card_number, record.card_status) == (
        AYSE,
        "123456789012",
        "active",
    )
    assert record.balance_points == record.rights.spendable == 21
    assert work.members.record_by_card("d" * 32) is None
    assert work.members.record(OMAR) is None


def test_card_keeps_what_a_later_row_leaves_out(work: UnitOfWork) -> None:
    work.cards.put(_card(), epoch=1, v=5)
    work.cards.put(_card(number=None, batch=None, status=CardStatus.BLOCKED), epoch=1, v=6)
    work.cards.put(_card(status=CardStatus.ACTIVE, member_id=AYSE), epoch=1, v=5)

    card = work.cards.get(_CARD)

    assert card == _card(status=CardStatus.BLOCKED)
    assert work.cards.by_number("123456789012") == card
    assert work.cards.by_number("000000000000") is None


def test_unknown_card_can_be_assigned_ahead_of_the_server(work: UnitOfWork) -> None:
    work.cards.assign(_CARD, AYSE)

    assert work.cards.get(_CARD) == _card(
        number=None, batch=None, member_id=AYSE, status=CardStatus.ACTIVE
    )


def test_program_version_never_changes(work: UnitOfWork) -> None:
    later = msgspec.structs.replace(
        STANDARD, version=ProgramVersion("standard-2-EUR"), effective_from_ms=99
    )
    work.programs.put(later)
    work.programs.put(msgspec.structs.replace(later, name="Another"))

    assert work.programs.get(later.version) == later
    assert work.programs.get(ProgramVersion("none")) is None
    assert [program.version for program in work.programs.all()] == [
        STANDARD.version,
        later.version,
    ]


def test_setting_is_text_or_number_or_its_default(work: UnitOfWork) -> None:
    work.settings.put(Setting.EPOCH, 7)

    assert work.settings.number(Setting.EPOCH) == 7
    assert work.settings.text(Setting.EPOCH) == "7"
    assert work.settings.number(Setting.RISK_TOTAL, 3) == 3
    assert work.settings.text(Setting.TOKEN, "none") == "none"
