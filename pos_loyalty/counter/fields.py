"""The fields of a command, read one by one: what is not of its kind is refused by name."""

import datetime as dt

from pos_loyalty.counter.rows import (
    ChosenRow,
    Command,
    LineRow,
    PaymentRow,
    RefundRow,
    rows_of,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.event import Payment, RefundLine, SaleLine
from pos_loyalty.domain.ids import EventId, RewardId
from pos_loyalty.domain.money import Currency, parse_amount
from pos_loyalty.domain.redemption import RewardChoice

_WORDS_LENGTH_MAX = 200
"""An event stays small, so that it can be sent and carried over whatever it is made of."""
_MINUS = ("-", "\u2212")
_WAYS_TO_FIND = frozenset({"", "card", "number", "phone", "name"})


def choices(command: Command) -> tuple[RewardChoice, ...]:
    """Return the rewards that are chosen for a sale."""
    rows = rows_of(command, "rewards", ChosenRow)
    return tuple(RewardChoice(RewardId(row.id), row.points, row.item) for row in rows)


def text(command: Command, field: str) -> str:
    """Return a text that must be there."""
    value = command.get(field)
    if not isinstance(value, str):
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return value


def optional_text(command: Command, field: str) -> str:
    """Return a text that may be absent; then it is empty."""
    return "" if command.get(field) is None else text(command, field)


def cashier(command: Command) -> str:
    """Return who stands at the till, if that was said."""
    return words(command, "cashier")


def words(command: Command, field: str) -> str:
    """Return a few words that go into an event: a name, a reason, a reference."""
    said = optional_text(command, field)
    if len(said) > _WORDS_LENGTH_MAX:
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return said


def found_by(command: Command) -> str:
    """Return how the member was found, if that was said."""
    way = optional_text(command, "found_by")
    if way not in _WAYS_TO_FIND:
        raise CommandRefused(Code.COMMAND_FIELD, field="found_by")
    return way


def flag(command: Command, field: str) -> bool:
    """Return a yes or no; absent is no."""
    value = command.get(field, False)
    if not isinstance(value, bool):
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return value


def whole_number(command: Command, field: str) -> int:
    """Return an integer that must be there."""
    value = command.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return value


def optional_day(command: Command, field: str) -> dt.date | None:
    """Return a day, "2026-12-31", or None where none was said."""
    said = optional_text(command, field)
    if not said:
        return None
    try:
        return dt.date.fromisoformat(said)
    except ValueError as error:
        raise CommandRefused(Code.COMMAND_FIELD, field=field) from error


def optional_id(command: Command, field: str) -> EventId | None:
    """Return the caller's own id of a change, which makes it safe to ask twice."""
    said = optional_text(command, field)
    return EventId(said) if said else None


def optional_amount(command: Command, field: str, currency: Currency) -> int | None:
    """Return an amount in minor units, or None where none was said; whoever uses it judges it."""
    said = optional_text(command, field)
    return any_amount(said, currency) if said else None


def any_amount(said: str, currency: Currency) -> int:
    """Return an amount in minor units that may be zero or, with a minus, below."""
    stripped = said.strip()
    is_below = stripped.startswith(_MINUS)
    try:
        amount = parse_amount(stripped[1:] if is_below else stripped, currency)
    except RuleViolation as refusal:
        if refusal.code is Code.AMOUNT_ZERO:
            return 0
        raise
    return -amount if is_below else amount


def optional_tax(command: Command, currency: Currency) -> int | None:
    """Return the tax in a sale, which may be zero; None where nothing was said."""
    return optional_amount(command, "tax", currency)


def sale_lines(command: Command, currency: Currency) -> tuple[SaleLine, ...]:
    """Return a sale's lines; a line without an amount costs its price for each item."""
    return tuple(
        _sale_line(number, row, currency)
        for number, row in enumerate(rows_of(command, "lines", LineRow))
    )


def payments(command: Command, currency: Currency) -> tuple[Payment, ...]:
    """Return how a sale was paid."""
    rows = rows_of(command, "payments", PaymentRow)
    return tuple(Payment(kind=row.kind, amount=any_amount(row.amount, currency)) for row in rows)


def refund_lines(command: Command, currency: Currency) -> tuple[RefundLine, ...]:
    """Return what comes back of which lines; without an amount it is all that is left of one.

    Raises:
        CommandRefused: no line at all, which must not mean the whole sale, or an amount beside
            lines, which could say something else.
        RuleViolation: 0 of a line, which must not mean all of it.
    """
    rows = rows_of(command, "lines", RefundRow)
    if command.get("lines") is not None and not rows:
        raise CommandRefused(Code.COMMAND_FIELD, field="lines")
    if rows and optional_text(command, "amount"):
        raise CommandRefused(Code.REFUND_EITHER)
    return tuple(
        RefundLine(
            line=row.line,
            amount=0 if row.amount is None else _back_amount(row.amount, currency),
            quantity=row.quantity,
        )
        for row in rows
    )


def _back_amount(said: str, currency: Currency) -> int:
    amount = any_amount(said, currency)
    if amount == 0:
        raise RuleViolation(Code.REFUND_ZERO)
    return amount


def _sale_line(number: int, row: LineRow, currency: Currency) -> SaleLine:
    price = 0 if row.unit_price is None else any_amount(row.unit_price, currency)
    if row.amount is None and row.unit_price is None:
        raise CommandRefused(Code.COMMAND_FIELD, field=f"lines[{number}].amount")
    amount = price * row.quantity if row.amount is None else any_amount(row.amount, currency)
    return SaleLine(
        amount=amount,
        sku=row.sku,
        category=row.category,
        quantity=row.quantity,
        unit_price=price,
        tax=0 if row.tax is None else any_amount(row.tax, currency),
    )
