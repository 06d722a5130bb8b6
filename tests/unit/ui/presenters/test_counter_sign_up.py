import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    ListPanel,
    SignUpPanel,
)
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    BLANK,
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


# --- sign-up


def test_a_blank_card_and_enter_make_a_member(counter: Counter) -> None:
    counter.scan(BLANK)
    assert counter.strip == NEW_CARD_READ
    assert isinstance(counter.screen.left, SignUpPanel)
    assert counter.screen.left.card_hint == "Card •• 9901"
    assert counter.screen.primary.label == "Start collecting · +50 points"

    counter.press("Enter")

    assert counter.strip == "The member starts with 50 points. Type the amount."
    assert counter.services.sign_ups[0].card_key == "b" * 32
    assert counter.member.points == "50"


def test_phone_name_and_consent_are_typed_without_moving_anything(counter: Counter) -> None:
    counter.scan(BLANK)
    counter.type("0171")
    counter.type("Eva R")
    counter.press("F5")
    assert counter.screen.amount.title == "Phone number"
    assert counter.screen.amount.text == "0171"
    assert counter.screen.sign_up is not None
    assert (counter.screen.sign_up.name_text, counter.screen.sign_up.consent) == ("Eva R", True)

    counter.press("Enter")

    (order,) = counter.services.sign_ups
    assert (order.phone, order.name, order.offers_consent) == ("0171", "Eva R", True)
    assert counter.strip == "Eva starts with 50 points. Type the amount."


def test_an_amount_typed_before_a_sign_up_is_kept_and_not_sold_by_the_same_enter(
    counter: Counter,
) -> None:
    counter.type("2100")
    counter.scan(BLANK)
    counter.clock.at_ms += 1_000
    for _ in range(5):
        counter.clock.at_ms += 60
        counter.presenter.key_pressed("Enter")
        counter.settle()
    assert counter.services.orders == []
    assert counter.strip == "The member starts with 50 points. Press Enter to complete."

    counter.press("Enter")

    assert counter.services.orders[0].total == 2100


def test_backspace_and_delete_belong_to_what_was_typed_last(counter: Counter) -> None:
    counter.press("F2", "+")
    counter.type("49171")
    counter.type("Eva")
    counter.press("Backspace")
    assert counter.screen.sign_up is not None
    assert counter.screen.sign_up.name_text == "Ev"
    counter.press("Delete", "5", "Backspace", "Backspace")
    assert counter.screen.sign_up.name_text == ""
    assert counter.screen.amount.text == "+4917"
    counter.press("Delete")
    assert counter.screen.amount.text == ""


def test_f2_asks_for_a_card_and_takes_a_phone_number_as_well(counter: Counter) -> None:
    counter.press("F2")
    assert counter.strip == "Scan a new card, or type the phone number and start without one."
    assert not counter.screen.primary.enabled
    counter.press("Enter")
    assert counter.services.sign_ups == []

    counter.scan(BLANK)
    assert counter.strip == NEW_CARD_READ


def test_a_used_card_does_not_end_a_sign_up(counter: Counter) -> None:
    counter.press("F2")
    counter.type("0171")
    counter.scan(AYSE)

    assert counter.strip == "This card already has a member. Scan a new card."
    assert counter.screen.amount.text == "0171"


def test_a_known_phone_is_asked_about_and_may_be_used(counter: Counter) -> None:
    counter.scan(BLANK)
    counter.type("015123456789")
    counter.press("Enter")
    assert counter.strip == "This phone already has a card (•• 4417). Use that member?"
    assert [button.label for button in counter.screen.strip.buttons] == ["Use", "Different person"]

    counter.press("Enter")

    assert counter.strip == "Ayşe is on this sale. Type the amount."


@pytest.mark.parametrize("key", ["F2", "button"])
def test_a_known_phone_may_be_another_persons(counter: Counter, key: str) -> None:
    counter.scan(BLANK)
    counter.type("015123456789")
    counter.press("Enter")
    if key == "button":
        counter.presenter.action_pressed(Action.DIFFERENT_PERSON)
        counter.settle()
    else:
        counter.press(key)

    assert counter.services.sign_ups[-1].different_person
    assert counter.strip == "The member starts with 50 points. Type the amount."


def test_any_other_key_lets_go_of_the_question(counter: Counter) -> None:
    counter.scan(BLANK)
    counter.type("015123456789")
    counter.press("Enter", "Backspace")
    assert counter.strip == NEW_CARD_READ
    counter.press("Enter")

    assert counter.services.sign_ups[-1].phone == "01512345678"


@pytest.mark.parametrize(
    ("error", "strip"),
    [
        (
            RuleViolation(Code.PHONE_SHAPE, example="0151 23456789"),
            "This is not a whole phone number. Example: 0151 23456789.",
        ),
        (
            StoreUnavailable(Code.DISK_FULL),
            "The new member is NOT saved; nothing can be written. Call Mia.",
        ),
    ],
)
def test_a_sign_up_that_cannot_be_keeps_what_was_typed(
    counter: Counter, error: Exception, strip: str
) -> None:
    counter.scan(BLANK)
    counter.type("017")
    counter.services.refusals = [error]
    counter.press("Enter")

    assert counter.strip == strip
    assert counter.screen.amount.text == "017"


def test_a_blank_card_during_a_members_sale_is_only_offered(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.scan(BLANK)
    assert counter.strip == "New card, nobody uses it yet. Start collecting?"
    assert counter.member.name.startswith("Ay")

    counter.press("F2")
    assert counter.strip == NEW_CARD_READ
    counter.press("Esc")
    assert counter.strip == "Ayşe is on this sale. Type the amount."


def test_an_offered_card_is_forgotten_once_something_else_goes_on(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.scan(BLANK)
    counter.press("5", "F2")

    assert counter.strip.startswith("Scan a new card")
