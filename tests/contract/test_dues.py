"""F14: what is due by time alone is done by the server's clock, late as on time, and once."""

import contextlib
from collections.abc import Generator
from contextlib import closing

import msgspec

from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.event import MemberEnrolled
from pos_loyalty.domain.expiration import AfterEarning, AtTierLoss, ExpirationRules, Inactivity
from pos_loyalty.domain.ids import EventId, MemberId, RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server.dues import run_dues
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.wire.messages import ProfileChange
from tests.contract.ruled_books import (
    CLOCK,
    DAY_MS,
    dues,
    new_till,
    refund,
    ruled_books,
    sell,
)
from tests.contract.running_server import RunningServer, running_server
from tests.contract.simple_till import (
    SimpleTill,
    enrollment,
    new_id,
    new_member,
    rights_return,
    sale,
)

TEN_DAYS = ExpirationRules(
    model=AfterEarning(days=10), reinstatement_days=30, grace_days=5, warnings_days=()
)
OFF = RewardTaken(reward=RewardId("pay-with-points"), points=100, discount=50)


@contextlib.contextmanager
def quiet_server(database_url: str) -> Generator[RunningServer, None, None]:
    """Run a server that grants nothing ahead of visits, so that it is known where points lie."""
    with running_server(database_url) as server:
        server.owner("placement", "off")
        yield server


def joined(program: LoyaltyProgram, member: MemberId) -> MemberEnrolled:
    return msgspec.structs.replace(
        enrollment(member), program=program.version, at_ms=CLOCK.now_ms()
    )


def ends_ms(till: SimpleTill, member: MemberId) -> int:
    return till.member(member).sheet.ends_ms


