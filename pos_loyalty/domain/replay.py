"""Try a program before it is published: the shop's own sales under it and under the one in force.

Events come one by one, in the order in which the books have them, and are forgotten at once;
what grows is one small account for each member and version. What came before the day from
which figures count is computed too, so that tiers, caps and balances are right, and is not
counted. Both versions are taken as if they had been in force from the first event on.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    TierGranted,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.domain.replay_figures import Changes, MonthFigures, Replayed, figures_of
from pos_loyalty.domain.replay_side import NOBODY, Person, Side, Visit
from pos_loyalty.domain.replay_tried import Trying
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.domain.tally import conditions_of
from pos_loyalty.domain.tally_key import EPOCH_ORDINAL, periods_at

_TELL_EVERY = 500


def _tell_nobody(done: int, total: int) -> None:
    """Stand in where nobody watches."""
    del done, total


class ReplayRow(msgspec.Struct, frozen=True):
    """One event with the shop in which it happened."""

    event: Event
    shop: str = ""


class _Sales(msgspec.Struct):
    """How much was sold since the day from which figures count."""

    count: int = 0
    amount: int = 0
    member_count: int = 0
    member_amount: int = 0
    months: Counter[str] = msgspec.field(default_factory=Counter[str])
    last_ms: int = 0
    tz_minutes: int = 0


class Replay:
    """Takes events one by one and says at the end what came out.

    Args:
        in_force: the version that holds now.
        draft: the version to try.
        since: the first day that counts, on the shop's clock.
        referred: the ids of sales that a later event undoes, refunds or moves.
        program_of: returns the version by which a sale was recorded.
        people: returns what is known of a member now; asked once for each member.
        accounts: says into which account a merged one went.
    """

    def __init__(
        self,
        in_force: LoyaltyProgram,
        draft: LoyaltyProgram,
        *,
        since: dt.date,
        referred: Container[str] = frozenset(),
        program_of: Callable[[str], LoyaltyProgram | None] = lambda _: None,
        people: Callable[[str], Person] | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        self._since = since
        self._since_day = since.toordinal() - EPOCH_ORDINAL
        self._sides = (
            Side(in_force, referred=referred, program_of=program_of),
            Side(draft, referred=referred, program_of=program_of),
        )
        self._trying = Trying(draft)
        self._ask = people
        self._people: dict[str, Person] = {}
        self._accounts = accounts or {}
        self._sales = _Sales()

    def take(self, row: ReplayRow) -> None:
        """Compute one event under both versions."""
        event = row.event
        self._sales.last_ms = max(self._sales.last_ms, event.at_ms)
        self._sales.tz_minutes = event.tz_minutes
        match event:
            case SaleRecorded():
                self._sale(event, row.shop)
            case SaleReversed():
                for side in self._sides:
                    side.reversal(event)
            case SaleRefunded():
                for side in self._sides:
                    side.refund(event)
            case SaleMoved():
                for side in self._sides:
                    side.move(event, self._visit(event.to_member, event, row.shop))
            case _:
                self._other(event, row.shop)

    def _other(self, event: Event, shop: str) -> None:
        member = getattr(event, "member", None)
        if member is None:
            return
        visit = self._visit(member, event, shop)
        for side in self._sides:
            match event:
                case MemberEnrolled():
                    side.enrollment(event, visit, self._inviter(event))
                case ActivityRecorded():
                    side.activity(event, visit)
                case TierGranted():
                    side.grant(event, visit)
                case PointsAdjusted() | VoucherClaimed():
                    side.by_hand(event.points, visit, event)
                case _:
                    return

    def _sale(self, event: SaleRecorded, shop: str) -> None:
        who = event.member or event.card_key
        counts = self._counts(event)
        self._trying.sold(event)
        if counts:
            self._sales.count += 1
            self._sales.amount += event.sale.total
        if who is None:
            return
        if counts:
            self._sales.member_count += 1
            self._sales.member_amount += event.sale.total
            month = periods_at(event.at_ms, event.tz_minutes)["month"]
            self._sales.months[month] += event.sale.total
        visit = self._visit(who, event, shop)
        in_force, draft = self._sides
        in_force.sale(event, visit)
        facts = draft.sale(event, visit)
        if counts:
            self._trying.computed(facts)

    def _inviter(self, event: MemberEnrolled) -> str | None:
        """Return the account of who invited a new member; nobody invites oneself."""
        who = event.invited_by
        return None if who is None or who == event.member else self._accounts.get(who, who)

    def _counts(self, event: Event) -> bool:
        return local_day(event.at_ms, event.tz_minutes) >= self._since_day

    def _visit(self, who: str, event: Event, shop: str) -> Visit:
        account = self._accounts.get(who, who)
        person = NOBODY
        if self._ask is not None:
            known = self._people.get(account)
            person = known if known is not None else self._ask(account)
            self._people[account] = person
        return Visit(account, person, shop, self._counts(event))

    def figures(self) -> Replayed:
        """Return what came out; the replay is over with it."""
        sales = self._sales
        for side in self._sides:
            side.close(at_ms=sales.last_ms, tz_minutes=sales.tz_minutes)
        in_force, draft = (figures_of(side, sales.member_amount) for side in self._sides)
        changes = Changes(*self._sides)
        return Replayed(
            since=self._since.isoformat(),
            currency=self._sides[1].rules.program.currency,
            sales=sales.count,
            sales_amount=sales.amount,
            member_sales=sales.member_count,
            member_sales_amount=sales.member_amount,
            members=len(self._sides[1].accounts),
            in_force=in_force,
            draft=draft,
            months=self._months(),
            tiers_moved=changes.moves(),
            up=changes.up,
            down=changes.down,
            winners=changes.winners,
            losers=changes.losers,
            top_winners=changes.top(most=True),
            top_losers=changes.top(most=False),
            tried=self._trying.tried(),
        )

    def _months(self) -> tuple[MonthFigures, ...]:
        in_force, draft = self._sides
        names = sorted({*self._sales.months, *in_force.totals.months, *draft.totals.months})
        return tuple(
            MonthFigures(
                month=name,
                member_sales=self._sales.months[name],
                cost_in_force=in_force.cost(name),
                cost_draft=draft.cost(name),
            )
            for name in names
        )


@dataclass(frozen=True, kw_only=True)
class PastSales:
    """What a replay reads, from a till's journal or from the server's books.

    ``rows`` are all events in the order in which they counted, ``total`` how many there are.
    The rest is as :class:`Replay` takes it.
    """

    programs: Sequence[LoyaltyProgram]
    rows: Iterable[ReplayRow]
    total: int
    referred: Container[str]
    people: Callable[[str], Person]
    accounts: Mapping[str, str]


def try_draft(
    past: PastSales,
    draft: LoyaltyProgram,
    *,
    since: dt.date,
    now_ms: int,
    progress: Callable[[int, int], None] = _tell_nobody,
) -> Replayed:
    """Run all past sales under a draft and under the version that is in force.

    Raises:
        CommandRefused: another currency, or no member bought anything since that day.
    """
    in_force = program_in_force(past.programs, now_ms)
    if draft.currency != in_force.currency:
        raise CommandRefused(
            Code.REPLAY_CURRENCY, currency=draft.currency, sales_currency=in_force.currency
        )
    versions = {program.version: program for program in past.programs}
    asks = any(asks_people(program) for program in (in_force, draft))
    replay = Replay(
        in_force,
        draft,
        since=since,
        referred=past.referred,
        program_of=lambda version: versions.get(ProgramVersion(version)),
        people=past.people if asks else None,
        accounts=past.accounts,
    )
    for done, row in enumerate(past.rows, start=1):
        replay.take(row)
        if done % _TELL_EVERY == 0:
            progress(done, past.total)
    progress(past.total, past.total)
    figures = replay.figures()
    if not figures.member_sales:
        raise CommandRefused(Code.REPLAY_EMPTY, since=since.isoformat())
    return figures


def asks_people(program: LoyaltyProgram) -> bool:
    """Tell whether the rules ask for segments or birthdays, which no event tells."""
    return any(when.segments or when.birthday_days is not None for when in conditions_of(program))
