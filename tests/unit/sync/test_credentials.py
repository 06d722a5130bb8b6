import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.authentication import signed_batch, signed_request
from pos_loyalty.sync.credentials import TillKey, batch_text, request_text

KEY = TillKey(bytes(range(32)))


def verify(signature: str, data: bytes) -> None:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(KEY.public_text))
    public.verify(base64.b64decode(signature), data)


def test_a_signature_fits_the_public_key_and_nothing_else() -> None:
    signature = KEY.sign(b"data")

    verify(signature, b"data")
    with pytest.raises(InvalidSignature):
        verify(signature, b"date")


def test_the_key_survives_its_setting() -> None:
    assert TillKey.from_text(KEY.text).public_text == KEY.public_text


def test_till_and_server_sign_the_same_texts() -> None:
    merchant, stream = MerchantId("a" * 32), StreamId("b" * 32)

    assert request_text("/p", b"body") == signed_request("/p", b"body")
    assert batch_text(
        merchant=merchant, stream=stream, last_seq=7, last_hash=bytes(32)
    ) == signed_batch(merchant, stream, 7, bytes(32))
