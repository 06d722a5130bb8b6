"""Cards that the server knows, does not know yet, or never will."""

import msgspec

from pos_loyalty.domain.event import CardChanged
from pos_loyalty.domain.ids import CardKey, EventId, MemberId
from pos_loyalty.wire.messages import CardRow
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    reversal,
    sale,
)


def new_card() -> CardKey:
    return CardKey(new_id())


def card_changed(
    card_key: CardKey,
    status: str,
    *,
    member: MemberId | None = None,
    replaces: CardKey | None = None,
) -> CardChanged:
    return CardChanged(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        card_key=card_key,
        status=status,
        member=member,
        replaces=replaces,
    )


def card_row(till: SimpleTill, card_key: CardKey) -> CardRow:
    row = till.rows["card", card_key]
    assert isinstance(row, CardRow)
    return row


def test_a_sale_on_an_assigned_card_goes_to_its_member(server: RunningServer) -> None:
    first, second = server.joined_till(), server.joined_till()
    member, card = new_member(), new_card()
    first.exchange(cards_issued(card), enrollment(member, card_key=card))

    reply = second.exchange(sale(card_key=card))

    assert reply.verdicts == ()
    assert second.member(member).balance == 71
    assert card_row(second, card).member == member
    assert card_row(second, card).status == "active"


def test_points_on_a_blank_card_wait_for_its_member(server: RunningServer) -> None:
    till, member, card = server.joined_till(), new_member(), new_card()
    till.exchange(cards_issued(card))

    held = till.exchange(sale(card_key=card), sale(card_key=card, total=900))
    till.exchange(enrollment(member, card_key=card))

    assert held.verdicts == ((2, "held"), (3, "held"))
    assert till.member(member).balance == 50 + 30
    assert till.member(member).earned_window == 30
    kinds = [entry.kind for entry in till.history(member).entries]
    assert kinds == ["welcome", "card_points"]


def test_a_card_that_nobody_issued_earns_nobody_until_it_is_issued(
    server: RunningServer,
) -> None:
    till, member, card = server.joined_till(), new_member(), new_card()

    reply = till.exchange(sale(card_key=card))
    till.exchange(cards_issued(card), enrollment(member, card_key=card))

    assert reply.verdicts == ((1, "unknown_card"),)
    rows = server.fetch("SELECT kind FROM attention WHERE stream = ?", till.stream)
    assert [row[0] for row in rows] == ["unknown_card"]
    assert till.member(member).balance == 71, "the other till's cards came later"


def test_the_undo_of_a_sale_on_a_blank_card_takes_from_whoever_has_the_points(
    server: RunningServer,
) -> None:
    till, member, card = server.joined_till(), new_member(), new_card()
    first, second = sale(card_key=card), sale(card_key=card, total=900)
    till.exchange(cards_issued(card), first, second)

    before = till.exchange(reversal(first, 2, rights_used=0))
    till.exchange(enrollment(member, card_key=card))
    after = till.exchange(reversal(second, 3, rights_used=0))

    assert before.verdicts == after.verdicts == ()
    assert till.member(member).balance == 50


def test_a_card_of_somebody_else_is_not_given_away(server: RunningServer) -> None:
    till, card = server.joined_till(), new_card()
    first, second = new_member(), new_member()

    reply = till.exchange(
        cards_issued(card), enrollment(first, card_key=card), enrollment(second, card_key=card)
    )

    assert reply.verdicts == ()
    assert card_row(till, card).member == first
    assert till.member(second).balance == 50
    rows = server.fetch("SELECT kind FROM attention WHERE stream = ?", till.stream)
    assert [row[0] for row in rows] == ["card_taken"]


def test_one_member_is_welcomed_once(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()

    reply = till.exchange(enrollment(member), enrollment(member))

    assert reply.verdicts == ((2, "duplicate"),)
    assert till.member(member).balance == 50


def test_more_welcome_points_than_the_program_gives_are_shown(server: RunningServer) -> None:
    till = server.joined_till()

    reply = till.exchange(enrollment(new_member(), welcome=5_000))

    assert reply.verdicts == ((1, "differs"),)


def test_a_block_wins_whatever_comes_after_it(server: RunningServer) -> None:
    till, card = server.joined_till(), new_card()
    till.exchange(cards_issued(card))

    till.exchange(card_changed(card, "blocked"), card_changed(card, "active"), cards_issued(card))

    assert card_row(till, card).status == "blocked"


def test_a_replacement_has_the_member_and_ends_the_old_card(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    old, new = new_card(), new_card()
    till.exchange(cards_issued(old, new), enrollment(member, card_key=old))

    till.exchange(card_changed(new, "active", member=member, replaces=old))

    assert (card_row(till, new).member, card_row(till, new).status) == (member, "active")
    assert (card_row(till, old).member, card_row(till, old).status) == (member, "replaced")


def test_several_cards_of_a_household_lead_to_one_account(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    first, second = new_card(), new_card()
    till.exchange(cards_issued(first, second), enrollment(member, card_key=first))

    till.exchange(card_changed(second, "active", member=member))
    till.exchange(sale(card_key=first), sale(card_key=second))

    assert {card_row(till, card).member for card in (first, second)} == {member}
    assert {card_row(till, card).status for card in (first, second)} == {"active"}
    assert till.member(member).balance == 50 + 21 + 21


def test_cards_with_impossible_fields_are_set_aside(server: RunningServer) -> None:
    till, card = server.joined_till(), new_card()
    issued = cards_issued(card)

    reply = till.exchange(
        card_changed(card, "golden"),
        card_changed(CardKey("short"), "active"),
        msgspec.structs.replace(issued, cards=(msgspec.structs.replace(issued.cards[0], key="k"),)),
        msgspec.structs.replace(
            issued, cards=(msgspec.structs.replace(issued.cards[0], number="12 34"),)
        ),
    )

    assert [code for _, code in reply.verdicts] == ["quarantined"] * 4
    assert ("card", card) not in till.rows
