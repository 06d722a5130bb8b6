"""Tells the shop's network where its hub listens: by multicast DNS, and nothing that is secret."""

import ipaddress
import logging
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.sync.hub_finder import PIN_LETTERS, SERVICE

_LOG = logging.getLogger(__name__)
_NAME_LETTERS = 12
_SHOP_BYTES_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What everybody in the network may know of a hub."""

    merchant: MerchantId
    shop: str
    pin: str
    host: str
    port: int


@contextmanager
def announced(announcement: Announcement) -> Generator[bool]:
    """Announce a hub as long as the context lasts; gives whether that was possible.

    Where it is not, tills are told the address by hand.
    """
    from zeroconf import Error, InterfaceChoice, IPVersion, ServiceInfo, Zeroconf

    addresses = _addresses(announcement.host)
    info = ServiceInfo(
        SERVICE,
        f"hub-{announcement.pin[:_NAME_LETTERS]}.{SERVICE}",
        addresses=[socket.inet_aton(address) for address in addresses],
        port=announcement.port,
        properties={
            "merchant": announcement.merchant,
            "shop": announcement.shop.encode()[:_SHOP_BYTES_MAX].decode(errors="ignore"),
            "pin": announcement.pin[:PIN_LETTERS],
        },
    )
    try:
        zeroconf = Zeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only)
    except OSError:
        _LOG.warning("this network carries no announcements")
        yield False
        return
    try:
        try:
            zeroconf.register_service(info, allow_name_change=True)
        except (OSError, Error):
            _LOG.warning("the hub could not be announced", exc_info=True)
            yield False
        else:
            yield True
    finally:
        zeroconf.close()


def _addresses(host: str) -> Sequence[str]:
    """Return the IPv4 addresses to announce: the one listened on, or this machine's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return [host] if _is_v4(host) else []
    if address.version == 4 and not address.is_unspecified:  # noqa: PLR2004 - the protocol's own number
        return [str(address)]
    import ifaddr

    found = [
        ip.ip
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) and not ipaddress.ip_address(ip.ip).is_loopback
    ]
    return found or ["127.0.0.1"]


def _is_v4(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True
