"""A voucher at the counter: what it is worth, and whether it was used here already."""

import datetime as dt
from dataclasses import dataclass

from pos_loyalty.domain.card_payload import merchant_tag
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, VoucherClaimed
from pos_loyalty.domain.ids import EventId, MemberId, ProgramVersion
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.domain.voucher import (
    SignedVoucher,
    Voucher,
    is_signed_by,
    key_mark,
    parse_voucher,
)
from pos_loyalty.services.spending import heard_now_ms
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.services.till_signers import Signer, till_signers
from pos_loyalty.store.unit_of_work import Repositories

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class ReadVoucher:
    """A voucher's letters, scanned or typed."""

    code: str


@dataclass(frozen=True)
class VoucherShown:
    """What a voucher is worth: minor units off a sale, or points for a member.

    ``until`` is the last day on which it may be used. ``till_name`` and ``shop_name`` are
    where it was made.
    """

    id: str
    amount: int
    points: int
    until: dt.date
    till_name: str
    shop_name: str


class ReadVoucherHandler:
    """Says what a voucher is worth. It writes nothing: a voucher is claimed with a sale."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: ReadVoucher) -> VoucherShown:
        """Return what the voucher is worth here now.

        Raises:
            CardError: damaged, forged or of another program.
            RuleViolation: its time is over, or it was used at this till.
        """
        at_ms = self._context.clock.now_ms()
        tz_minutes = self._context.clock.offset_minutes(at_ms)
        with self._context.store.read() as work:
            voucher, signer = _genuine(self._context, work, command.code)
            _ensure_usable(self._context, work, voucher, at_ms=at_ms, tz_minutes=tz_minutes)
        return VoucherShown(
            id=voucher.id,
            amount=voucher.amount,
            points=voucher.points,
            until=voucher.until,
            till_name=signer.name,
            shop_name=signer.shop_name,
        )


def usable_voucher(
    context: TillContext, work: Repositories, code: str, *, at_ms: int, tz_minutes: int
) -> Voucher:
    """Return a voucher that may go on a sale now, inside the sale's transaction.

    Raises:
        CardError: damaged, forged or of another program.
        RuleViolation: its time is over, or it was used at this till.
    """
    voucher, _ = _genuine(context, work, code)
    _ensure_usable(context, work, voucher, at_ms=at_ms, tz_minutes=tz_minutes)
    return voucher


def claim_of(
    voucher: Voucher,
    stamp: Stamp,
    *,
    sale_id: EventId,
    member: MemberId | None,
    discount: int,
    program: ProgramVersion,
    cashier: str,
) -> VoucherClaimed:
    """Return the event that goes into the journal with the sale."""
    return VoucherClaimed(
        v=SCHEMA_VERSION,
        id=stamp.id,
        at_ms=stamp.at_ms,
        boot_ms=stamp.boot_ms,
        tz_minutes=stamp.tz_minutes,
        program=program,
        cashier=cashier,
        voucher=voucher.id,
        sale_id=sale_id,
        member=member,
        discount=discount,
        points=voucher.points,
    )


def claims_of_sale(work: Repositories, sale_id: str) -> tuple[VoucherClaimed, ...]:
    """Return the vouchers that were used on a sale of this till."""
    events = work.journal.index.referring_to(sale_id)
    return tuple(event for event in events if isinstance(event, VoucherClaimed))


def _genuine(context: TillContext, work: Repositories, code: str) -> tuple[Voucher, Signer]:
    """Return a voucher and who signed it, by the key and not by what the paper says."""
    signed = parse_voucher(code)
    accepted = [
        merchant
        for merchant in context.identity.accepted_merchants
        if merchant_tag(merchant) == signed.merchant_tag
    ]
    if not accepted:
        raise CardError(Code.VOUCHER_FOREIGN)
    for signer in till_signers(work):
        if key_mark(signer.public_key) == signed.voucher.signer and any(
            is_signed_by(signer.public_key, merchant, signed) for merchant in accepted
        ):
            return _sound(signed), signer
    raise CardError(Code.VOUCHER_FORGED)


def _sound(signed: SignedVoucher) -> Voucher:
    """A till never signs one worth nothing; a key that leaked is no reason to fail oddly."""
    if signed.voucher.much <= 0:
        raise CardError(Code.VOUCHER_FORGED)
    return signed.voucher


def _ensure_usable(
    context: TillContext, work: Repositories, voucher: Voucher, *, at_ms: int, tz_minutes: int
) -> None:
    today = local_day(max(at_ms, heard_now_ms(context, work)), tz_minutes)
    if today > voucher.until.toordinal() - _EPOCH_ORDINAL:
        raise RuleViolation(Code.VOUCHER_OVER, day=voucher.until.isoformat())
    claims = work.journal.index.referring_to(voucher.id)
    for claim in [event for event in claims if isinstance(event, VoucherClaimed)]:
        if claim.voucher == voucher.id and work.journal.is_reversed(claim.sale_id) is None:
            day = _EPOCH_ORDINAL + local_day(claim.at_ms, claim.tz_minutes)
            raise RuleViolation(
                Code.VOUCHER_USED, day=dt.date.fromordinal(day).isoformat(), sale_id=claim.sale_id
            )
