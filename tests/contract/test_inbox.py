"""The owner's list: what tills cannot decide alone, told to every till, settled once."""

from contextlib import closing

import msgspec
import pytest

from pos_loyalty.domain.event import Event, EventRescued, SaleRecorded
from pos_loyalty.domain.ids import CardKey, EventId, MemberId
from pos_loyalty.server.database import tables
from pos_loyalty.server.owner_commands import settle_item
from pos_loyalty.server.setup import open_database
from pos_loyalty.wire.messages import (
    AttentionRow,
    CardRow,
    ProfileChange,
    Settlement,
    SyncReply,
)
from pos_loyalty.wire.version import PROTOCOL_2
from tests.contract.running_server import CLOCK, IDS, RunningServer, make_books, running_server
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    sale,
)
from tests.contract.test_cards_and_members import card_changed


def new_till(server: RunningServer) -> SimpleTill:
    till = server.joined_till()
    till.proto = PROTOCOL_2
    return till


def chosen(item: AttentionRow, choice: str) -> Settlement:
    return Settlement(settlement=EventId(new_id()), item=item.item, choice=choice, at_ms=MONDAY_MS)


def change(member: MemberId, *, base_v: int = 0, **fields: str | bool) -> ProfileChange:
    bare = ProfileChange(change=EventId(new_id()), member=member, at_ms=MONDAY_MS, base_v=base_v)
    return msgspec.structs.replace(bare, **fields)


def one_card_two_members(server: RunningServer) -> tuple[SimpleTill, SimpleTill, CardKey, MemberId]:
    """Two tills that did not hear of each other gave one card to two people."""
    first, second, card, late = new_till(server), new_till(server), CardKey(new_id()), new_member()
    first.exchange(cards_issued(card), enrollment(new_member(), card_key=card))
    second.exchange(enrollment(late, card_key=card))
    return first, second, card, late


def own_items(till: SimpleTill, kind: str) -> list[AttentionRow]:
    return [item for item in till.items(kind) if till.stream in item.item]


def test_a_card_given_twice_is_told_to_every_till_with_its_choices(server: RunningServer) -> None:
    first, second, card, late = one_card_two_members(server)
    first.exchange()

    (here,), (there,) = (
        own_items(second, "card_taken"),
        [item for item in first.items("card_taken") if second.stream in item.item],
    )

    assert here == there
    assert (here.member, here.choices) == (late, ("leave", "give"))
    assert here.till_name
    assert here.shop_name == "Main street"
    assert card in here.detail


def test_a_card_is_given_to_the_other_member_by_one_choice(own_server: RunningServer) -> None:
    first, second, card, late = one_card_two_members(own_server)
    (item,) = own_items(second, "card_taken")
    settlement = chosen(item, "give")

    reply = second.exchange(settlements=(settlement,))
    first.exchange(sale(card_key=card))

    row = first.rows["card", card]
    assert isinstance(row, CardRow)
    assert row.member == late
    assert reply.settlements_have == (settlement.settlement,)
    assert own_items(second, "card_taken")[0].settled == "give"
    assert first.member(late).balance == 50 + 21
    assert own_server.verified().faults == []


def test_the_first_choice_wins_and_a_later_one_is_acknowledged_without_effect(
    server: RunningServer,
) -> None:
    first, second, card, late = one_card_two_members(server)
    first.exchange()
    (item,) = own_items(second, "card_taken")

    first.exchange(settlements=(chosen(item, "leave"),))
    too_late = chosen(item, "give")
    reply = second.exchange(settlements=(too_late,))

    (settled,) = own_items(second, "card_taken")
    row = second.rows["card", card]
    assert isinstance(row, CardRow)
    assert row.member != late
    assert (settled.settled, settled.settled_by) == (
        "leave",
        first.joined and first.joined.till_name,
    )
    assert reply.settlements_have == (too_late.settlement,)


