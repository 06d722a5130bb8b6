"""One member under one version of the program, as a replay goes on: points, counts, tier.

The functions are the product's own: the same earning, tallies, lots, tiers and refunds.
"""

from pos_loyalty.domain.accrual import pending_until
from pos_loyalty.domain.earning_rule import ActivityRule
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.expiration import AtTierLoss, Inactivity, Never
from pos_loyalty.domain.lot import (
    EMPTY_BOOK,
    LotBook,
    accrue,
    balance,
    expire,
    expire_all,
    redeem,
    take_back,
)
from pos_loyalty.domain.lot_end import ends_at, inactivity_ends_at
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.replay_worth import Worth, worth_of_points, worth_of_stamps
from pos_loyalty.domain.sale_facts import tier_in
from pos_loyalty.domain.tally import current, months_kept, needed_by, plus
from pos_loyalty.domain.tally_key import POINTS, SPEND, VISITS, periods_at
from pos_loyalty.domain.tier import Measures, TierWindow, measures_of, rank_of
from pos_loyalty.domain.tier_standing import (
    NO_STANDING,
    TierClock,
    TierStanding,
    tier_after,
    tier_risen,
)

_NOTHING: frozenset[str] = frozenset()
_TALLY_KEYS_MAX = 48
"""A tally that grew longer is rid of periods that are over."""


class Rules:
    """What is worked out once for a version: what it counts, what a point is worth."""

    def __init__(self, program: LoyaltyProgram) -> None:
        self.program = program
        self.has_tiers = len(program.tiers) > 1
        self.asked = needed_by(program) | (_measures(program) if self.has_tiers else _NOTHING)
        self.months = max(months_kept(program), program.tier_rules.months + 1)
        self.worth = worth_of_points(program)
        self.stamp_worth: dict[str, Worth] = worth_of_stamps(program)
        self.has_lots = program.pending_days > 0 or not isinstance(program.expiration.model, Never)
        self.needs_steps = bool(program.stamp_cards)
        self.activities: dict[str, ActivityRule] = {each.id: each for each in program.activities}


def _measures(program: LoyaltyProgram) -> frozenset[str]:
    """Return what tiers are measured by; with 0.1.0's rules nobody else counts it."""
    named = {
        POINTS: any(tier.threshold_points for tier in program.tiers),
        SPEND: any(tier.threshold_spend for tier in program.tiers),
        VISITS: any(tier.threshold_visits for tier in program.tiers),
    }
    ending = "" if program.tier_rules.window is TierWindow.LIFETIME else "@month"
    return frozenset(f"{name}{ending}" for name, is_named in named.items() if is_named)


