"""The server's lasting key for packets that are carried by hand: made once, kept in the books."""

import base64

from pos_loyalty.domain.ids import IdSource, MerchantId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.wire.packet import KEY_BYTES, public_packet_key

_NAME = "packet_key"


def private_key(session: Session, merchant: MerchantId) -> bytes | None:
    """Return the key, None where nobody has needed one yet."""
    rows = session.fetch(
        "SELECT value FROM secret WHERE merchant = ? AND name = ?", merchant, _NAME
    )
    return bytes.fromhex(rows[0][0]) if rows else None


def ensure_key(session: Session, merchant: MerchantId, ids: IdSource, *, version: int) -> bytes:
    """Return the key; a new one is told to every till with its merchant's row."""
    held = private_key(session, merchant)
    if held is not None:
        return held
    made = ids.random_bytes(KEY_BYTES)
    session.add(tables.SECRET, [(merchant, _NAME, made.hex())])
    session.put(tables.CHANGE, [(merchant, "merchant", merchant, "", version)])
    return made


def public_text(session: Session, merchant: MerchantId) -> str:
    """Return the public key as rows have it: base64, empty where there is none yet."""
    held = private_key(session, merchant)
    return "" if held is None else base64.b64encode(public_packet_key(held)).decode()
