"""A past sale: look at it, give it to the right member; goods back has a flow of its own."""

from typing import Final

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.ids import EventId, SaleId
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.move_sale import SaleMovedHere
from pos_loyalty.ui.presenters import change_strips
from pos_loyalty.ui.presenters.amount_entry import AmountEntry
from pos_loyalty.ui.presenters.counter_services import MoveOrder, Sound
from pos_loyalty.ui.presenters.counter_state import CounterState, Holder, Mode, SalePage
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.find_flow import FindFlow
from pos_loyalty.ui.presenters.goods_back_flow import GoodsBackFlow
from pos_loyalty.ui.presenters.sale_flow import SaleFlow
from pos_loyalty.ui.presenters.sale_page import can_move, can_refund

_SEARCHING: Final = frozenset({Mode.FIND, Mode.CAMERA})


class PageFlow:
    """Handles every input on the page of a past sale. The sale in hand stays behind it."""

    def __init__(self, desk: Desk, *, sale: SaleFlow, find: FindFlow) -> None:
        self._desk = desk
        self._sale = sale
        self._find = find
        self.goods = GoodsBackFlow(desk, changed=self._changed, not_changed=self._not_changed)
        self._came_from_list = False
        sale.diverts = self.takes

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    # --- the page itself

    def open(self, sale_id: SaleId) -> None:
        """Open the page of a sale of this till."""
        state = self._state
        if state.mode is Mode.SIGN_UP:
            return
        self._came_from_list = state.mode is Mode.LAST_SALES
        place = state.selected
        self._desk.show_sale()
        state.mode = Mode.SALE_PAGE
        state.selected = place if self._came_from_list else 0
        state.page = SalePage(sale_id, AmountEntry(state.currency))
        self.read()

    def why(self) -> None:
        """Say why: of the sale in hand, or of the one just saved."""
        state = self._state
        if state.mode is Mode.WHY:
            self._desk.show_sale()
        elif state.mode is Mode.LAST_SALES:
            for sale in state.last_sales[state.selected : state.selected + 1]:
                self.open(sale.sale_id)
        elif state.mode is not Mode.SALE:
            return
        elif state.done is not None:
            self.open(state.done.sale_id)
        elif state.draft.quote is None:
            self._desk.say(change_strips.nothing_to_explain())
        else:
            state.mode = Mode.WHY
            state.selected = 0

    def read(self) -> None:
        """Read the sale of the page again."""
        page = self._state.page
        if page is None:
            return
        services, sale_id = self._desk.services, page.sale_id

        def looked(found: SaleLookedAt) -> None:
            page.looked = found
            self.goods.prune(page)

        def not_there(error: Exception) -> None:
            if self._state.page is page and self._state.mode is Mode.SALE_PAGE:
                self.close()
                self._desk.refuse(error)

        self._desk.run(lambda: services.look_at_sale(sale_id), looked, not_there)

    def back(self) -> None:
        """Take one step back: within goods back, or from the page."""
        if not self.goods.back():
            self.close()

    def close(self) -> None:
        """Go back to the list, or to the sale in hand."""
        place = self._state.selected
        self._desk.show_sale()
        self._state.page = None
        if self._came_from_list:
            self._state.mode = Mode.LAST_SALES
            self._state.selected = place

    # --- another member

    def find_other(self) -> None:
        """Look for the right member: a scan, or a search."""
        page = self._state.page
        if page is None or page.looked is None:
            return
        if not can_move(page.looked):
            is_card = page.looked.waits_on_card and can_refund(page.looked)
            self._desk.refuse(RuleViolation(Code.MOVE_CARD if is_card else Code.REFUND_NOTHING))
            return
        self.goods.forget()
        place = self._state.selected
        self._find.open()
        self._state.find.is_for_page = True
        self._state.selected = place

    def leave_find(self) -> None:
        """Go back from the search to the page."""
        self._desk.show_sale()
        self._state.mode = Mode.SALE_PAGE

    def takes(self, holder: Holder) -> bool:
        """Take who was scanned or found while the right member is looked for."""
        state = self._state
        page = state.page
        if state.mode not in _SEARCHING or not state.find.is_for_page or page is None:
            return False
        if holder.member is None:
            self._desk.say(change_strips.nobodys_card())
            return True
        self.leave_find()
        self._move(page, holder.member)
        return True

    def _move(self, page: SalePage, member: MemberView) -> None:
        order = MoveOrder(
            sale_id=page.sale_id,
            to_member=member.id,
            change_id=EventId(self._desk.new_sale_id()),
        )
        from_name = page.looked.member_name if page.looked else ""
        self._desk.be_deaf(until_typed=False)
        self._desk.begin_saving()
        self._desk.run(
            lambda: self._desk.services.move(order),
            lambda done: self._moved(done, to_name=member.name, from_name=from_name),
            lambda error: self._not_changed(error, "The change"),
        )

    def _moved(self, done: SaleMovedHere, *, to_name: str, from_name: str) -> None:
        self._desk.say(change_strips.moved(done, to_name=to_name, from_name=from_name))
        self._changed()

    # --- after a change

    def _changed(self) -> None:
        """Show what is true now, everywhere."""
        self.goods.forget()
        self._desk.play(Sound.SAVED)
        self.read()
        self._desk.load_sales()
        self._sale.read_member_again()
        self._desk.end_saving()

    def _not_changed(self, error: Exception, what: str) -> None:
        is_ordinary = isinstance(error, RuleViolation | CommandRefused)
        if is_ordinary or (isinstance(error, LoyaltyError) and error.saved):
            self._desk.refuse(error)
        else:
            self._desk.say(change_strips.not_changed(what, self._desk.owner))
        self._desk.end_saving()
