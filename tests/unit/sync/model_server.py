"""The server of the protocol in memory: small enough to be believed by reading it."""

import copy
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.event import (
    EventRescued,
    RightsReturned,
    SaleRecorded,
    chain_hash,
    decode_event,
    first_hash,
)
from pos_loyalty.domain.ids import MemberId, MerchantId, ShopId, StreamId, TierId, TillId
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.spend_rights import Rights, effects_of
from pos_loyalty.wire.messages import (
    JoinReply,
    JoinRequest,
    MemberRow,
    RightsRow,
    Row,
    Status,
    SyncReply,
    SyncRequest,
)

MERCHANT = MerchantId("e" * 32)
Key = tuple[str, str, str]
"""Of the change feed: type, scope and id."""


@dataclass
class Stream:
    hashes: list[bytes]
    events: list[bytes] = field(default_factory=list[bytes])
    closed: bool = False
    frozen: bool = False

    @property
    def last(self) -> int:
        return len(self.events)


@dataclass
class Books:
    epoch: int = 1
    v: int = 1
    streams: dict[StreamId, Stream] = field(default_factory=dict[StreamId, Stream])
    balances: dict[MemberId, int] = field(default_factory=dict[MemberId, int])
    rights: dict[tuple[MemberId, StreamId], Rights] = field(
        default_factory=dict[tuple[MemberId, StreamId], Rights]
    )
    keep: dict[tuple[MemberId, StreamId], int] = field(
        default_factory=dict[tuple[MemberId, StreamId], int]
    )
    changes: dict[Key, int] = field(default_factory=dict[Key, int])
    counted: set[str] = field(default_factory=set[str])
    """Hashes of the facts that count, rescued or not."""


