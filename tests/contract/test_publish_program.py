"""A program is published beside the running server; tills hear of it and sell by it."""

from contextlib import closing

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarnRule
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.publish_program import Published, publish_program
from pos_loyalty.wire.messages import ProgramRow, SyncReply
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import PROGRAM, new_member, sale

DOUBLE = msgspec.structs.replace(
    PROGRAM,
    version=ProgramVersion("draft"),
    earn=EarnRule(step_minor_units=100, points_per_step=2),
    weekday_multipliers=(),
)
HOUR_MS = 3_600_000


def publish(server: RunningServer, draft: LoyaltyProgram, from_ms: int | None = None) -> Published:
    with closing(server.open()) as database:
        return publish_program(database, draft, from_ms=from_ms, clock=CLOCK)


def programs_in(reply: SyncReply) -> list[LoyaltyProgram]:
    return [row.program for row in reply.rows if isinstance(row, ProgramRow)]


def test_a_till_hears_of_a_new_program_and_its_sales_by_it_are_right(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    told = programs_in(till.exchange())

    done = publish(own_server, DOUBLE)
    told += programs_in(till.exchange())
    at_ms = done.program.effective_from_ms
    by_new = msgspec.structs.replace(
        sale(member, earned=42, at_ms=at_ms), program=done.program.version
    )
    reply = till.exchange(by_new)

    assert told == [PROGRAM, done.program]
    assert reply.verdicts == ()
    assert till.member(member).balance == 42
    assert own_server.verified().faults == []


def test_a_new_program_is_heard_of_after_a_request_that_wrote_nothing(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(sale(member))
    # It takes the next version of the books and gives it back: the program gets that one.
    till.exchange(want_rights=((new_member(), 5),))

    done = publish(own_server, DOUBLE)
    by_new = msgspec.structs.replace(
        sale(member, earned=42, at_ms=done.program.effective_from_ms),
        program=done.program.version,
    )
    reply = till.exchange(by_new)

    assert reply.verdicts == ()
    assert own_server.verified().faults == []


def test_a_sale_of_before_is_judged_by_the_program_of_before(own_server: RunningServer) -> None:
    till, member = own_server.joined_till(), new_member()
    publish(own_server, DOUBLE)

    reply = till.exchange(sale(member))

    assert reply.verdicts == ()
    assert till.member(member).balance == 21


def test_the_same_program_twice_is_one_version_and_one_row(own_server: RunningServer) -> None:
    later = CLOCK.now_ms() + HOUR_MS
    first = publish(own_server, DOUBLE, later)
    second = publish(own_server, DOUBLE, later)
    third = publish(own_server, msgspec.structs.replace(DOUBLE, welcome_points=1), later)

    assert first.is_new
    assert not second.is_new
    assert second.program == first.program
    assert third.is_new
    assert third.program.effective_from_ms == later + 1
    assert own_server.fetch("SELECT count(*) FROM program") == [(3,)]
    assert own_server.fetch("SELECT count(*) FROM chg WHERE type = 'program'") == [(3,)]


@pytest.mark.parametrize(
    ("draft", "from_ms", "code"),
    [
        (msgspec.structs.replace(DOUBLE, currency="USD"), None, Code.PROGRAM_CURRENCY),
        (msgspec.structs.replace(DOUBLE, tiers=()), None, Code.PROGRAM_RULES),
        (DOUBLE, 1, Code.PROGRAM_PAST),
    ],
)
def test_refused_program_writes_nothing(
    own_server: RunningServer, draft: LoyaltyProgram, from_ms: int | None, code: Code
) -> None:
    before = own_server.fetch("SELECT v FROM clock")

    with pytest.raises(CommandRefused) as refused:
        publish(own_server, draft, from_ms)

    assert refused.value.code is code
    assert own_server.fetch("SELECT version FROM program") == [(PROGRAM.version,)]
    assert own_server.fetch("SELECT v FROM clock") == before
