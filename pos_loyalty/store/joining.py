"""The storage side of joining: who this till belongs to, and the move to a new stream."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.event import SCHEMA_VERSION, EventRescued, decode_event
from pos_loyalty.domain.ids import EventId, IdSource, MemberId, MerchantId, ShopId, StreamId, TillId
from pos_loyalty.store.row_writer import write_overlay
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import members_of
from pos_loyalty.store.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What a server told a till that joined."""

    server_url: str
    merchant: MerchantId
    merchant_name: str
    country: str
    shop: ShopId
    shop_name: str
    till: TillId
    till_name: str
    epoch: int
    token: str


@dataclass(frozen=True, kw_only=True)
class Alone:
    """What a till brings along when it joins: its journal, its currency, its own merchant id."""

    stream: StreamId
    join_nonce: str
    currency: str
    merchant: MerchantId
    till: TillId


@dataclass(frozen=True)
class _Unknown:
    """An event that the server does not hold."""

    stream: StreamId
    seq: int
    hash: bytes
    data: bytes


@dataclass(frozen=True)
class Joining:
    """Writes the results of joining and joining again, each in one transaction."""

    store: Store
    clock: Clock
    ids: IdSource

    def alone(self) -> Alone:
        """Return what the join request says of this till."""
        with self.store.read() as read:
            stream = read.journal.stream()
            return Alone(
                stream=stream.stream,
                join_nonce=stream.join_nonce,
                currency=read.settings.text(Setting.CURRENCY),
                merchant=MerchantId(read.settings.text(Setting.MERCHANT)),
                till=TillId(read.settings.text(Setting.TILL)),
            )

    def intended_stream(self) -> tuple[StreamId, str]:
        """Return id and nonce of the stream that shall follow; the same until it has begun.

        Kept before it is sent: a repeated request names the same stream, so a lost reply
        leaves no orphan behind.
        """
        with self.store.write() as work:
            stream = work.settings.text(Setting.NEXT_STREAM)
            nonce = work.settings.text(Setting.NEXT_STREAM_NONCE)
            if not stream:
                stream = self.ids.random_bytes(16).hex()
                nonce = self.ids.random_bytes(16).hex()
                work.settings.put(Setting.NEXT_STREAM, stream)
                work.settings.put(Setting.NEXT_STREAM_NONCE, nonce)
                work.commit()
        return StreamId(stream), nonce

    def private_key(self) -> str:
        """Return the till's private key as text; made and kept when first asked for."""
        with self.store.write() as work:
            text = work.settings.text(Setting.TILL_PRIVATE_KEY)
            if not text:
                text = self.ids.random_bytes(32).hex()
                work.settings.put(Setting.TILL_PRIVATE_KEY, text)
                work.commit()
        return text

    def belong(self, membership: Membership) -> None:
        """Belong to a merchant from now on; the journal goes on and is sent from its start."""
        with self.store.write() as work:
            settings = work.settings
            before = settings.text(Setting.MERCHANT)
            accepted = set(json.loads(settings.text(Setting.ACCEPTED_MERCHANTS, "[]")))
            if before and before != membership.merchant:
                accepted.add(before)
            values: dict[Setting, str | int] = {
                Setting.SERVER_URL: membership.server_url,
                Setting.MERCHANT: membership.merchant,
                Setting.MERCHANT_NAME: membership.merchant_name,
                Setting.ACCEPTED_MERCHANTS: json.dumps(sorted(accepted)),
                Setting.COUNTRY: membership.country or settings.text(Setting.COUNTRY),
                Setting.SHOP: membership.shop,
                Setting.SHOP_NAME: membership.shop_name,
                Setting.TILL: membership.till,
                Setting.TILL_NAME: membership.till_name,
                Setting.EPOCH: membership.epoch,
                Setting.TOKEN: membership.token,
                Setting.CURSOR: "",
            }
            for name, value in values.items():
                settings.put(name, value)
            _forget_another_server(work)
            work.commit()

    def begin_stream(
        self,
        stream: StreamId,
        join_nonce: str,
        *,
        known_hashes: AbstractSet[str],
        epoch: int,
        token: str,
    ) -> int:
        """Go on in a new stream and carry over what the server does not hold of the old one.

        Rights stay with the old stream: the server counts them there. Rows held stay
        valid; what the server held beyond our acknowledgement comes with the next rows.
        Returns how many events were carried over.
        """
        with self.store.write() as work:
            old = work.journal.stream()
            held_seq = _held_seq(work, old.stream_no, old.acked_seq, known_hashes)
            unknown = _unknown_events(work, old.stream_no, old.stream, held_seq)
            work.connection.execute(
                "UPDATE stream SET acked_seq = ? WHERE stream_no = ?", (held_seq, old.stream_no)
            )
            new = work.journal.open_stream(stream, join_nonce)
            work.connection.execute(
                "UPDATE points SET overlay_points = 0, overlay_earned = 0, overlay_after_seq = 0"
            )
            for event in unknown:
                self._rescue(work, event, old_no=old.stream_no, new_no=new.stream_no)
            for member in sorted(_touched(unknown)):
                write_overlay(work, member, stream_no=new.stream_no, have=0)
            if epoch != work.settings.number(Setting.EPOCH):
                work.settings.put(Setting.EPOCH, epoch)
                work.settings.put(Setting.CURSOR, "")
            work.settings.put(Setting.TOKEN, token)
            # The allowance, too, belongs to a stream: the server counts what the old one had.
            work.settings.put(Setting.RISK_TOTAL, 0)
            work.settings.put(Setting.RISK_USED, 0)
            work.settings.put(Setting.NEXT_STREAM, "")
            work.settings.put(Setting.NEXT_STREAM_NONCE, "")
            work.commit()
        return len(unknown)

    def _rescue(self, work: UnitOfWork, lost: _Unknown, *, old_no: int, new_no: int) -> None:
        """Append the carrying event, and let the ledger entries follow it."""
        original = decode_event(lost.data)
        now_ms = self.clock.now_ms()
        if isinstance(original, EventRescued):
            # Carried over once already: the first stream, place and hash stay its identity.
            source = (original.original_stream, original.original_seq, original.original_hash)
            text = original.original
        else:
            source = (lost.stream, lost.seq, lost.hash.hex())
            text = lost.data.decode()
        stored = work.journal.append(
            EventRescued(
                v=SCHEMA_VERSION,
                id=EventId(self.ids.next_id()),
                at_ms=now_ms,
                boot_ms=self.clock.monotonic_ms(),
                tz_minutes=self.clock.offset_minutes(now_ms),
                program=original.program,
                original_stream=source[0],
                original_seq=source[1],
                original_hash=source[2],
                original=text,
            )
        )
        for member in members_of([lost.data]):
            work.connection.execute(
                "UPDATE ledger_entry SET stream_no = ?, seq = ?"
                " WHERE member = ? AND stream_no = ? AND seq = ?",
                (new_no, stored.seq, member, old_no, lost.seq),
            )


