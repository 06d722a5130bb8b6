"""A packet that is carried by hand: sealed on one side, opened on the other.

A line of magic, a header that anybody may read (whose packet it is and its number), and
a body that only the addressee can open and only the sender can have made: X25519 of a
key of its own and of both sides' lasting keys, HKDF, ChaCha20-Poly1305. The header is
sealed along, so a changed letter of it is found, too.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId, TillId
from pos_loyalty.wire.messages import SyncReply

PACKET_FORMAT = 1
PACKET_BYTES_MAX = 1024 * 1024 * 1024
KEY_BYTES = 32
_MAGIC = b"LPPACK"
_HEADER_BYTES_MAX = 4096
_LENGTH_BYTES = 4
_NONCE = bytes(12)
"""Each packet has a key of its own, so that its one nonce may be always the same."""
_TILL_KEY_DOMAIN = b"lp-packet-key-1"
_SEAL_DOMAIN = b"lp-packet-1"

RandomBytes = Callable[[int], bytes]


class PacketKind(StrEnum):
    """Which way a packet goes."""

    INVITATION = "invitation"
    """From the server to a new till: the code with which it joins. Not sealed; keep it safe."""
    UP = "up"
    """From a till to the server."""
    DOWN = "down"
    """From the server to a till: the answer to one packet of it."""


class PacketHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands outside. ``sender`` is the sender's lasting X25519 key, ``fresh`` the packet's.

    ``number`` counts the packets of a till; an answer has the number of what it answers.
    """

    format: int
    kind: PacketKind
    merchant: MerchantId
    number: int = 0
    till: TillId = TillId("")
    till_name: str = ""
    sender: bytes = b""
    fresh: bytes = b""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What a till needs to join without ever being online."""

    code: str
    merchant_name: str
    currency: str
    epoch: int
    server_key: bytes


class SignedBody(msgspec.Struct, frozen=True, array_like=True):
    """The very bytes that would go over a line, with the signature of the till."""

    path: str
    body: bytes
    signature: str


class UpParcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is inside a till's packet; ``proof`` is the till's signature over key and number."""

    bodies: tuple[SignedBody, ...]
    proof: str


class DownItem(msgspec.Struct, frozen=True, array_like=True):
    """One answer: the status that HTTP would have, and the compressed message."""

    status: int
    body: bytes


class DownParcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is inside the server's packet: an answer for each body, then further rows.

    ``more`` are pages that follow the last answer, each from the cursor of the one before.
    """

    answers: tuple[DownItem, ...]
    more: tuple[bytes, ...] = ()


ParcelT = TypeVar("ParcelT", UpParcel, DownParcel, Invitation)
_HEADERS = msgspec.msgpack.Decoder(PacketHeader)


def till_packet_key(private_key: bytes) -> bytes:
    """Return a till's lasting X25519 key: it follows from the key that the till has anyway."""
    return _derived(private_key, _TILL_KEY_DOMAIN)


def public_packet_key(private: bytes) -> bytes:
    """Return the public half of a lasting key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def proof_text(merchant: MerchantId, number: int, sender: bytes) -> bytes:
    """Return what a till signs: that this lasting key and this number are its own."""
    return b"lp-packet-1|" + f"{merchant}|{number}|".encode() + sender


def seal(
    header: PacketHeader,
    parcel: UpParcel | DownParcel,
    *,
    private: bytes,
    recipient: bytes,
    random_bytes: RandomBytes,
) -> bytes:
    """Return a packet that only ``recipient`` can open.

    Raises:
        CommandRefused: the recipient's key is no key.
    """
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    fresh = random_bytes(KEY_BYTES)
    full = msgspec.structs.replace(
        header, sender=public_packet_key(private), fresh=public_packet_key(fresh)
    )
    outside = _outside(full)
    secret = _agreed(fresh, recipient) + _agreed(private, recipient)
    inside = msgspec.msgpack.encode(parcel)
    return outside + ChaCha20Poly1305(_derived(secret, _SEAL_DOMAIN)).encrypt(
        _NONCE, inside, outside
    )


def open_packet(data: bytes, kind: type[ParcelT], *, private: bytes) -> ParcelT:
    """Open a packet whose header was read and judged before.

    Raises:
        CommandRefused: cut, altered, or sealed for somebody else.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    header, start = _read(data)
    secret = _agreed(private, header.fresh) + _agreed(private, header.sender)
    try:
        inside = ChaCha20Poly1305(_derived(secret, _SEAL_DOMAIN)).decrypt(
            _NONCE, data[start:], data[:start]
        )
    except InvalidTag as error:
        raise CommandRefused(Code.PACKET_DAMAGED) from error
    return _decoded(inside, kind)


def write_invitation(header: PacketHeader, invitation: Invitation) -> bytes:
    """Return an invitation; whoever has it may join one till, as with a code on paper."""
    return _outside(header) + msgspec.msgpack.encode(invitation)


def read_invitation(data: bytes) -> tuple[PacketHeader, Invitation]:
    """Read an invitation.

    Raises:
        CommandRefused: another packet, cut or altered.
    """
    header, start = _read(data)
    if header.kind is not PacketKind.INVITATION:
        raise CommandRefused(Code.PACKET_KIND)
    return header, _decoded(data[start:], Invitation)


def read_header(data: bytes) -> PacketHeader:
    """Read what stands outside a packet.

    Raises:
        CommandRefused: no packet of ours, a newer one, or cut.
    """
    return _read(data)[0]


def without_rows(reply: SyncReply, cursor: str) -> SyncReply:
    """Return an answer that acknowledges nothing yet: its rows come with a later one."""
    return msgspec.structs.replace(reply, rows=(), cursor=cursor, more=True)


def _outside(header: PacketHeader) -> bytes:
    head = msgspec.msgpack.encode(header)
    return _MAGIC + len(head).to_bytes(_LENGTH_BYTES, "big") + head


def _read(data: bytes) -> tuple[PacketHeader, int]:
    start = len(_MAGIC) + _LENGTH_BYTES
    if data[: len(_MAGIC)] != _MAGIC:
        raise CommandRefused(Code.PACKET_SHAPE)
    length = int.from_bytes(data[len(_MAGIC) : start], "big")
    if length > _HEADER_BYTES_MAX or len(data) <= start + length:
        raise CommandRefused(Code.PACKET_DAMAGED)
    try:
        header = _HEADERS.decode(data[start : start + length])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(Code.PACKET_DAMAGED) from error
    if header.format > PACKET_FORMAT:
        raise CommandRefused(Code.PACKET_NEWER)
    return header, start + length


def _decoded(data: bytes, kind: type[ParcelT]) -> ParcelT:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(Code.PACKET_DAMAGED) from error


def _agreed(private: bytes, public: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    try:
        other = X25519PublicKey.from_public_bytes(public)
        return X25519PrivateKey.from_private_bytes(private).exchange(other)
    except ValueError as error:
        raise CommandRefused(Code.PACKET_DAMAGED) from error


def _derived(secret: bytes, domain: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=domain).derive(secret)
