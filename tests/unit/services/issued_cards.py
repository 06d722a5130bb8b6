"""A batch of blank cards on a test's till."""

from pos_loyalty.cards.batch import IssuedCard, issue_batch
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.till import Till


def issue(till: Till, count: int = 3) -> tuple[IssuedCard, ...]:
    """Issue cards as `cards issue` does and return them with their payloads."""
    batch = issue_batch(
        merchant=till.shop.merchant,
        count=count,
        batch=BatchId("9" * 32),
        random_bytes=till.context.ids.random_bytes,
    )
    cards = tuple(NewCard(key=card.card_key, number=card.number) for card in batch.cards)
    till.issue_cards(IssueCards(batch=batch.batch, cards=cards))
    return tuple(batch.cards)