class Account:
    """The state of one member under one version.

    ``open`` are the points that can still be used; with expiration they are those of ``book``.
    ``earned`` are the points that came since the day from which figures count, ``stamps_worth``
    what the stamps are worth that came since, in millionths of a minor unit. ``month`` is the
    one in which the tier was last judged.
    """

    __slots__ = (
        "active_ms",
        "book",
        "earned",
        "enrolled_ms",
        "last_visit_ms",
        "month",
        "open",
        "stamps_worth",
        "standing",
        "tally",
    )

    def __init__(self, enrolled_ms: int) -> None:
        self.enrolled_ms = enrolled_ms
        self.active_ms = enrolled_ms
        self.last_visit_ms = 0
        self.open = 0
        self.earned = 0
        self.stamps_worth = 0
        self.month = ""
        self.tally: Tally = {}
        self.standing: TierStanding = NO_STANDING
        self.book: LotBook = EMPTY_BOOK

    def points(self, rules: Rules) -> int:
        """Return the balance."""
        return balance(self.book) if rules.has_lots else self.open

    def give(
        self, rules: Rules, points: int, *, at_ms: int, tz_minutes: int, usable_ms: int = 0
    ) -> None:
        """Add points, with the end that the version gives them; to be used at once, or later."""
        if not rules.has_lots:
            self.open += points
            return
        ends_ms = self.ends_ms(rules, at_ms=at_ms, tz_minutes=tz_minutes)
        self.book = accrue(
            self.book, points=points, at_ms=at_ms, ends_ms=ends_ms, usable_ms=usable_ms
        )

    def ends_ms(self, rules: Rules, *, at_ms: int, tz_minutes: int) -> int | None:
        """Return when points end that come at a moment; None is never."""
        tier = tier_in(rules.program, self.standing.tier)
        return ends_at(
            rules.program.expiration,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            extra_months=tier.expires_later_months,
        )

    def take(self, rules: Rules, points: int, *, at_ms: int) -> None:
        """Take points for a reward or by hand; what is not there is a debt."""
        if rules.has_lots:
            self.book, _ = redeem(self.book, points=points, at_ms=at_ms)
        else:
            self.open -= points

    def take_back(self, rules: Rules, points: int, sale: SaleRecorded, *, at_ms: int) -> None:
        """Take points of a sale back, from its own lot first."""
        if not rules.has_lots:
            self.open -= points
            return
        tier = tier_in(rules.program, sale.tier)
        self.book = take_back(
            self.book,
            points=points,
            at_ms=at_ms,
            ends_ms=ends_at(
                rules.program.expiration,
                at_ms=sale.at_ms,
                tz_minutes=sale.tz_minutes,
                extra_months=tier.expires_later_months,
            ),
            usable_ms=pending_until(rules.program, sale.at_ms),
        )

    def take_from(self, rules: Rules, points: int, *, ends_ms: int | None, at_ms: int) -> None:
        """Take points back that came into the lot with this end."""
        if rules.has_lots:
            self.book = take_back(self.book, points=points, at_ms=at_ms, ends_ms=ends_ms)
        else:
            self.open -= points

    def settle(self, rules: Rules, *, at_ms: int, tz_minutes: int) -> int:
        """Let what ended by now end, and a tier fall that is due; return the points that ended."""
        gone = self._fall(rules, at_ms=at_ms, tz_minutes=tz_minutes) if rules.has_tiers else 0
        if not rules.has_lots:
            return 0
        ends_ms = None
        if isinstance(rules.program.expiration.model, Inactivity):
            ends_ms = inactivity_ends_at(
                rules.program.expiration, last_ms=self.active_ms, tz_minutes=tz_minutes
            )
        if ends_ms is not None and ends_ms <= at_ms:
            self.book, ended = expire_all(self.book, at_ms=ends_ms)
        else:
            self.book, ended = expire(self.book, at_ms=at_ms)
        return gone + ended

    def _fall(self, rules: Rules, *, at_ms: int, tz_minutes: int) -> int:
        """Judge the tier once a month, and when a granted one ends; a tier only falls so."""
        month = periods_at(at_ms, tz_minutes)["month"]
        until_ms = self.standing.until_ms
        if month == self.month and not (until_ms and until_ms <= at_ms):
            return 0
        self.month = month
        program = rules.program
        if rank_of(program.tiers, self.standing.tier) == 0:
            return 0
        clock = TierClock(at_ms=at_ms, tz_minutes=tz_minutes, enrolled_ms=self.enrolled_ms)
        measures = self._measures(rules, at_ms=at_ms, tz_minutes=tz_minutes)
        before, standing = self.standing, NO_STANDING
        while standing != self.standing:
            standing = self.standing
            self.standing = tier_after(program.tiers, program.tier_rules, standing, measures, clock)
        fell = rank_of(program.tiers, before.tier) > rank_of(program.tiers, self.standing.tier)
        if not (fell and isinstance(program.expiration.model, AtTierLoss)):
            return 0
        self.book, gone = expire_all(self.book, at_ms=at_ms)
        return gone

    def count(self, rules: Rules, added: Tally, *, at_ms: int, tz_minutes: int) -> None:
        """Add counts; periods that are over are dropped now and then."""
        if not added:
            return
        tally = plus(self.tally, added)
        if len(tally) > _TALLY_KEYS_MAX:
            tally = current(tally, at_ms=at_ms, tz_minutes=tz_minutes, months=rules.months)
        self.tally = tally

    def rise(self, rules: Rules, *, at_ms: int, tz_minutes: int) -> None:
        """Raise the tier as soon as it is reached."""
        program = rules.program
        measures = self._measures(rules, at_ms=at_ms, tz_minutes=tz_minutes)
        self.standing = tier_risen(
            program.tiers, program.tier_rules, self.standing, measures, at_ms=at_ms
        )

    def _measures(self, rules: Rules, *, at_ms: int, tz_minutes: int) -> Measures:
        return measures_of(
            self.tally,
            rules.program.tier_rules,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
            enrolled_ms=self.enrolled_ms,
        )
