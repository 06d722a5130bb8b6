"""The big button: what Enter does in each state."""

from collections.abc import Callable
from typing import Final

from pos_loyalty.ui.presenters.activity_panel import given_by_hand, rule_of
from pos_loyalty.ui.presenters.counter_screen import Action, Button
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.formatting import money, signed_points
from pos_loyalty.ui.presenters.strips import complete_label, start_label

_SELLING: Final = frozenset({Mode.SALE, Mode.WHY})


def primary_button(state: CounterState) -> Button:
    """Return the big button as it is now; it never leaves its place."""
    return _BUTTONS.get(state.mode, _complete)(state)


def welcome_points(state: CounterState) -> int:
    """Return what a new member starts with."""
    return state.program.welcome_points if state.program else 0


def _start(state: CounterState) -> Button:
    is_ready = state.sign_up.can_start and not state.is_saving
    label = start_label(welcome_points(state))
    return Button(Action.COMPLETE, label, "Enter", "check", enabled=is_ready)


def _take_found(state: CounterState) -> Button:
    has_row = bool(state.find.found) and not state.is_saving
    label = "Give the sale" if state.find.is_for_page else "Put on this sale"
    return Button(Action.COMPLETE, label, "Enter", "user-check", enabled=has_row)


def _use_part(state: CounterState) -> Button:
    label = f"Use {state.part_text or '0'} points"
    has_part = bool(state.part_text.strip("0"))
    return Button(Action.COMPLETE, label, "Enter", "check", enabled=has_part)


def _see_sale(state: CounterState) -> Button:
    has_row = bool(state.last_sales)
    return Button(Action.COMPLETE, "Look at this sale", "Enter", "receipt", enabled=has_row)


def _take_back(state: CounterState) -> Button:
    page = state.page
    amount = money(page.amount if page else 0, state.currency)
    is_ready = page is not None and page.is_asking and not state.is_saving
    return Button(Action.COMPLETE, f"Take back {amount}", "Enter", "package", enabled=is_ready)


def _give_points(state: CounterState) -> Button:
    rules = given_by_hand(state)
    is_named = True
    if state.mode is Mode.SECOND_NAME:
        rule = rule_of(state, state.activity.activity)
        is_named = bool(state.activity.approved_by.strip())
    else:
        rule = rules[state.selected] if state.selected < len(rules) else None
    if rule is None or state.draft.member is None:
        return Button(Action.COMPLETE, "Give points", "Enter", "star", enabled=False)
    label = f"Give {signed_points(rule.points)} points"
    is_ready = is_named and not state.is_saving
    return Button(Action.COMPLETE, label, "Enter", "star", enabled=is_ready)


def _look(state: CounterState) -> Button:
    has_row = bool(state.attention.items)
    return Button(Action.COMPLETE, "Look at it", "Enter", "list", enabled=has_row)


def _choose(state: CounterState) -> Button:
    item = state.attention.shown
    if item is None or item.chosen is not None:
        return Button(Action.COMPLETE, "Settled", "Enter", "check", enabled=False)
    if not item.choices:
        return Button(Action.COMPLETE, "At the server", "Enter", "check", enabled=False)
    label = item.choices[state.selected].label if state.selected < len(item.choices) else "Choose"
    return Button(Action.COMPLETE, label, "Enter", "check", enabled=not state.is_saving)


def _complete(state: CounterState) -> Button:
    is_ready = (
        state.is_blocked
        or (state.draft.can_complete and state.done is None and state.mode in _SELLING)
    ) and not state.is_saving
    label = "Try again" if state.is_blocked else complete_label(state)
    if state.done is not None:
        label = "Complete sale"
    return Button(Action.COMPLETE, label, "Enter", "check", enabled=is_ready)


_BUTTONS: Final[dict[Mode, Callable[[CounterState], Button]]] = {
    Mode.SIGN_UP: _start,
    Mode.FIND: _take_found,
    Mode.ATTENTION: _look,
    Mode.ATTENTION_ITEM: _choose,
    Mode.REWARD_PART: _use_part,
    Mode.LAST_SALES: _see_sale,
    Mode.SALE_PAGE: _take_back,
    Mode.ACTIVITIES: _give_points,
    Mode.SECOND_NAME: _give_points,
}
