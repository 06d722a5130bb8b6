"""Why a refund is refused, in words of its own, with what is left of each line."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import RefundLine
from pos_loyalty.domain.money import Currency, check_amount, plain_amount
from pos_loyalty.domain.refund import RefundRequest, what_is_left
from pos_loyalty.domain.sale_facts import facts_of, lines_of
from pos_loyalty.services.sale_history import SaleHistory


@dataclass(frozen=True)
class LineLeft:
    """What can come back of one line that is named alone, as a person writes it.

    ``line`` counts from 0. A discount that was rung up as a line never comes back itself.
    """

    line: int
    left_amount: str


class RefundRefused(RuleViolation):
    """More than is left, no such line, or nothing at all; ``lines`` says what could come back."""

    def __init__(self, code: Code, *, lines: tuple[LineLeft, ...], **facts: Fact) -> None:
        super().__init__(code, saved=False, **facts)
        self.lines = lines


def refused_refund(
    refusal: RuleViolation, history: SaleHistory, request: RefundRequest, currency: Currency
) -> RefundRefused:
    """Return a rule's refusal with the words and facts that fit this sale."""
    lefts = _lefts(history)
    lines = tuple(
        LineLeft(line=number, left_amount=plain_amount(left, currency))
        for number, left in enumerate(lefts)
    )
    code = refusal.code
    facts: dict[str, Fact] = dict(refusal.facts)
    if code is Code.REFUND_TOO_MUCH:
        left = what_is_left(history.sale, history.state).amount
        facts = {"left_amount": plain_amount(left, currency)}
        code = Code.REFUND_DISCOUNT if request.lines and _has_discount(history) else code
    elif code is Code.REFUND_LINE:
        number = int(refusal.facts["line"])
        code = _code_of_line(number, history, lefts)
        facts = {**line_facts(number)}
        if code is Code.REFUND_LINE_LEFT:
            facts |= {"left_amount": plain_amount(lefts[number], currency)}
    elif code is Code.AMOUNT_ZERO:
        code, facts = _nothing_asked(request, lefts)
    return RefundRefused(code, lines=lines, **facts)


def line_facts(line: int) -> dict[str, Fact]:
    """Return what a sentence says of a line: its index from 0, its number from 1."""
    return {"line": line, "number": line + 1}


def check_claimed(amount: int, lines: tuple[RefundLine, ...], currency: Currency) -> None:
    """Refuse an amount that cannot come back of a sale which is not known here.

    Raises:
        RuleViolation: nothing, below 0 or too large.
    """
    if amount < 0 or any(line.amount < 0 for line in lines):
        raise RuleViolation(Code.REFUND_NEGATIVE)
    if amount == 0:
        raise RuleViolation(Code.REFUND_CLAIM if lines else Code.REFUND_ZERO)
    check_amount(amount, currency)


def _lefts(history: SaleHistory) -> list[int]:
    """Return what can come back of each line alone: beside a discount not more than the sale."""
    left = what_is_left(history.sale, history.state).amount
    lines = zip(lines_of(facts_of(history.sale)), history.state.lines, strict=True)
    return [min(left, max(0, line.amount - back)) for line, back in lines]


def _has_discount(history: SaleHistory) -> bool:
    return any(line.amount < 0 for line in lines_of(facts_of(history.sale)))


def _code_of_line(number: int, history: SaleHistory, lefts: list[int]) -> Code:
    if not 0 <= number < len(lefts):
        return Code.REFUND_LINE
    if lines_of(facts_of(history.sale))[number].amount < 0:
        return Code.REFUND_LINE_DISCOUNT
    return Code.REFUND_LINE_LEFT if lefts[number] else Code.REFUND_LINE_GONE


def _nothing_asked(request: RefundRequest, lefts: list[int]) -> tuple[Code, dict[str, Fact]]:
    """Return why an amount of 0 or less is none: a minus, a line that is gone, or just 0."""
    if request.amount < 0 or any(line.amount < 0 for line in request.lines):
        return Code.REFUND_NEGATIVE, {}
    gone = next((line.line for line in request.lines if not lefts[line.line]), None)
    return (Code.REFUND_ZERO, {}) if gone is None else (Code.REFUND_LINE_GONE, line_facts(gone))
