"""Messages to bytes and back: JSON, deflate, and limits on everything that comes in.

A body is inflated piece by piece and refused as soon as it is larger, deeper or
more compressed than an honest one can be, so that a small request can never
become a large object.
"""

import zlib
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

COMPRESSED_BYTES_MAX = 256 * 1024
INFLATED_BYTES_MAX = 4 * 1024 * 1024
RATIO_MAX = 200
"""Honest batches of near-identical sales reach about 40; zlib's own limit is 1032."""
DEPTH_MAX = 12
VALUES_MAX = 100_000
"""A full batch of long sales has 20,000; every value costs far more memory than its bytes."""
_RATIO_FREE_BYTES = 64 * 1024
_LEVEL = 6

CONTENT_TYPE = "application/vnd.pos-loyalty+json"
PIECE_TYPE = "application/vnd.pos-loyalty.snapshot"
"""Of an answer that is a piece of a file and no message."""
SIGNATURE_HEADER = "X-Till-Signature"

MessageT = TypeVar("MessageT")

_ENCODER = msgspec.json.Encoder()


def pack(message: msgspec.Struct) -> bytes:
    """Return the compressed bytes of a message."""
    return zlib.compress(_ENCODER.encode(message), _LEVEL)


def inflate(data: bytes, *, compressed_max: int = COMPRESSED_BYTES_MAX) -> bytes:
    """Return the inflated bytes of a body within all limits.

    Raises:
        CommandRefused: too large, too compressed, cut short, or not deflate.
    """
    if len(data) > compressed_max:
        raise CommandRefused(Code.BODY_LARGE, limit_bytes=compressed_max)
    limit = min(INFLATED_BYTES_MAX, max(_RATIO_FREE_BYTES, len(data) * RATIO_MAX))
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise CommandRefused(Code.BODY_SHAPE, detail="not compressed as agreed") from error
    if len(inflated) > limit:
        raise CommandRefused(Code.BODY_LARGE, limit_bytes=limit)
    if not inflater.eof or inflater.unused_data:
        raise CommandRefused(Code.BODY_SHAPE, detail="cut short or too long")
    return inflated


def unpack(
    data: bytes, kind: type[MessageT], *, compressed_max: int = COMPRESSED_BYTES_MAX
) -> MessageT:
    """Read a message of the given kind from a compressed body.

    Raises:
        CommandRefused: outside the limits, or not such a message.
    """
    inflated = inflate(data, compressed_max=compressed_max)
    ensure_modest(inflated)
    try:
        return msgspec.json.decode(inflated, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(Code.BODY_SHAPE, detail=str(error)[:120]) from error


def ensure_modest(data: bytes) -> None:
    """Refuse JSON that nests deeper or holds more values than any message of ours.

    What strings hold is cut out, only brackets are kept, and innermost pairs are taken
    away round by round: all of it in C and in time that grows with the length alone,
    because this runs over every body, before anybody knows who sent it. A round takes
    one level, or two where kinds alternate.

    Raises:
        CommandRefused: more than ``VALUES_MAX`` values, or nested more than
            ``DEPTH_MAX`` rounds deep.
    """
    marks = data.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NOT_MARKS)
    # Two quotes side by side begin and end the same thing, or end one string and begin the next.
    outside = b"".join(marks.replace(b'""', b"").split(b'"')[::2])
    if outside.count(b",") >= VALUES_MAX:
        raise CommandRefused(Code.BODY_SHAPE, detail="too many values")
    brackets = outside.replace(b",", b"")
    for _ in range(DEPTH_MAX):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise CommandRefused(Code.BODY_SHAPE, detail="nested too deeply")


_NOT_MARKS = bytes(set(range(256)) - set(b'[]{}",'))
