"""The real till behind the counter's protocol: builds commands, calls the use cases."""

from collections.abc import Callable
from typing import Final, Protocol

from pos_loyalty.domain.card_payload import merchant_tag
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.domain.invitation import format_invitation, parse_invitation
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.receipt_code import parse_receipt
from pos_loyalty.services.attention import (
    AttentionList,
    ItemSettled,
    ReadAttention,
    SettleItem,
)
from pos_loyalty.services.claim_voucher import ReadVoucher, VoucherShown
from pos_loyalty.services.enroll_member import EnrollMember, MemberWelcomed
from pos_loyalty.services.keep_draft import DraftTaken, KeepDraft, SaleInHand, TakeDraft
from pos_loyalty.services.last_sales import DayCounts, LastSale, ReadDayCounts, ReadLastSales
from pos_loyalty.services.look_at_sale import LookAtSale, SaleLookedAt
from pos_loyalty.services.look_up_card import CardLookedUp, LookUpCard
from pos_loyalty.services.look_up_member import FindMembers, LookUpMember, MemberFound
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.move_sale import MoveSale, SaleMovedHere
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.services.quote_sale import QuoteSale, SaleQuote
from pos_loyalty.services.record_activity import ActivityDone, RecordActivity
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.refund_sale import RefundDone, RefundSale
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.services.till_context import ShopIdentity
from pos_loyalty.services.undo_sale import SaleUndone, UndoSale
from pos_loyalty.ui.presenters.counter_services import (
    ActivityOrder,
    MoveOrder,
    ReceiptShown,
    RefundOrder,
    SaleFromBefore,
    SaleOrder,
    ShopNames,
    SignUpOrder,
)

LAST_SALES_MAX: Final = 30
"""Enough to scroll through an hour, and to know what a usual sale is."""
_FOUND_MAX: Final = 20


class SyncReport(Protocol):
    """The part of the sync service that a counter needs."""

    def status(self) -> ConnectionStatus:
        """Return where the till stands now."""
        ...

    def prefetch_rights(self, member: MemberId, points: int) -> None:
        """Ask the server for spend rights; returns at once."""
        ...

    def reserve_rights(self, member: MemberId, points: int) -> None:
        """Keep points here that a basket counts on; 0 = no more."""
        ...


class NewsReader(Protocol):
    """Says once for each version that there are new rules."""

    def __call__(self) -> ProgramNews | None:
        """Return what is new."""
        ...

    def seen(self, version: str) -> None:
        """Note that somebody was told."""
        ...


class TillUseCases(Protocol):
    """The use cases of an open till that a counter calls."""

    @property
    def shop(self) -> ShopIdentity:
        """Who this till is."""
        ...

    @property
    def unusual_amount(self) -> int:
        """From which amount to ask again; 0 = the built-in rule."""
        ...

    @property
    def sync(self) -> SyncReport:
        """The engine as the till sees it."""
        ...

    @property
    def look_up_card(self) -> Callable[[LookUpCard], CardLookedUp]:
        """Whose card is this?"""
        ...

    @property
    def read_voucher(self) -> Callable[[ReadVoucher], VoucherShown]:
        """What is this voucher worth?"""
        ...

    @property
    def look_at_sale(self) -> Callable[[LookAtSale], SaleLookedAt]:
        """Read a past sale."""
        ...

    @property
    def refund_sale(self) -> Callable[[RefundSale], RefundDone]:
        """Take goods back."""
        ...

    @property
    def move_sale(self) -> Callable[[MoveSale], SaleMovedHere]:
        """Give a sale to the right member."""
        ...

    @property
    def record_activity(self) -> Callable[[RecordActivity], ActivityDone]:
        """Give points for something else."""
        ...

    @property
    def program_news(self) -> NewsReader:
        """Are there new rules?"""
        ...

    @property
    def look_up_member(self) -> Callable[[LookUpMember], MemberView]:
        """Read one member."""
        ...

    @property
    def find_members(self) -> Callable[[FindMembers], tuple[MemberFound, ...]]:
        """Search as one types."""
        ...

    @property
    def quote_sale(self) -> Callable[[QuoteSale], SaleQuote]:
        """Preview a sale."""
        ...

    @property
    def record_sale(self) -> Callable[[RecordSale], SaleDone]:
        """Complete a sale."""
        ...

    @property
    def make_receipt(self) -> Callable[[SaleId], str | None]:
        """Make the code of a receipt."""
        ...

    @property
    def undo_sale(self) -> Callable[[UndoSale], SaleUndone]:
        """Take a sale back."""
        ...

    @property
    def enroll_member(self) -> Callable[[EnrollMember], MemberWelcomed]:
        """Make someone a member."""
        ...

    @property
    def last_sales(self) -> Callable[[ReadLastSales], tuple[LastSale, ...]]:
        """Read the newest sales."""
        ...

    @property
    def day_counts(self) -> Callable[[ReadDayCounts], DayCounts]:
        """Read today's counts."""
        ...

    @property
    def count_attention(self) -> Callable[[], int]:
        """Count what is open on the owner's list."""
        ...

    @property
    def attention(self) -> Callable[[ReadAttention], AttentionList]:
        """Read the owner's list."""
        ...

    @property
    def settle_item(self) -> Callable[[SettleItem], ItemSettled]:
        """Choose for an item of the owner's list."""
        ...

    @property
    def keep_draft(self) -> Callable[[KeepDraft], None]:
        """Keep the sale in hand."""
        ...

    @property
    def take_draft(self) -> Callable[[TakeDraft], DraftTaken | None]:
        """Take the sale from before."""
        ...

    def program(self) -> LoyaltyProgram:
        """Return the program in force now."""
        ...


