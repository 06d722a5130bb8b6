"""Names for the identities of the product, and the protocol that makes new ones.

Every id is made by the party that first knows the thing (a till makes sale
ids), is saved before it is sent, and never changes. Ids are text: 32 lower-case
hexadecimal characters without dashes.
"""

import re
from typing import NewType, Protocol

MerchantId = NewType("MerchantId", str)
ShopId = NewType("ShopId", str)
TillId = NewType("TillId", str)
MemberId = NewType("MemberId", str)
EventId = NewType("EventId", str)
"""An event's UUIDv7. The id of a sale's event is the sale id."""
SaleId = NewType("SaleId", str)
StreamId = NewType("StreamId", str)
"""128 random bits, made when a till's journal begins; one writer for ever."""
CardKey = NewType("CardKey", str)
"""What a till knows of a card: a hash of its token, as 32 hex characters."""
BatchId = NewType("BatchId", str)
RewardId = NewType("RewardId", str)
TierId = NewType("TierId", str)
ProgramVersion = NewType("ProgramVersion", str)

ID_LENGTH = 32
_is_id_text = re.compile(f"[0-9a-f]{{{ID_LENGTH}}}").fullmatch


def is_id(text: str) -> bool:
    """Tell whether a text has the shape of one of our ids."""
    return _is_id_text(text) is not None


class IdSource(Protocol):
    """Makes ids and random bytes; the only source of randomness in the product."""

    def next_id(self) -> str:
        """Return a UUIDv7 as 32 hex characters: time first, 74 random bits after."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can guess."""
        ...
