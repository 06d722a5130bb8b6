import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.ui.presenters.command_codes import COMMANDS, command_code, read_command
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    CameraPanel,
    IdlePanel,
    ListPanel,
    SignUpPanel,
    Tone,
)
from pos_loyalty.ui.presenters.counter_services import Sound
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    BLANK,
    FOREIGN,
    JONAS,
    NAMELESS,
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


# --- scans


def test_the_same_card_twice_in_one_sale_has_no_effect(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    before = counter.screen
    counter.scan(AYSE)

    assert counter.screen == before


def test_another_card_switches_and_one_key_switches_back(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Alt+3")
    counter.scan(JONAS)

    assert counter.strip == "Now Jonas. Ayşe was taken off."
    assert counter.screen.strip.buttons[0].action is Action.SWITCH_BACK

    counter.press("Esc")
    assert counter.strip == "€3 off is on this sale. Press Enter to give it."
    assert counter.member.points == "1,240"


def test_the_way_back_ends_with_the_next_input(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.scan(JONAS)
    counter.type("5")
    counter.press("Esc")

    assert counter.strip == "Jonas is on this sale. Type the amount."


def test_a_scan_after_a_sale_starts_the_next_at_once(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter")
    counter.scan(JONAS)

    assert counter.strip == "Jonas is on this sale. Type the amount."
    assert counter.screen.amount.text == "€ 0.00"


def test_F44_the_same_code_within_two_seconds_is_ignored(counter: Counter) -> None:
    counter.scan(FOREIGN)
    counter.press("Esc")
    counter.clock.at_ms += 1_000
    counter.presenter.card_scanned((FOREIGN,))
    counter.settle()

    assert counter.strip == READY


@pytest.mark.parametrize(
    ("text", "strip", "tone", "buttons"),
    [
        (
            "XYZ",
            "This card is not one of ours. Ask for another card or the phone number.",
            Tone.BAD,
            ["Find", "New member"],
        ),
        (FOREIGN, "This card belongs to another program.", Tone.BAD, ["Find"]),
    ],
)
def test_a_card_that_cannot_be_used_is_said_with_a_way_on(
    counter: Counter, text: str, strip: str, tone: Tone, buttons: list[str]
) -> None:
    counter.type("2100")
    counter.scan(text)

    assert counter.strip == strip
    assert counter.screen.strip.tone is tone
    assert [button.label for button in counter.screen.strip.buttons] == buttons
    assert counter.screen.amount.text == "€ 21.00"
    assert counter.sounds.played == [Sound.LOOK]


def test_the_second_reading_of_a_scan_may_be_the_card(counter: Counter) -> None:
    counter.scan("garbled", AYSE)

    assert counter.strip == "Ayşe is on this sale. Type the amount."


def test_a_scanner_of_another_layout_is_recognized(counter: Counter) -> None:
    counter.scan("C" * 29, "Ç" * 29)

    assert counter.strip.startswith("The scanner types different letters than this PC.")


def test_no_scan_at_all_is_no_input(counter: Counter) -> None:
    counter.presenter.card_scanned(())

    assert counter.strip == READY


def test_rights_are_asked_for_when_points_may_not_be_used_here(counter: Counter) -> None:
    counter.services.spendable[AYSE] = 100
    counter.scan(AYSE)

    assert counter.services.asked_rights == [(AYSE, 1240)]
    assert counter.member.spendable_note == "100 of them can be used here now"
    assert [reward.enabled for reward in counter.member.rewards] == [True, False, False, False]


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


# --- the command sheet


def test_a_scanner_alone_can_do_everything(counter: Counter) -> None:
    def codes(*commands: str) -> None:
        for command in commands:
            counter.scan(command_code(command, "JKP"))

    counter.scan(AYSE)
    codes("2", "1", "00", "REWARD4", "OK")
    assert counter.strip == "Saved. +42 \u2212800 points for Ayşe."
    codes("UNDO")
    assert counter.strip == "Undone. Ayşe has 1,240 points again."
    codes("4", ".", "5", "NOCARD")
    assert counter.services.orders[-1].total == 450
    codes("NEW", "0", "1", "OK")
    assert counter.services.sign_ups[-1].phone == "01"


def test_a_doubling_scanner_types_a_digit_once_and_a_cashier_twice(counter: Counter) -> None:
    code = command_code("5", "JKP")
    for gap_ms in (3_000, 300, 600):
        counter.clock.at_ms += gap_ms
        counter.presenter.card_scanned((code,))

    assert counter.screen.amount.text == "€ 0.55"


@pytest.mark.parametrize("code", [command_code("UNDO", "BBB"), command_code("UNDO", "JKP")[:-1]])
def test_the_command_sheet_of_another_shop_does_nothing(counter: Counter, code: str) -> None:
    counter.scan(code)

    assert counter.strip.startswith("This card is not one of ours.")


def test_every_command_has_a_code_of_its_own() -> None:
    codes = [command_code(command, "JKP") for command in COMMANDS]

    assert len(set(codes)) == len(COMMANDS)
    assert [read_command(code.lower(), ["BBB", "JKP"]) for code in codes] == list(COMMANDS)


# --- camera


def test_the_camera_opens_in_find_and_closes_with_a_card(counter: Counter) -> None:
    counter.press("F3")
    counter.presenter.action_pressed(Action.CAMERA)
    assert isinstance(counter.screen.left, CameraPanel)

    counter.scan(AYSE)

    assert counter.window.asked == ["camera on", "camera off"]
    assert counter.strip == "Ayşe is on this sale. Type the amount."


def test_the_camera_closes_after_twenty_seconds(counter: Counter) -> None:
    counter.presenter.action_pressed(Action.CAMERA)
    counter.wait(19_999)
    assert isinstance(counter.screen.left, CameraPanel)

    counter.wait(1)

    assert isinstance(counter.screen.left, IdlePanel)
    assert counter.window.asked == ["camera on", "camera off"]


def test_F42_a_camera_that_is_gone_is_said_and_everything_else_goes_on(counter: Counter) -> None:
    counter.presenter.action_pressed(Action.CAMERA)
    counter.presenter.camera_failed(Code.CAMERA_ABSENT)

    assert counter.strip == "No camera found. Scan with the hand scanner, or find by phone."
    counter.scan(AYSE)
    assert counter.strip == "Ayşe is on this sale. Type the amount."