class TillServices:
    """One open till as the counter's services."""

    def __init__(self, till: TillUseCases) -> None:
        self._till = till
        self._shop = _names(till.shop)

    @property
    def shop(self) -> ShopNames:
        """Whose counter this is."""
        return self._shop

    def program(self) -> LoyaltyProgram:
        """Return the rules in force now."""
        return self._till.program()

    def unusual_amount(self) -> int:
        """Return from which amount to ask again."""
        return self._till.unusual_amount

    def receipt(self, sale_id: SaleId) -> ReceiptShown | None:
        """Return the code of a sale's receipt; None where the sale has no member."""
        from pos_loyalty.cards.code_stencil import invitation_matrix, receipt_matrix

        code = self._till.make_receipt(sale_id)
        if code is None:
            return None
        invitation: tuple[str, ...] = ()
        if self._till.program().referral is not None:
            member = parse_receipt(code).receipt.member
            invitation = _rows(
                invitation_matrix(format_invitation(self._till.shop.merchant, member))
            )
        return ReceiptShown(_rows(receipt_matrix(code)), invitation)

    def look_up_card(self, text: str) -> CardLookedUp:
        """Return whose card this is."""
        return self._till.look_up_card(LookUpCard(text))

    def read_voucher(self, code: str) -> VoucherShown:
        """Return what a voucher is worth."""
        return self._till.read_voucher(ReadVoucher(code))

    def check_invitation(self, text: str) -> str:
        """Return the letters of an invitation; damaged or foreign ones are refused."""
        parse_invitation(text, self._till.shop.accepted_merchants)
        return text.strip()

    def look_at_sale(self, sale_id: SaleId) -> SaleLookedAt:
        """Return a past sale."""
        return self._till.look_at_sale(LookAtSale(sale_id))

    def refund(self, order: RefundOrder) -> RefundDone:
        """Take goods of a sale back."""
        return self._till.refund_sale(
            RefundSale(
                order.sale_id,
                amount=None if order.lines else order.amount,
                lines=order.lines,
                refund_id=order.change_id,
            )
        )

    def move(self, order: MoveOrder) -> SaleMovedHere:
        """Give a sale to another member."""
        return self._till.move_sale(
            MoveSale(order.sale_id, order.to_member, event_id=order.change_id)
        )

    def record_activity(self, order: ActivityOrder) -> ActivityDone:
        """Give points for something else."""
        return self._till.record_activity(
            RecordActivity(
                order.member_id,
                order.activity,
                event_id=order.change_id,
                approved_by=order.approved_by,
            )
        )

    def program_news(self) -> ProgramNews | None:
        """Return rules that are new here."""
        return self._till.program_news()

    def program_seen(self, version: str) -> None:
        """Note that somebody was told."""
        self._till.program_news.seen(version)

    def member(self, member_id: MemberId, found_by: str) -> MemberView:
        """Return a member with the points of this moment."""
        return self._till.look_up_member(LookUpMember(id=member_id, found_by=found_by))

    def find_members(self, text: str) -> tuple[MemberFound, ...]:
        """Return members that fit."""
        return self._till.find_members(FindMembers(text, _FOUND_MAX))

    def quote(self, order: SaleOrder) -> SaleQuote:
        """Return what the sale would earn."""
        return self._till.quote_sale(
            QuoteSale(
                member_id=order.member_id,
                total=order.total,
                rewards=order.rewards,
                found_by=order.found_by,
                card_key=order.card_key,
                lines=_lines(order),
                voucher=order.voucher,
            )
        )

    def record(self, order: SaleOrder) -> SaleDone:
        """Write the sale."""
        return self._till.record_sale(
            RecordSale(
                total=order.total,
                member_id=order.member_id,
                rewards=order.rewards,
                sale_id=order.sale_id,
                found_by=order.found_by,
                card_key=order.card_key,
                lines=_lines(order),
                voucher=order.voucher,
            )
        )

    def undo(self, sale_id: SaleId) -> SaleUndone:
        """Take a sale back."""
        return self._till.undo_sale(UndoSale(sale_id))

    def enroll(self, order: SignUpOrder) -> MemberWelcomed:
        """Make someone a member."""
        return self._till.enroll_member(
            EnrollMember(
                card_key=order.card_key,
                phone=order.phone,
                name=order.name,
                offers_consent=order.offers_consent,
                different_person=order.different_person,
                invited_by=order.invited_by,
            )
        )

    def last_sales(self) -> tuple[LastSale, ...]:
        """Return the newest sales."""
        return self._till.last_sales(ReadLastSales(LAST_SALES_MAX))

    def day_counts(self) -> DayCounts:
        """Return what happened today."""
        return self._till.day_counts(ReadDayCounts())

    def connection(self) -> ConnectionStatus:
        """Return how it stands with the server."""
        return self._till.sync.status()

    def prefetch_rights(self, member_id: MemberId, points: int) -> None:
        """Ask the server ahead of time."""
        self._till.sync.prefetch_rights(member_id, points)

    def reserve_rights(self, member_id: MemberId, points: int) -> None:
        """Keep the points here that the sale on screen counts on."""
        self._till.sync.reserve_rights(member_id, points)

    def attention_count(self) -> int:
        """Return how many items are open."""
        return self._till.count_attention()

    def attention(self) -> AttentionList:
        """Return the owner's list."""
        return self._till.attention(ReadAttention())

    def settle_item(self, item: str, choice: str) -> ItemSettled:
        """Choose for an item."""
        return self._till.settle_item(SettleItem(item, choice))

    def keep_draft(self, sale: SaleInHand | None, changed_ms: int) -> None:
        """Keep the sale in hand."""
        self._till.keep_draft(KeepDraft(sale, changed_ms))

    def take_draft(self) -> SaleFromBefore | None:
        """Return the sale from before, with its member as of now."""
        draft = self._till.take_draft(TakeDraft())
        if draft is None or draft.sale.member_id is None:
            return None if draft is None else SaleFromBefore(draft, None)
        try:
            return SaleFromBefore(draft, self.member(draft.sale.member_id, draft.sale.found_by))
        except RuleViolation:
            # Paused or taken over meanwhile: the amount comes back alone.
            return SaleFromBefore(draft, None)


def _lines(order: SaleOrder) -> tuple[SaleLine, ...]:
    """Return what was typed line by line: plain lines, of no category."""
    return tuple(SaleLine(amount=amount) for amount in order.lines)


def _rows(matrix: list[list[bool]]) -> tuple[str, ...]:
    return tuple("".join("01"[dark] for dark in row) for row in matrix)


def _names(shop: ShopIdentity) -> ShopNames:
    return ShopNames(
        shop_name=shop.shop_name or shop.merchant_name,
        till_name=shop.till_name,
        currency=shop.currency.code,
        owner=shop.owner_name or "the owner",
        tags=tuple(merchant_tag(merchant) for merchant in shop.accepted_merchants),
    )
