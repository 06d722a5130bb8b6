"""Find the sale of a receipt: here, at the server while the line is up, or by its short name."""

from dataclasses import dataclass

from pos_loyalty.domain.event import SaleRefunded, decode_event
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.domain.receipt_code import parse_receipt
from pos_loyalty.services.history import RemoteHistory
from pos_loyalty.services.receipt import LookUpReceiptHandler
from pos_loyalty.services.till_context import TillContext

_REMOTE_LIMIT = 1000


@dataclass(frozen=True)
class SaleOfReceipt:
    """The sale that a receipt is of, and its member.

    Where nobody can be asked, ``sale_id`` is only the end of the id; with the member it is
    enough for the server.
    """

    sale_id: SaleId
    member_id: MemberId


class FindSaleOfReceiptHandler:
    """Finds sales by the signed code on their receipts."""

    def __init__(self, context: TillContext, remote: RemoteHistory) -> None:
        self._context = context
        self._remote = remote

    def __call__(self, text: str, *, refund_id: EventId | None = None) -> SaleOfReceipt:
        """Return the sale; the one that a refund named then, where it was made already.

        Raises:
            CardError: the receipt is damaged, forged, of another merchant or an unknown member.
        """
        before = None if refund_id is None else self._refunded_before(text, refund_id)
        return before or self._find(text)

    def _refunded_before(self, text: str, refund_id: EventId) -> SaleOfReceipt | None:
        """Ask twice, and the answer is the same: the member may be erased, the sale known now."""
        letters = parse_receipt(text).receipt.sale
        with self._context.store.read() as work:
            stored = work.journal.get(refund_id)
        event = None if stored is None else decode_event(stored.data)
        if not isinstance(event, SaleRefunded) or event.member is None:
            return None
        is_of_receipt = event.sale_id.endswith(letters)
        return SaleOfReceipt(SaleId(event.sale_id), event.member) if is_of_receipt else None

    def _find(self, text: str) -> SaleOfReceipt:
        found = LookUpReceiptHandler(self._context)(text)
        member, letters = found.member.id, found.read.sale
        with self._context.store.read() as work:
            here = {
                sale_id
                for account in work.members.accounts(member)
                for sale_id in work.journal.index.sale_ids_ending(account, letters)
            }
        if len(here) != 1 and self._context.identity.joined:
            entries = self._remote(member, _REMOTE_LIMIT) or ()
            here |= {entry.sale_id for entry in entries if entry.sale_id.endswith(letters)}
        sale_id = here.pop() if len(here) == 1 else letters
        return SaleOfReceipt(SaleId(sale_id), member)
