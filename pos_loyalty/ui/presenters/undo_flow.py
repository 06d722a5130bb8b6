"""Take a sale back: the last one with F8, an older one from the list, within five minutes."""

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.services.undo_sale import SaleUndone
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_screen import Strip, Tone
from pos_loyalty.ui.presenters.counter_services import Sound
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode, SalePage
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.formatting import first_name, money
from pos_loyalty.ui.presenters.sale_flow import SaleFlow


class UndoFlow:
    """Handles F8 and the undo button wherever it stands."""

    def __init__(self, desk: Desk, *, sale: SaleFlow) -> None:
        self._desk = desk
        self._sale = sale

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def undo(self) -> None:
        """Take back the sale that is meant."""
        state = self._state
        if state.mode is Mode.LAST_SALES:
            self._undo_listed()
        elif state.mode is Mode.SALE_PAGE and state.page is not None:
            self._undo_page(state.page)
        elif state.done is not None:
            member = state.draft.member
            name = first_name(member.name if member else "")
            self._run(state.done.sale_id, name, money(state.draft.total, state.currency))
        elif state.is_undo_spent:
            self._desk.say(strips.undo_spent())
        elif not state.last_sales:
            self._desk.refuse(RuleViolation(Code.UNDO_NOTHING))
        else:
            self._run_listed(state.last_sales[0])

    def _undo_listed(self) -> None:
        state = self._state
        for sale in state.last_sales[state.selected : state.selected + 1]:
            self._run_listed(sale)

    def _undo_page(self, page: SalePage) -> None:
        looked = page.looked
        if looked is not None:
            amount = money(looked.total, self._state.currency)
            self._run(page.sale_id, first_name(looked.member_name), amount)

    def _run_listed(self, sale: LastSale) -> None:
        amount = money(sale.total, self._state.currency)
        self._run(sale.sale_id, first_name(sale.member_name), amount)

    def _run(self, sale_id: SaleId, name: str, amount: str) -> None:
        def undone(result: SaleUndone) -> None:
            self._undone(result, name=name, amount=amount)

        self._desk.be_deaf()
        self._desk.begin_saving()
        self._desk.run(lambda: self._desk.services.undo(sale_id), undone, self._not_undone)

    def _undone(self, result: SaleUndone, *, name: str, amount: str) -> None:
        state = self._state
        if state.done is not None and state.done.sale_id == result.sale_id:
            self._desk.fresh_sale()
        # From the list one may go on: there each sale is chosen by hand.
        state.is_undo_spent = True
        self._desk.say(strips.undone(result, name=name, amount=amount))
        self._desk.play(Sound.SAVED)
        self._desk.load_sales()
        self._sale.read_member_again()
        self._desk.end_saving()

    def _not_undone(self, error: Exception) -> None:
        if isinstance(error, RuleViolation | CommandRefused):
            self._desk.refuse(error)
        else:
            text = f"The sale is NOT taken back; nothing can be written. Call {self._desk.owner}."
            self._desk.say(Strip(Tone.BAD, "octagon-alert", text))
        self._desk.end_saving()
