"""Short ways to make domain objects: a test sets only what it is about."""

from collections.abc import Sequence

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.event import Basket, MemberEnrolled, SaleRecorded, SaleReversed
from pos_loyalty.domain.ids import EventId, MemberId, ProgramVersion, TierId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken

WEDNESDAY_MS = 1_763_550_000_000
"""19 November 2025, 11:00 UTC."""
DAY_MS = 24 * 60 * 60 * 1000
TUESDAY_MS = WEDNESDAY_MS - DAY_MS
AYSE = MemberId("a" * 32)
OMAR = MemberId("b" * 32)
STANDARD: LoyaltyProgram = default_program("EUR")


def event_id(number: int) -> EventId:
    """Return a readable id: 32 hex digits that end in the number."""
    return EventId(f"{number:032x}")


def sale(
    number: int = 1,
    *,
    member: MemberId | None = AYSE,
    total: int = 2100,
    earned: int = 21,
    rewards: Sequence[RewardTaken] = (),
    rights_used: int = 0,
    risk_used: int = 0,
    at_ms: int = WEDNESDAY_MS,
) -> SaleRecorded:
    """Return a sale's event."""
    return SaleRecorded(
        v=1,
        id=event_id(number),
        at_ms=at_ms,
        boot_ms=5,
        tz_minutes=60,
        program=STANDARD.version,
        sale=Basket(total=total, currency="EUR"),
        member=member,
        found_by="card" if member else "",
        tier=TierId("bronze" if member else ""),
        earned=earned,
        rewards=tuple(rewards),
        redeemed=sum(reward.points for reward in rewards),
        rights_used=rights_used,
        risk_used=risk_used,
    )


def reversal(of: SaleRecorded, *, seq: int = 1, rights_used: int = 0) -> SaleReversed:
    """Return the event that undoes a sale."""
    return SaleReversed(
        v=1,
        id=EventId("f" + of.id[1:]),
        at_ms=of.at_ms + 1000,
        boot_ms=6,
        tz_minutes=60,
        program=of.program,
        sale_id=of.id,
        sale_seq=seq,
        member=of.member,
        card_key=of.card_key,
        earned_taken=of.earned,
        redeemed_returned=of.redeemed,
        rights_returned=of.rights_used,
        rights_used=rights_used,
    )


def enrollment(number: int = 100, *, member: MemberId = AYSE, welcome: int = 50) -> MemberEnrolled:
    """Return the event that makes a member."""
    return MemberEnrolled(
        v=1,
        id=event_id(number),
        at_ms=WEDNESDAY_MS,
        boot_ms=1,
        tz_minutes=60,
        program=ProgramVersion(STANDARD.version),
        member=member,
        welcome=welcome,
    )


def facts(
    total: int = 2100,
    *,
    tier: str = "bronze",
    at_ms: int = WEDNESDAY_MS,
    offset_minutes: int = 60,
    rewards: Sequence[RewardTaken] = (),
) -> SaleFacts:
    """Return what earning depends on."""
    return SaleFacts(
        total=total, tier=tier, at_ms=at_ms, offset_minutes=offset_minutes, rewards=rewards
    )
