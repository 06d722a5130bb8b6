"""Why a refund took points and gave others back, and what moving a sale did."""

from collections.abc import Iterator

import msgspec

from pos_loyalty.domain.event import SaleMoved, SaleRecorded, SaleRefunded
from pos_loyalty.domain.explanation_story import Past, Story, local_time, stamps_text, step
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from pos_loyalty.domain.refund import (
    RefundEffect,
    Returned,
    move_effect,
    nothing_returned,
    refund_effect,
    sale_after_move,
)
from pos_loyalty.domain.sale_facts import facts_of, lines_of
from pos_loyalty.domain.trace import TraceStep, money_text, points_text

_RICH = 1 << 62
"""A balance from which everything can be taken: what could not be is stored beside it."""


class SaleSoFar(msgspec.Struct, frozen=True):
    """A sale as it stands, and what came back of it, before an event that refers to it."""

    sale: SaleRecorded
    returned: Returned


def refund_story(event: SaleRefunded, past: Past) -> Story:
    """Explain a refund by its sale, what came back before, and what is left."""
    so_far = _before(event, past)
    program = None if so_far is None else past.program(so_far.sale.program)
    if so_far is None or program is None:
        return Story(
            what=(
                f"Refund of a sale whose facts are not here ({event.sale_id}):"
                f" {points_text(event.earned_taken)} taken back."
            ),
            stored=-event.earned_taken,
        )
    effect = refund_effect(program, so_far.sale, so_far.returned, event, balance=_RICH)
    amount = money_text(effect.amount, program.currency)
    bought = local_time(so_far.sale.at_ms, so_far.sale.tz_minutes)
    taken = effect.earned_taken if event.claim else event.earned_taken
    return Story(
        what=(
            f"Refund of {amount} of the sale of {bought}: {points_text(taken)} taken back"
            f"{_returned_words(effect)}."
        ),
        steps=tuple(_refund_steps(event, program, so_far, effect)),
        stamps=effect.stamps_taken,
        stored=-event.earned_taken,
        computed=event.forgiven - effect.earned_taken,
        agrees=None if event.claim else _is_as_stored(event, effect),
    )


def move_story(event: SaleMoved, past: Past) -> Story:
    """Explain how a sale's points went to another member."""
    so_far = _before(event, past)
    program = None if so_far is None else past.program(so_far.sale.program)
    given = points_text(event.earned_given)
    if so_far is None or program is None:
        what = f"Sale {event.sale_id} moved to another member: {given} given."
        return Story(what=what, stored=event.earned_given)
    sale = so_far.sale
    facts = msgspec.structs.replace(facts_of(sale), tier=event.tier, known=event.known)
    taken, computed = move_effect(program, sale, so_far.returned, facts)
    whose = "the member" if event.from_member is not None else "nobody"
    steps = (
        step("sale", f"the sale still had {points_text(taken)}, of {whose}", taken),
        _moved_step(f"{points_text(event.earned_taken)} taken", -event.earned_taken),
        _moved_step(f"{points_text(computed)} by the tier and facts of the new member", computed),
    )
    total = money_text(sale.sale.total, program.currency)
    is_same = (computed, taken) == (event.earned_given, event.earned_taken)
    return Story(
        what=(
            f"Sale of {total} of {local_time(sale.at_ms, sale.tz_minutes)} moved to the right"
            f" member: {given} given."
        ),
        steps=steps,
        stored=event.earned_given,
        computed=computed,
        agrees=is_same if event.from_member is not None else computed == event.earned_given,
    )


def _moved_step(text: str, points: int) -> TraceStep:
    return step("move", text, points, change=points)


