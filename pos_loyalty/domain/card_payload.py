"""The text inside a card's QR code, and the number printed beside it: parse and format.

A payload is 29 letters of an alphabet that comes out right on every Latin keyboard layout, because
most hand scanners are keyboards::

    C      JKP            BCDF…          RS
    |      |              |              |
    1      3 letters of   23 random      2 check letters over
    version merchant tag  letters        the 27 before them

Order of judgment: shape, check letters, version, merchant tag. Whether the card is known and active
is for the store to say. Nothing in here is secret except the random letters: a till keeps only the
`card_key`, from which the letters cannot be computed back.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import CardKey, MerchantId

ALPHABET: Final = "BCDFGHJKLNPRSTVX"
"""16 letters without vowels, so that no word appears; each stands for 4 bits."""

VERSION_LETTER: Final = "C"
"""The only version so far, since 0.1.0. `B` is left out: a run of zero bits is no version."""

TAG_LENGTH: Final = 3
RANDOM_LENGTH: Final = 23
CHECK_LENGTH: Final = 2
PAYLOAD_LENGTH: Final = 1 + TAG_LENGTH + RANDOM_LENGTH + CHECK_LENGTH
RANDOM_BYTES: Final = 12
"""Bytes of the operating system's randomness that `random_letters` wants."""

CARD_NUMBER_LENGTH: Final = 12

_BODY_LENGTH: Final = PAYLOAD_LENGTH - CHECK_LENGTH
_CARD_KEY_BYTES: Final = 16
_TEXT_LENGTH_MAX: Final = 512
"""Longer texts are not looked at: no payload nor portal address comes near."""

_DAMAGED_LENGTHS: Final = range(PAYLOAD_LENGTH - 4, PAYLOAD_LENGTH + 5)
"""A text of our letters alone in this length is a card that lost or doubled letters on the way."""

_PRODUCT_LENGTHS: Final = frozenset({8, 12, 13, 14})
"""Digits of the world's product numbers: EAN-8, UPC-A, EAN-13, GTIN-14."""

_SPACE: Final = " \t\r\n"
_LETTERS: Final = frozenset(ALPHABET)
_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_PORTAL_ADDRESS: Final = re.compile(
    r"https?://[!-.0-~]{1,253}/c/([A-Za-z]{1,64})/?", re.IGNORECASE | re.ASCII
)

_CHECK_START: Final = 0xA5
_CHECK_POLYNOMIAL: Final = 0x107
"""x⁸ + x² + x + 1, with its highest bit."""


def _check_step(remainder: int) -> int:
    """Divide 4 bits by the polynomial."""
    for _ in range(4):
        remainder <<= 1
        if remainder & 0x100:
            remainder ^= _CHECK_POLYNOMIAL
    return remainder


_CHECK_TABLE: Final = tuple(_check_step(value << 4) for value in range(len(ALPHABET)))


@dataclass(frozen=True, slots=True)
class CardToken:
    """What a genuine-looking card says: whose it is and its secret letters.

    Kept only as long as one scan takes: what is stored is the `key`. The letters stay out of
    `repr`, so that a log line or a traceback prints no card.
    """

    merchant: MerchantId
    letters: str = field(repr=False)

    @property
    def key(self) -> CardKey:
        """What the store knows this card by."""
        return card_key(self.merchant, self.letters)


@lru_cache(maxsize=64)  # asked at every scan, for the few merchants that a till accepts
def merchant_tag(merchant: MerchantId) -> str:
    """Return the 3 letters that tell this merchant's cards from others at a glance.

    12 bits: two merchants in 4,096 share a tag. Then the card is simply unknown, as the full
    merchant id goes into the `card_key`.
    """
    digest = hashlib.sha256(f"lc1-tag|{merchant}".encode()).digest()
    bits = int.from_bytes(digest[:2], "big") >> 4
    return "".join(ALPHABET[bits >> shift & 0xF] for shift in (8, 4, 0))


