"""Activities, adjustments, vouchers, tiers and invitations in the server's order."""

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    Caps,
    ReferralEvent,
    ReferralRule,
)
from pos_loyalty.domain.event import TierGranted
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.tally import periods_at
from tests.contract.ruled_books import (
    CLOCK,
    DAY_MS,
    activity,
    adjustment,
    base,
    dues,
    new_till,
    ruled_books,
    sell,
    voucher,
)
from tests.contract.running_server import RunningServer, running_server
from tests.contract.simple_till import PROGRAM, enrollment, new_member, reversal

REVIEW = ActivityRule(id="review", name="Review", points=30, caps=Caps(month=50))
EVENING = ActivityRule(id="event", name="Evening", points=10, approval=Approval.OWNER)


def test_activities_are_counted_up_to_their_cap_and_the_owner_can_give_the_rest(
    database_url: str,
) -> None:
    program = ruled_books(database_url, activities=(REVIEW,))
    with running_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        here.exchange(enrollment(member), activity(program, member, "review", 30))
        above = away.exchange(activity(program, member, "review", 30))
        unknown = away.exchange(activity(program, member, "dance", 5))

        assert (above.verdicts, unknown.verdicts) == (((1, "differs"),), ((2, "differs"),))
        here.exchange()
        assert here.member(member).balance == 50 + 50
        assert here.member(member).sheet.tally[f"activity:review@{_month()}"] == 50
        items = {item.detail.split()[0]: item for item in here.items("activity_above")}
        assert {name: item.points for name, item in items.items()} == {
            "activity=review": 10,
            "activity=dance": 5,
        }

        server.owner("inbox", "settle", items["activity=review"].item, "give")

        here.exchange()
        assert here.member(member).balance == 110
        (last,) = here.history(member, limit=1).entries
        assert (last.kind, last.points, last.till_name) == ("activity", 10, "")
        assert server.verified().faults == []


def _month() -> str:
    return periods_at(CLOCK.now_ms(), 0)["month"]


def test_an_activity_of_the_owner_needs_a_second_name(database_url: str) -> None:
    program = ruled_books(database_url, activities=(EVENING,))
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        alone = activity(program, member, "event", 10)
        agreed = msgspec.structs.replace(activity(program, member, "event", 10), approved_by="eva")

        reply = till.exchange(enrollment(member), alone, agreed)

        assert reply.verdicts == ((2, "differs"),)
        assert till.member(member).balance == 60
        assert server.verified().faults == []


def test_A20_an_adjustment_needs_a_second_person_and_ends_at_zero(
    own_server: RunningServer,
) -> None:
    till, member = new_till(own_server), new_member()
    own_word = msgspec.structs.replace(adjustment(PROGRAM, member, 500), approved_by="ana")

    reply = till.exchange(
        enrollment(member),
        own_word,
        adjustment(PROGRAM, member, 20),
        adjustment(PROGRAM, member, -100),
    )

    assert reply.verdicts == ((2, "quarantined"), (4, "differs"))
    assert till.member(member).balance == 0
    (item,) = till.items("adjustment_above")
    assert (item.points, item.detail) == (30, "asked=100 taken=70")
    assert own_server.verified().faults == []


def test_a_voucher_counts_once_and_an_undone_sale_frees_it(own_server: RunningServer) -> None:
    here, away, member = new_till(own_server), new_till(own_server), new_member()
    first, second = sell(PROGRAM, member, 1_000), sell(PROGRAM, member, 2_000)
    here.exchange(enrollment(member), first, voucher(PROGRAM, first, "V-1", points=40))

    twice = away.exchange(second, voucher(PROGRAM, second, "V-1", discount=500))

    assert twice.verdicts == ((2, "quarantined"),)
    here.exchange()
    (item,) = here.items("voucher_twice")
    assert "worth=5.00EUR" in item.detail
    assert here.member(member).balance == 50 + 10 + 40 + 20
    undo = msgspec.structs.replace(reversal(first, 2), voucher_points_taken=40)
    again = sell(PROGRAM, member, 3_000)

    reply = here.exchange(undo, again, voucher(PROGRAM, again, "V-1", points=40))

    assert reply.verdicts == ()
    assert here.member(member).balance == 50 + 20 + 30 + 40
    assert own_server.verified().faults == []


