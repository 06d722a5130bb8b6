"""Real tills that have joined a real server: they enroll, sell, sync and build their requests."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pos_loyalty.bench.acknowledgement import acknowledgement
from pos_loyalty.bench.figure import Progress
from pos_loyalty.bench.server_process import RunningServer
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.join_server import JoinServer, JoinServerHandler
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey, request_text
from pos_loyalty.sync.exchange import Exchange
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.till import Till, open_till
from pos_loyalty.wire.codec import pack
from pos_loyalty.wire.messages import BATCH_EVENTS_MAX

TOTALS: Final = range(150, 9_000)
_SYNC_MS: Final = 120_000


@dataclass(frozen=True)
class Body:
    """A request as it goes over the line, with its signature."""

    data: bytes
    signature: str
    events: int
    last_seq: int


def join(folder: Path, server: RunningServer, *, url: str = "") -> Till:
    """Open a new till and let it join; ``url`` where it does not reach the server directly."""
    till = open_till(folder, keys=FileKeys(folder.with_name("keys")))
    JoinServerHandler(till.context, till.sync)(JoinServer(url or server.url, server.till_code()))
    till.sync.stop()
    return till


def enroll(till: Till, count: int, progress: Progress) -> list[MemberId]:
    """Enroll people at a till, one by one."""
    people: list[MemberId] = []
    for number in range(count):
        people.append(till.enroll_member(EnrollMember(name=f"Member {number}")).member.id)
        progress("members", number + 1, count)
    return people


def sync(till: Till) -> None:
    """Exchange until nothing waits on either side; the engine ends with it."""
    outcome = till.sync.sync_now(timeout_ms=_SYNC_MS)
    till.sync.stop()
    assert outcome.trouble is None, outcome
    assert outcome.pending == 0, outcome


def sell(till: Till, people: Sequence[MemberId], count: int, progress: Progress) -> None:
    """Record sales that have only an amount."""
    chance = random.Random(till.shop.till_name)
    for number in range(count):
        sell_one(till, people, chance)
        progress(till.shop.till_name, number + 1, count)


def sell_one(till: Till, people: Sequence[MemberId], chance: random.Random) -> None:
    """Record one sale that has only an amount."""
    till.record_sale(RecordSale(chance.choice(TOTALS), chance.choice(people), found_by="card"))


def bodies(till: Till) -> list[Body]:
    """Build all requests of a till's journal ahead of time, as its own exchange builds them."""
    context = till.context
    state = SyncState(context.store, context.clock, context.ids)
    joining = Joining(context.store, context.clock, context.ids)
    key = TillKey.from_text(joining.private_key())
    exchange = Exchange(storage=state, signer=key, clock=context.clock, ids=context.ids)
    built: list[Body] = []
    position = state.position()
    for _ in range(position.acked_seq, position.last_seq, BATCH_EVENTS_MAX):
        request = exchange.next_request()
        data = pack(request)
        count = len(request.events)
        signature = key.sign(request_text(EXCHANGE_PATH, data))
        built.append(Body(data, signature, count, request.from_seq - 1 + count))
        exchange.take(acknowledgement(request, state))
    assert built[-1].last_seq == position.last_seq
    return built
