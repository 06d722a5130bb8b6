"""What was scanned or typed: a member's card, a blank one, or one that is new to this till."""

from dataclasses import dataclass
from enum import StrEnum

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.card_payload import parse_card_number, parse_payload
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import CardKey
from pos_loyalty.domain.receipt_code import is_meant_as_receipt
from pos_loyalty.services.member_view import (
    FOUND_BY_NUMBER,
    MemberView,
    ensure_active,
    standing_of,
    view_member,
)
from pos_loyalty.services.receipt import LookUpReceiptHandler, ReceiptRead
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.unit_of_work import Repositories

_HINT_LETTERS = 4
_NUMBER_LENGTH = 12


class CardKind(StrEnum):
    """What a card turned out to be."""

    MEMBER = "member"
    BLANK = "blank"
    NEW = "new"
    """Passes every check, but this till never heard of it: earns, waits for the server."""


@dataclass(frozen=True)
class LookUpCard:
    """A text from the scanner, the camera or the keyboard."""

    text: str


@dataclass(frozen=True)
class CardLookedUp:
    """What the text stands for; ``card_hint`` is the end of what is printed on the card.

    ``receipt`` is set where it was no card but a receipt: it found its member, and is shown.
    """

    kind: CardKind
    member: MemberView | None
    card_key: CardKey | None
    card_hint: str
    receipt: ReceiptRead | None = None


class LookUpCardHandler:
    """Judges a text in the order of the card specification and finds its member."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: LookUpCard) -> CardLookedUp:
        """Look a card up, or a receipt, which finds its member.

        Raises:
            CardError: not a card, damaged, foreign, paused or replaced.
        """
        text = command.text.strip()
        if is_meant_as_receipt(text):
            found = LookUpReceiptHandler(self._context)(text)
            hint = found.member.card_hint
            return CardLookedUp(CardKind.MEMBER, found.member, None, hint, found.read)
        if len(text) == _NUMBER_LENGTH and text.isascii() and text.isdigit():
            return self._by_number(text)
        token = parse_payload(text, self._context.identity.accepted_merchants)
        hint = text[-_HINT_LETTERS:].upper()
        with self._context.store.read() as work:
            record = work.members.record_by_card(token.key)
            if record is not None and record.card_status == CardStatus.ACTIVE:
                ensure_active(record)
                view = view_member(self._context, standing_of(self._context, work, record), "card")
                return CardLookedUp(CardKind.MEMBER, view, token.key, view.card_hint)
            return self._without_member(work.cards.get(token.key), token.key, hint)

    def _by_number(self, text: str) -> CardLookedUp:
        with self._context.store.read() as work:
            card = work.cards.by_number(text)
            if card is None:
                raise _unknown_number(text)
            if card.status is CardStatus.ACTIVE and card.member_id is not None:
                view = self._view(work, card)
                return CardLookedUp(CardKind.MEMBER, view, card.card_key, view.card_hint)
            return self._without_member(card, card.card_key, text[-_HINT_LETTERS:])

    def _view(self, work: Repositories, card: Card) -> MemberView:
        assert card.member_id is not None
        record = work.members.record(card.member_id)
        if record is None:
            raise CardError(Code.MEMBER_UNKNOWN)
        ensure_active(record)
        standing = standing_of(self._context, work, record)
        return view_member(self._context, standing, FOUND_BY_NUMBER)

    def _without_member(self, card: Card | None, key: CardKey, hint: str) -> CardLookedUp:
        """A till that works alone knows every card there is; one that joined may not yet."""
        if card is None:
            if not self._context.identity.joined:
                raise CardError(Code.CARD_NOT_OURS)
            return CardLookedUp(CardKind.NEW, None, key, hint)
        if card.status is CardStatus.BLANK:
            number_hint = (card.number or hint)[-_HINT_LETTERS:]
            return CardLookedUp(CardKind.BLANK, None, key, number_hint)
        if card.status is CardStatus.ACTIVE:
            # Known as active, but the member's row has not arrived: counted by its key.
            return CardLookedUp(CardKind.NEW, None, key, hint)
        code = Code.CARD_REPLACED if card.status is CardStatus.REPLACED else Code.CARD_BLOCKED
        raise CardError(code)


def _unknown_number(text: str) -> CardError:
    """Say what 12 digits of no card are: a product (UPC-A), mistyped, or simply unknown."""
    try:
        parse_card_number(text)
    except CardError as error:
        return CardError(Code.SCAN_PRODUCT) if _is_upc(text) else error
    return CardError(Code.NUMBER_UNKNOWN)


def _is_upc(digits: str) -> bool:
    """Check the last digit as GS1 defines it: weights 3 and 1 from the right."""
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))
    )
    return weighted % 10 == 0
