"""One write transaction for a group of requests: load, fold, save.

If the database refuses the content, the group is done again request by request and
event by event, and the event that does not fit is set aside with its bytes: one
poison event never blocks a stream.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreUnavailable
from pos_loyalty.domain.ids import EventId, IdSource, MemberId, StreamId, TillId, is_id
from pos_loyalty.server.after_fold import finish_group, load_choices
from pos_loyalty.server.books import Books, Merchant
from pos_loyalty.server.cursor import read_cursor
from pos_loyalty.server.database import statements, version_marks
from pos_loyalty.server.database.repository import Conflict, Database, Session
from pos_loyalty.server.inbox_load import load_inbox
from pos_loyalty.server.ingest import Outcome, SetAside, fold_group
from pos_loyalty.server.keeping import withhold
from pos_loyalty.server.keeping_load import (
    begin_keeping,
    hear_of_programs,
    holders,
    load_keeping,
    note_written,
)
from pos_loyalty.server.reading import Batch, Touched, prepare, touched_by
from pos_loyalty.server.roster import release_chosen
from pos_loyalty.wire.messages import Status

CONFLICT_TRIES_MAX = 4
SET_ASIDE_REASON = "the database refused it"
DEMAND_MS = 5_000
"""For so long after points were recalled for a till they are not placed elsewhere."""
DOUBT_MS = 600_000
CLAIMS_MAX = 4
"""A till that said so often in that time that the books were restored is not believed again.

