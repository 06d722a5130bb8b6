"""Keep the sale in hand across a crash or a power cut, so that nobody scans and types it again.

One row beside the journal, encrypted like it. It is written while a sale is being rung up and
never by the sale itself: a sale that was saved is known by its id, which the draft carries.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from pos_loyalty.domain.ids import CardKey, MemberId, RewardId, SaleId
from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.settings import Setting

DRAFT_MS_MAX: Final = 15 * 60_000
"""Afterwards the customer has gone, and the sale would be somebody else's."""
_LINES_MAX: Final = 99

_Amount = Annotated[int, msgspec.Meta(gt=0, lt=10**AMOUNT_DIGITS_MAX)]
_Lines = Annotated[tuple[_Amount, ...], msgspec.Meta(max_length=_LINES_MAX)]
_Typed = Annotated[str, msgspec.Meta(pattern=rf"^[0-9.]{{0,{AMOUNT_DIGITS_MAX + 2}}}\Z")]
_Letters = Annotated[str, msgspec.Meta(max_length=400)]
_SaleId = Annotated[SaleId, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]


class SaleInHand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sale that is being rung up; ``lines`` in minor units, ``typed`` as on the keypad.

    ``rewards`` are the chosen ones with the points typed for them, if any; ``voucher`` is
    the letters of one.
    """

    sale_id: _SaleId
    typed: _Typed = ""
    lines: _Lines = ()
    member_id: MemberId | None = None
    card_key: CardKey | None = None
    card_hint: str = ""
    found_by: str = ""
    without_card: bool = False
    rewards: tuple[tuple[RewardId, int | None], ...] = ()
    voucher: _Letters = ""


@dataclass(frozen=True)
class KeepDraft:
    """The sale as it stands, last changed at ``changed_ms``; None: there is nothing to keep."""

    sale: SaleInHand | None
    changed_ms: int


@dataclass(frozen=True)
class TakeDraft:
    """Ask for the sale that was in hand when the till ended."""


class DraftTaken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sale from before, and when it was last changed by the till's clock."""

    changed_ms: int
    sale: SaleInHand


class KeepDraftHandler:
    """Writes the one draft of this till over the one before."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: KeepDraft) -> None:
        """Make the draft durable, or take it away; a sale that was saved is not kept.

        Raises:
            StoreUnavailable: it could not be written; the draft before is then kept.
        """
        sale = command.sale
        with self._context.store.write() as work:
            # Nothing for the server in it: no exchange is begun for a digit.
            work.is_news = False
            if sale is not None and work.journal.get(sale.sale_id) is None:
                draft = DraftTaken(changed_ms=command.changed_ms, sale=sale)
                work.settings.put(Setting.SALE_DRAFT, msgspec.json.encode(draft).decode())
            else:
                work.settings.remove(Setting.SALE_DRAFT)
            work.commit()


class TakeDraftHandler:
    """Hands the draft out once."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: TakeDraft) -> DraftTaken | None:
        """Return the sale from before and forget it; None where there is none to go on with.

        Forgotten first, so that a sale which brings the program down does it once.

        Raises:
            StoreUnavailable: it could not be read, or could not be forgotten.
        """
        del command
        with self._context.store.read() as known:
            if not known.settings.text(Setting.SALE_DRAFT):
                return None
        with self._context.store.write() as work:
            work.is_news = False
            draft = _decoded(work.settings.text(Setting.SALE_DRAFT))
            is_saved = draft is not None and work.journal.get(draft.sale.sale_id) is not None
            work.settings.remove(Setting.SALE_DRAFT)
            work.commit()
        if draft is None or is_saved:
            return None
        # A clock that was set back makes an age as meaningless as one that was set forward.
        age_ms = abs(self._context.clock.now_ms() - draft.changed_ms)
        return draft if age_ms <= DRAFT_MS_MAX else None


def _decoded(text: str) -> DraftTaken | None:
    """Return the draft, or None where this is none of this program's."""
    try:
        return msgspec.json.decode(text, type=DraftTaken)
    except msgspec.MsgspecError:
        return None
