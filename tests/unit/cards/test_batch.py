import random

import pytest

from pos_loyalty.cards.batch import CARDS_MAX, CardBatch, issue_batch
from pos_loyalty.domain.card_payload import parse_card_number, parse_payload
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import BatchId
from tests.unit.cards.conftest import MERCHANT, make_batch


def test_every_card_of_a_batch_is_a_card_of_the_merchant(batch: CardBatch) -> None:
    for card in batch.cards:
        assert parse_payload(card.payload, [MERCHANT]).key == card.card_key
        assert parse_card_number(card.number) == card.number
        assert card.number[0] != "0"
        assert card.is_new


def test_a_large_batch_has_no_number_and_no_card_twice() -> None:
    batch = make_batch(CARDS_MAX)

    assert len({card.number for card in batch.cards}) == CARDS_MAX
    assert len({card.card_key for card in batch.cards}) == CARDS_MAX


def test_a_number_of_an_earlier_batch_is_drawn_anew() -> None:
    earlier = {card.number for card in make_batch(5).cards}

    batch = issue_batch(
        merchant=MERCHANT,
        count=5,
        batch=BatchId("1" * 32),
        random_bytes=random.Random(1).randbytes,
        is_number_taken=earlier.__contains__,
    )

    assert earlier.isdisjoint(card.number for card in batch.cards)


@pytest.mark.parametrize("count", [-1, 0, CARDS_MAX + 1])
def test_a_batch_has_a_sensible_size(count: int) -> None:
    with pytest.raises(CommandRefused) as caught:
        make_batch(count)

    assert caught.value.code is Code.BATCH_SIZE
    assert str(CARDS_MAX) in caught.value.message


def test_the_secret_of_a_card_is_in_no_traceback(batch: CardBatch) -> None:
    assert batch.cards[0].payload not in repr(batch)


def test_marks_tell_new_from_unsure_from_printed(batch: CardBatch) -> None:
    number = batch.cards[3].number

    begun = batch.with_print_begun({number})
    done = begun.with_print_done({number})

    assert [card.next_copy for card in (batch.cards[3], begun.cards[3], done.cards[3])] == [1, 2, 2]
    assert begun.handed_out_cards() == (begun.cards[3],)
    assert len(done.new_cards()) == 22
    assert not done.cards[3].is_unsure
