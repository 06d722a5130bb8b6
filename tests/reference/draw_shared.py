"""Drawn programs and papers for what members and tills share: stock, vouchers, caps."""

import datetime as dt
from random import Random

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import ActivityRule, Approval, Caps
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import problems_of
from pos_loyalty.domain.reward import PointsForMoney, Reward
from tests.reference import draw_sale, money, rewards, stock
from tests.reference.account import Account
from tests.reference.draw_program import ProgramDrawer
from tests.reference.till_alone import ENROLLMENT

NAMES = ("", "ana", "Ana", "eva")
"""Second names: none, the cashier's own, however it is written, and another's."""
CASHIER = "ana"


def draw_program(random: Random, **changes: object) -> LoyaltyProgram:
    """Draw a program with rewards of which there are few, and with activities.

    Nothing ends and nothing waits, unless ``changes`` say so: lots have their own histories.
    """
    while True:
        program = _with_few(random, ProgramDrawer(random).program())
        program = msgspec.structs.replace(program, **changes)
        if isinstance(program.expiration.model, AfterEarning):
            program = _with_later_ends(random, program)
        if not problems_of(program):
            return program


def _with_few(random: Random, program: LoyaltyProgram) -> LoyaltyProgram:
    def stocked() -> int | None:
        return random.randint(1, 4) if random.random() < 0.5 else None

    return msgspec.structs.replace(
        program,
        pending_days=0,
        referral=None,
        expiration=ExpirationRules(),
        tiers=tuple(
            msgspec.structs.replace(tier, expires_later_months=0) for tier in program.tiers
        ),
        rewards=tuple(
            msgspec.structs.replace(
                reward, stock=msgspec.structs.replace(reward.stock, in_all=stocked())
            )
            for reward in program.rewards
        ),
        activities=(*program.activities, _activity(random), *_at_enrollment(random)),
    )


def _with_later_ends(random: Random, program: LoyaltyProgram) -> LoyaltyProgram:
    """The points of a tier end later than those of the one below it."""
    tiers = (
        msgspec.structs.replace(tier, expires_later_months=random.choice((0, rank, 2 * rank)))
        for rank, tier in enumerate(program.tiers)
    )
    return msgspec.structs.replace(program, tiers=tuple(tiers))


def _activity(random: Random) -> ActivityRule:
    """An activity whose caps are soon reached."""
    points = random.randint(1, 20)
    cap = random.choice(("day", "week", "month", "member"))
    return ActivityRule(
        id="review",
        name="Review",
        points=points,
        approval=random.choice((Approval.CASHIER, Approval.OWNER)),
        caps=Caps(**{cap: random.randint(1, 3 * points)}),
    )


def _at_enrollment(random: Random) -> tuple[ActivityRule, ...]:
    """Points that the product gives by itself when somebody enrolls."""
    if random.random() < 0.6:
        return ()
    caps = Caps(member=random.choice((None, 3, 30)))
    return (
        ActivityRule(
            id=ENROLLMENT,
            name="Enrollment",
            points=random.randint(1, 9),
            approval=Approval.AUTOMATIC,
            caps=caps,
        ),
    )


def draw_worth(random: Random) -> tuple[int, int]:
    """Draw what a voucher gives: minor units off, or points."""
    if random.random() < 0.6:
        return random.choice((1, 50, 333, 500, 2000, 9000)), 0
    return 0, random.randint(1, 60)


def draw_until(random: Random, at_ms: int, tz_minutes: int) -> dt.date:
    """Draw a last day: often today."""
    today = money.clock(at_ms, tz_minutes).date()
    return today + dt.timedelta(days=random.choice((0, 0, 1, 3, 30, 400)))


def draw_facts(
    random: Random,
    account: Account | None,
    program: LoyaltyProgram,
    *,
    at_ms: int,
    tz_minutes: int,
) -> SaleFacts:
    """Draw a basket worth something; a member's tier and counts are those of now."""
    lines = draw_sale.draw_discount_line(random, draw_sale.draw_lines(random))
    total, tax = sum(line.amount for line in lines), sum(line.tax for line in lines)
    if total < max(1, tax):
        total, lines = random.randint(1, 4000), ()
        tax = total * 7 // 107
    facts = SaleFacts(
        total=total,
        tier=program.tiers[account.standing.held if account else 0].id,
        at_ms=at_ms,
        offset_minutes=tz_minutes,
        tax=tax,
        lines=lines,
        payments=draw_sale.draw_payments(random, total),
    )
    if account is None:
        return facts
    known = account.known(shop="", at_ms=at_ms, tz_minutes=tz_minutes)
    return msgspec.structs.replace(facts, known=known)


def draw_rewards(random: Random, program: LoyaltyProgram) -> list[Reward]:
    """Draw up to three rewards, often one of which there are few."""
    few = stock.counted(program)
    if few and random.random() < 0.4:
        return [random.choice(few)]
    count = random.choice((0, 0, 1, 1, 2, 3))
    return random.sample(program.rewards, min(count, len(program.rewards)))


def draw_part(
    random: Random, program: LoyaltyProgram, reward: Reward, facts: SaleFacts
) -> int | None:
    """Draw how many points of points for money are to pay; None is one step."""
    if not isinstance(reward, PointsForMoney) or random.random() < 0.3:
        return None
    return random.randint(0, 4) * rewards.cost(program, reward, facts)
