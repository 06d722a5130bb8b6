"""The part of the till in memory that changes past sales, and gives points beside sales."""

from dataclasses import dataclass, field

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.earning_rule import Approval
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.explanation import Explanation
from pos_loyalty.domain.ids import EventId, MemberId, MerchantId, ProgramVersion, SaleId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import part_of, spread
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.services.look_at_sale import LineLookedAt, SaleLookedAt
from pos_loyalty.services.move_sale import SaleMovedHere
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.services.record_activity import ActivityDone
from pos_loyalty.services.refund_sale import RefundDone
from pos_loyalty.ui.presenters.counter_services import ActivityOrder, MoveOrder, RefundOrder

INVITATION = format_invitation(MerchantId("5" * 32), MemberId("a" * 32))
DAMAGED_INVITATION = INVITATION[:-1] + ("B" if INVITATION[-1] != "B" else "C")


@dataclass
class Person:
    """A member in memory."""

    name: str
    points: int
    hint: str
    phone: str = ""


@dataclass
class Changes:
    """What happened to sales beside being made and undone."""

    refunds: list[RefundOrder] = field(default_factory=list[RefundOrder])
    moves: list[MoveOrder] = field(default_factory=list[MoveOrder])
    activities: list[ActivityOrder] = field(default_factory=list[ActivityOrder])
    news: ProgramNews | None = None
    seen: list[str] = field(default_factory=list[str])
    waits_for_server: bool = True


