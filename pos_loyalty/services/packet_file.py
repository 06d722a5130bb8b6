"""Packets on a stick: a file is there whole or not at all, and every trouble has a sentence."""

import errno
from contextlib import suppress
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.store.keys import replace_file
from pos_loyalty.wire.packet import PACKET_BYTES_MAX

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def read_packet(path: Path) -> bytes:
    """Return the bytes of a packet.

    Raises:
        CommandRefused: there is no such file, or it is far too large.
        StoreUnavailable: the stick cannot be read.
    """
    try:
        if path.stat().st_size > PACKET_BYTES_MAX:
            raise CommandRefused(Code.PACKET_SHAPE, file=str(path))
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CommandRefused(Code.FILE_ABSENT, file=str(path)) from error
    except OSError as error:
        raise StoreUnavailable(Code.PACKET_READ, file=str(path)) from error


def write_packet(path: Path, data: bytes) -> None:
    """Write a packet: flushed, then named, so that a stick that is pulled out keeps the old one.

    Raises:
        StoreUnavailable: no room, or the stick cannot be written.
    """
    try:
        replace_file(path, data, mode=0o600)
    except OSError as error:
        with suppress(OSError):
            path.with_name(path.name + ".new").unlink(missing_ok=True)
        code = Code.PACKET_FULL if error.errno in _NO_ROOM else Code.PACKET_WRITE
        raise StoreUnavailable(code, file=str(path)) from error
