"""A voucher at the counter: scanned onto the sale, said on the strip, taken off with Esc."""

from pos_loyalty.services.keep_draft import DraftTaken
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    JONAS,
    POINTS_VOUCHER,
    TWO_OFF,
    Counter,
    FakeClock,
    FakeServices,
)


def test_a_scanned_voucher_is_on_the_sale_and_says_what_it_is_worth() -> None:
    counter = Counter()
    counter.scan(TWO_OFF)
    assert counter.strip == "Voucher: € 2.00 off. Type the amount."

    counter.type("2100")

    assert counter.strip == "Voucher: € 2.00 off. Scan a card, or press F6."
    assert counter.screen.amount.hint == "To pay € 19.00"


def test_a_voucher_goes_with_a_sale_without_a_card() -> None:
    counter = Counter()
    counter.type("2100")
    counter.scan(TWO_OFF)

    counter.press("F6")

    (order,) = counter.services.orders
    assert (order.voucher, order.total, order.member_id) == (TWO_OFF, 2100, None)
    assert counter.screen.amount.hint == "To pay € 19.00"
    counter.type("5")
    assert counter.screen.amount.hint == ""


def test_a_voucher_stays_when_a_card_is_scanned_and_when_another_one_is() -> None:
    counter = Counter()
    counter.scan(TWO_OFF)
    counter.scan(AYSE)
    counter.scan(JONAS)
    counter.type("2100")

    counter.press("Enter")

    (order,) = counter.services.orders
    assert (order.voucher, order.member_id) == (TWO_OFF, JONAS)


def test_escape_takes_the_voucher_off_and_nothing_else() -> None:
    counter = Counter()
    counter.scan(AYSE)
    counter.type("2100")
    counter.scan(TWO_OFF)

    counter.press("Esc")

    assert counter.member.name.startswith("Ay")
    counter.press("Enter")
    assert counter.services.orders[0].voucher == ""


def test_the_second_voucher_takes_the_place_of_the_first() -> None:
    counter = Counter()
    counter.scan(AYSE)
    counter.type("2100")
    counter.scan(TWO_OFF)
    counter.scan(POINTS_VOUCHER)
    assert counter.strip == "Voucher: 200 points. Press Enter to complete."

    counter.press("Enter")

    assert counter.services.orders[0].voucher == POINTS_VOUCHER
    assert counter.strip.startswith("Saved. +242 points for Ayşe")


def test_a_voucher_of_points_asks_for_the_card() -> None:
    counter = Counter()
    counter.scan(POINTS_VOUCHER)
    counter.type("2100")

    assert counter.strip == "This voucher gives points. Scan the member's card first."


def test_a_used_voucher_is_refused_in_words_and_the_sale_stays() -> None:
    counter = Counter()
    counter.services.used_vouchers.add(TWO_OFF)
    counter.scan(AYSE)
    counter.type("2100")

    counter.scan(TWO_OFF)

    assert counter.strip == "This voucher was used already, here on 2026-09-21."
    assert counter.member.name.startswith("Ay")
    counter.press("Enter")
    assert counter.services.orders[0].voucher == ""


def test_the_voucher_of_a_sale_from_before_comes_back_with_it() -> None:
    before = Counter()
    before.scan(TWO_OFF)
    before.type("2100")
    before.wait(1_000)
    kept = before.services.draft_writes[-1]
    assert kept is not None
    assert kept.voucher == TWO_OFF

    clock = FakeClock()
    services = FakeServices(clock)
    services.draft = DraftTaken(changed_ms=clock.now_ms(), sale=kept)
    after = Counter(services)

    assert after.screen.amount.hint == "To pay € 19.00"
    after.press("F6")
    assert after.services.orders[0].voucher == TWO_OFF
