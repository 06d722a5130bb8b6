import pytest

from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    IdlePanel,
    ListPanel,
    SignUpPanel,
)
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    JONAS,
    NUMBER,
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


# --- find


def test_three_letters_find_and_enter_takes_the_member(counter: Counter) -> None:
    counter.type("Jo")
    assert panel(counter).rows == ()
    counter.type("n")
    assert [row.title for row in panel(counter).rows] == ["Jonas Keller"]
    assert counter.screen.search_text == "Jon"
    assert counter.strip == "Press Enter for Jonas, or choose with the arrow keys."

    counter.press("Enter")
    assert counter.strip == "Jonas is on this sale. Type the amount."
    counter.type("2100")
    counter.press("Enter")
    assert counter.services.orders[0].found_by == "name"


def test_the_arrows_choose_and_digits_search_while_find_is_open(counter: Counter) -> None:
    counter.services.people[JONAS].phone = "015199"
    counter.press("F3")
    counter.type("0151")
    assert [row.selected for row in panel(counter).rows] == [True, False]

    counter.press("Down", "Down", "Up", "Down", "Enter")

    assert counter.strip == "Jonas is on this sale. Type the amount."


def test_a_row_can_be_tapped(counter: Counter) -> None:
    counter.presenter.search_edited("ahr")
    counter.presenter.search_edited("kel")
    counter.settle()
    counter.presenter.row_pressed("no such row")
    counter.presenter.row_pressed(JONAS)
    counter.settle()

    assert counter.strip == "Jonas is on this sale. Type the amount."


@pytest.mark.parametrize(("text", "phone", "name"), [("0171", "0171", ""), ("Eva", "", "Eva")])
def test_nobody_found_can_become_a_new_member(
    counter: Counter, text: str, phone: str, name: str
) -> None:
    counter.press("F3")
    counter.type(text)
    assert panel(counter).empty == f"Nobody with {text}."
    assert panel(counter).buttons[0].action is Action.NEW_MEMBER

    counter.press("F2")

    assert counter.screen.amount.text == phone
    assert counter.screen.sign_up is not None
    assert counter.screen.sign_up.name_text == name


def test_a_typed_card_number_earns_only(counter: Counter) -> None:
    counter.press("F3")
    counter.type(NUMBER[:6] + " " + NUMBER[6:])
    counter.press("Enter")

    assert counter.strip == "Ayşe is on this sale. Type the amount."
    assert not any(reward.enabled for reward in counter.member.rewards)
    counter.press("Alt+1")
    assert counter.strip == "A typed number collects points. To use points, scan the card."


def test_the_card_itself_opens_what_its_number_does_not(counter: Counter) -> None:
    counter.press("F3")
    counter.type(NUMBER)
    counter.press("Enter")
    counter.scan(AYSE)

    assert all(reward.enabled for reward in counter.member.rewards)


def test_whoever_types_on_after_find_is_not_kept_waiting(counter: Counter) -> None:
    counter.type("Jon")
    counter.press("Enter")
    for key in "500":
        counter.clock.at_ms += 50
        counter.presenter.text_typed(key)
    counter.presenter.key_pressed("Enter")
    counter.settle()

    assert counter.strip.startswith("Saved.")


def test_a_second_enter_right_after_find_sells_nothing(counter: Counter) -> None:
    counter.type("500")
    counter.type("Jon")
    counter.clock.at_ms += 700
    for _ in range(3):
        counter.presenter.key_pressed("Enter")
        counter.settle()

    assert counter.services.orders == []
    assert counter.strip == "Jonas is on this sale. Press Enter to complete."


def test_a_scan_while_find_is_open_takes_the_card(counter: Counter) -> None:
    counter.type("Jo")
    counter.scan(AYSE)

    assert counter.strip == "Ayşe is on this sale. Type the amount."
    assert counter.screen.search_text == ""


def test_find_goes_back_letter_by_letter_and_closes(counter: Counter) -> None:
    counter.type("Jon")
    counter.press("Backspace")
    assert counter.screen.search_text == "Jo"
    assert panel(counter).rows == ()
    counter.press("Delete")
    assert counter.screen.search_text == ""
    counter.press("Esc")
    assert isinstance(counter.screen.left, IdlePanel)


def test_the_letter_board_writes_names_with_a_capital_first(counter: Counter) -> None:
    counter.press("F2")
    counter.presenter.action_pressed(Action.LETTERS)
    assert counter.screen.letters_open
    for letter in ("E", "V", "A", " ", "R", "\b"):
        counter.presenter.board_letter_pressed(letter)
    assert counter.screen.sign_up is not None
    assert counter.screen.sign_up.name_text == "Eva "
    counter.press("Esc")
    assert not counter.screen.letters_open
    assert isinstance(counter.screen.left, SignUpPanel)


def test_letters_outside_a_sign_up_open_find(counter: Counter) -> None:
    counter.presenter.action_pressed(Action.LETTERS)

    assert counter.screen.letters_open
    assert panel(counter).title == "Find a member"