def test_F17_a_choice_sent_twice_counts_once(server: RunningServer) -> None:
    _, second, _, _ = one_card_two_members(server)
    (item,) = own_items(second, "card_taken")
    settlement = chosen(item, "give")

    second.exchange(settlements=(settlement,))
    again = second.exchange(settlements=(settlement,))

    rows = server.fetch(
        "SELECT settlement, settled_by FROM attention WHERE kind = 'card_taken' AND stream = ?",
        second.stream,
    )
    assert second.joined is not None
    assert rows == [(settlement.settlement, second.joined.till)]
    assert again.settlements_have == (settlement.settlement,)
    decided = server.fetch("SELECT count(*) FROM decision WHERE who = ?", second.joined.till)
    assert decided == [(1,)]


@pytest.mark.parametrize("choice", ["erase", "", "seen"])
def test_a_choice_that_the_item_does_not_have_changes_nothing(
    server: RunningServer, choice: str
) -> None:
    _, second, _, _ = one_card_two_members(server)
    (item,) = own_items(second, "card_taken")
    settlement = chosen(item, choice)

    reply = second.exchange(settlements=(settlement,))
    second.exchange(settlements=(chosen(item, "leave"),))

    assert reply.settlements_have == (settlement.settlement,)
    assert own_items(second, "card_taken")[0].settled == "leave"


def test_a_choice_for_an_item_that_is_not_there_is_forgotten(server: RunningServer) -> None:
    till = new_till(server)
    lost = Settlement(
        settlement=EventId(new_id()), item="card_taken.nowhere.1", choice="give", at_ms=1
    )

    reply = till.exchange(settlements=(lost, msgspec.structs.replace(lost, item="\x00")))

    assert reply.settlements_have == (lost.settlement, lost.settlement)


def test_the_command_settles_too_and_tells_what_was_chosen_before(
    own_server: RunningServer,
) -> None:
    _, second, _, _ = one_card_two_members(own_server)
    (item,) = own_items(second, "card_taken")

    with closing(own_server.open()) as database:
        first = settle_item(database, item.item, "leave", clock=CLOCK, ids=IDS)
        again = settle_item(database, item.item, "give", clock=CLOCK, ids=IDS)
    second.exchange()

    assert (first, again) == ((True, "leave"), (False, "leave"))
    assert own_items(second, "card_taken")[0].settled == "leave"


def test_S31_F38_points_by_older_rules_are_told_with_the_difference(server: RunningServer) -> None:
    till, member = new_till(server), new_member()

    reply = till.exchange(enrollment(member), sale(member, earned=30))

    (item,) = own_items(till, "differs")
    assert reply.verdicts == ((2, "differs"),)
    assert till.member(member).balance == 80, "the till is honored"
    assert (item.points, item.member) == (9, member)


def test_S13_what_a_new_journal_brought_along_is_one_item(server: RunningServer) -> None:
    till, member = new_till(server), new_member()
    till.exchange(enrollment(member))

    rescued = rescue_into_new_journal(till, sale(member, total=1000), sale(member, total=500))
    (item,) = own_items(till, "carried_over")

    assert rescued.verdicts == ()
    assert (item.detail, item.points) == ("events=2 first=2 last=3", 15)
    assert item.choices == ("seen",)


def rescue_into_new_journal(till: SimpleTill, *events: Event) -> SyncReply:
    """Write events that are never sent, join again as after a restored disk, carry them over."""
    till.append(*events)
    old, first = till.stream, till.have + 1
    unsent = [
        (seq, till.journal[seq - 1], till.hashes[seq])
        for seq in range(first, len(till.journal) + 1)
    ]
    assert till.joined is not None
    till.begin_stream()
    till.join(till=till.joined.till, closes_stream=old)
    return till.exchange(
        *(
            EventRescued(
                v=1,
                id=EventId(new_id()),
                at_ms=MONDAY_MS,
                boot_ms=1,
                tz_minutes=0,
                program=PROGRAM.version,
                original_stream=old,
                original_seq=seq,
                original_hash=value.hex(),
                original=data.decode(),
            )
            for seq, data, value in unsent
        )
    )


