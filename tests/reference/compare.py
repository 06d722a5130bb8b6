"""Runs product and reference side by side over random programs and histories.

    python -m tests.reference.compare --seeds 1000 --start 0 [--json]

Prints the first difference of each seed, and on the last line the counts as JSON. The exit
code is 0 only if there is none.
"""

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.reward import PointsForMoney, Reward, RewardTaken
from tests.reference import account, counting, draw_sale, product, refunds, rewards, tiers
from tests.reference.draw_program import SEGMENTS, SHOPS, ProgramDrawer
from tests.reference.money import DAY_MS


class Different(Exception):
    """Product and reference disagree."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(what)
        self.what, self.expected, self.got = what, expected, got


class History:
    """One member of one program, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.program = ProgramDrawer(self.random).program()
        self.at_ms = draw_sale.START_MS + self.random.randint(0, 365) * DAY_MS
        self.tz = self.random.choice(draw_sale.OFFSETS)
        birthday = self.random.choice(("", "02-29", "03-01", "12-31", "01-02", "07-15"))
        segments = tuple(one for one in SEGMENTS if self.random.random() < 0.4)
        self.expected = account.Account(
            self.program, self.at_ms, birthday=birthday, segments=segments
        )
        self.got = product.Account(self.program, self.at_ms, birthday=birthday, segments=segments)
        self.needs = self.got.needs()
        self.said: list[str] = []
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Live through it; raises :class:`Different` at the first difference."""
        deeds = self.deeds()
        names = list(deeds)
        weights = [deeds[name][0] for name in names]
        for _ in range(self.random.randint(4, 22)):
            self.at_ms += draw_sale.draw_pause(self.random)
            if self.random.random() < 0.1:
                self.tz = self.random.choice(draw_sale.OFFSETS)
            name = self.random.choices(names, weights)[0]
            self.counts[name] += 1
            self.said.append(f"{name} at {self.at_ms} {self.tz:+}")
            deeds[name][1]()
            self.check_standing()

    def deeds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        """What can happen, and how often."""
        return {
            "sale": (60, self.sale),
            "refund": (16, self.refund),
            "activity": (6, self.activity),
            "adjustment": (3, self.adjustment),
            "promised": (2, self.promised),
            "expiration": (9, self.expiration),
            "end of all": (1, self.end_of_all),
            "reinstatement": (3, self.reinstatement),
            "grant": (2, self.grant),
        }

    def agree(self, what: str, expected: object, got: object) -> None:
        """Say what was seen, and stop if it is not the same."""
        self.said.append(f"  {what}: {got}")
        if expected != got:
            raise Different(what, expected, got)

    def check_standing(self) -> None:
        """Compare the tier, the lots and the counts."""
        have = self.expected.judge(self.at_ms, self.tz)
        expected = {
            "measures": dataclasses.astuple(have),
            "tier": self.expected.standing.held,
        }
        self.agree("tier", expected, self.got.judge(self.at_ms, self.tz))
        expected_view = self.expected.view(self.at_ms, self.needs)
        got_view = self.got.view(self.at_ms)
        for name, value in expected_view.items():
            self.agree(name, value, got_view[name])

    def sale(self) -> None:
        """A sale, often with rewards."""
        shop = self.random.choice(SHOPS)
        lines = draw_sale.draw_discount_line(self.random, draw_sale.draw_lines(self.random))
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
            "lines": sold.earned.lines,
            "sale_points": sold.earned.sale_points,
            "stamps": sold.earned.stamps,
            "by_rule": {rule: points for rule, points in sold.earned.by_rule.items() if points},
            "ends": sold.ends,
            "usable": sold.usable,
        }.items():
            self.agree(name, value, got[name])

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
        if not self.expected.sales:
            return
        place = self.random.randrange(len(self.expected.sales))
        sale = self.expected.sales[place]
        left = sale.facts.total - sum(sale.state.lines)
        amount, lines = 0, dict[int, int]()
        if self.random.random() < 0.5:
            amount = self.random.choice((left, left, self.random.randint(0, left + 5)))
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
        }.items():
            self.agree(name, value, got[name])

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
        keep = self.random.choice((0, 0, 0, self.random.randint(1, 30)))
        gone = self.expected.book.expire(self.at_ms, keep)
        self.agree("expired", gone, self.got.expire(self.at_ms, keep))

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
        tiers.grant(self.expected.standing, place, until)
        self.got.grant(place, until)


def difference_of(seed: int, counts: Counter[str]) -> dict[str, Any] | None:
    """Run one seed; return where the two part, or None."""
    history = History(seed)
    try:
        history.run()
    except Different as found:
        return {
            "seed": seed,
            "what": found.what,
            "expected": repr(found.expected),
            "got": repr(found.got),
            "said": history.said,
            "program": repr(history.program),
        }
    finally:
        counts.update(history.counts)
    return None


def compare(seeds: Sequence[int]) -> tuple[list[Mapping[str, Any]], Counter[str]]:
    """Run seeds; return the differences, and what happened how often."""
    counts: Counter[str] = Counter()
    found = [one for seed in seeds if (one := difference_of(seed, counts)) is not None]
    return list(found), counts


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Compares the rules with their reference.")
    parser.add_argument("--seeds", type=int, default=200, help="how many histories")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="differences as JSON, one a line")
    parser.add_argument("--steps", action="store_true", help="with all steps up to it")
    arguments = parser.parse_args(argv)
    found, counts = compare(range(arguments.start, arguments.start + arguments.seeds))
    write = sys.stdout.write
    for one in found:
        if arguments.json:
            write(json.dumps(one) + "\n")
            continue
        write(f"seed {one['seed']}: {one['what']}\n  expected {one['expected']}\n")
        write(f"  got      {one['got']}\n")
        if arguments.steps:
            write("".join(f"    {line}\n" for line in (one["program"], *one["said"])))
    summary = {
        "histories": arguments.seeds,
        "differences": len(found),
        "first": [one["seed"] for one in found[:10]],
        "deeds": dict(sorted(counts.items())),
    }
    write(json.dumps(summary) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
