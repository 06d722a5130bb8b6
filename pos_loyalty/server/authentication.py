"""Who sent a request: the till whose key signed it.

A request is signed over its path and its body; a batch of events is signed once
more over the end of its chain, for the record, so that neither a stolen token nor
the operator of the server can invent events.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId, StreamId, TillId, is_id
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.reading import Batch

_REQUEST_DOMAIN = b"lp-request-1|"
_BATCH_DOMAIN = b"lp-batch-1|"
SIGNATURE_LENGTH_MAX = 128


class NotAllowed(CommandRefused):
    """The request is not from a till of this merchant, or the till is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTill:
    """The till behind a stream."""

    till: TillId
    public_key: str
    is_revoked: bool


def signed_request(path: str, body: bytes) -> bytes:
    """Return the bytes that the signature of a request covers."""
    return _REQUEST_DOMAIN + path.encode() + b"|" + body


def signed_batch(merchant: MerchantId, stream: StreamId, last_seq: int, last_hash: bytes) -> bytes:
    """Return the bytes that the signature of a batch covers."""
    return _BATCH_DOMAIN + f"{merchant}|{stream}|{last_seq}|{last_hash.hex()}".encode()


def is_signed(public_key: str, signature: str, data: bytes) -> bool:
    """Tell whether a signature (base64) fits a key (base64); any bytes are safe here."""
    if len(signature) > SIGNATURE_LENGTH_MAX or len(public_key) > SIGNATURE_LENGTH_MAX:
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def ensure_signed(public_key: str, signature: str, data: bytes) -> None:
    """Refuse what the key did not sign.

    Raises:
        NotAllowed: the signature does not fit.
    """
    if not is_signed(public_key, signature, data):
        raise NotAllowed(Code.SIGNATURE)


def till_of_stream(session: Session, merchant: MerchantId, stream: str) -> KnownTill:
    """Return the till that owns a stream.

    Raises:
        NotAllowed: no till of this merchant has it, or the till is switched off.
    """
    rows = session.fetch(
        "SELECT till.till, till.public_key, till.revoked_ms FROM stream JOIN till"
        " ON till.merchant = stream.merchant AND till.till = stream.till"
        " WHERE stream.merchant = ? AND stream.stream = ?",
        merchant,
        stream if is_id(stream) else "",
    )
    if not rows:
        raise NotAllowed(Code.TILL_UNKNOWN)
    till, public_key, revoked_ms = rows[0]
    return KnownTill(till=TillId(till), public_key=public_key, is_revoked=bool(revoked_ms))


def authenticate(till: KnownTill, *, path: str, body: bytes, signature: str) -> None:
    """Refuse a request that the till did not sign, or that comes from one switched off.

    Raises:
        NotAllowed: either.
    """
    ensure_signed(till.public_key, signature, signed_request(path, body))
    if till.is_revoked:
        raise NotAllowed(Code.TILL_REVOKED, owner="the owner")


def ensure_batch_signed(till: KnownTill, merchant: MerchantId, batch: Batch) -> None:
    """Refuse events whose end of chain the till did not sign.

    Raises:
        NotAllowed: the signature of the batch does not fit.
    """
    if not batch.incoming:
        return
    data = signed_batch(merchant, batch.stream, batch.incoming[-1].seq, batch.last_hash)
    ensure_signed(till.public_key, batch.request.sig, data)
