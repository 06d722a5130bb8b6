"""What a refund takes and gives back, and what moves with a sale to another member.

The state of a sale is what came back of each line so far (:class:`Returned`). What the sale
earns with that is computed from the facts and the program of the day of sale; a refund takes
the difference. So it does not matter how a sale is divided into refunds: when all came back,
all is as before the sale. docs/rules.md §8 states the rules.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import (
    RefundLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    StampsGiven,
)
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.refund_remains import earned_now, stamps_now
from pos_loyalty.domain.rounding import part_of, spread, steps_begun
from pos_loyalty.domain.sale_facts import SaleFacts, facts_of, lines_of


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back: named lines with their amounts, or an amount (minor units) alone."""

    amount: int = 0
    lines: tuple[RefundLine, ...] = ()


class Returned(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came back of a sale so far.

    ``lines`` is the money of each line (one for a sale without lines), ``earned`` the points
    that were taken back or forgiven, ``stamps`` those taken back.
    """

    lines: tuple[int, ...]
    earned: int = 0
    stamps: tuple[StampsGiven, ...] = ()

    @property
    def amount(self) -> int:
        """The money that came back, before rewards, in minor units."""
        return sum(self.lines)


class RefundEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What one refund does. Points above 0 are taken or given as the name says.

    ``lines`` is what comes back of each line, also where an amount alone was asked for.
    ``cash`` is what the customer gets: the amount less its share of the discounts, and less
    what ``forgiven`` points are worth where the program takes them off.
    """

    after: Returned
    amount: int
    lines: tuple[RefundLine, ...]
    earned_taken: int
    redeemed_returned: int
    discount_returned: int
    cash: int
    forgiven: int
    stamps_taken: tuple[StampsGiven, ...]


class SaleLeft(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale still counts after refunds: for tallies, see :func:`tally.tally_left`."""

    amount: int
    earned: int
    spend: int
    stamps: Mapping[str, int]
    is_gone: bool


def nothing_returned(sale: SaleRecorded) -> Returned:
    """Return the state of a sale of which nothing came back."""
    return Returned((0,) * len(lines_of(facts_of(sale))))


def returned_by(
    sale: SaleRecorded, refunds: Iterable[SaleRefunded], before: Returned | None = None
) -> Returned:
    """Return the state of a sale after these refunds of it, in their order.

    What a refund states above what is left of the sale is not counted. ``before`` is the
    state before the first of them; None is that of a sale of which nothing came back.
    """
    state = nothing_returned(sale) if before is None else before
    for refund in refunds:
        state = Returned(
            _with(state.lines, coming_back(sale, state, refund)),
            state.earned + refund.earned_taken + refund.forgiven,
            _stamps_sum(state.stamps, refund.stamps_taken),
        )
    return state


def what_is_left(sale: SaleRecorded, state: Returned) -> SaleLeft:
    """Return what a sale still counts."""
    discount = _discount(sale)
    given = {entry.card: entry.count for entry in sale.stamps}
    for entry in state.stamps:
        given[entry.card] = given.get(entry.card, 0) - entry.count
    amount = max(0, sale.sale.total - state.amount)
    # Of a sale for nothing nothing ever comes back: it is undone, or stays.
    return SaleLeft(
        amount=amount,
        earned=max(0, sale.earned - state.earned),
        spend=amount - (discount - part_of(discount, state.amount, sale.sale.total)),
        stamps={card: count for card, count in given.items() if count > 0},
        is_gone=amount == 0 < sale.sale.total,
    )


def ensure_refundable(sale: SaleRecorded, before: Returned, request: RefundRequest) -> None:
    """Let a refund pass that is above 0 and within what is left of the sale and its lines.

    Raises:
        RuleViolation: nothing is left, too much is asked for, or no such line.
    """
    left = what_is_left(sale, before).amount
    if left == 0:
        raise RuleViolation(Code.REFUND_NOTHING)
    asked: dict[int, int] = {}
    for line in request.lines:
        asked[line.line] = asked.get(line.line, 0) + line.amount
    whole = lines_of(facts_of(sale))
    for number, amount in asked.items():
        is_there = 0 <= number < len(whole)
        if not is_there or amount > whole[number].amount - before.lines[number]:
            raise RuleViolation(Code.REFUND_LINE, line=number)
    amount = sum(asked.values()) if request.lines else request.amount
    if amount > left:
        raise RuleViolation(Code.REFUND_TOO_MUCH, left_amount=left)
    if amount <= 0 or any(line.amount < 0 for line in request.lines):
        raise RuleViolation(Code.AMOUNT_ZERO)


def coming_back(
    sale: SaleRecorded, before: Returned, request: RefundRequest | SaleRefunded
) -> tuple[int, ...]:
    """Return the money that comes back of each line, at most what is left of it.

    An amount alone is spread over what is left of the lines.
    """
    facts = facts_of(sale)
    lefts = [
        max(0, line.amount - back) for line, back in zip(lines_of(facts), before.lines, strict=True)
    ]
    most = max(0, facts.total - before.amount)
    if not request.lines:
        return tuple(spread(min(max(0, request.amount), most, sum(lefts)), lefts))
    named = [0] * len(lefts)
    for line in request.lines:
        if 0 <= line.line < len(named):
            named[line.line] += max(0, line.amount)
    named = [min(amount, left) for amount, left in zip(named, lefts, strict=True)]
    # A discount that was rung up as a line makes the others more than the sale.
    return tuple(spread(min(sum(named), most), named))


def refund_effect(
    program: LoyaltyProgram,
    sale: SaleRecorded,
    before: Returned,
    request: RefundRequest | SaleRefunded,
    *,
    balance: int,
) -> RefundEffect:
    """Return what a refund does; what is above the rest of the sale is left out.

    A till lets :func:`ensure_refundable` refuse first. The server counts what is left and
    lists the rest: ``effect.amount`` says how much it was.

    Args:
        program: the version of the day of sale.
        sale: as recorded, or as :func:`sale_after_move` states it.
        before: what came back of it until now.
        request: what comes back.
        balance: the member's points before the refund.
    """
    coming = coming_back(sale, before, request)
    lines = _with(before.lines, coming)
    total, amount = sale.sale.total, sum(coming)
    back = sum(lines)
    redeemed = part_of(sale.redeemed, back, total) - part_of(sale.redeemed, before.amount, total)
    discount = _discount(sale)
    discount_returned = part_of(discount, back, total) - part_of(discount, before.amount, total)
    facts = facts_of(sale)
    now = min(sale.earned, earned_now(program, facts, lines)) if back else sale.earned
    # What was taken already counts, not what should have been: at the end it is all, exactly.
    to_take = max(0, sale.earned - now - before.earned)
    missing = max(0, to_take - max(0, balance + redeemed))
    forgiven, off_cash = _already_spent(program.refunds, missing)
    stamps = _stamps_taken(program, sale, before, lines)
    after = Returned(lines, before.earned + to_take, _stamps_sum(before.stamps, stamps))
    return RefundEffect(
        after=after,
        amount=amount,
        lines=_refund_lines(request, coming),
        earned_taken=to_take - forgiven,
        redeemed_returned=redeemed,
        discount_returned=discount_returned,
        cash=max(0, amount - discount_returned - off_cash),
        forgiven=forgiven,
        stamps_taken=stamps,
    )


def move_effect(
    program: LoyaltyProgram, sale: SaleRecorded, before: Returned, to_facts: SaleFacts
) -> tuple[int, int]:
    """Return the points taken from the one and given to the other when a sale moves.

    Args:
        program: the version of the day of sale.
        sale: as recorded.
        before: what came back of it until now.
        to_facts: the sale's facts with the other member's tier and what is known of them.

    Raises:
        RuleViolation: a sale with rewards is not moved.
    """
    if sale.rewards:
        raise RuleViolation(Code.MOVE_REWARDS)
    taken = max(0, sale.earned - before.earned)
    return taken, earned_now(program, to_facts, before.lines)


def sale_after_move(sale: SaleRecorded, move: SaleMoved, before: Returned) -> SaleRecorded:
    """Return a sale as it stands for refunds after it moved to another member."""
    return msgspec.structs.replace(
        sale,
        member=move.to_member,
        card_key=None,
        tier=move.tier,
        known=move.known,
        earned=move.earned_given + before.earned,
        stamps=_stamps_sum(move.stamps, before.stamps),
    )


def _already_spent(rules: RefundRules, missing: int) -> tuple[int, int]:
    """Return which points are forgiven, and what they take off the cash, in minor units."""
    if rules.already_spent is AlreadySpent.ALLOW_NEGATIVE:
        return 0, 0
    if rules.already_spent is AlreadySpent.CLAMP:
        return missing, 0
    return missing, steps_begun(missing * rules.point_worth, rules.point_worth_points)


def _stamps_taken(
    program: LoyaltyProgram, sale: SaleRecorded, before: Returned, lines: Sequence[int]
) -> tuple[StampsGiven, ...]:
    if not sale.stamps:
        return ()
    now = stamps_now(program, facts_of(sale), lines)
    gone = {entry.card: entry.count for entry in before.stamps}
    taken = (
        StampsGiven(card=entry.card, count=entry.count - left - gone.get(entry.card, 0))
        for entry in sale.stamps
        for left in (min(entry.count, now.get(entry.card, 0)),)
    )
    return tuple(entry for entry in taken if entry.count > 0)


def _refund_lines(
    request: RefundRequest | SaleRefunded, coming: Sequence[int]
) -> tuple[RefundLine, ...]:
    quantities: dict[int, int] = {}
    for line in request.lines:
        quantities[line.line] = quantities.get(line.line, 0) + line.quantity
    return tuple(
        RefundLine(line=number, amount=amount, quantity=quantities.get(number, 0))
        for number, amount in enumerate(coming)
        if amount
    )


def _stamps_sum(
    first: Iterable[StampsGiven], second: Iterable[StampsGiven]
) -> tuple[StampsGiven, ...]:
    counts: dict[str, int] = {}
    for entry in (*first, *second):
        counts[entry.card] = counts.get(entry.card, 0) + entry.count
    return tuple(StampsGiven(card=card, count=count) for card, count in counts.items())


def _with(lines: Sequence[int], coming: Sequence[int]) -> tuple[int, ...]:
    return tuple(back + more for back, more in zip(lines, coming, strict=True))


def _discount(sale: SaleRecorded) -> int:
    return sum(reward.discount for reward in sale.rewards)
