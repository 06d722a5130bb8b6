"""The file with all members and cards of a merchant: how it is written and read.

A new till takes it instead of a million rows. It is a magic line and then frames,
each a length and zlib bytes. Inside a frame the rows stand column by column, and
numbers byte by byte: what is random stays together and what is alike does, too, so
that the fastest compression does as well as the slowest. What is not of this shape
is refused before a row of it is used; the caller compares the SHA-256 of the whole.
"""

import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.wire.messages import CardRow, MemberRow

MAGIC = b"LPSNAP1\n"
SNAPSHOT_SCHEMA = 1
"""Grows with the columns; a till takes only files of a schema that it knows."""
BLOCK_ROWS = 4096
PIECE_BYTES_MAX = 4 * 1024 * 1024
"""So much of a file comes in one answer."""

FRAME_BYTES_MAX = 4 * 1024 * 1024
_INFLATED_MAX = 32 * 1024 * 1024
_LENGTH_BYTES = 4
_LEVEL = 6
_ID_BYTES = 16
_ID_LETTERS = 2 * _ID_BYTES
_INTEGER_BYTES = 8
_TIME_BYTES = 6
_ID_TIME_SHIFT = 80
_NUMBER_DIGITS = 12
_ID = re.compile("[0-9a-f]{32}")
_PHONE = re.compile(r"\+[1-9][0-9]{3,16}")
_NUMBER = re.compile(f"[0-9]{{{_NUMBER_DIGITS}}}")

_Value = TypeVar("_Value")


class Header(msgspec.Struct, frozen=True, array_like=True, tag="header"):
    """Whose rows follow, and as of which version; ``programs`` with the version of each.

    Only programs that every till can read stand here; all of them come as rows.
    """

    schema: int
    merchant: MerchantId
    epoch: int
    v: int
    members: int
    cards: int
    programs: tuple[tuple[int, LoyaltyProgram], ...]


class MemberBlock(msgspec.Struct, frozen=True, array_like=True, tag="members"):
    """Members in the order of their ids; ``first`` is the place of the first one.

    ``enrolled`` is milliseconds after the time in the id. A phone is the number of its
    digits, 0 where there is none; those of another shape stand in ``odd_phones``. A program
    whose rules ask nothing of members has no ``sheets``.
    """

    first: int
    ids: bytes
    v: bytes
    balance: bytes
    earned: bytes
    enrolled: bytes
    phones: bytes
    names: list[str]
    tiers: list[str]
    statuses: list[str]
    odd_phones: dict[int, str]
    aliases: dict[int, str]
    sheets: dict[int, MemberSheet] = {}


class CardBlock(msgspec.Struct, frozen=True, array_like=True, tag="cards"):
    """Cards in the order of their keys; ``members`` are places plus one, 0 is nobody."""

    keys: bytes
    v: bytes
    numbers: bytes
    members: bytes
    statuses: list[str]
    batches: list[str]
    odd_numbers: dict[int, str]
    odd_members: dict[int, str]


class End(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """The last frame: how many rows there were."""

    members: int
    cards: int


Frame = Header | MemberBlock | CardBlock | End

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


class Unfit(Exception):
    """A row cannot be told in this form; the merchant's tills take rows one by one."""


def write_frame(frame: Frame) -> bytes:
    """Return the bytes of a frame with its length."""
    data = zlib.compress(_ENCODER.encode(frame), _LEVEL)
    if len(data) > FRAME_BYTES_MAX:
        raise Unfit("a frame is too large")
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def read_frames(parts: Iterable[bytes]) -> Iterator[Frame]:
    """Yield the frames of a file that comes in parts of any size.

    Raises:
        CommandRefused: not such a file, cut, or too long.
    """
    buffer = bytearray()
    for number, data in enumerate(_framed(parts, buffer)):
        frame = _frame_of(data)
        if (number == 0) != isinstance(frame, Header):
            raise _refused("no header, or two")
        yield frame
        if isinstance(frame, End):
            break
    else:
        raise _refused("cut short")
    if buffer:
        raise _refused("too long")


def _framed(parts: Iterable[bytes], buffer: bytearray) -> Iterator[bytes]:
    wanted = len(MAGIC)
    has_magic = False
    waiting = iter(parts)
    while True:
        while len(buffer) < wanted:
            part = next(waiting, None)
            if part is None:
                return
            buffer += part
        if not has_magic:
            if bytes(buffer[:wanted]) != MAGIC:
                raise _refused("another format")
            has_magic = True
            del buffer[:wanted]
            wanted = _LENGTH_BYTES
            continue
        length = int.from_bytes(buffer[:_LENGTH_BYTES], "big")
        if length > FRAME_BYTES_MAX:
            raise _refused("a frame is too large")
        wanted = _LENGTH_BYTES + length
        if len(buffer) < wanted:
            continue
        data = bytes(buffer[_LENGTH_BYTES:wanted])
        del buffer[:wanted]
        wanted = _LENGTH_BYTES
        yield data


def _frame_of(data: bytes) -> Frame:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, _INFLATED_MAX)
        if not inflater.eof or inflater.unused_data:
            raise _refused("a frame is cut or too large")
        return _DECODER.decode(inflated)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused("a frame is not readable") from error


