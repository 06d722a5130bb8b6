"""A09, A10: goods that come back, at whatever till, never give more than the sale did."""

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarningRule, StampCard, Stamps
from pos_loyalty.domain.event import StampsGiven
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.program import AlreadySpent, RefundRules
from pos_loyalty.domain.reward import FreeItem, RewardTaken
from tests.contract.ruled_books import claim, move, new_till, publish, refund, ruled_books, sell
from tests.contract.running_server import RunningServer, running_server
from tests.contract.simple_till import (
    PROGRAM,
    SimpleTill,
    enrollment,
    new_member,
    reversal,
    sale,
)

COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="visits")
STAMPED = {
    "rules": (EarningRule(id="visit", name="Visit", give=Stamps(card="visits")),),
    "stamp_cards": (StampCard(id="visits", name="Visits", stamps=9),),
    "rewards": (*PROGRAM.rewards, COFFEE),
}
"""A stamp for each visit, whatever is bought."""


def test_A09_a_sale_divided_into_refunds_ends_where_it_began(own_server: RunningServer) -> None:
    till, member = new_till(own_server), new_member()
    paid = sale(member, total=10_000)
    reward = RewardTaken(reward=RewardId("pay-with-points"), points=100, discount=50)
    bought = sell(PROGRAM, member, 3333, rewards=(reward,), at_ms=paid.at_ms, rights_used=100)
    first, back = refund(PROGRAM, bought, 1111)
    second, back = refund(PROGRAM, bought, 2000, back)
    third, _ = refund(PROGRAM, bought, 222, back)

    till.exchange(enrollment(member), paid)
    before = till.member(member).balance
    reply = till.exchange(bought, first, second, third)

    assert reply.verdicts == ()
    assert till.member(member).balance == before
    assert first.earned_taken + second.earned_taken + third.earned_taken == bought.earned
    assert first.redeemed_returned + second.redeemed_returned + third.redeemed_returned == 100
    assert own_server.verified().faults == []


def test_A10_two_tills_refund_the_same_receipt_and_one_is_counted(
    own_server: RunningServer,
) -> None:
    here, away, member = new_till(own_server), new_till(own_server), new_member()
    bought = sale(member, total=5_000)
    here.exchange(enrollment(member), bought)
    own, _ = refund(PROGRAM, bought, 5_000)

    counted = away.exchange(claim(PROGRAM, bought.id, 5_000))
    twice = here.exchange(own)
    again = here.send(here.request(from_seq=3))
    late = away.exchange(claim(PROGRAM, bought.id, 100))

    assert counted.verdicts == ()
    assert twice.verdicts == again.verdicts == ((3, "differs"),), "and a retry says the same"
    assert late.verdicts == ((2, "quarantined"),)
    away.exchange()
    assert away.member(member).balance == 50, "taken back once"
    listed = {item.item: item.detail for item in away.items("refund_above")}
    assert len(listed) == 2
    assert any("above=50.00EUR" in detail for detail in listed.values())
    assert own_server.verified().faults == []


def test_a_refund_above_the_sale_counts_what_is_left_and_lists_the_rest(
    own_server: RunningServer,
) -> None:
    here, away, member = new_till(own_server), new_till(own_server), new_member()
    bought = sale(member, total=5_000)
    own, _ = refund(PROGRAM, bought, 3_000)
    here.exchange(enrollment(member), bought, own)

    reply = away.exchange(claim(PROGRAM, bought.id, 4_000))

    assert reply.verdicts == ((1, "differs"),)
    assert away.member(member).balance == 50
    (item,) = away.items("refund_above")
    assert "refunded=40.00EUR above=20.00EUR" in item.detail
    assert own_server.verified().faults == []


def test_a_refund_waits_for_its_sale_and_its_item_settles_itself(database_url: str) -> None:
    program = ruled_books(database_url)
    with running_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        bought = sell(program, member, 5_000)
        reply = away.exchange(claim(program, bought.id, 2_000))
        (item,) = away.items("refund_waits")
        assert (reply.verdicts, item.settled) == (((1, "held"),), "")
    with running_server(database_url) as server:
        here.url = away.url = server.url
        arrived = here.exchange(enrollment(member), bought)
        away.exchange()

        assert arrived.verdicts == ()
        assert here.member(member).balance == 50 + 50 - 20
        assert [one.settled for one in away.items("refund_waits")] == ["arrived"]
        assert server.fetch("SELECT count(*) FROM waiting_refund") == [(0,)]
        assert server.verified().faults == []


