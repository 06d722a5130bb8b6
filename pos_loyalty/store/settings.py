"""Named values of this till: who it is, and where it stands with the server."""

from enum import StrEnum

from pos_loyalty.store.database import Connection


class Setting(StrEnum):
    """Every name in use. Values are text; numbers are decimal, lists are JSON."""

    MERCHANT = "merchant"
    MERCHANT_NAME = "merchant_name"
    ACCEPTED_MERCHANTS = "accepted_merchants"
    CURRENCY = "currency"
    COUNTRY = "country"
    SHOP = "shop"
    SHOP_NAME = "shop_name"
    TILL = "till"
    TILL_NAME = "till_name"
    OWNER_NAME = "owner_name"
    SERVER_URL = "server_url"
    TILL_PRIVATE_KEY = "till_private_key"
    EPOCH = "epoch"
    CURSOR = "cursor"
    TOKEN = "token"  # noqa: S105 - the name of a setting
    NEXT_STREAM = "next_stream"
    NEXT_STREAM_NONCE = "next_stream_nonce"
    LAST_CONTACT_MS = "last_contact_ms"
    SERVER_OFFSET_MS = "server_offset_ms"
    RISK_TOTAL = "risk_total"
    RISK_USED = "risk_used"
    SPEND_UNTIL_MS = "spend_until_ms"
    TRUSTED_MS = "trusted_ms"
    TRUSTED_BOOT_MS = "trusted_boot_ms"
    PACKET_KEY = "packet_key"
    HUB_PIN = "hub_pin"
    HUB_ADDRESS = "hub_address"
    HUB_CERTIFICATE = "hub_certificate"
    HUB_CERTIFICATE_KEY = "hub_certificate_key"
    DIGEST_MS = "digest_ms"
    RESCUES_WAITING = "rescues_waiting"
    CLOSED_CHECKED = "closed_checked"
    RECALLS = "recalls"
    UNSWEPT_SEQ = "unswept_seq"
    SNAPSHOT = "snapshot"
    CARRIED = "carried"
    SNAPSHOT_FAILURES = "snapshot_failures"
    UNUSUAL_AMOUNT = "unusual_amount"
    SALE_DRAFT = "sale_draft"
    PROGRAM_SEEN = "program_seen"
    REWARD_STOCK = "reward_stock"


BY_HAND_URL = "by-hand:"
"""In place of a server's address on a till that is never online."""


class SettingRepository:
    """Reads and writes settings over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def text(self, name: Setting, default: str = "") -> str:
        """Return a value, or the default where it was never set."""
        row = self._connection.execute(
            "SELECT value FROM setting WHERE name = ?", (name.value,)
        ).fetchone()
        return default if row is None else str(row[0])

    def number(self, name: Setting, default: int = 0) -> int:
        """Return a value as an integer."""
        text = self.text(name)
        return int(text) if text else default

    def numbers(self, *names: Setting) -> dict[Setting, int]:
        """Return several values as integers with one look; 0 where one was never set."""
        found = dict.fromkeys(names, 0)
        marks = ",".join("?" * len(names))
        rows = self._connection.execute(
            f"SELECT name, value FROM setting WHERE name IN ({marks})",  # noqa: S608 - only marks
            [name.value for name in names],
        )
        for name, text in rows:
            found[Setting(name)] = int(text) if text else 0
        return found

    def put(self, name: Setting, value: str | int) -> None:
        """Set a value."""
        self._connection.execute(
            "INSERT INTO setting(name, value) VALUES (?, ?)"
            " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            (name.value, str(value)),
        )

    def remove(self, name: Setting) -> None:
        """Forget a value; harmless where it was never set."""
        self._connection.execute("DELETE FROM setting WHERE name = ?", (name.value,))
