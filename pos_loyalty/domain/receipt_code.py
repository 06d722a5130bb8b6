"""The text in a receipt's QR code: what a till says of a member's points, signed by the till.

Another till that has not heard of the sale yet reads a newer balance from it. It shows
it and nothing else: no points, no rights come from paper, however good its signature.

The letters are those of the cards, because hand scanners get them right::

    R      JKP            BCDF…                RS
    |      |              |                    |
    1      3 letters of   212 letters:         2 check letters
    version merchant tag  106 bytes

The bytes: member (16), sale (4), till (4), stream (4), seq (4), points (4), milliseconds
since 1970 (6), signature (64). 218 letters fit a QR code of version 8 with error correction M.
"""

import struct
from dataclasses import dataclass
from typing import Final

from pos_loyalty.domain.card_payload import (
    ALPHABET,
    CHECK_LENGTH,
    TAG_LENGTH,
    check_letters,
    merchant_tag,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MemberId, MerchantId, SaleId, StreamId, TillId

VERSION_LETTER: Final = "R"
SIGNATURE_BYTES: Final = 64
SHORT_LETTERS: Final = 8
"""So many of the last letters of an id stand for it; those are random, the first are a time."""
SEQ_MAX: Final = 2**32 - 1
TIME_MS_MAX: Final = 2**48 - 1
_TIME_LOW_BITS: Final = 32

_FACTS: Final = struct.Struct(">16s4s4s4sIiHI")
_CODE_LENGTH: Final = 1 + TAG_LENGTH + 2 * (_FACTS.size + SIGNATURE_BYTES) + CHECK_LENGTH
_DOMAIN: Final = b"lp-receipt-1|"
_LETTERS: Final = frozenset(ALPHABET)
_TO_HEX: Final = str.maketrans(ALPHABET, "0123456789abcdef")
_TO_LETTERS: Final = str.maketrans("0123456789abcdef", ALPHABET)
_POINTS_MAX: Final = 2**31 - 1


@dataclass(frozen=True)
class Receipt:
    """What a receipt says. ``points`` is the balance after event ``seq`` of ``stream``.

    ``sale``, ``till`` and ``stream`` are the last letters of their ids; ``at_ms`` is
    the till's clock.
    """

    merchant_tag: str
    member: MemberId
    sale: str
    till: str
    stream: str
    seq: int
    points: int
    at_ms: int


@dataclass(frozen=True)
class SignedReceipt:
    """A receipt as it was read: nothing of it is believed before its signature is."""

    receipt: Receipt
    signature: bytes


def receipt_of(
    *,
    merchant: MerchantId,
    member: MemberId,
    sale: SaleId,
    till: TillId,
    stream: StreamId,
    seq: int,
    points: int,
    at_ms: int,
) -> Receipt:
    """Return what a till says on a receipt; figures beyond any honest one are cut."""
    return Receipt(
        merchant_tag=merchant_tag(merchant),
        member=member,
        sale=short(sale),
        till=short(till),
        stream=short(stream),
        seq=min(max(0, seq), SEQ_MAX),
        points=min(max(-_POINTS_MAX, points), _POINTS_MAX),
        at_ms=min(max(0, at_ms), TIME_MS_MAX),
    )


def short(text: str) -> str:
    """Return the letters that stand for an id; a till that works alone has none."""
    return text[-SHORT_LETTERS:].rjust(SHORT_LETTERS, "0")


def signed_text(merchant: MerchantId, receipt: Receipt) -> bytes:
    """Return what the till signs: the whole merchant id, not only its tag, and every fact."""
    return _DOMAIN + f"{merchant}|".encode() + _packed(receipt)


def format_receipt(receipt: Receipt, signature: bytes) -> str:
    """Return the letters for the QR code."""
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes")
    inside = (_packed(receipt) + signature).hex().translate(_TO_LETTERS)
    body = VERSION_LETTER + receipt.merchant_tag + inside
    return body + check_letters(body)


def looks_like_receipt(text: str) -> bool:
    """Tell whether a text has the shape and the check letters of a receipt, whoever's it is."""
    code = _plain(text)
    return _is_long(code) and check_letters(code[:-CHECK_LENGTH]) == code[-CHECK_LENGTH:]


def is_meant_as_receipt(text: str) -> bool:
    """Tell whether a text is so long that it can only be a receipt, perhaps damaged."""
    return _is_long(_plain(text))


def parse_receipt(text: str) -> SignedReceipt:
    """Read a receipt's letters; who signed them is the next question.

    Raises:
        CardError: RECEIPT_CHECK (a wrong letter), or RECEIPT_VERSION (of a later version).
    """
    code = _plain(text)
    if not looks_like_receipt(code):
        raise CardError(Code.RECEIPT_CHECK)
    if code[0] != VERSION_LETTER:
        raise CardError(Code.RECEIPT_VERSION)
    inside = bytes.fromhex(code[1 + TAG_LENGTH : -CHECK_LENGTH].translate(_TO_HEX))
    facts, signature = inside[: _FACTS.size], inside[_FACTS.size :]
    member, sale, till, stream, seq, points, high, low = _FACTS.unpack(facts)
    receipt = Receipt(
        merchant_tag=code[1 : 1 + TAG_LENGTH],
        member=MemberId(member.hex()),
        sale=sale.hex(),
        till=till.hex(),
        stream=stream.hex(),
        seq=seq,
        points=points,
        at_ms=high << _TIME_LOW_BITS | low,
    )
    return SignedReceipt(receipt, signature)


def is_signed_by(public_key: bytes, merchant: MerchantId, signed: SignedReceipt) -> bool:
    """Tell whether a till's key signed this receipt for this merchant; any bytes are safe here."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signed.signature, signed_text(merchant, signed.receipt))
    except (InvalidSignature, ValueError):
        return False
    return True


def _packed(receipt: Receipt) -> bytes:
    return _FACTS.pack(
        bytes.fromhex(receipt.member),
        bytes.fromhex(receipt.sale),
        bytes.fromhex(receipt.till),
        bytes.fromhex(receipt.stream),
        receipt.seq,
        receipt.points,
        receipt.at_ms >> _TIME_LOW_BITS,
        receipt.at_ms & (2**_TIME_LOW_BITS - 1),
    )


def _plain(text: str) -> str:
    return text.strip().upper() if text.isascii() and len(text) <= 2 * _CODE_LENGTH else ""


def _is_long(code: str) -> bool:
    return len(code) == _CODE_LENGTH and _LETTERS.issuperset(code)