def test_a_tier_by_a_word_holds_until_its_date_and_falls_one_tier(
    own_server: RunningServer,
) -> None:
    till, member = new_till(own_server), new_member()
    until_ms = CLOCK.now_ms() + 10 * DAY_MS
    granted = TierGranted(
        **base(PROGRAM), member=member, tier=TierId("gold"), until_ms=until_ms, approved_by="eva"
    )
    unknown = TierGranted(
        **base(PROGRAM), member=member, tier=TierId("platinum"), until_ms=until_ms
    )

    reply = till.exchange(enrollment(member), granted, unknown)

    assert reply.verdicts == ((3, "quarantined"),)
    assert [item.detail for item in till.items("tier_unknown")] == ["tier=platinum"]
    assert till.member(member).tier == "gold"
    assert till.member(member).sheet.tier_until_ms == until_ms
    dues(own_server, until_ms - 1)
    till.exchange()
    assert till.member(member).tier == "gold"
    assert dues(own_server, until_ms + 1)["fallen"] == 1
    assert dues(own_server, until_ms + 1)["fallen"] == 0
    till.exchange()
    assert till.member(member).tier != "gold"
    assert own_server.verified().faults == []


@pytest.mark.parametrize("limit", [None, 1])
def test_an_invitation_pays_both_at_the_first_purchase_up_to_the_limit(
    database_url: str, limit: int | None
) -> None:
    rule = ReferralRule(
        pays_on=ReferralEvent.FIRST_PURCHASE,
        referrer_points=100,
        referred_points=25,
        minimum=1_000,
        limit=limit,
    )
    program = ruled_books(database_url, referral=rule)
    with running_server(database_url) as server:
        till, referrer, one, two = new_till(server), new_member(), new_member(), new_member()
        invited = [
            msgspec.structs.replace(
                enrollment(member), invited_by=referrer, program=program.version
            )
            for member in (one, two)
        ]
        reply = till.exchange(
            enrollment(referrer),
            *invited,
            sell(program, one, 900),
            sell(program, one, 1_000),
            sell(program, one, 1_000),
            sell(program, two, 1_000),
        )

        assert reply.verdicts == ()
        paid = 100 if limit else 200
        assert till.member(referrer).balance == 50 + paid
        assert till.member(one).balance == 50 + 9 + 10 + 10 + 25
        assert till.member(two).balance == 50 + 10 + 25
        kinds = [entry.kind for entry in till.history(referrer).entries]
        assert kinds.count("referral") == paid // 100
        assert server.verified().faults == []


def test_nobody_invites_oneself(database_url: str) -> None:
    rule = ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=100)
    program = ruled_books(database_url, referral=rule)
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        own = msgspec.structs.replace(
            enrollment(member), invited_by=member, program=program.version
        )

        till.exchange(own)

        assert till.member(member).balance == 50


def test_a_reward_may_be_spent_that_an_activity_paid(own_server: RunningServer) -> None:
    """Points without a sale are never self-granted: a till asks for the right to use them."""
    till, member = new_till(own_server), new_member()
    till.exchange(enrollment(member), adjustment(PROGRAM, member, 100))
    till.exchange(want_rights=((member, 100),))
    reward = RewardTaken(reward=RewardId("pay-with-points"), points=100, discount=50)

    reply = till.exchange(sell(PROGRAM, member, 1_000, rewards=(reward,)))

    assert reply.verdicts == ()
    assert till.member(member).balance == 50 + 9
    assert own_server.verified().faults == []
