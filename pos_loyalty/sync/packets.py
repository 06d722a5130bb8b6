"""The protocol carried by hand: the same signed requests and replies, a whole trip at once.

A packet holds what a till would send over a line, as if every answer were "go on". The
answer is taken with the same steps as over a line, against what was asked then. An
answer that came late or twice changes nothing, and never accuses: what the till has
heard since, from a newer packet or over a line, stays.
"""

import base64
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import IdSource, MerchantId
from pos_loyalty.store.carried import (
    CarriedState,
    CarriedStorage,
    Exported,
    PacketStorage,
    bare,
    invited_position,
)
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import BY_HAND_URL
from pos_loyalty.store.sync_state import SyncPosition, SyncState
from pos_loyalty.sync.credentials import TillKey, request_text
from pos_loyalty.sync.exchange import Exchange, Outcome, Step
from pos_loyalty.sync.join import Join
from pos_loyalty.sync.rejoin import Rejoin
from pos_loyalty.sync.reply_parts import Memory
from pos_loyalty.sync.transport import EXCHANGE_PATH, JOIN_PATH
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import JoinReply, Refusal, SyncReply, SyncRequest
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
)

REPLY_BYTES_MAX = 64 * 1024 * 1024
_OK = 200
_ROUNDS_MAX = 100_000

ReplyT = TypeVar("ReplyT", JoinReply, SyncReply)


@dataclass(frozen=True, kw_only=True)
class PacketTaken:
    """What an answer changed. ``is_old`` says that the till knew all of it, or newer."""

    is_old: bool = False
    joined: bool = False
    rows: int = 0
    acknowledged: int = 0
    must_export: bool = False
    """The server needs another packet: it was restored, or this till began anew."""


@dataclass
class _AnswerClock:
    """The till's clock at the moment of an answer, as well as anybody can know it.

    Between writing and reading a packet days may pass; only an answer before the one or
    after the other proves that this clock is off.
    """

    clock: Clock
    made_ms: int
    answer_ms: int = 0

    @property
    def offset_ms(self) -> int:
        """How far this till's clock is ahead, by what the two ends of the trip prove."""
        if self.answer_ms < self.made_ms:
            return self.made_ms - self.answer_ms
        return min(0, self.clock.now_ms() - self.answer_ms)

    def now_ms(self) -> int:
        """Return when the answer was made, by this till's clock."""
        return self.answer_ms + self.offset_ms

    def monotonic_ms(self) -> int:
        """Return the clock that never goes back."""
        return self.clock.monotonic_ms()

    def offset_minutes(self, at_ms: int) -> int:
        """Return this machine's offset from UTC."""
        return self.clock.offset_minutes(at_ms)


