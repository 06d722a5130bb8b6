"""A plain program, one that gives double, and a replay of a few events."""

import datetime as dt
from collections.abc import Callable

import msgspec

from pos_loyalty.domain.earning_rule import (
    EarningRule,
    EarnRule,
)
from pos_loyalty.domain.event import (
    Event,
)
from pos_loyalty.domain.ids import ProgramVersion, TierId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.replay import Replay, ReplayRow
from pos_loyalty.domain.replay_figures import Replayed
from pos_loyalty.domain.replay_side import Person
from pos_loyalty.domain.tier import Tier
from tests.builders import (
    DAY_MS,
    STANDARD,
)

LONG_AGO = dt.date(2020, 1, 1)
BARE = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("bare"),
    weekday_multipliers=(),
    tiers=(Tier(id=TierId("all"), name="All"),),
    welcome_points=0,
)
DOUBLE = msgspec.structs.replace(BARE, earn=EarnRule(step_minor_units=100, points_per_step=2))
MONTH_MS = 31 * DAY_MS


def replay(
    draft: LoyaltyProgram,
    *events: Event,
    in_force: LoyaltyProgram = BARE,
    since: dt.date = LONG_AGO,
    people: Callable[[str], Person] | None = None,
    shop: str = "",
) -> Replayed:
    referred = {getattr(event, "sale_id", "") for event in events}
    replaying = Replay(
        in_force,
        draft,
        since=since,
        referred=referred,
        program_of=lambda version: STANDARD if version == STANDARD.version else None,
        people=people,
    )
    for event in events:
        replaying.take(ReplayRow(event, shop))
    return replaying.figures()


def ruled(*rules: EarningRule) -> LoyaltyProgram:
    return msgspec.structs.replace(BARE, rules=rules)
