"""Publishing gives a draft a time and a name; what was published never changes."""

import msgspec

from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import EarnRule, LoyaltyProgram, program_in_force
from pos_loyalty.domain.program_version import dated, day_of, is_same
from tests.builders import DAY_MS, STANDARD, WEDNESDAY_MS

DRAFT = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("draft"),
    earn=EarnRule(step_minor_units=100, points_per_step=2),
)
DAY = "2025-11-19"


def other(points: int) -> LoyaltyProgram:
    return msgspec.structs.replace(DRAFT, welcome_points=points)


def test_a_version_tells_its_day_and_differs_by_its_content() -> None:
    first = dated(DRAFT, [STANDARD], from_ms=WEDNESDAY_MS, day=DAY)
    second = dated(other(7), [STANDARD], from_ms=WEDNESDAY_MS, day=DAY)

    assert first.version.startswith("2025-11-19-")
    assert len(first.version) == len(DAY) + 1 + 6
    assert first.version != second.version
    assert first.effective_from_ms == WEDNESDAY_MS
    assert is_same(first, DRAFT)


def test_the_same_rules_for_the_same_time_are_one_version() -> None:
    first = dated(DRAFT, [STANDARD], from_ms=WEDNESDAY_MS, day=DAY)

    assert dated(DRAFT, [STANDARD, first], from_ms=WEDNESDAY_MS, day=DAY) is first
    assert dated(DRAFT, [STANDARD, first], from_ms=WEDNESDAY_MS + DAY_MS, day=DAY) is first
    assert dated(STANDARD, [STANDARD], from_ms=WEDNESDAY_MS, day=DAY) is STANDARD


def test_of_versions_for_one_moment_the_one_published_last_holds() -> None:
    first = dated(DRAFT, [STANDARD], from_ms=WEDNESDAY_MS, day=DAY)
    second = dated(other(7), [STANDARD, first], from_ms=WEDNESDAY_MS, day=DAY)
    back = dated(DRAFT, [STANDARD, first, second], from_ms=WEDNESDAY_MS, day=DAY)
    programs = [STANDARD, first, second, back]

    assert second.effective_from_ms == WEDNESDAY_MS + 1
    assert back.effective_from_ms == WEDNESDAY_MS + 2
    assert len({program.version for program in programs}) == 4
    assert program_in_force(programs, WEDNESDAY_MS + DAY_MS) is back


def test_rules_of_before_can_hold_again_later() -> None:
    first = dated(DRAFT, [STANDARD], from_ms=WEDNESDAY_MS, day=DAY)
    again = dated(STANDARD, [STANDARD, first], from_ms=WEDNESDAY_MS + DAY_MS, day="2025-11-20")

    assert is_same(again, STANDARD)
    assert again.version != STANDARD.version


def test_a_name_that_another_content_has_is_longer() -> None:
    first = dated(DRAFT, [], from_ms=WEDNESDAY_MS, day=DAY)
    stranger = msgspec.structs.replace(default_program("EUR"), version=first.version)

    second = dated(DRAFT, [stranger], from_ms=WEDNESDAY_MS, day=DAY)

    assert second.version.startswith(first.version)
    assert len(second.version) == len(DAY) + 1 + 64


def test_the_day_is_that_of_the_shop_s_clock() -> None:
    midnight_utc = WEDNESDAY_MS // DAY_MS * DAY_MS

    assert day_of(midnight_utc, 60) == "2025-11-19"
    assert day_of(midnight_utc, -60) == "2025-11-18"
