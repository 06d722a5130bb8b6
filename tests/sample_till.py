"""A till of a test: its own clock, ids and keys, and short ways to sell."""

import random
from pathlib import Path

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import Connection, connect_reader, connect_writer
from pos_loyalty.store.keys import KeySource
from pos_loyalty.store.opening import read_key
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.store.verification import Finding, verify
from pos_loyalty.till import Till, open_till

SAMPLE_START_MS = 1_790_000_000_000


class SteppingClock:
    """A clock that a test sets; each look moves it on by a millisecond."""

    def __init__(self, now_ms: int = SAMPLE_START_MS) -> None:
        self.time_ms = now_ms
        self.running_ms = 1_000_000

    def now_ms(self) -> int:
        self.time_ms += 1
        return self.time_ms

    def monotonic_ms(self) -> int:
        self.running_ms += 1
        return self.running_ms

    def offset_minutes(self, at_ms: int) -> int:
        del at_ms
        return 60


class SeededIds:
    """Ids and keys from a seed: the same test, the same bytes."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def next_id(self) -> str:
        return self.random_bytes(16).hex()

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


class MemoryKeys:
    """A key store that forgets when the test wants it to."""

    place = "memory"

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}

    def read(self, database_id: str) -> bytes | None:
        return self.keys.get(database_id)

    def write(self, database_id: str, key: bytes) -> None:
        self.keys[database_id] = key


class SampleTill:
    """A data folder with its keys, opened and closed as the test likes."""

    def __init__(self, data: Path, *, keys: KeySource | None = None, seed: int = 1) -> None:
        self.data = data
        self.folder = DataFolder(data)
        self.keys: KeySource = keys if keys is not None else MemoryKeys()
        self.clock = SteppingClock()
        self.ids = SeededIds(seed)

    def open(self) -> Till:
        return open_till(self.data, clock=self.clock, ids=self.ids, keys=self.keys)

    def key(self) -> bytes:
        return read_key(self.folder, self.keys)

    def reader(self) -> Connection:
        return connect_reader(self.folder.database, self.key())

    def tool(self) -> Connection:
        """Return a connection as somebody with a database tool and the key would have it."""
        connection = connect_writer(self.folder.database, self.key())
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

    def finding(self) -> Finding | None:
        connection = self.reader()
        try:
            return verify(connection).finding
        finally:
            connection.close()


def enroll(till: Till, name: str = "Ann Example", phone: str = "") -> MemberId:
    """Enroll a member without a card."""
    return MemberId(till.enroll_member(EnrollMember(name=name, phone=phone)).member.id)


def sell(till: Till, member: MemberId | None, total: int = 2100) -> SaleDone:
    """Complete a sale of so many cents."""
    return till.record_sale(RecordSale(total=total, member_id=member, found_by="card"))


def blank_card(store: Store, digit: str = "a") -> CardKey:
    """Make one blank card known without an event, as a row of the server would."""
    key = CardKey(digit * 32)
    with store.write() as work:
        work.cards.put(
            Card(
                card_key=key,
                number="100000000007",
                member_id=None,
                status=CardStatus.BLANK,
                batch=None,
            )
        )
        work.commit()
    return key


def event_ids(connection: Connection) -> list[str]:
    """Return the ids of all events in the order of the journal."""
    rows = connection.execute("SELECT id FROM event ORDER BY stream_no, seq").fetchall()
    return [row[0] for row in rows]
