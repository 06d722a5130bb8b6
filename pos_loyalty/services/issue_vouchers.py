"""Vouchers come into being: signed by this till, so that every till of the merchant takes them.

Nothing is recorded: a voucher is a promise on paper, and the server hears of it when it is used.
"""

import base64
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.domain.voucher import (
    AMOUNT_MAX,
    ID_BYTES,
    LAST_DAY_MAX,
    Voucher,
    VoucherGives,
    format_voucher,
    key_mark,
    voucher_to_sign,
)
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.joining import Joining
from pos_loyalty.sync.credentials import TillKey

COUNT_MAX = 10_000
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class IssueVouchers:
    """So many vouchers of the same worth: ``much`` minor units or points, until a day."""

    count: int
    gives: VoucherGives
    much: int
    until: dt.date


@dataclass(frozen=True)
class IssuedVoucher:
    """A voucher and its letters. Who has the letters has the voucher: they are not logged."""

    voucher: Voucher
    code: str


def _faults(command: IssueVouchers, today: dt.date) -> Iterator[str]:
    """Yield what of a command cannot be, each in words."""
    if not 1 <= command.count <= COUNT_MAX:
        yield f"1 to {COUNT_MAX:,} at a time, not {command.count:,}"
    is_amount = command.gives is VoucherGives.AMOUNT
    if command.much < 1:
        yield "an amount above 0" if is_amount else f"points above 0, not {command.much:,}"
    if command.much > AMOUNT_MAX:
        yield "a smaller amount" if is_amount else f"at most {AMOUNT_MAX:,} points"
    if command.until < today:
        yield f"{command.until.isoformat()} is over"
    if command.until > LAST_DAY_MAX:
        last = LAST_DAY_MAX.isoformat()
        yield f"the last day is {last} at the latest, not {command.until.isoformat()}"


class IssueVouchersHandler:
    """Signs vouchers with the till's own key."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: IssueVouchers) -> tuple[IssuedVoucher, ...]:
        """Return the vouchers, each with an id of its own.

        Raises:
            CommandRefused: none or too many, worth nothing, or a last day that is over.
        """
        context = self._context
        at_ms = context.clock.now_ms()
        today = local_day(at_ms, context.clock.offset_minutes(at_ms)) + _EPOCH_ORDINAL
        wrong = "; ".join(_faults(command, dt.date.fromordinal(today)))
        if wrong:
            raise CommandRefused(Code.VOUCHER_MAKE, wrong=wrong)
        key = TillKey.from_text(Joining(context.store, context.clock, context.ids).private_key())
        signer = key_mark(base64.b64decode(key.public_text))
        return tuple(self._issue(command, key, signer) for _ in range(command.count))

    def _issue(self, command: IssueVouchers, key: TillKey, signer: str) -> IssuedVoucher:
        voucher = Voucher(
            id=self._context.ids.random_bytes(ID_BYTES).hex(),
            signer=signer,
            gives=command.gives,
            much=command.much,
            until=command.until,
        )
        merchant = self._context.identity.merchant
        signature = base64.b64decode(key.sign(voucher_to_sign(merchant, voucher)))
        return IssuedVoucher(voucher, format_voucher(merchant, voucher, signature))
