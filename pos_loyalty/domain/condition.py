"""When a rule holds: its conditions, made ready once, asked of each sale."""

from collections.abc import Callable, Sequence

import msgspec

from pos_loyalty.domain.earning_rule import WEEKDAYS, Conditions
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.rounding import MINUTES_PER_DAY
from pos_loyalty.domain.sale_facts import SaleView
from pos_loyalty.domain.tally_key import VISITS

_MINUTES_PER_HOUR = 60

Question = Callable[[SaleView], bool]


class Seen(msgspec.Struct, frozen=True):
    """What a rule that holds sees: which lines are chosen, and the money of every line."""

    lines: Sequence[int]
    money: Sequence[int]

    def money_chosen(self) -> int:
        """Return the money of the chosen lines together."""
        return sum(self.money[at] for at in self.lines)


class Condition:
    """The conditions of one rule, offer or reward, ready to be asked."""

    def __init__(self, when: Conditions, key: str) -> None:
        """Make ready. ``key`` is how the sale names it where its birthday days held."""
        self._when = when
        self._categories = frozenset(when.categories)
        self._skus = frozenset(when.skus)
        self._not_categories = frozenset(when.not_categories)
        self._not_skus = frozenset(when.not_skus)
        self._names_some = bool(when.categories or when.skus)
        self._chooses = self._names_some or bool(when.not_categories or when.not_skus)
        self._questions = (*_of_the_moment(when), *_of_the_member(when, key))

    def seen_in(self, view: SaleView) -> Seen | None:
        """Return what the rule sees of a sale, or None where it does not hold."""
        for holds in self._questions:
            if not holds(view):
                return None
        lines = self.chosen(view.lines) if self._chooses else range(len(view.lines))
        if not lines:
            return None
        when = self._when
        kinds = when.payments_excluded
        seen = Seen(lines, view.money_without(kinds) if kinds else view.money)
        if (when.basket_min or kinds) and seen.money_chosen() < max(when.basket_min, 1):
            return None
        if when.quantity_min and quantity_of(view, lines) < when.quantity_min:
            return None
        return seen

    def chosen(self, lines: Sequence[SaleLine]) -> Sequence[int]:
        """Return the places of the lines that the conditions choose."""
        return [
            at
            for at, line in enumerate(lines)
            if (not self._names_some or line.category in self._categories or line.sku in self._skus)
            and line.category not in self._not_categories
            and line.sku not in self._not_skus
        ]


def quantity_of(view: SaleView, lines: Sequence[int]) -> int:
    """Return how many items are on these lines."""
    return sum(max(0, view.lines[at].quantity) for at in lines)


def minute_of(text: str) -> int:
    """Return the minute of the day of an "HH:MM"; 24:00 is the end of the day."""
    hours, _, minutes = text.partition(":")
    return int(hours) * _MINUTES_PER_HOUR + int(minutes)


def _of_the_moment(when: Conditions) -> list[Question]:
    """Return the questions about the shop's clock."""
    questions: list[Question] = []
    if when.weekdays:
        days = frozenset(WEEKDAYS.index(day) for day in when.weekdays)
        questions.append(lambda view: view.weekday in days)
    if when.from_date is not None:
        first = when.from_date.toordinal()
        questions.append(lambda view: view.day >= first)
    if when.until_date is not None:
        last = when.until_date.toordinal()
        questions.append(lambda view: view.day <= last)
    if when.from_time or when.until_time:
        start = minute_of(when.from_time or "00:00")
        end = minute_of(when.until_time) if when.until_time else MINUTES_PER_DAY
        if when.from_time and when.until_time and end <= start:  # over midnight
            questions.append(lambda view: view.minute >= start or view.minute < end)
        else:
            questions.append(lambda view: start <= view.minute < end)
    return questions


def _of_the_member(when: Conditions, key: str) -> list[Question]:
    """Return the questions about shop and member, as the sale stores them."""
    questions: list[Question] = []
    if when.shops:
        shops = frozenset(when.shops)
        questions.append(lambda view: view.known.shop in shops)
    if when.tiers:
        tiers = frozenset(when.tiers)
        questions.append(lambda view: view.tier.id in tiers)
    if when.segments:
        segments = frozenset(when.segments)
        questions.append(lambda view: not segments.isdisjoint(view.known.segments))
    if when.first_purchase:
        # Not named means not known: a card without a member has no first purchase.
        questions.append(lambda view: view.known.tally.get(VISITS) == 0)
    if when.birthday_days is not None:
        questions.append(lambda view: key in view.known.birthday_rules)
    return questions
