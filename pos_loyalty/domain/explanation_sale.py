"""Why a sale earned its points, what its rewards cost, and what undoing it took back."""

import msgspec

from pos_loyalty.domain.accrual import TraceStep, earn, facts_of
from pos_loyalty.domain.event import SaleRecorded, SaleReversed
from pos_loyalty.domain.explanation_story import (
    ExplainedLine,
    Past,
    Story,
    local_time,
    stamps_text,
    step,
)
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import FreeItem, Reward, RewardTaken
from pos_loyalty.domain.trace import money_text, points_text
from pos_loyalty.domain.voucher import voucher_of

_NO_CARD = "Sale without a card: nobody collects."
_CARD_LATER = "Sale without a card, which was added later."


def sale_story(
    sale: SaleRecorded, program: LoyaltyProgram | None, *, card_came_later: bool = False
) -> Story:
    """Explain a sale: its rewards, what it earned by which rule on which line, how it was paid."""
    total = money_text(sale.sale.total, sale.sale.currency)
    if sale.member is None and sale.card_key is None:
        return Story(what=f"{_CARD_LATER if card_came_later else _NO_CARD} {total}.")
    if program is None:
        return Story(
            what=f"Sale of {total}: {points_text(sale.earned)} by rules that are not known here.",
            stored=sale.earned,
        )
    accrual = earn(program, facts_of(sale))
    agrees = (accrual.points, accrual.stamps) == (sale.earned, sale.stamps)
    return Story(
        what=f"Sale of {total}: {points_text(sale.earned)} earned{_redeemed_words(sale)}.",
        steps=(
            *(_reward_step(program, sale, taken) for taken in sale.rewards),
            *_cover_steps(sale),
            *accrual.trace,
            *_later_steps(sale),
        ),
        lines=_lines(sale, accrual.lines),
        stamps=sale.stamps,
        stored=sale.earned,
        computed=accrual.points,
        agrees=agrees,
    )


def reversal_story(event: SaleReversed, past: Past) -> Story:
    """Explain the undoing of a sale by the sale."""
    sale = past.event(event.sale_id)
    if not isinstance(sale, SaleRecorded):
        return Story(what=f"Sale {event.sale_id} was undone.", stored=-event.earned_taken)
    of_sale = sale_story(sale, past.program(sale.program))
    total = money_text(sale.sale.total, sale.sale.currency)
    steps = [
        step(
            "sale",
            f"{points_text(sale.earned)} of the sale taken back",
            -sale.earned,
            change=-sale.earned,
        )
    ]
    if sale.redeemed:
        text = f"{points_text(sale.redeemed)} of its rewards given back"
        steps.append(step("rewards", text, sale.redeemed, change=sale.redeemed))
    steps.extend(
        step(f"stamps {given.card}", f"{stamps_text(given.count)} taken back", 0)
        for given in sale.stamps
    )
    is_whole = (event.earned_taken, event.redeemed_returned) == (sale.earned, sale.redeemed)
    return Story(
        what=(
            f"Sale of {total} of {local_time(sale.at_ms, sale.tz_minutes)} undone as a whole:"
            f" {points_text(event.earned_taken)} taken back."
        ),
        steps=(*(_of_before(each) for each in of_sale.steps), *steps),
        lines=of_sale.lines,
        stored=-event.earned_taken,
        computed=-sale.earned,
        agrees=is_whole,
    )


def _of_before(earlier: TraceStep) -> TraceStep:
    """Return a step of the sale as its undoing tells it: it gave nothing again."""
    return msgspec.structs.replace(earlier, change=0)


def _redeemed_words(sale: SaleRecorded) -> str:
    return f", {points_text(sale.redeemed)} used" if sale.redeemed else ""


def _reward_step(program: LoyaltyProgram, sale: SaleRecorded, taken: RewardTaken) -> TraceStep:
    """Say what a reward took off and what it cost, and why it cost that."""
    off = money_text(taken.discount, sale.sale.currency)
    if voucher_of(taken.reward):
        return step("voucher", f"Voucher: {off} off", 0)
    reward = program.reward(taken.reward)
    name = taken.reward if reward is None else reward.name
    gives = f"{off} off" if taken.discount else taken.item or _item(reward)
    cost = f"for {points_text(taken.points)}" if taken.points else "free"
    if taken.stamps:
        card = "" if reward is None else f" of the card {reward.stamp_card}"
        cost = f"for {stamps_text(taken.stamps)}{card}"
    words = f"{name}: {gives}, {cost}" if gives else f"{name}, {cost}"
    why = "" if reward is None else _why_this_cost(program, reward, sale, taken)
    return step(f"reward {taken.reward}", words + why, -taken.points, change=-taken.points)


def _item(reward: Reward | None) -> str:
    return reward.item if isinstance(reward, FreeItem) else ""


def _why_this_cost(
    program: LoyaltyProgram, reward: Reward, sale: SaleRecorded, taken: RewardTaken
) -> str:
    """Say which price it was where it is not the usual one."""
    if taken.stamps or taken.points == reward.cost_points:
        return ""
    for offer in program.offers:
        match offer:
            case PriceOffer(reward=reward.id, cost_points=taken.points):
                return f" (offer {offer.name}, else {reward.cost_points})"
            case _:
                continue
    if reward.cost_by_tier.get(sale.tier) == taken.points:
        return f" (price of the tier {tier_name(program, sale.tier)}, else {reward.cost_points})"
    return ""


def tier_name(program: LoyaltyProgram | None, tier_id: str) -> str:
    """Return a tier's name, or its id where this version does not have it."""
    tiers = () if program is None else program.tiers
    return next((tier.name for tier in tiers if tier.id == tier_id), tier_id)


def _cover_steps(sale: SaleRecorded) -> list[TraceStep]:
    if not sale.redeemed:
        return []
    parts: list[str] = []
    if sale.rights_used:
        parts.append(f"{sale.rights_used} from spend rights of the till")
    if sale.risk_used:
        parts.append(f"{sale.risk_used} from the owner's allowance")
    rest = sale.redeemed - sale.rights_used - sale.risk_used
    if rest:
        parts.append(f"{rest} from the balance of a till that works alone")
    return [step("cover", f"{points_text(sale.redeemed)} used: {', '.join(parts)}", -sale.redeemed)]


def _later_steps(sale: SaleRecorded) -> list[TraceStep]:
    """Say what the rules hold back."""
    if not sale.pending_until_ms:
        return []
    when = local_time(sale.pending_until_ms, sale.tz_minutes)
    waiting = points_text(sale.earned)
    return [step("pending", f"{waiting} can be used from {when}", sale.earned)]


def _lines(sale: SaleRecorded, points: tuple[int, ...]) -> tuple[ExplainedLine, ...]:
    # Lines that do not add up to the sale are set aside by the rules: nothing is said of them.
    if len(points) != len(sale.sale.lines):
        return ()
    return tuple(
        ExplainedLine(
            line=number,
            line_index=number - 1,
            amount=line.amount,
            points=given,
            sku=line.sku,
            category=line.category,
            quantity=line.quantity,
        )
        for number, (line, given) in enumerate(zip(sale.sale.lines, points, strict=True), start=1)
    )
