"""From where tills reach this server, in the words of an owner who has to type an address."""

import ipaddress
import socket
from contextlib import suppress
from urllib.parse import urlsplit

_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses of nobody: asking for the way there names our own, and sends nothing."""
_DISCARD_PORT = 9


def reach_in_words(url: str) -> str:
    """Return what an owner needs to know of the address that the server listens on."""
    parts = urlsplit(url)
    host = ipaddress.ip_address(parts.hostname or "")
    if host.is_loopback:
        return f"Only tills on this PC reach it, at {url}. Ctrl-C stops."
    family = socket.AF_INET6 if ":" in str(host) else socket.AF_INET
    address = own_address(family) if host.is_unspecified else str(host)
    shown = f"[{address}]" if ":" in address else address
    words = f"Tills reach this PC at {parts.scheme}://{shown}:{parts.port}. Ctrl-C stops."
    if parts.scheme == "http":
        words += "\nWithout a certificate, names and phone numbers can be read on the way."
    return words


def own_address(family: socket.AddressFamily) -> str:
    """Return the address by which other PCs of the network know this one, or its name."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((_ELSEWHERE[family], _DISCARD_PORT))
        return str(asking.getsockname()[0])
    return socket.gethostname()
