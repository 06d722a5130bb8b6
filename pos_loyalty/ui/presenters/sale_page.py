"""The page of a past sale, and "why?" of the sale in hand: every step of the points in words."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.explanation import Explanation
from pos_loyalty.domain.money import Currency
from pos_loyalty.domain.trace import sum_of_changes
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.ui.presenters.counter_screen import Action, Button, ListPanel, ListRow
from pos_loyalty.ui.presenters.counter_state import CounterState
from pos_loyalty.ui.presenters.formatting import (
    before_amount,
    change,
    day_and_time,
    full_name,
    grouped,
    money,
    points,
    short_name,
    signed_points,
    with_days_in_words,
)

UNDO_MS_MAX: Final = 5 * 60 * 1000
"""A sale older than this is a manager's to cancel."""
STEPS_AT_ONCE_MAX: Final = 7
"""So many sentences stand on the page as text; more are rows with pages."""


def sale_page(state: CounterState, clock: Clock) -> ListPanel:
    """Return the page of a past sale: why it earned, what became of it, what can be done."""
    page = state.page
    looked = None if page is None else page.looked
    if page is None or looked is None:
        return ListPanel("Sale", (), empty="Looking at this sale.")
    told = partial(as_at_the_counter, currency=state.currency, clock=clock)
    rows = _step_rows(looked.why.steps, told)
    rows += _difference(looked.why)
    rows += [ListRow("", told(each.what)) for each in looked.later]
    if looked.is_undone:
        rows.append(ListRow("", "This sale was taken back as a whole."))
    when = day_and_time(looked.at_ms, clock)
    return _steps_panel(
        state,
        title=page_title(looked, state.currency),
        note=f"{when}. {told(looked.why.what)}",
        rows=rows,
        buttons=_page_buttons(looked, clock.now_ms(), is_asking=page.is_asking),
    )


def why_panel(state: CounterState, clock: Clock) -> ListPanel:
    """Return why the sale in hand would earn what the button says."""
    draft = state.draft
    quote, member = draft.quote, draft.member
    if quote is None:
        return ListPanel("Why", (), empty="Put a card and an amount on the sale first.")
    figures = change(earned_points=quote.earned_points, redeemed_points=quote.redeemed_points)
    rows = _step_rows(quote.trace, partial(as_at_the_counter, currency=state.currency, clock=clock))
    if quote.voucher_points:
        rows.append(ListRow("", "The voucher gives points", trailing=points(quote.voucher_points)))
    days = state.program.pending_days if state.program else 0
    if days and quote.earned_points:
        rows.append(ListRow("", f"They can be used after {days} days."))
    who = "The card" if member is None else full_name(member.name, card_hint=member.card_hint)
    return _steps_panel(
        state,
        title=f"Why {figures} points",
        note=f"{who}, {money(draft.total, state.currency)}:",
        rows=rows,
        buttons=(),
    )


def can_undo_page(looked: SaleLookedAt, now_ms: int) -> bool:
    """Return whether a sale may still be taken back as if it had never been."""
    is_untouched = not looked.is_undone and not looked.is_changed
    return is_untouched and now_ms - looked.at_ms <= UNDO_MS_MAX


def can_refund(looked: SaleLookedAt) -> bool:
    """Return whether goods of a sale can come back."""
    return looked.left_amount > 0 and not looked.is_undone


def can_move(looked: SaleLookedAt) -> bool:
    """Return whether a sale can be another member's; the store knows the finer reasons."""
    return can_refund(looked) and not looked.waits_on_card


def page_title(looked: SaleLookedAt, currency: Currency) -> str:
    """Return whose sale it is, and of how much."""
    return f"{buyer(looked)} \u00b7 {money(looked.total, currency)}"


def buyer(looked: SaleLookedAt) -> str:
    """Return whose sale it is, as short as in the list."""
    if looked.member_id is not None:
        return short_name(looked.member_name)
    return "New card" if looked.waits_on_card else "No card"


def as_at_the_counter(text: str, currency: Currency, clock: Clock) -> str:
    """Write an explanation's ``EUR 2000.00`` as ``€ 2,000.00``, ``2026-12-03 10:58`` as ``3 Dec``.

    The time of day stays behind its day.
    """
    amounts = re.compile(rf"\b{currency.code} (-?[0-9]+(?:\.[0-9]+)?)")
    in_money = amounts.sub(lambda found: before_amount(currency) + grouped(found[1]), text)
    return with_days_in_words(in_money, clock)


def _page_buttons(looked: SaleLookedAt, now_ms: int, *, is_asking: bool) -> tuple[Button, ...]:
    is_open = can_refund(looked) and not is_asking
    other = "Other member" if looked.member_id is not None else "Add a card"
    return (
        Button(Action.GOODS_BACK, "Goods back", "\u2212", "package", enabled=is_open),
        Button(Action.FIND, other, "F3", "users", enabled=can_move(looked)),
        Button(
            Action.UNDO, "Undo this sale", "F8", "undo-2", enabled=can_undo_page(looked, now_ms)
        ),
    )


def _step_rows(steps: Sequence[TraceStep], told: Callable[[str], str]) -> list[ListRow]:
    """Write each step with what it gave or took; the sum stands once, below the last of them."""
    rows: list[ListRow] = []
    rows_of_sum = 0
    for step in steps:
        text = told(step.text)
        trailing = signed_points(step.change) if step.change else ""
        rows.append(ListRow("", text[:1].upper() + text[1:], trailing=trailing))
        rows_of_sum = len(rows) if step.change else rows_of_sum
    together = sum_of_changes(steps)
    if together is not None:
        rows.insert(
            rows_of_sum, ListRow("", "Together", trailing=f"= {points(together)}", is_sum=True)
        )
    return rows


def _difference(why: Explanation) -> list[ListRow]:
    """Never hide that the rules come to something else than what the sale says."""
    if why.agrees is not False or why.computed is None:
        return []
    text = f"The rules come to {points(why.computed)}, and the sale says {points(why.stored)}."
    return [ListRow("", text)]


def _steps_panel(
    state: CounterState,
    *,
    title: str,
    note: str,
    rows: list[ListRow],
    buttons: tuple[Button, ...],
) -> ListPanel:
    """Return the sentences as text where they all fit, else as rows with pages."""
    is_text = len(rows) <= STEPS_AT_ONCE_MAX
    keyed = tuple(
        ListRow(
            key=str(place),
            title=row.title,
            trailing=row.trailing,
            selected=not is_text and place == state.selected,
            is_sum=row.is_sum,
        )
        for place, row in enumerate(rows)
    )
    empty = "No points moved with this sale."
    return ListPanel(title, keyed, empty=empty, note=note, buttons=buttons, is_steps=is_text)
