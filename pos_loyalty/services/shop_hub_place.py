"""Tell a till where its shop's hub is, for networks that carry no announcements."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.hub_place import read_hub_place, write_hub_address
from pos_loyalty.sync.hub_pin import split_address


@dataclass(frozen=True)
class KnownHub:
    """What a till knows of its shop's hub."""

    has_pin: bool
    address: str

    @property
    def sentence(self) -> str:
        """Say it in words."""
        where = (
            f"It is looked for at {self.address}."
            if self.address
            else "The till looks for it itself."
        )
        if self.has_pin:
            return f"The server says that this shop has a hub. {where}"
        return f"The server has not told this till of a hub of its shop yet. {where}"


class KeepHubAddress:
    """Keeps the address; an empty one lets the till look itself, None changes nothing."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, address: str | None) -> KnownHub:
        """Keep it and say what is known now.

        Raises:
            CommandRefused: not host:port.
        """
        store = self._context.store
        if address:
            try:
                split_address(address)
            except ValueError as error:
                raise CommandRefused(
                    Code.OPTION_SHAPE, option="--address", example="192.168.1.20:8444"
                ) from error
        if address is not None:
            write_hub_address(store, address.strip())
        place = read_hub_place(store)
        return KnownHub(bool(place.pin), place.address)
