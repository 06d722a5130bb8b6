"""A till that speaks the protocol by itself: it joined, and sends what no till of ours writes."""

import json
import random
from collections.abc import Callable, Sequence

import msgspec

from pos_loyalty.domain.event import SCHEMA_VERSION, chain_hash, first_hash
from pos_loyalty.domain.ids import EventId, MemberId, StreamId
from pos_loyalty.server.exchange import PATH
from pos_loyalty.simulator.server_side import Answer
from pos_loyalty.simulator.sources import SimulatedClock, SimulatedIds, WorldTime
from pos_loyalty.simulator.surroundings import Surroundings
from pos_loyalty.simulator.template import Template
from pos_loyalty.sync.credentials import batch_text, request_text
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import ProfileChange, SyncReply, SyncRequest

_OK = 200
_EVENTS_MAX = 5
_PROGRAM = "standard-1-EUR"

Poison = Callable[["Stranger", Surroundings, random.Random], bytes]


class Stranger:
    """Owns one stream, keeps its journal in memory, and knows what the server took of it."""

    def __init__(self, template: Template, time: WorldTime) -> None:
        self._merchant = template.merchant
        self._key = template.stranger_key
        self.stream = StreamId(template.stranger_stream[0])
        self.clock = SimulatedClock(time)
        self.ids = SimulatedIds("stranger", self.clock)
        self.member = self.ids.next_id()
        self._hashes = [first_hash(self.stream, template.stranger_stream[1])]
        self._events: list[bytes] = []
        self._have = 0
        self._epoch = 1

    @property
    def unsent(self) -> int:
        """How many events the server did not take yet."""
        return len(self._events) - self._have

    def bother(self, world: Surroundings, seed: random.Random) -> str:
        """Send poison, or a request that is no request."""
        if seed.random() < 1 / 4:
            body, signature = self._bad_request(world, seed)
            world.server.take(PATH, body, signature, lambda _answer: None)
            return "bad request"
        for _ in range(seed.randrange(1, _EVENTS_MAX)):
            self.append(seed.choice(_POISONS)(self, world, seed))
        self.send(world)
        return f"{len(self._events)} events"

    def append(self, data: bytes) -> None:
        """Write an event into the journal; whatever it is, the chain is right."""
        self._events.append(data)
        self._hashes.append(chain_hash(self._hashes[-1], data))

    def send(self, world: Surroundings) -> None:
        """Send what the server does not have yet."""
        body = codec.pack(self.request())
        world.server.take(PATH, body, self._key.sign(request_text(PATH, body)), self._take)

    def request(self) -> SyncRequest:
        """Build a request as it should be."""
        last = len(self._events)
        signed = batch_text(
            merchant=self._merchant, stream=self.stream, last_seq=last, last_hash=self._hashes[last]
        )
        return SyncRequest(
            req=self.ids.next_id(),
            proto=1,
            stream=self.stream,
            from_seq=self._have + 1,
            prev_hash=self._hashes[self._have].hex(),
            top=last,
            epoch=self._epoch,
            now_ms=self.clock.now_ms(),
            events=tuple(msgspec.Raw(data) for data in self._events[self._have :]),
            sig=self._key.sign(signed) if self.unsent else "",
        )

    def _take(self, answer: Answer) -> None:
        if answer.status != _OK:
            return
        reply = codec.unpack(answer.body, SyncReply)
        self._epoch = max(self._epoch, reply.epoch)
        self._have = max(self._have, reply.have)

    def _bad_request(self, world: Surroundings, seed: random.Random) -> tuple[bytes, str]:
        """Return a body and a signature that the server must refuse, or take without harm."""
        good = self.request()
        other = StreamId(seed.choice(world.tills).stream) if world.tills[0].is_up else self.stream
        change = ProfileChange(change=_event_id("x"), member=MemberId("nobody"), at_ms=0)
        wrong = seed.choice(
            [
                msgspec.structs.replace(good, stream=other),
                msgspec.structs.replace(good, from_seq=0),
                msgspec.structs.replace(good, from_seq=2**60),
                msgspec.structs.replace(good, prev_hash="zz"),
                msgspec.structs.replace(good, sig="AAAA", events=(msgspec.Raw(b"{}"),)),
                msgspec.structs.replace(good, events=(msgspec.Raw(b'"\\ud800"'),)),
                msgspec.structs.replace(good, epoch=2**60),
                msgspec.structs.replace(good, events=(), sig="", profiles=(change,)),
                msgspec.structs.replace(
                    good, events=(), sig="", want_rights=((MemberId(self.member), 10**6),)
                ),
                msgspec.structs.replace(
                    good, events=(), sig="", granted_seen=((MemberId(self.member), 10**9),)
                ),
                msgspec.structs.replace(good, events=(), sig="", cursor="9.9.9"),
            ]
        )
        body = codec.pack(wrong)
        if seed.random() < 1 / 4:
            body = seed.randbytes(seed.randrange(1, 200))
        if seed.random() < 1 / 4:
            return body, "AAAA"
        return body, self._key.sign(request_text(PATH, body))


