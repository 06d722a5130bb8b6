"""Rules read back in words: what an owner wrote by mistake is seen there."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    Bonus,
    Caps,
    Conditions,
    EarnBasis,
    EarningRule,
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
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    Expiration,
    ExpirationRules,
    FixedDate,
    Inactivity,
    PeriodEnd,
)
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, PriceOffer
from pos_loyalty.domain.program import AlreadySpent, RefundRules
from pos_loyalty.domain.program_words import conditions_words, program_words
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
from tests.builders import STANDARD

ANY: dict[str, Any] = {"id": RewardId("r"), "name": "R", "cost_points": 90}
SILVER = TierId("silver")


def line(begin: str, **fields: object) -> str:
    """Return the first line of a changed program that begins so."""
    program = msgspec.structs.replace(STANDARD, **fields)
    return next(text for text in program_words(program) if text.startswith(begin))


def test_the_standard_program_is_read_back_part_by_part() -> None:
    words = list(program_words(STANDARD))

    assert words[0] == "Every sale: 1 point for each 1.00 EUR"
    assert words[1] == "Joining: 50 points"
    assert words[2].endswith("points ×2, on Tuesday")
    assert sum(text.startswith("Tier ") for text in words) == len(STANDARD.tiers)
    assert sum(text.startswith("Reward ") for text in words) == len(STANDARD.rewards)


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (Rate(step=50, points=1), "1 point for each 0.50 EUR"),
        (Exclude(), "no points"),
        (PerItem(points=5), "5 points for each item"),
        (PerVisit(points=5), "5 points for a visit"),
        (PerVisit(points=5, hours_between=3), "5 points for a visit, 3 hours after the one before"),
        (Bonus(points=1), "1 point once for the sale"),
        (Multiply(percent=150), "points ×1.5"),
        (Stamps(card="cups", count=10), "10 stamps of the card cups once for the sale"),
        (Stamps(card="cups", per_item=True), "1 stamp of the card cups for each item"),
    ],
)
def test_every_value_has_words(give: Value, said: str) -> None:
    assert line("Rule X", rules=(EarningRule(id="x", name="X", give=give),)) == f"Rule X: {said}"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (Conditions(), ""),
        (Conditions(from_time="12:00", until_time="14:00"), ", from 12:00 until 14:00"),
        (
            Conditions(from_time="12:00", until_time="12:00"),
            ", from 12:00 until 12:00 (the whole day)",
        ),
        (
            Conditions(from_time="22:00", until_time="02:00"),
            ", from 22:00 until 02:00 of the next morning",
        ),
        (Conditions(until_time="10:00"), ", until 10:00"),
        (Conditions(weekdays=(Weekday.MONDAY, Weekday.FRIDAY)), ", on Monday, Friday"),
        (
            Conditions(from_date=dt.date(2026, 12, 1), until_date=dt.date(2026, 12, 24)),
            ", from 2026-12-01, until 2026-12-24 included",
        ),
        (Conditions(categories=("fruit",), not_skus=("f7",)), ", on fruit, not on f7"),
        (Conditions(skus=tuple("abcdef")), ", on a, b, c, d, e, f"),
        (Conditions(skus=tuple("abcdefg")), ", on a, b, c, d, e and 2 more"),
        (Conditions(basket_min=250, quantity_min=3), ", from 2.50 EUR of sale, from 3 items"),
        (Conditions(payments_excluded=("gift",)), ", not for what is paid by gift"),
        (Conditions(shops=("Main",), tiers=(SILVER,)), ", in Main, for Silver"),
        (Conditions(segments=("away",)), ", for the segment away"),
        (
            Conditions(first_purchase=True, birthday_days=3),
            ", on the first purchase, within 3 days of a birthday",
        ),
    ],
)
def test_every_condition_has_words(when: Conditions, said: str) -> None:
    program = msgspec.structs.replace(STANDARD, tiers=(Tier(id=SILVER, name="Silver"),))

    assert conditions_words(program, when) == said


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (AmountOff(**ANY, amount=300), "3.00 EUR off, for 90 points"),
        (
            PercentOff(**ANY, percent=10, amount_max=500),
            "10 % off, at most 5.00 EUR, for 90 points",
        ),
        (FreeItem(**ANY, item="Cake"), "Cake free, for 90 points"),
        (FreeItem(**ANY, item="Cake", worth=320), "Cake free (worth 3.20 EUR), for 90 points"),
        (Gift(**ANY, worth=50), "a gift (worth 0.50 EUR), for 90 points"),
        (Access(**ANY, worth=100), "access (worth 1.00 EUR), for 90 points"),
        (
            PointsForMoney(**ANY, amount_per_step=100, share_percent_max=50, keep_points=40),
            (
                "1.00 EUR off for each step, up to 50 % of a sale, for 90 points;"
                " 40 points stay in the account"
            ),
        ),
        (Gift(**ANY, exclusive=True), "a gift, for 90 points; goes with no other reward"),
        (
            Gift(**ANY, early_days={SILVER: 2}, when=Conditions(from_date=dt.date(2026, 12, 1))),
            "a gift, for 90 points, from 2026-12-01; for Silver 2 days earlier",
        ),
        (
            Gift(**ANY, offline=OfflinePolicy.NEVER),
            "a gift, for 90 points; never without asking the server first",
        ),
        (
            Gift(**ANY, offline=OfflinePolicy.RIGHTS),
            (
                "a gift, for 90 points; without a line as far as the till's spend rights go,"
                " without your allowance"
            ),
        ),
        (
            Gift(id=RewardId("r"), name="R", stamp_card="cups", offline=OfflinePolicy.ALWAYS),
            "a gift, for 9 stamps of the card cups; without a line as far as the balance goes",
        ),
        (FreeItem(**ANY, item="Cake", choices=("Tart", "Pie")), "Tart or Pie free, for 90 points"),
        (BuySomeGetSome(**ANY, buy=4, get=1), "of each 5 items 1 free, for 90 points"),
        (
            PointsForMoney(**ANY, amount_per_step=100),
            "1.00 EUR off for each step, up to 100 % of a sale, for 90 points",
        ),
        (Gift(**ANY, cost_by_tier={SILVER: 80}), "a gift, for 90 points (Silver: 80)"),
        (Donation(**ANY, to="the school", worth=100), "1.00 EUR for the school, for 90 points"),
        (
            Access(id=RewardId("r"), name="R", stock=Stock(in_all=9, member=1)),
            "access, for no points; at most 9 in all, 1 for a member ever",
        ),
        (
            Gift(id=RewardId("r"), name="R", stamp_card="cups"),
            "a gift, for 9 stamps of the card cups",
        ),
    ],
)
def test_every_reward_has_words_and_its_cost(reward: Reward, said: str) -> None:
    cards = (StampCard(id="cups", name="Cups", stamps=9),)

    assert line("Reward R", rewards=(reward,), stamp_cards=cards) == f"Reward R: {said}"


def test_every_offer_activity_and_cap_has_words() -> None:
    offers = (
        MultiplierOffer(id="a", name="A", when=Conditions(), percent=300),
        BonusOffer(id="b", name="B", when=Conditions(), points=5),
        PriceOffer(
            id="c", name="C", when=Conditions(), reward=RewardId("free-pastry"), cost_points=1
        ),
    )
    review = ActivityRule(id="review", name="Review", points=20, caps=Caps(day=20, member=90))

    assert line("Offer A", offers=offers) == "Offer A: points ×3"
    assert line("Offer B", offers=offers) == "Offer B: 5 points"
    assert line("Offer C", offers=offers) == "Offer C: free-pastry for 1 point"
    assert line("Activity", activities=(review,)) == (
        "Activity Review: 20 points; at most 20 points a day, 90 points ever"
    )


def test_a_tier_says_what_it_asks_and_what_it_multiplies() -> None:
    both = Tier(id=SILVER, name="T", threshold_spend=90_000, threshold_visits=8, percent=125)
    bought = Tier(id=SILVER, name="T", paid=PaidMembership(price=5000, months=1))

    assert (
        line("Tier T", tiers=(both,)) == "Tier T: from 900.00 EUR spent or 8 visits, points ×1.25"
    )
    assert line("Tier T", tiers=(both,), tier_rules=TierRules(match=TierMatch.ALL)) == (
        "Tier T: from 900.00 EUR spent and 8 visits, points ×1.25"
    )
    assert line("Tier T", tiers=(bought,)) == "Tier T: bought for 50.00 EUR, for 1 month"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"welcome_points": 1}, "Joining: 1 point"),
        ({"pending_days": 14}, "Waiting: the points of a sale can be used 14 days after it"),
        ({"rounding": Rounding.HALF_UP}, "Rounding: half a step or more counts as one"),
        ({"rounding": Rounding.CEIL}, "Rounding: every step begun counts as one"),
        ({"rounding_scope": RoundingScope.LINE}, "Rounding: on each line by itself"),
        ({"earn_basis": EarnBasis.PRE_TAX}, "Earning: on the price without tax"),
        (
            {"paid_with_points_earns": True},
            "Earning: also on what rewards take off",
        ),
        (
            {"payments_excluded": ("gift card", "voucher")},
            "Earning: not on what is paid by gift card, voucher",
        ),
        ({"sale_points_min": 5}, "Earning: a sale gives at least 5 points"),
        ({"caps": Caps(week=1)}, "Every sale: 1 point for each 1.00 EUR; at most 1 point a week"),
    ],
)
def test_what_is_set_for_the_whole_program_is_said(fields: dict[str, Any], said: str) -> None:
    assert said in program_words(msgspec.structs.replace(STANDARD, **fields))


def test_what_is_usual_is_not_said() -> None:
    program = msgspec.structs.replace(STANDARD, welcome_points=0)
    begins = ("Joining", "Waiting", "Rounding", "Earning", "Invitations", "Refunds", "Worth")

    assert not [text for text in program_words(program) if text.startswith(begins)]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (AfterEarning(years=1), "1 year after they were earned"),
        (
            AfterEarning(months=6, days=10, round_to=PeriodEnd.QUARTER),
            "6 months and 10 days after they were earned, at the end of that quarter",
        ),
        (FixedDate(month=12, day=31), "each year at the end of 31 December"),
        (
            FixedDate(month=1, day=6, days_min=90),
            "each year at the end of 6 January, but not within 90 days of their earning",
        ),
        (
            Inactivity(months=18),
            "all at once after 18 months without a sale, an activity or an enrollment",
        ),
        (AtTierLoss(), "all at once when their member falls to a lower tier"),
    ],
)
def test_every_end_of_points_has_words(model: Expiration, said: str) -> None:
    rules = ExpirationRules(model=model)

    assert line("Points end", expiration=rules) == f"Points end: {said}"
    assert line("Points that come back", expiration=rules) == (
        "Points that come back after their end: live 30 days more"
    )


def test_points_without_an_end_are_said_in_any_case() -> None:
    words = list(program_words(STANDARD))

    assert words[-1] == "Points end: never"
    assert not [text for text in words if text.startswith("Points that come back")]


def test_warnings_are_said_with_who_sends_them_and_what_can_be_revived() -> None:
    rules = ExpirationRules(
        model=Inactivity(months=9), warnings_days=(60, 14), reinstatement_days=10, grace_days=0
    )
    none = msgspec.structs.replace(rules, warnings_days=())

    assert line("Warnings", expiration=rules) == (
        "Warnings: 60, 14 days before points end, for letters of your own; the program sends none"
    )
    assert line("Warnings", expiration=none) == "Warnings: none before points end"
    assert line("Reviving", expiration=rules) == (
        "Reviving: you can give new life to points within 10 days of their end"
    )
    assert line("Points that come back", expiration=rules) == (
        "Points that come back after their end: live 0 days more"
    )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            RefundRules(already_spent=AlreadySpent.CLAMP),
            ["Refunds: points that were spent already are forgiven"],
        ),
        (
            RefundRules(
                already_spent=AlreadySpent.TAKE_OFF_CASH, point_worth=50, point_worth_points=100
            ),
            ["Refunds: points that were spent already come off the cash: 0.50 EUR for 100 points"],
        ),
        (RefundRules(point_worth=1), ["Worth: 0.01 EUR for 1 point"]),
    ],
)
def test_refunds_are_said_with_what_a_point_is_worth(rules: RefundRules, said: list[str]) -> None:
    program = msgspec.structs.replace(STANDARD, refunds=rules)

    assert [
        text for text in program_words(program) if text.startswith(("Refunds", "Worth"))
    ] == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=100),
            "100 points for who invites, at the enrollment",
        ),
        (
            ReferralRule(
                pays_on=ReferralEvent.FIRST_PURCHASE,
                referrer_points=1,
                referred_points=50,
                minimum=1000,
                limit=3,
            ),
            (
                "1 point for who invites, 50 points for who comes, at the first purchase"
                " of at least 10.00 EUR; who invites is paid at most 3 times"
            ),
        ),
        (
            ReferralRule(pays_on=ReferralEvent.EVERY_PURCHASE, referred_points=2, limit=1),
            "2 points for who comes, at every purchase; who invites is paid at most 1 time",
        ),
    ],
)
def test_invitations_have_words(rule: ReferralRule, said: str) -> None:
    assert line("Invitations", referral=rule) == f"Invitations: {said}"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (TierRules(), ["Tiers count: this month and the 12 months before it"]),
        (TierRules(months=1), ["Tiers count: this month and the month before it"]),
        (TierRules(window=TierWindow.CALENDAR_YEAR), ["Tiers count: the calendar year"]),
        (
            TierRules(window=TierWindow.ANNIVERSARY_YEAR),
            ["Tiers count: each member's own year, from the month of enrollment"],
        ),
        (
            TierRules(window=TierWindow.LIFETIME),
            ["Tiers count: everything since the enrollment, so that none falls by itself"],
        ),
        (
            TierRules(grace_days=30, warning_days=14),
            [
                "Tiers count: this month and the 12 months before it",
                "Tiers fall: 30 days after the end of that time, one tier at a time",
                "Tiers warn: 14 days before, for letters of your own; the program sends none",
            ],
        ),
    ],
)
def test_tiers_say_in_which_time_they_are_reached(rules: TierRules, said: list[str]) -> None:
    program = msgspec.structs.replace(STANDARD, tier_rules=rules)

    assert [text for text in program_words(program) if text.startswith("Tiers ")] == said


def test_tiers_that_ask_for_nothing_count_nothing() -> None:
    program = msgspec.structs.replace(STANDARD, tiers=(Tier(id=SILVER, name="All"),))

    assert not [text for text in program_words(program) if text.startswith("Tiers ")]


def test_a_tier_says_how_much_longer_its_points_live() -> None:
    later = Tier(id=SILVER, name="T", threshold_visits=8, expires_later_months=6)

    assert line("Tier T", tiers=(later,)) == "Tier T: from 8 visits, points end 6 months later"


def test_what_adds_up_and_what_a_cashier_says_is_read_back() -> None:
    rule = EarningRule(id="x", name="X", give=Multiply(percent=200, stackable=True))
    offer = MultiplierOffer(
        id="a", name="A", when=Conditions(), percent=300, stackable=True, reason="Thank you"
    )
    plain = MultiplierOffer(id="b", name="B", when=Conditions(first_purchase=True), percent=300)

    adds = ", adds up with others that do"
    assert line("Rule X", rules=(rule,)) == f"Rule X: points ×2{adds}"
    assert line("Offer A", offers=(offer,)) == f'Offer A: points ×3{adds}; reason: "Thank you"'
    assert line("Offer B", offers=(plain,)) == "Offer B: points ×3, on the first purchase"


def test_an_activity_says_who_records_it_where_that_is_not_the_cashier() -> None:
    def words(approval: Approval) -> str:
        rule = ActivityRule(id="birthday", name="Day", points=5, approval=approval)
        return line("Activity", activities=(rule,))

    assert words(Approval.CASHIER) == "Activity Day: 5 points"
    assert words(Approval.AUTOMATIC) == "Activity Day: 5 points, without a person"
    assert words(Approval.OWNER) == "Activity Day: 5 points, with a second name"


def test_a_stamp_card_says_when_it_is_full_and_what_a_stamp_stands_for() -> None:
    cups = StampCard(id="cups", name="Cups", stamps=9, item="coffee")
    plain = StampCard(id="cups", name="Cups", stamps=1)

    assert line("Stamp card", stamp_cards=(cups,)) == (
        "Stamp card Cups: full with 9 stamps, one for each coffee"
    )
    assert line("Stamp card", stamp_cards=(plain,)) == "Stamp card Cups: full with 1 stamp"
