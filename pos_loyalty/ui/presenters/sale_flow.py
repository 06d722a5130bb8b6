"""The sale in hand: who is on it, what it costs, which rewards, and saving it exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX, plain_amount
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.services.record_sale import SaleDone
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_services import SaleOrder, Sound
from pos_loyalty.ui.presenters.counter_state import (
    CounterState,
    Holder,
    Mode,
    SaleDraft,
    Switched,
    VoucherOnSale,
)
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.reward_choices import choices, has_empty_part, without_empty_parts

UNUSUAL_FACTOR: Final = 10
_SALES_FOR_MEDIAN_MIN: Final = 5
_LINES_MAX: Final = 99


def is_unusual(total: int, *, limit: int, sales: Sequence[LastSale]) -> bool:
    """Return whether an amount (minor units) is likely a slip of the finger.

    It is above the owner's limit, or more than ten times the usual sale of this till.
    """
    if limit and total > limit:
        return True
    totals = [sale.total for sale in sales if not sale.undone]
    return len(totals) >= _SALES_FOR_MEDIAN_MIN and total > UNUSUAL_FACTOR * median(totals)


class SaleFlow:
    """Handles every input that is about the sale in hand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._quotes = 0
        self._reserved: tuple[MemberId, int] | None = None
        self.diverts: Callable[[Holder], bool] = _for_the_sale
        """Takes who was scanned or found for something else than the sale in hand."""

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    @property
    def _draft(self) -> SaleDraft:
        return self._desk.state.draft

    # --- who is on the sale

    def put_on_sale(self, holder: Holder) -> None:
        """Put a member or a new card on the sale; another one there is taken off."""
        if self.diverts(holder):
            return
        self._desk.leave_done()
        self._desk.show_sale()
        draft, before = self._draft, self._draft.holder
        if before is not None and _is_same(before, holder):
            self._same_again(before, holder)
            return
        self._state.switched = Switched(before, dict(draft.rewards)) if before else None
        self._take_over(holder)
        if before is not None:
            self._desk.say(strips.switched(holder, before))
        self._desk.play(Sound.FOUND)
        self._ask_rights(holder.member)

    def came_back(self) -> None:
        """Go on with a sale from before: ask anew what it earns and what may be used."""
        self.requote()
        self._ask_rights(self._draft.member)

    def switch_back(self) -> None:
        """Bring back who was on the sale before the last scan."""
        switched = self._state.switched
        if switched is None:
            return
        self._take_over(switched.holder)
        self._draft.rewards = dict(switched.rewards)
        self._state.switched = None
        self.requote()

    def member_read_again(self, member: MemberView) -> None:
        """Show a member's points of this moment, if the member is still on the sale."""
        holder = self._draft.holder
        if holder is None or holder.member is None or holder.member.id != member.id:
            return
        self._draft.holder = replace(holder, member=member)
        self.requote()

    def read_member_again(self) -> None:
        """Ask for the member's points of this moment."""
        member = self._draft.member
        if member is not None:
            self._desk.run(
                lambda: self._desk.services.member(member.id, member.found_by),
                self.member_read_again,
            )

    def _same_again(self, before: Holder, holder: Holder) -> None:
        """The same card twice has no effect, except that a card opens what a number does not."""
        if before.found_by != holder.found_by and holder.found_by == "card":
            self._draft.holder = holder
            self._desk.play(Sound.FOUND)
            self.requote()

    def _take_over(self, holder: Holder) -> None:
        draft = self._draft
        draft.holder = holder
        draft.without_card = False
        draft.rewards = {}
        draft.quote = None
        self.requote()

    def _ask_rights(self, member: MemberView | None) -> None:
        """Bring the right to spend all points here, before somebody chooses a reward."""
        if member is not None and member.balance_points > member.spendable_points:
            self._desk.services.prefetch_rights(member.id, member.balance_points)

    def _reserve(self, member: MemberView | None, points: int) -> None:
        """Keep what this sale is about to spend from going back to the server meanwhile."""
        wanted = (member.id, points) if member is not None and points else None
        if wanted == self._reserved:
            return
        if self._reserved is not None:
            self._desk.services.reserve_rights(self._reserved[0], 0)
        if wanted is not None:
            self._desk.services.reserve_rights(*wanted)
        self._reserved = wanted

    # --- a voucher

    def put_voucher(self, voucher: VoucherOnSale) -> None:
        """Put a voucher on the sale, in place of another; it is claimed when the sale is saved."""
        self._desk.leave_done()
        self._draft.voucher = voucher
        self._desk.play(Sound.FOUND)
        self.requote()

    def voucher_came_back(self, code: str) -> None:
        """Put the voucher of the sale from before on it again, if it still counts."""
        services = self._desk.services
        self._desk.run(
            lambda: VoucherOnSale(code, services.read_voucher(code)),
            self.put_voucher,
            self._desk.refuse,
        )

    # --- the amount

    def amount_key(self, key: str) -> None:
        """Take a digit, 00 or the point."""
        self._desk.leave_done()
        draft = self._draft
        draft.entry = draft.entry.with_key(key)
        if draft.entry.is_overflowing:
            self._refuse_long_amount()
        self.requote()

    def backspace(self) -> None:
        """Take the last digit back."""
        self._desk.leave_done()
        self._draft.entry = self._draft.entry.without_last()
        self.requote()

    def clear(self) -> None:
        """Take the typed amount back."""
        self._desk.leave_done()
        self._draft.entry = self._draft.entry.emptied()
        self.requote()

    def add_line(self) -> None:
        """Put the typed amount on the sale as a line, and type the next."""
        if self._state.done is not None:
            return
        draft = self._draft
        if draft.entry.minor_units <= 0 or len(draft.lines) >= _LINES_MAX:
            return
        if draft.total >= 10**AMOUNT_DIGITS_MAX:
            self._refuse_long_amount()
            return
        draft.lines.append(draft.entry.minor_units)
        draft.entry = draft.entry.emptied()
        self.requote()

    def _refuse_long_amount(self) -> None:
        limit = plain_amount(10**AMOUNT_DIGITS_MAX - 1, self._desk.currency)
        self._desk.refuse(RuleViolation(Code.AMOUNT_LONG, limit=limit))

    # --- one step back

    def step_back(self) -> None:
        """Undo the last step of this sale: the Esc key."""
        state, draft = self._state, self._draft
        if state.done is not None:
            self._desk.fresh_sale()
        elif state.switched is not None:
            self.switch_back()
        elif draft.voucher is not None and not state.is_asking_amount:
            draft.voucher = None
            self.requote()
        elif draft.rewards and not state.is_asking_amount:
            draft.rewards.popitem()
            self.requote()
        elif not draft.entry.is_empty:
            self.clear()
        elif draft.lines:
            draft.lines.pop()
            self.requote()
        else:
            draft.holder = None
            draft.without_card = False
            self.requote()

    # --- the quote

    def requote(self) -> None:
        """Ask what the sale would earn as it stands; the newest question alone is answered."""
        self._quotes += 1
        number = self._quotes
        draft = self._draft
        asks_nothing = draft.member is None and draft.voucher is None
        if asks_nothing or draft.total <= 0 or self._state.done is not None:
            draft.quote = None
            self._reserve(None, 0)
            return
        order = self._order()

        def quote() -> SaleQuote | None:
            return self._desk.services.quote(order) if number == self._quotes else None

        def quoted(quote: SaleQuote | None) -> None:
            if number == self._quotes and draft is self._draft:
                draft.quote = quote
                self._reserve(draft.member, quote.redeemed_points if quote else 0)

        def refused(error: Exception) -> None:
            if number == self._quotes and draft is self._draft:
                draft.quote = None
                if (draft.rewards or draft.voucher) and self._state.message is None:
                    self._desk.refuse(error)

        self._desk.run(quote, quoted, refused)

    def _order(self) -> SaleOrder:
        draft = self._draft
        holder = draft.holder
        lines = list(draft.lines)
        if lines and draft.entry.minor_units:
            lines.append(draft.entry.minor_units)
        return SaleOrder(
            sale_id=draft.sale_id,
            member_id=draft.member.id if draft.member else None,
            card_key=holder.card_key if holder else None,
            total=draft.total,
            rewards=without_empty_parts(choices(draft, self._state.program)),
            found_by=holder.found_by if holder else "",
            lines=tuple(lines),
            voucher=draft.voucher.code if draft.voucher else "",
        )

    # --- saving

    def complete(self) -> None:
        """Save the sale: the Enter key. Once."""
        state = self._state
        if state.is_blocked:
            self._save()
        elif state.done is None and self._is_amount_possible() and self._draft.can_complete:
            if self._has_to_ask():
                state.is_asking_amount = True
                self._desk.be_deaf()
                self._desk.play(Sound.LOOK)
            else:
                self._save()

    def _is_amount_possible(self) -> bool:
        """Say what is wrong with the amount, if anything is."""
        draft = self._draft
        if not draft.entry.is_empty and draft.total == 0:
            self._desk.refuse(RuleViolation(Code.AMOUNT_ZERO))
        elif draft.total >= 10**AMOUNT_DIGITS_MAX:
            self._refuse_long_amount()
        elif draft.total and has_empty_part(draft, self._state.program):
            self._desk.say(strips.no_reward(strips.too_small("that reward")))
        else:
            return True
        return False

    def without_card(self) -> None:
        """Sell without a card: at once if there is an amount, else as soon as there is one."""
        if self._desk.is_deaf:
            return
        self._desk.leave_done()
        if self._draft.holder is not None:
            return
        self._draft.without_card = True
        if self._draft.total > 0:
            self.complete()

    def _has_to_ask(self) -> bool:
        """Return whether the amount looks like a slip; a second Enter is the answer to that."""
        draft, state = self._draft, self._state
        if draft.confirmed_total == draft.total:
            return False
        draft.confirmed_total = draft.total
        return is_unusual(draft.total, limit=state.unusual_amount, sales=state.last_sales)

    def _save(self) -> None:
        draft = self._draft
        if draft.sale_id is None:
            draft.sale_id = self._desk.new_sale_id()
        order = self._order()
        self._desk.be_deaf(until_typed=False)
        self._desk.begin_saving()
        self._desk.run(lambda: self._desk.services.record(order), self._saved, self._not_saved)

    def _saved(self, done: SaleDone) -> None:
        state, draft = self._state, self._draft
        state.is_blocked = False
        state.is_asking_amount = False
        state.is_undo_spent = False
        state.message = None
        state.done = done
        draft.quote = None
        self._reserve(None, 0)
        _show_new_points(draft, done)
        self._desk.play(Sound.REWARD if done.redeemed_points else Sound.SAVED)
        self._desk.load_sales()
        self.read_member_again()
        self._desk.end_saving()

    def _not_saved(self, error: Exception) -> None:
        state = self._state
        state.is_asking_amount = False
        if isinstance(error, LoyaltyError) and error.saved:
            state.is_blocked = False
            self._desk.fresh_sale()
            self._desk.refuse(error)
            self._desk.load_sales()
        elif isinstance(error, RuleViolation | CommandRefused):
            state.is_blocked = False
            self._desk.refuse(error)
        else:
            state.is_blocked = True
            state.mode = Mode.SALE
            self._desk.say(strips.not_saved(error, self._desk.owner))
        self._desk.end_saving()


def _for_the_sale(_: Holder) -> bool:
    """Let every member go on the sale in hand."""
    return False


def _is_same(before: Holder, holder: Holder) -> bool:
    if before.member is not None and holder.member is not None:
        return before.member.id == holder.member.id
    return before.card_key is not None and before.card_key == holder.card_key


def _show_new_points(draft: SaleDraft, done: SaleDone) -> None:
    """Put the points after the sale on screen without waiting for anything."""
    holder = draft.holder
    if holder is None or holder.member is None:
        return
    member = replace(
        holder.member,
        balance_points=done.balance_points,
        spendable_points=done.spendable_points,
    )
    draft.holder = replace(holder, member=member)
