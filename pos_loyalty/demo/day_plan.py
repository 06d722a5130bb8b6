"""A cashier's day as a list of errands: who comes, with which card, and what goes wrong."""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pos_loyalty.cards.batch import issue_batch
from pos_loyalty.demo.folder import DemoState, SampleCard
from pos_loyalty.demo.sample_people import spare_phone
from pos_loyalty.domain.ids import BatchId, MerchantId

_SEED: Final = 11
_TOTALS: Final = range(801, 3_999)
_NEW_NAMES: Final = ("Nora", "Timo", "Wanda", "Pius", "Odile", "Xenia")
_PRODUCTS: Final = ("4006381333931", "5901234123457", "9780201379624")
"""Valid numbers of products, one for each part of the day."""


class Errand(StrEnum):
    """What somebody at the counter wants, or what somebody does wrong."""

    SALE = "sale"
    AMOUNT_FIRST = "amount_first"
    IMPATIENT = "impatient"
    """Enter is pressed five times: still one sale."""
    UNDONE = "undone"
    REWARD = "reward"
    SIGN_UP_PHONE = "sign_up_phone"
    SIGN_UP_NAME = "sign_up_name"
    NO_CARD = "no_card"
    BY_NAME = "by_name"
    BY_NUMBER = "by_number"
    FOREIGN_CARD = "foreign_card"
    WRONG_NUMBER = "wrong_number"
    PRODUCT = "product"
    LOOK = "look"
    """Somebody asks how many points there are."""


_PART_OF_DAY: Final = (
    *(Errand.SALE,) * 4,
    *(Errand.AMOUNT_FIRST,) * 2,
    Errand.IMPATIENT,
    Errand.UNDONE,
    *(Errand.REWARD,) * 2,
    Errand.SIGN_UP_PHONE,
    Errand.SIGN_UP_NAME,
    *(Errand.NO_CARD,) * 2,
    Errand.BY_NAME,
    Errand.BY_NUMBER,
    Errand.FOREIGN_CARD,
    Errand.WRONG_NUMBER,
    Errand.PRODUCT,
)
_WITHOUT_SCAN: Final = {
    Errand.NO_CARD,
    Errand.BY_NAME,
    Errand.BY_NUMBER,
    Errand.WRONG_NUMBER,
    Errand.PRODUCT,
}
_BLANK: Final = {Errand.SIGN_UP_NAME, Errand.SIGN_UP_PHONE}
_LOOKS: Final = 4
_REWARDS: Final = 3 * _PART_OF_DAY.count(Errand.REWARD)
_REGULARS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Task:
    """One errand with everything that it needs; ``total`` in minor units, ``text`` to be typed."""

    errand: Errand
    card: SampleCard
    total: int = 0
    text: str = ""

    @property
    def has_scan(self) -> bool:
        """Whether a card is held to the camera."""
        return self.errand not in _WITHOUT_SCAN


@dataclass(frozen=True)
class DayPlan:
    """The three parts of a day, and looks at some members after closing."""

    morning: tuple[Task, ...]
    noon: tuple[Task, ...]
    evening: tuple[Task, ...]
    looks: tuple[Task, ...]

    def scanned_cards(self) -> list[SampleCard]:
        """Return the cards in the order in which they are held to the camera."""
        tasks = (*self.morning, *self.noon, *self.evening, *self.looks)
        return [task.card for task in tasks if task.has_scan]


def plan_day(state: DemoState) -> DayPlan:
    """Plan a day: each sale has a total of its own, so that the screen's answers name it."""
    dice = random.Random(_SEED)  # noqa: S311 - the same day every time
    totals = iter(dice.sample([total for total in _TOTALS if total % 10], 100))
    blanks = iter(state.blanks)
    names = iter(_NEW_NAMES)
    rewarded = [card for card in state.members if card.has_reward][:_REWARDS]
    with_reward = iter(rewarded)
    # Whoever came in the morning comes again at noon: the same member with and without a line.
    others = [card for card in state.members if card.name.isascii() and card not in rewarded]
    usual = others[:_REGULARS]
    parts: list[tuple[Task, ...]] = []
    for part in range(3):
        errands = dice.sample(_PART_OF_DAY, len(_PART_OF_DAY))
        # In the same order again: a card seen twice within two seconds counts once.
        regulars = iter(usual)
        foreign = _foreign_card()
        parts.append(
            tuple(
                Task(
                    errand=errand,
                    card=_card_for(
                        errand,
                        foreign=foreign,
                        blanks=blanks,
                        with_reward=with_reward,
                        regulars=regulars,
                    ),
                    total=next(totals),
                    text=_text_for(errand, part, names),
                )
                for errand in errands
            )
        )
    looks = tuple(Task(errand=Errand.LOOK, card=card) for card in usual[:_LOOKS])
    return DayPlan(parts[0], parts[1], parts[2], looks)


def _card_for(
    errand: Errand,
    *,
    foreign: SampleCard,
    blanks: Iterator[SampleCard],
    with_reward: Iterator[SampleCard],
    regulars: Iterator[SampleCard],
) -> SampleCard:
    if errand in {Errand.FOREIGN_CARD, Errand.NO_CARD, Errand.PRODUCT}:
        return foreign
    if errand in _BLANK:
        return next(blanks)
    return next(with_reward) if errand is Errand.REWARD else next(regulars)


def _text_for(errand: Errand, part: int, names: Iterator[str]) -> str:
    if errand is Errand.SIGN_UP_PHONE:
        return spare_phone(part).replace(" ", "")
    if errand is Errand.SIGN_UP_NAME:
        return next(names)
    return _PRODUCTS[part] if errand is Errand.PRODUCT else ""


def _foreign_card() -> SampleCard:
    """Return a genuine card of another merchant."""
    batch = issue_batch(
        merchant=MerchantId(os.urandom(16).hex()),
        count=1,
        batch=BatchId(os.urandom(16).hex()),
        random_bytes=os.urandom,
    )
    return SampleCard(payload=batch.cards[0].payload, number=batch.cards[0].number)


def sales_in(tasks: Sequence[Task]) -> int:
    """Return how many sales these errands make."""
    none = {Errand.FOREIGN_CARD, Errand.WRONG_NUMBER, Errand.PRODUCT, Errand.LOOK}
    return sum(task.errand not in none for task in tasks)