def _before(event: SaleRefunded | SaleMoved, past: Past) -> SaleSoFar | None:
    """Return the sale as it stood before this event; None where it is not known here."""
    sale = past.event(event.sale_id)
    if not isinstance(sale, SaleRecorded):
        return None
    program = past.program(sale.program)
    state = nothing_returned(sale)
    for earlier in past.referring_to(event.sale_id):
        if earlier.id == event.id or program is None:
            break
        match earlier:
            case SaleMoved():
                sale = sale_after_move(sale, earlier, state)
            case SaleRefunded():
                effect = refund_effect(program, sale, state, earlier, balance=_RICH)
                state = _after(state, earlier, effect)
            case _:
                continue
    return SaleSoFar(sale, state)


def _after(state: Returned, refund: SaleRefunded, effect: RefundEffect) -> Returned:
    """Return the state after an earlier refund: by what it stored, or computed for a claim."""
    if refund.claim:
        return effect.after
    earned = state.earned + refund.earned_taken + refund.forgiven
    return Returned(effect.after.lines, earned, effect.after.stamps)


def _is_as_stored(event: SaleRefunded, effect: RefundEffect) -> bool:
    return (
        event.amount,
        event.earned_taken + event.forgiven,
        event.redeemed_returned,
        event.stamps_taken,
    ) == (effect.amount, effect.earned_taken, effect.redeemed_returned, effect.stamps_taken)


def _returned_words(effect: RefundEffect) -> str:
    back = effect.redeemed_returned
    return f", {points_text(back)} of its rewards given back" if back else ""


def _refund_steps(
    event: SaleRefunded, program: LoyaltyProgram, so_far: SaleSoFar, effect: RefundEffect
) -> Iterator[TraceStep]:
    """Yield how the sale's points went, and what became of rewards, discount and cash."""
    sale, returned = so_far.sale, so_far.returned
    currency = program.currency
    whole = money_text(sale.sale.total, currency)
    yield step("sale", f"the sale of {whole} earned {points_text(sale.earned)}", sale.earned)
    if returned.amount:
        left = sale.earned - returned.earned
        text = f"{money_text(returned.amount, currency)} came back before"
        yield step("before", f"{text}, {points_text(left)} left", left)
    yield from _line_steps(sale, effect, currency)
    now = sale.earned - returned.earned - effect.earned_taken
    rest = money_text(sale.sale.total - effect.after.amount, currency)
    yield step(
        "refund",
        f"the {rest} that are left earn {points_text(now)}",
        now,
        change=-effect.earned_taken,
    )
    if event.forgiven:
        words = _spent_words(event, program)
        yield step("spent", words, event.forgiven, change=event.forgiven)
    yield from _given_back_steps(sale, effect, currency, cash=event.cash)


def _line_steps(sale: SaleRecorded, effect: RefundEffect, currency: str) -> Iterator[TraceStep]:
    lines = lines_of(facts_of(sale))
    if len(lines) == 1:
        return
    for back in effect.lines:
        of_line = money_text(lines[back.line].amount, currency)
        text = f"line {back.line + 1}: {money_text(back.amount, currency)} of {of_line} comes back"
        yield step("line", text, 0)


def _spent_words(event: SaleRefunded, program: LoyaltyProgram) -> str:
    spent = f"{points_text(event.forgiven)} of them were spent already"
    if program.refunds.already_spent is AlreadySpent.TAKE_OFF_CASH:
        return f"{spent}: their worth was taken off the cash"
    return f"{spent} and are forgiven, as the program says"


def _given_back_steps(
    sale: SaleRecorded, effect: RefundEffect, currency: str, *, cash: int
) -> Iterator[TraceStep]:
    if sale.redeemed:
        share = f"{money_text(effect.after.amount, currency)} of the sale came back so far"
        text = f"{effect.redeemed_returned} of {points_text(sale.redeemed)} used: {share}"
        back = effect.redeemed_returned
        yield step("rewards", text, back, change=back)
    if effect.discount_returned:
        text = f"{money_text(effect.discount_returned, currency)} of it had been taken off"
        yield step("discount", text, 0)
    for gone in effect.stamps_taken:
        yield step(f"stamps {gone.card}", f"{stamps_text(gone.count)} taken back", 0)
    yield step("cash", f"{money_text(cash, currency)} were handed back", 0)
