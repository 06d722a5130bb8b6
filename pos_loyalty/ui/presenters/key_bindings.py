"""Which key asks for what. Names of keys are plain words, so that no Qt is needed here."""

from typing import Final

from pos_loyalty.ui.presenters.counter_screen import Action

ACTIONS: Final = {
    "Enter": Action.COMPLETE,
    "F12": Action.COMPLETE,
    "Esc": Action.CANCEL,
    "Backspace": Action.BACKSPACE,
    "Delete": Action.CLEAR,
    "F1": Action.HELP,
    "F2": Action.NEW_MEMBER,
    "F3": Action.FIND,
    "F4": Action.REWARDS,
    "F5": Action.CONSENT,
    "F6": Action.NO_CARD,
    "F7": Action.RECEIPT,
    "F8": Action.UNDO,
    "Ctrl+Z": Action.UNDO,
    "F10": Action.MENU,
    "Ctrl+D": Action.CONNECTION,
}
"""Key to action; the same action as the button that shows the key."""

REWARDS: Final = {f"Alt+{position}": position for position in range(1, 10)}
"""Key to the position of a reward."""

ROWS: Final = {"Up": -1, "Down": 1}
"""Key to the rows that the selection of an open list moves down."""

FULL_SCREEN: Final = "F11"

COMMANDS: Final = {
    "OK": "Enter",
    "CLEAR": "Delete",
    "BACK": "Esc",
    "UNDO": "F8",
    "NEW": "F2",
    "NOCARD": "F6",
} | {f"REWARD{position}": f"Alt+{position}" for position in range(1, 6)}
"""Code of the command sheet to the key that does the same; digits, point and LINE are typed."""
