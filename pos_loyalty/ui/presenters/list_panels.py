"""The left zone's lists: find, last sales, menu, connection, keys, part of a reward."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.reward import PointsForMoney
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.services.look_up_member import MemberFound
from pos_loyalty.ui.presenters.activity_panel import (
    activity_list,
    given_by_hand,
    second_name_panel,
)
from pos_loyalty.ui.presenters.attention_panel import attention_item, attention_list
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    Button,
    Connection,
    LastSaleRow,
    ListPanel,
    ListRow,
)
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.formatting import (
    card_end,
    full_name,
    money,
    points,
    short_name,
    shortened,
    signed_points,
    time_of_day,
)
from pos_loyalty.ui.presenters.goods_lines import page_panel
from pos_loyalty.ui.presenters.reward_choices import cost_now
from pos_loyalty.ui.presenters.sale_page import UNDO_MS_MAX, why_panel
from pos_loyalty.ui.presenters.strips import CLOSE

FIND_CHARACTERS_MIN: Final = 3

_SEARCH_SHOWN_MAX: Final = 24


@dataclass(frozen=True)
class MenuEntry:
    """A line of the menu and what it does."""

    key: str
    title: str
    icon: str
    shortcut: str = ""


MENU: Final = (
    MenuEntry("last_sales", "Last sales", "receipt"),
    MenuEntry("activities", "Points for something else", "star"),
    MenuEntry("connection", "Connection", "wifi", "Ctrl+D"),
    MenuEntry("theme", "Theme", "sun"),
    MenuEntry("full_screen", "Full screen", "maximize", "F11"),
    MenuEntry("help", "Keys and help", "keyboard", "F1"),
    MenuEntry("attention", "Owner's list", "list"),
    MenuEntry("close", "Close the till", "log-out"),
)

KEYS: Final = (
    ("0\u20139 . ,", "type the amount"),
    ("Letters", "search for a member"),
    ("Enter, F12", "the big button"),
    ("Esc", "one step back"),
    ("Backspace, Del", "delete a digit, the amount"),
    ("+", "add the amount as a line"),
    ("F1", "these keys"),
    ("F2", "new member"),
    ("F3", "find by name, phone or card number"),
    ("F4 then 1\u20139", "choose a reward; also Alt+1 to Alt+9"),
    ("F5", "offers by text, in a sign-up"),
    ("F6", "sale without a card"),
    ("F7", "the receipt's code, for the customer's phone"),
    ("F8, Ctrl+Z", "take the last sale back, 5 minutes"),
    ("?", "why this sale earns its points"),
    ("\u2212", "goods back, on a sale's page; Alt+1\u20139 a line"),
    ("F10", "menu"),
    ("F11", "full screen"),
    ("Ctrl+D", "connection"),
    ("Up, Down", "choose in a list; Space ticks a line"),
)

_CAMERA_BUTTON: Final = Button(Action.CAMERA, "Camera", "", "camera")
_LETTERS_BUTTON: Final = Button(Action.LETTERS, "Letters", "", "keyboard")


def list_panel(state: CounterState, clock: Clock) -> ListPanel:
    """Return the list that is open; the mode has one."""
    timed = _TIMED.get(state.mode)
    if timed is not None:
        return timed(state, clock)
    return _PLAIN.get(state.mode, _menu)(state)


def row_keys(state: CounterState, clock: Clock) -> tuple[str, ...]:
    """Return the keys of the rows that can be chosen in the open list."""
    if state.mode in {Mode.CONNECTION, Mode.HELP}:
        return ()
    return tuple(row.key for row in list_panel(state, clock).rows)


def last_sale_rows(state: CounterState, clock: Clock) -> tuple[LastSaleRow, ...]:
    """Return the rows of the third column."""
    return tuple(
        LastSaleRow(
            time=time_of_day(sale.at_ms, clock),
            name=_buyer(sale),
            amount=money(sale.total, state.currency),
            points=sale_points(sale),
            unsent=_waits(sale, state),
            undone=sale.undone,
            key=sale.sale_id,
        )
        for sale in state.last_sales
    )


def sale_points(sale: LastSale) -> str:
    """Write what a past sale did to points; a dash where it touched none."""
    parts = (
        signed_points(sale.earned_points) if sale.earned_points else "",
        signed_points(-sale.redeemed_points) if sale.redeemed_points else "",
    )
    return " ".join(part for part in parts if part) or "\u2014"


def can_undo(sale: LastSale, now_ms: int) -> bool:
    """Return whether this till may still take a sale back without a manager."""
    return not sale.undone and now_ms - sale.at_ms <= UNDO_MS_MAX


def _buyer(sale: LastSale) -> str:
    if sale.member_name:
        return short_name(sale.member_name)
    return "Member" if sale.earned_points or sale.redeemed_points else "No card"


def _find(state: CounterState) -> ListPanel:
    find = state.find
    rows = tuple(
        _found_row(member, is_selected=place == find.selected)
        for place, member in enumerate(find.found)
    )
    buttons = (_LETTERS_BUTTON, _CAMERA_BUTTON, CLOSE)
    empty = "Type a name, a phone number or the number on the card."
    if find.answered and not rows:
        new = Button(
            Action.NEW_MEMBER, f"New member with {_kind(find.answered)}", "F2", "user-plus"
        )
        empty = f"Nobody with {shortened(find.answered, _SEARCH_SHOWN_MAX)}."
        buttons = (new, *buttons)
    return ListPanel("Find a member", rows, empty=empty, buttons=buttons)


def _kind(text: str) -> str:
    return "this name" if any(sign.isalpha() for sign in text) else "this number"


def _found_row(member: MemberFound, *, is_selected: bool) -> ListRow:
    return ListRow(
        key=member.id,
        title=full_name(member.name, card_hint=""),
        detail=f"phone {card_end(member.phone_hint)}" if member.phone_hint else "",
        trailing=member.tier_name,
        icon="user",
        selected=is_selected,
    )


def _last_sales(state: CounterState, clock: Clock) -> ListPanel:
    rows = tuple(
        ListRow(
            key=sale.sale_id,
            title=f"{_buyer(sale)} \u00b7 {money(sale.total, state.currency)}",
            detail=_sale_detail(sale, state, clock),
            trailing=sale_points(sale),
            icon="cloud-off" if _waits(sale, state) else "check",
            selected=place == state.selected,
        )
        for place, sale in enumerate(state.last_sales)
    )
    chosen = state.last_sales[state.selected : state.selected + 1]
    is_open = any(can_undo(sale, clock.now_ms()) for sale in chosen)
    undo = Button(Action.UNDO, "Undo this sale", "F8", "undo-2", enabled=is_open)
    return ListPanel("Last sales", rows, empty="No sales yet today.", buttons=(undo, CLOSE))


def menu_entries(state: CounterState) -> tuple[MenuEntry, ...]:
    """Return the lines of the menu: without activities where the program has none to give."""
    has_activities = bool(given_by_hand(state))
    return tuple(each for each in MENU if has_activities or each.key != "activities")


def _waits(sale: LastSale, state: CounterState) -> bool:
    """Return whether a sale is still to be sent; a till that works alone sends nothing."""
    return sale.unsent and state.chip.connection is not Connection.ALONE


def _sale_detail(sale: LastSale, state: CounterState, clock: Clock) -> str:
    notes = [time_of_day(sale.at_ms, clock)]
    if sale.undone:
        notes.append("taken back")
    elif sale.refunded:
        notes.append(f"{money(sale.refunded, state.currency)} came back")
    if sale.unsent:
        notes.append("not sent yet" if _waits(sale, state) else "saved on this PC")
    return " \u00b7 ".join(notes)


def _menu(state: CounterState) -> ListPanel:
    rows = tuple(
        ListRow(
            key=entry.key,
            title=entry.title,
            detail=state.theme if entry.key == "theme" else "",
            trailing=_menu_end(entry, state),
            icon=entry.icon,
            selected=place == state.selected,
        )
        for place, entry in enumerate(menu_entries(state))
    )
    # The strip has the button that closes it: here is room for all rows at once.
    return ListPanel("Menu", rows)


def _menu_end(entry: MenuEntry, state: CounterState) -> str:
    open_count = state.attention.open_count if entry.key == "attention" else 0
    return f"{open_count:,} open" if open_count else entry.shortcut


def _connection(state: CounterState, clock: Clock) -> ListPanel:
    panel = state.chip.panel(clock, state.shop.owner)
    rows = tuple(
        ListRow(key=str(place), title=text) for place, text in enumerate(panel.sentences, start=1)
    )
    return ListPanel(panel.title, rows, buttons=(CLOSE,))


def _help(state: CounterState) -> ListPanel:
    del state
    rows = tuple(ListRow(key=key, title=key, detail=does) for key, does in KEYS)
    return ListPanel("Keys", rows, is_table=True)


def _reward_part(state: CounterState) -> ListPanel:
    """Offer the largest part, half of it and one step; the keypad takes any other."""
    rows = tuple(
        ListRow(
            key=str(part),
            title=f"{points(part)} points",
            trailing=worth,
            selected=place == state.selected,
        )
        for place, (part, worth) in enumerate(_parts(state))
    )
    return ListPanel("Points to use", rows, empty="Type the amount of the sale first.")


def _parts(state: CounterState) -> tuple[tuple[int, str], ...]:
    reward = (
        state.program.reward(state.part_reward) if state.program and state.part_reward else None
    )
    member = state.draft.member
    if not isinstance(reward, PointsForMoney) or member is None:
        return ()
    from pos_loyalty.domain.reward import sensible_points

    cost = cost_now(member, reward)
    most = sensible_points(
        reward,
        total=state.draft.total,
        spendable_points=member.spendable_points,
        cost=cost,
        balance_points=member.balance_points,
    )
    half = whole_steps(most, 2 * cost) * cost
    parts = [part for part in (most, half, cost) if 0 < part <= most]
    return tuple(
        (
            part,
            money(whole_steps(part, cost) * reward.amount_per_step, state.currency),
        )
        for part in dict.fromkeys(parts)
    )


_TIMED: Final[dict[Mode, Callable[[CounterState, Clock], ListPanel]]] = {
    Mode.LAST_SALES: _last_sales,
    Mode.CONNECTION: _connection,
    Mode.ATTENTION: attention_list,
    Mode.ATTENTION_ITEM: attention_item,
    Mode.SALE_PAGE: page_panel,
    Mode.WHY: why_panel,
}
_PLAIN: Final[dict[Mode, Callable[[CounterState], ListPanel]]] = {
    Mode.FIND: _find,
    Mode.HELP: _help,
    Mode.REWARD_PART: _reward_part,
    Mode.ACTIVITIES: activity_list,
    Mode.SECOND_NAME: second_name_panel,
}
