"""A till that works alone follows its own program, and never loses the one it had."""

import dataclasses

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarnRule
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.publish_program import PublishProgram
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.till import Till
from tests.builders import DAY_MS, STANDARD
from tests.sample_till import SampleTill, enroll, sell

DOUBLE = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("draft"),
    earn=EarnRule(step_minor_units=100, points_per_step=2),
    weekday_multipliers=(),
)


def versions(till: Till) -> list[LoyaltyProgram]:
    with till.context.store.read() as work:
        return list(work.programs.all())


def test_a_published_program_holds_at_once_and_after_the_next_start(sample: SampleTill) -> None:
    with sample.open() as till:
        member = enroll(till)
        before = sell(till, member).earned_points
        done = till.publish_program(PublishProgram(DOUBLE))
        after = sell(till, member).earned_points
    with sample.open() as till:
        later = till.program()

    assert done.is_new
    assert after == before * 2
    assert later == done.program


def test_the_program_before_stays_as_it_was(till: Till) -> None:
    before = versions(till)
    till.publish_program(PublishProgram(DOUBLE))

    assert versions(till)[:1] == before
    assert len(versions(till)) == 2


def test_a_program_of_tomorrow_waits_until_then(sample: SampleTill) -> None:
    with sample.open() as till:
        tomorrow = till.context.clock.now_ms() + DAY_MS
        done = till.publish_program(PublishProgram(DOUBLE, tomorrow))

        assert till.program() == STANDARD
        assert till.context.program(tomorrow) == done.program
        assert done.program.effective_from_ms == tomorrow


def test_the_same_program_twice_is_published_once(till: Till) -> None:
    first = till.publish_program(PublishProgram(DOUBLE))
    second = till.publish_program(PublishProgram(DOUBLE))

    assert second.program == first.program
    assert not second.is_new
    assert len(versions(till)) == 2


@pytest.mark.parametrize(
    ("draft", "from_ms", "code"),
    [
        (msgspec.structs.replace(DOUBLE, currency="USD"), None, Code.PROGRAM_CURRENCY),
        (msgspec.structs.replace(DOUBLE, tiers=()), None, Code.PROGRAM_RULES),
        (DOUBLE, 1, Code.PROGRAM_PAST),
    ],
)
def test_refused_program_writes_nothing(
    till: Till, draft: LoyaltyProgram, from_ms: int | None, code: Code
) -> None:
    with pytest.raises(CommandRefused) as refused:
        till.publish_program(PublishProgram(draft, from_ms))

    assert refused.value.code is code
    assert versions(till) == [STANDARD]
    assert till.program() == STANDARD


def test_a_till_with_a_server_leaves_publishing_to_it(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = dataclasses.replace(till.shop, joined=True)
    monkeypatch.setattr(TillContext, "identity", joined)

    with pytest.raises(CommandRefused) as refused:
        till.publish_program(PublishProgram(DOUBLE))

    assert refused.value.code is Code.PROGRAM_SERVER
    assert versions(till) == [STANDARD]
