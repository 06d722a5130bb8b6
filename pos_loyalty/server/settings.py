"""What the owner chooses when the server starts, and the limits that nobody chooses."""

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
QUEUE_REQUESTS_MAX = 512
KNOWN_HASHES_MAX = 5_000
"""So many hashes fit a reply that a till accepts; what is beyond is found by its hash anyway."""


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How to listen and where the books are."""

    host: str
    port: int
    database: str
    certificate: Path | None = None
    private_key: Path | None = None


def listen_address(text: str) -> tuple[str, int]:
    """Read HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        CommandRefused: not such an address.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise CommandRefused(Code.COMMAND_FIELD, field="--listen")
    return host.strip("[]") or "127.0.0.1", int(port)
