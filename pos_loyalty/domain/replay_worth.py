"""What a point and a stamp of a program are worth in money, by one stated formula.

A point is worth what the program itself says (``refunds.point_worth``); where it does not say,
what the cheapest reward gives for it: of the rewards that cost points and give money, the one
with the lowest cost, the first of equals. A stamp is worth its card's reward divided by the
stamps of a full card. A reward's money is what it takes off at most, or its ``worth``.
"""

import msgspec

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import lowest_cost, worth_of
from pos_loyalty.domain.rounding import part_of, steps_begun
from pos_loyalty.domain.trace import money_text, points_text


class Worth(msgspec.Struct, frozen=True):
    """``money`` minor units for so many points (or stamps), and what says so."""

    money: int
    points: int
    says: str

    def of(self, points: int) -> int:
        """Return what points are worth (minor units), toward 0; a debt is less than 0."""
        worth = part_of(self.money, abs(points), self.points)
        return worth if points >= 0 else -worth

    def points_for(self, money: int) -> int:
        """Return how many points are worth so much money, rounded up; 0 where none are."""
        return steps_begun(money * self.points, self.money) if self.money else 0

    def text(self, currency: str, unit: str = "points") -> str:
        """Return the formula in words."""
        if not self.money:
            return f"nothing: {self.says}"
        many = points_text(self.points) if unit == "points" else f"{self.points} {unit}"
        return f"{money_text(self.money, currency)} for {many} ({self.says})"


def worth_of_points(program: LoyaltyProgram) -> Worth:
    """Return what a point of the program is worth."""
    refunds = program.refunds
    if refunds.point_worth > 0:
        return Worth(refunds.point_worth, refunds.point_worth_points, "as the program says")
    priced = [
        (lowest_cost(reward), reward)
        for reward in program.rewards
        if lowest_cost(reward) > 0 and worth_of(reward) > 0
    ]
    if not priced:
        return Worth(0, 1, "no reward says what it is worth")
    cost, reward = min(priced, key=lambda pair: pair[0])
    return Worth(worth_of(reward), cost, f"{reward.name}, the cheapest reward")


def worth_of_stamps(program: LoyaltyProgram) -> dict[str, Worth]:
    """Return what a stamp of each card is worth: the best reward that the full card buys."""
    found: dict[str, Worth] = {}
    for card in program.stamp_cards:
        rewards = [reward for reward in program.rewards if reward.stamp_card == card.id]
        best = max(rewards, key=worth_of, default=None)
        if best is None or worth_of(best) == 0:
            found[card.id] = Worth(0, 1, "no reward of this card says what it is worth")
        else:
            found[card.id] = Worth(worth_of(best), card.stamps, best.name)
    return found
