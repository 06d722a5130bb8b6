"""The encrypted file of a batch: whoever reads it in plain can print its cards.

One line of text that says what it is, then 12 bytes of nonce and AES-256-GCM over JSON. The key
comes from the till; it is not in the file. The line is authenticated with it.
"""

import json
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from pos_loyalty.cards.batch import CardBatch
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

KEY_BYTES: Final = 32

_HEAD: Final = b"pos-loyalty card batch 1, encrypted; print it, then delete it\n"
_NONCE_BYTES: Final = 12
_FILE_BYTES_MAX: Final = 16 * 1024 * 1024


def batch_file_key(database_key: bytes) -> bytes:
    """Return the key of batch files of the till whose database has this key.

    Derived, so that a till needs no second key to keep, and a batch can be printed while the till
    is open.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derivation = HKDF(SHA256(), length=KEY_BYTES, salt=None, info=b"pos-loyalty card batch 1")
    return derivation.derive(database_key)


def write_batch_file(batch: CardBatch, path: Path, key: bytes) -> None:
    """Write the batch, replacing an older state of it in one step.

    Raises:
        CommandRefused: FILE_WRITE.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = AESGCM(key).encrypt(nonce, json.dumps(msgspec.to_builtins(batch)).encode(), _HEAD)
    try:
        _replace(path, _HEAD + nonce + body)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error


def read_batch_file(path: Path, key: bytes) -> CardBatch:
    """Read a batch back.

    Raises:
        CommandRefused: FILE_ABSENT, FILE_SHAPE (another kind of file) or BATCH_DAMAGED (altered,
            cut short, or written with another till's key).
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise CommandRefused(Code.FILE_ABSENT, file=str(path)) from error
    if not raw.startswith(_HEAD):
        raise CommandRefused(Code.FILE_SHAPE, file=str(path))
    nonce_end = len(_HEAD) + _NONCE_BYTES
    try:
        plain = AESGCM(key).decrypt(raw[len(_HEAD) : nonce_end], raw[nonce_end:], _HEAD)
        return msgspec.json.decode(plain, type=CardBatch)
    except (InvalidTag, ValueError) as error:
        raise CommandRefused(Code.BATCH_DAMAGED) from error


def _replace(path: Path, raw: bytes) -> None:
    """Write beside the file and rename: after a power cut the old or the new state is there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