def test_two_tills_that_changed_one_field_are_told_and_the_last_stands(
    server: RunningServer,
) -> None:
    first, second, member = new_till(server), new_till(server), new_member()
    first.exchange(enrollment(member), profiles=(change(member, name="Ana Ruiz"),))
    second.exchange()
    base_v = second.member(member).v

    first.exchange(profiles=(change(member, base_v=base_v, name="Anna Ruiz"),))
    second.exchange(profiles=(change(member, base_v=base_v, name="Ana Ruiz Diaz", phone="+4915"),))

    (item,) = own_items(second, "field_conflict")
    assert second.member(member).name == "Ana Ruiz Diaz"
    assert item.member == member
    assert "Ana" not in item.detail, "no personal data in an item"
    assert "field=name" in item.detail

    second.exchange(settlements=(chosen(item, "other"),))
    assert second.member(member).name == "Anna Ruiz"
    kept = server.fetch("SELECT value FROM profile_history WHERE member = ?", member)
    assert sorted(kept) == [("+4915",), ("Anna Ruiz",)]


def test_one_till_that_corrects_itself_offline_is_no_conflict(server: RunningServer) -> None:
    till, member = new_till(server), new_member()
    till.exchange(enrollment(member), profiles=(change(member, name="Ana"),))

    till.exchange(profiles=(change(member, name="Anna"), change(member, name="Anna Ruiz")))

    assert own_items(till, "field_conflict") == []
    assert till.member(member).name == "Anna Ruiz"
    kept = server.fetch("SELECT value FROM profile_history WHERE member = ?", member)
    assert kept == [("Anna Ruiz",)], "what was replaced on purpose is not kept"


def test_an_edit_that_knew_of_the_one_before_is_no_conflict(server: RunningServer) -> None:
    first, second, member = new_till(server), new_till(server), new_member()
    first.exchange(enrollment(member), profiles=(change(member, name="Ana"),))
    second.exchange()

    known = change(member, base_v=second.member(member).v, name="Anna")
    second.exchange(profiles=(known,))

    assert own_items(second, "field_conflict") == []
    assert second.member(member).name == "Anna"


def test_keeping_the_last_value_drops_the_other_for_good(server: RunningServer) -> None:
    first, second, member = new_till(server), new_till(server), new_member()
    first.exchange(enrollment(member), profiles=(change(member, name="Ana"),))
    second.exchange(profiles=(change(member, name="Eva"),))
    (item,) = own_items(second, "field_conflict")

    second.exchange(settlements=(chosen(item, "keep"),))

    assert second.member(member).name == "Eva"
    kept = server.fetch("SELECT value FROM profile_history WHERE member = ?", member)
    assert kept == [("Eva",)]


def test_a_refusal_of_offers_wins_over_a_yes_that_did_not_know_of_it(
    server: RunningServer,
) -> None:
    first, second, member = new_till(server), new_till(server), new_member()
    first.exchange(enrollment(member), profiles=(change(member, offers_consent=True),))
    second.exchange()
    before = second.member(member).v
    first.exchange(profiles=(change(member, base_v=before, offers_consent=False),))

    second.exchange(profiles=(change(member, base_v=before, offers_consent=True),))
    assert server.fetch("SELECT consent FROM member WHERE member = ?", member) == [(0,)]

    second.exchange(profiles=(change(member, base_v=second.member(member).v, offers_consent=True),))
    assert server.fetch("SELECT consent FROM member WHERE member = ?", member) == [(1,)]


def test_F39_a_card_used_after_it_was_blocked_is_listed_with_what_it_cost(
    server: RunningServer,
) -> None:
    first, second, card, member = (
        new_till(server),
        new_till(server),
        CardKey(new_id()),
        new_member(),
    )
    first.exchange(cards_issued(card), enrollment(member, card_key=card))
    second.exchange(want_rights=((member, 40),))
    first.exchange(card_changed(card, "blocked"))

    reply = second.exchange(by_card(sale(member, redeem=40)), by_card(sale(member)))

    items = sorted(own_items(second, "card_window"), key=lambda item: item.item)
    assert reply.verdicts == (), "what happened counts"
    assert [(item.points, item.member) for item in items] == [(40, member), (0, member)]


