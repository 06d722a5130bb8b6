import pytest

from pos_loyalty.domain.command_codes import COMMANDS, command_code, read_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    CameraPanel,
    IdlePanel,
    ListPanel,
    Tone,
)
from pos_loyalty.ui.presenters.counter_services import Sound
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    FOREIGN,
    JONAS,
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
    assert counter.member.spendable_note == (
        "100 safe to use here now. The others need the server's yes first."
        " When online, this till asks for it."
    )
    assert [reward.enabled for reward in counter.member.rewards] == [True, False, False, False]


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
