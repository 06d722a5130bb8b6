"""What comes from a till by hand: taken like requests over a line, answered in one packet.

The bodies are the very bytes that a line would carry, and go the same way: signatures,
chain, verdicts, exactly once. Only the answer differs: it goes on to the end of the
feed, because the next question comes with the next trip.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError
from pos_loyalty.domain.ids import IdSource, TillId
from pos_loyalty.server import join_till
from pos_loyalty.server.authentication import (
    KnownTill,
    NotAllowed,
    ensure_signed,
    is_signed,
    signed_request,
)
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.exchange import PATH as EXCHANGE_PATH
from pos_loyalty.server.exchange import Exchange, has_news
from pos_loyalty.server.group_commit import GroupCommit
from pos_loyalty.server.group_write import GroupWriter, transact
from pos_loyalty.server.join_till import JoinTill, ensure_join_shape, spend_try
from pos_loyalty.server.keep_anew import Ahead, silent, transact_with_past
from pos_loyalty.server.packet_key import ensure_key, private_key
from pos_loyalty.server.pressure import Pressure
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.routes import status_of
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import ROWS_MAX, JoinReply, JoinRequest, Refusal, Status, SyncReply
from pos_loyalty.wire.packet import (
    PACKET_FORMAT,
    DownItem,
    DownParcel,
    Invitation,
    PacketHeader,
    PacketKind,
    SignedBody,
    UpParcel,
    open_packet,
    proof_text,
    public_packet_key,
    read_header,
    seal,
    without_rows,
    write_invitation,
)

_OK = 200
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class PacketAnswered:
    """The answer for the way back, and what was in the packet."""

    packet: bytes
    till_name: str
    shop_name: str
    events: int
    rows: int
    refused: Code | None = None


def invitation_for(database: Database, merchant: Merchant, code: str, *, ids: IdSource) -> bytes:
    """Return an invitation with a one-time code and the server's key."""

    def work(session: Session) -> tuple[bytes, int]:
        version, epoch = statements.take_version(session, merchant.merchant)
        return ensure_key(session, merchant.merchant, ids, version=version), epoch

    key, epoch = transact(database, work)
    return write_invitation(
        PacketHeader(format=PACKET_FORMAT, kind=PacketKind.INVITATION, merchant=merchant.merchant),
        Invitation(
            code=code,
            merchant_name=merchant.name,
            currency=merchant.currency,
            epoch=epoch,
            server_key=public_packet_key(key),
        ),
    )


