"""Which fields each command knows: a misspelt one must not mean something else in silence.

``{"do": "refund", "amout": "1.00"}`` would give the whole sale back. So a command that changes
what was refuses what it does not know. A sale goes on: an integration that says more than is
read must not stop selling after an update. There the answer names what was passed over.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import cast

import msgspec

from pos_loyalty.counter.rows import ChosenRow, Command, LineRow, PaymentRow, RefundRow
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

_FIELD_LENGTH_MAX = 32
_NAMED_MAX = 20
"""An answer stays small, whatever a caller sends."""
_ALWAYS = "do"
_HARMLESS = "cashier"
"""Who stands at the till is said with every command by some; it changes nothing of what was."""

KNOWN_FIELDS: dict[str, frozenset[str]] = {
    command: frozenset(fields.split()) | {_ALWAYS}
    for command, fields in {
        "scan": "text",
        "enroll": "card phone name offers_consent different_person cashier birthday invited_by"
        " invitation",
        "sale": "total member card rewards sale_id found_by cashier lines payments tax voucher",
        "undo": "sale_id",
        "refund": "sale_id receipt amount lines member refund_id cashier",
        "move": "sale_id member move_id approved_by cashier",
        "activity": "member activity activity_id reference approved_by cashier",
        "adjust": "member points reason approved_by cashier adjustment_id",
        "tier": "member tier until reason approved_by bought cashier grant_id",
        "voucher": "code",
        "member": "id card phone",
        "history": "member",
        "why": "sale_id event member",
        "program": "",
        "sync": "",
        "status": "",
        "attention": "open",
        "settle": "item choice",
    }.items()
}
_ROWS: dict[str, dict[str, type[msgspec.Struct]]] = {
    "sale": {"lines": LineRow, "payments": PaymentRow, "rewards": ChosenRow},
    "refund": {"lines": RefundRow},
}
_MUST_KNOW = frozenset({"undo", "refund", "move", "activity", "adjust", "tier", "settle"})


def unknown_fields(name: str, command: Command) -> tuple[str, ...]:
    """Return the fields that a command does not know, at most 20: ``lines[0].categorie``."""
    return tuple(field for field, _ in islice(_unknown(name, command), _NAMED_MAX))


def ensure_known(name: str, command: Command) -> None:
    """Refuse a change with a field that it does not know, and name the one that is near.

    Raises:
        CommandRefused: such a field.
    """
    if name not in _MUST_KNOW:
        return
    for field, known in _unknown(name, command):
        if field == _HARMLESS:
            continue
        if known is None:
            raise CommandRefused(Code.FIELD_UNKNOWN, field=field)
        raise CommandRefused(Code.FIELD_SPELLING, field=field, known=known)


def _unknown(name: str, command: Command) -> Iterator[tuple[str, str | None]]:
    """Yield each unknown field with the known one that is near, None where none is."""
    yield from _unknown_of("", command, KNOWN_FIELDS[name])
    for field, kind in _ROWS.get(name, {}).items():
        rows = command.get(field)
        for number, row in enumerate(_list_of(rows)):
            if isinstance(row, Mapping):
                fields = cast("Command", row)
                place = f"{field}[{number}]."
                yield from _unknown_of(place, fields, frozenset(kind.__struct_fields__))


def _list_of(rows: object) -> list[object]:
    return cast("list[object]", rows) if isinstance(rows, list) else []


def _unknown_of(
    place: str, fields: Command, known: frozenset[str]
) -> Iterator[tuple[str, str | None]]:
    for field in fields:
        if field in known:
            continue
        said = (place + field)[:_FIELD_LENGTH_MAX]
        near = get_close_matches(field[:_FIELD_LENGTH_MAX].lower(), sorted(known - {_ALWAYS}), n=1)
        yield said, place + near[0] if near else None
