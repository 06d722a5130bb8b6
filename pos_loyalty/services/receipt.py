"""A receipt's signed code: made after a sale, and read at a till that has not heard of it."""

import base64
from dataclasses import dataclass
from enum import StrEnum

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.event import SaleRecorded, decode_event
from pos_loyalty.domain.ids import MerchantId, SaleId, TillId
from pos_loyalty.domain.receipt_code import (
    Receipt,
    SignedReceipt,
    format_receipt,
    is_signed_by,
    parse_receipt,
    receipt_of,
    short,
    signed_text,
)
from pos_loyalty.services.member_now import record_now
from pos_loyalty.services.member_view import (
    FOUND_BY_NUMBER,
    MemberView,
    ensure_active,
    standing_of,
    view_member,
)
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.services.till_signers import Signer, till_signers
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories
from pos_loyalty.sync.credentials import TillKey


class ReceiptStanding(StrEnum):
    """How a receipt stands to what this till knows."""

    SAME = "same"
    """Its points are those that are known here."""
    NEWER = "newer"
    """Made after this till last heard of anything: shown, and not counted here."""
    OLDER = "older"
    """This till has heard of the server since; what is known here is newer."""


@dataclass(frozen=True)
class ReceiptRead:
    """What a receipt says, of whom, and what to make of it. It changes nothing.

    ``sale`` is the end of its sale's id.
    """

    standing: ReceiptStanding
    points: int
    at_ms: int
    till_name: str
    shop_name: str
    sale: str = ""


@dataclass(frozen=True)
class ReceiptLookedUp:
    """The member of a receipt, found as by a typed number: paper proves nobody."""

    member: MemberView
    read: ReceiptRead


class MakeReceiptHandler:
    """Makes the code of a sale that was recorded here."""

    def __init__(self, context: TillContext) -> None:
        self._context = context
        self._key: TillKey | None = None

    def __call__(self, sale_id: SaleId) -> str | None:
        """Return the letters; None for a sale without a member, or one not of this till."""
        context = self._context
        with context.store.read() as work:
            stored = work.journal.get(sale_id)
            event = None if stored is None else decode_event(stored.data)
            if not isinstance(event, SaleRecorded) or event.member is None:
                return None
            record = work.members.record(event.member)
            if record is None:
                return None
            stream, at_ms = work.journal.stream(), context.clock.now_ms()
            merchant = context.identity.merchant
            receipt = receipt_of(
                merchant=merchant,
                member=event.member,
                sale=sale_id,
                till=TillId(work.settings.text(Setting.TILL)),
                stream=stream.stream,
                seq=stream.last_seq,
                points=record_now(context, work, record, at_ms=at_ms).balance_points,
                at_ms=at_ms,
            )
        signature = self._own_key().sign(signed_text(merchant, receipt))
        return format_receipt(receipt, base64.b64decode(signature))

    def _own_key(self) -> TillKey:
        if self._key is None:
            context = self._context
            joining = Joining(context.store, context.clock, context.ids)
            self._key = TillKey.from_text(joining.private_key())
        return self._key


class LookUpReceiptHandler:
    """Reads a receipt: believes its signature, shows its points, counts nothing."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, text: str) -> ReceiptLookedUp:
        """Return the member and what the receipt says.

        Raises:
            CardError: damaged, forged, of another merchant, of an unknown or revoked till, or
                of a member that is not known here yet.
        """
        signed = parse_receipt(text)
        context = self._context
        with context.store.read() as work:
            signer = self._signer(work, signed)
            record = work.members.record(signed.receipt.member)
            if record is None:
                raise CardError(Code.RECEIPT_MEMBER)
            ensure_active(record)
            view = view_member(context, standing_of(context, work, record), FOUND_BY_NUMBER)
            standing = self._standing(work, signed.receipt, view)
        read = ReceiptRead(
            standing=standing,
            points=signed.receipt.points,
            at_ms=signed.receipt.at_ms,
            till_name=signer.name,
            shop_name=signer.shop_name,
            sale=signed.receipt.sale,
        )
        return ReceiptLookedUp(view, read)

    def _signer(self, work: Repositories, signed: SignedReceipt) -> Signer:
        """Return the till that signed, by its key and not by what the paper says of it."""
        accepted = self._merchants(signed.receipt)
        signers = tuple(till_signers(work, till=signed.receipt.till))
        for signer in signers:
            if any(is_signed_by(signer.public_key, each, signed) for each in accepted):
                return signer
        raise CardError(Code.RECEIPT_FORGED if signers else Code.RECEIPT_TILL)

    def _merchants(self, receipt: Receipt) -> tuple[MerchantId, ...]:
        from pos_loyalty.domain.card_payload import merchant_tag

        found = tuple(
            merchant
            for merchant in self._context.identity.accepted_merchants
            if merchant_tag(merchant) == receipt.merchant_tag
        )
        if not found:
            raise CardError(Code.RECEIPT_FOREIGN)
        return found

    def _standing(self, work: Repositories, receipt: Receipt, view: MemberView) -> ReceiptStanding:
        """Compare with what is known here; another till's clock only tells which is newer."""
        if receipt.points == view.balance_points:
            return ReceiptStanding.SAME
        if receipt.stream == short(work.journal.stream().stream):
            return ReceiptStanding.OLDER
        heard_ms = view.as_of_ms
        is_newer = heard_ms is None or receipt.at_ms > heard_ms
        return ReceiptStanding.NEWER if is_newer else ReceiptStanding.OLDER
