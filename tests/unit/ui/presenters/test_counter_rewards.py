import pytest

from pos_loyalty.ui.presenters.counter_screen import (
    ListPanel,
)
from pos_loyalty.ui.presenters.counter_services import Sound
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    NAMELESS,
    Counter,
)

READY = "Ready. Scan a member card, or type an amount."
NEW_CARD_READ = "New card read. Type the phone number, or start without it."


@pytest.fixture
def counter() -> Counter:
    return Counter()


def panel(counter: Counter) -> ListPanel:
    left = counter.screen.left
    assert isinstance(left, ListPanel)
    return left


# --- rewards


def test_a_reward_is_toggled_by_its_key(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.press("Alt+4")
    assert counter.strip == "Free pastry is on this sale. Type the amount."
    counter.type("2100")
    assert counter.strip == "Free pastry is on this sale. Press Enter to give it."
    assert counter.screen.strip.buttons[0].label == "Take off"
    assert counter.screen.primary.label == "Complete · +42 \u2212800 points"
    assert counter.member.rewards[3].chosen
    assert counter.member.rewards[3].detail == "800 points · leaves 440"

    counter.press("Alt+4")
    assert counter.strip == "Ayşe is on this sale. Press Enter to complete."
    counter.press("Alt+4", "Enter")

    assert counter.strip == "Saved. +42 \u2212800 points for Ayşe."
    assert counter.sounds.played[-1] is Sound.REWARD


def test_f4_and_a_digit_choose_a_reward(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("F4")
    assert counter.strip == "Press the number of a reward, or tap it."

    counter.press("3")

    assert counter.strip == "€3 off is on this sale. Press Enter to give it."
    assert counter.screen.amount.text == "€ 21.00"


@pytest.mark.parametrize("key", ["F4", "Esc", "F1"])
def test_f4_ends_with_any_other_key(counter: Counter, key: str) -> None:
    counter.scan(AYSE)
    counter.press("F4", key, "3")

    assert counter.screen.amount.text == "€ 0.03"


def test_two_rewards_are_counted_in_the_strip(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Alt+2", "Alt+3")

    assert counter.strip == "2 rewards are on this sale. Press Enter to give them."


def test_paying_with_points_takes_a_sensible_part_and_any_other_on_request(
    counter: Counter,
) -> None:
    counter.scan(AYSE)
    counter.type("800")
    counter.press("Alt+1")
    assert counter.screen.primary.label == "Complete · +8 \u2212800 points"
    assert counter.screen.strip.buttons[1].label == "Other points"

    counter.press("F4")
    assert counter.screen.amount.text == "800"
    assert [row.title for row in panel(counter).rows] == ["800 points", "400 points", "100 points"]
    assert panel(counter).rows[0].trailing == "€ 4.00"
    counter.press("Delete")
    assert not counter.screen.primary.enabled
    counter.type("300")
    assert counter.screen.primary.label == "Use 300 points"
    counter.press("Enter")

    assert counter.screen.primary.label == "Complete · +12 \u2212300 points"
    counter.press("Enter")
    assert counter.services.orders[0].rewards[0].points == 300


def test_the_strip_says_the_part_and_its_worth(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.press("Alt+1")
    assert counter.strip == "Pay with points is on this sale. Type the amount."
    counter.type("800")
    assert counter.strip == "800 points = € 4.00 on this sale. Press Enter to give it."
    assert [button.label for button in counter.screen.strip.buttons] == [
        "Take off",
        "Other points",
    ]

    counter.press("F4", "Down", "Enter")

    assert counter.strip == "400 points = € 2.00 on this sale. Press Enter to give it."


def test_a_part_on_offer_can_be_chosen_with_arrows_or_a_tap(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("800")
    counter.press("Alt+1", "F4", "Down", "Enter")
    assert counter.screen.primary.label == "Complete · +12 \u2212400 points"

    counter.press("F4")
    counter.presenter.row_pressed("100")
    counter.settle()

    assert counter.screen.primary.label == "Complete · +14 \u2212100 points"


def test_a_part_that_does_not_fit_is_said(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("800")
    counter.press("Alt+1", "F4", "Backspace", "Backspace", "5", "Enter")

    assert counter.strip == "Points for this reward go in steps of 100, up to 800."


def test_a_sale_too_small_for_a_part_payment_says_so(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("50")
    counter.press("Alt+1")

    assert counter.strip == "This sale is too small for Pay with points."
    assert not counter.member.rewards[0].chosen


def test_rewards_need_somebody_who_has_points(counter: Counter) -> None:
    counter.press("F4", "Alt+1")
    assert counter.strip == READY

    counter.scan(NAMELESS)
    assert counter.member.rewards == ()
    assert counter.member.rewards_empty == "Nothing to redeem yet: 100 to go."
    counter.press("Alt+1")
    assert counter.strip == "There is no reward with this number."


def test_points_that_a_sale_counts_on_are_kept_here_until_it_is_over(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Alt+4")
    assert counter.services.reserved == [(AYSE, 800)]

    counter.press("Alt+4")
    assert counter.services.reserved[1:] == [(AYSE, 0)]

    counter.press("Alt+3", "Enter")
    assert counter.services.reserved[2:] == [(AYSE, 600), (AYSE, 0)]