class FakeChanges:
    """The services of the counter that are about past sales, activities and news."""

    people: dict[str, Person]
    rules: LoyaltyProgram
    sales: list[LastSale]
    refusals: list[Exception]

    def __init__(self) -> None:
        self.changes = Changes()
        self.sale_lines: dict[str, tuple[SaleLine, ...]] = {}
        """The lines of each sale that has any."""

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)

    def _sale(self, sale_id: SaleId) -> LastSale:
        sale = next((each for each in self.sales if each.sale_id == sale_id), None)
        if sale is None:
            raise RuleViolation(Code.SALE_UNKNOWN)
        return sale

    def _holder(self, sale: LastSale) -> str | None:
        moved = [each.to_member for each in self.changes.moves if each.sale_id == sale.sale_id]
        if moved:
            return moved[-1]
        return next((key for key, one in self.people.items() if one.name == sale.member_name), None)

    def _left(self, sale: LastSale) -> int:
        back = (each.amount for each in self.changes.refunds if each.sale_id == sale.sale_id)
        return sale.total - sum(back)

    def _lines(self, sale: LastSale) -> tuple[LineLookedAt, ...]:
        """Return the lines with what all refunds left of each; an amount alone is spread."""
        lines = self.sale_lines.get(sale.sale_id, (SaleLine(amount=sale.total),))
        lefts = [max(0, line.amount) for line in lines]
        for order in self.changes.refunds:
            if order.sale_id != sale.sale_id:
                continue
            back = [0] * len(lefts) if order.lines else spread(order.amount, lefts)
            for line in order.lines:
                back[line.line] += line.amount
            lefts = [left - less for left, less in zip(lefts, back, strict=True)]
        return tuple(
            LineLookedAt(number, line.sku, line.category, line.quantity, line.amount, lefts[number])
            for number, line in enumerate(lines)
        )

    def look_at_sale(self, sale_id: SaleId) -> SaleLookedAt:
        self._refuse()
        sale = self._sale(sale_id)
        holder = self._holder(sale) if sale.member_name or self.changes.moves else None
        return SaleLookedAt(
            sale_id=sale_id,
            at_ms=sale.at_ms,
            total=sale.total,
            left_amount=self._left(sale),
            member_id=MemberId(holder) if holder else None,
            member_name=self.people[holder].name if holder else "",
            waits_on_card=False,
            is_undone=sale.undone,
            is_changed=self._left(sale) != sale.total,
            why=explained(sale_id, f"Sale of EUR {sale.total / 100:.2f}: 21 points earned."),
            later=tuple(
                explained(each.change_id, f"Refund of EUR {each.amount / 100:.2f}.")
                for each in self.changes.refunds
                if each.sale_id == sale_id
            ),
            lines=self._lines(sale),
        )

    def refund(self, order: RefundOrder) -> RefundDone:
        self._refuse()
        sale = self._sale(order.sale_id)
        assert 0 < order.amount <= self._left(sale)
        lefts = [line.left_amount for line in self._lines(sale)]
        assert all(0 < line.amount <= lefts[line.line] for line in order.lines)
        assert not order.lines or sum(line.amount for line in order.lines) == order.amount
        assert order.change_id not in {each.change_id for each in self.changes.refunds}
        self.changes.refunds.append(order)
        holder = self._holder(sale) if sale.member_name else None
        taken = part_of(sale.earned_points, order.amount, sale.total)
        balance = 0
        if holder is not None:
            self.people[holder].points -= taken
            balance = self.people[holder].points
        return RefundDone(
            refund_id=order.change_id,
            sale_id=order.sale_id,
            member_id=MemberId(holder) if holder else None,
            amount=order.amount,
            cash=order.amount,
            earned_points_taken=taken if holder else 0,
            redeemed_points_returned=0,
            forgiven_points=0,
            stamps_taken=(),
            balance_points=balance,
            left_amount=self._left(sale),
            claim=False,
            already=False,
        )

    def move(self, order: MoveOrder) -> SaleMovedHere:
        self._refuse()
        sale = self._sale(order.sale_id)
        before = self._holder(sale) if sale.member_name else None
        if before == order.to_member:
            raise RuleViolation(Code.MOVE_SAME)
        self.changes.moves.append(order)
        points = sale.earned_points or 21
        self.people[order.to_member].points += points
        if before is not None:
            self.people[before].points -= points
        return SaleMovedHere(
            move_id=order.change_id,
            sale_id=order.sale_id,
            to_member=order.to_member,
            from_member=MemberId(before) if before else None,
            earned_points_given=points,
            earned_points_taken=points if before else 0,
            balance_points=self.people[order.to_member].points,
            from_balance_points=self.people[before].points if before else 0,
            stamps=(),
            already=False,
        )

    def record_activity(self, order: ActivityOrder) -> ActivityDone:
        self._refuse()
        rule = next(each for each in self.rules.activities if each.id == order.activity)
        if rule.approval is Approval.OWNER and not order.approved_by:
            raise RuleViolation(Code.SECOND_NAME)
        self.changes.activities.append(order)
        self.people[order.member_id].points += rule.points
        return ActivityDone(
            event_id=order.change_id,
            name=rule.name,
            points=rule.points,
            balance_points=self.people[order.member_id].points,
            reason="",
            already=False,
            waits_for_server=self.changes.waits_for_server,
        )

    def check_invitation(self, text: str) -> str:
        if text == DAMAGED_INVITATION:
            raise CardError(Code.INVITATION_CHECK)
        return text

    def program_news(self) -> ProgramNews | None:
        news = self.changes.news
        return None if news is None or news.version in self.changes.seen else news

    def program_seen(self, version: str) -> None:
        self.changes.seen.append(version)


def explained(event: str, what: str) -> Explanation:
    """Return an explanation of two steps."""
    return Explanation(
        event=EventId(event),
        kind="sale",
        at_ms=0,
        tz_minutes=0,
        program=ProgramVersion("standard-1-EUR"),
        program_name="Standard",
        what=what,
        steps=traced(21, 21),
    )


def traced(base: int, doubled: int) -> tuple[TraceStep, ...]:
    """Return the steps of a sale on a Tuesday."""
    rate = "EUR 21.00 at 1 point for each EUR 1.00"
    return (
        TraceStep(rule="earn", text=rate, points=base, change=base),
        TraceStep(
            rule="rule tuesday", text="2\u00d7 Tuesday", points=base + doubled, change=doubled
        ),
    )