def member_block(first: int, rows: Sequence[MemberRow]) -> MemberBlock:
    """Return members as a block.

    Raises:
        Unfit: an id that is none.
    """
    ids = _id_bytes([row.member for row in rows])
    odd = {
        n: row.phone for n, row in enumerate(rows) if row.phone and not _PHONE.fullmatch(row.phone)
    }
    return MemberBlock(
        first=first,
        ids=_planes(ids, _ID_BYTES),
        v=_integers([row.v for row in rows]),
        balance=_integers([row.balance for row in rows]),
        earned=_integers([row.earned_window for row in rows]),
        enrolled=_integers([row.enrolled_ms - _time_of(row.member) for row in rows]),
        phones=_integers([0 if n in odd else int(row.phone or 0) for n, row in enumerate(rows)]),
        names=[row.name for row in rows],
        tiers=[row.tier for row in rows],
        statuses=[row.status for row in rows],
        odd_phones=odd,
        aliases={n: row.alias_of for n, row in enumerate(rows) if row.alias_of},
        sheets={n: row.sheet for n, row in enumerate(rows) if row.sheet != NO_SHEET},
    )


def card_block(rows: Sequence[CardRow], places: Sequence[int | None]) -> CardBlock:
    """Return cards as a block; ``places`` are those of their members, None where unknown.

    Raises:
        Unfit: a key that is none.
    """
    odd = {
        n: row.number
        for n, row in enumerate(rows)
        if row.number and not _NUMBER.fullmatch(row.number)
    }
    known = enumerate(zip(rows, places, strict=True))
    return CardBlock(
        keys=_planes(_id_bytes([row.card_key for row in rows]), _ID_BYTES),
        v=_integers([row.v for row in rows]),
        numbers=_integers(
            [0 if n in odd or not row.number else int(row.number) + 1 for n, row in enumerate(rows)]
        ),
        members=_integers([0 if place is None else place + 1 for place in places]),
        statuses=[row.status for row in rows],
        batches=[row.batch for row in rows],
        odd_numbers=odd,
        odd_members={n: row.member for n, (row, place) in known if row.member and place is None},
    )


class Members(msgspec.Struct, frozen=True):
    """A block of members as columns for a table."""

    ids: list[str]
    v: Sequence[int]
    balance: Sequence[int]
    earned: Sequence[int]
    enrolled_ms: list[int]
    phones: list[str]
    names: list[str]
    tiers: list[str]
    statuses: list[str]
    aliases: dict[int, str]
    sheets: dict[int, MemberSheet]
    raw_ids: bytes


class Cards(msgspec.Struct, frozen=True):
    """A block of cards as columns for a table; ``members`` are ids, None is nobody."""

    keys: list[str]
    v: Sequence[int]
    numbers: list[str]
    members: list[str | None]
    statuses: list[str]
    batches: list[str]


def members_of(block: MemberBlock) -> Members:
    """Return the columns of a block.

    Raises:
        CommandRefused: columns of different lengths.
    """
    raw = _unplaned(block.ids, _ID_BYTES)
    count = len(raw) // _ID_BYTES
    ids = _texts(raw)
    columns = [
        _numbers(column)
        for column in (block.v, block.balance, block.earned, block.enrolled, block.phones)
    ]
    _ensure_even(count, *columns, block.names, block.tiers, block.statuses)
    v, balance, earned, enrolled, digits = columns
    phones = [f"+{number}" if number else "" for number in digits]
    for place, phone in _sparse(block.odd_phones, count):
        phones[place] = phone
    return Members(
        ids=ids,
        v=v,
        balance=balance,
        earned=earned,
        enrolled_ms=list(map(add, _times(raw), enrolled)),
        phones=phones,
        names=block.names,
        tiers=block.tiers,
        statuses=block.statuses,
        aliases=dict(_sparse(block.aliases, count)),
        sheets=dict(_sparse(block.sheets, count)),
        raw_ids=raw,
    )


