"""The product's answer to each question that the comparer asks, in plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pos_loyalty.domain.accrual import SaleFacts, earn, earned_points, pending_until
from pos_loyalty.domain.activity import activity_points
from pos_loyalty.domain.earning_rule import ActivityRule, ReferralEvent, ReferralRule
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Basket,
    Event,
    RefundLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    StampsGiven,
)
from pos_loyalty.domain.ids import EventId, MemberId, TierId
from pos_loyalty.domain.lot import (
    EMPTY_BOOK,
    Allocation,
    LotBook,
    accrue,
    balance,
    ends_at,
    expire,
    expire_all,
    give_back,
    inactivity_ends_at,
    kept_for,
    next_end,
    pending,
    redeem,
    reinstate,
    take_back,
    usable,
)
from pos_loyalty.domain.member_facts import MemberFacts, Tally
from pos_loyalty.domain.member_known import known_for
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice, RewardHand, take_rewards
from pos_loyalty.domain.referral import referral_payments
from pos_loyalty.domain.refund import (
    RefundEffect,
    RefundRequest,
    Returned,
    move_effect,
    nothing_returned,
    refund_effect,
    returned_by,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.refund_remains import stamps_now
from pos_loyalty.domain.reward import Reward, RewardTaken
from pos_loyalty.domain.spend_rights import Rights, cover_redemption
from pos_loyalty.domain.tally import needed_by, plus, tally_left, tally_of, without
from pos_loyalty.domain.tier import measures_of, rank_of
from pos_loyalty.domain.tier_standing import TierClock, TierStanding, tier_after, tier_granted

View = dict[str, object]
MEMBER = MemberId("a" * 32)
OTHER = MemberId("b" * 32)
MEASURES = frozenset(
    name + period for name in ("points", "spend", "visits") for period in ("", "@month")
)
"""What tiers are measured by; a till that knows them otherwise does not count it."""


@dataclass
class Sale:
    """A sale as the product keeps it."""

    event: SaleRecorded
    facts: SaleFacts
    tally: Tally
    measured: Tally
    state: Returned
    redeemed: Allocation = field(default_factory=Allocation)
    ends: int | None = None
    usable: int = 0
    undone: bool = False
    refunds: list[SaleRefunded] = field(default_factory=list[SaleRefunded])


@dataclass
class Account:
    """One member, by the product's functions."""

    program: LoyaltyProgram
    enrolled_ms: int
    birthday: str = ""
    segments: tuple[str, ...] = ()
    last_visit_ms: int = 0
    tally: Tally = field(default_factory=dict[str, int])
    measured: Tally = field(default_factory=dict[str, int])
    book: LotBook = EMPTY_BOOK
    standing: TierStanding = field(default_factory=TierStanding)
    sales: list[Sale] = field(default_factory=list[Sale])
    member: MemberId = MEMBER
    journal: list[Event] = field(default_factory=list[Event])

    def base(self, at_ms: int, tz_minutes: int) -> dict[str, Any]:
        """Return what every event has; its number in the journal is its id."""
        return {
            "v": 1,
            "id": EventId(f"{len(self.journal):032x}"),
            "at_ms": at_ms,
            "boot_ms": 1,
            "tz_minutes": tz_minutes,
            "program": self.program.version,
        }

    def place_of(self, sale: Sale) -> int:
        """Return a sale's number in the journal, counted from 1."""
        return next(n for n, event in enumerate(self.journal, 1) if event.id == sale.event.id)

    def known(self, *, shop: str, at_ms: int, tz_minutes: int) -> MemberFacts:
        return known_for(
            self.program,
            sheet_tally=self.tally,
            segments=self.segments,
            birthday=self.birthday,
            last_visit_ms=self.last_visit_ms,
            shop=shop,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
        )

    def known_of_nobody(self, *, shop: str, at_ms: int, tz_minutes: int) -> MemberFacts:
        """Return what is known at a sale on a card without a member."""
        return known_for(
            self.program,
            sheet_tally=None,
            segments=(),
            birthday="",
            last_visit_ms=0,
            shop=shop,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
        )

    def rewards(
        self, facts: SaleFacts, choices: Sequence[tuple[Reward, int | None]]
    ) -> list[RewardTaken] | None:
        chosen = [RewardChoice(id=reward.id, points=points) for reward, points in choices]
        there = balance(self.book)
        hand = RewardHand(facts=facts, tally=self.tally, balance_points=there)
        try:
            taken = take_rewards(self.program, total=facts.total, choices=chosen, hand=hand)
            cover_redemption(
                points=sum(one.points for one in taken),
                rights=Rights(),
                allowance=0,
                balance=there,
                alone=True,
            )
        except RuleViolation:
            return None
        return list(taken)

    def sell(self, facts: SaleFacts) -> View:
        accrual = earn(self.program, facts)
        redeemed = sum(one.points for one in facts.rewards)
        event = SaleRecorded(
            **self.base(facts.at_ms, facts.offset_minutes),
            sale=Basket(
                total=facts.total,
                currency=self.program.currency,
                lines=tuple(facts.lines),
                payments=tuple(facts.payments),
                tax=facts.tax,
            ),
            member=self.member,
            tier=TierId(facts.tier),
            earned=accrual.points,
            rewards=tuple(facts.rewards),
            redeemed=redeemed,
            rights_used=redeemed,
            known=facts.known,
            stamps=accrual.stamps,
            pending_until_ms=pending_until(self.program, facts.at_ms),
        )
        self.journal.append(event)
        sale = Sale(
            event,
            facts,
            tally_of(self.program, event),
            tally_of(self.program, event, MEASURES),
            nothing_returned(event),
        )
        if redeemed:
            self.book, sale.redeemed = redeem(self.book, points=redeemed, at_ms=facts.at_ms)
        tier = self.program.tiers[rank_of(self.program.tiers, facts.tier)]
        sale.ends = ends_at(
            self.program.expiration,
            at_ms=facts.at_ms,
            tz_minutes=facts.offset_minutes,
            extra_months=tier.expires_later_months,
        )
        sale.usable = event.pending_until_ms
        self.book = accrue(
            self.book,
            points=accrual.points,
            at_ms=facts.at_ms,
            ends_ms=sale.ends,
            usable_ms=sale.usable,
        )
        self.tally = plus(self.tally, sale.tally)
        self.measured = plus(self.measured, sale.measured)
        self.last_visit_ms = max(self.last_visit_ms, facts.at_ms)
        self.sales.append(sale)
        return {
            "points": accrual.points,
            "points without words": earned_points(self.program, facts),
            "points of the last words": accrual.trace[-1].points if accrual.trace else 0,
            "lines": list(accrual.lines),
            "sale_points": accrual.sale_points,
            "stamps": stamps_of([(one.card, one.count) for one in accrual.stamps]),
            "by_rule": {rule: points for rule, points in accrual.by_rule if points},
            "ends": sale.ends,
            "usable": sale.usable,
        }

    def refund(
        self, place: int, at_ms: int, tz_minutes: int, *, amount: int, lines: Mapping[int, int]
    ) -> View:
        sale = self.sales[place]
        request = RefundRequest(
            amount=amount or sum(lines.values()),
            lines=tuple(RefundLine(line=line, amount=part) for line, part in lines.items()),
        )
        effect = refund_effect(
            self.program, sale.event, sale.state, request, balance=balance(self.book)
        )
        sale.state = effect.after
        sale.refunds.append(self.refunded(sale, effect, at_ms, tz_minutes))
        self.journal.append(sale.refunds[-1])
        self.give_back(place, effect.redeemed_returned, at_ms, tz_minutes)
        self.take_back(place, effect.earned_taken, at_ms)
        self.count_again(sale)
        coming = {one.line: one.amount for one in effect.lines}
        return {
            "amount": effect.amount,
            "lines": {line: part for line, part in coming.items() if part},
            "earned_taken": effect.earned_taken,
            "redeemed_returned": effect.redeemed_returned,
            "discount_returned": effect.discount_returned,
            "cash": effect.cash,
            "forgiven": effect.forgiven,
            "stamps_taken": stamps_of([(one.card, one.count) for one in effect.stamps_taken]),
            "state by events": returned_by(sale.event, sale.refunds) == sale.state,
        }

    def refunded(
        self, sale: Sale, effect: RefundEffect, at_ms: int, tz_minutes: int
    ) -> SaleRefunded:
        """Return the event that a till writes about it."""
        return SaleRefunded(
            **self.base(at_ms, tz_minutes),
            sale_id=sale.event.id,
            member=self.member,
            amount=effect.amount,
            lines=effect.lines,
            earned_taken=effect.earned_taken,
            redeemed_returned=effect.redeemed_returned,
            rights_returned=effect.redeemed_returned,
            cash=effect.cash,
            forgiven=effect.forgiven,
            stamps_taken=effect.stamps_taken,
        )

    def count_again(self, sale: Sale) -> None:
        """Count what a sale still counts in place of what it counted."""
        left = what_is_left(sale.event, sale.state)

        def still(needed: frozenset[str] | None) -> Tally:
            return tally_left(
                self.program,
                sale.event,
                needed,
                earned=left.earned,
                spend=left.spend,
                stamps=left.stamps,
                is_gone=left.is_gone,
            )

        self.tally = plus(without(self.tally, sale.tally), still(None))
        self.measured = plus(without(self.measured, sale.measured), still(MEASURES))
        sale.tally, sale.measured = still(None), still(MEASURES)

    def undo(self, place: int, at_ms: int, tz_minutes: int) -> None:
        sale = self.sales[place]
        self.give_back(place, sale.event.redeemed, at_ms, tz_minutes)
        self.take_back(place, sale.event.earned, at_ms)
        self.journal.append(
            SaleReversed(
                **self.base(at_ms, tz_minutes),
                sale_id=sale.event.id,
                sale_seq=self.place_of(sale),
                member=self.member,
                earned_taken=sale.event.earned,
                redeemed_returned=sale.event.redeemed,
                rights_returned=sale.event.redeemed,
            )
        )
        self.tally = without(self.tally, sale.tally)
        self.measured = without(self.measured, sale.measured)
        sale.undone = True
        self.last_visit_ms = max(
            (one.facts.at_ms for one in self.sales if not one.undone), default=0
        )

    def move(self, place: int, at_ms: int, *, to: "Account", facts: SaleFacts) -> tuple[int, int]:
        sale = self.sales.pop(place)
        taken, given = move_effect(self.program, sale.event, sale.state, facts)
        move = SaleMoved(
            **self.base(at_ms, sale.event.tz_minutes),
            sale_id=sale.event.id,
            sale_seq=self.place_of(sale),
            to_member=to.member,
            from_member=self.member,
            earned_taken=taken,
            earned_given=given,
            tier=TierId(facts.tier),
            known=facts.known,
            stamps=tuple(
                StampsGiven(card=card, count=count)
                for card, count in stamps_now(self.program, facts, sale.state.lines).items()
                if count
            ),
        )
        self.journal.append(move)
        self.book = take_back(
            self.book, points=taken, at_ms=at_ms, ends_ms=sale.ends, usable_ms=sale.usable
        )
        self.tally = without(self.tally, sale.tally)
        self.measured = without(self.measured, sale.measured)
        to.receive(sale, sale_after_move(sale.event, move, sale.state), facts, given, at_ms)
        return taken, given

    def receive(
        self, sale: Sale, event: SaleRecorded, facts: SaleFacts, given: int, at_ms: int
    ) -> None:
        """Take a sale over that stands so for refunds from now on."""
        tier = self.program.tiers[rank_of(self.program.tiers, facts.tier)]
        ends = ends_at(
            self.program.expiration,
            at_ms=facts.at_ms,
            tz_minutes=facts.offset_minutes,
            extra_months=tier.expires_later_months,
        )
        self.book = accrue(
            self.book, points=given, at_ms=at_ms, ends_ms=ends, usable_ms=sale.usable
        )
        moved = Sale(event, facts, {}, {}, sale.state, ends=ends, usable=sale.usable)
        moved.refunds = sale.refunds
        self.sales.append(moved)
        self.last_visit_ms = max(self.last_visit_ms, facts.at_ms)
        self.count_again(moved)

    def referral(
        self, rule: ReferralRule, event: ReferralEvent, total: int, before: int, times: int
    ) -> tuple[int, int]:
        paid = referral_payments(
            rule, event, total=total, paid_for_referred=times, paid_to_referrer=before
        )
        return paid.referrer, paid.referred

    def kept(self, at_ms: int, promised: int) -> int:
        return kept_for(self.book, at_ms=at_ms, promised=promised)

    def inactivity_ends(self, at_ms: int, tz_minutes: int) -> int | None:
        return inactivity_ends_at(self.program.expiration, last_ms=at_ms, tz_minutes=tz_minutes)

    def activity(self, rule: ActivityRule, at_ms: int, tz_minutes: int) -> int:
        given = activity_points(rule, self.tally, at_ms=at_ms, tz_minutes=tz_minutes).points
        event = ActivityRecorded(
            **self.base(at_ms, tz_minutes),
            member=self.member,
            activity=rule.id,
            points=given,
            approved_by="ida",
        )
        self.journal.append(event)
        self.tally = plus(self.tally, tally_of(self.program, event))
        return given

    def accrue(self, points: int, at_ms: int, tz_minutes: int) -> None:
        ends = self.ends_now(at_ms, tz_minutes)
        self.book = accrue(self.book, points=points, at_ms=at_ms, ends_ms=ends)

    def ends_now(self, at_ms: int, tz_minutes: int) -> int | None:
        """Return when points end that no sale earns now, by the tier held."""
        tier = self.program.tiers[rank_of(self.program.tiers, self.standing.tier)]
        return ends_at(
            self.program.expiration,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            extra_months=tier.expires_later_months,
        )

    def redeem(self, points: int, at_ms: int, promised: int) -> None:
        self.book, _ = redeem(self.book, points=points, at_ms=at_ms, promised=promised)

    def take_back(self, sale: int, points: int, at_ms: int) -> None:
        one = self.sales[sale]
        self.book = take_back(
            self.book, points=points, at_ms=at_ms, ends_ms=one.ends, usable_ms=one.usable
        )

    def give_back(self, sale: int, points: int, at_ms: int, tz_minutes: int) -> None:
        one, rules = self.sales[sale], self.program.expiration
        self.book, one.redeemed = give_back(
            self.book,
            one.redeemed,
            points=points,
            at_ms=at_ms,
            grace_days=rules.grace_days,
            ends_ms=self.ends_now(at_ms, tz_minutes),
        )

    def expire(self, at_ms: int, keep: int) -> int:
        days = self.program.expiration.reinstatement_days
        self.book, gone = expire(self.book, at_ms=at_ms, keep=keep, remember_days=days)
        return gone

    def expire_all(self, at_ms: int) -> int:
        days = self.program.expiration.reinstatement_days
        self.book, gone = expire_all(self.book, at_ms=at_ms, remember_days=days)
        return gone

    def reinstate(self, at_ms: int, tz_minutes: int) -> int:
        rules = self.program.expiration
        self.book, revived = reinstate(
            self.book,
            days=rules.reinstatement_days,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            grace_days=rules.grace_days,
        )
        return revived

    def judge(self, at_ms: int, tz_minutes: int) -> View:
        measures = measures_of(
            self.measured,
            self.program.tier_rules,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            enrolled_ms=self.enrolled_ms,
        )
        clock = TierClock(at_ms=at_ms, tz_minutes=tz_minutes, enrolled_ms=self.enrolled_ms)
        self.standing = tier_after(
            self.program.tiers, self.program.tier_rules, self.standing, measures, clock
        )
        return {
            "measures": (measures.points, measures.spend, measures.visits),
            "tier": rank_of(self.program.tiers, self.standing.tier),
        }

    def grant(self, place: int, until_ms: int) -> None:
        tier = self.program.tiers[place].id
        self.standing = tier_granted(self.program.tiers, self.standing, tier, until_ms=until_ms)

    def view(self, at_ms: int) -> View:
        """What is there: lots of each end, those that wait, the debt, and what is counted."""
        settled, _ = redeem(self.book, points=0, at_ms=at_ms)
        assert balance(settled) == balance(self.book)
        end = next_end(self.book, at_ms)
        return {
            "balance": balance(self.book),
            "debt": settled.debt,
            "usable": usable(self.book, at_ms),
            "next end": (end.points, end.at_ms),
            "pending": pending(self.book, at_ms).points,
            "waiting": {(lot.ends_ms, lot.usable_ms): lot.points for lot in settled.waiting},
            "lots": {lot.ends_ms: lot.points for lot in settled.lots},
            "tally": {name: count for name, count in self.tally.items() if count},
        }

    def needs(self) -> frozenset[str]:
        return needed_by(self.program)


def stamps_of(stamps: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Add up stamps by card; a card with none is not named."""
    total: dict[str, int] = {}
    for card, count in stamps:
        total[card] = total.get(card, 0) + count
    return {card: count for card, count in total.items() if count}
