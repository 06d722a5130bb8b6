"""An invitation that is scanned goes with the sign-up; the receipt shows the member's own."""

import pytest

from pos_loyalty.ui.presenters.counter_screen import ReceiptPanel
from pos_loyalty.ui.presenters.counter_services import ReceiptShown
from tests.unit.ui.presenters.change_fakes import DAMAGED_INVITATION, INVITATION
from tests.unit.ui.presenters.counter_fakes import AYSE, BLANK, Counter


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_an_invitation_opens_the_sign_up_and_goes_with_it(counter: Counter) -> None:
    counter.scan(INVITATION)
    assert counter.strip == "Invited by a member. Scan a new card, or type the phone number."
    counter.scan(BLANK)
    assert counter.strip == "Invited by a member. Type the phone number, or start without it."

    counter.press("Enter")

    assert counter.services.sign_ups[0].invited_by == INVITATION


def test_an_invitation_during_the_sign_up_goes_with_it(counter: Counter) -> None:
    counter.scan(BLANK)
    counter.type("0151")
    counter.scan(INVITATION)
    assert counter.strip.startswith("Invited by a member.")
    assert counter.screen.amount.text == "0151"

    counter.press("Enter")

    (order,) = counter.services.sign_ups
    assert (order.invited_by, order.phone) == (INVITATION, "0151")


def test_with_a_member_on_the_sale_it_waits_for_a_new_one(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.scan(INVITATION)
    assert counter.strip == "Invited by a member. It counts for a new member only."
    counter.press("F2")
    assert counter.strip.startswith("Invited by a member.")

    counter.scan(BLANK)
    counter.press("Enter")

    assert counter.services.sign_ups[0].invited_by == INVITATION


def test_it_is_forgotten_when_something_else_goes_on(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.scan(INVITATION)
    counter.type("2100")
    counter.press("Enter", "F2")

    assert not counter.strip.startswith("Invited")


def test_a_cancelled_sign_up_takes_its_invitation_with_it(counter: Counter) -> None:
    counter.scan(INVITATION)
    counter.press("Esc", "F2")

    assert not counter.strip.startswith("Invited")


def test_a_damaged_invitation_is_refused_in_words(counter: Counter) -> None:
    counter.scan(DAMAGED_INVITATION)

    assert counter.strip == "This invitation does not pass the check. Scan it once more."


def test_the_receipt_has_the_invitation_beside_it_where_the_program_pays_for_it(
    counter: Counter,
) -> None:
    counter.services.receipt_shown = ReceiptShown(("101", "010"), ("11", "01"))
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter", "F7")

    panel = counter.screen.left
    assert isinstance(panel, ReceiptPanel)
    assert (panel.modules, panel.invitation) == (("101", "010"), ("11", "01"))
    assert panel.names == ("Receipt", "Invite a friend")
    assert counter.strip == "The customer may take a picture of these codes."