def test_points_end_once_by_the_servers_clock_and_late_as_on_time(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        bought = sell(program, member, 10_000, pending_until_ms=0)
        till.exchange(joined(program, member), bought)
        till.exchange(rights_return(member, 100))
        assert till.member(member).sheet.ends_points == 150
        moment = ends_ms(till, member)
        assert 10 * DAY_MS < moment - CLOCK.now_ms() <= 11 * DAY_MS

        before = dues(server, moment - 1)
        once = dues(server, moment + 40 * DAY_MS)
        twice = dues(server, moment + 40 * DAY_MS)

        assert (before["expired_points"], once["expired_points"], twice["expired_points"]) == (
            0,
            150,
            0,
        )
        till.exchange()
        assert (till.member(member).balance, till.member(member).sheet.ends_ms) == (0, 0)
        assert [entry.kind for entry in till.history(member).entries][-1] == "expiration"
        assert server.verified().faults == []


def test_pending_points_that_ended_before_anybody_looked_expire(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS, welcome_points=0, pending_days=5)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        enrolled = msgspec.structs.replace(joined(program, member), welcome=0)
        till.exchange(enrolled, sell(program, member, 10_000))

        late = dues(server, ends_ms(till, member) + 40 * DAY_MS)

        assert late["expired_points"] == 100
        till.exchange()
        assert till.member(member).balance == 0
        assert server.verified().faults == []


def test_what_a_till_may_have_spent_in_time_stays_until_it_was_heard(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS, welcome_points=0)
    with quiet_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        enrolled = msgspec.structs.replace(joined(program, member), welcome=0)
        here.exchange(enrolled, sell(program, member, 30_000))
        moment = ends_ms(here, member)
        here.exchange(rights_return(member, 100))
        in_time = sell(program, member, 1_000, rewards=(OFF,))
        here.append(in_time)

        early = dues(server, moment + DAY_MS)

        assert early["expired_points"] == 100, "for 200 the till has the right"
        here.exchange()
        away.exchange()
        assert here.rights(member).keep == 0, "what is left is asked back"
        late = dues(server, moment + 2 * DAY_MS)
        here.exchange(rights_return(member, 109))
        rest = dues(server, moment + 3 * DAY_MS)
        assert late["expired_points"] + rest["expired_points"] == 100 + in_time.earned
        here.exchange()
        assert here.member(member).balance == 0, "what was redeemed in time stays redeemed"
        assert server.verified().faults == []


def test_redeemed_points_come_back_to_their_lot_or_live_for_the_grace(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS, welcome_points=0)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        enrolled = msgspec.structs.replace(joined(program, member), welcome=0)
        bought = sell(program, member, 20_000)
        paid = sell(program, member, 1_000, rewards=(OFF,))
        till.exchange(enrolled, bought, paid)
        first_end = ends_ms(till, member)
        back, _ = refund(program, paid, 1_000)

        till.exchange(back)

        assert till.member(member).balance == 200
        assert till.member(member).sheet.ends_points == 200
        assert ends_ms(till, member) == first_end
        assert server.verified().faults == []


def test_an_owner_gives_new_life_to_what_expired_lately(database_url: str) -> None:
    long_ago = CLOCK.now_ms() - 15 * DAY_MS
    program = ruled_books(database_url, expiration=TEN_DAYS, welcome_points=0)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        enrolled = msgspec.structs.replace(joined(program, member), welcome=0)
        old = msgspec.structs.replace(sell(program, member, 5_000), at_ms=long_ago)
        till.exchange(enrolled, old, rights_return(member, 50))
        assert dues(server, CLOCK.now_ms() + DAY_MS)["expired_points"] == 50

        none = server.owner("reinstate", member, "--days", "1")
        some = server.owner("reinstate", member, "--days", "10")
        again = server.owner("reinstate", member, "--days", "10")

        assert (none["points"], some["points"], again["points"]) == (0, 50, 0)
        till.exchange()
        assert till.member(member).balance == 50
        assert ends_ms(till, member) > CLOCK.now_ms() + 4 * DAY_MS
        assert server.verified().faults == []


def test_pending_points_are_granted_to_nobody_before_their_day(database_url: str) -> None:
    program = ruled_books(database_url, pending_days=14, welcome_points=0)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        enrolled = msgspec.structs.replace(joined(program, member), welcome=0)
        bought = sell(program, member, 20_000)
        till.exchange(enrolled, bought)
        sheet = till.member(member).sheet
        assert (sheet.pending, sheet.pending_until_ms) == (200, bought.pending_until_ms)

        till.exchange(want_rights=((member, 100),))

        assert ("rights", member) not in till.rows
        dues(server, bought.pending_until_ms + 1)
        due = server.fetch("SELECT due_ms FROM member WHERE member = ?", member)
        assert due == [(0,)], "nothing more is due"
        back, _ = refund(program, bought, 20_000)
        till.exchange(back)
        assert (till.member(member).balance, till.member(member).sheet.pending) == (0, 0)
        assert server.verified().faults == []


def test_all_points_end_when_a_member_did_not_come_for_months(database_url: str) -> None:
    rules = ExpirationRules(model=Inactivity(months=2), warnings_days=())
    program = ruled_books(database_url, expiration=rules)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        till.exchange(joined(program, member), sell(program, member, 5_000))
        till.exchange(rights_return(member, 50))
        now_ms = CLOCK.now_ms()

        assert dues(server, now_ms + 55 * DAY_MS)["expired_points"] == 0
        assert dues(server, now_ms + 65 * DAY_MS)["expired_points"] == 100
        assert dues(server, now_ms + 65 * DAY_MS)["expired_points"] == 0
        assert server.verified().faults == []


def test_who_comes_again_too_late_does_not_save_what_had_ended(database_url: str) -> None:
    rules = ExpirationRules(model=Inactivity(months=2), warnings_days=())
    program = ruled_books(database_url, expiration=rules)
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        later_ms = CLOCK.now_ms() + 70 * DAY_MS
        till.exchange(joined(program, member), sell(program, member, 5_000))
        till.exchange(rights_return(member, 50), sell(program, member, 3_000, at_ms=later_ms))
        till.exchange(rights_return(member, 30))

        assert dues(server, later_ms + DAY_MS)["expired_points"] == 100, "on time it was the same"
        till.exchange()
        assert till.member(member).balance == 30
        assert server.verified().faults == []


def test_points_of_merged_accounts_end_together_when_one_of_them_comes_again_too_late(
    database_url: str,
) -> None:
    rules = ExpirationRules(model=Inactivity(months=2), warnings_days=())
    program = ruled_books(database_url, expiration=rules)
    with quiet_server(database_url) as server:
        till, older, newer = new_till(server), new_member(), new_member()
        till.exchange(joined(program, older), joined(program, newer))
        stays = server.owner("merge", older, newer)["member"]
        later_ms = CLOCK.now_ms() + 70 * DAY_MS

        till.exchange(sell(program, stays, 3_000, at_ms=later_ms))

        assert server.verified().faults == []
        till.exchange(rights_return(stays, 30))
        assert dues(server, later_ms + DAY_MS)["expired_points"] == 100
        assert server.verified().faults == []


def test_a_tier_of_the_starting_program_falls_one_tier_when_its_window_is_over(
    own_server: RunningServer,
) -> None:
    till, member = new_till(own_server), new_member()
    till.exchange(enrollment(member), sale(member, total=200_000))
    assert till.member(member).tier == "gold"
    now_ms = CLOCK.now_ms()

    assert dues(own_server, now_ms + 360 * DAY_MS)["fallen"] == 0
    assert dues(own_server, now_ms + 400 * DAY_MS)["fallen"] == 1
    till.exchange()
    assert till.member(member).tier == "silver"
    assert dues(own_server, now_ms + 420 * DAY_MS)["fallen"] == 0, "one tier each time"
    assert dues(own_server, now_ms + 830 * DAY_MS)["fallen"] == 1
    till.exchange()
    assert till.member(member).tier == "bronze"
    assert till.member(member).balance == 2050, "the balance has nothing to do with it"
    assert own_server.verified().faults == []


def test_all_points_end_with_the_loss_of_a_tier_where_the_program_says_so(
    database_url: str,
) -> None:
    program = ruled_books(
        database_url, expiration=ExpirationRules(model=AtTierLoss(), warnings_days=())
    )
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        till.exchange(joined(program, member), sell(program, member, 60_000))
        till.exchange(rights_return(member, 600))
        assert till.member(member).tier == "silver"

        done = dues(server, CLOCK.now_ms() + 430 * DAY_MS)

        assert (done["fallen"], done["expired_points"]) == (1, 650)
        assert server.verified().faults == []


def test_a_birthday_pays_once_a_year(database_url: str) -> None:
    gift = ActivityRule(id="birthday", name="Birthday", points=77, approval=Approval.AUTOMATIC)
    program = ruled_books(database_url, activities=(gift,))
    with quiet_server(database_url) as server:
        till, member = new_till(server), new_member()
        change = ProfileChange(
            change=EventId(new_id()), member=member, at_ms=CLOCK.now_ms(), birthday="02-29"
        )
        odd = ProfileChange(
            change=EventId(new_id()), member=member, at_ms=CLOCK.now_ms(), birthday="31-12"
        )
        till.exchange(joined(program, member), profiles=(change, odd))
        assert till.member(member).sheet.birthday == "02-29"
        (day_ms,) = server.fetch("SELECT due_ms FROM member WHERE member = ?", member)[0]

        assert dues(server, day_ms - 1)["birthdays"] == 0
        assert dues(server, day_ms + 1)["birthdays"] == 1
        assert dues(server, day_ms + 2)["birthdays"] == 0
        assert dues(server, day_ms + 370 * DAY_MS)["birthdays"] == 0, "the day itself was missed"
        till.exchange()
        assert till.member(member).balance == 50 + 77
        assert server.verified().faults == []


def test_of_a_merged_account_no_more_ends_than_the_person_has(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS, welcome_points=0)
    with quiet_server(database_url) as server:
        till = new_till(server)
        older, younger = sorted((new_member(), new_member()))
        names = [
            msgspec.structs.replace(joined(program, one), welcome=0) for one in (older, younger)
        ]
        till.exchange(*names, sell(program, younger, 30_000))
        till.exchange(rights_return(younger, 300))
        server.owner("merge", older, younger)
        till.exchange(want_rights=((older, 100),))
        till.exchange(sell(program, older, 1_000, rewards=(OFF,)))
        moment = ends_ms(till, older)
        till.exchange(rights_return(older, till.rights(older).granted - 100 + 9))

        done = dues(server, moment + 2 * DAY_MS)

        till.exchange()
        assert done["expired_points"] == 209
        assert till.member(older).balance == 0
        assert server.verified().faults == []


def test_dues_go_through_everybody_in_slices(database_url: str) -> None:
    program = ruled_books(database_url, expiration=TEN_DAYS)
    with quiet_server(database_url) as server:
        till = new_till(server)
        members = [new_member() for _ in range(450)]
        till.exchange(*(joined(program, member) for member in members))
        moment = CLOCK.now_ms() + 12 * DAY_MS

        with closing(server.open()) as database:
            done = run_dues(database, read_merchant(database), now_ms=moment)

        assert (done.members, done.expired_points) == (450, 450 * 50)
        assert server.verified().faults == []
