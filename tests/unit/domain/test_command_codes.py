"""The printed codes of commands: each is one command of one shop, and nothing else is any."""

import pytest

from pos_loyalty.domain.command_codes import COMMANDS, SHEET_LETTERS, command_code, read_command

TAG = "JKP"
OTHER = "BCD"


def test_every_command_is_read_from_its_code_and_no_two_share_one() -> None:
    codes = {command_code(command, TAG): command for command in COMMANDS}

    assert len(codes) == len(COMMANDS)
    for code, command in codes.items():
        assert len(code) == 10
        assert code.startswith(SHEET_LETTERS)
        assert read_command(f" {code.lower()}\n", [OTHER, TAG]) == command


def test_codes_that_are_printed_already_keep_their_letters() -> None:
    printed = {command: command_code(command, TAG)[6:8] for command in ("0", "1", "OK", "LINE")}

    assert printed == {"0": "BB", "1": "BC", "OK": "BS", "LINE": "CK"}


@pytest.mark.parametrize("code", [command_code(COMMANDS[0], OTHER), "XKD", "", "4006381333931"])
def test_what_is_no_command_of_this_shop_is_none(code: str) -> None:
    assert read_command(code, [TAG]) is None


def test_a_code_with_one_letter_more_is_none() -> None:
    assert read_command(command_code("OK", TAG) + "B", [TAG]) is None