def test_F39_another_good_card_makes_the_sale_an_ordinary_one(server: RunningServer) -> None:
    till, member = new_till(server), new_member()
    lost, spare, new = (CardKey(new_id()) for _ in range(3))
    till.exchange(
        cards_issued(lost, spare, new),
        enrollment(member, card_key=lost),
        card_changed(spare, "active", member=member),
    )

    till.exchange(card_changed(lost, "blocked"))
    till.exchange(by_card(sale(member)))
    assert own_items(till, "card_window") == []

    till.exchange(card_changed(spare, "suspended"))
    till.exchange(by_card(sale(member)))
    assert len(own_items(till, "card_window")) == 1

    till.exchange(card_changed(new, "active", member=member, replaces=spare))
    till.exchange(by_card(sale(member)), sale(member))
    assert len(own_items(till, "card_window")) == 1


def by_card(sold: SaleRecorded) -> SaleRecorded:
    return msgspec.structs.replace(sold, found_by="card")


def test_S50_points_reserved_for_an_abandoned_journal_are_freed_by_one_choice(
    own_server: RunningServer,
) -> None:
    till, other, member = new_till(own_server), new_till(own_server), new_member()
    till.exchange(enrollment(member))
    till.exchange(want_rights=((member, 50),))
    rescue_into_new_journal(till)
    other.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in other.rows, "a copy of the old disk could spend them"

    (item,) = other.items("rights_left")
    assert (item.points, item.choices) == (50, ("keep",))
    reply = other.exchange(settlements=(made := chosen(item, "release"),))
    assert reply.settlements_have == (made.settlement,), "it is the owner's, and is forgotten"
    other.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in other.rows

    with closing(own_server.open()) as database:
        settle_item(database, item.item, "release", clock=CLOCK, ids=IDS)
    other.exchange(want_rights=((member, 50),))

    assert other.rights(member).granted == 50
    assert own_server.verified().faults == []


def test_S50_an_abandoned_journal_without_points_is_no_item(server: RunningServer) -> None:
    till = new_till(server)
    till.exchange(enrollment(new_member()))
    rescue_into_new_journal(till)

    till.exchange()

    assert own_items(till, "rights_left") == []


def test_F38_the_program_changed_while_a_till_was_offline_and_the_difference_is_told(
    database_url: str,
) -> None:
    make_books(database_url)
    changed_ms = MONDAY_MS + 3_600_000
    publish_double_points(database_url, from_ms=changed_ms)
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()

        reply = till.exchange(
            enrollment(member),
            sale(member, at_ms=changed_ms - 1),
            sale(member, at_ms=changed_ms),
        )

        assert reply.verdicts == ((3, "differs"),), "before the change the old rules were right"
        assert till.member(member).balance == 50 + 21 + 21, "what the till said counts"
        (item,) = till.items("differs")
        assert (item.points, item.member) == (21, member)
        assert server.verified().faults == []


def publish_double_points(database_url: str, *, from_ms: int) -> None:
    """Publish a version of the program that earns twice as much."""
    earning = msgspec.structs.replace(
        PROGRAM.earn, points_per_step=2 * PROGRAM.earn.points_per_step
    )
    program = msgspec.structs.replace(
        PROGRAM, version="double", earn=earning, effective_from_ms=from_ms
    )
    with closing(open_database(database_url)) as database, database.write() as session:
        merchant = session.fetch("SELECT merchant FROM merchant")[0][0]
        row = (merchant, program.version, msgspec.json.encode(program), 1)
        session.put(tables.PROGRAM, [row])
        session.put(tables.CHANGE, [(merchant, "program", program.version, "", 1)])
