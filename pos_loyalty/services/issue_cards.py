"""Blank cards come into being: their keys and numbers enter the journal, their tokens do not."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.event import SCHEMA_VERSION, CardsIssued, NewCard
from pos_loyalty.domain.ids import BatchId
from pos_loyalty.services.till_context import TillContext

CARDS_PER_EVENT_MAX = 500


@dataclass(frozen=True)
class IssueCards:
    """A batch as it is printed."""

    batch: BatchId
    cards: Sequence[NewCard]


class IssueCardsHandler:
    """Makes a batch of blank cards known, here at once and on other tills by sync."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: IssueCards) -> int:
        """Record the cards in one transaction and return how many there are."""
        with self._context.store.write() as work:
            for start in range(0, len(command.cards), CARDS_PER_EVENT_MAX):
                part = tuple(command.cards[start : start + CARDS_PER_EVENT_MAX])
                stamp = self._context.stamp()
                work.journal.append(
                    CardsIssued(
                        v=SCHEMA_VERSION,
                        id=stamp.id,
                        at_ms=stamp.at_ms,
                        boot_ms=stamp.boot_ms,
                        tz_minutes=stamp.tz_minutes,
                        program=self._context.program().version,
                        batch=command.batch,
                        cards=part,
                    )
                )
                for card in part:
                    blank = Card(
                        card_key=card.key,
                        number=card.number,
                        member_id=None,
                        status=CardStatus.BLANK,
                        batch=command.batch,
                    )
                    work.cards.put(blank)
            work.commit()
        return len(command.cards)
