"""The till's own sums over the rows it got, and the repair of a bucket that differs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.clock import Clock
from pos_loyalty.store.database import Connection
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.wire.digest import Sums, bucket_of, suffix_of
from pos_loyalty.wire.messages import DigestReply

CHECK_MS = 24 * 60 * 60 * 1000
"""How often a till compares."""
BUCKETS_MAX = 256
"""Buckets repaired in a day; more is no accident of a disk, and would cost everybody."""
_BEING_REPAIRED = -1
"""The version of a row that is to come again: whatever comes is newer."""

_MEMBERS = """
SELECT string_agg(line, '\x1e') FROM (
    SELECT m.member || '\x1fm\x1f' || COALESCE(p.snapshot_points, 0)
        || '\x1f' || m.tier || '\x1f' || m.name || '\x1f' || m.phone
        || '\x1f' || m.status || '\x1f' || m.enrolled_ms || '\x1f'
        || COALESCE(m.alias_of, '') AS line
    FROM member m LEFT JOIN points p ON p.member = m.member
    WHERE m.member > ? AND m.v <> 0 ORDER BY m.member LIMIT 50000)
"""
_CARDS = """
SELECT string_agg(line, '\x1e') FROM (
    SELECT card_key || '\x1fc\x1f' || number || '\x1f'
        || COALESCE(member, '') || '\x1f' || status || '\x1f' || batch AS line
    FROM card WHERE card_key > ? AND v <> 0 ORDER BY card_key LIMIT 50000)
"""


@dataclass(frozen=True)
class Differences:
    """Buckets whose rows are to come again; ``wrong`` of them cannot be explained by news."""

    buckets: tuple[int, ...] = ()
    wrong: int = 0


@dataclass(frozen=True)
class Digest:
    """Compares this till's rows with the server's sums, and makes room for the right ones."""

    store: Store
    clock: Clock

    def is_due(self) -> bool:
        """Tell whether a day has passed; the first one begins with the first look."""
        now_ms = self.clock.now_ms()
        with self.store.read() as read:
            last = read.settings.text(Setting.DIGEST_MS)
        if last:
            return abs(now_ms - int(last)) >= CHECK_MS
        self.done()
        return False

    def done(self) -> None:
        """Note that the rows were compared now."""
        with self.store.write() as work:
            work.is_news = False
            work.settings.put(Setting.DIGEST_MS, self.clock.now_ms())
            work.commit()

    def differences(self, reply: DigestReply) -> Differences:
        """Return which buckets differ. A row that is newer than the sums is no fault."""
        with self.store.read() as read:
            if reply.epoch != read.settings.number(Setting.EPOCH):
                return Differences()
            ours = _sums(read.connection)
            differing = [
                bucket
                for bucket, (mine, theirs) in enumerate(zip(ours, reply.sums, strict=False))
                if mine != theirs
            ]
            newer = _newer(read.connection, reply) if differing else set[int]()
        wrong = [bucket for bucket in differing if bucket not in newer]
        return Differences(tuple(differing[:BUCKETS_MAX]), len(wrong))

    def begin_repair(self, buckets: Sequence[int]) -> None:
        """Let every row of these buckets be overwritten by what comes next."""
        with self.store.read() as read:
            members, cards = _rows_in(read.connection, buckets)
        with self.store.write() as work:
            work.is_news = False
            for table, key, found in (("member", "member", members), ("card", "card_key", cards)):
                work.connection.executemany(
                    f"UPDATE {table} SET epoch = ?, v = ? WHERE {key} = ?",  # noqa: S608 - constants
                    [(_BEING_REPAIRED, _BEING_REPAIRED, each) for each in found],
                )
            work.commit()

    def end_repair(self, buckets: Sequence[int]) -> int:
        """Delete what the server does not have; return how many rows that were.

        Not while events of this till are under way: what they made is not surplus.
        """
        with self.store.read() as read:
            members, cards = _rows_in(read.connection, buckets, v=_BEING_REPAIRED)
        with self.store.write() as work:
            work.is_news = False
            if work.journal.stream().pending:
                return 0
            work.connection.executemany(
                "DELETE FROM card WHERE card_key = ? AND v = ?",
                [(card, _BEING_REPAIRED) for card in cards],
            )
            for member in members:
                work.connection.execute(
                    "UPDATE points SET snapshot_points = 0, snapshot_earned = 0 WHERE member = ?",
                    (member,),
                )
                work.connection.execute("DELETE FROM member_word WHERE member = ?", (member,))
                work.connection.execute("DELETE FROM member WHERE member = ?", (member,))
            work.commit()
        return len(members) + len(cards)


def _sums(connection: Connection) -> tuple[int, ...]:
    sums = Sums()
    for statement in (_MEMBERS, _CARDS):
        after = ""
        while lines := connection.execute(statement, (after,)).fetchone()[0]:
            after = sums.add(lines)
    return sums.result()


def _newer(connection: Connection, reply: DigestReply) -> set[int]:
    """Return the buckets with rows that came after the sums were made."""
    rows = connection.execute(
        "SELECT member FROM member WHERE v > ? UNION ALL SELECT card_key FROM card WHERE v > ?",
        (reply.v, reply.v),
    )
    return {bucket_of(row[0]) for row in rows}


def _rows_in(
    connection: Connection, buckets: Sequence[int], *, v: int | None = None
) -> tuple[list[str], list[str]]:
    """Return the members and cards in these buckets that came from the server."""
    ends = [suffix_of(bucket) for bucket in buckets]
    places = ", ".join("?" for _ in ends)
    which = "v <> 0" if v is None else f"v = {v:d}"
    found = [
        connection.execute(
            f"SELECT {key} FROM {table} WHERE {which} AND substr({key}, 30, 3) IN ({places})",  # noqa: S608 - constants
            ends,
        ).fetchall()
        for table, key in (("member", "member"), ("card", "card_key"))
    ]
    members, cards = ([str(row[0]) for row in rows] for rows in found)
    return members, cards
