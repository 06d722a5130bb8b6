"""What happens at a till that works alone, done by the real till and the reference at once."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from random import Random

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import Approval
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.reward import Reward, RewardTaken
from tests.reference import draw_sale, draw_shared, stock, till_alone
from tests.reference.account import Account, Sale
from tests.reference.history import Different
from tests.reference.product_till import TillAlone
from tests.reference.vouchers import Voucher

UNDO_MS = 4 * 60_000
"""A till undoes a sale for five minutes; which sale is older is not asked here."""
BIRTHDAYS = ("", "02-29", "03-01", "12-31", "01-02")


@dataclasses.dataclass
class Sold:
    """A sale at both."""

    expected: Sale
    event: EventId


@dataclasses.dataclass
class Person:
    """A member at both."""

    expected: Account
    member: MemberId
    sales: list[Sold] = dataclasses.field(default_factory=list[Sold])


class TillHistory:
    """Members, sales and vouchers of one till, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"till {seed}")
        self.program = draw_shared.draw_program(self.random)
        self.at_ms = draw_sale.START_MS + self.random.randint(0, 365 * 24) * draw_sale.HOUR_MS
        self.tz = self.random.choice(draw_sale.OFFSETS)
        self.people: list[Person] = []
        self.nobody: list[Sold] = []
        self.vouchers: list[tuple[Voucher, str]] = []
        self.said: list[str] = []
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Live through it; raises :class:`Different` at the first difference."""
        deeds = self.deeds()
        weights = [weight for weight, _ in deeds.values()]
        with TillAlone(self.program, at_ms=self.at_ms, tz_minutes=self.tz) as self.got:
            self.program = self.got.program
            self.expected = till_alone.Till(self.program)
            self.enroll()
            for _ in range(self.random.randint(4, 18)):
                self.set_clock()
                name = self.random.choices(list(deeds), weights)[0]
                self.counts[f"till: {name}"] += 1
                self.said.append(f"{name} at {self.at_ms} {self.tz:+}")
                deeds[name][1]()
                self.check()

    def deeds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        """What can happen, and how often."""
        return {
            "sale": (60, self.sale),
            "undoing": (14, self.undoing),
            "refund": (10, self.refund),
            "activity": (14, self.activity),
            "adjustment": (8, self.adjustment),
            "enrollment": (4, self.enroll),
        }

    def set_clock(self) -> None:
        """Time goes on; often only so far that a sale can be undone yet."""
        if self.random.random() < 0.5:
            self.at_ms += self.random.randint(0, 60_000)
        else:
            later = self.at_ms + draw_sale.draw_pause(self.random) // 4
            if self.random.random() < 0.3:
                later = draw_sale.on_the_clock(self.random, later, self.tz)
            self.at_ms = max(self.at_ms, later)
        if self.random.random() < 0.05:
            self.tz = self.random.choice(draw_sale.OFFSETS)
        self.got.clock.time_ms, self.got.clock.tz = self.at_ms, self.tz

    def agree(self, what: str, expected: object, got: object) -> None:
        """Say what was seen, and stop if it is not the same."""
        self.said.append(f"  {what}: {got}")
        if expected != got:
            raise Different(what, expected, got)

    def check(self) -> None:
        """Compare what everybody has."""
        for person in self.people:
            self.agree("balance", person.expected.book.balance(), self.got.balance(person.member))
        self.agree("stock left", stock.left(self.program, self.expected.sales()), self.got.left())
        self.expected.raise_tiers(self.at_ms, self.tz)

    def enroll(self) -> None:
        """Somebody becomes a member."""
        birthday = self.random.choice(BIRTHDAYS)
        account = self.expected.enroll(self.at_ms, self.tz, birthday)
        member, points = self.got.enroll(birthday)
        self.agree("points to begin with", account.book.balance(), points)
        self.people.append(Person(account, member))
        self.expected.raise_tiers(self.at_ms, self.tz)

    def sale(self) -> None:
        """A sale, often with rewards or a voucher or both."""
        person = self.random.choice((*self.people, None)) if self.random.random() < 0.3 else None
        person = person if self.random.random() < 0.1 else self.random.choice(self.people)
        facts = draw_shared.draw_facts(
            self.random,
            person.expected if person else None,
            self.program,
            at_ms=self.at_ms,
            tz_minutes=self.tz,
        )
        choices = self.choices(facts) if person else []
        voucher, code = self.voucher()
        self.said.append(f"  {facts}, {[(reward.id, part) for reward, part in choices]}, {voucher}")
        stocked = [reward for reward, _ in choices if reward.stock.in_all is not None]
        refused = not stock.are_there(self.program, stocked, self.expected.sales())
        if voucher is not None:
            takes = self.expected.takes(voucher, self.at_ms, self.tz)
            self.agree("voucher can be used", takes, self.got.reads(code))
            self.counts[f"till: voucher {'good' if takes else 'no more'}"] += 1
        account = person.expected if person else None
        expected = self.expected.sell(account, facts, choices, voucher)
        got = self.got.sell(person.member if person else None, facts, choices, code)
        self.agree("is sold", expected is not None, got is not None)
        self.count_sale(expected, voucher, refused=refused, stocked=bool(stocked))
        if expected is not None and got is not None:
            self.compare_sale(expected, got[1])
            self.compare_facts(expected.facts, got[0], is_member=person is not None)
            (person.sales if person else self.nobody).append(Sold(expected, got[0].id))

    def count_sale(
        self, sold: Sale | None, voucher: Voucher | None, *, refused: bool, stocked: bool
    ) -> None:
        """Count what was compared."""
        self.counts["till: stock refused"] += refused
        self.counts["till: stock taken"] += stocked and sold is not None
        if voucher is not None and sold is not None:
            self.counts["till: voucher taken"] += 1
            self.counts["till: voucher of points taken"] += voucher.points > 0

    def choices(self, facts: SaleFacts) -> list[tuple[Reward, int | None]]:
        """Draw rewards, and how many points are to pay."""
        return [
            (reward, draw_shared.draw_part(self.random, self.program, reward, facts))
            for reward in draw_shared.draw_rewards(self.random, self.program)
        ]

    def voucher(self) -> tuple[Voucher | None, str]:
        """Draw none, a new one, or one that was shown before, whatever became of it."""
        if self.random.random() < 0.45:
            return None, ""
        if self.vouchers and self.random.random() < 0.45:
            return self.random.choice(self.vouchers)
        amount, points = draw_shared.draw_worth(self.random)
        until = draw_shared.draw_until(self.random, self.at_ms, self.tz)
        name, code = self.got.issue(amount=amount, points=points, until=until)
        voucher = Voucher(name, until, amount=amount, points=points)
        if self.random.random() < 0.04:
            voucher, code = dataclasses.replace(voucher, is_signed=False), self.got.forged(code)
        self.vouchers.append((voucher, code))
        return self.vouchers[-1]

    def compare_sale(self, sold: Sale, got: dict[str, object]) -> None:
        """Compare what the counter shows of a sale."""
        discount = sum(one.discount for one in sold.facts.rewards)
        for name, value in {
            "rewards": list[RewardTaken](sold.facts.rewards),
            "discount": discount,
            "to pay": sold.facts.total - discount,
            "points": sold.earned.points,
            "redeemed": sum(one.points for one in sold.facts.rewards),
            "voucher points": sold.voucher_points,
            "stamps": sold.earned.stamps,
        }.items():
            self.agree(name, value, got[name])

    def compare_facts(self, facts: SaleFacts, event: SaleRecorded, *, is_member: bool) -> None:
        """Compare what the till stored with the sale: its tier, and what it knew."""
        if not is_member:
            return
        self.agree("tier", facts.tier, event.tier or self.program.tiers[0].id)
        known = event.known
        counts = {name: facts.known.tally.get(name, 0) for name in known.tally}
        self.agree("known counts", counts, known.tally)
        self.agree("birthdays", set(facts.known.birthday_rules), set(known.birthday_rules))
        self.agree(
            "last visit",
            facts.known.last_visit_ms,
            known.last_visit_ms or facts.known.last_visit_ms,
        )

    def sold(self) -> list[tuple[Person | None, Sold]]:
        """Return all sales, whose they are beside them."""
        mine = [(person, sold) for person in self.people for sold in person.sales]
        return [*mine, *((None, sold) for sold in self.nobody)]

    def undoing(self) -> None:
        """A sale of a moment ago is undone; one that changed since is not."""
        new = [
            (person, sold)
            for person, sold in self.sold()
            if not sold.expected.reversed and self.at_ms - sold.expected.facts.at_ms < UNDO_MS
        ]
        if not new:
            return
        person, sold = self.random.choice(new)
        sale = sold.expected
        got = self.got.undo(sold.event)
        may = not sum(sale.state.lines) and not sale.state.gone
        self.agree("is undone", may, got is not None)
        if got is None:
            return
        for name, value in {
            "earned": sale.earned.points,
            "redeemed": sum(one.points for one in sale.facts.rewards),
            "voucher points": sale.voucher_points,
        }.items():
            self.agree(name, value, got[name])
        if person is None:
            sale.reversed = True
        else:
            place = next(n for n, one in enumerate(person.expected.sales) if one is sale)
            person.expected.undo(place, self.at_ms, self.tz)

    def refund(self) -> None:
        """Goods come back, all or a part; a voucher stays used."""
        whole = [(person, sold) for person, sold in self.sold() if not sold.expected.is_gone()]
        open_ones = [
            (person, sold) for person, sold in whole if person and sold.expected.facts.total
        ]
        if not open_ones:
            return
        person, sold = self.random.choice(open_ones)
        assert person is not None
        place = next(n for n, one in enumerate(person.expected.sales) if one is sold.expected)
        left = sold.expected.facts.total - sum(sold.expected.state.lines)
        amount = self.random.choice((left, left, self.random.randint(1, left)))
        self.said.append(f"  {amount} of {sold.expected.facts}")
        effect = person.expected.refund(place, self.at_ms, self.tz, amount=amount, lines={})
        got = self.got.refund(sold.event, amount)
        for name, value in {
            "amount": effect.amount,
            "cash": effect.cash,
            "earned_taken": effect.earned_taken,
            "redeemed_returned": effect.redeemed_returned,
            "forgiven": effect.forgiven,
            "stamps_taken": effect.stamps_taken,
            "left": left - effect.amount,
        }.items():
            self.agree(name, value, got[name] if got else None)

    def activity(self) -> None:
        """Something else than a purchase, with a second name or without."""
        rules = [
            rule for rule in self.program.activities if rule.approval is not Approval.AUTOMATIC
        ]
        person, rule = self.random.choice(self.people), self.random.choice(rules)
        names = (draw_shared.CASHIER, self.random.choice(draw_shared.NAMES))
        expected = self.expected.activity(person.expected, rule, self.at_ms, self.tz, names=names)
        self.said.append(f"  {rule} of {names}")
        self.agree("activity", expected, self.got.activity(person.member, rule.id, names=names))
        word = "given" if expected == rule.points else "cut" if expected else "refused"
        self.counts[f"till: activity {word}"] += 1

    def adjustment(self) -> None:
        """Points by hand: more, fewer, or more fewer than there are."""
        person = self.random.choice(self.people)
        balance = person.expected.book.balance()
        points = self.random.choice(
            (25, 1, -1, -balance, -balance - 1, -self.random.randint(1, 40))
        )
        names = (draw_shared.CASHIER, self.random.choice((*draw_shared.NAMES, "eva", "eva")))
        why = self.random.choice(("", "a slip", "a slip", "a slip"))
        self.said.append(f"  {points} of {names}, {why!r}")
        expected = self.expected.adjust(
            person.expected, points, self.at_ms, self.tz, names=names, why=why
        )
        self.agree(
            "adjustment", expected, self.got.adjust(person.member, points, names=names, why=why)
        )
        self.counts[f"till: adjustment {'done' if expected else 'refused'}"] += 1
