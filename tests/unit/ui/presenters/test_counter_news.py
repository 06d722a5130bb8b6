"""New rules are said once for each version, when nobody is being served."""

import msgspec
import pytest

from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.services.program_news import ProgramNews
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter, FakeClock, FakeServices

READY = "Ready. Scan a member card, or type an amount."
EIGHT = 1_795_248_000_000
"""21 November 2026, 08:00 UTC."""


@pytest.fixture
def counter() -> Counter:
    return Counter()


def publish(counter: Counter, version: str = "2", *, welcome: int = 70) -> None:
    """Let new rules come into force at eight."""
    services = counter.services
    services.rules = msgspec.structs.replace(
        services.rules, version=ProgramVersion(version), welcome_points=welcome
    )
    services.changes.news = ProgramNews(version, "Summer", EIGHT)


def test_an_idle_counter_says_that_rules_are_new_and_which(counter: Counter) -> None:
    publish(counter)
    counter.wait(10_000)

    assert counter.strip == "New rules since 08:00: welcome points."


def test_a_till_that_was_closed_meanwhile_says_that_they_are_new() -> None:
    services = FakeServices(FakeClock())
    services.changes.news = ProgramNews("2", "Summer", EIGHT - 86_400_000)

    assert Counter(services).strip == "New rules since 20 Nov 08:00."


def test_the_first_program_of_a_server_just_joined_began_on_no_day_that_is_worth_saying() -> None:
    services = FakeServices(FakeClock())
    services.changes.news = ProgramNews("2", "Standard", 0)

    assert Counter(services).strip == "New rules."


def test_it_is_said_until_the_next_input_and_never_again(counter: Counter) -> None:
    publish(counter)
    counter.wait(10_000)
    counter.wait(3_600_000)
    assert counter.strip.startswith("New rules")
    assert counter.services.changes.seen == []

    counter.scan(AYSE)

    assert counter.services.changes.seen == ["2"]
    counter.press("Esc")
    counter.wait(60_000)
    assert counter.strip == READY


def test_the_next_version_is_said_again(counter: Counter) -> None:
    publish(counter)
    counter.wait(10_000)
    counter.press("1", "Esc")
    publish(counter, "3", welcome=80)
    counter.wait(10_000)

    assert counter.strip.startswith("New rules")


def test_nobody_is_interrupted(counter: Counter) -> None:
    counter.scan(AYSE)
    publish(counter)
    counter.wait(20_000)
    assert counter.strip == "Ayşe is on this sale. Type the amount."
    counter.type("2100")
    counter.press("Enter")
    counter.wait(1_000)
    assert counter.strip.startswith("Saved.")

    counter.wait(20_000)

    assert counter.strip.startswith("New rules")


def test_rules_that_come_by_the_clock_alone_are_used_at_once(counter: Counter) -> None:
    publish(counter, welcome=70)
    counter.wait(10_000)
    counter.press("F2")

    assert counter.screen.primary.label == "Start collecting · +70 points"


def test_many_changes_are_not_all_named(counter: Counter) -> None:
    publish(counter)
    services = counter.services
    services.rules = msgspec.structs.replace(
        services.rules, rewards=(), pending_days=14, sale_points_min=1, weekday_multipliers=()
    )
    counter.wait(10_000)

    assert counter.strip == "New rules since 08:00: days, rewards, welcome points, and more."


def test_news_that_cannot_be_read_disturb_nobody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError

    monkeypatch.setattr(counter.services, "program_news", broken)
    counter.wait(10_000)
    assert counter.strip == READY
