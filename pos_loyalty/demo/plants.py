"""Spoils one sale of a played day, behind the program's back, to see that it is found."""

import hashlib
from contextlib import closing
from enum import StrEnum

from pos_loyalty.demo.folder import DemoFolder
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import Connection, connect_writer
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.opening import read_key

_ANOTHER_ID = "f" * 32


class Plant(StrEnum):
    """What is done to a sale."""

    LOSE = "lose"
    """It is taken out of the till's journal and out of the server's books."""
    DOUBLE = "double"
    """The server has it a second time, well chained, under another id."""
    ALTER = "alter"
    """It costs 10.00 more in the journal and on the server, both of them well chained."""


def spoil(folder: DemoFolder, plant: Plant) -> None:
    """Spoil the newest sale of the day; till and server must not run."""
    data = DataFolder(folder.till)
    writer = connect_writer(data.database, read_key(data, FileKeys(folder.keys)))
    with closing(writer) as till, closing(SqliteDatabase(folder.books, may_create=False)) as server:
        sale = till.execute(
            "SELECT id, seq, bytes FROM event WHERE kind = 'sale' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        sale_id, seq, data_bytes = str(sale[0]), int(sale[1]), bytes(sale[2])
        with server.write() as books:
            if plant is Plant.LOSE:
                _lose(till, books, sale_id, seq)
            elif plant is Plant.DOUBLE:
                _double(books, sale_id, data_bytes)
            else:
                _alter(till, books, sale_id, data_bytes)


def _lose(till: Connection, books: Session, sale_id: str, seq: int) -> None:
    till.execute("DELETE FROM event WHERE id = ?", (sale_id,))
    till.execute("DELETE FROM ledger_entry WHERE seq = ?", (seq,))
    books.execute("DELETE FROM event WHERE event = ?", sale_id)
    books.execute("DELETE FROM entry WHERE event = ?", sale_id)


def _double(books: Session, sale_id: str, data: bytes) -> None:
    copy = data.replace(sale_id.encode(), _ANOTHER_ID.encode())
    (stream,) = books.fetch("SELECT stream FROM event WHERE event = ?", sale_id)[0]
    last, before = books.fetch("SELECT last, last_hash FROM stream WHERE stream = ?", stream)[0]
    digest = hashlib.sha256(bytes(before) + copy).digest()
    books.execute(
        "INSERT INTO event SELECT merchant, stream, ?, ?, ?, verdict, reason, ?, kind, member, v,"
        " recorded_ms FROM event WHERE event = ?",
        last + 1,
        digest,
        copy,
        _ANOTHER_ID,
        sale_id,
    )
    books.execute(
        "UPDATE stream SET last = ?, last_hash = ? WHERE stream = ?", last + 1, digest, stream
    )


def _alter(till: Connection, books: Session, sale_id: str, data: bytes) -> None:
    """Write other bytes and a new chain from there on, the same on both sides."""
    (stream,) = books.fetch("SELECT stream FROM event WHERE event = ?", sale_id)[0]
    rows = till.execute(
        "SELECT e.seq, e.bytes FROM event e JOIN stream s ON s.stream_no = e.stream_no"
        " WHERE s.stream = ? ORDER BY e.seq",
        (stream,),
    ).fetchall()
    (nonce,) = books.fetch("SELECT join_nonce FROM stream WHERE stream = ?", stream)[0]
    digest = hashlib.sha256(f"lp1|{stream}|{nonce}".encode()).digest()
    for seq, stored in rows:
        changed = _dearer(stored) if stored == data else stored
        digest = hashlib.sha256(digest + changed).digest()
        till.execute(
            "UPDATE event SET bytes = ?, hash = ? WHERE seq = ? AND stream_no ="
            " (SELECT stream_no FROM stream WHERE stream = ?)",
            (changed, digest, seq, stream),
        )
        books.execute(
            "UPDATE event SET data = ?, hash = ? WHERE stream = ? AND seq = ?",
            changed,
            digest,
            stream,
            seq,
        )
    till.execute("UPDATE stream SET last_hash = ? WHERE stream = ?", (digest, stream))
    books.execute("UPDATE stream SET last_hash = ? WHERE stream = ?", digest, stream)


def _dearer(data: bytes) -> bytes:
    """Return a sale's bytes with ten units of money more in its total."""
    head, mark, rest = data.partition(b'"total":')
    digits = rest[: len(rest) - len(rest.lstrip(b"0123456789"))]
    return head + mark + str(int(digits) + 1_000).encode() + rest[len(digits) :]
