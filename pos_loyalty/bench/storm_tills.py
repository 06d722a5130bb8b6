"""Simulated tills: real keys, real journals, real requests; only their disks are left out."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final

import msgspec

from pos_loyalty.bench.joined_tills import TOTALS, Body
from pos_loyalty.domain.accrual import SaleFacts, earn
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    Basket,
    Event,
    MemberEnrolled,
    SaleRecorded,
    chain_hash,
    encode_event,
    first_hash,
)
from pos_loyalty.domain.ids import EventId, MemberId, MerchantId, StreamId
from pos_loyalty.server.cursor import Cursor
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.join_till import JoinTill, make_code
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.sync.credentials import PRIVATE_KEY_LENGTH, TillKey, batch_text, request_text
from pos_loyalty.sync.exchange import ROWS_WHILE_SENDING
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.wire.codec import pack
from pos_loyalty.wire.messages import BATCH_EVENTS_MAX, ROWS_DEFAULT, JoinRequest, SyncRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST

TILLS_A_SHOP: Final = 5
CURRENCY: Final = "EUR"
PROGRAM: Final = default_program(CURRENCY)
_WEEK_MS: Final = 7 * 24 * 3_600_000
_HOUR_MS: Final = 3_600_000
_REGULARS: Final = 100
"""Most people go to one shop: of a till's sales four in five are of its regulars."""
_REGULAR_SHARE: Final = 0.8
_PREPARERS: Final = 2


@dataclass
class StormTill:
    """A till's journal as far as it is written."""

    merchant: MerchantId
    stream: StreamId
    key: bytes
    token: str
    epoch: int
    cursor: str
    hash: bytes
    seq: int = 0
    regulars: list[MemberId] = field(default_factory=list[MemberId])


def join_tills(database_url: str, count: int) -> list[StormTill]:
    """Let so many tills join, by the server's own rule for joining."""
    clock = SystemClock()
    ids = SystemIds(clock)
    with closing(open_database(database_url)) as database:
        merchant = read_merchant(database)
        join = JoinTill(merchant=merchant, ids=ids, now_ms=clock.now_ms())

        def join_one(session: Session, number: int) -> StormTill:
            key = TillKey(ids.random_bytes(PRIVATE_KEY_LENGTH))
            code = make_code(
                session,
                merchant.merchant,
                shop_name=f"Shop {number // TILLS_A_SHOP}",
                expires_ms=clock.now_ms() + _HOUR_MS,
                ids=ids,
            )
            request = JoinRequest(
                proto=PROTOCOL_NEWEST,
                stream=StreamId(ids.next_id()),
                join_nonce=ids.next_id(),
                public_key=key.public_text,
                currency=CURRENCY,
                now_ms=clock.now_ms(),
                code=code,
            )
            reply = join(session, request)
            return StormTill(
                merchant=reply.merchant,
                stream=request.stream,
                key=bytes.fromhex(key.text),
                token=reply.token,
                epoch=reply.epoch,
                cursor="",
                hash=first_hash(request.stream, request.join_nonce),
            )

        return transact(
            database, lambda session: [join_one(session, number) for number in range(count)]
        )


def at_the_end_of_the_feed(database_url: str, tills: Sequence[StormTill]) -> None:
    """Give tills the cursor of somebody who has heard everything up to now."""
    with closing(open_database(database_url)) as database, database.read() as session:
        merchant = read_merchant(database).merchant
        version, epoch = statements.current_version(session, merchant)
    for till in tills:
        till.cursor = str(Cursor(epoch, version + 1))


def enrollments(till: StormTill, members: Sequence[MemberId]) -> list[Body]:
    """Return the requests with which a till enrolls people."""
    ids = SystemIds(SystemClock())
    events = [
        MemberEnrolled(
            v=SCHEMA_VERSION,
            id=EventId(ids.next_id()),
            at_ms=SystemClock().now_ms() - _WEEK_MS,
            boot_ms=0,
            tz_minutes=0,
            program=PROGRAM.version,
            member=member,
            welcome=PROGRAM.welcome_points,
        )
        for member in members
    ]
    return _bodies(till, events, batch=BATCH_EVENTS_MAX)


