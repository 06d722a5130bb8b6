"""All members under one version of the program: the shop's own events, computed by its rules.

What members took as rewards stays as it was: the discount is the same under every version. In
points it costs what this version asks for that reward; a reward that the version does not
have costs points of the same worth.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping

import msgspec

from pos_loyalty.domain.accrual import earn, earned_points, pending_until
from pos_loyalty.domain.activity import activity_points
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    StampsGiven,
    TierGranted,
    VoucherClaimed,
)
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.member_known import known_for
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.referral import PaidByPurchase
from pos_loyalty.domain.refund import (
    Returned,
    move_effect,
    nothing_returned,
    refund_effect,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.replay_account import Account, Rules
from pos_loyalty.domain.replay_invitations import Invitations
from pos_loyalty.domain.reward import PointsForMoney, RewardTaken, worth_of
from pos_loyalty.domain.reward_condition import cost_of, stamps_of
from pos_loyalty.domain.rounding import part_of, steps_begun
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.domain.tally import tally_left, tally_of, without
from pos_loyalty.domain.tally_key import periods_at
from pos_loyalty.domain.tier_standing import tier_granted
from pos_loyalty.domain.voucher import voucher_of

_MICRO = 1_000_000


class Person(msgspec.Struct, frozen=True):
    """What rules ask of a member that no event tells, as the books know it now."""

    segments: tuple[str, ...] = ()
    birthday: str = ""


NOBODY = Person()


class Visit(msgspec.Struct, frozen=True):
    """Whose account an event goes to, who that is, at which shop, and whether figures count it."""

    who: str
    person: Person
    shop: str
    counts: bool


class Month(msgspec.Struct):
    """What came in one month: points earned, and stamps by card."""

    points: int = 0
    stamps: Counter[str] = msgspec.field(default_factory=Counter[str])


class Totals(msgspec.Struct):
    """What a version gave and took since the day from which figures count."""

    earned: int = 0
    other: int = 0
    redeemed: int = 0
    expired: int = 0
    months: dict[str, Month] = msgspec.field(default_factory=dict[str, Month])


class _Kept(msgspec.Struct):
    """A sale that a later event refers to, as this version computed it."""

    sale: SaleRecorded
    returned: Returned
    visit: Visit


class Side:
    """The books of one version.

    Args:
        program: the version.
        referred: the ids of sales that a later event refers to: only these are remembered.
        program_of: returns the version by which a sale was recorded.
    """

    def __init__(
        self,
        program: LoyaltyProgram,
        *,
        referred: Container[str],
        program_of: Callable[[str], LoyaltyProgram | None],
    ) -> None:
        self.rules = Rules(program)
        self.totals = Totals()
        self.accounts: dict[str, Account] = {}
        self._referred = referred
        self._program_of = program_of
        self._kept: dict[str, _Kept] = {}
        self._invitations = Invitations(program.referral)
        self._keys: dict[str, str] = {}

    def sale(self, event: SaleRecorded, visit: Visit) -> SaleFacts:
        """Compute a sale by this version, and return what it depended on."""
        account = self._at(visit, event.at_ms, event.tz_minutes)
        facts = self._facts(event, account, visit)
        rules = self.rules
        stamps: tuple[StampsGiven, ...] = ()
        if rules.needs_steps:
            accrual = earn(rules.program, facts)
            points, stamps = accrual.points, accrual.stamps
        else:
            points = earned_points(rules.program, facts)
        taken = tuple(self._taken(event, facts, each) for each in event.rewards)
        redeemed = sum(each.points for each in taken)
        if redeemed:
            account.take(rules, redeemed, at_ms=event.at_ms)
        self._earn(account, event, points, visit)
        if visit.counts:
            self.totals.redeemed += redeemed
            self._count_stamps(account, event, {each.card: each.count for each in stamps})
        if rules.asked or event.id in self._referred:
            sale = msgspec.structs.replace(
                event,
                program=rules.program.version,
                tier=facts.tier,
                known=facts.known,
                earned=points,
                rewards=taken,
                redeemed=redeemed,
                stamps=stamps,
            )
            self._remember(sale, account, visit)
        account.last_visit_ms = account.active_ms = event.at_ms
        self._purchase(event, visit, event, left=event.sale.total)
        return facts

    def reversal(self, event: SaleReversed) -> None:
        """Undo a sale as this version computed it."""
        kept = self._kept.pop(event.sale_id, None)
        if kept is None:
            return
        sale, account = kept.sale, self._again(kept, event.at_ms, event.tz_minutes)
        left = what_is_left(sale, kept.returned)
        back = part_of(sale.redeemed, kept.returned.amount, sale.sale.total)
        self._take_back(account, kept, left.earned, at_ms=event.at_ms)
        self._give_back(account, kept, sale.redeemed - back, event)
        if kept.visit.counts:
            self._count_stamps(account, sale, left.stamps, sign=-1)
        self._uncount(account, kept)
        self._unpay(kept, event)

    def refund(self, event: SaleRefunded) -> None:
        """Take back a part of a sale as this version computed it."""
        kept = self._kept.get(event.sale_id)
        if kept is None:
            return
        account = self._again(kept, event.at_ms, event.tz_minutes)
        balance = account.points(self.rules)
        effect = refund_effect(self.rules.program, kept.sale, kept.returned, event, balance=balance)
        self._uncount(account, kept)
        kept.returned = effect.after
        account.count(self.rules, self._left(kept), at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        self._take_back(account, kept, effect.earned_taken, at_ms=event.at_ms)
        self._give_back(account, kept, effect.redeemed_returned, event)
        if kept.visit.counts:
            gone = {each.card: each.count for each in effect.stamps_taken}
            self._count_stamps(account, kept.sale, gone, sign=-1)
        self._unpay(kept, event, left=kept.sale.sale.total - effect.after.amount)

    def move(self, event: SaleMoved, visit: Visit) -> None:
        """Give a sale to another member; one with rewards is never moved."""
        kept = self._kept.get(event.sale_id)
        if kept is None or kept.sale.rewards:
            return
        old = self._again(kept, event.at_ms, event.tz_minutes)
        new = self._at(visit, event.at_ms, event.tz_minutes)
        facts = self._facts(kept.sale, new, visit)
        taken, given = move_effect(self.rules.program, kept.sale, kept.returned, facts)
        self._take_back(old, kept, taken, at_ms=event.at_ms)
        self._uncount(old, kept)
        self._unpay(kept, event)
        moved = msgspec.structs.replace(
            event, tier=facts.tier, known=facts.known, earned_given=given
        )
        kept.sale = sale_after_move(kept.sale, moved, kept.returned)
        kept.visit = msgspec.structs.replace(visit, counts=kept.visit.counts)
        self._earn(new, kept.sale, given, kept.visit)
        new.count(self.rules, self._left(kept), at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        left = kept.sale.sale.total - kept.returned.amount
        self._purchase(kept.sale, kept.visit, event, left=left)

    def enrollment(self, event: MemberEnrolled, visit: Visit, inviter: str | None) -> None:
        """Welcome a member; what waited on the card is theirs, and ``inviter`` is remembered."""
        waiting = None if event.card_key is None else self.accounts.pop(event.card_key, None)
        if waiting is not None:
            self._hand_over(waiting, visit, event)
        account = self._at(visit, event.at_ms, event.tz_minutes)
        account.enrolled_ms = account.active_ms = event.at_ms
        self._other(account, self.rules.program.welcome_points, visit, event)
        if inviter is not None:
            # Under every version, paid or not: the versions are compared account by account.
            self._of(inviter, visit, event)
            paid = self._invitations.enrolled(visit.who, inviter)
            if paid is not None:
                self._pay(paid, visit, event, month=self._month(event))

    def activity(self, event: ActivityRecorded, visit: Visit) -> None:
        """Give what this version gives for an activity; one that it does not have gives nothing."""
        account = self._at(visit, event.at_ms, event.tz_minutes)
        rule = self.rules.activities.get(event.activity)
        if rule is None:
            return
        given = activity_points(rule, account.tally, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        self._other(account, given.points, visit, event)
        counted = msgspec.structs.replace(event, points=given.points)
        tally = tally_of(self.rules.program, counted, self.rules.asked)
        account.count(
            self.rules, self._shared(tally), at_ms=event.at_ms, tz_minutes=event.tz_minutes
        )
        account.active_ms = event.at_ms

    def by_hand(self, points: int, visit: Visit, event: PointsAdjusted | VoucherClaimed) -> None:
        """Give or take points that no rule gave: the same under every version."""
        account = self._at(visit, event.at_ms, event.tz_minutes)
        if points >= 0:
            at_ms, tz_minutes = event.at_ms, event.tz_minutes
            account.give(self.rules, points, at_ms=at_ms, tz_minutes=tz_minutes)
        else:
            account.take(self.rules, -points, at_ms=event.at_ms)

    def grant(self, event: TierGranted, visit: Visit) -> None:
        """Give a tier that this version has."""
        tiers = self.rules.program.tiers
        account = self._at(visit, event.at_ms, event.tz_minutes)
        if any(tier.id == event.tier for tier in tiers):
            account.standing = tier_granted(
                tiers, account.standing, event.tier, until_ms=event.until_ms
            )

    def close(self, *, at_ms: int, tz_minutes: int) -> None:
        """Let what is due by the end of the replay happen to everybody."""
        for account in self.accounts.values():
            self.totals.expired += account.settle(self.rules, at_ms=at_ms, tz_minutes=tz_minutes)

    def cost(self, month: str | None = None) -> int:
        """Return what the points and stamps of a month, or of all, are worth."""
        months = self.totals.months
        chosen = months.values() if month is None else [months.get(month, Month())]
        points = sum(each.points for each in chosen)
        stamps: Counter[str] = Counter()
        for each in chosen:
            stamps.update(each.stamps)
        worths = self.rules.stamp_worth
        return self.rules.worth.of(points) + sum(
            worths[card].of(count) for card, count in stamps.items() if card in worths
        )

    def worth_for(self, who: str) -> int:
        """Return what a member got since the day from which figures count, in minor units."""
        account = self.accounts[who]
        return self.rules.worth.of(account.earned) + account.stamps_worth // _MICRO

    def _at(self, visit: Visit, at_ms: int, tz_minutes: int) -> Account:
        """Return an account as it stands at a moment."""
        account = self.accounts.get(visit.who)
        if account is None:
            account = self.accounts[visit.who] = Account(at_ms)
        gone = account.settle(self.rules, at_ms=at_ms, tz_minutes=tz_minutes)
        if visit.counts:
            self.totals.expired += gone
        return account

    def _again(self, kept: _Kept, at_ms: int, tz_minutes: int) -> Account:
        return self._at(kept.visit, at_ms, tz_minutes)

    def _hand_over(self, waiting: Account, visit: Visit, event: MemberEnrolled) -> None:
        """Give a member what waited on the card."""
        account = self.accounts.setdefault(visit.who, waiting)
        if account is waiting:
            return
        at_ms, tz_minutes = event.at_ms, event.tz_minutes
        points = waiting.points(self.rules)
        account.give(self.rules, points, at_ms=at_ms, tz_minutes=tz_minutes)
        account.count(self.rules, waiting.tally, at_ms=at_ms, tz_minutes=tz_minutes)
        account.earned += waiting.earned
        account.stamps_worth += waiting.stamps_worth

    def _facts(self, event: SaleRecorded, account: Account, visit: Visit) -> SaleFacts:
        """Return what the sale depends on under this version: its own tier and counts."""
        program = self.rules.program
        return SaleFacts(
            total=event.sale.total,
            tier=account.standing.tier or program.tiers[0].id,
            at_ms=event.at_ms,
            offset_minutes=event.tz_minutes,
            rewards=event.rewards,
            tax=event.sale.tax,
            lines=event.sale.lines,
            payments=event.sale.payments,
            known=known_for(
                program,
                sheet_tally=account.tally,
                segments=visit.person.segments,
                birthday=visit.person.birthday,
                last_visit_ms=account.last_visit_ms,
                shop=visit.shop,
                at_ms=event.at_ms,
                tz_minutes=event.tz_minutes,
            ),
        )

    def _taken(self, event: SaleRecorded, facts: SaleFacts, taken: RewardTaken) -> RewardTaken:
        """Return what a reward of the sale costs under this version."""
        program = self.rules.program
        if voucher_of(taken.reward):
            return taken
        reward = program.reward(taken.reward)
        if reward is None:
            return msgspec.structs.replace(taken, points=self._same_worth(event, taken), stamps=0)
        cost = cost_of(program, reward, facts)
        if isinstance(reward, PointsForMoney):
            cost *= steps_begun(taken.discount, reward.amount_per_step)
        return msgspec.structs.replace(taken, points=cost, stamps=stamps_of(program, reward))

    def _same_worth(self, event: SaleRecorded, taken: RewardTaken) -> int:
        before = self._program_of(event.program)
        reward = None if before is None else before.reward(taken.reward)
        money = taken.discount or (0 if reward is None else worth_of(reward))
        return self.rules.worth.points_for(money)

    def _earn(self, account: Account, event: SaleRecorded, points: int, visit: Visit) -> None:
        account.give(
            self.rules,
            points,
            at_ms=event.at_ms,
            tz_minutes=event.tz_minutes,
            usable_ms=pending_until(self.rules.program, event.at_ms),
        )
        if visit.counts:
            account.earned += points
            self.totals.earned += points
            self._month(event).points += points

    def _month(self, event: SaleRecorded | MemberEnrolled | ActivityRecorded) -> Month:
        name = periods_at(event.at_ms, event.tz_minutes)["month"]
        month = self.totals.months.get(name)
        if month is None:
            month = self.totals.months[name] = Month()
        return month

    def _count_stamps(
        self, account: Account, event: SaleRecorded, stamps: Mapping[str, int], *, sign: int = 1
    ) -> None:
        month = self._month(event)
        for card, count in stamps.items():
            month.stamps[card] += sign * count
            worth = self.rules.stamp_worth.get(card)
            if worth is not None:
                account.stamps_worth += sign * part_of(_MICRO * worth.money, count, worth.points)

    def _remember(self, sale: SaleRecorded, account: Account, visit: Visit) -> None:
        """Count a sale as this version computed it, and keep it if something refers to it."""
        tally = tally_of(self.rules.program, sale, self.rules.asked)
        at_ms, tz_minutes = sale.at_ms, sale.tz_minutes
        account.count(self.rules, self._shared(tally), at_ms=at_ms, tz_minutes=tz_minutes)
        if self.rules.has_tiers:
            account.rise(self.rules, at_ms=at_ms, tz_minutes=tz_minutes)
        if sale.id in self._referred:
            self._kept[sale.id] = _Kept(sale, nothing_returned(sale), visit)

    def _shared(self, tally: Tally) -> Tally:
        """Return a tally whose keys exist once for all members: a million of them are memory."""
        keys = self._keys
        return {keys.setdefault(key, key): count for key, count in tally.items()}

    def _left(self, kept: _Kept) -> Tally:
        """Return what a kept sale still counts."""
        left = what_is_left(kept.sale, kept.returned)
        return tally_left(
            self.rules.program,
            kept.sale,
            self.rules.asked,
            earned=left.earned,
            spend=left.spend,
            stamps=left.stamps,
            is_gone=left.is_gone,
        )

    def _uncount(self, account: Account, kept: _Kept) -> None:
        account.tally = without(account.tally, self._left(kept))

    def _take_back(self, account: Account, kept: _Kept, points: int, *, at_ms: int) -> None:
        account.take_back(self.rules, points, kept.sale, at_ms=at_ms)
        if kept.visit.counts:
            account.earned -= points
            self.totals.earned -= points
            self._month(kept.sale).points -= points

    def _give_back(
        self, account: Account, kept: _Kept, points: int, event: SaleReversed | SaleRefunded
    ) -> None:
        """Give points of rewards back; their end is as if they were earned now."""
        account.give(self.rules, points, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        if kept.visit.counts:
            self.totals.redeemed -= points

    def _other(
        self,
        account: Account,
        points: int,
        visit: Visit,
        event: SaleRecorded | MemberEnrolled | ActivityRecorded,
    ) -> None:
        """Give points for something else than a sale."""
        account.give(self.rules, points, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        self._count_other(account, points, visit, self._month(event))

    def _purchase(self, sale: SaleRecorded, visit: Visit, event: Event, *, left: int) -> None:
        """Pay for an invitation what a sale makes due, or its move; ``left`` is minor units."""
        paid = self._invitations.bought(visit.who, sale.id, total=sale.sale.total, left=left)
        if paid is None:
            return
        if sale.id in self._referred:
            referrer, referred = (
                self._of(who, visit, event).ends_ms(
                    self.rules, at_ms=event.at_ms, tz_minutes=event.tz_minutes
                )
                for who in (paid.referrer, paid.referred)
            )
            paid = msgspec.structs.replace(
                paid, referrer_ends_ms=referrer, referred_ends_ms=referred
            )
            self._invitations.remember(sale.id, paid)
        self._pay(paid, visit, event, month=self._month(sale))

    def _pay(self, paid: PaidByPurchase, visit: Visit, event: Event, *, month: Month) -> None:
        """Give both what an invitation pays."""
        at_ms, tz_minutes = event.at_ms, event.tz_minutes
        for who, points, _ in paid.parts:
            account = self._of(who, visit, event)
            account.give(self.rules, points, at_ms=at_ms, tz_minutes=tz_minutes)
            self._count_other(account, points, visit, month)

    def _unpay(self, kept: _Kept, event: Event, *, left: int | None = None) -> None:
        """Take back what a sale paid for an invitation, where it stands no more."""
        sale = kept.sale
        paid = self._invitations.taken_back(sale.id, total=sale.sale.total, left=left)
        for who, points, ends_ms in () if paid is None else paid.parts:
            account = self._of(who, kept.visit, event)
            account.take_from(self.rules, points, ends_ms=ends_ms, at_ms=event.at_ms)
            self._count_other(account, -points, kept.visit, self._month(sale))

    def _of(self, who: str, visit: Visit, event: Event) -> Account:
        """Return the account of one of the two whom an invitation pays."""
        one = Visit(who, NOBODY, visit.shop, visit.counts)
        return self._at(one, event.at_ms, event.tz_minutes)

    def _count_other(self, account: Account, points: int, visit: Visit, month: Month) -> None:
        if visit.counts:
            account.earned += points
            self.totals.other += points
            month.points += points
