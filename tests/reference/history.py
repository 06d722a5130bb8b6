"""What happens to members of a drawn program, done by product and reference at once."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import ReferralEvent
from pos_loyalty.domain.event import Event, SaleLine
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import PointsForMoney, Reward, RewardTaken
from tests.reference import (
    account,
    counting,
    draw_sale,
    earning,
    lots,
    product,
    refunds,
    rewards,
    tiers,
)
from tests.reference.draw_program import SEGMENTS, SHOPS, ProgramDrawer
from tests.reference.money import DAY_MS


class Different(Exception):
    """Product and reference disagree."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(what)
        self.what, self.expected, self.got = what, expected, got


@dataclass
class Member:
    """One member, as the reference has it and as the product does."""

    expected: account.Account
    got: product.Account


class History:
    """Two members of one program, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.program = self.draw_program()
        self.at_ms = draw_sale.START_MS + self.random.randint(0, 365) * DAY_MS
        self.tz = self.random.choice(draw_sale.OFFSETS)
        self.journal: list[Event] = []
        self.members = (self.member(product.MEMBER), self.member(product.OTHER))
        self.expected, self.got = self.members[0].expected, self.members[0].got
        self.needs = self.got.needs()
        self.said: list[str] = []
        self.counts: Counter[str] = Counter()

    def draw_program(self) -> LoyaltyProgram:
        return ProgramDrawer(self.random).program()

    def member(self, member: MemberId) -> Member:
        """Draw a birthday and segments."""
        birthday = self.random.choice(("", "02-29", "03-01", "12-31", "01-02", "07-15"))
        segments = tuple(one for one in SEGMENTS if self.random.random() < 0.4)
        return Member(
            account.Account(self.program, self.at_ms, birthday=birthday, segments=segments),
            product.Account(
                self.program,
                self.at_ms,
                birthday=birthday,
                segments=segments,
                member=member,
                journal=self.journal,
            ),
        )

    def begin(self) -> None:
        """Give both members points of earlier days: lots with different ends."""
        for member in self.members:
            self.expected, self.got = member.expected, member.got
            for days in range(self.random.choice((0, 1, 2, 3))):
                self.at_ms += self.random.randint(0, 20 * days) * DAY_MS
                self.both_accrue(self.random.randint(1, 60))

    def run(self) -> None:
        """Live through it; raises :class:`Different` at the first difference."""
        self.begin()
        deeds = self.deeds()
        names = list(deeds)
        weights = [deeds[name][0] for name in names]
        for _ in range(self.random.randint(4, 22)):
            self.at_ms = self.next_moment()
            if self.random.random() < 0.1:
                self.tz = self.random.choice(draw_sale.OFFSETS)
            name = self.random.choices(names, weights)[0]
            self.counts[name] += 1
            place = self.random.choices((0, 1), (4, 1))[0]
            self.expected, self.got = self.members[place].expected, self.members[place].got
            self.said.append(f"{name} of member {place} at {self.at_ms} {self.tz:+}")
            deeds[name][1]()
            for member in self.members:
                self.check_standing(member)

    def next_moment(self) -> int:
        """Draw a later moment; often one at which something begins or ends, or just before."""
        later = self.at_ms + draw_sale.draw_pause(self.random)
        edges = [
            edge
            for member in self.members
            for edge in (
                *(lot.ends or 0 for lot in member.expected.book.lots),
                *(lot.usable for lot in member.expected.book.lots),
                *self.tier_edges(member),
            )
            if edge - 1 > self.at_ms
        ]
        if edges and self.random.random() < 0.12:
            return self.random.choice((min(edges), self.random.choice(edges))) - self.random.choice(
                (0, 0, 1)
            )
        if self.random.random() < 0.3:
            return max(self.at_ms, draw_sale.on_the_clock(self.random, later, self.tz))
        return later

    def tier_edges(self, member: Member) -> tuple[int, int]:
        """When a granted tier is over, and when one that was reached is."""
        standing = member.expected.standing
        end = tiers.window_end(
            self.program.tier_rules,
            standing.reached_ms,
            tz_minutes=self.tz,
            enrolled_ms=member.expected.enrolled_ms,
        )
        return standing.until_ms, end if standing.reached else 0

    def deeds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        """What can happen, and how often."""
        return {
            "sale": (60, self.sale),
            "refund": (16, self.refund),
            "strange sale": (3, self.strange_sale),
            "undoing": (4, self.undoing),
            "move": (5, self.move),
            "activity": (6, self.activity),
            "adjustment": (3, self.adjustment),
            "promised": (2, self.promised),
            "expiration": (9, self.expiration),
            "end of all": (1, self.end_of_all),
            "reinstatement": (3, self.reinstatement),
            "grant": (2, self.grant),
            "referral": (3, self.referral),
            "inactivity": (1, self.inactivity),
        }

    def agree(self, what: str, expected: object, got: object) -> None:
        """Say what was seen, and stop if it is not the same."""
        self.said.append(f"  {what}: {got}")
        if expected != got:
            raise Different(what, expected, got)

    def check_standing(self, member: Member) -> None:
        """Compare the tier, the lots and the counts."""
        have = member.expected.judge(self.at_ms, self.tz)
        expected = {
            "measures": dataclasses.astuple(have),
            "tier": member.expected.standing.held,
        }
        self.agree("tier", expected, member.got.judge(self.at_ms, self.tz))
        expected_view = member.expected.view(self.at_ms, self.needs)
        got_view = member.got.view(self.at_ms)
        for name, value in expected_view.items():
            self.agree(name, value, got_view[name])

    def sale(self) -> None:
        """A sale, often with rewards."""
        shop = self.random.choice(SHOPS)
        lines = self.lines()
        total = sum(line.amount for line in lines) if lines else self.random.randint(0, 4000)
        tax = sum(line.tax for line in lines) if lines else total * 7 // 107
        when: dict[str, int] = {"at_ms": self.at_ms, "tz_minutes": self.tz}
        expected_known = self.expected.known(shop=shop, **when)
        got_known = self.got.known(shop=shop, **when)
        self.check_known(expected_known, got_known)
        facts = SaleFacts(
            total=total,
            tier=self.program.tiers[self.expected.standing.held].id,
            at_ms=self.at_ms,
            offset_minutes=self.tz,
            tax=tax,
            lines=lines,
            known=expected_known,
        )
        on_sale = self.rewards(facts, got_known)
        to_pay = total - sum(one.discount for one in on_sale)
        facts = msgspec.structs.replace(
            facts, rewards=on_sale, payments=draw_sale.draw_payments(self.random, to_pay)
        )
        self.said.append(f"  {facts}")
        sold = self.expected.sell(facts)
        got = self.got.sell(msgspec.structs.replace(facts, known=got_known))
        for name, value in {
            "points": sold.earned.points,
            "points without words": sold.earned.points,
            "points of the last words": sold.earned.points,
            "lines": sold.earned.lines,
            "sale_points": sold.earned.sale_points,
            "stamps": sold.earned.stamps,
            "by_rule": {rule: points for rule, points in sold.earned.by_rule.items() if points},
            "ends": sold.ends,
            "usable": sold.usable,
        }.items():
            self.agree(name, value, got[name])

    def strange_sale(self) -> None:
        """A card that is nobody's, a tier of another program, or lines that do not add up."""
        lines = self.lines()
        total = sum(line.amount for line in lines) + self.random.choice((0, 0, 700))
        facts = SaleFacts(
            total=total,
            tier=self.random.choice(("", "tier-9", "tier-1")),
            at_ms=self.at_ms,
            offset_minutes=self.tz,
            tax=total * 7 // 107,
            lines=lines,
            payments=draw_sale.draw_payments(self.random, total),
        )
        known = self.got.known_of_nobody(
            shop=self.random.choice(SHOPS), at_ms=self.at_ms, tz_minutes=self.tz
        )
        facts = msgspec.structs.replace(facts, known=known)
        self.said.append(f"  {facts}")
        self.agree("nobody's counts", {}, known.tally)
        earned, got = earning.earn(self.program, facts), product.earn(self.program, facts)
        self.agree("strange points", earned.points, got.points)
        self.agree("strange lines", earned.lines, list(got.lines))

    def lines(self) -> tuple[SaleLine, ...]:
        return draw_sale.draw_discount_line(self.random, draw_sale.draw_lines(self.random))

    def check_known(self, expected: MemberFacts, got: MemberFacts) -> None:
        """The product stores less; what it stores is so."""
        self.agree(
            "known counts", {key: expected.tally.get(key, 0) for key in got.tally}, got.tally
        )
        self.agree("birthdays", set(expected.birthday_rules), set(got.birthday_rules))
        self.agree("shop", expected.shop, got.shop or expected.shop)
        self.agree(
            "last visit", expected.last_visit_ms, got.last_visit_ms or expected.last_visit_ms
        )
        self.agree("segments", set(expected.segments), {*got.segments, *expected.segments})

    def rewards(self, facts: SaleFacts, known: MemberFacts) -> tuple[RewardTaken, ...]:
        """Ask for up to three rewards; those that can be had and paid go on the sale."""
        count = min(self.random.choice((0, 0, 1, 1, 2, 3)), len(self.program.rewards))
        choices = [
            (reward, self.part_of(reward, facts))
            for reward in self.random.sample(self.program.rewards, count)
        ]
        if not choices:
            return ()
        expected = rewards.take(
            self.program,
            facts,
            choices,
            tally=self.expected.tally(),
            balance=self.expected.book.balance(),
        )
        got = self.got.rewards(msgspec.structs.replace(facts, known=known), choices)
        self.said.append(f"  {facts}")
        self.said.append(f"  {choices}, balance {self.expected.book.balance()}")
        self.agree("rewards", expected, got)
        self.counts["rewards had" if expected else "rewards refused"] += 1
        points = sum(one.points for one in expected or ())
        spendable = self.expected.book.balance() - self.expected.book.pending(self.at_ms)
        # A till may promise too much, once in a while: what is not there is a debt.
        if not expected or (points > spendable and self.random.random() < 0.8):
            return ()
        return tuple(expected)

    def part_of(self, reward: Reward, facts: SaleFacts) -> int | None:
        """Draw how many points are to pay."""
        if not isinstance(reward, PointsForMoney) or self.random.random() < 0.3:
            return None
        cost = rewards.cost(self.program, reward, facts)
        return self.random.randint(0, 6) * cost + self.random.choice((0, 0, 0, 0, 1))

    def refund(self) -> None:
        """A part of a sale comes back, all that is left of it, or more than there is."""
        places = [place for place, sale in enumerate(self.expected.sales) if not sale.reversed]
        if not places:
            return
        # Those that redeemed from several lots are rare, and have the most to go wrong.
        parts = [len(self.expected.sales[place].redeemed.parts) for place in places]
        place = self.random.choices(places, [1 + 4 * count * count for count in parts])[0]
        sale = self.expected.sales[place]
        left = sale.facts.total - sum(sale.state.lines)
        amount, lines = 0, dict[int, int]()
        if self.random.random() < 0.5:
            part = self.random.randint(0, left + 5)
            amount = self.random.choice((left, part, left // 2, left // 3))
        else:
            rest = refunds.left_of_lines(sale.facts, sale.state.lines)
            for line in self.random.sample(range(len(rest)), self.random.randint(1, len(rest))):
                lines[line] = self.random.choice((rest[line], self.random.randint(0, rest[line])))
        if left == 0 or not (amount or sum(lines.values())):
            return
        self.said.append(f"  of sale {place}: {amount} or {lines}")
        when: dict[str, int] = {"at_ms": self.at_ms, "tz_minutes": self.tz}
        effect = self.expected.refund(place, amount=amount, lines=lines, **when)
        got = self.got.refund(place, amount=amount, lines=lines, **when)
        for name, value in {
            "amount": effect.amount,
            "lines": {line: part for line, part in enumerate(effect.lines) if part},
            "earned_taken": effect.earned_taken,
            "redeemed_returned": effect.redeemed_returned,
            "discount_returned": effect.discount_returned,
            "cash": effect.cash,
            "forgiven": effect.forgiven,
            "stamps_taken": effect.stamps_taken,
            "state by events": True,
        }.items():
            self.agree(name, value, got[name])

    def undoing(self) -> None:
        """A sale of which nothing came back never was."""
        places = [
            place
            for place, sale in enumerate(self.expected.sales)
            if not sale.reversed and not sum(sale.state.lines) and not sale.state.gone
        ]
        if places:
            place = self.random.choice(places)
            self.said.append(f"  sale {place}")
            self.expected.undo(place, self.at_ms, self.tz)
            self.got.undo(place, self.at_ms, self.tz)

    def move(self) -> None:
        """A sale goes to the other member."""
        here = 0 if self.members[0].expected is self.expected else 1
        other = self.members[1 - here]
        places = [
            place
            for place, sale in enumerate(self.expected.sales)
            if not sale.facts.rewards and not sale.is_gone()
        ]
        if not places:
            return
        place = self.random.choice(places)
        facts = self.expected.sales[place].facts
        when: dict[str, int] = {"at_ms": facts.at_ms, "tz_minutes": facts.offset_minutes}
        shop = facts.known.shop
        facts = msgspec.structs.replace(
            facts, tier=self.program.tiers[other.expected.standing.held].id
        )
        expected_known = other.expected.known(shop=shop, **when)
        got_known = other.got.known(shop=shop, **when)
        self.check_known(expected_known, got_known)
        self.said.append(f"  sale {place}, back {self.expected.sales[place].state}: {facts}")
        self.said.append(f"  {expected_known}, {got_known}")
        self.agree(
            "moved",
            self.expected.move(
                place,
                self.at_ms,
                to=other.expected,
                facts=msgspec.structs.replace(facts, known=expected_known),
            ),
            self.got.move(
                place,
                self.at_ms,
                to=other.got,
                facts=msgspec.structs.replace(facts, known=got_known),
            ),
        )

    def activity(self) -> None:
        """Something else than a purchase; its points are points."""
        if not self.program.activities:
            return
        rule = self.random.choice(self.program.activities)
        when: dict[str, int] = {"at_ms": self.at_ms, "tz_minutes": self.tz}
        given = counting.activity_points(rule, self.expected.tally(), **when)
        self.agree("activity", given, self.got.activity(rule, **when))
        self.expected.activities.append((rule.id, given, self.at_ms, self.tz))
        self.both_accrue(given)

    def both_accrue(self, points: int) -> None:
        ends = self.expected.ends_at(self.at_ms, self.tz)
        self.expected.book.accrue(points, self.at_ms, ends, 0)
        self.got.accrue(points, self.at_ms, self.tz)

    def adjustment(self) -> None:
        """A manual entry, up or down."""
        points = self.random.randint(1, 40)
        if self.random.random() < 0.5:
            self.both_accrue(points)
        else:
            self.expected.book.redeem(points, self.at_ms)
            self.got.redeem(points, self.at_ms, 0)

    def promised(self) -> None:
        """A redemption that a till had rights for before its points ended."""
        points = self.random.randint(1, 40)
        promised = self.random.randint(0, points)
        self.expected.book.redeem(points, self.at_ms, promised)
        self.got.redeem(points, self.at_ms, promised)

    def expiration(self) -> None:
        """What ended goes, but for what a till may still spend."""
        promised = self.random.choice((0, 0, 0, self.random.randint(1, 60)))
        self.said.append(f"  promised {promised}, {self.expected.book}")
        self.expected.book.settle(self.at_ms)
        ended = sum(
            lot.points for lot in self.expected.book.lots if lots.has_ended(lot, self.at_ms)
        )
        living = self.expected.book.usable(self.at_ms)
        keep = min(ended, max(0, promised - living)) if promised else 0
        self.agree("kept", keep, self.got.kept(self.at_ms, promised))
        gone = self.expected.book.expire(self.at_ms, keep)
        self.agree("expired", gone, self.got.expire(self.at_ms, keep))

    def inactivity(self) -> None:
        """When all ends unless the member comes again."""
        ends = lots.inactivity_ends(self.program.expiration, last_ms=self.at_ms, tz_minutes=self.tz)
        self.agree("inactivity", ends, self.got.inactivity_ends(self.at_ms, self.tz))

    def referral(self) -> None:
        """What one event of an invited member pays."""
        rule = self.program.referral
        if rule is None:
            return
        event = self.random.choice(tuple(ReferralEvent))
        total = self.random.choice((0, rule.minimum, self.random.randint(0, 1500)))
        before, times = self.random.randint(0, 2), self.random.randint(0, 2)
        expected = counting.referral(
            rule, event, spent=total, paid_before=before, is_first=times == 0
        )
        self.said.append(f"  {rule}: {event} of {total}, paid {before} and {times} times before")
        self.agree("referral", expected, self.got.referral(rule, event, total, before, times))

    def end_of_all(self) -> None:
        """The member was not here for long, or lost a tier."""
        gone = self.expected.book.expire_all(self.at_ms)
        self.agree("ended", gone, self.got.expire_all(self.at_ms))

    def reinstatement(self) -> None:
        """The owner gives new life to what expired."""
        rules = self.program.expiration
        revived = self.expected.book.reinstate(
            rules.reinstatement_days, self.at_ms, self.tz, rules.grace_days
        )
        self.agree("revived", revived, self.got.reinstate(self.at_ms, self.tz))

    def grant(self) -> None:
        """A tier for a time."""
        place = self.random.randrange(len(self.program.tiers))
        until = self.at_ms + self.random.randint(1, 200) * DAY_MS
        self.said.append(f"  tier {place} until {until}, standing {self.expected.standing}")
        tiers.grant(self.expected.standing, place, until)
        self.got.grant(place, until)
