"""Rules 4, 5, 8, 10 by the reference: all that a till does that works alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Reward
from pos_loyalty.domain.tier import TierRules
from tests.reference import counting, earning, money, refunds, rewards, stock, vouchers
from tests.reference.account import Account, Sale
from tests.reference.vouchers import PREFIX, Voucher

ENROLLMENT = "enrollment"
YEAR_DAYS = 365


@dataclass
class Till:
    """The members of a till, and its sales to nobody."""

    program: LoyaltyProgram
    accounts: list[Account] = field(default_factory=list[Account])
    nobody: list[Sale] = field(default_factory=list[Sale])

    def sales(self) -> list[Sale]:
        """Every sale that was ever made here."""
        return [*self.nobody, *(sale for account in self.accounts for sale in account.sales)]

    def enroll(self, at_ms: int, tz_minutes: int, birthday: str) -> Account:
        """Somebody becomes a member: welcome points, and what the program gives for it."""
        account = Account(self.program, at_ms, birthday=birthday)
        account.give(self.program.welcome_points, at_ms, tz_minutes)
        for rule in self.program.activities:
            if rule.id == ENROLLMENT and rule.approval is Approval.AUTOMATIC:
                given = self.left_for(account, rule, at_ms, tz_minutes)
                account.activity(rule.id, given, at_ms, tz_minutes)
        self.accounts.append(account)
        return account

    def left_for(self, account: Account, rule: ActivityRule, at_ms: int, tz_minutes: int) -> int:
        """The points of an activity within its caps."""
        return counting.activity_points(rule, account.tally(), at_ms=at_ms, tz_minutes=tz_minutes)

    def activity(
        self,
        account: Account,
        rule: ActivityRule,
        at_ms: int,
        tz_minutes: int,
        *,
        names: tuple[str, str],
    ) -> int:
        """An activity at the till; 0 is a refusal. ``names`` are cashier and second name."""
        if rule.approval is Approval.OWNER and not second_name(*names):
            return 0
        given = self.left_for(account, rule, at_ms, tz_minutes)
        account.activity(rule.id, given, at_ms, tz_minutes)
        return given

    def adjust(
        self,
        account: Account,
        points: int,
        at_ms: int,
        tz_minutes: int,
        *,
        names: tuple[str, str],
        why: str,
    ) -> int:
        """Points by hand; 0 is a refusal, of taking away more than there is, too."""
        if not why or not second_name(*names):
            return 0
        if points < 0 and -points > max(0, account.book.balance()):
            return 0
        return account.adjust(points, at_ms, tz_minutes)

    def is_claimed(self, voucher: Voucher) -> bool:
        """Whether a sale that was not undone has it."""
        name = PREFIX + voucher.id
        return any(
            one.reward == name
            for sale in self.sales()
            if not sale.reversed
            for one in sale.facts.rewards
        )

    def takes(self, voucher: Voucher, at_ms: int, tz_minutes: int) -> bool:
        """Whether the voucher can be used here now."""
        return (
            voucher.is_signed
            and not vouchers.is_over(voucher, at_ms, tz_minutes)
            and not self.is_claimed(voucher)
        )

    def sell(
        self,
        account: Account | None,
        facts: SaleFacts,
        choices: Sequence[tuple[Reward, int | None]],
        voucher: Voucher | None,
    ) -> Sale | None:
        """Rewards, then the voucher, then what it earns; None is a refusal."""
        on_sale = self.put_on(account, facts, choices, voucher)
        if on_sale is None:
            return None
        if account is None:
            nothing = [0] * len(refunds.amounts(on_sale))
            sale = Sale(on_sale, earning.Earned(), refunds.State(nothing, 0, {}))
            self.nobody.append(sale)
            return sale
        sale = account.sell(on_sale)
        if voucher is not None:
            account.claim(sale, voucher.points, facts.at_ms, facts.offset_minutes)
        return sale

    def put_on(
        self,
        account: Account | None,
        facts: SaleFacts,
        choices: Sequence[tuple[Reward, int | None]],
        voucher: Voucher | None,
    ) -> SaleFacts | None:
        """The sale with everything that takes something off."""
        if account is not None and choices:
            if not stock.are_there(self.program, [one for one, _ in choices], self.sales()):
                return None
            there = account.book.balance()
            taken = rewards.take(self.program, facts, choices, tally=account.tally(), balance=there)
            if taken is None:
                return None
            facts = msgspec.structs.replace(facts, rewards=tuple(taken))
        if voucher is None:
            return facts
        is_nobodys = bool(voucher.points) and account is None
        if is_nobodys or not self.takes(voucher, facts.at_ms, facts.offset_minutes):
            return None
        one = vouchers.put_on(facts, voucher)
        if one is None:
            return None
        return msgspec.structs.replace(facts, rewards=(*facts.rewards, one))

    def raise_tiers(self, at_ms: int, tz_minutes: int) -> None:
        """Up at once; down only by a server, and there is none: but see §7's last sentence."""
        for account in self.accounts:
            if self.forgets_tiers():
                year_ms = at_ms - YEAR_DAYS * money.DAY_MS
                points = sum(
                    sale.state.points_left
                    for sale in account.sales
                    if not sale.is_gone() and sale.facts.at_ms >= year_ms
                )
                account.standing.held = max(
                    place
                    for place, tier in enumerate(self.program.tiers)
                    if place == 0 or 0 < tier.threshold_points <= points
                )
            else:
                account.raise_tier(at_ms, tz_minutes)

    def forgets_tiers(self) -> bool:
        """Whether tiers ask for nothing but the points of the usual twelve months."""
        asks_for_more = any(
            tier.threshold_spend or tier.threshold_visits for tier in self.program.tiers
        )
        return self.program.tier_rules == TierRules() and not asks_for_more


def second_name(cashier: str, approved_by: str) -> bool:
    """Whether somebody else agreed: a second name that is not the cashier's."""
    return bool(approved_by) and approved_by.casefold() != cashier.casefold()
