"""What the window shows before the till is open, or instead of it when it cannot be opened.

The picture before it, of the zones alone, is `views/first_picture`.
"""

from pos_loyalty.ui.presenters import starting_words as words
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    AmountBox,
    AmountLook,
    Button,
    Chip,
    Connection,
    CounterScreen,
    IdlePanel,
    Strip,
    Tone,
)

_STEPS = (
    ("Scan the card", "or find by phone \u2014 F3"),
    ("Type the amount", "card and amount in any order"),
    ("Press Enter", "points are added and saved at once"),
)


def starting_screen() -> CounterScreen:
    """Return the screen of the first moments."""
    return _screen(Strip(Tone.QUIET, "clock", words.OPENING), chip="Opening")


def cannot_open_screen(sentence: str, advice: str) -> CounterScreen:
    """Return the screen of a till that cannot be opened, with what to do about it."""
    return _screen(Strip(Tone.BAD, "octagon-alert", sentence), chip="Not open", today=advice)


def _screen(strip: Strip, *, chip: str, today: str = "") -> CounterScreen:
    return CounterScreen(
        shop_name="",
        till_name="",
        search_text="",
        search_placeholder="Scan card, or type phone or name",
        chip=Chip(Connection.ALONE, chip, "monitor"),
        cashier="",
        strip=strip,
        left=IdlePanel(_STEPS, today),
        amount=AmountBox(words.AMOUNT_TITLE, words.AMOUNT, AmountLook.EMPTY),
        decimal_key=".",
        plus_label="+ line",
        primary=_off(Action.COMPLETE, words.COMPLETE, "Enter", "check"),
        bottom=(
            _off(Action.NEW_MEMBER, "New member", "F2", "user-plus"),
            _off(Action.FIND, "Find", "F3", "search"),
            _off(Action.REWARDS, "Rewards", "F4", "gift"),
            _off(Action.NO_CARD, "No card", "F6", "user"),
            _off(Action.UNDO, "Undo", "F8", "undo-2"),
        ),
        last_sales_title="Last sales",
        last_sales=(),
        last_sales_empty="",
        undo=_off(Action.UNDO, "Undo last sale", "F8", "undo-2"),
    )


def _off(action: Action, label: str, key: str, icon: str) -> Button:
    return Button(action, label, key, icon, enabled=False)
