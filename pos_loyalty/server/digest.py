"""Sums over all rows that tills hold, so that a till finds rows of its own that are wrong.

They are computed from the books at one version and kept for all tills that ask at that
version, and for some time after it where computing them took long. A till compares them
with sums over its own rows, and asks for the buckets that differ again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.server.authentication import authenticate, till_of_stream
from pos_loyalty.server.books import UNKNOWN_CARD, Merchant
from pos_loyalty.server.changes import Asking, rows_of
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.member_rows import member_rows
from pos_loyalty.wire import codec
from pos_loyalty.wire.digest import Sums, member_line, suffix_of
from pos_loyalty.wire.messages import (
    DIGEST_BUCKETS,
    DigestReply,
    DigestRequest,
    Row,
    SyncRequest,
)

PATH = "/sync/v1/digest"
BUCKETS_MAX = 8
"""Buckets in one answer; the rows of a bucket come whole or not at all."""
BUCKET_ROWS_MAX = 4_000
REST = 10
"""Sums that took a second are not computed again for ten: asking costs a till nothing, so one
that asks without end must not take the server from the others. Newer rows are no fault."""

_MEMBER_LINE = (
    "member || '\x1fm\x1f' || balance || '\x1f' || tier || '\x1f' || name || '\x1f' || phone"
    " || '\x1f' || status || '\x1f' || enrolled_ms || '\x1f'"
)
_MEMBERS = (
    f"SELECT string_agg(line, '\x1e') FROM (SELECT {_MEMBER_LINE} AS line FROM member"  # noqa: S608 - constants
    " WHERE merchant = ? AND member > ? AND alias_of IS NULL ORDER BY member LIMIT 50000) AS page"
)
_SOME_MEMBERS = (
    f"SELECT {_MEMBER_LINE} FROM member WHERE merchant = ? AND member {{among}}"  # noqa: S608 - constants
    " AND alias_of IS NULL"
)
_CARDS = """
SELECT string_agg(line, '\x1e') FROM (
    SELECT card_key || '\x1fc\x1f' || number || '\x1f' || coalesce(member, '')
        || '\x1f' || status || '\x1f' || batch AS line
    FROM card WHERE merchant = ? AND card_key > ? AND status <> 'unknown'
    ORDER BY card_key LIMIT 50000) AS page
"""
_MERGED = """
SELECT member FROM member WHERE merchant = ? AND alias_of IS NOT NULL
UNION SELECT alias_of FROM member WHERE merchant = ? AND alias_of IS NOT NULL
"""


@dataclass
class Digests:
    """Answers tills that compare; the newest sums are kept."""

    database: Database
    merchant: Merchant
    clock: Clock
    _kept: DigestReply | None = field(default=None, init=False)
    _again_ms: int = field(default=0, init=False)
    """Before this (monotonic) the kept sums stand for later versions, too."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __call__(self, body: bytes, signature: str) -> DigestReply:
        """Take one request and return the sums.

        Raises:
            NotAllowed: not signed by a till of this merchant.
            CommandRefused: not such a message.
            StoreUnavailable: the database does not answer.
        """
        await asyncio.to_thread(self._ensure_allowed, body, signature)
        # One at a time, and those who wait hold no thread: they find the sums ready.
        async with self._turn:
            return await asyncio.to_thread(self._answer)

    def _ensure_allowed(self, body: bytes, signature: str) -> None:
        request = codec.unpack(body, DigestRequest)
        merchant = self.merchant.merchant
        with self.database.read() as session:
            till = till_of_stream(session, merchant, request.stream)
            authenticate(till, path=PATH, body=body, signature=signature)

    def _answer(self) -> DigestReply:
        merchant, began_ms = self.merchant.merchant, self.clock.monotonic_ms()
        with self.database.read() as session:
            v, epoch = statements.current_version(session, merchant)
            kept = self._kept
            if kept is not None and kept.epoch == epoch:
                is_fresh = kept.v < v and began_ms < self._again_ms
                if kept.v == v or is_fresh:
                    return kept
            sums = sums_of(session, merchant, now_ms=self.clock.now_ms())
        self._kept = DigestReply(merchant=merchant, epoch=epoch, v=v, sums=sums)
        ended_ms = self.clock.monotonic_ms()
        self._again_ms = ended_ms + REST * (ended_ms - began_ms)
        return self._kept


def sums_of(session: Session, merchant: MerchantId, *, now_ms: int) -> tuple[int, ...]:
    """Return the sum of each bucket over the members and cards of a snapshot."""
    sums = Sums()
    for statement in (_MEMBERS, _CARDS):
        after = ""
        while lines := session.fetch(statement, merchant, after)[0][0]:
            after = sums.add(lines)
    # An account that others were merged into, or that was merged, shows more than its own row.
    merged = [MemberId(row[0]) for row in session.fetch(_MERGED, merchant, merchant)]
    for row in session.fetch_among(_SOME_MEMBERS, merchant, merged):
        sums.add(row[0], times=-1)
    rows = member_rows(session, merchant, dict.fromkeys(merged, 1), now_ms=now_ms)
    sums.add_each({row.member: member_line(row) for row in rows}.values())
    return sums.result()


def bucket_rows(
    session: Session, asking: Asking, request: SyncRequest
) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """Return all rows of the buckets asked for, as many buckets as fit, and which these are."""
    rows: list[Row] = []
    answered: list[int] = []
    buckets = [each for each in request.buckets[:BUCKETS_MAX] if 0 <= each < DIGEST_BUCKETS]
    found = _versions_of(session, asking, [suffix_of(bucket) for bucket in buckets])
    for bucket in buckets:
        if answered and len(rows) >= BUCKET_ROWS_MAX:
            break
        for type_ in ("member", "card"):
            asked = found[type_, suffix_of(bucket)]
            if asked:
                rows += rows_of(session, asking, type_, asked)
        answered.append(bucket)
    return tuple(rows), tuple(answered)


def _versions_of(
    session: Session, asking: Asking, suffixes: Sequence[str]
) -> defaultdict[tuple[str, str], dict[str, int]]:
    """Return by type and bucket which rows there are, and their versions.

    One pass over all members and one over all cards, however many buckets are asked for.
    """
    merchant = asking.merchant.merchant
    found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    if not suffixes:
        return found
    places = ", ".join("?" * len(suffixes))
    for type_, key, condition in (
        ("member", "member", ""),
        ("card", "card_key", f"AND status <> '{UNKNOWN_CARD}'"),
    ):
        versions = session.fetch(
            f"SELECT {key}, coalesce((SELECT v FROM chg WHERE chg.merchant = {type_}.merchant"  # noqa: S608 - constants
            f" AND chg.type = '{type_}' AND chg.id = {type_}.{key} AND chg.scope = ''), 1)"
            f" FROM {type_} WHERE merchant = ? AND substr({key}, 30, 3) IN ({places}) {condition}",
            merchant,
            *suffixes,
        )
        for identifier, v in versions:
            found[type_, str(identifier)[-len(suffixes[0]) :]][str(identifier)] = int(v)
    return found
