"""The rules by which a sale earns: when a rule holds, what it gives, and where it stops.

Rules apply in the order of the program, never by the time at which they were edited.
:mod:`pos_loyalty.domain.accrual` computes them; docs/rules.md states them in full.
"""

import datetime as dt
from enum import StrEnum

import msgspec

from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.money import MinorUnits


class Weekday(StrEnum):
    """A day of the week, on the shop's wall clock."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)
"""Monday first, as :func:`pos_loyalty.domain.rounding.local_weekday` counts."""


class Rounding(StrEnum):
    """What becomes of a part-filled step or a part of a point."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class RoundingScope(StrEnum):
    """Whether parts of points are rounded once for the basket, or on every line."""

    BASKET = "basket"
    LINE = "line"


class EarnBasis(StrEnum):
    """Which money earns."""

    TAX_INCLUDED = "tax_included"
    PRE_TAX = "pre_tax"


class EarnRule(msgspec.Struct, frozen=True, kw_only=True):
    """So many points for each step of money: the base of everything."""

    step_minor_units: MinorUnits
    points_per_step: int


class WeekdayMultiplier(msgspec.Struct, frozen=True, kw_only=True):
    """On these weekdays (Monday = 0) points are multiplied by ``percent`` hundredths.

    The short form of 0.1.0 for a rule whose value is a :class:`Multiply`.
    """

    name: str
    weekdays: tuple[int, ...]
    percent: int


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is named must hold; what is not named asks nothing.

    ``categories`` and ``skus`` choose lines (in either list), the ``not_`` lists take lines
    out; without any all lines are chosen. ``basket_min`` asks for so much eligible money on
    the chosen lines, ``quantity_min`` for so many items. Times are "HH:MM" on the shop's
    clock, ``until_time`` excluded, over midnight where it is earlier; ``until_date`` included.
    ``birthday_days`` is how many days before and after a birthday count.
    """

    basket_min: MinorUnits = 0
    quantity_min: int = 0
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    not_skus: tuple[str, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    from_time: str = ""
    until_time: str = ""
    from_date: dt.date | None = None
    until_date: dt.date | None = None
    shops: tuple[str, ...] = ()
    tiers: tuple[TierId, ...] = ()
    segments: tuple[str, ...] = ()
    first_purchase: bool = False
    birthday_days: int | None = None
    payments_excluded: tuple[str, ...] = ()


class Caps(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The most points in a sale, and for a member in a day, week, month, or ever."""

    sale: int | None = None
    day: int | None = None
    week: int | None = None
    month: int | None = None
    member: int | None = None


class _Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What a rule gives."""


class Rate(_Value, frozen=True, kw_only=True, tag="rate"):
    """Another rate for the chosen lines, in place of the program's own."""

    step: MinorUnits
    points: int


class Exclude(_Value, frozen=True, kw_only=True, tag="exclude"):
    """The chosen lines earn by no rate."""


class PerItem(_Value, frozen=True, kw_only=True, tag="per_item"):
    """So many points for each item on the chosen lines."""

    points: int


class PerVisit(_Value, frozen=True, kw_only=True, tag="per_visit"):
    """So many points for a visit, if the one before is so many hours ago."""

    points: int
    hours_between: int = 0


class Bonus(_Value, frozen=True, kw_only=True, tag="bonus"):
    """So many points, once for the sale."""

    points: int


class Multiply(_Value, frozen=True, kw_only=True, omit_defaults=True, tag="multiply"):
    """The base points of the chosen lines, ``percent`` hundredths of them: 200 doubles.

    The best multiplier wins; those that are ``stackable`` add up among themselves.
    """

    percent: int
    stackable: bool = False


class Stamps(_Value, frozen=True, kw_only=True, omit_defaults=True, tag="stamps"):
    """Stamps on a stamp card: for each item on the chosen lines, or once for the sale."""

    card: str
    count: int = 1
    per_item: bool = False


Value = Rate | Exclude | PerItem | PerVisit | Bonus | Multiply | Stamps


class EarningRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of the program: conditions, a value and its caps."""

    id: str
    name: str
    give: Value
    when: Conditions = Conditions()
    caps: Caps = Caps()


class StampCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A counter of its own: a reward with ``stamp_card`` takes ``stamps`` of it.

    What is above stays on the card. ``item`` is what one stamp stands for, for the screen.
    """

    id: str
    name: str
    stamps: int
    item: str = ""


class Approval(StrEnum):
    """Who may record an activity."""

    AUTOMATIC = "automatic"
    CASHIER = "cashier"
    OWNER = "owner"


class ActivityRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points for something else than a purchase; the ids of the usual ones are in docs/rules.md."""

    id: str
    name: str
    points: int
    approval: Approval = Approval.CASHIER
    caps: Caps = Caps()


class ReferralEvent(StrEnum):
    """What of the invited member pays."""

    ENROLLMENT = "enrollment"
    FIRST_PURCHASE = "first_purchase"
    EVERY_PURCHASE = "every_purchase"


class ReferralRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an invitation pays to whom; ``limit`` is how many times one referrer is paid."""

    pays_on: ReferralEvent
    referrer_points: int = 0
    referred_points: int = 0
    minimum: MinorUnits = 0
    limit: int | None = None
