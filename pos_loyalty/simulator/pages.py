"""I4 at every page: a till's balance is always one the server had, plus its own events.

An acknowledgement that runs ahead of its rows, or rows that run ahead of it, makes
the balance on the screen flicker; at the end everything is right again, so this
must be watched on the way.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.database import statements
from pos_loyalty.server.reading import Batch
from pos_loyalty.simulator.oracle import Oracle, Violation, read_fact
from pos_loyalty.simulator.server_side import SimulatedServer
from pos_loyalty.simulator.till_side import SimulatedTill


def _points() -> dict[tuple[str, str], int]:
    return defaultdict(int)


def _seen() -> dict[tuple[str, str], set[int]]:
    return defaultdict(lambda: {0})


@dataclass
class PageWatch:
    """Remembers what every stream could have heard of every member's other events."""

    oracle: Oracle
    server: SimulatedServer
    ingested: dict[str, int] = field(default_factory=dict[str, int])
    part: dict[tuple[str, str], int] = field(default_factory=_points)
    """Points of a member in the ingested events of a stream."""
    others: dict[tuple[str, str], set[int]] = field(default_factory=_seen)
    """Every sum that the other events of a member ever had, as seen from a stream."""

    def written(self, batches: Sequence[Batch]) -> None:
        """Take note of a group of requests that is in the books now."""
        key = self.server.merchant.merchant
        touched: set[MemberId] = set()
        with self.server.database.read() as session:
            streams = statements.load_streams(session, key, [batch.stream for batch in batches])
            for batch in batches:
                touched |= self._count(batch, streams[batch.stream].last)
            members = statements.load_members(session, key, touched)
        for member in sorted(members):
            for disk in self.oracle.disks.values():
                place = (disk.stream, member)
                self.others[place].add(members[member].balance - self.part[place])

    def _count(self, batch: Batch, last: int) -> set[MemberId]:
        touched: set[MemberId] = set()
        before = self.ingested.get(batch.stream, 0)
        for incoming in batch.incoming:
            if not before < incoming.seq <= last or incoming.reading.event is None:
                continue
            fact, _ = read_fact(incoming.data)
            for member, change in fact.by_member.items():
                self.part[batch.stream, member] += change
                touched.add(MemberId(member))
            if fact.member is None and fact.card is not None:
                touched.update(MemberId(member) for member in self.oracle.members)
        self.ingested[batch.stream] = max(before, last)
        return touched

    def ensure_whole(self, till: SimulatedTill) -> None:
        """Check every balance that a till would show now."""
        stream = till.stream
        with till.till.context.store.read() as read:
            for member in self.oracle.members:
                record = read.members.record(MemberId(member))
                if record is None:
                    continue
                others = record.balance_points - self.oracle.own_points[stream, member]
                if others not in self.others[stream, member]:
                    raise Violation(
                        f"I4 {till.name} shows {record.balance_points} points of {member}:"
                        " no page of the server says so"
                    )
