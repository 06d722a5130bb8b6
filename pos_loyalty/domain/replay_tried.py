"""What of a draft a replay could not try: words that no sale has, and rules that never held.

A rule that never held gave nothing and cost nothing. That says how the past was rung up, not
what the rule will cost; so it is said, beside the figures.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator

import msgspec

from pos_loyalty.domain.condition import Condition
from pos_loyalty.domain.did_you_mean import nearest
from pos_loyalty.domain.earning_rule import Conditions, Stamps
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.member_known import birthday_key_of_reward
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Reward
from pos_loyalty.domain.sale_facts import SaleFacts, view_of
from pos_loyalty.domain.tally import conditions_of

_ASKS_NOTHING = Conditions()
_NEAR_MAX = 20
"""For so many words a near one is looked for: a list of a thousand is compared with no shelf."""


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the draft that no sale has; ``near`` is one that sales have, or empty.

    ``kind`` is "category" or "SKU".
    """

    kind: str
    name: str
    near: str = ""


class Untried(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, offer or reward of the draft (``kind``) that never held for a member's sale.

    ``needs_lines`` means that it names categories or SKUs.
    """

    kind: str
    id: str
    name: str
    needs_lines: bool


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What the past could say of the draft.

    ``needs_lines`` names every part that asks for categories or SKUs; ``member_sales`` and
    ``member_sales_with_lines`` are counted only where there is one. ``cards`` are the stamp
    cards none of whose rules ever held: what they cost is not in the figures.
    """

    needs_lines: tuple[str, ...] = ()
    member_sales: int = 0
    member_sales_with_lines: int = 0
    absent: tuple[Absent, ...] = ()
    never_held: tuple[Untried, ...] = ()
    cards: tuple[str, ...] = ()


class _Waiting(msgspec.Struct, frozen=True):
    """A part of the draft that has not held yet, ready to be asked."""

    part: Untried
    condition: Condition


class Trying:
    """Watches a draft while past sales are computed by it."""

    def __init__(self, draft: LoyaltyProgram) -> None:
        self._draft = draft
        self._waiting = list(_parts(draft))
        self._needs_lines = tuple(
            f"{waits.part.kind} {waits.part.name}"
            for waits in self._waiting
            if waits.part.needs_lines
        )
        self._asks_lines = any(
            when.categories or when.skus or when.not_categories or when.not_skus
            for when in conditions_of(draft)
        )
        self._categories: set[str] = set()
        self._skus: set[str] = set()
        self._member_sales = self._with_lines = 0

    def sold(self, event: SaleRecorded) -> None:
        """Remember the words of a sale, whoever bought and whenever."""
        if self._asks_lines:
            self._categories.update(line.category for line in event.sale.lines)
            self._skus.update(line.sku for line in event.sale.lines)

    def computed(self, facts: SaleFacts) -> None:
        """Ask what has not held yet of a member's sale that figures count."""
        if self._needs_lines:
            self._member_sales += 1
            self._with_lines += bool(facts.lines)
        if self._waiting:
            view = view_of(self._draft, facts)
            self._waiting = [
                waits for waits in self._waiting if waits.condition.seen_in(view) is None
            ]

    def tried(self) -> Tried:
        """Return what could not be tried, each kind in the program's order."""
        never_held = tuple(waits.part for waits in self._waiting)
        return Tried(
            needs_lines=self._needs_lines,
            member_sales=self._member_sales,
            member_sales_with_lines=self._with_lines,
            absent=tuple(self._absent()),
            never_held=never_held,
            cards=tuple(_cards(self._draft, {part.id for part in never_held})),
        )

    def _absent(self) -> Iterator[Absent]:
        """Yield the draft's words that no sale has; where no sale has any word, all would be."""
        yield from _missing("category", self._categories, self._draft, _categories_of)
        yield from _missing("SKU", self._skus, self._draft, _skus_of)


def _parts(draft: LoyaltyProgram) -> Iterator[_Waiting]:
    """Yield everything that has conditions; what asks nothing always holds."""
    for kind, parts in (("rule", draft.rules), ("offer", draft.offers)):
        for part in parts:
            if part.when != _ASKS_NOTHING:
                yield _waiting(kind, part.id, part.name, part.when, part.id)
    for reward in draft.rewards:
        if reward.when != _ASKS_NOTHING:
            key = birthday_key_of_reward(reward.id)
            yield _waiting("reward", reward.id, reward.name, _earliest(reward), key)


def _waiting(kind: str, part_id: str, name: str, when: Conditions, key: str) -> _Waiting:
    needs_lines = bool(when.categories or when.skus)
    part = Untried(kind=kind, id=part_id, name=name, needs_lines=needs_lines)
    return _Waiting(part, Condition(when, key))


def _earliest(reward: Reward) -> Conditions:
    """Return a reward's conditions with the first day on which a tier may have it."""
    first = reward.when.from_date
    if first is None or not reward.early_days:
        return reward.when
    days = max(reward.early_days.values())
    earlier = dt.date.fromordinal(max(1, first.toordinal() - days))
    return msgspec.structs.replace(reward.when, from_date=earlier)


def _cards(draft: LoyaltyProgram, never_held: Collection[str]) -> Iterator[str]:
    """Yield the names of the cards for which no rule ever held."""
    rules = [(rule.give.card, rule.id) for rule in draft.rules if isinstance(rule.give, Stamps)]
    for card in draft.stamp_cards:
        ids = [rule_id for name, rule_id in rules if name == card.id]
        if ids and all(rule_id in never_held for rule_id in ids):
            yield card.name


def _categories_of(when: Conditions) -> tuple[str, ...]:
    return (*when.categories, *when.not_categories)


def _skus_of(when: Conditions) -> tuple[str, ...]:
    return (*when.skus, *when.not_skus)


def _missing(
    kind: str,
    known: Collection[str],
    draft: LoyaltyProgram,
    words_of: Callable[[Conditions], tuple[str, ...]],
) -> Iterator[Absent]:
    words = dict.fromkeys(word for when in conditions_of(draft) for word in words_of(when))
    sold = sorted(word for word in known if word)
    absent = [word for word in words if word not in known] if known else []
    for place, word in enumerate(absent):
        # A number beside a number is another article, not the same one mistyped.
        is_asked = place < _NEAR_MAX and not word.isdecimal()
        yield Absent(kind=kind, name=word, near=nearest(word, sold) if is_asked else "")
