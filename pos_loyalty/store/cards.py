"""Cards as the till knows them: by key, by number, by member."""

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.store.database import Connection

_BY_KEY = "SELECT card_key, number, member, status, batch FROM card WHERE card_key = ?"
_BY_NUMBER = "SELECT card_key, number, member, status, batch FROM card WHERE number = ?"


class CardRepository:
    """Reads and writes cards over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, card_key: CardKey) -> Card | None:
        """Return a card by its key."""
        return self._one(_BY_KEY, card_key)

    def by_number(self, number: str) -> Card | None:
        """Return a card by its printed 12-digit number."""
        return self._one(_BY_NUMBER, number)

    def put(self, card: Card, *, epoch: int = 0, v: int = 0) -> None:
        """Add a card or give it a new state, as of a row version of the server."""
        self._connection.execute(
            "INSERT INTO card(card_key, number, member, status, batch, epoch, v)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(card_key) DO UPDATE SET"
            " number = CASE WHEN excluded.number = '' THEN number ELSE excluded.number END,"
            " member = excluded.member, status = excluded.status,"
            " batch = CASE WHEN excluded.batch = '' THEN batch ELSE excluded.batch END,"
            " epoch = excluded.epoch, v = excluded.v"
            " WHERE (excluded.epoch, excluded.v) >= (epoch, v)",
            (
                card.card_key,
                card.number or "",
                card.member_id,
                card.status.value,
                card.batch or "",
                epoch,
                v,
            ),
        )

    def assign(self, card_key: CardKey, member: MemberId) -> None:
        """Give a blank or unknown card its member, ahead of the server's row."""
        self._connection.execute(
            "INSERT INTO card(card_key, member, status) VALUES (?, ?, ?)"
            " ON CONFLICT(card_key) DO UPDATE SET member = excluded.member,"
            " status = excluded.status",
            (card_key, member, CardStatus.ACTIVE.value),
        )

    def _one(self, sql: str, value: str) -> Card | None:
        row = self._connection.execute(sql, (value,)).fetchone()
        if row is None:
            return None
        return Card(
            card_key=CardKey(row[0]),
            number=row[1] or None,
            member_id=None if row[2] is None else MemberId(row[2]),
            status=CardStatus(row[3]),
            batch=row[4] or None,
        )
