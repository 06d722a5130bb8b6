"""What a purchase paid for an invitation goes with it: undone, moved, or goods that come back."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule
from pos_loyalty.domain.event import MemberEnrolled
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.refund import Returned
from tests.contract.ruled_books import (
    DAY_MS,
    NOW_MS,
    claim,
    move,
    new_till,
    publish,
    refund,
    ruled_books,
    sell,
)
from tests.contract.running_server import RunningServer, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member, reversal
from tests.contract.test_merged_accounts import merge, unmerge
from tests.contract.test_why_and_replay import why

FIRST = ReferralRule(
    pays_on=ReferralEvent.FIRST_PURCHASE,
    referrer_points=100,
    referred_points=25,
    minimum=1_000,
)
EVERY = msgspec.structs.replace(FIRST, pays_on=ReferralEvent.EVERY_PURCHASE)


@dataclass
class Friends:
    """A host with a guest who was invited, at one till."""

    server: RunningServer
    program: LoyaltyProgram
    till: SimpleTill
    host: MemberId = field(default_factory=new_member)
    guest: MemberId = field(default_factory=new_member)

    def invited(self, member: MemberId, by: MemberId) -> MemberEnrolled:
        return msgspec.structs.replace(
            enrollment(member), invited_by=by, program=self.program.version
        )

    def points(self, *members: MemberId) -> tuple[int, ...]:
        """Return balances without the welcome points."""
        self.till.exchange()
        return tuple(self.till.member(member).balance - 50 for member in members)

    @property
    def both(self) -> tuple[int, ...]:
        return self.points(self.host, self.guest)

    def referrals(self, member: MemberId) -> list[int]:
        """Return what invitations gave and took, oldest first."""
        entries = self.till.history(member).entries
        return [entry.points for entry in entries if entry.kind == "referral"]

    @property
    def next_seq(self) -> int:
        return len(self.till.journal) + 1


@contextmanager
def friends(database_url: str, rule: ReferralRule = FIRST, **changes: object) -> Generator[Friends]:
    """Open books in which an invitation pays; at the end they verify and nothing is listed."""
    program = ruled_books(database_url, referral=rule, **changes)
    with running_server(database_url) as server:
        found = Friends(server, program, new_till(server))
        found.till.exchange(enrollment(found.host), found.invited(found.guest, found.host))
        yield found
        assert server.verified().faults == []


def test_A09_what_a_sale_paid_for_an_invitation_goes_when_it_is_undone(database_url: str) -> None:
    with friends(database_url) as shop:
        till, bought = shop.till, sell(shop.program, shop.guest, 1_500)
        till.exchange(bought)
        assert shop.both == (100, 15 + 25)

        reply = till.exchange(reversal(bought, shop.next_seq - 1))

        assert reply.verdicts == ()
        assert shop.both == (0, 0)
        assert shop.referrals(shop.host) == [100, -100]
        assert shop.referrals(shop.guest) == [25, -25]
        assert till.items() == [], "it is no problem, and nobody has to look at it"
        till.exchange(sell(shop.program, shop.guest, 1_000))
        assert shop.both == (100, 10 + 25), "the next purchase pays"
        till.exchange(sell(shop.program, shop.guest, 1_000))
        assert shop.both == (100, 20 + 25)


@pytest.mark.parametrize(("back", "stays"), [(500, True), (501, False), (1_500, False)])
def test_what_is_left_after_a_refund_decides(database_url: str, back: int, *, stays: bool) -> None:
    with friends(database_url) as shop:
        bought = sell(shop.program, shop.guest, 1_500)
        part, _ = refund(shop.program, bought, back)
        shop.till.exchange(bought)

        reply = shop.till.exchange(part)

        left = 15 - back // 100
        assert reply.verdicts == ()
        assert shop.both == ((100, left + 25) if stays else (0, left))


@pytest.mark.parametrize(("minimum", "goes_with"), [(1_000, 2), (0, 3)])
def test_A09_parts_take_a_payment_back_once(
    database_url: str, minimum: int, goes_with: int
) -> None:
    rule = msgspec.structs.replace(EVERY, minimum=minimum)
    with friends(database_url, rule) as shop:
        bought = sell(shop.program, shop.guest, 1_500)
        shop.till.exchange(bought)
        before: Returned | None = None
        for number, amount in enumerate((400, 400, 700), start=1):
            part, before = refund(shop.program, bought, amount, before)
            assert shop.till.exchange(part).verdicts == ()
            assert shop.points(shop.host) == ((100,) if number < goes_with else (0,))

        assert shop.both == (0, 0)
        assert shop.referrals(shop.host) == [100, -100]


def test_a_claim_of_another_till_takes_the_payment_back(database_url: str) -> None:
    with friends(database_url) as shop:
        away = new_till(shop.server)
        bought = sell(shop.program, shop.guest, 1_500)
        shop.till.exchange(bought)

        assert away.exchange(claim(shop.program, bought.id, 600)).verdicts == ()

        assert shop.both == (0, 9)


@pytest.mark.parametrize(("back", "stays"), [(500, True), (600, False)])
def test_a_refund_that_waited_for_its_sale_takes_back_what_the_sale_paid(
    database_url: str, back: int, *, stays: bool
) -> None:
    with friends(database_url) as shop:
        away = new_till(shop.server)
        bought = sell(shop.program, shop.guest, 1_500)
        away.exchange(claim(shop.program, bought.id, back))

        assert shop.till.exchange(bought).verdicts == ()

        left = 15 - back // 100
        assert shop.both == ((100, left + 25) if stays else (0, left))


def test_a_move_takes_from_the_one_and_pays_for_the_other(database_url: str) -> None:
    with friends(database_url) as shop:
        till, other_host, other = shop.till, new_member(), new_member()
        bought = sell(shop.program, shop.guest, 1_500)
        till.exchange(enrollment(other_host), shop.invited(other, other_host), bought)
        moved = move(shop.program, bought, shop.next_seq - 1, other)

        assert till.exchange(moved).verdicts == ()

        assert shop.both == (0, 0)
        assert shop.points(other_host, other) == (100, 15 + 25)
        back = msgspec.structs.replace(
            move(shop.program, bought, moved.sale_seq, shop.guest), from_member=other
        )
        assert till.exchange(back).verdicts == ()
        assert shop.points(other_host, other) == (0, 0)
        assert shop.both == (0, 15), "what this sale paid once and was taken back stays back"
        till.exchange(sell(shop.program, shop.guest, 1_000))
        assert shop.both == (100, 25 + 25)


def test_an_undone_sale_takes_back_what_it_paid_after_its_move(database_url: str) -> None:
    with friends(database_url) as shop:
        bought = sell(shop.program, new_member(), 1_500)
        shop.till.exchange(bought)
        seq = shop.next_seq - 1
        moved = move(shop.program, bought, seq, shop.guest)
        shop.till.exchange(moved)
        assert shop.both == (100, 15 + 25)
        part = msgspec.structs.replace(
            refund(shop.program, bought, 501)[0], member=shop.guest, earned_taken=5
        )

        assert shop.till.exchange(part).verdicts == ()

        assert shop.both == (0, 10)


@pytest.mark.parametrize(
    ("total", "back", "pays"), [(1_500, 500, True), (1_500, 501, False), (900, 0, False)]
)
def test_a_forgotten_card_is_a_purchase_of_what_is_left(
    database_url: str, total: int, back: int, *, pays: bool
) -> None:
    with friends(database_url) as shop:
        till, bought = shop.till, sell(shop.program, None, total)
        till.exchange(bought)
        seq, left = shop.next_seq - 1, total // 100 - back // 100
        if back:
            till.exchange(refund(shop.program, bought, back)[0])

        reply = till.exchange(move(shop.program, bought, seq, shop.guest, given=left))

        assert reply.verdicts == ()
        assert shop.both == ((100, left + 25) if pays else (0, left))


def test_a_sale_that_came_back_whole_is_no_purchase_of_who_gets_it(database_url: str) -> None:
    rule = msgspec.structs.replace(FIRST, minimum=0)
    with friends(database_url, rule) as shop:
        bought = sell(shop.program, None, 1_500)
        whole, _ = refund(shop.program, bought, 1_500)
        shop.till.exchange(bought, whole)

        shop.till.exchange(move(shop.program, bought, shop.next_seq - 2, shop.guest, given=0))

        assert shop.both == (0, 0)


def test_each_purchase_goes_by_itself_where_every_purchase_pays(database_url: str) -> None:
    with friends(database_url, EVERY) as shop:
        first, second = (sell(shop.program, shop.guest, 1_000) for _ in range(2))
        shop.till.exchange(first, second)
        assert shop.both == (200, 20 + 50)

        shop.till.exchange(reversal(first, shop.next_seq - 2))

        assert shop.both == (100, 10 + 25)


def test_a_limit_counts_again_what_was_taken_back(database_url: str) -> None:
    rule = msgspec.structs.replace(FIRST, limit=1)
    with friends(database_url, rule) as shop:
        till, second, third = shop.till, new_member(), new_member()
        till.exchange(*(shop.invited(each, shop.host) for each in (second, third)))
        first, above = (sell(shop.program, who, 1_000) for who in (shop.guest, second))
        till.exchange(first, above)
        assert shop.points(shop.host, shop.guest, second) == (100, 35, 35)
        assert till.member(shop.host).sheet.tally["referrals"] == 1

        till.exchange(reversal(above, shop.next_seq - 1), reversal(first, shop.next_seq - 2))

        assert shop.points(shop.host, shop.guest, second) == (0, 0, 0)
        assert "referrals" not in till.member(shop.host).sheet.tally
        till.exchange(sell(shop.program, third, 1_000))
        assert shop.points(shop.host, third) == (100, 35)
        assert till.member(shop.host).sheet.tally["referrals"] == 1


def test_what_was_spent_is_a_debt_that_the_next_points_repay(database_url: str) -> None:
    with friends(database_url) as shop:
        till, bought = shop.till, sell(shop.program, shop.guest, 1_500)
        till.exchange(bought)
        seq = shop.next_seq - 1
        till.exchange(
            msgspec.structs.replace(
                sell(shop.program, shop.host, 1_000), redeemed=150, rights_used=150, earned=0
            ),
            want_rights=((shop.host, 150),),
        )

        till.exchange(reversal(bought, seq))

        assert shop.both == (-150, 0)
        till.exchange(sell(shop.program, shop.host, 1_000))
        assert shop.both == (-140, 0)


@pytest.mark.parametrize("merged", ["host", "guest"])
def test_points_go_back_from_an_account_that_was_merged_meanwhile(
    database_url: str, merged: str
) -> None:
    with friends(database_url, msgspec.structs.replace(FIRST, limit=5)) as shop:
        till, other = shop.till, new_member()
        bought = sell(shop.program, shop.guest, 1_500)
        till.exchange(enrollment(other), bought)
        seq = shop.next_seq - 1
        one = shop.host if merged == "host" else shop.guest
        stays = merge(shop.server, one, other)
        younger = other if stays == one else one

        assert till.exchange(reversal(bought, seq)).verdicts == ()

        till.exchange()
        assert till.member(stays).balance == 100, "both accounts were welcomed, and no more"
        assert shop.server.verified().faults == []
        unmerge(shop.server, younger)
        assert shop.points(shop.host, shop.guest, other) == (0, 0, 0)
        assert "referrals" not in till.member(shop.host).sheet.tally


def test_points_go_back_from_the_lot_they_came_into(database_url: str) -> None:
    later = ExpirationRules(model=AfterEarning(months=12))
    with friends(database_url, welcome_points=0, expiration=later) as shop:
        till = shop.till
        old = sell(shop.program, shop.host, 4_000, at_ms=NOW_MS - 60 * DAY_MS)
        bought = sell(shop.program, shop.guest, 1_500)
        till.exchange(old, bought)
        before = till.member(shop.host).sheet
        assert before.ends_points == 40

        till.exchange(reversal(bought, shop.next_seq - 1))

        after = till.member(shop.host)
        assert after.balance == 50 + 40
        assert (after.sheet.ends_points, after.sheet.ends_ms) == (40, before.ends_ms)


def test_why_says_what_was_paid_for_an_invitation_and_taken_back(database_url: str) -> None:
    with friends(database_url) as shop:
        bought = sell(shop.program, shop.guest, 1_500)
        shop.till.exchange(bought)
        undone = reversal(bought, shop.next_seq - 1)
        shop.till.exchange(undone)

        paid, host = why(shop.server, bought.id), why(shop.server, shop.host)

        words = "invitation: 100 points {0} who invited, 25 points {0} who was invited."
        assert paid["what"].endswith(f"earned. Paid for an {words.format('to')}")
        assert {"kind": "referral", "points": 100, "member": shop.host} in paid["entries"]
        back = why(shop.server, undone.id)
        assert back["what"].endswith(f"taken back. Taken back for an {words.format('from')}")
        assert [each["what"] for each in paid["later"]] == [back["what"]]
        assert back["agrees"] is True
        assert [entry["points"] for entry in host["entries"]] == [50, 100, -100]
        assert host["entries"][-1]["what"].startswith("taken back: what had paid for an invitation")


def test_what_an_enrollment_paid_stays(database_url: str) -> None:
    rule = msgspec.structs.replace(FIRST, pays_on=ReferralEvent.ENROLLMENT, minimum=0)
    with friends(database_url, rule) as shop:
        bought = sell(shop.program, shop.guest, 1_500)
        shop.till.exchange(bought, reversal(bought, shop.next_seq))

        assert shop.both == (100, 25)
        enrolled = shop.till.history(shop.guest).entries[0].event
        assert why(shop.server, enrolled)["what"].endswith(
            "Paid for an invitation: 100 points to who invited, 25 points to who was invited."
        )


def _ask_for_lots(database_url: str, shop: Friends) -> None:
    publish(
        database_url,
        referral=shop.program.referral,
        expiration=ExpirationRules(model=AfterEarning(months=12)),
    )


def _ask_for_nothing(database_url: str, shop: Friends) -> None:
    assert shop.program.referral is not None
    publish(database_url, referral=None)


@pytest.mark.parametrize("asking", [_ask_for_lots, _ask_for_nothing])
def test_a_sale_of_before_goes_by_its_own_rules_after_another_program(
    database_url: str, asking: Callable[[str, Friends], None]
) -> None:
    with friends(database_url) as shop:
        bought = sell(shop.program, shop.guest, 1_500)
        shop.till.exchange(bought)
        seq = shop.next_seq - 1

        asking(database_url, shop)
        assert shop.server.verified().faults == []
        assert shop.till.exchange(reversal(bought, seq)).verdicts == ()

        assert shop.both == (0, 0)


def test_books_of_an_older_server_keep_what_they_paid_and_fold_to_the_same(
    database_url: str,
) -> None:
    """As 0.3.0 left them: nothing goes back up to the update, everything paid after it does."""
    program = ruled_books(database_url, referral=EVERY)
    with running_server(database_url) as server:
        (key,) = server.fetch("SELECT merchant FROM merchant")[0]
        server.write(
            "INSERT INTO policy (merchant, name, value) VALUES (?, ?, ?)",
            key,
            "rules_0_3_until",
            10**9,
        )
    with running_server(database_url) as server:
        shop = Friends(server, program, new_till(server))
        undone, paid = (sell(program, shop.guest, 1_500) for _ in range(2))
        shop.till.exchange(enrollment(shop.host), shop.invited(shop.guest, shop.host))
        shop.till.exchange(undone, paid, reversal(undone, 3))
        assert shop.both == (200, 15 + 50)
    with running_server(database_url) as server:
        server.write("DELETE FROM policy WHERE name = 'rules_0_3_until'")
        server.write("DELETE FROM schema_step WHERE step = 4")
    with running_server(database_url) as server:
        shop.server, shop.till.url = server, server.url
        assert server.fetch("SELECT value FROM policy WHERE name = 'rules_0_3_until'") == (
            server.fetch("SELECT v FROM clock")
        )
        assert server.verified().faults == []
        new = sell(program, shop.guest, 1_500)
        shop.till.exchange(reversal(paid, 4), new)
        assert shop.both == (300, 15 + 75), "what was paid before the update stays"

        shop.till.exchange(reversal(new, shop.next_seq - 1))

        assert shop.both == (200, 50)
        assert server.verified().faults == []
        _ask_for_lots(database_url, shop)
        assert server.verified().faults == []
