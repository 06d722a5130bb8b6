"""Where a till finds its shop's hub, and by what it knows it; and what a hub shows itself by."""

from dataclasses import dataclass

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Store


@dataclass(frozen=True, kw_only=True)
class HubPlace:
    """``pin`` is the SHA-256 (hex) of the hub's certificate as the server told it; empty: no hub.

    ``address`` (host:port) was typed in by a person, for networks where nothing announces itself.
    """

    pin: str
    address: str
    merchant: MerchantId


def read_hub_place(store: Store) -> HubPlace:
    """Return what a till knows of its hub. The hub itself has none: it goes to the server."""
    with store.read() as read:
        is_hub = bool(read.settings.text(Setting.HUB_CERTIFICATE))
        return HubPlace(
            pin="" if is_hub else read.settings.text(Setting.HUB_PIN),
            address=read.settings.text(Setting.HUB_ADDRESS),
            merchant=MerchantId(read.settings.text(Setting.MERCHANT)),
        )


def write_hub_address(store: Store, address: str) -> None:
    """Keep a hub's address; an empty one lets the till look for it again."""
    with store.write() as work:
        work.settings.put(Setting.HUB_ADDRESS, address)
        work.commit()


@dataclass(frozen=True, kw_only=True)
class HubIdentity:
    """A hub's own certificate and its key, both PEM; they never leave its encrypted database."""

    certificate: str
    private_key: str


def read_hub_identity(store: Store) -> HubIdentity | None:
    """Return this hub's identity; None on a till."""
    with store.read() as read:
        certificate = read.settings.text(Setting.HUB_CERTIFICATE)
        private_key = read.settings.text(Setting.HUB_CERTIFICATE_KEY)
    if not certificate:
        return None
    return HubIdentity(certificate=certificate, private_key=private_key)


def write_hub_identity(store: Store, identity: HubIdentity) -> None:
    """Keep this hub's identity."""
    with store.write() as work:
        work.settings.put(Setting.HUB_CERTIFICATE, identity.certificate)
        work.settings.put(Setting.HUB_CERTIFICATE_KEY, identity.private_key)
        work.commit()
