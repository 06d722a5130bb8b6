"""The receipt's code on screen: the customer photographs it, another till can read it."""

from pos_loyalty.ui.presenters.counter_screen import Strip, Tone
from pos_loyalty.ui.presenters.counter_services import ReceiptShown
from pos_loyalty.ui.presenters.counter_state import Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.receipt_choice import receipt_sale
from pos_loyalty.ui.presenters.strips import CLOSE


class ReceiptFlow:
    """Handles F7: the newest sale, or the one that is chosen in the list."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pressed(self) -> None:
        """Open the code, or close it if it is open."""
        state = self._desk.state
        if state.mode is Mode.RECEIPT:
            self._desk.show_sale()
            return
        sale_id = receipt_sale(state)
        if state.mode is not Mode.SIGN_UP and sale_id is not None:
            services = self._desk.services
            self._desk.run(lambda: services.receipt(sale_id), self._made, self._desk.refuse)

    def _made(self, shown: ReceiptShown | None) -> None:
        if shown is None:
            text = "This sale has no member, so there is nothing to show on a receipt."
            self._desk.say(Strip(Tone.QUIET, "receipt", text))
            return
        if self._desk.state.is_blocked or self._desk.state.mode is Mode.SIGN_UP:
            return
        self._desk.show_sale()
        self._desk.state.mode = Mode.RECEIPT
        self._desk.state.receipt = shown
        codes = "these codes" if shown.invitation else "this code"
        text = f"The customer may take a picture of {codes}."
        self._desk.say(Strip(Tone.QUIET, "receipt", text, (CLOSE,)))
