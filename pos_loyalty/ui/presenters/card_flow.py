"""A card was read: find out whose it is, and let the sale or the sign-up have it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pos_loyalty.devices.repeat_guard import RepeatGuard
from pos_loyalty.domain.card_payload import PAYLOAD_LENGTH
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.invitation import is_meant_as_invitation
from pos_loyalty.domain.voucher import is_meant_as_voucher
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_state import Holder, Mode, VoucherOnSale
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.sale_flow import SaleFlow
from pos_loyalty.ui.presenters.sign_up_flow import SignUpFlow

_UNREAD = frozenset({Code.CARD_NOT_OURS, Code.CARD_CHECK, Code.SCAN_UNREADABLE})
"""What another reading of the same keystrokes may cure."""
_LAYOUT_SLACK = 4


class InvitationShown(NamedTuple):
    """An invitation that passed the check."""

    letters: str


class CardFlow:
    """Handles every text that a scanner, the camera or the keyboard gives for a card."""

    def __init__(self, desk: Desk, *, sale: SaleFlow, sign_up: SignUpFlow) -> None:
        self._desk = desk
        self._sale = sale
        self._sign_up = sign_up
        self._guard = RepeatGuard()
        self.enter_again: Callable[[], None] | None = None
        """Presses Enter again if it was pressed while the card was being looked up."""

    def is_repeat(self, text: str) -> bool:
        """Return whether this is the code of a moment ago.

        The same code within two seconds is a scanner that doubles, or a card held to the camera.
        """
        return self._guard.is_repeat(text, self._desk.clock.monotonic_ms())

    def look_up(self, texts: Sequence[str]) -> None:
        """Find out whose card this is; the best reading of the keystrokes comes first."""
        readings = tuple(texts)
        self._desk.state.look_ups += 1
        self._desk.run(lambda: self._read(readings), self._looked_up, self._refused)

    def _read(self, readings: tuple[str, ...]) -> CardLookedUp | VoucherOnSale | InvitationShown:
        """Try each reading; the first that is a card wins, else the first refusal counts."""
        refusals: list[CardError] = []
        for text in readings:
            if is_meant_as_voucher(text):
                return VoucherOnSale(text, self._desk.services.read_voucher(text))
            if is_meant_as_invitation(text):
                return InvitationShown(self._desk.services.check_invitation(text))
            try:
                return self._desk.services.look_up_card(text)
            except CardError as refusal:
                if refusal.code not in _UNREAD:
                    raise
                refusals.append(refusal)
        if len(readings) > 1 and _is_card_long(readings[0]):
            raise _OtherLayout
        raise refusals[0]

    def _looked_up(self, looked_up: CardLookedUp | VoucherOnSale | InvitationShown) -> None:
        state = self._desk.state
        state.look_ups -= 1
        if state.is_blocked:
            return
        if isinstance(looked_up, VoucherOnSale):
            self._sale.put_voucher(looked_up)
        elif isinstance(looked_up, InvitationShown):
            self._sign_up.invited(looked_up.letters)
        elif looked_up.kind is CardKind.BLANK:
            self._blank(looked_up)
        elif state.mode is Mode.SIGN_UP:
            self._desk.refuse(CardError(Code.CARD_USED))
        else:
            self._sale.put_on_sale(_holder(looked_up))
            if looked_up.receipt is not None:
                self._desk.say(strips.receipt(looked_up, self._desk.clock))
        self._press_enter_again()

    def _blank(self, looked_up: CardLookedUp) -> None:
        state = self._desk.state
        self._desk.leave_done()
        has_member = state.draft.holder is not None and state.mode is not Mode.SIGN_UP
        self._sign_up.card_read(looked_up, is_offered_only=has_member)
        if has_member:
            self._desk.say(strips.blank_card())

    def _refused(self, error: Exception) -> None:
        state = self._desk.state
        state.look_ups -= 1
        state.is_enter_waiting = False
        if state.is_blocked:
            return
        if isinstance(error, _OtherLayout):
            self._desk.say(strips.other_layout())
        else:
            self._desk.refuse(error)

    def _press_enter_again(self) -> None:
        state = self._desk.state
        is_free = state.is_enter_waiting and not state.look_ups
        if is_free and state.mode is Mode.SALE and self.enter_again is not None:
            state.is_enter_waiting = False
            self.enter_again()
        elif state.mode is not Mode.SALE:
            state.is_enter_waiting = False


class _OtherLayout(Exception):
    """The keystrokes make a card in no reading, and the readings differ."""


def _is_card_long(text: str) -> bool:
    return abs(len(text) - PAYLOAD_LENGTH) <= _LAYOUT_SLACK


def _holder(looked_up: CardLookedUp) -> Holder:
    member = looked_up.member
    return Holder(
        member=member,
        card_key=looked_up.card_key,
        card_hint=looked_up.card_hint,
        found_by=member.found_by if member else "card",
    )
