"""The lines of a past sale, to choose what comes back."""

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.money import Currency
from pos_loyalty.services.look_at_sale import LineLookedAt, SaleLookedAt
from pos_loyalty.ui.presenters.counter_screen import ListPanel, ListRow
from pos_loyalty.ui.presenters.counter_state import CounterState, SalePage
from pos_loyalty.ui.presenters.formatting import money
from pos_loyalty.ui.presenters.key_bindings import REWARDS
from pos_loyalty.ui.presenters.sale_page import page_title, sale_page

_KEYS = {position: key.replace("+", " ") for key, position in REWARDS.items()}
"""What stands on a row, by its place from 1: the keys of rewards, which no page of a sale has."""


def page_panel(state: CounterState, clock: Clock) -> ListPanel:
    """Return the page of a past sale, or its lines where they are open."""
    page = state.page
    if page is None or page.looked is None or not page.has_lines_open:
        return sale_page(state, clock)
    looked = page.looked
    rows = tuple(_row(page, looked, line, state.currency) for line in looked.lines)
    note = "Choose what comes back, or type an amount."
    return ListPanel(page_title(looked, state.currency), rows, note=note)


def _row(page: SalePage, looked: SaleLookedAt, line: LineLookedAt, currency: Currency) -> ListRow:
    is_open = line in looked.open_lines
    # While an amount is typed the lines wait; a tick would say that they come back, too.
    is_ticked = is_open and page.entry.is_empty and line.number in page.chosen
    return ListRow(
        key=str(line.number),
        title=_title(line),
        detail=_detail(line, currency),
        trailing=money(_money_shown(line, looked), currency),
        icon=_icon(line, is_open=is_open, is_ticked=is_ticked),
        selected=line.number == page.cursor,
        shortcut=_KEYS.get(line.number + 1, "") if is_open else "",
        ticked=is_ticked,
        enabled=is_open,
    )


def _title(line: LineLookedAt) -> str:
    name = line.sku or line.category or f"Line {line.number + 1}"
    return f"{line.quantity} \u00d7 {name}" if line.quantity > 1 else name


def _detail(line: LineLookedAt, currency: Currency) -> str:
    """Write the category beside an article, and what became of the line."""
    category = line.category if line.sku else ""
    back = line.amount - line.left_amount
    if line.amount < 0:
        became = "discount on the sale"
    elif line.amount == 0:
        became = "cost nothing"
    elif not line.left_amount:
        became = "came back"
    else:
        became = f"{money(back, currency)} came back" if back else ""
    return " \u00b7 ".join(part for part in (category, became) if part)


def _money_shown(line: LineLookedAt, looked: SaleLookedAt) -> int:
    """Return what the line alone would bring back now; of a discount what it took off."""
    return line.amount if line.amount < 0 else min(line.left_amount, looked.left_amount)


def _icon(line: LineLookedAt, *, is_open: bool, is_ticked: bool) -> str:
    if is_open:
        return "square-check" if is_ticked else "square"
    # What never was to be had back did not come back either.
    return "package" if line.amount > 0 else "minus"
