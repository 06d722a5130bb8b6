from dataclasses import replace

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.ui.presenters.connection_chip import ConnectionChip
from pos_loyalty.ui.presenters.counter_screen import Connection
from tests.unit.ui.presenters.counter_fakes import FakeClock

CLOCK = FakeClock()
NOW = CLOCK.now_ms()
ONLINE = ConnectionStatus(joined=True, online=True, pending=0, last_contact_ms=NOW)
DOWN = replace(ONLINE, online=False, offline_since_ms=NOW, failed_tries=2, pending=14)


def shown(chip: ConnectionChip) -> Connection:
    return chip.chip().connection


def text(chip: ConnectionChip) -> str:
    return " ".join(chip.panel(CLOCK, "Mia").sentences)


def online_chip() -> ConnectionChip:
    chip = ConnectionChip()
    chip.update(ONLINE, NOW)
    return chip


def test_a_till_without_a_server_works_alone() -> None:
    chip = ConnectionChip()

    chip.update(replace(ONLINE, joined=False, online=False), NOW)

    assert shown(chip) is Connection.ALONE
    assert "saved on this PC" in text(chip)
    assert not chip.is_offline


def test_online_says_that_everything_is_sent() -> None:
    chip = online_chip()

    assert shown(chip) is Connection.ONLINE
    assert text(chip) == "Everything is sent. Last contact 10:58."


def test_sending_shows_after_three_seconds_of_it() -> None:
    chip = online_chip()
    busy = replace(ONLINE, pending=3, sending_since_ms=NOW)

    chip.update(busy, NOW + 3_000)
    assert shown(chip) is Connection.ONLINE

    chip.update(busy, NOW + 3_001)
    assert shown(chip) is Connection.SENDING
    assert chip.chip().text == "Sending 3"
    assert text(chip) == "3 items are on their way."


@pytest.mark.parametrize(("tries", "after_ms"), [(1, 60_000), (2, 19_999)])
def test_offline_waits_for_two_failed_tries_and_twenty_seconds(tries: int, after_ms: int) -> None:
    chip = online_chip()

    chip.update(replace(DOWN, failed_tries=tries), NOW + after_ms)

    assert shown(chip) is Connection.ONLINE


def test_offline_says_since_when_what_is_safe_and_why() -> None:
    chip = online_chip()

    chip.update(replace(DOWN, trouble=Code.NETWORK_DOWN), NOW + 20_000)

    assert shown(chip) is Connection.OFFLINE
    assert chip.chip().text == "Offline · saving here"
    assert chip.is_offline
    assert "Offline since 10:58." in text(chip)
    assert "14 items are safe on this PC and send by themselves." in text(chip)
    assert "No network on this PC." in text(chip)


def test_online_comes_back_after_five_stable_seconds() -> None:
    chip = online_chip()
    chip.update(DOWN, NOW + 20_000)

    chip.update(ONLINE, NOW + 21_000)
    assert shown(chip) is Connection.OFFLINE
    chip.update(DOWN, NOW + 22_000)
    chip.update(ONLINE, NOW + 23_000)
    chip.update(ONLINE, NOW + 27_999)
    assert shown(chip) is Connection.OFFLINE

    chip.update(ONLINE, NOW + 28_000)
    assert shown(chip) is Connection.ONLINE


@pytest.mark.parametrize(
    ("status", "after_ms", "word"),
    [
        (replace(ONLINE, trouble=Code.TILL_REVOKED), 0, "switched this till off"),
        (replace(ONLINE, clock_off_minutes=14), 0, "14 minutes off"),
        (DOWN, 72 * 3_600_000 + 1, "Offline since"),
    ],
)
def test_what_a_person_must_see_to_needs_a_look(
    status: ConnectionStatus, after_ms: int, word: str
) -> None:
    chip = online_chip()

    chip.update(status, NOW + after_ms)

    assert shown(chip) is Connection.LOOK
    assert chip.chip().text == "Needs a look"
    assert word in text(chip)
    assert "Call Mia." in text(chip)


def test_a_till_that_has_never_reached_its_server_says_so_at_once() -> None:
    chip = ConnectionChip()

    chip.update(replace(ONLINE, online=False, last_contact_ms=None, failed_tries=1), NOW)

    assert shown(chip) is Connection.OFFLINE


def test_the_first_moments_are_neither_online_nor_offline() -> None:
    chip = ConnectionChip()
    calling = replace(ONLINE, online=False, last_contact_ms=None)

    chip.update(calling, NOW)
    assert chip.chip().text == "Connecting"

    chip.update(ONLINE, NOW + 100)
    assert chip.chip().text == "Online"


def test_a_hub_that_stands_in_is_told_in_plain_words() -> None:
    chip = online_chip()

    chip.update(replace(DOWN, at_hub=True), NOW + 30_000)

    assert shown(chip) is Connection.OFFLINE
    assert chip.chip().text == "Offline \u00b7 safe on hub"
    assert "14 items are safe on this PC and on the shop's hub, and send by themselves." in text(
        chip
    )
    assert "the server has not heard of them yet" in text(chip)
    assert "as many points as this shop holds" in text(chip)
