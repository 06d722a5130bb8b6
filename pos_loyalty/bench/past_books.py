"""A server's books with a long past: folded by the server's own rule, without lines or signatures.

Half a million events come in a minute. What is kept of members is what real requests leave, so
verifying such books finds nothing.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from pos_loyalty.bench.figure import Progress
from pos_loyalty.bench.joined_tills import TOTALS
from pos_loyalty.bench.storm_tills import CURRENCY, PROGRAM, StormTill, join_tills
from pos_loyalty.domain.accrual import earned_points, facts_of
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    Basket,
    Event,
    MemberEnrolled,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    encode_event,
)
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server.group_write import GroupWriter
from pos_loyalty.server.reading import Batch, prepare
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.wire.messages import Status, SyncRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST

TILLS: Final = 10
_YEAR_MS: Final = 365 * 24 * 3_600_000
_AT_ONCE: Final = 480
"""Sales of a request; with what becomes of them it holds no more than it may."""
_PAYS_POINTS, _PAYS_OFF = 100, 50
"""One step of the starting program's first reward."""
_REFUND_EVERY, _REVERSAL_EVERY = 40, 100
_ELSEWHERE: Final = 0.05
"""So much of what a till sells is to people who usually go to another one."""


@dataclass
class PastClock:
    """The server's clock while its past is written: as late as the latest event."""

    at_ms: int

    def now_ms(self) -> int:
        """Return the moment that the past has reached."""
        return self.at_ms

    def monotonic_ms(self) -> int:
        """Return the same: nothing else moves."""
        return self.at_ms

    def offset_minutes(self, at_ms: int) -> int:
        """Return UTC's."""
        del at_ms
        return 0


@dataclass
class _Till:
    """A till's journal, who comes to it, and what they may spend there by what they earned."""

    journal: StormTill
    people: Sequence[MemberId]
    chance: random.Random
    ids: SystemIds
    rights: dict[MemberId, int] = field(default_factory=dict[MemberId, int])

    def enrollment(self, member: MemberId, at_ms: int) -> MemberEnrolled:
        """Return how a person became a member here."""
        return MemberEnrolled(**self._base(at_ms), member=member, welcome=PROGRAM.welcome_points)

    def sale(self, everybody: Sequence[MemberId], at_ms: int) -> SaleRecorded:
        """Return a sale; who earned enough here pays a part with points."""
        among = everybody if self.chance.random() < _ELSEWHERE else self.people
        member, total = self.chance.choice(among), self.chance.choice(TOTALS)
        tier = PROGRAM.tiers[0].id
        pays = self.rights.get(member, 0) >= _PAYS_POINTS
        reward = PROGRAM.rewards[0].id
        rewards = (RewardTaken(reward=reward, points=_PAYS_POINTS, discount=_PAYS_OFF),)
        plain = SaleRecorded(
            **self._base(at_ms),
            sale=Basket(total=total, currency=CURRENCY),
            member=member,
            found_by="card",
            tier=tier,
            rewards=rewards if pays else (),
            redeemed=_PAYS_POINTS if pays else 0,
            rights_used=_PAYS_POINTS if pays else 0,
        )
        sale = msgspec.structs.replace(plain, earned=earned_points(PROGRAM, facts_of(plain)))
        self.rights[member] = self.rights.get(member, 0) + sale.earned - sale.redeemed
        return sale

    def refund(self, sale: SaleRecorded) -> SaleRefunded:
        """Return how half of a sale comes back; the server computes the points."""
        amount = sale.sale.total // 2
        return SaleRefunded(
            **self._base(sale.at_ms), sale_id=sale.id, amount=amount, cash=amount, claim=True
        )

    def reversal(self, sale: SaleRecorded, seq: int) -> SaleReversed:
        """Return how a sale was undone at once."""
        assert sale.member is not None
        self.rights[sale.member] += sale.redeemed - sale.earned
        return SaleReversed(
            **self._base(sale.at_ms),
            sale_id=sale.id,
            sale_seq=seq,
            member=sale.member,
            earned_taken=sale.earned,
            redeemed_returned=sale.redeemed,
            rights_returned=sale.rights_used,
            rights_used=sale.earned,
        )

    def _base(self, at_ms: int) -> dict[str, Any]:
        return {
            "v": SCHEMA_VERSION,
            "id": EventId(self.ids.next_id()),
            "at_ms": at_ms,
            "boot_ms": 0,
            "tz_minutes": 0,
            "program": PROGRAM.version,
        }

    def batch(self, events: Sequence[Event]) -> Batch:
        """Return the next request of the journal, read as the server reads it."""
        journal = self.journal
        request = SyncRequest(
            req=f"{journal.seq:012x}",
            proto=PROTOCOL_NEWEST,
            stream=journal.stream,
            from_seq=journal.seq + 1,
            prev_hash=journal.hash.hex(),
            top=journal.seq + len(events),
            epoch=journal.epoch,
            now_ms=events[-1].at_ms,
            token=journal.token,
            events=tuple(msgspec.Raw(encode_event(event)) for event in events),
            cursor=journal.cursor,
        )
        batch = prepare(request, journal.hash)
        journal.seq, journal.hash = batch.incoming[-1].seq, batch.last_hash
        return batch


