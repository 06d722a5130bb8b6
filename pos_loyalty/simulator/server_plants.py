"""Bugs on the server's side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server import exchange, fold, grants, ingest, replies
from pos_loyalty.server.books import Books, MemberState, StreamState
from pos_loyalty.server.changes import Cursor, Page
from pos_loyalty.server.exchange import Exchange
from pos_loyalty.server.grants import Shortage
from pos_loyalty.server.ingest import Outcome
from pos_loyalty.server.join_till import JoinTill
from pos_loyalty.server.reading import Batch, Reading
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.wire.messages import Status, SyncReply, SyncRequest
from pos_loyalty.wire.verdicts import Verdict


def _original(owner: object, name: str) -> Any:  # noqa: ANN401 - the code that a plant stands before
    return vars(owner)[name]


def _ack_before_rows() -> Sequence[Patch]:
    answer, read = _original(Exchange, "_answer"), _original(Exchange, "_read")

    async def torn(self: Exchange, batch: Batch) -> SyncReply:
        early: SyncReply = await read(self, batch)
        late: SyncReply = await answer(self, batch)
        if (early.status, late.status) != (Status.OK, Status.OK):
            return late
        return msgspec.structs.replace(late, rows=early.rows, cursor=early.cursor, more=early.more)

    return (Patch(Exchange, "_answer", torn),)


def _ack_before_commit() -> Sequence[Patch]:
    read = _original(Exchange, "_read")
    answer = _original(Exchange, "_answer")

    async def hasty(self: Exchange, batch: Batch) -> SyncReply:
        reply: SyncReply = await read(self, batch)
        if reply.status is not Status.OK or not batch.incoming:
            return await answer(self, batch)
        last = batch.incoming[-1]
        return msgspec.structs.replace(
            reply, have=max(reply.have, last.seq), have_hash=last.hash.hex()
        )

    return (Patch(Exchange, "_answer", hasty),)


def _page_by_version() -> Sequence[Patch]:
    read_page = _original(replies, "read_page")

    def skipping(*places: object, **more: object) -> Page:
        page: Page = read_page(*places, **more)
        if not page.more:
            return page
        after = Cursor(page.cursor.epoch, page.cursor.v + 1)
        return Page(rows=page.rows, cursor=after, more=True)

    return (Patch(replies, "read_page", skipping),)


def _old_request_accuses() -> Sequence[Patch]:
    fold_request = _original(ingest, "_fold_request")
    close_fork = _original(ingest, "_close_fork")

    def suspicious(books: Books, stream: StreamState, batch: Batch, *rest: object) -> Outcome:
        if batch.request.top < stream.last and not stream.closed:
            close_fork(books, stream, batch.request.from_seq)
        return fold_request(books, stream, batch, *rest)

    return (Patch(ingest, "_fold_request", suspicious),)


def _suspects_lost_replies() -> Sequence[Patch]:
    def hasty(books: Books, stream: StreamState, shown: str, fresh: str) -> None:
        if shown and shown not in {stream.token, stream.token_previous}:
            books.notice("till_twice", stream.stream, 0, "this till may exist twice")
        stream.token_previous, stream.token = stream.token, fresh

    return (Patch(ingest, "_turn_token", hasty),)


def _pool_ignores_rights() -> Sequence[Patch]:
    def everything(self: MemberState) -> int:
        return self.balance

    return (Patch(MemberState, "pool", property(everything)),)


def _recall_is_return() -> Sequence[Patch]:
    recall = _original(grants, "_recall")

    def at_once(books: Books, asking: StreamId, member: MemberId) -> Shortage:
        shortage: Shortage = recall(books, asking, member)
        for other, rights in books.rights.get(member, {}).items():
            if other != asking and rights.keep == 0 and rights.outstanding > 0:
                books.member(member).outstanding -= rights.outstanding
                rights.returned += rights.outstanding
                books.dirty_members.add(member)
                books.dirty_rights.add((member, other))
        return shortage

    return (Patch(grants, "_recall", at_once),)


def _rescue_blind() -> Sequence[Patch]:
    judge, apply = _original(fold, "_judge"), _original(fold, "_apply")

    def blind(place: Any) -> object:  # noqa: ANN401 - a private type of the fold
        reading: Reading = place.incoming.reading
        if reading.rescues and reading.event is not None:
            return apply(place, reading.event)
        return judge(place)

    return (Patch(fold, "_judge", blind),)


def _rescue_keeps_open() -> Sequence[Patch]:
    judge = _original(fold, "_judge_rescues")
    close_old = _original(JoinTill, "_close_old")

    def leave_open(place: Any, reading: Reading) -> object:  # noqa: ANN401 - a private type of the fold
        were_open = [stream for stream in place.books.streams.values() if not stream.closed]
        judgement = judge(place, reading)
        for stream in were_open:
            stream.closed = False
        return judgement

    def only_tell(
        self: JoinTill,
        session: Any,  # noqa: ANN401 - passed through
        request: Any,  # noqa: ANN401 - passed through
        version: int,
    ) -> tuple[str, ...]:
        known: tuple[str, ...] = close_old(self, session, request, version)
        session.execute("UPDATE stream SET closed = 0 WHERE stream = ?", request.closes_stream)
        return known

    return (Patch(fold, "_judge_rescues", leave_open), Patch(JoinTill, "_close_old", only_tell))


def _grants_while_frozen() -> Sequence[Patch]:
    grant_one = _original(grants, "_grant_one")

    def eager(books: Books, stream: StreamState, wants: Sequence[tuple[MemberId, int]]) -> Shortage:
        return max(
            (grant_one(books, stream, member, points) for member, points in wants),
            default=Shortage.NONE,
        )

    return (Patch(ingest, "grant", eager),)


def _epoch_falls_back() -> Sequence[Patch]:
    raise_epoch = _original(ingest, "_raise_epoch")

    def only_lost_acks(books: Books, stream: StreamState, *, above: int = 0) -> None:
        if not above:
            raise_epoch(books, stream)

    return (Patch(ingest, "_raise_epoch", only_lost_acks),)


def _poison_refused() -> Sequence[Patch]:
    prepare = _original(exchange, "prepare")

    def strict(request: SyncRequest, prev_hash: bytes) -> Batch:
        batch: Batch = prepare(request, prev_hash)
        if any(one.reading.verdict is Verdict.QUARANTINED for one in batch.incoming):
            raise CommandRefused(Code.BODY_SHAPE, detail="an event is not readable")
        return batch

    return (Patch(exchange, "prepare", strict),)


SERVER_PATCHES: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "ack_before_rows": _ack_before_rows,
    "ack_before_commit": _ack_before_commit,
    "page_by_version": _page_by_version,
    "old_request_accuses": _old_request_accuses,
    "suspects_lost_replies": _suspects_lost_replies,
    "pool_ignores_rights": _pool_ignores_rights,
    "recall_is_return": _recall_is_return,
    "rescue_blind": _rescue_blind,
    "rescue_keeps_open": _rescue_keeps_open,
    "grants_while_frozen": _grants_while_frozen,
    "epoch_falls_back": _epoch_falls_back,
    "poison_refused": _poison_refused,
}
