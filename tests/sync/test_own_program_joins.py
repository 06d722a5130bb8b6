"""A till that had a program of its own joins: what it sold alone stays explained and counted."""

import contextlib
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarningRule, EarnRule, StampCard, Stamps
from pos_loyalty.domain.explained_member import MemberExplained
from pos_loyalty.domain.ids import EventId, MemberId, ProgramVersion, RewardId, SaleId
from pos_loyalty.domain.program import LoyaltyProgram, holds_never, program_in_force
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.domain.tally_key import stamps_name
from pos_loyalty.server.explain import explain_subject
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.services.attention import ReadAttention
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.services.member_now import member_now
from pos_loyalty.services.publish_program import PublishProgram
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.store.joining import Joining, Membership
from pos_loyalty.till import Till
from tests.builders import DAY_MS, STANDARD
from tests.contract.running_server import CLOCK, make_books
from tests.sample_till import enroll, sell
from tests.sync.office import Office, hand
from tests.sync.shop import Shop, assert_sound, balance, sync
from tests.unit.services.ruled_till import redeem

COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")
OWN = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("draft"),
    name="Corner cafe",
    earn=EarnRule(step_minor_units=100, points_per_step=3),
    weekday_multipliers=(),
    welcome_points=20,
    rewards=(COFFEE,),
    stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=2),),
    rules=(EarningRule(id="visit", name="Visit", give=Stamps(card="coffee")),),
)
SOON = msgspec.structs.replace(
    OWN, name="Soon", earn=EarnRule(step_minor_units=100, points_per_step=9)
)
WELCOME, SALE, REFUNDED = 20, 63, 30
SALES = 4
POINTS = WELCOME + SALES * SALE - REFUNDED + 60
"""Four sales of 21.00, of which 10.00 came back from one, and a free coffee beside 20.00."""


def till_with_own(shop: Shop) -> tuple[Till, MemberId, EventId]:
    """A till that sold alone by its own program, with another one to come tomorrow."""
    till = shop.open_till("one")
    till.publish_program(PublishProgram(OWN))
    till.publish_program(PublishProgram(SOON, CLOCK.now_ms() + DAY_MS))
    member = enroll(till)
    sales = [sell(till, member) for _ in range(SALES)]
    till.refund_sale(RefundSale(SaleId(sales[0].sale_id), amount=1000))
    redeem(till, member, "coffee")
    return till, member, EventId(sales[1].sale_id)


def stamps(till: Till, member: MemberId) -> int:
    """Return the stamps that a till counts for a member."""
    with till.context.store.read() as read:
        record = read.members.record(member)
        assert record is not None
        now = member_now(till.context, read, record, at_ms=CLOCK.now_ms())
    return now.sheet.tally.get(stamps_name("coffee"), 0)


def server_programs(shop: Shop) -> list[LoyaltyProgram]:
    with contextlib.closing(shop.server.open()) as database:
        return list(read_merchant(database).programs.values())


def assert_same_everywhere(shop: Shop, till: Till, other: Till, member: MemberId) -> None:
    for each in (till, other) * 2:
        assert sync(each).trouble is None
    assert till.attention(ReadAttention()).items == ()
    assert shop.balance_at_server(member) == balance(till, member) == balance(other, member)
    assert stamps(till, member) == stamps(other, member)
    assert shop.server.verified().faults == []
    assert_sound(till)


def test_what_was_sold_alone_is_counted_and_explained_by_the_tills_own_program(
    shop: Shop,
) -> None:
    till, member, sale = till_with_own(shop)
    counted = stamps(till, member)
    shop.join(till)
    other = shop.joined_till("two")

    assert_same_everywhere(shop, till, other, member)

    assert balance(till, member) == POINTS
    assert stamps(till, member) == counted > 0
    with contextlib.closing(shop.server.open()) as database:
        explained = explain_subject(database, member, now_ms=CLOCK.now_ms())
        assert isinstance(explained, MemberExplained)
        one = explain_subject(database, sale, now_ms=CLOCK.now_ms())
    assert "Corner cafe" in str(one)


def test_from_joining_on_the_servers_program_holds_and_the_scheduled_one_never_does(
    shop: Shop,
) -> None:
    till, member, _ = till_with_own(shop)
    shop.join(till)
    other = shop.joined_till("two")

    earned = sell(till, member, total=2000).earned_points

    assert earned in {20, 40}, "by the standard program, twice as much on a Tuesday"
    later = CLOCK.now_ms() + 30 * DAY_MS
    for programs in (till.context.programs, other.context.programs, server_programs(shop)):
        assert program_in_force(programs, later).version == STANDARD.version
        assert sum(holds_never(each) for each in programs) == 2
    brought = Joining(till.context.store, CLOCK, till.context.ids).alone().programs
    names = {each.name for each in brought}
    assert names == {OWN.name, SOON.name}, "a server of restored books is told again"
    assert_same_everywhere(shop, till, other, member)


def test_stamps_go_on_once_the_same_rules_are_published_at_the_server(shop: Shop) -> None:
    till, member, _ = till_with_own(shop)
    shop.join(till)
    other = shop.joined_till("two")
    with contextlib.closing(shop.server.open()) as database:
        publish_program(database, OWN, from_ms=None, clock=CLOCK)
    assert sync(till).trouble is None
    assert sync(other).trouble is None

    redeem(other, member, "coffee")
    assert sell(till, member).earned_points == SALE

    assert_same_everywhere(shop, till, other, member)


def test_a_version_that_the_server_published_too_holds_after_joining(shop: Shop) -> None:
    till = shop.open_till("one")
    tomorrow = CLOCK.now_ms() + DAY_MS
    till.publish_program(PublishProgram(OWN, tomorrow))
    with contextlib.closing(shop.server.open()) as database:
        published = publish_program(database, OWN, from_ms=tomorrow, clock=CLOCK).program

    shop.join(till)

    assert till.context.program(tomorrow) == published
    assert not any(holds_never(each) for each in server_programs(shop))


def test_F20_a_power_cut_between_the_answer_and_its_writing_changes_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member, _ = till_with_own(shop)
    code = shop.server.till_code()

    def power_cut(joining: Joining, membership: Membership) -> None:
        del joining, membership
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Joining, "belong", power_cut)
        with pytest.raises(KeyboardInterrupt):
            till.join_server(JoinServer(shop.proxy.url, code))
    shop.close(till)
    till = shop.open_till("one")
    assert sell(till, member).earned_points == SALE, "it still works alone, by its own program"
    till.join_server(JoinServer(shop.proxy.url, code))
    other = shop.joined_till("two")

    assert_same_everywhere(shop, till, other, member)
    assert balance(till, member) == POINTS + SALE
    assert sum(holds_never(each) for each in server_programs(shop)) == 2


def test_a_till_that_joins_by_stick_brings_its_program_along(tmp_path: Path) -> None:
    make_books(f"sqlite:///{tmp_path / 'books.db'}")
    office = Office(tmp_path)
    with office.open("kiosk") as till:
        till.publish_program(PublishProgram(OWN))
        member = enroll(till)
        sell(till, member)
        hand(till).invite(office.invitation())
        up, down = office.stick("up"), office.stick("down")
        hand(till).export(up)
        office.take(up, down)
        between = sell(till, member).earned_points
        hand(till).take(down)
        after = sell(till, member, total=2000).earned_points
        office.trip(till, "second")

        assert between == SALE, "until the answer is back it works alone"
        assert after in {20, 40}
        assert balance(till, member) == WELCOME + 2 * SALE + after
        assert_sound(till)
        office.assert_sound()