def _event_id(text: str) -> EventId:
    return EventId(text.ljust(32, "0"))


def _event(stranger: Stranger, kind: str, **fields: object) -> bytes:
    """Return an event in shape, with a few fields that are wrong."""
    event: dict[str, object] = {
        "kind": kind,
        "v": SCHEMA_VERSION,
        "id": stranger.ids.next_id(),
        "at_ms": stranger.clock.now_ms(),
        "boot_ms": 0,
        "tz_minutes": 60,
        "program": _PROGRAM,
        **fields,
    }
    return json.dumps(event, sort_keys=True).encode()


def _sale(stranger: Stranger, **fields: object) -> bytes:
    basket = {"currency": "EUR", "total": 1000}
    return _event(stranger, "sale", **{"sale": basket, "member": stranger.member, **fields})


def _not_an_event(_stranger: Stranger, _world: Surroundings, seed: random.Random) -> bytes:
    return seed.choice(
        [b"[]", b"null", b'"text"', b"{}", b"1e300", b'{"kind":7}', b"[[[[[[[[[[]]]]]]]]]]"]
    )


def _unknown_kind(stranger: Stranger, _world: Surroundings, seed: random.Random) -> bytes:
    kind = seed.choice(["alien", "refund", "adjustment", "sale\x00", "x" * 5000])
    return _event(stranger, kind, v=seed.choice([1, 2, 99]), member=stranger.member, points=5)


def _wild_number(stranger: Stranger, _world: Surroundings, seed: random.Random) -> bytes:
    wild = seed.choice([-1, 10**9 + 1, 2**63, 2**64, 10**30, 1.5, "7", None])
    field = seed.choice(["earned", "redeemed", "rights_used", "risk_used", "at_ms", "v"])
    return _sale(stranger, **{field: wild})


def _strange_text(stranger: Stranger, _world: Surroundings, seed: random.Random) -> bytes:
    text = seed.choice(["", "nobody", "\x00", "A" * 32, "é" * 32, "0" * 31])
    field = seed.choice(["member", "id", "program", "cashier", "memo", "tier", "found_by"])
    return _sale(stranger, **{field: text})


def _overdraft(stranger: Stranger, _world: Surroundings, seed: random.Random) -> bytes:
    points = seed.randrange(1, 10**6)
    if seed.random() < 1 / 2:
        return _event(stranger, "rights_return", member=stranger.member, points=points)
    return _sale(stranger, redeemed=points, rights_used=points, earned=3)


def _reversal_of_another(stranger: Stranger, world: Surroundings, seed: random.Random) -> bytes:
    sales = [fact.id for fact in world.oracle.facts.values() if fact.kind == "sale"]
    return _event(
        stranger,
        "reversal",
        sale_id=seed.choice(sales) if sales else "0" * 32,
        sale_seq=1,
        member=stranger.member,
        redeemed_returned=seed.randrange(10**5),
    )


def _stolen_id(stranger: Stranger, world: Surroundings, seed: random.Random) -> bytes:
    """Use the id of an event that the books hold for another one, or send its very bytes."""
    if world.server.is_up:
        with world.server.database.read() as session:
            rows = session.fetch(
                "SELECT event, data FROM event WHERE event IS NOT NULL ORDER BY v DESC, seq LIMIT 1"
            )
        if rows:
            same = _sale(stranger, id=rows[0][0], earned=10)
            return seed.choice([same, bytes(rows[0][1])])
    return _not_an_event(stranger, world, seed)


def _rescue(stranger: Stranger, world: Surroundings, seed: random.Random) -> bytes:
    """Claim to carry over an event: of a till's journal, of its own, of nobody's, or too deep."""
    streams = [disk.stream for disk in world.oracle.disks.values()]
    original = _sale(stranger, earned=10)
    for _ in range(seed.choice([0, 0, 12])):
        original = _event(
            stranger,
            "rescue",
            original_stream="0" * 32,
            original_seq=1,
            original_hash="0" * 64,
            original=original.decode(),
        )
    return _event(
        stranger,
        "rescue",
        original_stream=seed.choice([*streams, stranger.stream]),
        original_seq=seed.choice([0, 1, 2**60]),
        original_hash=seed.choice(["", "0" * 64, "zz"]),
        original=seed.choice([original.decode(), "", "{"]),
    )


_POISONS: Sequence[Poison] = (
    _not_an_event,
    _unknown_kind,
    _wild_number,
    _strange_text,
    _overdraft,
    _reversal_of_another,
    _stolen_id,
    _rescue,
)
