"""Random programs of every kind of rule, usable by construction."""

import datetime as dt
from random import Random
from typing import TypeVar

import msgspec

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    Bonus,
    Caps,
    Conditions,
    EarnBasis,
    EarningRule,
    EarnRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    ReferralEvent,
    ReferralRule,
    Rounding,
    RoundingScope,
    StampCard,
    Stamps,
    Value,
    Weekday,
    WeekdayMultiplier,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    Expiration,
    ExpirationRules,
    FixedDate,
    Inactivity,
    Never,
    PeriodEnd,
)
from pos_loyalty.domain.ids import ProgramVersion, RewardId, TierId
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, Offer, PriceOffer
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.program_check import problems_of
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    Gift,
    OfflinePolicy,
    PercentOff,
    PointsForMoney,
    Reward,
    Stock,
)
from pos_loyalty.domain.tier import PaidMembership, Tier, TierMatch, TierRules, TierWindow

CATEGORIES = ("coffee", "cake", "bread", "")
SKUS = ("c1", "c2", "k1", "b1", "")
SHOPS = ("north", "south", "")
SEGMENTS = ("regulars", "lapsed", "students")
PAYMENT_KINDS = ("cash", "card", "gift_card", "voucher")
CARDS = ("cup", "loaf")
FIRST_DAY = dt.date(2027, 1, 1)

T = TypeVar("T")


