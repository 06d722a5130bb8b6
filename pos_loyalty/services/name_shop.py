"""Give a till that works alone its shop's name; the server names the shops of joined tills."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.settings import Setting

SHOP_NAME_LENGTH_MAX = 60
"""What a card has room for."""


@dataclass(frozen=True)
class NameShop:
    """Call the shop of this till so, on its screen and on the cards to come."""

    name: str


class NameShopHandler:
    """Names the shop."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: NameShop) -> None:
        """Name the shop; the same name again changes nothing.

        Raises:
            CommandRefused: no name, a long one, or the till has joined a server.
        """
        name = shop_name(command.name)
        identity = self._context.identity
        if identity.joined:
            raise CommandRefused(Code.SHOP_NAMED, merchant=identity.merchant_name)
        if name == identity.shop_name:
            return
        with self._context.store.write() as work:
            work.settings.put(Setting.MERCHANT_NAME, name)
            work.commit()
        self._context.refresh()


def shop_name(text: str) -> str:
    """Return a shop's name as it is kept: no spaces around it, and no characters that move ink.

    Raises:
        CommandRefused: nothing is left, or more than a card has room for.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not name:
        raise CommandRefused(Code.SHOP_NAME)
    if len(name) > SHOP_NAME_LENGTH_MAX:
        raise CommandRefused(Code.NAME_LONG, limit=SHOP_NAME_LENGTH_MAX)
    return name