def sales_of_all(
    tills: Sequence[StormTill], members: Sequence[MemberId], *, sales: int, batch: int
) -> list[list[Body]]:
    """Return the requests of every till, made ahead of time on all processors."""
    share = -(-len(tills) // _PREPARERS)
    parts = [tills[at : at + share] for at in range(0, len(tills), share)]
    context = get_context("spawn")
    with ProcessPoolExecutor(_PREPARERS, mp_context=context) as pool:
        made = [pool.submit(_sales_of, part, members, sales, batch) for part in parts]
        return [bodies for part in made for bodies in part.result()]


def _sales_of(
    tills: Sequence[StormTill], members: Sequence[MemberId], sales: int, batch: int
) -> list[list[Body]]:
    ids, now_ms = SystemIds(SystemClock()), SystemClock().now_ms()
    made: list[list[Body]] = []
    for till in tills:
        chance = random.Random(till.stream)
        till.regulars = chance.sample(members, min(_REGULARS, len(members)))
        events = [
            _sale(ids, chance, till, members, now_ms - _WEEK_MS + place * _WEEK_MS // sales)
            for place in range(sales)
        ]
        made.append(_bodies(till, events, batch=batch))
    return made


def _sale(
    ids: SystemIds,
    chance: random.Random,
    till: StormTill,
    members: Sequence[MemberId],
    at_ms: int,
) -> SaleRecorded:
    """Return an amount-only sale with the points that the program gives."""
    among = till.regulars if chance.random() < _REGULAR_SHARE else members
    total, tier = chance.choice(TOTALS), PROGRAM.tiers[0].id
    facts = SaleFacts(total=total, tier=tier, at_ms=at_ms, offset_minutes=0)
    return SaleRecorded(
        v=SCHEMA_VERSION,
        id=EventId(ids.next_id()),
        at_ms=at_ms,
        boot_ms=at_ms & 0xFFFF_FFFF,
        tz_minutes=0,
        program=PROGRAM.version,
        sale=Basket(total=total, currency=CURRENCY),
        member=chance.choice(among),
        found_by="card",
        tier=tier,
        earned=earn(PROGRAM, facts).points,
    )


def _bodies(till: StormTill, events: Sequence[Event], *, batch: int) -> list[Body]:
    """Chain events onto a journal and sign them, request by request."""
    key = TillKey(till.key)
    made: list[Body] = []
    for first in range(0, len(events), batch):
        datas = [encode_event(event) for event in events[first : first + batch]]
        is_last = first + batch >= len(events)
        made.append(_body(till, key, datas, rows=ROWS_DEFAULT if is_last else ROWS_WHILE_SENDING))
    return made


def _body(till: StormTill, key: TillKey, datas: Sequence[bytes], *, rows: int) -> Body:
    before, first = till.hash, till.seq + 1
    for data in datas:
        till.hash = chain_hash(till.hash, data)
    till.seq += len(datas)
    request = SyncRequest(
        req=f"{till.seq:012x}",
        proto=PROTOCOL_NEWEST,
        stream=till.stream,
        from_seq=first,
        prev_hash=before.hex(),
        top=till.seq,
        epoch=till.epoch,
        now_ms=time.time_ns() // 1_000_000,
        token=till.token,
        events=tuple(msgspec.Raw(data) for data in datas),
        sig=key.sign(
            batch_text(
                merchant=till.merchant,
                stream=till.stream,
                last_seq=till.seq,
                last_hash=till.hash,
            )
        ),
        cursor=till.cursor,
        want_rows=rows,
    )
    data = pack(request)
    return Body(data, key.sign(request_text(EXCHANGE_PATH, data)), len(datas), till.seq)
