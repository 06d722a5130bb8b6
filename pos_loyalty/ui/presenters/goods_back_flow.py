"""Take goods of a past sale back: all that is left, an amount, or chosen lines of it."""

from collections.abc import Callable

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import EventId
from pos_loyalty.domain.money import plain_amount
from pos_loyalty.services.refund_sale import RefundDone
from pos_loyalty.ui.presenters import change_strips
from pos_loyalty.ui.presenters.amount_entry import AmountEntry
from pos_loyalty.ui.presenters.counter_services import RefundOrder
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode, SalePage
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.sale_page import can_refund


class GoodsBackFlow:
    """Handles what is typed and chosen on the page of a past sale, and the refund itself.

    An amount that is typed goes before the lines that are chosen: they wait behind it until it
    is taken back. Whatever is typed withdraws the question; choosing a line asks it.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        changed: Callable[[], None],
        not_changed: Callable[[Exception, str], None],
    ) -> None:
        """Take what is to happen once the till has refunded, and once it has not."""
        self._desk = desk
        self._changed = changed
        self._not_changed = not_changed

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    @property
    def _page(self) -> SalePage | None:
        return self._state.page

    @property
    def has_lines_open(self) -> bool:
        """Return whether lines can be chosen on screen now."""
        page = self._page
        return self._state.mode is Mode.SALE_PAGE and page is not None and page.has_lines_open

    # --- an amount

    def amount_key(self, key: str) -> None:
        """Take a digit of what comes back."""
        page = self._page
        if page is None:
            return
        entry = page.entry.with_key(key)
        _type(page, entry)
        if entry.is_overflowing:
            self._refuse_too_much(page)

    def backspace(self) -> None:
        """Take the last digit back, or the line that was chosen last."""
        page = self._page
        if page is None:
            return
        if page.entry.is_empty and page.chosen:
            page.chosen.pop()
            self._ask_for_lines(page)
        else:
            _type(page, page.entry.without_last())

    def clear(self) -> None:
        """Empty what was typed, or else what was chosen: whatever the figure shows."""
        page = self._page
        if page is None:
            return
        if page.entry.is_empty:
            page.chosen.clear()
        _type(page, page.entry.emptied())

    # --- lines

    def toggle(self, number: int) -> None:
        """Choose a line, or let it go; numbers count from 0."""
        page = self._page
        if page is None or page.looked is None or not self.has_lines_open:
            return
        if all(line.number != number for line in page.looked.open_lines):
            self._desk.say(change_strips.no_line(page.looked, number))
            return
        self._desk.hear_typing()
        typed, page.entry = page.entry, page.entry.emptied()
        page.cursor = number
        if number not in page.chosen:
            page.chosen.append(number)
        elif typed.is_empty:
            page.chosen.remove(number)
        self._ask_for_lines(page)
        if not typed.is_empty:
            self._desk.say(change_strips.lines_instead(page, typed.minor_units))

    def toggle_selected(self) -> None:
        """Choose the line that the arrow keys are on, or let it go."""
        if self._page is not None:
            self.toggle(self._page.cursor)

    def move(self, rows: int) -> None:
        """Go down to the next line that can be chosen, or up with a negative number."""
        page = self._page
        if page is None or page.looked is None or not page.has_lines_open:
            return
        numbers = [line.number for line in page.looked.open_lines]
        place = numbers.index(page.cursor) + rows if page.cursor in numbers else 0
        page.cursor = numbers[max(0, min(len(numbers) - 1, place))]

    def prune(self, page: SalePage) -> None:
        """Let go of chosen lines of which nothing is left, after the sale was read again."""
        if page.looked is None:
            return
        is_left = {line.number for line in page.looked.open_lines}
        kept = [number for number in page.chosen if number in is_left]
        if kept != page.chosen:
            page.chosen = kept
            _withdraw(page)
        if page.cursor not in is_left:
            page.cursor = min(is_left, default=0)

    # --- the question and the refund

    def ask(self) -> None:
        """Ask whether so much comes back; nothing can undo it, so it takes two keys.

        Where it makes a difference which lines come back, they are there to be chosen.
        """
        page = self._page
        if self._state.mode is not Mode.SALE_PAGE or page is None or page.looked is None:
            return
        if not can_refund(page.looked):
            refusal = Code.REFUND_REVERSED if page.looked.is_undone else Code.REFUND_NOTHING
            self._desk.refuse(RuleViolation(refusal))
        elif page.amount > page.looked.left_amount:
            self._refuse_too_much(page)
        elif page.amount == 0:
            self._desk.refuse(RuleViolation(Code.AMOUNT_ZERO))
        else:
            page.is_choosing |= page.entry.is_empty and page.looked.has_choice
            self._ask(page)
            self._desk.be_deaf()

    def take_back(self) -> None:
        """Refund: the Enter key, once it was asked."""
        page = self._page
        if page is None or not page.is_asking or page.looked is None or page.change_id is None:
            return
        order = RefundOrder(
            sale_id=page.sale_id, amount=page.amount, change_id=page.change_id, lines=page.lines
        )
        name = page.looked.member_name
        self._desk.be_deaf(until_typed=False)
        self._desk.begin_saving()
        self._desk.run(
            lambda: self._desk.services.refund(order),
            lambda done: self._refunded(done, name=name),
            lambda error: self._not_changed(error, "The refund"),
        )

    def back(self) -> bool:
        """Take one step back: the question, the amount, the choice, the lines.

        Returns:
            Whether there was anything to take back.
        """
        page = self._page
        if page is None:
            return False
        if not page.entry.is_empty:
            _type(page, page.entry if page.is_asking else page.entry.emptied())
        elif page.chosen:
            self.clear()
        elif page.has_lines_open or page.is_asking:
            page.is_choosing = False
            _withdraw(page)
        else:
            return False
        return True

    def forget(self) -> None:
        """Let go of all that was typed and chosen."""
        page = self._page
        if page is not None:
            page.chosen.clear()
            page.is_choosing = False
            _type(page, page.entry.emptied())

    def _refunded(self, done: RefundDone, *, name: str) -> None:
        self._desk.say(change_strips.refunded(done, name=name, currency=self._desk.currency))
        self._changed()

    def _ask_for_lines(self, page: SalePage) -> None:
        """Ask for the lines as they are chosen now; without one nothing is asked.

        Whoever lets go of the last line must not take all of the sale back by the next key.
        """
        if page.chosen:
            self._ask(page)
        else:
            _withdraw(page)

    def _ask(self, page: SalePage) -> None:
        page.is_asking = True
        page.change_id = EventId(self._desk.new_sale_id())

    def _refuse_too_much(self, page: SalePage) -> None:
        left = page.looked.left_amount if page.looked else 0
        amount = plain_amount(left, self._desk.currency)
        self._desk.refuse(RuleViolation(Code.REFUND_TOO_MUCH, left_amount=amount))


def _type(page: SalePage, entry: AmountEntry) -> None:
    page.entry = entry
    _withdraw(page)


def _withdraw(page: SalePage) -> None:
    page.is_asking, page.change_id = False, None
