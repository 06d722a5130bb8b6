"""The program a shop starts with, before its owner has designed one.

Every till and every server builds the very same document from the currency, so
a till that works alone and joins a server later has computed nothing new.
"""

from pos_loyalty.domain.ids import ProgramVersion, RewardId, TierId
from pos_loyalty.domain.money import currency_of
from pos_loyalty.domain.program import EarnRule, LoyaltyProgram, Tier, WeekdayMultiplier
from pos_loyalty.domain.reward import AmountOff, FreeItem, PercentOff, PointsForMoney

_TUESDAY = 1
_SYMBOLS = {
    "EUR": "\N{EURO SIGN}",
    "GBP": "\N{POUND SIGN}",
    "USD": "$",
    "TRY": "\N{TURKISH LIRA SIGN}",
}


def default_program(currency: str) -> LoyaltyProgram:
    """Return the starting program: 1 point for each whole unit of money.

    Raises:
        CommandRefused: no such currency.
    """
    unit = 10 ** currency_of(currency).exponent
    return LoyaltyProgram(
        version=ProgramVersion(f"standard-1-{currency}"),
        name="Standard",
        currency=currency,
        effective_from_ms=0,
        earn=EarnRule(step_minor_units=unit, points_per_step=1),
        welcome_points=50,
        weekday_multipliers=(WeekdayMultiplier(name="Tuesday", weekdays=(_TUESDAY,), percent=200),),
        tiers=(
            Tier(id=TierId("bronze"), name="Bronze", threshold_points=0),
            Tier(id=TierId("silver"), name="Silver", threshold_points=500, percent=125),
            Tier(id=TierId("gold"), name="Gold", threshold_points=1500, percent=150),
        ),
        rewards=(
            PointsForMoney(
                id=RewardId("pay-with-points"),
                name="Pay with points",
                cost_points=100,
                amount_per_step=unit // 2 or 1,
                share_percent_max=50,
            ),
            PercentOff(
                id=RewardId("ten-percent"),
                name="10 % off",
                cost_points=400,
                percent=10,
                amount_max=10 * unit,
            ),
            AmountOff(
                id=RewardId("three-off"),
                name=f"{_SYMBOLS.get(currency, currency + ' ')}3 off",
                cost_points=600,
                amount=3 * unit,
            ),
            FreeItem(
                id=RewardId("free-pastry"),
                name="Free pastry",
                cost_points=800,
                item="Pastry",
                worth=4 * unit,
            ),
            FreeItem(
                id=RewardId("free-brunch"),
                name="Free brunch",
                cost_points=1500,
                item="Brunch",
                worth=15 * unit,
            ),
        ),
    )
