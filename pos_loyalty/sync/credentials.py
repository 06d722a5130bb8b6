"""The till's own key: it signs requests for the door and batches for the record."""

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.wire.packet import till_packet_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_KEY_LENGTH = 32
_REQUEST_DOMAIN = b"lp-request-1|"
_BATCH_DOMAIN = b"lp-batch-1|"


class Signer(Protocol):
    """Signs on behalf of a till; the simulator brings a cheap one."""

    def sign(self, data: bytes) -> str:
        """Return the signature as base64."""
        ...


class TillKey:
    """A till's Ed25519 key pair, made from 32 random bytes that stay in its database."""

    def __init__(self, private_bytes: bytes) -> None:
        assert len(private_bytes) == PRIVATE_KEY_LENGTH
        self._private_bytes = private_bytes

    @classmethod
    def from_text(cls, text: str) -> "TillKey":
        """Read the key from its setting."""
        return cls(bytes.fromhex(text))

    @property
    def text(self) -> str:
        """The private key as its setting holds it."""
        return self._private_bytes.hex()

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._private_bytes)

    @property
    def public_text(self) -> str:
        """The public key as base64, as the server keeps it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    @property
    def packet_key(self) -> bytes:
        """The key to which answers that are carried by hand are sealed."""
        return till_packet_key(self._private_bytes)

    def sign(self, data: bytes) -> str:
        """Return the signature as base64."""
        return base64.b64encode(self._key.sign(data)).decode()


def request_text(path: str, body: bytes) -> bytes:
    """Return what a request's signature covers."""
    return _REQUEST_DOMAIN + path.encode() + b"|" + body


def batch_text(*, merchant: MerchantId, stream: StreamId, last_seq: int, last_hash: bytes) -> bytes:
    """Return what a batch's signature covers: where the journal stood when it was sent."""
    return _BATCH_DOMAIN + f"{merchant}|{stream}|{last_seq}|{last_hash.hex()}".encode()
