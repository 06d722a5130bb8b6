"""The rows inside a command: the lines, payments and rewards of a sale, the lines of a refund."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

Command = Mapping[str, object]

_Row = TypeVar("_Row")
_PLACE = re.compile(r" - at `\$(\S*)`$")
_ABSENT = re.compile(r"missing required field `(\w+)`")


class ChosenRow(msgspec.Struct):
    """A reward in a sale command."""

    id: str
    points: int | None = None
    item: str = ""


class LineRow(msgspec.Struct):
    """A line in a sale command; amounts as a person writes them."""

    sku: str = ""
    category: str = ""
    quantity: int = 1
    unit_price: str | None = None
    amount: str | None = None
    tax: str | None = None


class PaymentRow(msgspec.Struct):
    """A payment in a sale command."""

    kind: str
    amount: str


class RefundRow(msgspec.Struct):
    """A line in a refund command; ``line`` counts from 0."""

    line: int
    amount: str | None = None
    quantity: int = 0


def rows_of(command: Command, field: str, kind: type[_Row]) -> list[_Row]:
    """Return the rows of a field; none where it is absent.

    Raises:
        CommandRefused: a row, or a field of one, is not of its kind; it is named with its place,
            counted from 0: ``lines[0].quantity``.
    """
    value = command.get(field)
    if value is None:
        return []
    try:
        return msgspec.convert(value, type=list[kind])
    except msgspec.ValidationError as error:
        raise CommandRefused(Code.COMMAND_FIELD, field=field + _place(str(error))) from error


def _place(complaint: str) -> str:
    """Return where in the rows the decoder stumbled: ``[0].quantity``, empty for all of them."""
    found, absent = _PLACE.search(complaint), _ABSENT.search(complaint)
    place = "" if found is None else found.group(1)
    return place if absent is None else f"{place}.{absent.group(1)}"
