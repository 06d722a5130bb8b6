"""The answer to an exchange: acknowledgement and rows from one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.event import first_hash
from pos_loyalty.domain.ids import EventId, MerchantId, RewardId, StreamId
from pos_loyalty.server.allowance import risk_total
from pos_loyalty.server.books import Merchant, StreamState
from pos_loyalty.server.changes import Asking, read_page
from pos_loyalty.server.closed_streams import held_of
from pos_loyalty.server.cursor import is_of_other_books, read_cursor
from pos_loyalty.server.database import inbox_statements, statements, version_marks
from pos_loyalty.server.database.policy_statements import load_policy
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.digest import bucket_rows
from pos_loyalty.server.inbox import is_done_with
from pos_loyalty.server.ingest import standing
from pos_loyalty.server.keeping_state import needs_of
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.settings import KNOWN_HASHES_MAX
from pos_loyalty.server.stock import stock_of
from pos_loyalty.wire import version as version_of_protocol
from pos_loyalty.wire.messages import ROWS_MAX, Status, SyncReply, SyncRequest
from pos_loyalty.wire.version import PROTOCOL_2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What an answer is made from beside the snapshot."""

    merchant: Merchant
    batch: Batch
    now_ms: int


def build_reply(session: Session, answering: Answering) -> SyncReply:
    """Read everything that the answer says from one snapshot."""
    merchant, request = answering.merchant.merchant, answering.batch.request
    stream = statements.load_streams(session, merchant, [request.stream])[request.stream]
    version, epoch = statements.current_version(session, merchant)
    status = read_standing(session, merchant, stream, answering.batch, epoch)
    if status is Status.OK and _is_restored(session, merchant, request, version, epoch):
        status = Status.REPORT
    held = SyncReply(
        req=request.req,
        status=status,
        merchant=merchant,
        epoch=epoch,
        server_now=answering.now_ms,
        have=stream.last,
        have_hash=_hash_for(answering.batch, stream),
        cursor=request.cursor,
        token=stream.token if request.events else "",
        min_proto=version_of_protocol.PROTOCOL_OLDEST,
    )
    if status is Status.CLOSED:
        known = known_hashes(session, merchant, stream.stream, first=request.from_seq)
        return msgspec.structs.replace(held, known_hashes=known)
    if status is not Status.OK:
        return held
    policy = load_policy(session, merchant)
    held = msgspec.structs.replace(
        held,
        risk_total=risk_total(stream, policy.allowance_per_till),
        spend_until_ms=(
            policy.spend_until_ms(answering.now_ms) if request.proto >= PROTOCOL_2 else 0
        ),
        durable=min(stream.durable, stream.last),
        verdicts=_verdicts(session, merchant, request),
        profiles_have=_profiles_have(session, merchant, request),
        settlements_have=_settlements_have(session, merchant, request),
        held_of_closed=held_of(session, merchant, stream, request.closed_streams),
        stock=_stock(session, answering, stream.stream),
    )
    if version_of_protocol.is_too_old(request.proto):
        return msgspec.structs.replace(held, status=Status.UPGRADE)
    return _with_rows(session, answering, held, version)


def _stock(
    session: Session, answering: Answering, stream: StreamId
) -> tuple[tuple[RewardId, int], ...]:
    """Return the till's shares of rewards of which there are only so many; usually none are."""
    if not needs_of(answering.merchant.programs.values()).stock:
        return ()
    return stock_of(session, answering.merchant.merchant, stream)


def _is_restored(
    session: Session, merchant: MerchantId, request: SyncRequest, version: int, epoch: int
) -> bool:
    """Tell whether the till has seen other books than these."""
    seen = read_cursor(request.cursor, epoch).seen_v
    marks = version_marks.load_marks(session, merchant, [seen])
    return is_of_other_books(request.cursor, epoch, next_v=version + 1, marks=marks)


