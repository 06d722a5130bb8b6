"""The owner's list and one item of it, as lists of the left zone."""

from typing import Final

from pos_loyalty.domain.attention_catalog import owners_choices
from pos_loyalty.domain.clock import Clock
from pos_loyalty.services.attention import AttentionItem
from pos_loyalty.ui.presenters.counter_screen import Action, Button, ListPanel, ListRow
from pos_loyalty.ui.presenters.counter_state import CounterState
from pos_loyalty.ui.presenters.formatting import day_and_time, points

_BACK: Final = Button(Action.CLOSE_PANEL, "Back to the list", "Esc", "list")
_EMPTY: Final = "Nothing to look at. What tills could not decide alone stands here."


def attention_list(state: CounterState, clock: Clock) -> ListPanel:
    """Return the list: what waits for a choice first."""
    attention = state.attention
    rows = tuple(
        ListRow(
            key=item.item,
            title=item.title,
            detail=_detail(item, clock),
            trailing=_cost(item),
            icon="check" if item.chosen else "triangle-alert",
            selected=place == state.selected,
        )
        for place, item in enumerate(attention.items)
    )
    return ListPanel(list_title(attention.open_count), rows, empty=_EMPTY)


def list_title(open_count: int) -> str:
    """Return the list's name with what is open in it."""
    return f"Owner's list \u00b7 {open_count:,} open" if open_count else "Owner's list"


def attention_item(state: CounterState, clock: Clock) -> ListPanel:
    """Return one item: what happened, what it cost, and the choices with what follows from each."""
    item = state.attention.shown
    if item is None:
        return ListPanel("Owner's list", (), empty=_EMPTY, buttons=(_BACK,))
    when = day_and_time(item.at_ms, clock)
    note = " ".join(
        part
        for part in (f"{when}: {item.happened}", item.cost, _settled(item), _at_server(item))
        if part
    )
    rows = tuple(
        ListRow(
            key=choice.id,
            title=choice.label,
            detail=choice.consequence,
            icon="chevron-right",
            selected=place == state.selected,
        )
        for place, choice in enumerate(item.choices)
    )
    return ListPanel(
        item.title, () if item.chosen else rows, note=note, buttons=(_BACK,) if item.chosen else ()
    )


def _detail(item: AttentionItem, clock: Clock) -> str:
    chosen = item.chosen.label if item.chosen else ""
    parts = (day_and_time(item.at_ms, clock), chosen, item.till_name)
    return " \u00b7 ".join(part for part in parts if part)


def _cost(item: AttentionItem) -> str:
    """Write the points where they are what it cost; a settled line needs no figure any more."""
    if item.chosen or not item.cost:
        return ""
    return f"{points(item.points)} pts"


def _at_server(item: AttentionItem) -> str:
    """Name what only the owner can choose, so that nobody looks for it here."""
    labels = owners_choices(item.kind)
    return f"At the server only: {labels}." if labels and item.chosen is None else ""


def _settled(item: AttentionItem) -> str:
    if item.chosen is None:
        return ""
    if item.is_on_its_way:
        return f"Chosen here: {item.chosen.label}. It goes to the server with the next contact."
    by = f" at {item.chosen_by}" if item.chosen_by else ""
    return f"Settled{by}: {item.chosen.label}."
