import random

import pytest

from pos_loyalty.cards.batch import CardBatch, issue_batch
from pos_loyalty.cards.design import CardDesign
from pos_loyalty.domain.ids import BatchId, MerchantId

MERCHANT = MerchantId("0192f7c0a1b27c3d8e4f5a6b7c8d9e0f")


def make_batch(count: int, *, seed: int = 1) -> CardBatch:
    return issue_batch(
        merchant=MERCHANT,
        count=count,
        batch=BatchId("0" * 32),
        random_bytes=random.Random(seed).randbytes,
    )


@pytest.fixture
def design() -> CardDesign:
    return CardDesign(shop_name="Corner Café")


@pytest.fixture
def batch() -> CardBatch:
    return make_batch(23)
