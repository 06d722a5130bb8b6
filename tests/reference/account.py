"""A member's account by the reference: everything is computed again from all that happened."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import Stamps
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.program import LoyaltyProgram
from tests.reference import conditions, earning, lots, money, refunds, tiers
from tests.reference.counting import count
from tests.reference.earning import Earned


@dataclass
class Sale:
    """A sale and what came back of it; ``redeemed`` says where its points came from.

    ``voucher_points`` came with a voucher.
    """

    facts: SaleFacts
    earned: Earned
    state: refunds.State
    redeemed: lots.Taken = field(default_factory=lots.Taken)
    ends: int | None = None
    usable: int = 0
    reversed: bool = False
    voucher_points: int = 0

    def is_gone(self) -> bool:
        """Whether nothing of it remains."""
        return self.reversed or refunds.is_whole(self.facts, self.state.lines)


@dataclass
class Account:
    """One member."""

    program: LoyaltyProgram
    enrolled_ms: int
    birthday: str = ""
    segments: tuple[str, ...] = ()
    last_visit_ms: int = 0
    standing: tiers.Standing = field(default_factory=tiers.Standing)
    book: lots.Book = field(default_factory=lots.Book)
    sales: list[Sale] = field(default_factory=list[Sale])
    activities: list[tuple[str, int, int, int]] = field(
        default_factory=list[tuple[str, int, int, int]]
    )

    def tally(self) -> dict[str, int]:
        """Everything that is counted, in every period."""
        tally: dict[str, int] = {}
        for sale in self.sales:
            for name, amount in self.counts(sale).items():
                count(
                    tally,
                    name,
                    amount,
                    at_ms=sale.facts.at_ms,
                    tz_minutes=sale.facts.offset_minutes,
                )
        for activity, points, at_ms, tz_minutes in self.activities:
            count(tally, f"activity:{activity}", points, at_ms=at_ms, tz_minutes=tz_minutes)
        return tally

    def counts(self, sale: Sale) -> dict[str, int]:
        """What a sale counts after all that came back of it."""
        if sale.is_gone():
            return {}
        facts, back = sale.facts, sum(sale.state.lines)
        discount = money.discount(facts)
        discount_left = discount - refunds.gone(discount, back, facts.total)
        stamps = sale.state.stamps_left
        counts = {
            "visits": 1,
            "points": sale.state.points_left,
            "spend": facts.total - back - discount_left,
        }
        for card, given in stamps.items():
            counts[f"stamps:{card}"] = given
        for one in facts.rewards:
            reward = self.program.reward(one.reward)
            counts[f"reward:{one.reward}"] = 1
            if reward is not None and reward.stamp_card:
                key = f"stamps:{reward.stamp_card}"
                counts[key] = counts.get(key, 0) - one.stamps
        counts |= self.counts_of_rules(sale, stamps)
        return counts

    def counts_of_rules(self, sale: Sale, stamps: Mapping[str, int]) -> dict[str, int]:
        """Points of a rule in proportion to the sale's, stamps to those of the card."""
        cards = {
            rule.id: rule.give.card for rule in self.program.rules if isinstance(rule.give, Stamps)
        }
        counts: dict[str, int] = {}
        for rule, given in sale.earned.by_rule.items():
            if rule in cards:
                left, whole = stamps.get(cards[rule], 0), sale.state.stamps.get(cards[rule], 0)
            else:
                left, whole = sale.state.points_left, sale.state.earned
            counts[f"rule:{rule}"] = given if left == whole else given * left // whole
        return counts

    def judge(self, at_ms: int, tz_minutes: int) -> tiers.Measures:
        """Judge the tier by what is counted now."""
        have = tiers.measures(
            self.tally(),
            self.program.tier_rules,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            enrolled_ms=self.enrolled_ms,
        )
        tiers.judge(
            self.program,
            self.standing,
            have,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            enrolled_ms=self.enrolled_ms,
        )
        return have

    def raise_tier(self, at_ms: int, tz_minutes: int) -> None:
        """Up at once, also at a till: the tier is held as soon as it is reached."""
        have = tiers.measures(
            self.tally(),
            self.program.tier_rules,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            enrolled_ms=self.enrolled_ms,
        )
        self.standing.held = max(self.standing.held, tiers.reached(self.program, have))

    def known(self, *, shop: str, at_ms: int, tz_minutes: int) -> MemberFacts:
        """All that a sale may know of the member."""
        day = money.clock(at_ms, tz_minutes).date()
        asked = [(rule.id, rule.when) for rule in (*self.program.rules, *self.program.offers)]
        asked += [(f"reward:{reward.id}", reward.when) for reward in self.program.rewards]
        return MemberFacts(
            shop=shop,
            segments=self.segments,
            birthday_rules=tuple(
                rule
                for rule, when in asked
                if when.birthday_days is not None
                and conditions.near_birthday(self.birthday, day, when.birthday_days)
            ),
            last_visit_ms=self.last_visit_ms,
            tally={"visits": 0, **self.tally()},
        )

    def sell(self, facts: SaleFacts) -> Sale:
        """Pay the rewards, then earn."""
        earned = earning.earn(self.program, facts)
        nothing = [0] * len(refunds.amounts(facts))
        state = refunds.State(nothing, earned.points, dict(earned.stamps))
        sale = Sale(facts, earned, state)
        redeemed = sum(one.points for one in facts.rewards)
        if redeemed:
            sale.redeemed = self.book.redeem(redeemed, facts.at_ms)
        sale.ends = self.ends_at(facts.at_ms, facts.offset_minutes, facts.tier)
        sale.usable = earning.pending_until(self.program, facts.at_ms)
        self.book.accrue(earned.points, facts.at_ms, sale.ends, sale.usable)
        self.sales.append(sale)
        self.last_visit_ms = max(self.last_visit_ms, facts.at_ms)
        return sale

    def ends_at(self, at_ms: int, tz_minutes: int, tier: str = "") -> int | None:
        """When points earned now end, by the tier of their sale or the one that is held."""
        held = self.program.tiers[self.standing.held]
        tier_of = next((each for each in self.program.tiers if each.id == tier), held)
        return lots.ends_at(
            self.program.expiration,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            extra_months=tier_of.expires_later_months,
        )

    def refund(
        self, place: int, at_ms: int, tz_minutes: int, *, amount: int, lines: Mapping[int, int]
    ) -> refunds.Effect:
        """Goods of a sale come back: first its rewards' points, then what it earned goes."""
        sale = self.sales[place]
        effect = refunds.refund(
            self.program,
            sale.facts,
            sale.state,
            amount=amount,
            lines=lines,
            balance=self.book.balance(),
        )
        self.give_back(place, effect.redeemed_returned, at_ms, tz_minutes)
        self.take_back(place, effect.earned_taken, at_ms)
        return effect

    def undo(self, place: int, at_ms: int, tz_minutes: int) -> None:
        """A sale never was: what it redeemed comes back, what it earned and its voucher go."""
        sale = self.sales[place]
        self.give_back(place, sum(one.points for one in sale.facts.rewards), at_ms, tz_minutes)
        self.take_back(place, sale.earned.points, at_ms)
        self.book.redeem(sale.voucher_points, at_ms)
        sale.reversed = True
        self.last_visit_ms = max(
            (other.facts.at_ms for other in self.sales if not other.reversed), default=0
        )

    def move(self, place: int, at_ms: int, *, to: "Account", facts: SaleFacts) -> tuple[int, int]:
        """A sale goes to another member: the points it still has, and what it earns there."""
        sale = self.sales[place]
        taken = sale.state.points_left
        self.take_back(place, taken, at_ms)
        self.sales.remove(sale)
        back = sale.state.lines
        given = refunds.earns_now(self.program, facts, back)
        stamps = refunds.stamps_now(self.program, facts, back)
        state = refunds.State(back, given, stamps)
        state.earned += sale.state.gone
        state.gone = sale.state.gone
        for card, number in sale.state.stamps_gone.items():
            earning.add(state.stamps, card, number)
            earning.add(state.stamps_gone, card, number)
        ends = self.ends_at(facts.at_ms, facts.offset_minutes, facts.tier)
        to.book.accrue(given, at_ms, ends, sale.usable)
        to.last_visit_ms = max(to.last_visit_ms, facts.at_ms)
        to.sales.append(
            Sale(facts, earning.earn(self.program, facts), state, ends=ends, usable=sale.usable)
        )
        return taken, given

    def give(self, points: int, at_ms: int, tz_minutes: int) -> None:
        """Points that no sale earned; they can be used at once."""
        self.book.accrue(points, at_ms, self.ends_at(at_ms, tz_minutes), 0)

    def claim(self, sale: Sale, points: int, at_ms: int, tz_minutes: int) -> None:
        """A voucher of points on a sale gives them."""
        sale.voucher_points = points
        self.give(points, at_ms, tz_minutes)

    def activity(self, activity: str, points: int, at_ms: int, tz_minutes: int) -> None:
        """Something else than a purchase; its points are counted and are points."""
        self.activities.append((activity, points, at_ms, tz_minutes))
        self.give(points, at_ms, tz_minutes)

    def adjust(self, points: int, at_ms: int, tz_minutes: int) -> int:
        """Points by hand; taking away never goes below zero. Return what was done."""
        if points >= 0:
            self.give(points, at_ms, tz_minutes)
            return points
        taken = min(-points, max(0, self.book.balance()))
        self.book.redeem(taken, at_ms)
        return -taken

    def give_back(self, place: int, points: int, at_ms: int, tz_minutes: int) -> None:
        """Points redeemed on a sale come back."""
        self.book.give_back(
            self.sales[place].redeemed,
            points,
            at_ms,
            self.program.expiration.grace_days,
            self.ends_at(at_ms, tz_minutes),
        )

    def take_back(self, place: int, points: int, at_ms: int) -> None:
        """Points of a sale go."""
        sale = self.sales[place]
        self.book.take_back(points, at_ms, sale.ends, sale.usable)

    def view(self, at_ms: int, needs: Collection[str]) -> dict[str, object]:
        """What is there: lots of each end, those that wait, the debt, and what is counted."""
        self.book.settle(at_ms)
        return {
            "balance": self.book.balance(),
            "debt": self.book.debt,
            "usable": self.book.usable(at_ms),
            "next end": self.book.next_end(at_ms),
            "pending": self.book.pending(at_ms),
            "waiting": {
                (lot.ends, lot.usable): lot.points for lot in self.book.lots if lot.usable > at_ms
            },
            "lots": {lot.ends: lot.points for lot in self.book.lots if lot.usable <= at_ms},
            "tally": {
                name: amount
                for name, amount in self.tally().items()
                if amount and asked_as(name) in needs
            },
        }


def asked_as(name: str) -> str:
    """How a program asks for a count: "points@2027-W03" is "points@week"."""
    bare, _, period = name.partition("@")
    kinds = {0: "", 4: "@year", 7: "@month", 8: "@week", 10: "@day"}
    return bare + kinds[len(period)]
