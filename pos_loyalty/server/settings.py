"""What the owner chooses when the server starts, and the limits that nobody chooses."""

import re
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

SQLITE_PREFIX = "sqlite:///"
POSTGRES_PREFIXES = ("postgresql://", "postgres://")

BODY_SECONDS_MAX = 20.0
"""A body of at most 256 KiB that takes longer is a fault or an attack."""
HEAD_SECONDS_MAX = 15.0
"""The same for the lines before the body."""
WAIT_MS_MAX = 25_000
RECALL_WAIT_MS_MAX = 1_500
GROUP_REQUESTS_MAX = 64
GROUP_EVENTS_MAX = 2_000
QUEUE_REQUESTS_MAX = 2_048
KNOWN_HASHES_MAX = 5_000
"""So many hashes fit a reply that a till accepts; what is beyond is found by its hash anyway."""

_PORT_MAX = 65_535
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")
"""At least two letters: `c:` is a disk of Windows."""


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How to listen and where the books are."""

    host: str
    port: int
    database: str
    certificate: Path | None = None
    private_key: Path | None = None
    snapshots: Path | None = None


def listen_address(text: str) -> tuple[str, int]:
    """Read HOST:PORT; an IPv6 host stands in brackets. A port alone is of this PC only.

    Raises:
        CommandRefused: not such an address.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal()) or int(port) > _PORT_MAX:
        raise CommandRefused(Code.OPTION_SHAPE, option="--listen", example="0.0.0.0:8443")
    return host.strip("[]") or "127.0.0.1", int(port)


def typed_database(url: str) -> str:
    """Return the database as a person types it in a command: a file by its plain name."""
    return url.removeprefix(SQLITE_PREFIX)


def database_url(text: str) -> str:
    """Read where the books are; the plain name of a file means SQLite.

    Raises:
        CommandRefused: nothing, or an address of another kind.
    """
    if text.startswith(POSTGRES_PREFIXES):
        return text
    name = text.removeprefix(SQLITE_PREFIX)
    if not name or _SCHEME.match(name):
        raise CommandRefused(Code.OPTION_SHAPE, option="--database", example="sqlite:///server.db")
    return SQLITE_PREFIX + name
