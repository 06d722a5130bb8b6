"""A program with rules, as an owner publishes one in the middle of a simulated day."""

import msgspec

from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.earning_rule import Bonus, Caps, EarningRule
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.reward import Access, Stock
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.simulator.sources import SimulatedClock, WorldTime

_CURRENCY = "EUR"
_BONUS = EarningRule(id="bonus", name="Bonus", give=Bonus(points=3), caps=Caps(day=6))
_EVENING = Access(id=RewardId("evening"), name="Evening", cost_points=20, stock=Stock(in_all=5))


def publish_rules(database: Database, time: WorldTime) -> bool:
    """Publish a bonus with a cap, and a reward of which there are few; False if that was done."""
    plain = default_program(_CURRENCY)
    draft = msgspec.structs.replace(plain, rules=(_BONUS,), rewards=(*plain.rewards, _EVENING))
    return publish_program(database, draft, from_ms=None, clock=SimulatedClock(time)).is_new
