"""The owner's list on the till: the server's items, and choices on their way to it."""

import msgspec

from pos_loyalty.store.database import Connection
from pos_loyalty.wire.messages import AttentionRow, Settlement

_ITEM = msgspec.json.Decoder(AttentionRow)
_SETTLEMENT = msgspec.json.Decoder(Settlement)


class AttentionRepository:
    """Reads and writes items and choices over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: AttentionRow, *, epoch: int) -> None:
        """Keep an item, unless a newer state of it is held already."""
        self._connection.execute(
            "INSERT INTO attention(item, at_ms, body, settled, epoch, v) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(item) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body,"
            " settled = excluded.settled, epoch = excluded.epoch, v = excluded.v"
            " WHERE (excluded.epoch, excluded.v) >= (epoch, v)",
            (row.item, row.at_ms, msgspec.json.encode(row), row.settled, epoch, row.v),
        )

    def get(self, item: str) -> AttentionRow | None:
        """Return an item by its id."""
        row = self._connection.execute(
            "SELECT body FROM attention WHERE item = ?", (item,)
        ).fetchone()
        return None if row is None else _ITEM.decode(row[0])

    def newest(self, limit: int, *, only_open: bool) -> tuple[AttentionRow, ...]:
        """Return items, newest first; open are those for which nothing was chosen here either."""
        rows = self._connection.execute(
            "SELECT body FROM attention WHERE NOT ? OR (settled = '' AND NOT EXISTS"
            " (SELECT 1 FROM settlement s WHERE s.item = attention.item))"
            " ORDER BY epoch DESC, v DESC, item LIMIT ?",
            (only_open, limit),
        )
        # Clocks only label: what is newest to the server is chosen, and shown by its time.
        items = [_ITEM.decode(row[0]) for row in rows]
        return tuple(sorted(items, key=lambda item: -item.at_ms))

    def open_count(self) -> int:
        """Return for how many items nothing was chosen yet, here or elsewhere."""
        row = self._connection.execute(
            "SELECT COUNT(*) FROM attention WHERE settled = '' AND NOT EXISTS"
            " (SELECT 1 FROM settlement s WHERE s.item = attention.item)"
        ).fetchone()
        return int(row[0])

    def chosen(self, item: str) -> Settlement | None:
        """Return what was chosen here for an item, while it is on its way to the server."""
        row = self._connection.execute(
            "SELECT body FROM settlement WHERE item = ? ORDER BY settlement LIMIT 1", (item,)
        ).fetchone()
        return None if row is None else _SETTLEMENT.decode(row[0])

    def queue(self, settlement: Settlement) -> None:
        """Keep a choice until the server says that it has it."""
        self._connection.execute(
            "INSERT INTO settlement(settlement, item, body) VALUES (?, ?, ?)",
            (settlement.settlement, settlement.item, msgspec.json.encode(settlement)),
        )

    def queued(self, limit: int) -> tuple[Settlement, ...]:
        """Return the oldest choices on their way to the server."""
        rows = self._connection.execute(
            "SELECT body FROM settlement ORDER BY settlement LIMIT ?", (limit,)
        )
        return tuple(_SETTLEMENT.decode(row[0]) for row in rows)

    def queued_count(self) -> int:
        """Return how many choices the server does not have yet."""
        return int(self._connection.execute("SELECT COUNT(*) FROM settlement").fetchone()[0])

    def taken(self, settlements: tuple[str, ...]) -> None:
        """Forget choices that the server has."""
        self._connection.executemany(
            "DELETE FROM settlement WHERE settlement = ?", [(each,) for each in settlements]
        )
