"""Can every reward be had, does it cost something, and does every offer offer something?"""

from pos_loyalty.domain.did_you_mean import did_you_mean
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, PriceOffer
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram
from pos_loyalty.domain.program_check_conditions import check_conditions, check_tier_names
from pos_loyalty.domain.program_check_earning import check_multiplier
from pos_loyalty.domain.program_fault import Findings, ProgramFault
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    OfflinePolicy,
    PercentOff,
    PointsForMoney,
    Reward,
    RewardBase,
)

_FREE = "a reward costs points: write cost_points = 100, or what it costs"
_UNBOUNDED = 'only a reward that costs no points is given "always"; "allowance" has a bound'


def check_rewards(findings: Findings, program: LoyaltyProgram) -> None:
    """Note rewards that nobody can have, and rewards for nothing."""
    most = _most_points(program)
    for index, reward in enumerate(program.rewards):
        path = f"rewards[{index}]"
        check_conditions(findings, f"{path}.when", reward.when, program)
        _check_kind(findings, path, reward)
        _check_cost(findings, path, reward, program)
        _check_stock(findings, path, reward)
        _check_early(findings, path, reward, program)
        least = min([reward.cost_points, *reward.cost_by_tier.values()])
        if most is not None and not reward.stamp_card and least > most:
            findings.add(
                f"{path}.cost_points",
                ProgramFault.REWARD_UNREACHABLE,
                f"nobody ever gets more than {most} points",
            )


def may_be_free(reward: Reward) -> bool:
    """Tell whether a reward of this kind may cost no points."""
    return isinstance(reward, BuySomeGetSome | Access) or bool(reward.stamp_card)


def _most_points(program: LoyaltyProgram) -> int | None:
    """Return the most points that a member can ever get, or None where nothing ends it."""
    cap = program.caps.member
    if cap is None:
        return None
    most = cap + program.welcome_points
    for rule in program.activities:
        if rule.caps.member is None:
            return None
        most += rule.caps.member
    referral = program.referral
    if referral is None:
        return most
    if referral.referrer_points and referral.limit is None:
        return None
    return most + (referral.limit or 0) * referral.referrer_points + referral.referred_points


_ABOVE_ZERO: dict[type[RewardBase], str] = {
    AmountOff: "amount",
    PercentOff: "amount_max",
    PointsForMoney: "amount_per_step",
    BuySomeGetSome: "buy get",
    Donation: "worth",
}


def _check_kind(findings: Findings, path: str, reward: Reward) -> None:
    """Note what a reward of this kind cannot take off, or cannot give."""
    for name in _ABOVE_ZERO.get(type(reward), "").split():
        if getattr(reward, name) == 0:
            findings.add(f"{path}.{name}", ProgramFault.NUMBER_ZERO, "0 gives nothing")
    match reward:
        case PercentOff():
            _check_share(findings, f"{path}.percent", reward.percent)
        case PointsForMoney():
            _check_share(findings, f"{path}.share_percent_max", reward.share_percent_max)
        case FreeItem() if not reward.item.strip():
            findings.add(f"{path}.item", ProgramFault.TEXT_EMPTY, "say what is given")
        case _:
            pass


def _check_share(findings: Findings, path: str, percent: int) -> None:
    if not 0 < percent <= PERCENT_WHOLE:
        findings.add(path, ProgramFault.PERCENT_RANGE, "a percentage is 1 to 100")


def _check_cost(findings: Findings, path: str, reward: Reward, program: LoyaltyProgram) -> None:
    costs = {"cost_points": reward.cost_points}
    costs |= {f"cost_by_tier.{tier}": cost for tier, cost in reward.cost_by_tier.items()}
    check_tier_names(findings, f"{path}.cost_by_tier", reward.cost_by_tier, program)
    for name, cost in costs.items():
        if cost == 0 and not may_be_free(reward):
            findings.add(f"{path}.{name}", ProgramFault.REWARD_FREE, _FREE)
    if reward.offline is OfflinePolicy.ALWAYS and any(costs.values()):
        findings.add(f"{path}.offline", ProgramFault.REWARD_UNBOUNDED, _UNBOUNDED)
    if not reward.stamp_card:
        return
    known = [card.id for card in program.stamp_cards]
    if reward.stamp_card not in known:
        findings.add(
            f"{path}.stamp_card",
            ProgramFault.STAMP_CARD_UNKNOWN,
            f'no stamp card has the id "{reward.stamp_card}"'
            f"{did_you_mean(reward.stamp_card, known)}",
        )
    if any(costs.values()):
        findings.add(
            f"{path}.stamp_card",
            ProgramFault.REWARD_PAID_TWICE,
            "it costs a full stamp card or points, not both",
        )
    if isinstance(reward, PointsForMoney):
        findings.add(
            f"{path}.stamp_card",
            ProgramFault.REWARD_FREE,
            "paying with points costs points, not a stamp card",
        )


def _check_stock(findings: Findings, path: str, reward: Reward) -> None:
    for name in reward.stock.__struct_fields__:
        if getattr(reward.stock, name) == 0:
            findings.add(
                f"{path}.stock.{name}", ProgramFault.STOCK_ZERO, "a stock of 0 is never there"
            )


def _check_early(findings: Findings, path: str, reward: Reward, program: LoyaltyProgram) -> None:
    check_tier_names(findings, f"{path}.early_days", reward.early_days, program)
    if reward.early_days and reward.when.from_date is None:
        findings.add(
            f"{path}.early_days",
            ProgramFault.EARLY_WITHOUT_DATE,
            "earlier than what? name a from_date in when",
        )
    for tier, days in reward.early_days.items():
        if days == 0:
            findings.add(
                f"{path}.early_days.{tier}", ProgramFault.NUMBER_ZERO, "0 days are not earlier"
            )


def check_offers(findings: Findings, program: LoyaltyProgram) -> None:
    """Note offers that change nothing."""
    for index, offer in enumerate(program.offers):
        path = f"offers[{index}]"
        check_conditions(findings, f"{path}.when", offer.when, program)
        match offer:
            case MultiplierOffer():
                check_multiplier(findings, f"{path}.percent", offer.percent)
            case BonusOffer() if offer.points == 0:
                findings.add(f"{path}.points", ProgramFault.NUMBER_ZERO, "0 gives nothing")
            case PriceOffer():
                _check_price(findings, path, offer, program)
            case _:
                pass


def _check_price(findings: Findings, path: str, offer: PriceOffer, program: LoyaltyProgram) -> None:
    reward = program.reward(offer.reward)
    if reward is None:
        known = [each.id for each in program.rewards]
        findings.add(
            f"{path}.reward",
            ProgramFault.REWARD_UNKNOWN,
            f'no reward has the id "{offer.reward}"{did_you_mean(offer.reward, known)}',
        )
        return
    dearest = max([reward.cost_points, *reward.cost_by_tier.values()])
    if offer.cost_points >= dearest:
        findings.add(
            f"{path}.cost_points",
            ProgramFault.OFFER_NO_CHEAPER,
            f"the reward costs at most {dearest} points without this offer",
        )
    if offer.cost_points == 0 and isinstance(reward, PointsForMoney):
        findings.add(f"{path}.cost_points", ProgramFault.REWARD_FREE, _FREE)