class ModelServer:
    """Takes messages and answers them; ``page`` is how many rows one answer carries."""

    def __init__(self, *, page: int = 3) -> None:
        self.books = Books()
        self.page = page

    def backup(self) -> Books:
        return copy.deepcopy(self.books)

    def restore(self, books: Books, *, is_announced: bool) -> None:
        """Go back to older books; announced means that somebody said so to the server."""
        epoch = self.books.epoch
        self.books = copy.deepcopy(books)
        if is_announced:
            self._begin_epoch(epoch + 1)

    def join(self, request: JoinRequest) -> JoinReply:
        books = self.books
        if request.stream not in books.streams:
            start = first_hash(request.stream, request.join_nonce)
            books.streams[request.stream] = Stream(hashes=[start])
        known: tuple[str, ...] = ()
        old = None if request.closes_stream is None else books.streams.get(request.closes_stream)
        if old is not None:
            old.closed = True
            known = tuple(value.hex() for value in old.hashes[1:])
        return JoinReply(
            merchant=MERCHANT,
            merchant_name="Model",
            currency=request.currency,
            country="DE",
            shop=ShopId("5" * 32),
            shop_name="Shop",
            till=request.till or TillId(request.stream),
            till_name="Till",
            epoch=books.epoch,
            token="",
            server_now=0,
            known_hashes=known,
        )

    def exchange(self, request: SyncRequest) -> SyncReply:
        stream = self.books.streams[request.stream]
        status = self._take(request, stream)
        reply = self._held(request, stream, status)
        if status is not Status.OK:
            return reply
        rows, cursor, more = self._page(request)
        return msgspec.structs.replace(reply, rows=rows, cursor=cursor, more=more)

    def outstanding(self, member: MemberId, stream: StreamId) -> int:
        return self.books.rights.get((member, stream), Rights()).spendable

    def pool(self, member: MemberId) -> int:
        held = sum(
            rights.spendable for (owner, _), rights in self.books.rights.items() if owner == member
        )
        return self.books.balances.get(member, 0) - held

    def _held(self, request: SyncRequest, stream: Stream, status: Status) -> SyncReply:
        known = stream.hashes[request.from_seq :] if status is Status.CLOSED else []
        return SyncReply(
            req=request.req,
            status=status,
            merchant=MERCHANT,
            epoch=self.books.epoch,
            server_now=0,
            have=stream.last,
            have_hash=stream.hashes[-1].hex(),
            known_hashes=tuple(value.hex() for value in known),
        )

    def _take(self, request: SyncRequest, stream: Stream) -> Status:
        if stream.closed:
            return Status.CLOSED
        self._take_news(request, stream)
        if request.epoch != self.books.epoch or stream.frozen:
            return Status.REPORT
        if request.from_seq > stream.last + 1:
            return Status.GAP
        if stream.hashes[request.from_seq - 1].hex() != request.prev_hash:
            stream.closed = True
            return Status.CLOSED
        self.books.v += 1
        if not self._take_events(request, stream):
            return Status.CLOSED
        for member, points in request.want_rights:
            self._grant(member, points, request.stream)
        return Status.OK

    def _take_news(self, request: SyncRequest, stream: Stream) -> None:
        """What a till says of an older or newer server counts only in the present epoch."""
        if request.epoch == self.books.epoch:
            self._take_report(request, stream)
            if request.lost_ack > stream.last:
                self._begin_epoch(self.books.epoch + 1)

    def _take_report(self, request: SyncRequest, stream: Stream) -> None:
        if request.granted_seen is None or not stream.frozen:
            return
        for member, granted in request.granted_seen:
            key = (member, request.stream)
            now = self.books.rights.get(key, Rights())
            self.books.rights[key] = Rights(
                max(now.granted, granted), now.earned, now.used, now.returned
            )
        if request.granted_complete:
            stream.frozen = False

    def _begin_epoch(self, epoch: int) -> None:
        self.books.epoch = epoch
        for stream in self.books.streams.values():
            stream.frozen = not stream.closed

    def _take_events(self, request: SyncRequest, stream: Stream) -> bool:
        digest = bytes.fromhex(request.prev_hash)
        for seq, raw in enumerate(request.events, start=request.from_seq):
            data = bytes(raw)
            digest = chain_hash(digest, data)
            if seq > stream.last:
                stream.events.append(data)
                stream.hashes.append(digest)
                self._fold(data, digest, request.stream)
            elif stream.hashes[seq] != digest:
                stream.closed = True
                return False
        return True

    def _fold(self, data: bytes, digest: bytes, stream: StreamId) -> None:
        event = decode_event(data)
        identity = digest.hex()
        is_rescued = isinstance(event, EventRescued)
        if isinstance(event, EventRescued):
            identity = event.original_hash
            event = decode_event(event.original.encode())
        if identity in self.books.counted:
            return
        self.books.counted.add(identity)
        for entry in entries_of(event):
            assert entry.member is not None
            self.books.balances[entry.member] = (
                self.books.balances.get(entry.member, 0) + entry.points
            )
            self._changed("member", "", entry.member)
        if is_rescued:
            return
        for effect in effects_of(event):
            key = (effect.member, stream)
            self.books.rights[key] = self.books.rights.get(key, Rights()).plus(effect)
        assert isinstance(event, SaleRecorded | RightsReturned)

    def _grant(self, member: MemberId, points: int, stream: StreamId) -> None:
        if any(other.frozen for other in self.books.streams.values()):
            return
        missing = points - self.outstanding(member, stream)
        given = min(missing, self.pool(member))
        key = (member, stream)
        if given > 0:
            now = self.books.rights.get(key, Rights())
            self.books.rights[key] = Rights(now.granted + given, now.earned, now.used, now.returned)
            self.books.keep.pop(key, None)
            self._changed("rights", stream, member)
            missing -= given
        if missing > 0:
            self._recall(member, stream)

    def _recall(self, member: MemberId, asking: StreamId) -> None:
        for owner, stream in tuple(self.books.rights):
            if owner == member and stream != asking and self.outstanding(member, stream) > 0:
                self.books.keep[owner, stream] = 0
                self._changed("rights", stream, member)

    def _changed(self, type_: str, scope: str, id_: str) -> None:
        self.books.changes[type_, scope, id_] = self.books.v

    def _page(self, request: SyncRequest) -> tuple[tuple[Row, ...], str, bool]:
        epoch, v, type_, id_ = (request.cursor or f"{self.books.epoch}|0||").split("|")
        after = (int(v), type_, id_) if int(epoch) == self.books.epoch else (0, "", "")
        wanted = sorted(
            (version, kind, key)
            for (kind, scope, key), version in self.books.changes.items()
            if scope in {"", request.stream} and (version, kind, key) > after
        )
        page = wanted[: self.page]
        more = len(wanted) > self.page
        at = page[-1] if more else max(after, (self.books.v, "~", ""))
        rows = tuple(self._row(kind, MemberId(key), v, request.stream) for v, kind, key in page)
        return rows, "|".join(str(part) for part in (self.books.epoch, *at)), more

    def _row(self, kind: str, member: MemberId, v: int, stream: StreamId) -> Row:
        if kind == "member":
            balance = self.books.balances[member]
            return MemberRow(v=v, member=member, balance=balance, tier=TierId("bronze"))
        rights = self.books.rights[member, stream]
        keep = self.books.keep.get((member, stream))
        return RightsRow(v=v, member=member, granted=rights.granted, keep=keep)