def test_a_receipt_names_a_sale_by_the_end_of_its_id_and_the_member(
    own_server: RunningServer,
) -> None:
    here, away, member = new_till(own_server), new_till(own_server), new_member()
    known, coming = sale(member, total=5_000), sale(member, total=3_000)
    here.exchange(enrollment(member), known)
    claims = [
        msgspec.structs.replace(claim(PROGRAM, one.id[-8:], 1_000), member=member)
        for one in (known, coming)
    ]
    nobody = claim(PROGRAM, known.id[-8:], 1_000)

    reply = away.exchange(*claims, nobody)
    here.exchange(coming)

    assert reply.verdicts == ((2, "held"), (3, "quarantined"))
    assert here.member(member).balance == 50 + 40 + 20
    away.exchange()
    assert [item.settled for item in away.items("refund_waits")] == ["arrived"]
    assert own_server.verified().faults == []


def test_a_sale_that_was_undone_is_not_refunded_and_one_refunded_is_not_undone_whole(
    own_server: RunningServer,
) -> None:
    till, member = new_till(own_server), new_member()
    undone, kept = sale(member, total=900), sale(member, total=3_000)
    late, _ = refund(PROGRAM, undone, 900)
    part, _ = refund(PROGRAM, kept, 1_000)

    reply = till.exchange(
        enrollment(member), undone, reversal(undone, 2), late, kept, part, reversal(kept, 5)
    )

    assert reply.verdicts == ((4, "quarantined"), (7, "differs"))
    assert till.member(member).balance == 50, "what was left of the sale is undone, and no more"
    assert own_server.verified().faults == []


def test_an_undo_counts_for_what_a_claim_of_another_till_left(own_server: RunningServer) -> None:
    here, away, member = new_till(own_server), new_till(own_server), new_member()
    here.exchange(enrollment(member))
    bought = sale(member, total=3_000)
    away.exchange(claim(PROGRAM, bought.id, 1_000))

    reply = here.exchange(bought, reversal(bought, 2))

    assert reply.verdicts == ((3, "differs"),)
    assert here.member(member).balance == 50
    (item,) = [item for item in here.items("differs") if item.member == member]
    assert item.detail == "not the whole sale"
    assert own_server.verified().faults == []


def test_a_claim_takes_no_more_than_there_is_where_the_program_clamps(database_url: str) -> None:
    rules = RefundRules(already_spent=AlreadySpent.CLAMP)
    program = ruled_books(database_url, refunds=rules, welcome_points=0)
    reward = RewardTaken(reward=RewardId("pay-with-points"), points=100, discount=50)
    with running_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        bought = sell(program, member, 10_000)
        spent = sell(program, member, 1_000, rewards=(reward,))
        enrolled = msgspec.structs.replace(enrollment(member, welcome=0), program=program.version)
        here.exchange(enrolled, bought, spent)
        assert here.member(member).balance == 9

        away.exchange(claim(program, bought.id, 10_000))

        assert away.member(member).balance == 0
        assert server.verified().faults == []


def test_a_sale_moves_with_its_points_and_a_refund_goes_to_who_has_it(
    own_server: RunningServer,
) -> None:
    till, wrong, right = new_till(own_server), new_member(), new_member()
    bought = sale(wrong, total=2_100)
    part, back = refund(PROGRAM, bought, 600)
    moved = msgspec.structs.replace(
        move(PROGRAM, bought, 3, right), earned_taken=15, earned_given=15
    )
    rest = claim(PROGRAM, bought.id, 1_500)
    del back

    reply = till.exchange(enrollment(wrong), enrollment(right), bought, part, moved)

    assert reply.verdicts == ()
    assert (till.member(wrong).balance, till.member(right).balance) == (50, 65)
    reply = till.exchange(rest)
    assert reply.verdicts == ()
    assert (till.member(wrong).balance, till.member(right).balance) == (50, 50)
    assert own_server.verified().faults == []


@pytest.mark.parametrize("comes_first", [False, True], ids=["after its sale", "before its sale"])
def test_forgiven_points_are_told_to_the_owner(database_url: str, *, comes_first: bool) -> None:
    program = ruled_books(database_url, refunds=RefundRules(already_spent=AlreadySpent.CLAMP))
    with running_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        bought = sell(program, member, 9_000)
        spends = sell(program, member, 0, rewards=(_coffee(120),))
        back = claim(program, bought.id, 9_000)
        here.exchange(enrollment(member), spends)
        for till, event in (
            [(away, back), (here, bought)]
            if comes_first
            else [
                (here, bought),
                (away, back),
            ]
        ):
            till.exchange(event)

        here.exchange()
        (item,) = here.items("points_forgiven")
        assert (item.member, item.points) == (member, 70)
        assert here.member(member).balance == 0
        assert server.verified().faults == []


def test_points_that_are_paid_for_in_cash_are_not_told(database_url: str) -> None:
    rules = RefundRules(already_spent=AlreadySpent.TAKE_OFF_CASH, point_worth=1)
    program = ruled_books(database_url, refunds=rules)
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        bought = sell(program, member, 9_000)
        spends = sell(program, member, 0, rewards=(_coffee(120),))
        back, _ = refund(program, bought, 9_000)
        cut = msgspec.structs.replace(back, earned_taken=20, forgiven=70, cash=8_930)

        reply = till.exchange(enrollment(member), bought, spends, cut)

        assert (4, "differs") not in reply.verdicts
        assert till.items("points_forgiven") == []