def _hash_for(batch: Batch, stream: StreamState) -> str:
    """Return the hash of the stream's end, unless the till itself just named it."""
    is_known = (batch.request.from_seq - 1, batch.prev_hash) == (stream.last, stream.last_hash)
    return "" if is_known else stream.last_hash.hex()


def read_standing(
    session: Session, merchant: MerchantId, stream: StreamState, batch: Batch, epoch: int
) -> Status:
    """Tell how a request stands by what the snapshot holds."""
    place = batch.request.from_seq - 1
    if place == stream.last:
        before: bytes | None = stream.last_hash
    elif place == 0:
        before = first_hash(stream.stream, stream.join_nonce)
    else:
        held = statements.load_hashes(session, merchant, stream.stream, first=place, last=place)
        before = held.get((stream.stream, place))
    return standing(stream, batch.request, epoch=epoch, before=before, claimed=batch.prev_hash)


def _with_rows(session: Session, answering: Answering, held: SyncReply, version: int) -> SyncReply:
    request = answering.batch.request
    asking = Asking(
        merchant=answering.merchant,
        stream=request.stream,
        now_ms=answering.now_ms,
        protocol=request.proto,
        version=version,
    )
    page = read_page(
        session,
        asking,
        after=read_cursor(request.cursor, held.epoch),
        limit=min(max(1, request.want_rows), ROWS_MAX),
    )
    again, buckets = bucket_rows(session, asking, request)
    mark = version_marks.current_mark(session, asking.merchant.merchant)
    cursor = _cursor_for(request, str(page.cursor.read_from(version, mark)))
    return msgspec.structs.replace(
        held,
        rows=page.rows + again,
        buckets=buckets,
        cursor=cursor,
        # Shares only change with a new version of the books, and that moves the cursor.
        stock=held.stock if cursor else (),
        more=page.more,
    )


def _cursor_for(request: SyncRequest, cursor: str) -> str:
    """Return the cursor, unless the till has it already; the first tills hear it every time."""
    return "" if request.proto >= PROTOCOL_2 and cursor == request.cursor else cursor


def _verdicts(
    session: Session, merchant: MerchantId, request: SyncRequest
) -> tuple[tuple[int, str], ...]:
    if not request.events:
        return ()
    last = request.from_seq + len(request.events) - 1
    found = statements.stored_verdicts(
        session, merchant, request.stream, first=request.from_seq, last=last
    )
    return tuple(found)


def _profiles_have(
    session: Session, merchant: MerchantId, request: SyncRequest
) -> tuple[EventId, ...]:
    asked = [change.change for change in request.profiles]
    taken = statements.load_keys(
        session, merchant, table="profile_change", column="change", keys=asked
    )
    return tuple(change for change in asked if change in taken)


def _settlements_have(
    session: Session, merchant: MerchantId, request: SyncRequest
) -> tuple[EventId, ...]:
    """Return which choices the till may forget: they were made, or cannot be made any more."""
    if not request.settlements:
        return ()
    items = inbox_statements.load_items(
        session, merchant, [each.item for each in request.settlements]
    )
    return tuple(
        each.settlement
        for each in request.settlements
        if is_done_with(items.get(each.item), each.choice)
    )


def known_hashes(
    session: Session, merchant: MerchantId, stream: StreamId, *, first: int
) -> tuple[str, ...]:
    """Return the hashes held of a stream from a place on, in order, up to a limit."""
    last = max(0, first) + KNOWN_HASHES_MAX - 1
    held = statements.load_hashes(session, merchant, stream, first=max(0, first), last=last)
    return tuple(value.hex() for value in held.values())


def newest_hashes(session: Session, merchant: MerchantId, stream: StreamId) -> Sequence[str]:
    """Return the newest hashes held of a stream, in order, up to a limit."""
    rows = session.fetch(
        "SELECT hash FROM event WHERE merchant = ? AND stream = ? ORDER BY seq DESC LIMIT ?",
        merchant,
        stream,
        KNOWN_HASHES_MAX,
    )
    return [bytes(row[0]).hex() for row in reversed(rows)]
