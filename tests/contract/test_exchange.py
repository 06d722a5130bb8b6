"""Exchanges in and out of order: nothing is lost, nothing counts twice."""

import itertools
import threading
import time
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.event import encode_event
from pos_loyalty.domain.ids import EventId
from pos_loyalty.server.profiles import NAME_LENGTH_MAX
from pos_loyalty.wire.messages import (
    MemberRow,
    MerchantRow,
    ProfileChange,
    ProgramRow,
    Status,
    SyncReply,
    SyncRequest,
)
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    enrollment,
    new_id,
    new_member,
    sale,
)


def test_sales_of_two_tills_give_one_balance_on_both(server: RunningServer) -> None:
    first, second = server.joined_till(), server.joined_till()
    member = new_member()

    first.exchange(enrollment(member), sale(member, total=2100))
    second.exchange(sale(member, total=900))
    first.exchange()

    assert first.member(member).balance == second.member(member).balance == 50 + 21 + 9
    assert first.member(member).earned_window == 30
    assert first.member(member).tier == "bronze"


def test_a_new_till_hears_of_merchant_program_and_its_own_names(server: RunningServer) -> None:
    till = server.joined_till("Harbor")

    till.exchange()

    merchant = till.rows["merchant", till.merchant]
    assert isinstance(merchant, MerchantRow)
    assert (merchant.name, merchant.currency) == ("Café Linde", "EUR")
    assert merchant.shop_name == "Harbor"
    assert merchant.till_name.startswith("Till ")
    assert till.rows["program", PROGRAM.version] == ProgramRow(v=1, program=PROGRAM)