class ProgramDrawer:
    """Draws one program; the same numbers give the same program."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0

    def program(self) -> LoyaltyProgram:
        """Draw until the program's check finds nothing; nearly all are usable at once."""
        while True:
            program = self._program()
            if not problems_of(program):
                return program

    def _program(self) -> LoyaltyProgram:
        expiration = self._expiration()
        tiers = self._tiers(may_extend=isinstance(expiration.model, AfterEarning | FixedDate))
        self._tier_ids = tuple(tier.id for tier in tiers)
        cards = tuple(
            StampCard(id=card, name=card, stamps=self._random.randint(2, 6))
            for card in CARDS
            if self._chance(0.4)
        )
        self._cards = tuple(card.id for card in cards)
        rules = tuple(self._rule() for _ in range(self._few(0, 7)))
        self._cards = tuple(
            card
            for card in self._cards
            if any(isinstance(rule.give, Stamps) and rule.give.card == card for rule in rules)
        )
        rewards = tuple(self._reward() for _ in range(self._few(0, 4)))
        rewards += tuple(self._reward(card) for card in self._cards)
        cards = tuple(card for card in cards if card.id in self._cards)
        days = self._random.sample(range(7), 7)
        return LoyaltyProgram(
            version=ProgramVersion("drawn-1"),
            name="Drawn",
            currency="EUR",
            effective_from_ms=0,
            earn=EarnRule(
                step_minor_units=self._one((100, 100, 50, 1000, 7, 33)),
                points_per_step=self._one((1, 1, 1, 2, 10, 3)),
            ),
            tiers=tiers,
            weekday_multipliers=tuple(
                WeekdayMultiplier(
                    name=f"weekdays {number}",
                    weekdays=tuple(sorted(days[3 * number :][: self._few(1, 3)])),
                    percent=self._percent(),
                )
                for number in range(self._one((0, 0, 1, 2)))
            ),
            rewards=rewards,
            welcome_points=self._one((0, 50)),
            rounding=self._one(tuple(Rounding)),
            rounding_scope=self._one(tuple(RoundingScope)),
            earn_basis=self._one(tuple(EarnBasis)),
            paid_with_points_earns=self._chance(0.3),
            payments_excluded=self._some(PAYMENT_KINDS, 0.2),
            rules=rules,
            caps=self._caps(0.15, 60),
            sale_points_min=self._one((0, 0, 0, 0, 5, 20)),
            pending_days=self._one((0, 0, 0, 14)),
            stamp_cards=cards,
            activities=tuple(self._activity() for _ in range(self._few(0, 2))),
            referral=self._referral() if self._chance(0.4) else None,
            offers=tuple(self._offer(rewards) for _ in range(self._few(0, 4))),
            expiration=expiration,
            tier_rules=TierRules(
                match=self._one(tuple(TierMatch)),
                window=self._one(tuple(TierWindow)),
                months=self._few(1, 14),
                grace_days=self._one((0, 0, 10, 45)),
            ),
            refunds=RefundRules(
                already_spent=self._one(tuple(AlreadySpent)),
                point_worth=self._few(1, 5),
                point_worth_points=self._few(1, 3),
            ),
        )

    def _one(self, options: tuple[T, ...]) -> T:
        return self._random.choice(options)

    def _few(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _some(self, options: tuple[T, ...], share: float) -> tuple[T, ...]:
        return tuple(option for option in options if self._chance(share))

    def _percent(self) -> int:
        return self._one((100, 110, 125, 133, 150, 200, 200, 300))

    def _id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def _tiers(self, *, may_extend: bool) -> tuple[Tier, ...]:
        """Draw tiers whose thresholds of every measure ascend."""
        by = self._some(("points", "spend", "visits"), 0.6) or ("points",)
        tiers = [Tier(id=TierId("tier-0"), name="Tier 0", percent=self._one((100, 100, 110)))]
        tiers += [
            Tier(
                id=TierId(f"tier-{place}"),
                name=f"Tier {place}",
                threshold_points=place * 30 + self._few(0, 20) if "points" in by else 0,
                threshold_spend=place * 3000 + self._few(0, 2000) if "spend" in by else 0,
                threshold_visits=place * 2 + self._few(0, 1) if "visits" in by else 0,
                percent=self._percent(),
                expires_later_months=self._one((0, 0, 1, 6)) if may_extend else 0,
            )
            for place in range(1, self._few(1, 4))
        ]
        if self._chance(0.2):
            place = len(tiers)
            tiers.append(
                Tier(
                    id=TierId(f"tier-{place}"),
                    name=f"Tier {place}",
                    percent=self._percent(),
                    paid=PaidMembership(price=990, months=12),
                )
            )
        return tuple(tiers)

    def _conditions(self, share: float = 0.12) -> Conditions:
        day = FIRST_DAY + dt.timedelta(days=self._few(0, 120))
        clock = tuple(f"{self._few(0, 23):02}:{self._one((0, 15, 30)):02}" for _ in range(2))
        has = self._chance
        return Conditions(
            basket_min=self._few(1, 2000) if has(share) else 0,
            quantity_min=self._few(1, 5) if has(share) else 0,
            categories=self._some(CATEGORIES[:3], 0.4) if has(2 * share) else (),
            skus=self._some(SKUS[:4], 0.3) if has(2 * share) else (),
            not_categories=self._some(CATEGORIES[:3], 0.3) if has(share) else (),
            not_skus=self._some(SKUS[:4], 0.2) if has(share) else (),
            weekdays=self._some(tuple(Weekday), 0.6) if has(share) else (),
            from_time=clock[0] if has(share) else "",
            until_time=clock[1] if has(share) else "",
            from_date=day if has(share) else None,
            until_date=day + dt.timedelta(days=self._few(0, 90)) if has(share) else None,
            shops=self._some(SHOPS[:2], 0.5) if has(share) else (),
            tiers=self._some(self._tier_ids, 0.5) if has(share) else (),
            segments=self._some(SEGMENTS, 0.5) if has(share) else (),
            first_purchase=has(share / 2),
            birthday_days=self._few(0, 40) if has(share) else None,
            payments_excluded=self._some(PAYMENT_KINDS, 0.4) if has(share) else (),
        )

    def _caps(self, share: float, most: int) -> Caps:
        def cap(factor: int) -> int | None:
            return self._few(1, most * factor) if self._chance(share) else None

        sale, day, week, month, member = (cap(factor) for factor in (1, 1, 2, 3, 8))
        return Caps(sale=sale, day=day, week=week, month=month, member=member)

    def _rule(self) -> EarningRule:
        kinds = ["rate", "rate", "exclude", "per_item", "per_visit", "bonus"]
        kinds += ["multiply", "multiply", *(["stamps", "stamps"] if self._cards else [])]
        kind = self._one(tuple(kinds))
        when = self._conditions()
        if kind == "exclude" and not (when.categories or when.skus):
            when = Conditions(categories=(self._one(CATEGORIES[:3]),))
        caps = self._caps(0.12, 12) if kind != "exclude" else Caps()
        rule = self._id(kind)
        return EarningRule(id=rule, name=rule, give=self._value(kind), when=when, caps=caps)

    def _value(self, kind: str) -> Value:
        if kind == "stamps":
            return Stamps(
                card=self._one(self._cards), count=self._few(1, 2), per_item=self._chance(0.6)
            )
        values: dict[str, Value] = {
            "rate": Rate(step=self._one((100, 50, 30, 250)), points=self._few(1, 5)),
            "exclude": Exclude(),
            "per_item": PerItem(points=self._few(1, 7)),
            "per_visit": PerVisit(points=self._few(1, 9), hours_between=self._one((0, 1, 12, 48))),
            "bonus": Bonus(points=self._few(1, 30)),
            "multiply": Multiply(percent=self._percent(), stackable=self._chance(0.5)),
        }
        return values[kind]

    def _activity(self) -> ActivityRule:
        activity = self._id("activity")
        caps = self._caps(0.3, 15)
        return ActivityRule(
            id=activity,
            name=activity,
            points=self._few(1, 10),
            approval=self._one((Approval.CASHIER, Approval.OWNER)),
            caps=Caps(day=caps.day, week=caps.week, month=caps.month, member=caps.member),
        )

    def _referral(self) -> ReferralRule:
        pays_on = self._one(tuple(ReferralEvent))
        return ReferralRule(
            pays_on=pays_on,
            referrer_points=self._few(1, 20),
            referred_points=self._one((0, 15)),
            minimum=0 if pays_on is ReferralEvent.ENROLLMENT else self._one((0, 0, 700)),
            limit=self._one((None, 1, 2)),
        )

    def _reward(self, card: str = "") -> Reward:
        reward = self._one(self._reward_kinds(RewardId(self._id("reward"))))
        while card and isinstance(reward, PointsForMoney):
            reward = self._one(self._reward_kinds(reward.id))
        when = self._conditions(0.05)
        if self._chance(0.15):
            first = FIRST_DAY + dt.timedelta(days=self._few(0, 200))
            when = msgspec.structs.replace(when, from_date=first, until_date=None)
        free = isinstance(reward, BuySomeGetSome | Access) and self._chance(0.5)
        cost = 0 if card or free else self._one((self._few(1, 5), self._few(1, 25)))
        cheaper = {tier: self._few(1, cost) for tier in self._some(self._tier_ids, 0.3) if cost}
        return msgspec.structs.replace(
            reward,
            cost_points=cost,
            cost_by_tier=cheaper,
            when=when,
            early_days={
                tier: self._few(1, 60)
                for tier in self._some(self._tier_ids, 0.4)
                if when.from_date is not None
            },
            stock=self._stock(),
            exclusive=self._chance(0.2),
            stamp_card=card,
            offline=self._one(tuple(OfflinePolicy)),
        )

    def _reward_kinds(self, reward: RewardId) -> tuple[Reward, ...]:
        """Draw one of each kind; points for money twice, as it has the most to go wrong."""
        name = str(reward)
        by_steps = PointsForMoney(
            id=reward,
            name=name,
            amount_per_step=self._few(1, 90),
            share_percent_max=self._few(1, 100),
            keep_points=self._one((0, 0, 20)),
        )
        return (
            AmountOff(id=reward, name=name, amount=self._few(1, 800)),
            PercentOff(
                id=reward, name=name, percent=self._few(1, 100), amount_max=self._few(1, 900)
            ),
            FreeItem(id=reward, name=name, item="Pastry", worth=300),
            BuySomeGetSome(id=reward, name=name, buy=self._few(1, 3), get=self._few(1, 3)),
            by_steps,
            by_steps,
            Gift(id=reward, name=name, worth=500),
            Access(id=reward, name=name),
            Donation(id=reward, name=name, to="The lifeboats", worth=100),
        )

    def _stock(self) -> Stock:
        def limit() -> int | None:
            return self._few(1, 3) if self._chance(0.08) else None

        return Stock(member=limit(), day=limit(), week=limit(), month=limit())

    def _offer(self, rewards: tuple[Reward, ...]) -> Offer:
        offer = self._id("offer")
        when = self._conditions(0.08)
        priced = [reward for reward in rewards if reward.cost_points > 1]
        kind = self._one(("multiplier", "bonus", "price" if priced else "bonus"))
        if kind == "multiplier":
            return MultiplierOffer(
                id=offer,
                name=offer,
                when=when,
                percent=self._percent(),
                stackable=self._chance(0.5),
            )
        if kind == "bonus":
            return BonusOffer(id=offer, name=offer, when=when, points=self._few(1, 20))
        reward = self._one(tuple(priced))
        return PriceOffer(
            id=offer,
            name=offer,
            when=when,
            reward=reward.id,
            cost_points=self._few(1, reward.cost_points - 1),
        )

    def _expiration(self) -> ExpirationRules:
        model: Expiration = self._one(
            (
                Never(),
                AfterEarning(days=self._few(1, 60), round_to=self._one(tuple(PeriodEnd))),
                AfterEarning(months=self._few(1, 13), round_to=self._one(tuple(PeriodEnd))),
                AfterEarning(days=self._few(1, 40), months=self._few(1, 3)),
                AfterEarning(years=1, round_to=self._one(tuple(PeriodEnd))),
                FixedDate(
                    month=self._one((1, 2, 2, 6, 12)),
                    day=self._one((1, 28, 29)),
                    days_min=self._one((0, 0, 30)),
                ),
                Inactivity(months=self._few(1, 4)),
                AtTierLoss(),
            )
        )
        return ExpirationRules(
            model=model, warnings_days=(), reinstatement_days=10, grace_days=self._one((0, 5, 30))
        )
