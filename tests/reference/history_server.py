"""What several tills do without each other, as a server's books and the reference have it."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import Approval
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    RefundLine,
    SaleRefunded,
    SaleReversed,
    VoucherClaimed,
)
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules, Never
from pos_loyalty.domain.ids import EventId, MemberId, StreamId
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from tests.reference import counting, draw_sale, draw_shared, money, rewards, stock, vouchers
from tests.reference.account import Account, asked_as
from tests.reference.history import Different
from tests.reference.product_books import BooksInMemory
from tests.reference.server_order import APPLIED, DIFFERS, Server
from tests.reference.till_alone import ENROLLMENT
from tests.reference.tills_away import (
    Deed,
    OwnSale,
    TillAway,
    redeemed_on,
    sale_event,
    stamps_given,
)
from tests.reference.vouchers import Voucher

MEMBERS = (MemberId("a" * 32), MemberId("b" * 32))


class ServerHistory:
    """Two members and several tills of one program, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"server {seed}")
        self.program = self.draw_program()
        self.at_ms = draw_sale.START_MS + self.random.randint(0, 365 * 24) * draw_sale.HOUR_MS
        self.tz = self.random.choice(draw_sale.OFFSETS)
        self.tills = [
            TillAway(StreamId(f"{number}" * 32)) for number in range(1, self.random.randint(3, 4))
        ]
        self.expected = Server(self.program)
        self.got = self.make_books()
        self.vouchers: list[Voucher] = []
        self.events = 0
        self.said: list[str] = []
        self.counts: Counter[str] = Counter()

    def draw_program(self) -> LoyaltyProgram:
        """Points that are not there any more make a debt, whatever a till knew of them."""
        model = self.random.choice((Never(), AfterEarning(months=13), AfterEarning(days=500)))
        return draw_shared.draw_program(
            self.random,
            expiration=ExpirationRules(model=model, warnings_days=()),
            refunds=RefundRules(already_spent=AlreadySpent.ALLOW_NEGATIVE),
        )

    def make_books(self) -> BooksInMemory:
        streams = [till.stream for till in self.tills]
        return BooksInMemory(self.program, streams, now_ms=self.server_now())

    def run(self) -> None:
        """Live through it; raises :class:`Different` at the first difference."""
        deeds: dict[str, tuple[int, Callable[[TillAway], None]]] = {
            "sale": (60, self.sale),
            "undoing": (16, self.undoing),
            "refund": (10, self.refund),
            "activity": (18, self.activity),
            "adjustment": (10, self.adjustment),
            "hearing": (30, self.hear),
        }
        weights = [weight for weight, _ in deeds.values()]
        for member in MEMBERS:
            self.enroll(self.tills[0], member)
        for till in self.tills:
            self.hear(till)
        for _ in range(self.random.randint(6, 26)):
            self.go_on()
            name = self.random.choices(list(deeds), weights)[0]
            self.counts[f"server: {name}"] += 1
            deeds[name][1](self.random.choice(self.tills))
        for till in self.tills:
            self.hear(till)

    def go_on(self) -> None:
        """Time goes on; the server hears of an activity before its day is over.

        It lets the counts of periods go that are over by its clock.
        """
        later = self.at_ms + self.random.choice((60_000, draw_sale.HOUR_MS, draw_sale.DAY_MS))
        if money.clock(later, self.tz).date() != money.clock(self.at_ms, self.tz).date():
            for till in self.tills:
                if till.has_activity:
                    self.hear(till)
        self.at_ms = later

    def agree(self, what: str, expected: object, got: object) -> None:
        """Say what was seen, and stop if it is not the same."""
        self.said.append(f"  {what}: {got}")
        if expected != got:
            raise Different(what, expected, got)

    def base(self) -> dict[str, Any]:
        """Return what every event has."""
        self.events += 1
        return {
            "v": 1,
            "id": EventId(f"{self.events:032x}"),
            "at_ms": self.at_ms,
            "boot_ms": 1,
            "tz_minutes": self.tz,
            "program": self.program.version,
            "cashier": draw_shared.CASHIER,
        }

    def write(self, till: TillAway, count: int, deed: Deed) -> int:
        """Put so many events into a till's journal; return the place of the first."""
        till.outbox.append(deed)
        till.written += count
        return till.written - count + 1

    def server_now(self) -> int:
        """Return what the server's clock shows."""
        return self.at_ms

    def hear(self, till: TillAway) -> None:
        """The server hears of all that a till did, and the till of its shares."""
        self.expected.now_ms = self.server_now()
        pairs = [pair for deed in till.outbox for pair in deed()]
        till.outbox.clear()
        till.has_activity = False
        self.said += [f"till {till.stream[0]}: {event} is {verdict}" for event, verdict in pairs]
        events = [event for event, _ in pairs]
        got = self.take(till.stream, events)
        for (event, expected), verdict in zip(pairs, got, strict=True):
            if expected:
                self.agree(f"verdict on {type(event).__name__}", expected, verdict)
        for reward in stock.counted(self.program):
            till.share[reward.id] = self.share(till.stream, reward.id)
        self.check_stock()
        for member in MEMBERS:
            if member in self.expected.accounts:
                self.check_member(member)

    def take(self, stream: StreamId, events: Sequence[Event]) -> list[str]:
        """Let the product take events, and return its verdicts."""
        return self.got.take(stream, events, now_ms=self.server_now())

    def share(self, stream: StreamId, reward: str) -> int:
        """Return how many of a reward the product lets a till give away."""
        return self.got.share(stream, reward)

    def check_promises(self) -> None:
        """What is away and what tills may still give is never more than there is."""
        for reward in stock.counted(self.program):
            assert reward.stock.in_all is not None
            promised = sum(
                max(till.share.get(reward.id, 0), till.taken(reward.id)) for till in self.tills
            )
            left = reward.stock.in_all - promised
            self.agree(f"{reward.id} is enough", max(0, left), left)

    def check_stock(self) -> None:
        """Compare what is away, and whether honest tills are told of."""
        self.check_promises()
        for reward in stock.counted(self.program):
            away = stock.taken(reward.id, [sale for _, sale in self.expected.sales.values()])
            self.agree(f"{reward.id} away", away, self.got.away(reward.id))
        self.agree("above a share", [], self.got.above_shares())

    def check_member(self, member: MemberId) -> None:
        """Compare what is kept of a member."""
        account, got = self.expected.accounts[member], self.got.view(member)
        self.agree("balance", account.book.balance(), got["balance"])
        self.agree("tier", self.program.tiers[account.standing.held].id, got["tier"])
        needs = self.got.needs
        if needs.tally:
            self.check_tally(account.tally(), self.got.tally(member))
        if needs.has_lots:
            lots = {lot.ends: lot.points for lot in account.book.lots}
            self.agree("lots", (lots, account.book.debt), (got["lots"], got["debt"]))
        if needs.has_last_visit:
            self.agree("last visit", account.last_visit_ms, got["last visit"])

    def check_tally(self, expected: dict[str, int], got: dict[str, int]) -> None:
        """Compare what is counted: for ever, and in the periods of now; of others what is kept."""
        now = counting.periods(self.server_now(), self.tz).values()
        asked = {
            name: count
            for name, count in expected.items()
            if asked_as(name) in self.got.needs.tally
            and (name in got or "@" not in name or name.rpartition("@")[2] in now)
        }
        self.agree("tally", {name: count for name, count in asked.items() if count}, got)

    def enroll(self, till: TillAway, member: MemberId) -> None:
        """A member, with all that the till gives by itself."""
        base, at_ms, tz = self.base(), self.at_ms, self.tz
        event = MemberEnrolled(**base, member=member, welcome=self.program.welcome_points)

        def deed() -> list[tuple[Event, str]]:
            self.expected.enroll(member, at_ms, tz)
            return [(event, APPLIED)]

        self.write(till, 1, deed)
        for rule in self.program.activities:
            if rule.id == ENROLLMENT:
                self.record(till, member, rule.id, rule.points, names=(draw_shared.CASHIER, ""))

    def sale(self, till: TillAway) -> None:
        """A sale with rewards that the till may give, and often a voucher."""
        member = self.random.choice((*MEMBERS, *MEMBERS, *MEMBERS, None))
        account = self.expected.accounts[member] if member else None
        facts = draw_shared.draw_facts(
            self.random, account, self.program, at_ms=self.at_ms, tz_minutes=self.tz
        )
        if account is not None:
            facts = self.with_rewards(till, facts, account)
        voucher = self.voucher(till, facts, is_member=account is not None)
        if voucher is not None:
            on_sale = vouchers.put_on(facts, voucher)
            assert on_sale is not None
            facts = msgspec.structs.replace(facts, rewards=(*facts.rewards, on_sale))
        base, claim = self.base(), self.base()

        def deed() -> list[tuple[Event, str]]:
            sold = self.expected.sell(base["id"], member, facts)
            events: list[tuple[Event, str]] = [(sale_event(base, member, sold), "")]
            if voucher is not None:
                events.append(self.claim(claim, voucher, base["id"], member))
            return events

        place = self.write(till, 2 if voucher else 1, deed)
        till.sales.append(OwnSale(base["id"], place, facts, voucher))
        few = {reward.id for reward in stock.counted(self.program)}
        self.counts["server: stock taken"] += any(one.reward in few for one in facts.rewards)

    def claim(
        self, base: dict[str, Any], voucher: Voucher, sale: EventId, member: MemberId | None
    ) -> tuple[Event, str]:
        """What the till writes beside the sale."""
        event = VoucherClaimed(
            **base,
            voucher=voucher.id,
            sale_id=sale,
            member=member,
            discount=voucher.amount,
            points=voucher.points,
        )
        verdict = self.expected.claim(
            voucher.id, sale, voucher.points, base["at_ms"], base["tz_minutes"]
        )
        self.counts[f"server: claim {verdict}"] += 1
        return event, verdict

    def with_rewards(self, till: TillAway, facts: SaleFacts, account: Account) -> SaleFacts:
        """Put rewards on that can be had here, those of which there are few before others."""
        chosen = draw_shared.draw_rewards(self.random, self.program)
        if not all(till.has(reward) for reward in chosen):
            self.counts["server: stock refused"] += 1
            return facts
        taken = rewards.take(
            self.program,
            facts,
            [(one, draw_shared.draw_part(self.random, self.program, one, facts)) for one in chosen],
            tally=account.tally(),
            # Two tills may redeem the same points: what is not there is a debt.
            balance=account.book.balance() + self.random.choice((0, 0, 0, 60)),
        )
        return msgspec.structs.replace(facts, rewards=tuple(taken or ()))

    def voucher(self, till: TillAway, facts: SaleFacts, *, is_member: bool) -> Voucher | None:
        """Draw one that the till takes: not one that counts for a sale of its own."""
        if self.random.random() < 0.4:
            return None
        here = {sale.voucher.id for sale in till.sales if sale.voucher and not sale.undone}
        old = [voucher for voucher in self.vouchers if voucher.id not in here]
        if old and self.random.random() < 0.6:
            voucher = self.random.choice(old)
        else:
            amount, points = draw_shared.draw_worth(self.random)
            until = draw_shared.draw_until(self.random, self.at_ms, self.tz)
            voucher = Voucher(f"V-{len(self.vouchers)}", until, amount=amount, points=points)
            self.vouchers.append(voucher)
        is_nobodys = voucher.points > 0 and not is_member
        if is_nobodys or vouchers.put_on(facts, voucher) is None:
            return None
        return None if vouchers.is_over(voucher, self.at_ms, self.tz) else voucher

    def undoing(self, till: TillAway) -> None:
        """A sale of the till is undone of which nothing came back."""
        places = [sale for sale in till.sales if not sale.undone and not sale.back]
        if not places:
            return
        own = self.random.choice(places)
        own.undone = True
        base = self.base()

        def deed() -> list[tuple[Event, str]]:
            account, sold = self.expected.sales[own.event]
            member = self.member_of(account)
            earned, redeemed = sold.earned.points, redeemed_on(sold)
            self.expected.undo(own.event, base["at_ms"], base["tz_minutes"])
            event = SaleReversed(
                **base,
                sale_id=own.event,
                sale_seq=own.place,
                member=member,
                earned_taken=earned,
                redeemed_returned=redeemed,
                rights_returned=redeemed,
                voucher_points_taken=own.voucher.points if own.voucher else 0,
            )
            return [(event, "")]

        self.write(till, 1, deed)
        self.counts["server: undone with a voucher"] += own.voucher is not None

    def member_of(self, account: Account | None) -> MemberId | None:
        """Return whose account it is."""
        mine = (member for member, one in self.expected.accounts.items() if one is account)
        return MemberId(next(mine, "")) or None

    def refund(self, till: TillAway) -> None:
        """Goods of a member's sale come back where they were bought."""
        places = [
            sale
            for sale in till.sales
            if not sale.undone and sale.facts.known.tally and sale.back < sale.facts.total
        ]
        if not places:
            return
        own = self.random.choice(places)
        left = own.facts.total - own.back
        amount = self.random.choice((left, self.random.randint(1, left)))
        own.back += amount
        base = self.base()

        def deed() -> list[tuple[Event, str]]:
            account, _ = self.expected.sales[own.event]
            effect = self.expected.refund(own.event, amount, base["at_ms"], base["tz_minutes"])
            event = SaleRefunded(
                **base,
                sale_id=own.event,
                member=self.member_of(account),
                amount=effect.amount,
                lines=tuple(
                    RefundLine(line=line, amount=part)
                    for line, part in enumerate(effect.lines)
                    if part
                ),
                earned_taken=effect.earned_taken,
                redeemed_returned=effect.redeemed_returned,
                rights_returned=effect.redeemed_returned,
                cash=effect.cash,
                forgiven=effect.forgiven,
                stamps_taken=stamps_given(effect.stamps_taken),
            )
            return [(event, APPLIED)]

        self.write(till, 1, deed)

    def activity(self, till: TillAway) -> None:
        """Something else than a purchase, by whoever is there; the caps are the server's."""
        rules = [
            rule for rule in self.program.activities if rule.approval is not Approval.AUTOMATIC
        ]
        rule = self.random.choice(rules)
        names = (draw_shared.CASHIER, self.random.choice((*draw_shared.NAMES, "eva", "eva")))
        member = self.random.choice(MEMBERS)
        if self.random.random() < 0.05:
            self.record(till, member, "dance", 5, names=names)
        else:
            self.record(till, member, rule.id, rule.points, names=names)

    def record(
        self,
        till: TillAway,
        member: MemberId,
        activity: str,
        points: int,
        *,
        names: tuple[str, str],
    ) -> None:
        """Write an activity down."""
        till.has_activity = True
        base = self.base()

        def deed() -> list[tuple[Event, str]]:
            given = self.expected.activity(
                member, activity, base["at_ms"], base["tz_minutes"], names=names
            )
            event = ActivityRecorded(
                **base, member=member, activity=activity, points=points, approved_by=names[1]
            )
            word = "counts" if given == points else "cut" if given else "counts not"
            self.counts[f"server: activity {word}"] += 1
            return [(event, APPLIED if given == points else DIFFERS)]

        self.write(till, 1, deed)

    def adjustment(self, till: TillAway) -> None:
        """Points by hand, by what the till believes that there are."""
        member = self.random.choice(MEMBERS)
        balance = self.expected.accounts[member].book.balance()
        names = (draw_shared.CASHIER, self.random.choice((*draw_shared.NAMES, "eva", "eva", "eva")))
        points = self.random.choice((25, 3, -max(1, balance), -max(1, balance), -7))
        base = self.base()

        def deed() -> list[tuple[Event, str]]:
            event = PointsAdjusted(
                **base, member=member, points=points, reason="a slip", approved_by=names[1]
            )
            verdict = self.expected.adjust(
                member, points, base["at_ms"], base["tz_minutes"], names=names
            )
            self.counts[f"server: adjustment {verdict}"] += 1
            return [(event, verdict)]

        self.write(till, 1, deed)