def cards_of(block: CardBlock, member_ids: bytes | bytearray) -> Cards:
    """Return the columns of a block; ``member_ids`` are those of all members, 16 bytes each.

    Raises:
        CommandRefused: columns of different lengths, or a member that is not there.
    """
    raw = _unplaned(block.keys, _ID_BYTES)
    count = len(raw) // _ID_BYTES
    v, digits, places = (_numbers(column) for column in (block.v, block.numbers, block.members))
    _ensure_even(count, v, digits, places, block.statuses, block.batches)
    if count and not 0 <= min(places) <= max(places) <= len(member_ids) // _ID_BYTES:
        raise _refused("a card of nobody")
    numbers = [str(number - 1).zfill(_NUMBER_DIGITS) if number else "" for number in digits]
    for place, number in _sparse(block.odd_numbers, count):
        numbers[place] = number
    members: list[str | None] = [
        member_ids[(place - 1) * _ID_BYTES : place * _ID_BYTES].hex() if place else None
        for place in places
    ]
    for place, member in _sparse(block.odd_members, count):
        members[place] = member
    return Cards(
        keys=_texts(raw),
        v=v,
        numbers=numbers,
        members=members,
        statuses=block.statuses,
        batches=block.batches,
    )


def _time_of(member: str) -> int:
    return int(member, 16) >> _ID_TIME_SHIFT


def _id_bytes(ids: Sequence[str]) -> bytes:
    text = "".join(ids)
    if len(text) != _ID_LETTERS * len(ids) or not all(map(_ID.fullmatch, ids)):
        raise Unfit("an id is no id")
    return bytes.fromhex(text)


def _texts(raw: bytes) -> list[str]:
    text = raw.hex()
    return [text[start : start + _ID_LETTERS] for start in range(0, len(text), _ID_LETTERS)]


def _times(raw: bytes) -> Sequence[int]:
    """Return the milliseconds at the beginning of each id, all at once."""
    times = bytearray(len(raw) // _ID_BYTES * _INTEGER_BYTES)
    for place in range(_TIME_BYTES):
        times[place + _INTEGER_BYTES - _TIME_BYTES :: _INTEGER_BYTES] = raw[place::_ID_BYTES]
    values = array("q", bytes(times))
    if not _BIG_ENDIAN:
        values.byteswap()
    return values


def _integers(values: Sequence[int]) -> bytes:
    try:
        column = array("q", values)
    except OverflowError as error:
        raise Unfit("a number is too large") from error
    if _BIG_ENDIAN:
        column.byteswap()
    return _planes(column.tobytes(), _INTEGER_BYTES)


def _numbers(column: bytes) -> Sequence[int]:
    values = array("q", _unplaned(column, _INTEGER_BYTES))
    if _BIG_ENDIAN:
        values.byteswap()
    return values.tolist()


def _planes(data: bytes, width: int) -> bytes:
    """Put the first bytes of all values before the second ones, and so on."""
    return b"".join(data[place::width] for place in range(width))


def _unplaned(data: bytes, width: int) -> bytes:
    count, rest = divmod(len(data), width)
    if rest:
        raise _refused("a column is cut")
    whole = bytearray(len(data))
    for place in range(width):
        whole[place::width] = data[place * count : (place + 1) * count]
    return bytes(whole)


def _sparse(values: dict[int, _Value], count: int) -> Iterable[tuple[int, _Value]]:
    if values and not 0 <= min(values) <= max(values) < count:
        raise _refused("a value of no row")
    return values.items()


def _ensure_even(count: int, *columns: Sequence[object]) -> None:
    if any(len(column) != count for column in columns):
        raise _refused("columns of different lengths")


def _refused(detail: str) -> CommandRefused:
    return CommandRefused(Code.BODY_SHAPE, detail=detail)


_BIG_ENDIAN = array("h", [1]).tobytes()[0] == 0