Each new epoch lets every till report and read all rows again: a hostile one could else keep all
of them at it. Books are restored while the server rests, and it forgets this then.
"""
_TOKEN_BYTES = 16
_LOG = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class _NothingToWrite(Exception):
    """Leaves the transaction without a commit, so that no version is used up."""


def transact(database: Database, work: Callable[[Session], ResultT]) -> ResultT:
    """Run work in the write transaction, again if another writer was in the way.

    Raises:
        StoreUnavailable: still in the way after several tries, or no database.
    """
    for _ in range(CONFLICT_TRIES_MAX):
        try:
            with database.write() as session:
                return work(session)
        except Conflict as conflict:
            _LOG.info("write again after a conflict: %s", conflict)
    raise StoreUnavailable(Code.SERVER_BUSY)


class GroupWriter:
    """Writes groups of requests into the merchant's books."""

    def __init__(
        self, database: Database, merchant: Merchant, *, clock: Clock, ids: IdSource
    ) -> None:
        self._database = database
        self._merchant = merchant
        self._clock = clock
        self._ids = ids
        self._demands: dict[MemberId, int] = {}
        """Members whose points a till waits for, and until when."""
        self._claims: dict[TillId, list[int]] = {}
        """Tills that began an epoch, and until when each time counts against them."""

    def write_group(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Write a group and return the outcome of each request, in order.

        Raises:
            StoreUnavailable: nothing was written.
        """
        try:
            return self._attempt(batches, {})
        except LoyaltyError:
            raise
        except Exception as error:  # noqa: BLE001 - the request handler's net: poison must not block
            _LOG.info("a group is written event by event: %s", type(error).__name__)
        return [self._write_alone(batch) for batch in batches]

    def _write_alone(self, batch: Batch) -> Outcome:
        """Write a request event by event and set the one aside that does not fit."""
        outcome = Outcome(status=Status.OK)
        for part in _single_events(batch):
            try:
                outcome = self._attempt([part], {})[0]
            except LoyaltyError:
                raise
            except Exception as error:  # noqa: BLE001 - see above
                outcome = self._set_aside(part, error)
            if outcome.status not in {Status.OK, Status.UPGRADE}:
                return outcome
        return outcome

    def _set_aside(self, part: Batch, error: Exception) -> Outcome:
        reason = f"{SET_ASIDE_REASON}: {type(error).__name__}"
        _LOG.warning("event %s of %s is set aside", part.request.from_seq, part.stream)
        aside = {(part.stream, incoming.seq): reason for incoming in part.incoming}
        bare = msgspec.structs.replace(part.request, profiles=(), want_rights=(), settlements=())
        try:
            return self._attempt([prepare(bare, part.prev_hash)], aside)[0]
        except LoyaltyError:
            raise
        except Exception as trouble:
            raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from trouble

    def _attempt(self, batches: Sequence[Batch], set_aside: SetAside) -> list[Outcome]:
        tokens = [self._ids.random_bytes(_TOKEN_BYTES).hex() for _ in batches]
        outcomes: list[Outcome] = []
        raised_by: set[TillId] = set()

        def work(session: Session) -> int:
            books = load_books(session, self._merchant, batches, now_ms=self._clock.now_ms())
            books.demanded = self._still_demanded()
            books.doubted = self._still_doubted()
            outcomes[:] = fold_group(books, batches, tokens=tokens, set_aside=set_aside)
            raised_by.update(books.raised_by)
            self._remember_demands(books.demanded)
            finish_group(session, books)
            if not books.is_changed:
                raise _NothingToWrite
            statements.save(session, books)
            release_chosen(session, books)
            return books.v

        try:
            note_written(self._merchant, transact(self._database, work))
        except _NothingToWrite:
            return outcomes
        for till in raised_by:
            self._claims.setdefault(till, []).append(self._clock.monotonic_ms() + DOUBT_MS)
        return outcomes

    def _still_doubted(self) -> set[TillId]:
        now_ms = self._clock.monotonic_ms()
        for till, ends_ms in list(self._claims.items()):
            self._claims[till] = [end_ms for end_ms in ends_ms if end_ms > now_ms]
            if not self._claims[till]:
                del self._claims[till]
        return {till for till, ends_ms in self._claims.items() if len(ends_ms) >= CLAIMS_MAX}

    def _still_demanded(self) -> set[MemberId]:
        """Return whose points a till waits for: what comes back goes there first."""
        now_ms = self._clock.monotonic_ms()
        self._demands = {m: until for m, until in self._demands.items() if until > now_ms}
        return set(self._demands)

    def _remember_demands(self, members: set[MemberId]) -> None:
        until_ms = self._clock.monotonic_ms() + DEMAND_MS
        for member in members - self._demands.keys():
            self._demands[member] = until_ms


def _single_events(batch: Batch) -> list[Batch]:
    """Split a request into one request for each event; wants and profiles go last."""
    if len(batch.incoming) <= 1:
        return [batch]
    parts: list[Batch] = []
    previous = batch.prev_hash
    for incoming, raw in zip(batch.incoming, batch.request.events, strict=True):
        is_last = incoming is batch.incoming[-1]
        request = msgspec.structs.replace(
            batch.request,
            from_seq=incoming.seq,
            events=(raw,),
            prev_hash=previous.hex(),
            sig=batch.request.sig if is_last else "",
            want_rights=batch.request.want_rights if is_last else (),
            profiles=batch.request.profiles if is_last else (),
            settlements=batch.request.settlements if is_last else (),
        )
        parts.append(Batch(request=request, prev_hash=previous, incoming=(incoming,)))
        previous = incoming.hash
    return parts


def load_books(
    session: Session, merchant: Merchant, batches: Sequence[Batch], *, now_ms: int
) -> Books:
    """Take the next version and load everything that the group can touch."""
    v, epoch = statements.take_version(session, merchant.merchant)
    books = Books(merchant=merchant, v=v, epoch=epoch, now_ms=now_ms)
    hear_of_programs(session, merchant, v)
    touched = touched_by(batches)
    key = merchant.merchant
    begin_keeping(session, books, touched)
    books.facts = statements.load_facts(session, key, touched.facts)
    books.cards = statements.load_cards(session, key, touched.cards)
    _load_members(session, books, touched)
    load_inbox(session, books, batches)
    load_keeping(session, books, touched)
    _load_streams(session, books, touched, batches)
    load_choices(session, books, batches)
    _load_marks(session, books, touched, batches)
    seen = [read_cursor(batch.request.cursor, epoch).seen_v for batch in batches]
    books.marks = version_marks.load_marks(session, key, seen)
    for batch in batches:
        _load_hashes(session, books, batch)
    return books


def _load_members(session: Session, books: Books, touched: Touched) -> None:
    members: set[MemberId] = set(touched.members)
    members.update(card.member for card in books.cards.values() if card.member)
    members.update(fact.member for fact in books.facts.values() if fact.member)
    key = books.merchant.merchant
    members.update(holders(books))
    books.members = statements.load_members(session, key, members)
    if books.needs.has_lots:
        withhold(books, books.members.values())
    books.rights = statements.load_rights(session, key, members)


def _load_streams(
    session: Session, books: Books, touched: Touched, batches: Sequence[Batch]
) -> None:
    streams: set[StreamId] = {batch.stream for batch in batches}
    streams.update(name for batch in batches for name, _, _ in batch.request.closed_streams)
    streams.update(rescue.stream for rescue in touched.rescues)
    streams.update(fact.stream for fact in books.facts.values())
    wanted = {
        state.member
        for batch in batches
        for member, _ in batch.request.want_rights
        if is_id(member)
        for state in books.class_of(member)
    }
    streams.update(other for member in wanted for other in books.rights.get(member, {}))
    key = books.merchant.merchant
    books.streams = statements.load_streams(session, key, streams)
    books.any_frozen = statements.is_any_frozen(session, key)


def _load_marks(session: Session, books: Books, touched: Touched, batches: Sequence[Batch]) -> None:
    key = books.merchant.merchant
    books.reversed_sales = {
        EventId(sale)
        for sale in statements.load_keys(
            session, key, table="reversed_sale", column="sale", keys=touched.facts
        )
    }
    books.rescued = statements.load_rescued(
        session, key, [rescue.hash for rescue in touched.rescues]
    )
    for rescue in touched.rescues:
        books.hashes.update(
            statements.load_hashes(session, key, rescue.stream, first=rescue.seq, last=rescue.seq)
        )
    changes = [change.change for batch in batches for change in batch.request.profiles]
    books.changes_taken = {
        EventId(change)
        for change in statements.load_keys(
            session, key, table="profile_change", column="change", keys=changes
        )
    }


def _load_hashes(session: Session, books: Books, batch: Batch) -> None:
    """Load the hashes held where a request overlaps what was sent before."""
    stream = books.streams[batch.stream]
    first = batch.request.from_seq - 1
    last = min(stream.last, first + len(batch.incoming))
    if first < stream.last:
        books.hashes.update(
            statements.load_hashes(
                session, books.merchant.merchant, stream.stream, first=first, last=last
            )
        )
