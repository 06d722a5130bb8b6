"""What a sale would do to points: the same computation for the preview and for the record."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.accrual import Accrual, SaleFacts, TraceStep, earn
from pos_loyalty.domain.basket import check_basket
from pos_loyalty.domain.calendar import date_of
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.member_known import asks_of_member, known_for
from pos_loyalty.domain.money import check_amount
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import (
    RewardChoice,
    RewardHand,
    points_by_policy,
    reward_names,
    take_rewards,
)
from pos_loyalty.domain.reward import OfflinePolicy, RewardTaken
from pos_loyalty.domain.spend_rights import Cover, cover_redemption
from pos_loyalty.domain.trace import money_text
from pos_loyalty.domain.voucher import Voucher, voucher_reward
from pos_loyalty.services.claim_voucher import usable_voucher
from pos_loyalty.services.member_view import (
    FOUND_BY_NUMBER,
    Standing,
    ensure_active,
    standing_of,
)
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.unit_of_work import Repositories

_NO_COVER = Cover(rights_used=0, risk_used=0)
_NO_ACCRUAL = Accrual(points=0, trace=())


class SaleInHand(msgspec.Struct, frozen=True):
    """A sale that is being rung up; ``total`` in minor units, before rewards.

    ``tax`` is what of it is tax; None where the lines say it, or nobody does.

    Without ``with_allowance`` only rights pay, as long as the server may give some.
    ``server_answered`` says that the server was in contact for this very sale, or need not be
    yet, as for a preview. ``voucher`` is the letters of one, or empty.
    """

    member_id: MemberId | None
    card_key: CardKey | None
    total: int
    rewards: Sequence[RewardChoice]
    found_by: str
    with_allowance: bool = True
    lines: tuple[SaleLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    tax: int | None = None
    voucher: str = ""
    server_answered: bool = True


class PricedSale(msgspec.Struct, frozen=True):
    """What the sale does: points, discount, cover and the words for it."""

    program: LoyaltyProgram
    standing: Standing | None
    tier_id: str
    taken: tuple[RewardTaken, ...]
    redeemed: int
    discount: int
    cover: Cover
    accrual: Accrual
    trace: tuple[TraceStep, ...]
    facts: SaleFacts
    voucher: Voucher | None = None


def price_sale(
    context: TillContext, work: Repositories, sale: SaleInHand, *, at_ms: int, tz_minutes: int
) -> PricedSale:
    """Compute a sale with what this till knows now, or refuse it.

    Raises:
        RuleViolation: amount, member or rewards that cannot be.
    """
    currency = context.identity.currency
    check_amount(sale.total, currency)
    tax = check_basket(
        total=sale.total,
        currency=currency,
        tax=sale.tax,
        lines=sale.lines,
        payments=sale.payments,
    )
    program = context.program(at_ms)
    standing = _standing(context, work, sale.member_id)
    collects = standing is not None or sale.card_key is not None
    tier_id = program.tiers[0].id if standing is None else standing.tier.id
    facts = SaleFacts(
        total=sale.total,
        tier=tier_id,
        at_ms=at_ms,
        offset_minutes=tz_minutes,
        tax=tax,
        lines=sale.lines,
        payments=sale.payments,
        known=facts_known(context, program, standing, at_ms=at_ms, tz_minutes=tz_minutes)
        if collects
        else NO_FACTS,
    )
    taken = _taken(program, sale, standing, facts)
    voucher = None
    if sale.voucher:
        voucher = usable_voucher(context, work, sale.voucher, at_ms=at_ms, tz_minutes=tz_minutes)
        taken = (*taken, _voucher_taken(voucher, sale, taken))
    if taken:
        facts = msgspec.structs.replace(facts, rewards=taken)
    cover = _cover(context, program, standing, taken, sale)
    accrual = earn(program, facts) if collects else _NO_ACCRUAL
    return PricedSale(
        program=program,
        standing=standing,
        tier_id=tier_id if collects else "",
        taken=taken,
        redeemed=sum(reward.points for reward in taken),
        discount=sum(reward.discount for reward in taken),
        cover=cover,
        accrual=accrual,
        trace=redemption_trace(program, taken) + accrual.trace,
        facts=facts,
        voucher=voucher,
    )


def facts_known(
    context: TillContext,
    program: LoyaltyProgram,
    standing: Standing | None,
    *,
    at_ms: int,
    tz_minutes: int,
) -> MemberFacts:
    """Return what the program asks of the member; a card without one has no tally."""
    if not asks_of_member(program):
        return NO_FACTS
    shop = context.identity.shop_name
    if standing is None:
        return known_for(
            program,
            sheet_tally=None,
            segments=(),
            birthday="",
            last_visit_ms=0,
            shop=shop,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
        )
    return standing.now.facts(program, shop=shop, at_ms=at_ms, tz_minutes=tz_minutes)


def redemption_trace(
    program: LoyaltyProgram, taken: Sequence[RewardTaken]
) -> tuple[TraceStep, ...]:
    """Return one step of explanation for each reward on a sale."""
    return tuple(
        TraceStep(
            rule=f"reward {reward.reward}",
            text=_reward_words(program, reward),
            points=-reward.points,
            change=-reward.points,
        )
        for reward in taken
    )


def _reward_words(program: LoyaltyProgram, taken: RewardTaken) -> str:
    """Say what a reward took: "Free coffee: 10 stamps", "Third one free: EUR 2.00 off"."""
    name = reward_names(program, (taken,))
    effects = [f"{money_text(taken.discount, program.currency)} off"] if taken.discount else []
    if taken.stamps:
        effects.append(f"{taken.stamps} stamps")
    return f"{name}: {', '.join(effects)}" if effects else name


def _standing(
    context: TillContext, work: Repositories, member_id: MemberId | None
) -> Standing | None:
    if member_id is None:
        return None
    record = work.members.record(member_id)
    if record is None:
        raise RuleViolation(Code.MEMBER_UNKNOWN)
    ensure_active(record)
    return standing_of(context, work, record)


def _taken(
    program: LoyaltyProgram, sale: SaleInHand, standing: Standing | None, facts: SaleFacts
) -> tuple[RewardTaken, ...]:
    if not sale.rewards:
        return ()
    if standing is None:
        raise RuleViolation(Code.REWARD_NO_MEMBER)
    if sale.found_by == FOUND_BY_NUMBER:
        raise RuleViolation(Code.NUMBER_EARNS_ONLY)
    hand = RewardHand(
        facts=facts,
        tally=standing.now.sheet.tally,
        balance_points=standing.record.balance_points,
        left_here=standing.left_here,
    )
    return take_rewards(program, total=sale.total, choices=sale.rewards, hand=hand)


def _voucher_taken(voucher: Voucher, sale: SaleInHand, taken: Sequence[RewardTaken]) -> RewardTaken:
    """Put a voucher on a sale after its rewards: at most what is left to pay."""
    left = sale.total - sum(reward.discount for reward in taken)
    if voucher.points and sale.member_id is None:
        raise RuleViolation(Code.VOUCHER_NO_MEMBER)
    if voucher.amount and not left:
        raise RuleViolation(Code.REWARD_TOO_LARGE)
    return RewardTaken(
        reward=voucher_reward(voucher.id), points=0, discount=min(voucher.amount, left)
    )


def _cover(
    context: TillContext,
    program: LoyaltyProgram,
    standing: Standing | None,
    taken: Sequence[RewardTaken],
    sale: SaleInHand,
) -> Cover:
    if standing is None or not taken:
        return _NO_COVER
    points, limits = sum(reward.points for reward in taken), standing.limits
    by_policy, names = points_by_policy(program, taken), reward_names(program, taken)
    never, alone = by_policy.get(OfflinePolicy.NEVER), not context.identity.joined
    if never is not None and not alone and not sale.server_answered:
        raise RuleViolation(Code.REWARD_ASKS_SERVER, reward=names, cost_points=never)
    without_limit = by_policy.get(OfflinePolicy.ALWAYS, 0)
    if limits.is_ended and without_limit < points <= standing.record.balance_points:
        raise RuleViolation(Code.RIGHTS_ENDED, days=limits.silent_days, cost_points=points)
    if standing.usable_points < points <= standing.record.balance_points:
        raise _waiting(context, standing)
    return cover_redemption(
        points=points,
        rights=standing.record.rights,
        allowance=limits.allowance_points if sale.with_allowance else 0,
        balance=standing.record.balance_points,
        alone=alone,
        reward=names,
        by_rights_alone=(never or 0) + by_policy.get(OfflinePolicy.RIGHTS, 0),
        without_limit=without_limit,
    )


def _waiting(context: TillContext, standing: Standing) -> RuleViolation:
    """Say which points of the balance cannot be used, and when they can."""
    now = standing.now
    if now.ended_points:
        return RuleViolation(Code.POINTS_ENDED, ended_points=now.ended_points)
    until_ms = now.sheet.pending_until_ms
    day = date_of(until_ms, context.clock.offset_minutes(until_ms))
    return RuleViolation(Code.POINTS_PENDING, pending_points=now.sheet.pending, day=day.isoformat())
