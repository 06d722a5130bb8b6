"""What is left of a sale after goods came back, and what that earns."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.accrual import capped, earn
from pos_loyalty.domain.condition import quantity_of
from pos_loyalty.domain.earning_plan import ReadyRule, plan_of
from pos_loyalty.domain.earning_rule import Stamps
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import part_of, spread
from pos_loyalty.domain.sale_facts import SaleFacts, lines_of, view_of


def earned_now(program: LoyaltyProgram, facts: SaleFacts, back: Sequence[int]) -> int:
    """Return what a sale earns when so much money of each line came back.

    The points of a line go in proportion to its money. What was given for the sale as a whole
    is computed again on what remains: a rule that no longer holds gives nothing.
    """
    whole = earn(program, facts)
    if not any(back):
        return whole.points
    if sum(back) >= facts.total:
        return 0
    rest = remains(facts, back)
    again = earn(program, rest)
    points = sum(_left_of_lines(facts, whole.lines, back)) + again.sale_points - again.raised
    if points < program.sale_points_min and view_of(program, rest).money_sum > 0:
        points = program.sale_points_min
    return capped(program, facts, points)


def stamps_now(program: LoyaltyProgram, facts: SaleFacts, back: Sequence[int]) -> dict[str, int]:
    """Return the stamps that a sale still gives, by stamp card.

    Stamps for items go as the points of their lines do; those for the sale as a whole are
    counted again on what remains.
    """
    cards: dict[str, int] = {}
    if sum(back) >= facts.total > 0:
        return cards
    whole = dict(earn(program, facts).by_rule)
    again = dict(earn(program, remains(facts, back)).by_rule)
    for rule, give in plan_of(program).stamps:
        if give.per_item:
            of_lines = _stamps_of_lines(program, facts, rule, give, whole.get(rule.id, 0))
            count = sum(_left_of_lines(facts, of_lines, back))
        else:
            count = again.get(rule.id, 0)
        cards[give.card] = cards.get(give.card, 0) + count
    return cards


def remains(facts: SaleFacts, back: Sequence[int]) -> SaleFacts:
    """Return the facts of a sale without what came back.

    In proportion to the money, rounded down, there go of each line its tax and its items, and
    of the sale each discount and each payment. A line that came back whole is not there.
    """
    lines, returned = lines_of(facts), sum(back)
    left = [_line_left(line, gone) for line, gone in zip(lines, back, strict=True)]
    return msgspec.structs.replace(
        facts,
        total=facts.total - returned,
        tax=sum(line.tax for line in left),
        lines=[line for line, was in zip(left, lines, strict=True) if line.amount or not was.amount]
        if lines is facts.lines
        else (),
        rewards=[
            msgspec.structs.replace(reward, discount=_left(reward.discount, returned, facts.total))
            for reward in facts.rewards
        ],
        payments=[
            msgspec.structs.replace(payment, amount=_left(payment.amount, returned, facts.total))
            for payment in facts.payments
        ],
    )


def _left_of_lines(facts: SaleFacts, points: Sequence[int], back: Sequence[int]) -> list[int]:
    """Return what each line still gives of points or stamps."""
    return [
        _left(given, gone, line.amount)
        for given, gone, line in zip(points, back, lines_of(facts), strict=True)
    ]


def _stamps_of_lines(
    program: LoyaltyProgram, facts: SaleFacts, rule: ReadyRule, give: Stamps, given: int
) -> list[int]:
    """Return what a rule with stamps for each item gave on each line."""
    view = view_of(program, facts)
    each = [0] * len(view.lines)
    seen = rule.condition.seen_in(view)
    if seen is not None:
        wanted = [give.count * quantity_of(view, (at,)) for at in seen.lines]
        for at, stamps in zip(seen.lines, spread(given, wanted), strict=True):
            each[at] = stamps
    return each


def _line_left(line: SaleLine, gone: int) -> SaleLine:
    if not gone:
        return line
    return msgspec.structs.replace(
        line,
        amount=line.amount - gone,
        quantity=_left(line.quantity, gone, line.amount),
        tax=_left(line.tax, gone, line.amount),
    )


def _left(part: int, gone: int, whole: int) -> int:
    """Return a part less its share of what is gone of the whole; below 0 is mirrored."""
    share = part_of(abs(part), gone, whole) if whole > 0 else 0
    return part - share if part >= 0 else part + share
