"""Make a server's books of the current version, to be kept for ever: one for each release.

Run `python -m tests.migration.make_books` when a version is about to be released, and commit
what it writes: `tests/migration/books/<version>.db` and `.json`. Nobody changes it afterwards.
"""

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pos_loyalty import __version__
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, MerchantId, StreamId
from pos_loyalty.wire.messages import ProfileChange
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.contract.simple_till import (
    MONDAY_MS,
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    reversal,
    rights_return,
    sale,
)

BOOKS = Path(__file__).parent / "books"
_MEMBERS = 6


def make(version: str) -> None:
    """Write the books as one file, and beside them what must be found there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "books.db"
        url = f"sqlite:///{file}"
        make_books(url)
        with running_server(url) as server:
            expected = _trade(server)
        with closing(sqlite3.connect(file)) as connection:
            expected["schema"] = schema_of(connection)
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("VACUUM")
        BOOKS.mkdir(exist_ok=True)
        shutil.copyfile(file, BOOKS / f"{version}.db")
    text = json.dumps(expected, indent=1) + "\n"
    (BOOKS / f"{version}.json").write_text(text, encoding="utf-8")


def schema_of(connection: sqlite3.Connection) -> list[list[str]]:
    """Return the name and the words of every table and index."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    )
    return [list(row) for row in rows]


def _trade(server: RunningServer) -> dict[str, Any]:
    """Let two tills fill the books; return what a later version must find in them."""
    server.owner("allowance", "--total", "600", "--per-till", "150")
    till, other = server.joined_till(), server.joined_till("Station")
    for each in (till, other):
        each.proto = PROTOCOL_NEWEST
    members = [new_member() for _ in range(_MEMBERS)]
    cards = [CardKey(new_id()) for _ in range(2)]
    till.exchange(cards_issued(*cards), enrollment(members[0], card_key=cards[0]))
    till.exchange(*(enrollment(member) for member in members[1:]))
    name = ProfileChange(
        change=EventId(new_id()),
        member=members[1],
        at_ms=MONDAY_MS,
        name="Ana",
        phone="+491701234567",
    )
    till.exchange(profiles=(name,))
    sold = [sale(member, total=9_000 + 700 * number) for number, member in enumerate(members)]
    till.exchange(*sold, sale(card_key=cards[1]))
    till.exchange(reversal(sold[0], len(till.journal) - _MEMBERS))
    till.exchange(sale(members[1], total=120_000), sale(members[1], redeem=100))
    till.exchange(rights_return(members[2], 20))
    other.exchange(want_rights=((members[2], 10),))
    other.exchange(sale(members[2], redeem=20), sale(members[3], redeem=500, risk_used=100))
    server.owner("merge", members[4], members[5])
    server.owner("erase", members[0])
    till.exchange()
    assert server.verified().faults == []
    return {
        "balances": {member: till.member(member).balance for member in members},
        "tiers": {member: till.member(member).tier for member in members},
        "items": sorted(item.item for item in till.items()),
        "events": server.fetch("SELECT count(*) FROM event")[0][0],
        "till": _kept(till),
        "merchant": till.merchant,
    }


def _kept(till: SimpleTill) -> dict[str, Any]:
    return {
        "key": till.key.private_bytes_raw().hex(),
        "stream": till.stream,
        "nonce": till.nonce,
        "journal": [data.decode() for data in till.journal],
        "have": till.have,
        "epoch": till.epoch,
        "cursor": till.cursor,
        "token": till.token,
    }


def kept_till(url: str, expected: dict[str, Any]) -> SimpleTill:
    """Return the first till of the books as it was when they were made, without its rows."""
    kept = expected["till"]
    till = SimpleTill(
        url,
        key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept["key"])),
        stream=StreamId(kept["stream"]),
        nonce=kept["nonce"],
    )
    for data in kept["journal"]:
        till.append_bytes(data.encode())
    till.have, till.epoch = kept["have"], kept["epoch"]
    till.cursor, till.token = kept["cursor"], kept["token"]
    till.merchant = MerchantId(expected["merchant"])
    return till


def member_ids(expected: dict[str, Any]) -> list[MemberId]:
    """Return the members of the books in the order in which they came."""
    return [MemberId(member) for member in expected["balances"]]


if __name__ == "__main__":
    make(__version__)