def random_letters(random_bytes: bytes) -> str:
    """Turn 12 random bytes into the 23 random letters (92 of the 96 bits are used)."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed, not {len(random_bytes)}")
    letters = (ALPHABET[byte >> shift & 0xF] for byte in random_bytes for shift in (4, 0))
    return "".join(letters)[:RANDOM_LENGTH]


def format_payload(merchant: MerchantId, letters: str) -> str:
    """Return the 29 letters to print for `letters`, which must be 23 letters of the alphabet."""
    if len(letters) != RANDOM_LENGTH or not _LETTERS.issuperset(letters):
        raise ValueError(f"a card needs {RANDOM_LENGTH} letters of {ALPHABET}")
    body = VERSION_LETTER + merchant_tag(merchant) + letters
    return body + check_letters(body)


def parse_payload(text: str, accepted_merchants: Sequence[MerchantId]) -> CardToken:
    """Return what the card says, or raise the `CardError` that tells why it is not taken.

    Upper and lower case count the same (Caps Lock), space around the text is ignored, and the
    address of the portal page of a card (`https://host/c/PAYLOAD`) is as good as the payload. Where
    two accepted merchants share a tag, the first one is taken.

    Raises:
        CardError: with the code SCAN_PRODUCT (a product's barcode), CARD_NOT_OURS (any other text),
            SCAN_UNREADABLE (nothing, or a card that lost or doubled letters on the way), CARD_CHECK
            (letters changed or swapped, or a made-up card), CARD_VERSION (a card of a later version
            of this product) or CARD_FOREIGN (a card of another merchant).
    """
    payload = _payload_in(text)
    if check_letters(payload[:_BODY_LENGTH]) != payload[_BODY_LENGTH:]:
        raise CardError(Code.CARD_CHECK)
    if payload[0] != VERSION_LETTER:
        raise CardError(Code.CARD_VERSION)
    tag, letters = payload[1 : 1 + TAG_LENGTH], payload[1 + TAG_LENGTH : _BODY_LENGTH]
    for merchant in accepted_merchants:
        if merchant_tag(merchant) == tag:
            return CardToken(merchant, letters)
    raise CardError(Code.CARD_FOREIGN)


def looks_like_card(text: str) -> bool:
    """Return whether `text` has the shape and the check letters of a card, whoever's it is.

    What a camera looks for: other codes in view, on a poster or a product, are passed over.
    """
    return whole_payload(text) is not None


def whole_payload(text: str) -> str | None:
    """Return the 29 letters if the text is a card, whoever's it is; None for any other text."""
    try:
        payload = _payload_in(text)
    except CardError:
        return None
    is_whole = check_letters(payload[:_BODY_LENGTH]) == payload[_BODY_LENGTH:]
    return payload if is_whole else None


def card_key(merchant: MerchantId, letters: str) -> CardKey:
    """Return the 32 hex characters under which a card is stored and looked up."""
    digest = hashlib.sha256(f"lc1|{merchant}|{letters}".encode()).digest()
    return CardKey(digest[:_CARD_KEY_BYTES].hex())


def check_letters(body: str) -> str:
    """Return the 2 letters that close a payload.

    An 8-bit cyclic redundancy check (x^8 + x^2 + x + 1) over 4 bits a letter. It catches every
    change inside 8 neighboring bits, so every wrong letter and every swap of two neighbors, the
    check letters included; and, at this length, every change of up to 3 single bits anywhere.
    """
    remainder = _CHECK_START
    for letter in body:
        remainder = (remainder << 4 & 0xF0) ^ _CHECK_TABLE[remainder >> 4 ^ _VALUE[letter]]
    return ALPHABET[remainder >> 4] + ALPHABET[remainder & 0xF]


def make_card_number(eleven_digits: str) -> str:
    """Return the 12-digit number to print: the eleven digits and their Luhn digit."""
    if len(eleven_digits) != CARD_NUMBER_LENGTH - 1 or not _is_digits(eleven_digits):
        raise ValueError(f"a card number is made of {CARD_NUMBER_LENGTH - 1} digits")
    return eleven_digits + str(-_luhn_sum(eleven_digits + "0") % 10)


def parse_card_number(text: str) -> str:
    """Return the 12 digits of a typed card number; spaces and hyphens between them are ignored.

    Digits of other scripts are understood, as a cashier types what the keyboard gives.

    Raises:
        CardError: with the code NUMBER_CHECK: not 12 digits, or a digit is wrong.
    """
    if len(text) > _TEXT_LENGTH_MAX:
        raise CardError(Code.NUMBER_CHECK)
    kept = [character for character in text if not character.isspace() and character != "-"]
    if not all(character.isdecimal() for character in kept):
        raise CardError(Code.NUMBER_CHECK)
    digits = "".join(str(int(character)) for character in kept)
    if len(digits) != CARD_NUMBER_LENGTH or _luhn_sum(digits) % 10:
        raise CardError(Code.NUMBER_CHECK)
    return digits


def group_card_number(number: str) -> str:
    """Return the number in groups of four, as people read it out."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _payload_in(text: str) -> str:
    """Return the 29 upper-case letters of a payload, or raise what the text is instead."""
    # Not ASCII is out before upper(): the long s (U+017F) would become an S there.
    if len(text) > _TEXT_LENGTH_MAX or not text.isascii():
        raise CardError(Code.CARD_NOT_OURS)
    payload = text.strip(_SPACE)
    if not payload:
        raise CardError(Code.SCAN_UNREADABLE)
    if payload.isdecimal() and len(payload) in _PRODUCT_LENGTHS:
        raise CardError(Code.SCAN_PRODUCT)
    address = _PORTAL_ADDRESS.fullmatch(payload)
    payload = (address[1] if address else payload).upper()
    if len(payload) not in _DAMAGED_LENGTHS or not _LETTERS.issuperset(payload):
        raise CardError(Code.CARD_NOT_OURS)
    if len(payload) != PAYLOAD_LENGTH:
        raise CardError(Code.SCAN_UNREADABLE)
    return payload


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _luhn_sum(digits: str) -> int:
    """Return the Luhn sum, a multiple of 10 for a right number (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled // 10 + doubled % 10
    return total
