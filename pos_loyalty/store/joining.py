"""The storage side of joining: who this till belongs to, and the move to a new stream."""

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.event import SCHEMA_VERSION, EventRescued, decode_event
from pos_loyalty.domain.ids import EventId, IdSource, MemberId, MerchantId, ShopId, StreamId, TillId
from pos_loyalty.domain.program import LoyaltyProgram, holds_never
from pos_loyalty.store import carrying
from pos_loyalty.store.row_writer import write_overlay
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import members_of
from pos_loyalty.store.unit_of_work import Repositories, Store, UnitOfWork

EVENTS_PER_TRANSACTION = 200
"""So many events are carried over while the counter waits for its turn."""


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
    """What a till brings along when it joins: its journal, its currency, its own merchant id.

    ``programs`` are the versions that were published at a till that works alone.
    """

    stream: StreamId
    join_nonce: str
    currency: str
    merchant: MerchantId
    till: TillId
    programs: tuple[LoyaltyProgram, ...] = ()


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
                programs=_own_programs(read),
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
        """Belong to a merchant from now on; the journal goes on and is sent from its start.

        The server's program holds from now on; the till's own ones explain what it sold alone.
        """
        with self.store.write() as work:
            settings = work.settings
            work.programs.put_aside(_own_programs(work))
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
                Setting.CLOSED_CHECKED: "",
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
        is_unknown: bool = False,
    ) -> int:
        """Go on in a new stream and carry over what the server does not hold of the old one.

        Rights stay with the old stream: the server counts them there. Rows held stay
        valid; what the server held beyond our acknowledgement comes with the next rows.
        With ``is_unknown`` the server has nothing of the old stream, whatever it said once.
        Returns how many events were carried over; others may wait for :meth:`carry_over`.
        """
        with self.store.write() as work:
            old = work.journal.stream()
            is_checked = not (is_unknown or carrying.must_ask(work))
            if is_unknown:
                held_seq = 0
            else:
                held_seq = _held_seq(work, old.stream_no, old.acked_seq, known_hashes)
            work.connection.execute(
                "UPDATE stream SET acked_seq = ?, durable_seq = MIN(durable_seq, ?)"
                " WHERE stream_no = ?",
                (held_seq, held_seq, old.stream_no),
            )
            _put_off(work, old.stream_no, held_seq=held_seq, last_seq=old.last_seq)
            work.journal.open_stream(stream, join_nonce)
            work.connection.execute(
                "UPDATE points SET overlay_points = 0, overlay_earned = 0, overlay_after_seq = 0"
                " WHERE overlay_points <> 0 OR overlay_earned <> 0 OR overlay_after_seq <> 0"
            )
            work.settings.put(
                Setting.CLOSED_CHECKED, work.settings.number(Setting.EPOCH) if is_checked else ""
            )
            # Rows of an epoch before ours would lose to those that we hold.
            if epoch > work.settings.number(Setting.EPOCH):
                work.settings.put(Setting.EPOCH, epoch)
                work.settings.put(Setting.CURSOR, "")
            values: dict[Setting, str | int] = {
                Setting.TOKEN: token,
                # The allowance, too, belongs to a stream: the server counts what the old one had.
                Setting.RISK_TOTAL: 0,
                Setting.RISK_USED: 0,
                Setting.RECALLS: "",
                Setting.UNSWEPT_SEQ: "",
                Setting.NEXT_STREAM: "",
                Setting.NEXT_STREAM_NONCE: "",
            }
            for name, value in values.items():
                work.settings.put(name, value)
            carried = 0 if carrying.must_ask(work) else self._carry(work)
            work.commit()
        return carried

    def carry_over(self) -> int:
        """Carry the next slice of what waits of closed journals; return how many events.

        Each slice is a transaction of its own, between which a sale finds its turn. Not
        before the server has said what it holds: what happened first must come first.
        """
        with self.store.read() as read:
            if not carrying.waiting(read.connection) or carrying.must_ask(read):
                return 0
        with self.store.write() as work:
            carried = self._carry(work)
            work.commit()
        return carried

    def _carry(self, work: UnitOfWork) -> int:
        ranges = carrying.waiting(work.connection)
        new_no = work.journal.stream().stream_no
        done: list[_Unknown] = []
        while ranges and len(done) < EVENTS_PER_TRANSACTION:
            place = ranges.pop(0)
            limit = EVENTS_PER_TRANSACTION - len(done)
            events = _unknown_events(work, place, limit)
            for event in events:
                self._rescue(work, event, old_no=place.stream_no, new_no=new_no)
            if len(events) == limit:
                ranges.insert(
                    0, carrying.Waiting(place.stream_no, events[-1].seq + 1, place.last_seq)
                )
            done += events
        for member in sorted(_touched(done)):
            _add_to_overlay(work, member, new_no)
        carrying.put_waiting(work, ranges)
        return len(done)

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
            for table in ("ledger_entry", "quiet_event"):
                work.connection.execute(
                    f"UPDATE {table} SET stream_no = ?, seq = ?"  # noqa: S608 - constants
                    " WHERE member = ? AND stream_no = ? AND seq = ?",
                    (new_no, stored.seq, member, old_no, lost.seq),
                )


def _own_programs(work: Repositories) -> tuple[LoyaltyProgram, ...]:
    """Return the versions that no server published: a till alone has but these and the first one.

    A till that joined once has put them aside; a server of restored books may lack them.
    """
    is_alone = not work.settings.text(Setting.TILL)
    first = default_program(work.settings.text(Setting.CURRENCY)).version
    return tuple(
        program
        for program in work.programs.all()
        if program.version != first and (is_alone or holds_never(program))
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


def _put_off(work: UnitOfWork, stream_no: int, *, held_seq: int, last_seq: int) -> None:
    """Note what of a stream has to be carried over; what was deleted here is in a backup."""
    pruned = work.connection.execute(
        "SELECT pruned_seq FROM stream WHERE stream_no = ?", (stream_no,)
    ).fetchone()
    first = max(held_seq, int(pruned[0])) + 1
    if first <= last_seq:
        ranges = carrying.waiting(work.connection)
        carrying.put_waiting(work, [*ranges, carrying.Waiting(stream_no, first, last_seq)])


def _unknown_events(work: UnitOfWork, place: carrying.Waiting, limit: int) -> tuple[_Unknown, ...]:
    """Return the next events that wait of a closed stream."""
    rows = work.connection.execute(
        "SELECT s.stream, e.seq, e.hash, e.bytes FROM event e JOIN stream s USING (stream_no)"
        " WHERE e.stream_no = ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq LIMIT ?",
        (place.stream_no, place.next_seq, place.last_seq, limit),
    ).fetchall()
    return tuple(
        _Unknown(StreamId(row[0]), int(row[1]), bytes(row[2]), bytes(row[3])) for row in rows
    )


def _touched(events: Sequence[_Unknown]) -> set[MemberId]:
    return members_of(event.data for event in events)


def _add_to_overlay(work: UnitOfWork, member: MemberId, stream_no: int) -> None:
    """Count what was carried over as the open stream's own, on top of the server's row."""
    work.connection.execute(
        "INSERT INTO points(member) VALUES (?) ON CONFLICT DO NOTHING", (member,)
    )
    row = work.connection.execute(
        "SELECT overlay_after_seq FROM points WHERE member = ?", (member,)
    ).fetchone()
    write_overlay(work, member, stream_no=stream_no, have=int(row[0]))