def write_past(
    database_url: str, *, members: int, sales: int, progress: Progress
) -> list[MemberId]:
    """Enroll people and sell to them for a year at ten tills; return who they are.

    Every fortieth sale comes back in part, every hundredth is undone, and who earned enough at a
    till pays there with points.
    """
    system = SystemClock()
    begin_ms = system.now_ms() - _YEAR_MS
    clock, ids = PastClock(begin_ms), SystemIds(system)
    people = [MemberId(ids.next_id()) for _ in range(members)]
    tills = [
        _Till(journal, people[number::TILLS], random.Random(number), ids)
        for number, journal in enumerate(join_tills(database_url, TILLS))
    ]
    events = 0
    with closing(open_database(database_url)) as database:
        writer = GroupWriter(database, read_merchant(database), clock=clock, ids=ids)
        for group in _past(tills, people, sales, begin_ms):
            clock.at_ms = max(each[-1].at_ms for _, each in group)
            outcomes = writer.write_group([till.batch(each) for till, each in group])
            assert all(outcome.status is Status.OK for outcome in outcomes)
            events += sum(len(each) for _, each in group)
            progress("past", events, members + sales)
    return people


_Group = list[tuple[_Till, Sequence[Event]]]


def _past(
    tills: Sequence[_Till], people: Sequence[MemberId], sales: int, begin_ms: int
) -> Iterator[_Group]:
    """Yield what the tills send together, in the order of time."""
    for first in range(0, len(tills[0].people), _AT_ONCE):
        joined: _Group = []
        for till in tills:
            till.rights.update(dict.fromkeys(till.people[first : first + _AT_ONCE], 0))
            part = [till.enrollment(one, begin_ms) for one in till.people[first : first + _AT_ONCE]]
            joined += [(till, part)] if part else []
        yield joined
    each_till = sales // len(tills)
    for first in range(0, each_till, _AT_ONCE):
        places = range(first, min(each_till, first + _AT_ONCE))
        moments = [begin_ms + place * _YEAR_MS // each_till for place in places]
        yield [(till, _sales(till, people, moments)) for till in tills]


def _sales(till: _Till, people: Sequence[MemberId], moments: Sequence[int]) -> list[Event]:
    """Return a till's sales at these moments, and what became of some of them."""
    events: list[Event] = []
    for number, at_ms in enumerate(moments, start=1):
        sale = till.sale(people, at_ms)
        events.append(sale)
        if number % _REVERSAL_EVERY == 0:
            events.append(till.reversal(sale, till.journal.seq + len(events)))
        elif number % _REFUND_EVERY == 0:
            events.append(till.refund(sale))
    return events
