"""Codes on the printed command sheet: a till whose only input is a scanner can do everything.

A code is 10 letters of the card alphabet, which come out right on every keyboard layout::

    XKD    JKP            BF         RS
    |      |              |          |
    sheet  merchant tag   command    2 check letters

It does what a key of the keyboard does, so it can do no more than a cashier; the tag keeps the
sheet of another shop from working here. `cards` prints the codes, the counter reads them.
"""

from collections.abc import Sequence
from typing import Final

from pos_loyalty.domain.card_payload import ALPHABET, CHECK_LENGTH, check_letters

SHEET_LETTERS: Final = "XKD"

COMMANDS: Final = (
    *"0123456789",
    "00",
    ".",
    "OK",
    "CLEAR",
    "BACK",
    "UNDO",
    "NEW",
    "NOCARD",
    "REWARD1",
    "REWARD2",
    "REWARD3",
    "REWARD4",
    "REWARD5",
    "LINE",
)
"""What the sheet offers; the place in this list is printed, so it only grows at its end."""

_LENGTH: Final = len(SHEET_LETTERS) + 3 + 2 + CHECK_LENGTH


def command_code(command: str, tag: str) -> str:
    """Return the text to print for a command of the shop with this merchant tag."""
    place = COMMANDS.index(command)
    body = SHEET_LETTERS + tag + ALPHABET[place >> 4] + ALPHABET[place & 0xF]
    return body + check_letters(body)


def read_command(text: str, tags: Sequence[str]) -> str | None:
    """Return the command that a scanned text stands for in a shop with these tags, or None."""
    code = text.strip().upper()
    if len(code) != _LENGTH or not code.startswith(SHEET_LETTERS):
        return None
    return next(
        (command for tag in tags for command in COMMANDS if command_code(command, tag) == code),
        None,
    )
