"""A voucher: a right on paper, signed by a till, that is used once.

Any till of the merchant checks the signature without the network. The first claim in the
server's order counts; that of another till is set aside and listed with its cost.

The letters are those of the cards, because hand scanners get them right::

    V      JKP            BCDF…                RS
    |      |              |                    |
    1      3 letters of   182 letters:         2 check letters
    version merchant tag  91 bytes

The bytes: id (16), mark of the signing key (4), what it gives (1), how much (4), last day as
days since 1970 (2), signature (64). 188 letters fit a QR code of version 8 with error
correction M.
"""

import datetime as dt
import hashlib
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pos_loyalty.domain.card_payload import merchant_tag
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MerchantId, RewardId
from pos_loyalty.domain.signed_letters import CodeForm

AMOUNT_MAX: Final = 10**9 - 1
"""Points or minor units: no honest voucher is worth more."""
SIGNATURE_BYTES: Final = 64
ID_BYTES: Final = 16

_REWARD_PREFIX: Final = "voucher:"
_FACTS: Final = struct.Struct(">16s4sBIH")
_FORM: Final = CodeForm(version="V", bytes_inside=_FACTS.size + SIGNATURE_BYTES)
_DOMAIN: Final = b"lp-voucher-1|"
_EPOCH: Final = dt.date(1970, 1, 1)
_DAYS_MAX: Final = 2**16 - 1
LAST_DAY_MAX: Final = _EPOCH + dt.timedelta(days=_DAYS_MAX)


class VoucherGives(Enum):
    """What a voucher is worth: an amount off a sale, or points for the member."""

    AMOUNT = 1
    POINTS = 2


@dataclass(frozen=True)
class Voucher:
    """What a voucher says. ``much`` is minor units or points; it may be used on ``until`` yet.

    ``signer`` marks the key that signed, see :func:`key_mark`.
    """

    id: str
    signer: str
    gives: VoucherGives
    much: int
    until: dt.date

    @property
    def amount(self) -> int:
        """Minor units that it takes off."""
        return self.much if self.gives is VoucherGives.AMOUNT else 0

    @property
    def points(self) -> int:
        """Points that it gives."""
        return self.much if self.gives is VoucherGives.POINTS else 0


@dataclass(frozen=True)
class SignedVoucher:
    """A voucher as it was read: nothing of it is believed before its signature is."""

    voucher: Voucher
    merchant_tag: str
    signature: bytes


def key_mark(public_key: bytes) -> str:
    """Return what finds a signing key among those of the merchant's tills; it proves nothing."""
    return hashlib.sha256(b"lp-voucher-key|" + public_key).digest()[:4].hex()


def voucher_to_sign(merchant: MerchantId, voucher: Voucher) -> bytes:
    """Return what the till signs: the whole merchant id, not only its tag, and every fact."""
    return _DOMAIN + f"{merchant}|".encode() + _packed(voucher)


def format_voucher(merchant: MerchantId, voucher: Voucher, signature: bytes) -> str:
    """Return the letters for the QR code."""
    return _FORM.write(merchant_tag(merchant), _packed(voucher) + signature)


def is_meant_as_voucher(text: str) -> bool:
    """Tell whether a text can only be a voucher, perhaps damaged."""
    return _FORM.is_meant(text)


def parse_voucher(text: str) -> SignedVoucher:
    """Read a voucher's letters; who signed them is the next question.

    Raises:
        CardError: VOUCHER_CHECK, a wrong letter.
    """
    read = _FORM.read(text)
    if read is None:
        raise CardError(Code.VOUCHER_CHECK)
    tag, inside = read
    facts, signature = inside[: _FACTS.size], inside[_FACTS.size :]
    identity, signer, gives, much, days = _FACTS.unpack(facts)
    try:
        kind = VoucherGives(gives)
    except ValueError as error:
        raise CardError(Code.VOUCHER_CHECK) from error
    voucher = Voucher(
        id=identity.hex(),
        signer=signer.hex(),
        gives=kind,
        much=much,
        until=_EPOCH + dt.timedelta(days=days),
    )
    return SignedVoucher(voucher, tag, signature)


def is_signed_by(public_key: bytes, merchant: MerchantId, signed: SignedVoucher) -> bool:
    """Tell whether this key signed this voucher for this merchant; any bytes are safe here."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signed.signature, voucher_to_sign(merchant, signed.voucher))
    except (InvalidSignature, ValueError):
        return False
    return True


def voucher_reward(voucher: str) -> RewardId:
    """Return as what a voucher stands among a sale's rewards, with what it took off."""
    return RewardId(_REWARD_PREFIX + voucher)


def voucher_of(reward: str) -> str:
    """Return the voucher that stands for a reward of a sale; empty for a reward of the program."""
    return reward[len(_REWARD_PREFIX) :] if reward.startswith(_REWARD_PREFIX) else ""


def _packed(voucher: Voucher) -> bytes:
    return _FACTS.pack(
        bytes.fromhex(voucher.id),
        bytes.fromhex(voucher.signer),
        voucher.gives.value,
        voucher.much,
        (voucher.until - _EPOCH).days,
    )