def test_a_sale_that_moves_away_from_its_spent_points_is_told(own_server: RunningServer) -> None:
    till, spender, gainer = new_till(own_server), new_member(), new_member()
    bought = sell(PROGRAM, spender, 9_000)
    earned = bought.earned
    spends = sell(PROGRAM, spender, 0, rewards=(_coffee(100),))

    till.exchange(enrollment(spender), enrollment(gainer), bought, spends)
    till.exchange(move(PROGRAM, bought, 3, gainer))

    debt = 100 - 50
    assert till.member(spender).balance == -debt
    assert till.member(gainer).balance == 50 + earned
    (item,) = till.items("move_left_debt")
    assert (item.member, item.points) == (spender, debt)
    assert own_server.verified().faults == []


def _coffee(points: int) -> RewardTaken:
    return RewardTaken(reward=RewardId("coffee"), points=points, discount=0)


@pytest.mark.parametrize(("came_back", "left"), [(2_100, 0), (600, 15)])
@pytest.mark.parametrize("is_anybodys", [True, False], ids=["of a member", "without a card"])
def test_A10_a_sale_that_came_back_elsewhere_moves_with_what_is_left(
    database_url: str, came_back: int, left: int, *, is_anybodys: bool
) -> None:
    program = ruled_books(database_url, **STAMPED)
    with running_server(database_url) as server:
        here, away, wrong, right = new_till(server), new_till(server), new_member(), new_member()
        bought = sell(program, wrong if is_anybodys else None, 2_100)
        # Its till does not hear of the claim: it moves all points and the stamp.
        moved = move(program, bought, 3, right, given=21)
        moved = msgspec.structs.replace(moved, stamps=(StampsGiven(card="visits", count=1),))
        here.exchange(enrollment(wrong), enrollment(right), bought)
        away.exchange(claim(program, bought.id, came_back))

        reply = here.exchange(moved)

        assert reply.verdicts == ((4, "differs"),)
        assert (here.member(wrong).balance, here.member(right).balance) == (50, 50 + left)
        assert _stamps(here, right) == (1 if left else 0)
        (item,) = here.items("differs")
        assert (item.member, item.points) == (right, 21 - left)
        rest, _ = refund(program, msgspec.structs.replace(bought, member=right), 2_100)
        here.exchange(rest)
        assert (here.member(wrong).balance, here.member(right).balance) == (50, 50)
        assert _stamps(here, right) == 0
        assert server.verified().faults == []


def test_books_of_an_older_server_keep_what_its_tills_moved(database_url: str) -> None:
    program = ruled_books(database_url, **STAMPED)
    with running_server(database_url) as server:
        (key,) = server.fetch("SELECT merchant FROM merchant")[0]
        server.write(
            "INSERT INTO policy (merchant, name, value) VALUES (?, ?, ?)",
            key,
            "rules_0_3_until",
            10**9,
        )
    with running_server(database_url) as server:
        here, away, wrong, right = new_till(server), new_till(server), new_member(), new_member()
        bought = sell(program, wrong, 2_100)
        here.exchange(enrollment(wrong), enrollment(right), bought)
        away.exchange(claim(program, bought.id, 2_100))

        here.exchange(move(program, bought, 3, right))

        assert here.member(right).balance == 50 + 21
        assert server.verified().faults == []


def _stamps(till: SimpleTill, member: MemberId) -> int:
    return till.member(member).sheet.tally.get("stamps:visits", 0)


def test_a_sale_with_rewards_and_a_sale_that_another_has_are_not_moved(
    own_server: RunningServer,
) -> None:
    till, one, two, three = new_till(own_server), new_member(), new_member(), new_member()
    paid = sale(one, redeem=40, total=2_100)
    bought = sale(one, total=2_100)
    till.exchange(enrollment(one))
    till.exchange(want_rights=((one, 50),))

    reply = till.exchange(
        paid,
        bought,
        move(PROGRAM, paid, 2, two),
        move(PROGRAM, bought, 3, two),
        move(PROGRAM, bought, 3, three),
    )

    assert reply.verdicts == ((4, "quarantined"), (6, "quarantined"))
    assert till.member(two).balance == 21
    assert ("member", three) not in till.rows
    assert own_server.verified().faults == []


def test_what_came_back_stays_right_when_the_program_changes_between(database_url: str) -> None:
    first = ruled_books(database_url)
    earn = msgspec.structs.replace(PROGRAM.earn, points_per_step=3)
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        bought = sell(first, member, 4_000)
        till.exchange(enrollment(member), bought)
        publish(database_url, earn=earn)
        half, _ = refund(first, bought, 2_000)

        reply = till.exchange(half)

        assert reply.verdicts == ()
        assert till.member(member).balance == 50 + 20
        assert server.verified().faults == []
