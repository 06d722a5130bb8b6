"""The way back when a machine is lost: the database's key, wrapped by a printed code.

The code has 160 random bits, so one fast hash is enough to make a wrapping key of
it; a passphrase of a person would need a slow one.
"""

import base64
import hashlib
import json
from collections.abc import Callable

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

CODE_BYTES = 20
_GROUP_LENGTH = 4
_NONCE_LENGTH = 12
_FORMAT = 1
_LOOK_ALIKES = str.maketrans({"0": "O", "1": "I", "8": "B"})


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """Return a new recovery code: 32 letters and digits in groups of four."""
    text = base64.b32encode(random_bytes(CODE_BYTES)).decode("ascii")
    return "-".join(text[at : at + _GROUP_LENGTH] for at in range(0, len(text), _GROUP_LENGTH))


def wrap_key(
    key: bytes, code: str, database_id: str, random_bytes: Callable[[int], bytes]
) -> bytes:
    """Return the text of ``recovery.json``: the key, readable only with the code."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = random_bytes(_NONCE_LENGTH)
    sealed = AESGCM(_wrapping_key(code)).encrypt(nonce, key, database_id.encode())
    fields = {
        "format": _FORMAT,
        "database_id": database_id,
        "nonce": base64.b64encode(nonce).decode("ascii"),
        "key": base64.b64encode(sealed).decode("ascii"),
    }
    return (json.dumps(fields, indent=1) + "\n").encode()


def unwrap_key(wrapped: bytes, code: str) -> tuple[str, bytes]:
    """Return (database id, key).

    Raises:
        CommandRefused: the code does not fit, or the text is damaged.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        fields = json.loads(wrapped)
        database_id = str(fields["database_id"])
        nonce = base64.b64decode(fields["nonce"], validate=True)
        sealed = base64.b64decode(fields["key"], validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise CommandRefused(Code.BACKUP_DAMAGED) from error
    try:
        key = AESGCM(_wrapping_key(code)).decrypt(nonce, sealed, database_id.encode())
    except (InvalidTag, ValueError) as error:
        raise CommandRefused(Code.RECOVERY_CODE) from error
    return database_id, key


def _wrapping_key(code: str) -> bytes:
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    try:
        secret = base64.b32decode(letters.translate(_LOOK_ALIKES))
    except ValueError as error:
        raise CommandRefused(Code.RECOVERY_CODE) from error
    if len(secret) != CODE_BYTES:
        raise CommandRefused(Code.RECOVERY_CODE)
    return hashlib.sha256(b"pos-loyalty recovery|" + secret).digest()