def test_F17_a_duplicated_request_has_the_same_answer_and_no_second_effect(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    till.append(enrollment(member), sale(member))
    request = till.request()

    first = till.send(request)
    again = [till.send(request) for _ in range(3)]

    assert {reply.have for reply in again} == {first.have} == {2}
    till.take(first)
    till.exchange()
    assert till.member(member).balance == 71


def test_F18_a_request_after_a_gap_names_what_is_missing(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(enrollment(member), sale(member), sale(member))

    reply = till.send(till.request(from_seq=3))

    assert (reply.status, reply.have, reply.rows) == (Status.GAP, 0, ())
    assert till.send(till.request(from_seq=1)).have == 3


@pytest.mark.parametrize("order", list(itertools.permutations((1, 3, 5))))
def test_F18_batches_in_any_order_are_taken_in_the_journal_s_order(
    server: RunningServer, order: tuple[int, ...]
) -> None:
    till, member = server.joined_till(), new_member()
    till.append(enrollment(member), *(sale(member, total=100 * n) for n in range(1, 6)))
    held, answers = 0, 0

    while held < len(till.journal):
        for first in order:
            reply = till.send(till.request(from_seq=first, count=2))
            is_wanted = first <= held + 1
            held = max(held, first + 1) if is_wanted else held
            assert (reply.status, reply.have) == (Status.OK if is_wanted else Status.GAP, held)
            answers += 1

    assert answers <= 3 * len(order)
    till.exchange(from_seq=7)
    assert till.member(member).balance == 50 + 15
    assert [entry.points for entry in till.history(member).entries] == [50, 1, 2, 3, 4, 5]


def test_S03_no_row_is_skipped_at_any_page_size(server: RunningServer) -> None:
    till = server.joined_till()
    members = [new_member() for _ in range(13)]
    till.exchange(*(enrollment(member) for member in members))

    for size in range(1, 16):
        reader = server.joined_till()
        seen: list[str] = []
        more = True
        while more:
            reply = reader.take(reader.send(reader.request(want_rows=size)))
            assert len(reply.rows) <= size
            seen += [row.member for row in reply.rows if isinstance(row, MemberRow)]
            more = reply.more
        assert set(members) <= set(seen)
        assert len(seen) == len(set(seen))


def test_S04_an_acknowledgement_comes_with_its_rows_or_says_that_more_wait(
    server: RunningServer,
) -> None:
    till = server.joined_till()
    members = [new_member() for _ in range(9)]
    till.append(*(enrollment(member) for member in members))

    reply = till.take(till.send(till.request(want_rows=4)))

    assert (reply.have, reply.more) == (9, True)
    while reply.more:
        reply = till.take(till.send(till.request(want_rows=4)))
    assert all(till.member(member).balance == 50 for member in members)


def test_S06_stale_duplicates_in_any_order_make_no_false_fork(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    requests: list[SyncRequest] = []
    for _ in range(4):
        till.append(sale(member))
        requests.append(till.request())
        till.take(till.send(requests[-1]))

    replies = [till.send(request) for request in reversed(requests)]

    assert all(reply.status is Status.OK and reply.have == 4 for reply in replies)
    assert till.exchange(sale(member)).status is Status.OK
    assert till.member(member).balance == 5 * 21


def test_S23_overlapping_batches_count_each_event_once(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(*(sale(member, total=100) for _ in range(20)))

    for first, count in ((1, 5), (3, 10), (1, 12), (12, 9), (1, 20)):
        till.send(till.request(from_seq=first, count=count))
    till.exchange()

    assert till.have == 20
    assert till.member(member).balance == 20


def test_S24_two_sales_with_the_same_content_are_two_sales(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()

    till.exchange(sale(member), sale(member))

    assert till.member(member).balance == 42


def test_one_event_id_with_other_content_is_set_aside(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    event_id = new_id()

    reply = till.exchange(
        sale(member, event_id=event_id),
        sale(member, event_id=event_id, total=9900),
        sale(member, total=100),
    )

    assert reply.verdicts == ((2, "quarantined"),)
    assert till.member(member).balance == 22


def test_the_very_same_event_twice_in_a_journal_is_a_duplicate(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    event = sale(member)

    reply = till.exchange(event, event)

    assert reply.verdicts == ((2, "duplicate"),)
    assert till.member(member).balance == 21


def test_S31_points_computed_otherwise_are_honored_and_flagged(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    stranger = msgspec.structs.replace(sale(member), program="summer-9")

    reply = till.exchange(sale(member, earned=40), stranger)

    assert reply.verdicts == ((1, "differs"), (2, "differs"))
    assert till.member(member).balance == 61


def test_S32_a_clock_years_off_orders_nothing_and_loses_nothing(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    years = 365 * 24 * 3_600_000

    # No whole weeks: none of these days is one with a multiplier.
    shifts = (0, -30, 100, 0)

    reply = till.exchange(
        *(
            sale(member, total=1_000 + 100 * number, at_ms=MONDAY_MS + shift * years)
            for number, shift in enumerate(shifts)
        )
    )

    assert (till.have, reply.verdicts) == (4, ())
    assert [entry.points for entry in till.history(member).entries] == [10, 11, 12, 13]
    assert till.member(member).balance == 46


def test_a_tier_rises_when_enough_was_earned(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()

    till.exchange(sale(member, total=49_900))
    before = till.member(member).tier
    till.exchange(sale(member, total=100))

    assert (before, till.member(member).tier) == ("bronze", "silver")


def test_a_sale_without_a_card_is_recorded_and_changes_nobody(server: RunningServer) -> None:
    till = server.joined_till()

    reply = till.exchange(sale())

    assert (reply.have, reply.verdicts) == (1, ())


def test_profile_changes_are_taken_once_and_acknowledged(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    change = ProfileChange(
        change=EventId(new_id()), member=member, at_ms=MONDAY_MS, name="Ana", phone="+491701234567"
    )
    newer = ProfileChange(change=EventId(new_id()), member=member, at_ms=1, name="Ana Lopez")

    reply = till.exchange(enrollment(member), profiles=(change,))
    till.exchange(profiles=(newer,))
    again = till.exchange(profiles=(change,))

    assert reply.profiles_have == again.profiles_have == (change.change,)
    assert (till.member(member).name, till.member(member).phone) == ("Ana Lopez", "+491701234567")


def test_hostile_names_are_kept_as_text_any_database_can_hold(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    change = ProfileChange(
        change=EventId(new_id()), member=member, at_ms=1, name="<b>A\x00na</b>" + "x" * 999
    )

    till.exchange(profiles=(change,))

    assert till.member(member).name.startswith("<b>Ana</b>x")
    assert len(till.member(member).name) == NAME_LENGTH_MAX


def test_history_names_every_entry_with_the_balance_after_it(server: RunningServer) -> None:
    first, second = server.joined_till(), server.joined_till()
    member = new_member()
    first.exchange(enrollment(member), sale(member))
    second.exchange(sale(member, total=900))

    found = second.history(member).entries

    assert [(entry.kind, entry.points, entry.balance) for entry in found] == [
        ("welcome", 50, 50),
        ("accrual", 21, 71),
        ("accrual", 9, 80),
    ]
    assert [entry.balance for entry in first.history(member, limit=1).entries] == [80]
    assert first.history(new_member()).entries == ()


def test_a_waiting_till_hears_of_news_at_once(own_server: RunningServer) -> None:
    waiting, selling = own_server.joined_till(), own_server.joined_till()
    member = new_member()
    waiting.exchange()
    heard: list[float] = []
    started = time.monotonic()

    def wait() -> None:
        waiting.exchange(wait_ms=10_000)
        heard.append(time.monotonic() - started)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    selling.exchange(enrollment(member))
    thread.join()

    assert waiting.member(member).balance == 50
    assert heard[0] < 3


def test_a_waiting_till_is_answered_when_time_is_up(server: RunningServer) -> None:
    till = server.joined_till()
    till.exchange()

    reply = till.send(till.request(wait_ms=200))

    assert (reply.status, reply.rows, reply.more) == (Status.OK, (), False)


def test_a_waiting_till_is_let_go_at_shutdown(own_server: RunningServer) -> None:
    till = own_server.joined_till()
    till.exchange()
    replies: list[SyncReply] = []
    thread = threading.Thread(
        target=lambda: replies.append(till.send(till.request(wait_ms=25_000)))
    )

    thread.start()
    thread.join(0.3)
    own_server.stop()
    thread.join(5)

    assert [reply.status for reply in replies] == [Status.OK]


@pytest.mark.parametrize("cursor", ["", "x", "1.2.3", "9.1.member.a", "1.0..\u00e4", "1." * 400])
def test_a_cursor_that_is_none_begins_again(server: RunningServer, cursor: str) -> None:
    till = server.joined_till()

    reply = till.send(till.request(cursor=cursor))

    assert any(isinstance(row, MerchantRow) for row in reply.rows)


def test_bytes_of_events_are_stored_unchanged(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    spaced = encode_event(sale(member)).replace(b",", b" , ").replace(b"{", b'{"zz_new":[1],', 1)
    till.append_bytes(spaced)

    reply = till.exchange()

    rows = server.fetch("SELECT data FROM event WHERE stream = ?", till.stream)
    assert [bytes(row[0]) for row in rows] == [spaced]
    assert reply.verdicts == ()


def test_one_till_can_hold_a_journal_of_two_thousand_events(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(*(sale(member, total=100) for _ in range(2000)))

    while till.have < 2000:
        till.take(till.send(till.request(count=500)))

    till.exchange()
    assert till.member(member).balance == 2000


def test_F54_two_servers_never_share_one_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/books.db"
    make_books(url)

    with (
        running_server(url),
        pytest.raises(StoreUnavailable) as refused,
        running_server(url),
    ):
        pass

    assert refused.value.code == "E-SERVER-RUNNING"
