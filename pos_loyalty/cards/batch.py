"""A batch of blank cards: made from randomness, printed once, known to tills by hashes alone.

A batch holds the secret letters of its cards, so it lives in one encrypted file (`batch_file`) from
issue until it is printed. Each card carries what is known of its printing, so that a job that dies
half way never leads to two cards of one number that look alike.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from pos_loyalty.domain.card_payload import (
    RANDOM_BYTES,
    card_key,
    format_payload,
    make_card_number,
    random_letters,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import BatchId, CardKey, MerchantId

CARDS_MAX: Final = 10_000

_NUMBER_FIRST: Final = 10**10
_NUMBER_COUNT: Final = 9 * 10**10
"""Eleven digits that begin with no zero: spreadsheets drop leading zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCard:
    """One blank card, with its secret."""

    payload: str = field(repr=False)
    """The 29 letters of its QR code."""
    number: str
    card_key: CardKey
    copies: int = 0
    """How many times it was printed for certain."""
    is_unsure: bool = False
    """Whether a print job ended before it could tell if this card came out."""

    @property
    def is_new(self) -> bool:
        """Whether it was certainly never printed."""
        return self.copies == 0 and not self.is_unsure

    @property
    def next_copy(self) -> int:
        """Which copy a print would be; from 2 on the card says so."""
        return self.copies + self.is_unsure + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBatch:
    """Cards issued together; they can be revoked together."""

    merchant: MerchantId
    shop_name: str
    """Printed on the cards unless the design says otherwise."""
    batch: BatchId
    cards: tuple[IssuedCard, ...]

    def new_cards(self) -> tuple[IssuedCard, ...]:
        """Return the cards that were certainly never printed."""
        return tuple(card for card in self.cards if card.is_new)

    def handed_out_cards(self) -> tuple[IssuedCard, ...]:
        """Return the cards that were printed, or may have been."""
        return tuple(card for card in self.cards if not card.is_new)

    def with_print_begun(self, numbers: Collection[str]) -> Self:
        """Return the batch as it is while these cards may or may not come out."""
        return self._with(
            replace(card, is_unsure=True) if card.number in numbers else card for card in self.cards
        )

    def with_print_done(self, numbers: Collection[str]) -> Self:
        """Return the batch after these cards came out."""
        return self._with(
            replace(card, is_unsure=False, copies=card.copies + 1)
            if card.number in numbers
            else card
            for card in self.cards
        )

    def _with(self, cards: Iterable[IssuedCard]) -> Self:
        return replace(self, cards=tuple(cards))


def issue_batch(
    *,
    merchant: MerchantId,
    count: int,
    batch: BatchId,
    random_bytes: Callable[[int], bytes],
    shop_name: str = "",
    is_number_taken: Callable[[str], bool] = lambda _number: False,
) -> CardBatch:
    """Make `count` blank cards.

    Args:
        merchant: whose cards they are.
        count: how many, 1 to `CARDS_MAX`.
        batch: the id under which they can be revoked together.
        random_bytes: the operating system's randomness.
        shop_name: what to print on them.
        is_number_taken: whether an earlier card has this number; another is drawn then.

    Raises:
        CommandRefused: BATCH_SIZE.
    """
    if not 1 <= count <= CARDS_MAX:
        raise CommandRefused(Code.BATCH_SIZE, limit=CARDS_MAX)
    cards: dict[str, IssuedCard] = {}
    while len(cards) < count:
        number = _draw_number(random_bytes)
        if number in cards or is_number_taken(number):
            continue
        letters = random_letters(random_bytes(RANDOM_BYTES))
        cards[number] = IssuedCard(
            payload=format_payload(merchant, letters),
            number=number,
            card_key=card_key(merchant, letters),
        )
    return CardBatch(
        merchant=merchant, shop_name=shop_name, batch=batch, cards=tuple(cards.values())
    )


def _draw_number(random_bytes: Callable[[int], bytes]) -> str:
    drawn = int.from_bytes(random_bytes(8), "big") % _NUMBER_COUNT
    return make_card_number(str(_NUMBER_FIRST + drawn))
