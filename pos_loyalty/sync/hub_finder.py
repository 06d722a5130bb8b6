"""Finds the shop's hub in its network by multicast DNS.

An announcement proves nothing: it only names addresses to try. What answers there must show the
certificate that the server named.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pos_loyalty.domain.ids import MerchantId

if TYPE_CHECKING:
    from zeroconf import ServiceInfo

SERVICE = "_pos-loyalty._tcp.local."
PIN_LETTERS = 16
"""Of the pin, as announced: enough to tell hubs apart, and no secret."""
LOOK_SECONDS = 2.0
EVERY_SECONDS = 20.0
_CANDIDATES_MAX = 8
_ASK_MS = 500

_LOG = logging.getLogger(__name__)

Look = Callable[[MerchantId, str], Sequence[str]]
"""Looks for hubs of a merchant with a pin; returns addresses (host:port)."""


def look_for_hubs(merchant: MerchantId, pin: str) -> tuple[str, ...]:
    """Listen for announcements for a moment; return the addresses of hubs that claim to fit."""
    from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, Zeroconf

    heard = threading.Event()
    names: list[str] = []

    def changed(name: str, **_: object) -> None:
        names.append(name)
        heard.set()

    try:
        zeroconf = Zeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only)
    except OSError:
        # A network without multicast, or none at all.
        return ()
    try:
        browser = ServiceBrowser(zeroconf, SERVICE, handlers=[changed])
        until = time.monotonic() + LOOK_SECONDS
        found: tuple[str, ...] = ()
        while not found and (left := until - time.monotonic()) > 0:
            heard.wait(left)
            heard.clear()
            for name in dict.fromkeys(names[:_CANDIDATES_MAX]):
                if info := zeroconf.get_service_info(SERVICE, name, timeout=_ASK_MS):
                    found += _addresses(info, merchant, pin)
        browser.cancel()
    finally:
        zeroconf.close()
    return tuple(dict.fromkeys(found))


def _addresses(info: "ServiceInfo", merchant: MerchantId, pin: str) -> tuple[str, ...]:
    texts = {key: value or b"" for key, value in info.properties.items()}
    wanted = {b"merchant": merchant.encode(), b"pin": pin[:PIN_LETTERS].encode()}
    if not info.port or any(texts.get(name) != text for name, text in wanted.items()):
        return ()
    return tuple(f"{address}:{info.port}" for address in info.parsed_addresses()[:_CANDIDATES_MAX])


class HubFinder:
    """Looks in a thread of its own, so that nothing ever waits for it, and not too often."""

    def __init__(self, look: Look = look_for_hubs) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._found: tuple[str, ...] = ()
        self._last = -EVERY_SECONDS
        self._thread: threading.Thread | None = None

    @property
    def found(self) -> tuple[str, ...]:
        """The addresses heard of last."""
        with self._lock:
            return self._found

    def forget(self, address: str) -> None:
        """Nobody of ours answers there any more."""
        with self._lock:
            self._found = tuple(each for each in self._found if each != address)

    def begin(self, merchant: MerchantId, pin: str) -> None:
        """Begin to look, unless somebody looks or looked a moment ago."""
        with self._lock:
            is_looking = self._thread is not None and self._thread.is_alive()
            if is_looking or time.monotonic() - self._last < EVERY_SECONDS:
                return
            self._last = time.monotonic()
            self._thread = threading.Thread(
                target=self._work, args=(merchant, pin), name="hub-finder", daemon=True
            )
            self._thread.start()

    @property
    def is_looking(self) -> bool:
        """Whether somebody looks now."""
        with self._lock:
            return self._thread is not None and self._thread.is_alive()

    def _work(self, merchant: MerchantId, pin: str) -> None:
        try:
            found = tuple(self._look(merchant, pin))
        except Exception:  # noqa: BLE001 - a fault of looking around must not end anything else
            _LOG.warning("looking for the shop's hub failed", exc_info=True)
            return
        with self._lock:
            self._found = found
