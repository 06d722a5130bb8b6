"""Rules 8: what a refund takes and gives back, and what a sale earns after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from tests.reference import earning, money


@dataclass
class State:
    """What a sale earned, and what came back of each line so far.

    ``gone`` and ``stamps_gone`` are the points (taken or forgiven) and stamps that went.
    """

    lines: list[int]
    earned: int
    stamps: dict[str, int]
    gone: int = 0
    stamps_gone: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def points_left(self) -> int:
        """Points that the sale still has."""
        return self.earned - self.gone

    @property
    def stamps_left(self) -> dict[str, int]:
        """Stamps that the sale still has, by card."""
        left = dict(self.stamps)
        for card, count in self.stamps_gone.items():
            earning.add(left, card, -count)
        return left


@dataclass
class Effect:
    """What one refund does."""

    lines: list[int]
    earned_taken: int = 0
    redeemed_returned: int = 0
    discount_returned: int = 0
    cash: int = 0
    forgiven: int = 0
    stamps_taken: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def amount(self) -> int:
        """All the money that comes back, before rewards."""
        return sum(self.lines)


def amounts(facts: SaleFacts) -> list[int]:
    """What each line cost; a sale without lines is one."""
    return [line.amount for line in money.rows_of(facts)]


def left_of_lines(facts: SaleFacts, back: Sequence[int]) -> list[int]:
    """What can still come back of each line."""
    return [max(0, whole) - gone for whole, gone in zip(amounts(facts), back, strict=True)]


def amounts_back(
    facts: SaleFacts, back: Sequence[int], *, amount: int, lines: Mapping[int, int]
) -> list[int]:
    """What comes back of each line: what is named, or an amount spread over what is left.

    Never more than is left of the line and of the sale; nothing comes back of a discount line.
    """
    left = left_of_lines(facts, back)
    left_of_sale = facts.total - sum(back)
    if not lines:
        return money.spread(min(amount, left_of_sale), left)
    named = [min(lines.get(place, 0), rest) for place, rest in enumerate(left)]
    return money.spread(left_of_sale, named) if sum(named) > left_of_sale else named


def gone(part: int, back: int, whole: int) -> int:
    """How much of a part is gone when so much of the whole came back; below 0 it is mirrored."""
    if whole <= 0:
        return 0
    share = abs(part) * back // whole
    return share if part >= 0 else -share


def remains(facts: SaleFacts, back: Sequence[int]) -> SaleFacts:
    """The sale without what came back: money, items, tax, discount and payments in proportion."""
    rows = money.rows_of(facts)
    lines = [
        msgspec.structs.replace(
            line,
            amount=line.amount - b,
            quantity=line.quantity - gone(line.quantity, b, line.amount),
            tax=line.tax - gone(line.tax, b, line.amount),
        )
        for line, b in zip(rows, back, strict=True)
        if b < line.amount or line.amount <= 0
    ]
    total, returned = facts.total, sum(back)
    return msgspec.structs.replace(
        facts,
        total=total - returned,
        lines=tuple(lines),
        tax=sum(line.tax for line in lines),
        rewards=[
            msgspec.structs.replace(
                one, discount=one.discount - gone(one.discount, returned, total)
            )
            for one in facts.rewards
        ],
        payments=[
            msgspec.structs.replace(one, amount=one.amount - gone(one.amount, returned, total))
            for one in facts.payments
        ],
    )


def is_whole(facts: SaleFacts, back: Sequence[int]) -> bool:
    """Whether nothing of the sale remains; a sale of 0 has nothing to come back."""
    return sum(back) == facts.total > 0


def earns_now(program: LoyaltyProgram, facts: SaleFacts, back: Sequence[int]) -> int:
    """What the sale earns with so much of each line back."""
    if is_whole(facts, back):
        return 0
    then = earning.earn(program, facts)
    line_points = sum(
        points - gone(points, b, whole)
        for points, b, whole in zip(then.lines, back, amounts(facts), strict=True)
    )
    rest = remains(facts, back)
    points = line_points + earning.earn(program, rest).for_sale
    eligible = sum(line.money for line in money.lines(program, rest))
    if eligible > 0:
        points = max(points, program.sale_points_min)
    return earning.capped(program.caps, "points", points, facts)


def stamps_now(program: LoyaltyProgram, facts: SaleFacts, back: Sequence[int]) -> dict[str, int]:
    """The stamps that the sale still gives on each card."""
    if is_whole(facts, back):
        return {}
    then = earning.earn(program, facts)
    left: dict[str, int] = {}
    for card, counts in then.line_stamps:
        for count, b, whole in zip(counts, back, amounts(facts), strict=True):
            earning.add(left, card, count - gone(count, b, whole))
    for card, count in earning.earn(program, remains(facts, back)).sale_stamps.items():
        earning.add(left, card, count)
    return left


def refund(
    program: LoyaltyProgram,
    facts: SaleFacts,
    state: State,
    *,
    amount: int,
    lines: Mapping[int, int],
    balance: int,
) -> Effect:
    """One refund; the state is the next one after it."""
    effect = Effect(amounts_back(facts, state.lines, amount=amount, lines=lines))
    back = [old + new for old, new in zip(state.lines, effect.lines, strict=True)]
    redeemed = sum(one.points for one in facts.rewards)
    effect.redeemed_returned = more_gone(redeemed, state.lines, back, facts.total)
    effect.discount_returned = more_gone(money.discount(facts), state.lines, back, facts.total)
    effect.cash = effect.amount - effect.discount_returned
    taken = max(0, state.points_left - earns_now(program, facts, back))
    stay = stamps_now(program, facts, back)
    for card, count in state.stamps_left.items():
        earning.add(effect.stamps_taken, card, max(0, count - stay.get(card, 0)))
    already_spent(program, effect, taken, balance)
    state.lines = back
    state.gone += taken
    for card, count in effect.stamps_taken.items():
        earning.add(state.stamps_gone, card, count)
    return effect


def more_gone(part: int, before: Sequence[int], after: Sequence[int], total: int) -> int:
    """What goes between two states, of what goes in proportion to the money."""
    return gone(part, sum(after), total) - gone(part, sum(before), total)


def already_spent(program: LoyaltyProgram, effect: Effect, taken: int, balance: int) -> None:
    """What is done about points that the member has no more."""
    rules = program.refunds
    there = max(0, balance + effect.redeemed_returned)
    missing = max(0, taken - there)
    effect.earned_taken = taken
    if rules.already_spent is AlreadySpent.ALLOW_NEGATIVE:
        return
    effect.earned_taken = taken - missing
    effect.forgiven = missing
    if rules.already_spent is AlreadySpent.TAKE_OFF_CASH:
        worth = -(-missing * rules.point_worth // rules.point_worth_points)
        effect.cash = max(0, effect.cash - worth)
