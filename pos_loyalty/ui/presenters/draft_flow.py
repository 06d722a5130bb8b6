"""Keeps the sale in hand safe from a crash of the till, and brings it back at the next start.

Nothing here is waited for: what is typed is written a moment after the last change, away from the
window, and never while a sale is being saved.
"""

from typing import Final

from pos_loyalty.services.keep_draft import DraftTaken, SaleInHand
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_services import Lane, SaleFromBefore
from pos_loyalty.ui.presenters.counter_state import CounterState, Holder, Mode, SaleDraft
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.sale_flow import SaleFlow

QUIET_MS: Final = 300
"""So long nothing changes before the sale in hand is written."""


class DraftFlow:
    """Looks at the sale after each input, and writes what changed."""

    def __init__(self, desk: Desk, *, sale: SaleFlow) -> None:
        self._desk = desk
        self._sale = sale
        self._has_begun = False
        self._is_ready = False
        self._is_waiting = False
        self._seen: SaleInHand | None = None
        self._kept: SaleInHand | None = None
        self._changed_ms = 0
        self._quiet_from_ms = 0
        self._writes = 0

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    @property
    def _has_sale_begun(self) -> bool:
        """Return whether the cashier was quicker than the database: then the new sale counts."""
        state = self._state
        is_typing = not state.draft.is_empty or state.done is not None
        return is_typing or state.look_ups > 0 or state.mode is not Mode.SALE

    def begin(self) -> None:
        """Ask once for the sale from before; until the answer nothing is written over it."""
        if not self._has_begun:
            self._has_begun = True
            take = self._desk.services.take_draft
            self._desk.run(take, self._taken, self._not_taken, lane=Lane.DRAFT)

    def look(self) -> None:
        """Note what changed; it is written as soon as nothing changes for a moment."""
        state = self._state
        if not self._is_ready or state.is_saving:
            return
        if state.done is not None:
            # The journal has it: there is nothing to keep, and nothing to take away.
            self._seen = self._kept = None
            return
        if state.draft.sale_id is None and not state.draft.is_empty:
            state.draft.sale_id = self._desk.new_sale_id()
        sale = _sale_in_hand(state.draft)
        if sale != self._seen:
            self._changed(sale, self._desk.clock.now_ms())

    def _changed(self, sale: SaleInHand | None, at_ms: int) -> None:
        self._seen = sale
        self._changed_ms = at_ms
        self._quiet_from_ms = self._desk.clock.monotonic_ms() + QUIET_MS
        if not self._is_waiting:
            self._wait(QUIET_MS)

    def _wait(self, milliseconds: int) -> None:
        self._is_waiting = True
        self._desk.window.call_in(milliseconds, self._is_it_quiet)

    def _is_it_quiet(self) -> None:
        self._is_waiting = False
        left_ms = self._quiet_from_ms - self._desk.clock.monotonic_ms()
        if left_ms > 0:
            self._wait(left_ms)
        elif self._state.is_saving:
            # If the sale is refused, it stays in hand.
            self._wait(QUIET_MS)
        elif self._state.done is None and self._seen != self._kept:
            self._write()

    def _write(self) -> None:
        """Let the newest state be written; on a slow disk those in between are left out."""
        sale, changed_ms = self._seen, self._changed_ms
        self._kept = sale
        self._writes += 1
        number = self._writes

        def keep() -> None:
            if number == self._writes:
                self._desk.services.keep_draft(sale, changed_ms)

        self._desk.run(keep, _nothing_to_show, lane=Lane.DRAFT)

    # --- the sale from before

    def _taken(self, before: SaleFromBefore | None) -> None:
        self._is_ready = True
        if before is not None and not self._has_sale_begun:
            self._bring_back(before.draft, before.member)

    def _not_taken(self, error: Exception) -> None:
        """Go on without: a till that cannot write says so at the next sale."""
        del error
        self._is_ready = True

    def _bring_back(self, before: DraftTaken, member: MemberView | None) -> None:
        kept, draft = before.sale, self._state.draft
        draft.sale_id = kept.sale_id
        for key in kept.typed:
            draft.entry = draft.entry.with_key(key)
        draft.lines = list(kept.lines)
        draft.without_card = kept.without_card
        draft.holder = _holder(kept, member)
        known = {offer.id for offer in (member.rewards if member else ())}
        draft.rewards = {reward: part for reward, part in kept.rewards if reward in known}
        self._sale.came_back()
        if kept.voucher:
            self._sale.voucher_came_back(kept.voucher)
        self._desk.say(strips.sale_is_back(draft, has_lost_member=_has_lost_member(kept, member)))
        self._desk.be_deaf()
        # Kept again as soon as it has lived for a moment, and no younger than it was.
        self._changed(_sale_in_hand(draft), before.changed_ms)


def _sale_in_hand(draft: SaleDraft) -> SaleInHand | None:
    """Return what is to be kept of the sale; None if it has not begun."""
    if draft.is_empty or draft.sale_id is None:
        return None
    holder = draft.holder
    return SaleInHand(
        sale_id=draft.sale_id,
        typed=draft.entry.typed,
        lines=tuple(draft.lines),
        member_id=draft.member.id if draft.member else None,
        card_key=holder.card_key if holder else None,
        card_hint=holder.card_hint if holder else "",
        found_by=holder.found_by if holder else "",
        without_card=draft.without_card,
        rewards=tuple(draft.rewards.items()),
        voucher=draft.voucher.code if draft.voucher else "",
    )


def _holder(kept: SaleInHand, member: MemberView | None) -> Holder | None:
    """Return who was on the sale; nobody where the member is not to be read any more."""
    if _has_lost_member(kept, member) or (member is None and kept.card_key is None):
        return None
    return Holder(member, kept.card_key, kept.card_hint, kept.found_by)


def _has_lost_member(kept: SaleInHand, member: MemberView | None) -> bool:
    return kept.member_id is not None and member is None


def _nothing_to_show(_: None) -> None:
    """Show nothing: it is kept."""
