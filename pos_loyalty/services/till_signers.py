"""The keys of the merchant's tills, by which what one signed is checked at another, offline."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from pos_loyalty.domain.receipt_code import short
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories
from pos_loyalty.sync.credentials import TillKey


@dataclass(frozen=True)
class Signer:
    """A till that may have signed."""

    public_key: bytes
    name: str
    shop_name: str


def till_signers(work: Repositories, *, till: str = "") -> Iterator[Signer]:
    """Yield the keys that count here: our own one, and those of the other active tills.

    Args:
        work: the store.
        till: the last letters of a till's id; empty yields all tills.
    """
    settings = work.settings
    if short(settings.text(Setting.TILL)).endswith(till):
        private = settings.text(Setting.TILL_PRIVATE_KEY)
        if private:
            own = base64.b64decode(TillKey.from_text(private).public_text)
            # A till that works alone has no place of its own; its merchant's name is the shop's.
            shop = settings.text(Setting.SHOP_NAME) or settings.text(Setting.MERCHANT_NAME)
            yield Signer(own, settings.text(Setting.TILL_NAME), shop)
    rows = work.connection.execute(
        "SELECT public_key, name, shop_name FROM till"
        " WHERE till LIKE ? AND status = 'active' AND public_key <> ''",
        ("%" + till,),
    )
    for public_key, name, shop_name in rows.fetchall():
        try:
            key = base64.b64decode(public_key, validate=True)
        except (ValueError, binascii.Error):
            continue
        yield Signer(key, name, shop_name)
