"""Books with a program that has rules, and what tills that keep to them record."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import msgspec

from pos_loyalty.domain.accrual import earn, facts_of
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Basket,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.refund import RefundRequest, Returned, nothing_returned, refund_effect
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.setup import open_database
from pos_loyalty.server.system import SystemClock
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.contract.running_server import RunningServer, make_books
from tests.contract.simple_till import PROGRAM, SimpleTill, new_id

CLOCK = SystemClock()
DAY_MS = 24 * 60 * 60 * 1000
NOW_MS = CLOCK.now_ms()
_ENOUGH = 10**9


def publish(database_url: str, **changes: object) -> LoyaltyProgram:
    """Publish the starting program with other rules, from now on."""
    draft = msgspec.structs.replace(PROGRAM, weekday_multipliers=(), **changes)
    with closing(open_database(database_url)) as database:
        return publish_program(database, draft, from_ms=None, clock=CLOCK).program


def ruled_books(database_url: str, **changes: object) -> LoyaltyProgram:
    """Make books whose program has other rules."""
    make_books(database_url)
    return publish(database_url, **changes)


def new_till(server: RunningServer) -> SimpleTill:
    """Return a till of the newest protocol."""
    till = server.joined_till()
    till.proto = PROTOCOL_NEWEST
    return till


def at(moment_ms: int) -> str:
    """Write a moment for the owner's command."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat()


def dues(server: RunningServer, moment_ms: int) -> dict[str, int]:
    """Do what is due at a moment, by the owner's command."""
    done: dict[str, int] = server.owner("dues", "--at", at(moment_ms))
    return done


def base(program: LoyaltyProgram, at_ms: int = 0) -> dict[str, Any]:
    return {
        "v": 1,
        "id": EventId(new_id()),
        "at_ms": at_ms or CLOCK.now_ms(),
        "boot_ms": 1,
        "tz_minutes": 0,
        "program": program.version,
        "cashier": "ana",
    }


def sell(
    program: LoyaltyProgram,
    member: MemberId | None,
    total: int,
    *,
    rewards: tuple[RewardTaken, ...] = (),
    at_ms: int = 0,
    **fields: object,
) -> SaleRecorded:
    """Build a sale as an honest till does by these rules; by default it is now."""
    redeemed = sum(reward.points for reward in rewards)
    plain = SaleRecorded(
        **base(program, at_ms),
        sale=Basket(total=total, currency="EUR"),
        member=member,
        rewards=rewards,
        redeemed=redeemed,
        rights_used=redeemed,
    )
    plain = msgspec.structs.replace(plain, **fields)
    pending_ms = plain.at_ms + program.pending_days * DAY_MS if program.pending_days else 0
    accrual = earn(program, facts_of(plain))
    return msgspec.structs.replace(
        plain,
        earned=accrual.points if member or plain.card_key else 0,
        stamps=accrual.stamps,
        pending_until_ms=pending_ms,
    )


def refund(
    program: LoyaltyProgram, of: SaleRecorded, amount: int, before: Returned | None = None
) -> tuple[SaleRefunded, Returned]:
    """Build a refund as the till does that knows the sale; returns what came back so far, too."""
    effect = refund_effect(
        program,
        of,
        before or nothing_returned(of),
        RefundRequest(amount=amount),
        balance=_ENOUGH,
    )
    event = SaleRefunded(
        **base(program),
        sale_id=of.id,
        member=of.member,
        card_key=of.card_key,
        amount=amount,
        earned_taken=effect.earned_taken,
        redeemed_returned=effect.redeemed_returned,
        rights_returned=min(of.rights_used, effect.redeemed_returned),
        cash=effect.cash,
        stamps_taken=effect.stamps_taken,
    )
    return event, effect.after


def claim(program: LoyaltyProgram, sale_id: str, amount: int) -> SaleRefunded:
    """Build a refund of a sale that the till does not know."""
    fields = base(program)
    return SaleRefunded(**fields, sale_id=EventId(sale_id), amount=amount, cash=amount, claim=True)


def move(
    program: LoyaltyProgram, of: SaleRecorded, seq: int, to: MemberId, given: int | None = None
) -> SaleMoved:
    return SaleMoved(
        **base(program),
        sale_id=of.id,
        sale_seq=seq,
        from_member=of.member,
        to_member=to,
        earned_taken=of.earned,
        earned_given=of.earned if given is None else given,
        stamps=of.stamps,
        approved_by="eva",
    )


def activity(program: LoyaltyProgram, member: MemberId, name: str, points: int) -> ActivityRecorded:
    return ActivityRecorded(**base(program), member=member, activity=name, points=points)


def adjustment(program: LoyaltyProgram, member: MemberId, points: int) -> PointsAdjusted:
    fields = base(program)
    return PointsAdjusted(
        **fields, member=member, points=points, reason="a slip", approved_by="eva"
    )


def voucher(
    program: LoyaltyProgram, of: SaleRecorded, name: str, *, points: int = 0, discount: int = 0
) -> VoucherClaimed:
    return VoucherClaimed(
        **base(program),
        voucher=name,
        sale_id=of.id,
        member=of.member,
        points=points,
        discount=discount,
    )
