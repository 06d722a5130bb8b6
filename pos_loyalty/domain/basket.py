"""A sale's lines, payments and tax make one sum: what does not add up is refused at the till.

A line below 0 is a discount. Money that is handed back is a payment below 0.
"""

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX, Currency, plain_amount

LINES_MAX = 500
PAYMENTS_MAX = 50
QUANTITY_MAX = 1_000_000
WORD_LENGTH_MAX = 80
"""An event stays small, so that it can be carried over whatever it is made of."""

_AMOUNT_MAX = 10**AMOUNT_DIGITS_MAX


def check_basket(
    *,
    total: int,
    currency: Currency,
    tax: int | None = None,
    lines: tuple[SaleLine, ...] = (),
    payments: tuple[Payment, ...] = (),
) -> int:
    """Return the tax in a sale of ``total`` minor units: what is stated, or that of its lines.

    Raises:
        RuleViolation: lines, payments or tax that do not add up.
        CommandRefused: more of them than a sale has, or words that are none.
    """
    if tax is None and not lines and not payments:
        return 0
    if len(lines) > LINES_MAX:
        raise CommandRefused(Code.COMMAND_FIELD, field="lines")
    for number, line in enumerate(lines):
        _check_line(number, line)
    amount = sum(line.amount for line in lines)
    if lines and amount != total:
        raise RuleViolation(
            Code.SALE_LINES,
            lines_amount=plain_amount(amount, currency),
            total=plain_amount(total, currency),
        )
    _check_payments(payments, total=total)
    return _tax(total, tax, lines)


def _check_line(number: int, line: SaleLine) -> None:
    if len(line.sku) > WORD_LENGTH_MAX or len(line.category) > WORD_LENGTH_MAX:
        raise CommandRefused(Code.COMMAND_FIELD, field="lines")
    if not 1 <= line.quantity <= QUANTITY_MAX:
        raise _refused_line(number, "the quantity is at least 1")
    if not -_AMOUNT_MAX < line.amount < _AMOUNT_MAX:
        raise _refused_line(number, "the amount is too large")
    if not 0 <= line.unit_price < _AMOUNT_MAX:
        raise _refused_line(number, "a price is not below 0")
    if not min(0, line.amount) <= line.tax <= max(0, line.amount):
        raise _refused_line(number, "its tax is more than its amount")


def _refused_line(number: int, detail: str) -> RuleViolation:
    """Return the refusal of a line; ``line`` counts from 0 as a refund does, ``number`` from 1."""
    return RuleViolation(Code.SALE_LINE, line=number, number=number + 1, detail=detail)


def _check_payments(payments: tuple[Payment, ...], *, total: int) -> None:
    if len(payments) > PAYMENTS_MAX or any(
        not 0 < len(payment.kind) <= WORD_LENGTH_MAX for payment in payments
    ):
        raise CommandRefused(Code.COMMAND_FIELD, field="payments")
    paid = sum(payment.amount for payment in payments)
    if paid > total or any(abs(payment.amount) >= _AMOUNT_MAX for payment in payments):
        raise RuleViolation(Code.SALE_PAYMENTS)


def _tax(total: int, tax: int | None, lines: tuple[SaleLine, ...]) -> int:
    of_lines = sum(line.tax for line in lines)
    if tax is None:
        return of_lines
    if not 0 <= tax <= total or (lines and tax != of_lines):
        raise RuleViolation(Code.SALE_TAX)
    return tax