@dataclass
class Packets:
    """Writes packets for the server and takes its answers; one till, one thread."""

    sync: SyncState
    joining: Joining
    carried: CarriedStorage
    key: TillKey
    clock: Clock
    ids: IdSource
    _bodies: list[SignedBody] = field(default_factory=list[SignedBody], init=False)

    def may_join(self, merchant: MerchantId) -> bool:
        """Tell whether an invitation of this merchant has a use here."""
        position = self.sync.position()
        is_by_hand = position.server_url == BY_HAND_URL
        return not position.is_joined or (is_by_hand and position.merchant == merchant)

    def invite(self, header: PacketHeader, invitation: Invitation) -> None:
        """Keep an invitation; the next packet carries the wish to join.

        Raises:
            CommandRefused: another currency.
        """
        alone = self.joining.alone()
        if invitation.currency != alone.currency:
            raise CommandRefused(
                Code.JOIN_CURRENCY,
                till_currency=alone.currency,
                server_currency=invitation.currency,
            )
        self.carried.keep_server_key(base64.b64encode(invitation.server_key).decode())
        state = self.carried.state()
        self.carried.keep(
            msgspec.structs.replace(state, invitation=invitation, invited_by=header.merchant)
        )

    def write(self) -> bytes:
        """Return a packet with everything that waits.

        Raises:
            CommandRefused: neither joined nor invited, or the server's key is not known.
        """
        state, position = self.carried.state(), self.sync.position()
        if not position.is_joined and state.invitation is None:
            raise CommandRefused(Code.NOT_JOINED)
        server_key = self.carried.server_key()
        if not server_key:
            raise CommandRefused(Code.PACKET_KEY_ABSENT)
        while self.joining.carry_over():
            continue
        self._bodies = []
        merchant = position.merchant
        exported = Exported(
            number=state.number + 1, acked_seq=position.acked_seq, made_ms=self.clock.now_ms()
        )
        if state.invitation is not None and _is_invited(state, position):
            merchant = state.invited_by
            requests = self._join(state.invitation, state.invited_by)
            exported = msgspec.structs.replace(exported, requests=requests, joins=True)
        elif state.closed is not None:
            self._rejoin()
            exported = msgspec.structs.replace(exported, joins=True)
        else:
            requests = self._exchange(state, self._storage())
            exported = msgspec.structs.replace(exported, requests=requests)
        # Before the file is written: an answer to what nobody remembers would be lost.
        self.carried.keep(
            msgspec.structs.replace(
                state, number=exported.number, exported=(*state.exported, exported)
            )
        )
        return self._sealed(merchant, exported.number, base64.b64decode(server_key))

    def take(self, data: bytes) -> PacketTaken:
        """Take the server's answer.

        Raises:
            CommandRefused: not an answer to this till, damaged, or the server refused something.
        """
        header = read_header(data)
        state = self.carried.state()
        self._ensure_ours(header, state)
        parcel = open_packet(data, DownParcel, private=self.key.packet_key)
        asked = next((each for each in state.exported if each.number == header.number), None)
        if asked is None:
            if header.number > state.number:
                raise CommandRefused(Code.PACKET_UNKNOWN)
            return PacketTaken(is_old=True)
        return _Taking(self, state, asked).take(parcel)

    def rejoin_steps(self) -> Rejoin:
        """Return the steps of joining again."""
        return Rejoin(storage=self.joining, clock=self.clock, public_key=self.key.public_text)

    def _storage(self) -> PacketStorage:
        return PacketStorage(self.sync.store, self.clock, self.ids)

    def _join(self, invitation: Invitation, merchant: MerchantId) -> tuple[SyncRequest, ...]:
        """Ask to join, and send the journal along as if that were done."""
        join = Join(
            storage=self.joining,
            clock=self.clock,
            server_url=BY_HAND_URL,
            public_key=self.key.public_text,
        )
        self._add(JOIN_PATH, join.next_request(invitation.code))
        storage = self._storage()
        storage.position_of_invited = invited_position(
            self.sync.position(), merchant, invitation.epoch
        )
        return self._exchange(CarriedState(), storage)

    def _rejoin(self) -> None:
        self._add(JOIN_PATH, self.rejoin_steps().next_request())

    def _exchange(self, state: CarriedState, storage: PacketStorage) -> tuple[SyncRequest, ...]:
        """Build every request of the trip, each as if the one before were taken."""
        exchange = Exchange(storage=storage, signer=self.key, clock=self.clock, ids=self.ids)
        exchange.recall(msgspec.json.decode(state.memory, type=Memory))
        requests: list[SyncRequest] = []
        for _ in range(_ROUNDS_MAX):
            # The token is of the line: packets overtake each other, and must look like no
            # second till.
            request = msgspec.structs.replace(exchange.next_request(), token="", wait_ms=0)
            self._add(EXCHANGE_PATH, request)
            requests.append(request)
            exchange.assume_taken()
            was_report = request.granted_seen is not None
            end = request.from_seq - 1 + len(request.events)
            is_whole = end >= storage.position().last_seq and not storage.has_more_profiles()
            if is_whole and not was_report and not exchange.is_reporting:
                break
        return bare(requests)

    def _add(self, path: str, message: msgspec.Struct) -> None:
        body = codec.pack(message)
        self._bodies.append(SignedBody(path, body, self.key.sign(request_text(path, body))))

    def _sealed(self, merchant: MerchantId, number: int, server_key: bytes) -> bytes:
        position = self.sync.position()
        sender = public_packet_key(self.key.packet_key)
        return seal(
            PacketHeader(
                format=PACKET_FORMAT,
                kind=PacketKind.UP,
                merchant=merchant,
                number=number,
                till=position.till,
            ),
            UpParcel(
                bodies=tuple(self._bodies),
                proof=self.key.sign(proof_text(merchant, number, sender)),
            ),
            private=self.key.packet_key,
            recipient=server_key,
            random_bytes=self.ids.random_bytes,
        )

    def _ensure_ours(self, header: PacketHeader, state: CarriedState) -> None:
        """Say plainly whose packet it is, before anything of it is opened."""
        if header.kind is not PacketKind.DOWN:
            raise CommandRefused(Code.PACKET_KIND)
        position = self.sync.position()
        asked = next((each for each in state.exported if each.number == header.number), None)
        # A till that joins once more is another one to the server, whose answer names that.
        is_invited = _is_invited(state, position) and (
            not position.is_joined or (asked is not None and asked.joins)
        )
        if header.merchant != (state.invited_by if is_invited else position.merchant):
            raise CommandRefused(Code.PACKET_OTHER_MERCHANT)
        if not is_invited and header.till != position.till:
            raise CommandRefused(Code.PACKET_OTHER_TILL, till=header.till_name or header.till)
        known = self.carried.server_key()
        if not known or base64.b64decode(known) != header.sender:
            raise CommandRefused(Code.PACKET_OTHER_MERCHANT)


