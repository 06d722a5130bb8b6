"""Rules 4, 5, 8 by the reference: what events of several tills come to, in the server's order."""

from dataclasses import dataclass, field

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.program import LoyaltyProgram
from tests.reference import counting, earning, refunds
from tests.reference.account import Account, Sale
from tests.reference.vouchers import Claims

APPLIED, DIFFERS, SET_ASIDE = "applied", "differs", "quarantined"


@dataclass
class Server:
    """All members' accounts, and who claimed which voucher first."""

    program: LoyaltyProgram
    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    sales: dict[str, tuple[Account | None, Sale]] = field(
        default_factory=dict[str, tuple[Account | None, Sale]]
    )
    claims: Claims = field(default_factory=Claims)
    now_ms: int = 0
    """The server's clock: what a till did earlier counts in the window of now."""

    def enroll(self, member: str, at_ms: int, tz_minutes: int) -> Account:
        """Welcome points are given at enrollment."""
        account = self.accounts[member] = Account(self.program, at_ms)
        account.give(self.program.welcome_points, at_ms, tz_minutes)
        return account

    def sell(self, sale: str, member: str | None, facts: SaleFacts) -> Sale:
        """A sale, as it was stored; without a member nobody earns."""
        account = self.accounts[member] if member else None
        if account is None:
            nothing = [0] * len(refunds.amounts(facts))
            sold = Sale(facts, earning.Earned(), refunds.State(nothing, 0, {}))
        else:
            sold = account.sell(facts)
            account.raise_tier(self.now_ms, facts.offset_minutes)
        self.sales[sale] = account, sold
        return sold

    def claim(self, voucher: str, sale: str, points: int, at_ms: int, tz_minutes: int) -> str:
        """The first claim counts, a later one is set aside."""
        if not self.claims.claim(voucher, sale, points):
            return SET_ASIDE
        account, sold = self.sales[sale]
        if account is not None and points:
            account.claim(sold, points, at_ms, tz_minutes)
        return APPLIED

    def undo(self, sale: str, at_ms: int, tz_minutes: int) -> None:
        """The sale never was; a voucher that counted for it can be used again."""
        account, sold = self.sales[sale]
        self.claims.free(sale)
        if account is None:
            sold.reversed = True
            return
        last_ms = account.last_visit_ms
        account.undo(place_of(account, sold), at_ms, tz_minutes)
        # The visit before it is the one that it stored, whatever became of that since.
        is_last = last_ms == sold.facts.at_ms
        account.last_visit_ms = sold.facts.known.last_visit_ms if is_last else last_ms

    def refund(self, sale: str, amount: int, at_ms: int, tz_minutes: int) -> refunds.Effect:
        """Goods of a member's sale come back; its voucher stays used, its points stay."""
        account, sold = self.sales[sale]
        assert account is not None
        place = place_of(account, sold)
        return account.refund(place, at_ms, tz_minutes, amount=amount, lines={})

    def activity(
        self, member: str, activity: str, at_ms: int, tz_minutes: int, *, names: tuple[str, str]
    ) -> int:
        """What of an activity counts here: by the program, its caps, and who agreed."""
        account = self.accounts[member]
        rule = next((each for each in self.program.activities if each.id == activity), None)
        if rule is None or not is_agreed(rule, names):
            return 0
        given = counting.activity_points(rule, account.tally(), at_ms=at_ms, tz_minutes=tz_minutes)
        account.activity(activity, given, at_ms, tz_minutes)
        return given

    def adjust(
        self, member: str, points: int, at_ms: int, tz_minutes: int, *, names: tuple[str, str]
    ) -> str:
        """Points by hand; without a second name nothing happens."""
        if not second_name(*names):
            return SET_ASIDE
        done = self.accounts[member].adjust(points, at_ms, tz_minutes)
        return APPLIED if done == points else DIFFERS


def is_agreed(rule: ActivityRule, names: tuple[str, str]) -> bool:
    """Whether those agreed who must; ``names`` are cashier and second name."""
    return rule.approval is not Approval.OWNER or second_name(*names)


def second_name(cashier: str, approved_by: str) -> bool:
    """Whether an event names somebody else; how a name is written is the till's business."""
    return bool(approved_by) and approved_by != cashier


def place_of(account: Account, sold: Sale) -> int:
    """Which of the account's sales it is."""
    return next(place for place, one in enumerate(account.sales) if one is sold)
