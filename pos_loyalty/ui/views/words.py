"""The few words that belong to the view and to no state: names for a screen reader, letters."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CounterWords:
    """Words in English; the window passes those of the cashier's language.

    ``alphabet`` holds the letters of the letter board, at most `LETTERS_MAX` of them.
    """

    menu: str = "Menu"
    to_look_at: str = "to look at"
    letters: str = "Letters"
    backspace: str = "Delete the last digit"
    clear: str = "Clear the amount"
    clear_face: str = "C"
    delete_letter: str = "Delete the last letter"
    space: str = "Space"
    close: str = "Close"
    page_up: str = "Previous page"
    page_down: str = "Next page"
    cashier: str = "Cashier"
    progress: str = "Progress"
    alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ'-"