class _Taking:
    """One answer, item by item."""

    def __init__(self, packets: Packets, state: CarriedState, asked: Exported) -> None:
        self._packets = packets
        self._state = state
        self._asked = asked
        self._clock = _AnswerClock(packets.clock, asked.made_ms)
        self._exchange = Exchange(
            storage=packets.sync, signer=packets.key, clock=self._clock, ids=packets.ids
        )
        self._exchange.recall(msgspec.json.decode(state.memory, type=Memory))
        self._acked_before = packets.sync.position().acked_seq
        self._rows = 0
        self._joined = False
        self._is_ignored = True

    def take(self, parcel: DownParcel) -> PacketTaken:
        """Take the answers in order; a refusal ends it and is told."""
        answers = list(parcel.answers)
        try:
            if self._asked.joins and answers:
                self._take_join(answers.pop(0))
            for item, request in zip(answers, self._asked.requests, strict=False):
                if not self._take_item(item, request):
                    break
            else:
                self._take_more(parcel.more)
        finally:
            self._keep()
        position = self._packets.sync.position()
        return PacketTaken(
            is_old=self._is_ignored and not self._joined,
            joined=self._joined,
            rows=self._rows,
            acknowledged=max(0, position.acked_seq - self._acked_before),
            must_export=self._must_export,
        )

    @property
    def _must_export(self) -> bool:
        memory = self._exchange.memory
        return (
            self._state.closed is not None
            or memory.report_after is not None
            or bool(memory.lost_ack)
        )

    def _take_join(self, item: DownItem) -> None:
        packets = self._packets
        try:
            reply = _unpacked(item, JoinReply)
        except CommandRefused:
            if packets.sync.position().is_joined:
                # The server knows this till, or the code is used up: it goes on as before.
                self._state = msgspec.structs.replace(self._state, invitation=None)
            raise
        if self._asked.requests:
            join = Join(
                storage=packets.joining,
                clock=packets.clock,
                server_url=BY_HAND_URL,
                public_key=packets.key.public_text,
            )
            if _is_invited(self._state, packets.sync.position()):
                join.take(reply)
                self._exchange.restart()
                self._acked_before = 0
                self._joined = True
        elif self._state.closed is not None:
            is_unknown = self._state.is_unknown and not reply.known_hashes
            packets.rejoin_steps().take(reply, self._state.closed, is_unknown=is_unknown)
            self._exchange.restart()
            self._joined = True
        self._state = msgspec.structs.replace(
            self._state, invitation=None, closed=None, is_unknown=False
        )

    def _take_item(self, item: DownItem, request: SyncRequest) -> bool:
        """Take one answer; tell whether the next one may follow."""
        try:
            reply = _unpacked(item, SyncReply)
        except CommandRefused as error:
            if error.code is Code.TILL_UNKNOWN and self._is_of_now(request):
                self._state = msgspec.structs.replace(self._state, closed=(), is_unknown=True)
                return False
            raise
        self._request = request
        return self._take_reply(reply)

    def _take_more(self, pages: tuple[bytes, ...]) -> None:
        """Take the pages after the last answer, each from where the one before ended."""
        for page in pages:
            reply = codec.unpack(page, SyncReply, compressed_max=REPLY_BYTES_MAX)
            if not self._take_reply(reply):
                return

    def _take_reply(self, reply: SyncReply) -> bool:
        # Tokens are of the line: an old answer would bring back one that is long past.
        reply = msgspec.structs.replace(reply, token="")
        position = self._packets.sync.position()
        if self._asked.acked_seq <= reply.have < position.acked_seq:
            # True when it was said; since then the server has acknowledged more.
            return False
        self._clock.answer_ms = reply.server_now
        self._exchange.resume(
            msgspec.structs.replace(
                self._request,
                now_ms=self._clock.now_ms(),
                # A newer packet may have come to the server before this one.
                top=max(self._request.top, position.last_seq),
            )
        )
        outcome = self._exchange.take(reply)
        self._request = msgspec.structs.replace(self._request, cursor=reply.cursor)
        return self._noted(outcome)

    def _noted(self, outcome: Outcome) -> bool:
        if outcome.step is Step.IGNORED:
            return False
        self._is_ignored = False
        self._rows += outcome.rows
        if outcome.step is Step.REJOIN:
            self._state = msgspec.structs.replace(self._state, closed=outcome.known_hashes)
            return False
        return outcome.step is not Step.WAIT

    def _is_of_now(self, request: SyncRequest) -> bool:
        return request.stream == self._packets.sync.position().stream

    def _keep(self) -> None:
        """Forget what was answered, and what is older."""
        waiting = tuple(each for each in self._state.exported if each.number > self._asked.number)
        self._packets.carried.keep(
            msgspec.structs.replace(
                self._state,
                exported=waiting,
                memory=msgspec.Raw(msgspec.json.encode(self._exchange.memory)),
            )
        )


def _is_invited(state: CarriedState, position: SyncPosition) -> bool:
    """Tell whether the next packet asks to join.

    A till that is carried by hand may join once more: its server came back from a backup of
    a day before it joined, and no longer knows it.
    """
    may_join = not position.is_joined or position.server_url == BY_HAND_URL
    return may_join and state.invitation is not None


def _unpacked(item: DownItem, kind: type[ReplyT]) -> ReplyT:
    """Return an answer.

    Raises:
        CommandRefused: with the server's code, where it refused.
    """
    if item.status == _OK:
        return codec.unpack(item.body, kind, compressed_max=REPLY_BYTES_MAX)
    refusal = codec.unpack(item.body, Refusal)
    try:
        error = CommandRefused(Code(refusal.code))
    except ValueError:
        error = CommandRefused(Code.SERVER_TROUBLE)
    error.facts.update(refusal.facts)
    raise error
