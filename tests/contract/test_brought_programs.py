"""Programs that a joining till brings along: known, never in force, and never a danger."""

import os

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarnRule
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import MemberId, ProgramVersion
from pos_loyalty.domain.program import NEVER_MS, LoyaltyProgram
from pos_loyalty.server.fold_place import CLOCK_WRONG_MS_MAX
from pos_loyalty.wire.messages import PROGRAMS_MAX, ProgramRow
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import PROGRAM, Refused, SimpleTill, enrollment, new_member, sale

TRIPLE = msgspec.structs.replace(
    PROGRAM,
    version=ProgramVersion("2026-01-01-abcdef"),
    effective_from_ms=1_767_225_600_000,
    earn=EarnRule(step_minor_units=100, points_per_step=3),
    weekday_multipliers=(),
    welcome_points=20,
)

LONG = os.urandom(10_000).hex() * 60
"""So much text that a request may hold it, and no program."""


def renamed(version: str, **changes: object) -> LoyaltyProgram:
    return msgspec.structs.replace(TRIPLE, version=ProgramVersion(version), **changes)


def by_triple(member: MemberId, *, at_ms: int, earned: int = 63) -> SaleRecorded:
    return msgspec.structs.replace(sale(member, earned=earned, at_ms=at_ms), program=TRIPLE.version)


def joined(server: RunningServer, *programs: LoyaltyProgram) -> SimpleTill:
    till = SimpleTill(server.url)
    till.join(server.till_code(), programs=programs)
    return till


def test_every_till_hears_of_a_brought_version_as_one_that_never_holds(
    own_server: RunningServer,
) -> None:
    other = own_server.joined_till()
    joined(own_server, TRIPLE)

    told = [row.program for row in other.exchange().rows if isinstance(row, ProgramRow)]

    aside = msgspec.structs.replace(TRIPLE, effective_from_ms=NEVER_MS)
    assert told == [PROGRAM, aside]


def test_sales_and_welcome_points_of_before_joining_are_right_and_later_ones_are_listed(
    own_server: RunningServer,
) -> None:
    till, member = joined(own_server, TRIPLE), new_member()
    now_ms = CLOCK.now_ms()
    welcome = msgspec.structs.replace(
        enrollment(member, welcome=20), program=TRIPLE.version, at_ms=now_ms - 2_000
    )
    before = by_triple(member, at_ms=now_ms - 1_000)
    wrong = by_triple(member, at_ms=now_ms - 1_000, earned=21)
    after = by_triple(member, at_ms=now_ms + CLOCK_WRONG_MS_MAX + 60_000)

    reply = till.exchange(welcome, before, wrong, after)

    assert reply.verdicts == ((3, "differs"), (4, "differs"))
    assert till.member(member).balance == 20 + 63 + 21 + 63, "each as its till said"
    assert own_server.verified().faults == []


def test_a_repeated_join_brings_a_version_once(own_server: RunningServer) -> None:
    till, code = SimpleTill(own_server.url), own_server.till_code()
    for _ in range(2):
        till.join(code, programs=(TRIPLE,))

    (count,) = own_server.fetch("SELECT count(*) FROM program")[0]
    assert count == 2


def test_a_version_that_is_published_here_stays_as_it_is(own_server: RunningServer) -> None:
    joined(own_server, msgspec.structs.replace(PROGRAM, welcome_points=5_000))

    (row,) = own_server.fetch("SELECT body FROM program")
    assert msgspec.json.decode(row[0], type=LoyaltyProgram) == PROGRAM


@pytest.mark.parametrize(
    ("programs", "code"),
    [
        ((renamed("empty", tiers=()),), Code.PROGRAM_RULES),
        ((renamed("other", currency="USD"),), Code.PROGRAM_CURRENCY),
        ((renamed("../../etc"),), Code.BODY_SHAPE),
        ((renamed("x" * 81),), Code.BODY_SHAPE),
        (tuple(renamed(f"v{n}") for n in range(PROGRAMS_MAX + 1)), Code.BODY_SHAPE),
        ((renamed("long", name=LONG),), Code.BODY_LARGE),
    ],
    ids=["broken", "currency", "name", "long name", "many", "large"],
)
def test_S23_a_till_that_brings_an_unusable_program_is_refused_and_leaves_nothing(
    own_server: RunningServer, programs: tuple[LoyaltyProgram, ...], code: Code
) -> None:
    with pytest.raises(Refused) as refused:
        joined(own_server, TRIPLE, *programs)

    assert refused.value.code == code
    assert own_server.fetch("SELECT count(*) FROM program")[0][0] == 1
    assert own_server.fetch("SELECT count(*) FROM till")[0][0] == 0


def test_joining_again_by_key_brings_no_program(own_server: RunningServer) -> None:
    till = own_server.joined_till()
    assert till.joined is not None
    old = till.stream
    till.begin_stream()

    till.join(till=till.joined.till, closes_stream=old, programs=(TRIPLE,))

    assert own_server.fetch("SELECT count(*) FROM program")[0][0] == 1
