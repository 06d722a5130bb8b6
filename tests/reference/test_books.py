"""What a real server makes of a drawn history's events is what the reference makes of it."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import msgspec
import pytest

from pos_loyalty.domain.event import MemberEnrolled
from pos_loyalty.domain.expiration import ExpirationRules
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.system import SystemClock
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.contract.running_server import CLOCK, RunningServer, make_books, running_server
from tests.reference import tiers
from tests.reference.draw_program import ProgramDrawer
from tests.reference.history import History, Member
from tests.reference.money import DAY_MS

RAISED_BY_A_MOVE = 17
SEEDS = (*range(6 * int(os.environ.get("POS_ROUNDS", "1"))), RAISED_BY_A_MOVE)
DEEDS = ("sale", "refund", "undoing", "activity", "move")


class LongAgo(SystemClock):
    """The clock as it was when the program was published."""

    def now_ms(self) -> int:
        return super().now_ms() - 300 * DAY_MS


class HistoryInBooks(History):
    """A history of the last months, of deeds that tills write down as events.

    Nothing ends in it and no tier falls: when the server does that depends on its own clock.
    """

    def __init__(self, seed: int, database_url: str) -> None:
        self.database_url = database_url
        super().__init__(seed)
        self.now_ms = CLOCK.now_ms()
        self.at_ms = self.now_ms - 200 * DAY_MS
        self.tz = 0
        for member in self.members:
            member.expected.enrolled_ms = member.got.enrolled_ms = self.at_ms

    def draw_program(self) -> LoyaltyProgram:
        program = ProgramDrawer(self.random).program()
        draft = msgspec.structs.replace(
            program,
            tiers=tuple(
                msgspec.structs.replace(tier, expires_later_months=0) for tier in program.tiers
            ),
            expiration=ExpirationRules(),
            tier_rules=msgspec.structs.replace(program.tier_rules, months=24),
            referral=None,
        )
        with closing(RunningServer("", self.database_url).open()) as database:
            return publish_program(database, draft, from_ms=None, clock=LongAgo()).program

    def begin(self) -> None:
        """Both enroll."""
        for member in self.members:
            welcome = self.program.welcome_points
            self.journal.append(
                MemberEnrolled(
                    **member.got.base(self.at_ms, self.tz),
                    member=member.got.member,
                    welcome=welcome,
                )
            )
            self.expected, self.got = member.expected, member.got
            self.both_accrue(welcome)

    def next_moment(self) -> int:
        return min(self.now_ms, super().next_moment())

    def deeds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        return {name: deed for name, deed in super().deeds().items() if name in DEEDS}

    def check_standing(self, member: Member) -> None:
        """Raise the tier alone."""
        have = tiers.measures(
            member.expected.tally(),
            self.program.tier_rules,
            at_ms=self.at_ms,
            tz_minutes=self.tz,
            enrolled_ms=member.expected.enrolled_ms,
        )
        standing = member.expected.standing
        standing.held = max(standing.held, tiers.reached(self.program, have))


@pytest.mark.parametrize("seed", SEEDS)
def test_books_of_a_server_hold_what_the_reference_computes(seed: int, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/books.db"
    make_books(database_url)
    history = HistoryInBooks(seed, database_url)
    history.run()

    with running_server(database_url) as server:
        till = server.joined_till()
        till.proto = PROTOCOL_NEWEST
        random, rest = Random(seed), list(history.journal)
        while rest:
            count = random.randint(1, len(rest))
            till.exchange(*rest[:count])
            rest = rest[count:]
        rows = [till.member(member.got.member) for member in history.members]

        assert server.verified().faults == []

    for member, row in zip(history.members, rows, strict=True):
        expected = member.expected
        tally = expected.tally()
        said = "\n".join(history.said)
        assert row.balance == expected.book.balance(), said
        held = history.program.tiers[expected.standing.held].id
        assert (row.tier or history.program.tiers[0].id) == held, said
        assert row.sheet.tally == {name: tally.get(name, 0) for name in row.sheet.tally}, said
        bare = {name for name in history.needs if "@" not in name and tally.get(name)}
        assert bare <= set(row.sheet.tally), said
