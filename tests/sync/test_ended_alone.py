"""Points that ended while a till worked alone: gone there, and gone once when it joins a server."""

import contextlib
from pathlib import Path

import msgspec

from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.explained_member import MemberExplained
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.server.explain import explain_subject
from pos_loyalty.services.attention import ReadAttention
from pos_loyalty.services.ended_rights import give_back_ended
from pos_loyalty.services.explain import Explain
from pos_loyalty.services.publish_program import PublishProgram
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till
from tests.builders import DAY_MS, STANDARD
from tests.contract.ruled_books import dues
from tests.contract.running_server import CLOCK, make_books
from tests.sample_till import enroll, sell
from tests.sync.office import Office, hand
from tests.sync.shop import Shop, assert_sound, spendable, sync, view
from tests.unit.services.ruled_till import redeem

OWN = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("draft"),
    weekday_multipliers=(),
    tiers=STANDARD.tiers[:1],
    expiration=ExpirationRules(model=AfterEarning(days=30), warnings_days=()),
)
HOUR_MS = 3_600_000
WELCOME, FIRST, PASTRY, BESIDE, LAST = 50, 900, 800, 5, 70
ENDED = WELCOME + FIRST - PASTRY + BESIDE


class LateClock(SystemClock):
    """The machine's clock, so many milliseconds ago."""

    def __init__(self, late_ms: int) -> None:
        super().__init__()
        self.late_ms = late_ms

    def now_ms(self) -> int:
        return super().now_ms() - self.late_ms


def till_alone(shop: Shop, clock: LateClock) -> Till:
    till = open_till(shop.folder / "one", keys=FileKeys(shop.folder / "keys"), clock=clock)
    shop.tills.append(till)
    till.publish_program(PublishProgram(OWN))
    return till


def test_what_ended_alone_is_gone_once_when_the_till_joins(shop: Shop) -> None:
    clock = LateClock(60 * DAY_MS)
    till = till_alone(shop, clock)
    member = enroll(till)
    sell(till, member, FIRST * 100)
    redeem(till, member, "free-pastry", total=BESIDE * 100)
    assert view(till, member).balance_points == ENDED
    clock.late_ms = 0
    sell(till, member, LAST * 100)
    alone = view(till, member)
    assert (alone.balance_points, alone.spendable_points, alone.ends_points) == (LAST, LAST, LAST)
    why = till.explain(Explain(member))
    assert isinstance(why, MemberExplained)
    assert (why.balance, [e.points for e in why.entries if not e.event]) == (LAST, [-ENDED])

    shop.join(till)
    other = shop.joined_till("two")
    for each in (till, other):
        assert sync(each).trouble is None
        assert view(each, member).spendable_points <= LAST, "what had ended is not spent after all"
    # The till gave its rights to these points back, so the server lets them end when it looks.
    assert dues(shop.server, CLOCK.now_ms() + 2 * HOUR_MS)["expired_points"] == ENDED
    for each in (till, other):
        assert sync(each).trouble is None
        assert view(each, member).balance_points == LAST
    assert shop.balance_at_server(member) == LAST
    with contextlib.closing(shop.server.open()) as database:
        told = explain_subject(database, member, now_ms=CLOCK.now_ms())
    assert isinstance(told, MemberExplained)
    assert sum(entry.points for entry in told.entries if entry.kind == "expiration") == -ENDED
    assert till.attention(ReadAttention()).items == ()
    assert shop.server.verified().faults == []
    assert_sound(till)


def test_what_ended_alone_is_not_used_after_joining_by_hand(tmp_path: Path) -> None:
    make_books(f"sqlite:///{tmp_path / 'books.db'}")
    office, clock = Office(tmp_path), LateClock(60 * DAY_MS)
    with open_till(tmp_path / "one", keys=FileKeys(tmp_path / "keys"), clock=clock) as till:
        till.publish_program(PublishProgram(OWN))
        member = enroll(till)
        sell(till, member, FIRST * 100)
        clock.late_ms = 0
        sell(till, member, LAST * 100)
        hand(till).invite(office.invitation())

        for trip in ("first", "second"):
            office.trip(till, trip)

            assert till.context.identity.joined
            assert view(till, member).spendable_points == LAST
    office.assert_sound()


def test_rights_to_what_ended_are_given_back_once_and_others_stay(shop: Shop) -> None:
    clock = LateClock(60 * DAY_MS)
    till = till_alone(shop, clock)
    ended, kept = enroll(till), enroll(till, "Bo Example")
    sell(till, ended, FIRST * 100)
    clock.late_ms = 0
    sell(till, kept, LAST * 100)
    before = {member: spendable(till, member) for member in (ended, kept)}

    assert give_back_ended(till.context) == FIRST
    assert give_back_ended(till.context) == 0

    assert before == {ended: FIRST, kept: LAST}
    assert (spendable(till, ended), spendable(till, kept)) == (0, LAST)
    assert (view(till, kept).balance_points, view(till, kept).spendable_points) == (LAST, LAST)
    assert_sound(till)
