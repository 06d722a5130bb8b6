"""What this till did lately: its last sales, and today's counts."""

from dataclasses import dataclass

from pos_loyalty.domain.event import (
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    decode_event,
)
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.domain.redemption import reward_names
from pos_loyalty.domain.rounding import MINUTES_PER_DAY, MS_PER_MINUTE, local_day
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.journal import StoredEvent
from pos_loyalty.store.unit_of_work import Repositories


@dataclass(frozen=True)
class ReadLastSales:
    """How many of the newest sales to show."""

    limit: int = 20


@dataclass(frozen=True)
class LastSale:
    """A sale of this till; points are integers, ``total`` minor units before rewards.

    ``member_name`` is who has its points now; ``refunded`` is what came back of ``total``.
    """

    sale_id: SaleId
    at_ms: int
    member_name: str
    total: int
    earned_points: int
    redeemed_points: int
    reward_names: str
    unsent: bool
    undone: bool
    refunded: int = 0


class ReadLastSalesHandler:
    """Reads the newest sales, newest first."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: ReadLastSales) -> tuple[LastSale, ...]:
        """Return the sales of this till."""
        with self._context.store.read() as work:
            return tuple(
                self._sale(work, stored) for stored in work.journal.newest("sale", command.limit)
            )

    def _sale(self, work: Repositories, stored: StoredEvent) -> LastSale:
        event = decode_event(stored.data)
        assert isinstance(event, SaleRecorded)
        changes = work.journal.index.referring_to(event.id)
        moved = [change.to_member for change in changes if isinstance(change, SaleMoved)]
        member = moved[-1] if moved else event.member
        record = None if member is None else work.members.record(member)
        stream = work.journal.stream()
        program = self._context.program_version(event.program) or self._context.program()
        return LastSale(
            sale_id=SaleId(event.id),
            at_ms=event.at_ms,
            member_name="" if record is None else record.name,
            total=event.sale.total,
            earned_points=event.earned,
            redeemed_points=event.redeemed,
            reward_names=reward_names(program, event.rewards),
            unsent=stored.stream_no == stream.stream_no and stored.seq > stream.acked_seq,
            undone=work.journal.is_reversed(stored.id) is not None,
            refunded=sum(change.amount for change in changes if isinstance(change, SaleRefunded)),
        )


@dataclass(frozen=True)
class ReadDayCounts:
    """Ask for today, on the shop's wall clock."""


@dataclass(frozen=True)
class DayCounts:
    """Today's counts on this till; sales that were undone do not count."""

    sales: int
    new_members: int
    rewards: int


class ReadDayCountsHandler:
    """Counts today's events."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: ReadDayCounts) -> DayCounts:
        """Return today's counts."""
        del command
        clock = self._context.clock
        now_ms = clock.now_ms()
        offset = clock.offset_minutes(now_ms)
        midnight_ms = (local_day(now_ms, offset) * MINUTES_PER_DAY - offset) * MS_PER_MINUTE
        with self._context.store.read() as work:
            return DayCounts(
                sales=work.journal.count_since("sale", midnight_ms),
                new_members=work.journal.count_since("enrollment", midnight_ms),
                rewards=work.journal.rewards_since(midnight_ms),
            )