@dataclass(kw_only=True)
class ImportPacket:
    """Takes packets of tills; beside a running server, or without one."""

    database: Database
    merchant: Merchant
    clock: Clock
    ids: IdSource
    progress: Progress | None = None
    _events: int = field(default=0, init=False)
    _rows: int = field(default=0, init=False)
    _refused: Code | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._writer = GroupWriter(self.database, self.merchant, clock=self.clock, ids=self.ids)
        self._exchange = Exchange(
            database=self.database,
            merchant=self.merchant,
            group=GroupCommit(self._writer.write_group),
            clock=self.clock,
            stopping=asyncio.Event(),
            pressure=Pressure(self.clock),
        )

    def __call__(self, data: bytes) -> PacketAnswered:
        """Take a packet and return the answer.

        Raises:
            CommandRefused: no packet of a till of this merchant, or damaged.
            StoreUnavailable: the books do not answer; import it again later.
        """
        header = read_header(data)
        merchant = self.merchant.merchant
        if header.kind is not PacketKind.UP:
            raise CommandRefused(Code.PACKET_KIND)
        if header.merchant != merchant:
            raise CommandRefused(Code.PACKET_OTHER_MERCHANT)
        with self.database.read() as session:
            key = private_key(session, merchant)
        if key is None:
            # Our name, and no key of ours: the books are of a day before the first invitation.
            raise NotAllowed(Code.TILL_UNKNOWN)
        parcel = open_packet(data, UpParcel, private=key)
        self._ensure_proven(header, parcel)
        till, answers, more = self._answers(header, parcel.bodies)
        names = self._names(till)
        down = PacketHeader(
            format=PACKET_FORMAT,
            kind=PacketKind.DOWN,
            merchant=merchant,
            number=header.number,
            till=till,
            till_name=f"{names[1]} in {names[0]}" if names[0] else names[1],
        )
        packet = seal(
            down,
            DownParcel(answers=tuple(answers), more=tuple(more)),
            private=key,
            recipient=header.sender,
            random_bytes=self.ids.random_bytes,
        )
        return PacketAnswered(
            packet=packet,
            shop_name=names[0],
            till_name=names[1],
            events=self._events,
            rows=self._rows,
            refused=self._refused,
        )

    def _ensure_proven(self, header: PacketHeader, parcel: UpParcel) -> None:
        """Make sure that the answer is sealed to a key of the very till.

        Raises:
            NotAllowed: nobody of ours signed this packet.
        """
        first = parcel.bodies[0] if parcel.bodies else None
        if first is not None and first.path == join_till.PATH:
            public = codec.unpack(first.body, JoinRequest).public_key
        else:
            known = self._till(header.till)
            if known is None:
                raise NotAllowed(Code.TILL_UNKNOWN)
            public = known.public_key
        text = proof_text(header.merchant, header.number, header.sender)
        if not is_signed(public, parcel.proof, text):
            raise NotAllowed(Code.SIGNATURE)

    def _till(self, till: TillId) -> KnownTill | None:
        with self.database.read() as session:
            rows = session.fetch(
                "SELECT public_key, revoked_ms FROM till WHERE merchant = ? AND till = ?",
                self.merchant.merchant,
                till,
            )
        if not rows:
            return None
        return KnownTill(till=till, public_key=rows[0][0], is_revoked=bool(rows[0][1]))

    def _names(self, till: TillId) -> tuple[str, str]:
        with self.database.read() as session:
            rows = session.fetch(
                "SELECT shop.name, till.name FROM till JOIN shop"
                " ON shop.merchant = till.merchant AND shop.shop = till.shop"
                " WHERE till.merchant = ? AND till.till = ?",
                self.merchant.merchant,
                till,
            )
        return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")

    def _answers(
        self, header: PacketHeader, bodies: Sequence[SignedBody]
    ) -> tuple[TillId, list[DownItem], list[bytes]]:
        """Take the bodies in order; what is refused or does not fit ends the row."""
        till, answers, more = header.till, list[DownItem](), list[bytes]()
        for number, body in enumerate(bodies, start=1):
            try:
                if body.path == join_till.PATH:
                    joined = self._join(body)
                    till = joined.till
                    answers.append(DownItem(_OK, codec.pack(joined)))
                    continue
                reply = self._take(body, is_last=number == len(bodies), more=more)
            except CommandRefused as error:
                answers.append(_refusal(error))
                self._refused = error.code
                break
            answers.append(DownItem(_OK, codec.pack(reply)))
            if self.progress is not None:
                self.progress("events", number, len(bodies))
            if reply.status is not Status.OK:
                break
        return till, answers, more

    def _join(self, signed: SignedBody) -> JoinReply:
        request = codec.unpack(signed.body, JoinRequest)
        text = signed_request(join_till.PATH, signed.body)
        ensure_signed(request.public_key, signed.signature, text)
        ensure_join_shape(request)
        join = JoinTill(merchant=self.merchant, ids=self.ids, now_ms=self.clock.now_ms())

        def work(session: Session, ahead: Ahead | None) -> JoinReply:
            return dataclasses.replace(join, ahead=ahead)(session, request)

        if request.code:
            transact(
                self.database,
                lambda session: spend_try(session, self.merchant.merchant, request.code),
            )
        return transact_with_past(self.database, work, self.progress or silent)

    def _take(self, signed: SignedBody, *, is_last: bool, more: list[bytes]) -> SyncReply:
        """Take one request, as the server does over a line, and answer it."""
        if signed.path != EXCHANGE_PATH:
            raise CommandRefused(Code.BODY_SHAPE, detail="no such address")
        batch = self._exchange.authentic_batch(signed.body, signed.signature)
        if has_news(batch.request):
            self._writer.write_group([batch])
        whole = Batch(
            request=msgspec.structs.replace(batch.request, want_rows=ROWS_MAX),
            prev_hash=batch.prev_hash,
            incoming=batch.incoming,
        )
        reply = self._exchange.read_now(whole)
        if reply.status in {Status.CLOSED, Status.REPORT} and not has_news(batch.request):
            self._writer.write_group([batch])
            reply = self._exchange.read_now(whole)
        if reply.status is not Status.OK:
            return reply
        self._events += len(batch.incoming)
        if not is_last:
            return without_rows(reply, batch.request.cursor)
        self._rows += len(reply.rows)
        self._read_on(whole, reply, more)
        return reply

    def _read_on(self, batch: Batch, reply: SyncReply, more: list[bytes]) -> None:
        """Add every further page, each as the answer to the same question from there on."""
        while reply.more and reply.status is Status.OK:
            request = msgspec.structs.replace(
                batch.request, events=(), profiles=(), settlements=(), cursor=reply.cursor
            )
            reply = self._exchange.read_now(
                Batch(request=request, prev_hash=batch.prev_hash, incoming=())
            )
            more.append(codec.pack(reply))
            self._rows += len(reply.rows)
            if self.progress is not None:
                self.progress("rows", self._rows, self._rows + int(reply.more))


def _refusal(error: LoyaltyError) -> DownItem:
    body = codec.pack(Refusal(code=error.code.value, facts=dict(error.facts)))
    return DownItem(status_of(error), body)
