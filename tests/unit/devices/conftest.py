import random
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from pos_loyalty.cards.batch import IssuedCard, issue_batch
from pos_loyalty.cards.card_picture import card_picture
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.devices.qr_decoder import QrDecoder
from pos_loyalty.domain.ids import BatchId, MerchantId

Pixels = NDArray[np.uint8]


@cache
def cards() -> tuple[IssuedCard, ...]:
    """Return eight cards, the same in every run."""
    return issue_batch(
        merchant=MerchantId("0192f7c0a1b27c3d8e4f5a6b7c8d9e0f"),
        count=8,
        batch=BatchId("0" * 32),
        random_bytes=random.Random(5).randbytes,
    ).cards


@cache
def face(place: int) -> Pixels:
    """Return the printed face of a card."""
    return card_picture(cards()[place], CardDesign(shop_name="Corner Café"))


@pytest.fixture
def decoder() -> Iterator[QrDecoder]:
    decoder = QrDecoder()
    yield decoder
    decoder.close()