def _forget_another_server(work: UnitOfWork) -> None:
    """Begin anew with a server: what another one acknowledged, numbered or granted is void.

    A till that joins again because its server was restored to a day before it joined
    meets smaller row versions in the same epoch. Rights granted then and unused are
    nobody's now; what was used stays covered.
    """
    execute = work.connection.execute
    execute("UPDATE stream SET acked_seq = 0, durable_seq = 0 WHERE is_open = 1")
    execute("UPDATE member SET epoch = 0, v = 0 WHERE v > 0")
    execute("UPDATE card SET epoch = 0, v = 0 WHERE v > 0")
    execute("UPDATE points SET granted = MIN(granted, MAX(0, used + returned - earned))")


def _held_seq(
    work: UnitOfWork, stream_no: int, acked_seq: int, known_hashes: AbstractSet[str]
) -> int:
    """Return up to where the server holds our very events: a chain has one common beginning."""
    rows = work.connection.execute(
        "SELECT seq, hash FROM event WHERE stream_no = ? AND seq > ?", (stream_no, acked_seq)
    )
    return max(
        (int(seq) for seq, digest in rows if digest.hex() in known_hashes), default=acked_seq
    )


def _unknown_events(
    work: UnitOfWork, stream_no: int, stream: StreamId, held_seq: int
) -> tuple[_Unknown, ...]:
    rows = work.connection.execute(
        "SELECT seq, hash, bytes FROM event WHERE stream_no = ? AND seq > ? ORDER BY seq",
        (stream_no, held_seq),
    ).fetchall()
    return tuple(_Unknown(stream, int(row[0]), bytes(row[1]), bytes(row[2])) for row in rows)


def _touched(events: tuple[_Unknown, ...]) -> set[MemberId]:
    return members_of(event.data for event in events)
