"""A till that works alone is called as its owner says."""

import dataclasses

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.services.name_shop import SHOP_NAME_LENGTH_MAX, NameShop, shop_name
from pos_loyalty.services.till_context import TillContext
from tests.sample_till import SampleTill


@pytest.fixture
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleTill:
    return SampleTill(tmp_path_factory.mktemp("shop") / "till")


def test_a_shop_is_named_and_stays_named(sample: SampleTill) -> None:
    with sample.open() as till:
        before = till.shop.shop_name
        till.name_shop(NameShop("  Corner\tCafé "))
        at_once = till.shop.shop_name
    with sample.open() as till:
        later = till.shop

    assert before == "My shop"
    assert at_once == later.shop_name == later.merchant_name == "Corner Café"


def test_the_same_name_again_writes_nothing(
    sample: SampleTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sample.open() as till:
        till.name_shop(NameShop("Corner Café"))
        writes: list[None] = []
        monkeypatch.setattr(till.context.store, "after_write", lambda: writes.append(None))
        till.name_shop(NameShop("Corner Café"))

    assert not writes


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", Code.SHOP_NAME),
        (" \n", Code.SHOP_NAME),
        ("n" * (SHOP_NAME_LENGTH_MAX + 1), Code.NAME_LONG),
    ],
)
def test_a_name_of_nothing_or_too_long_is_refused(name: str, code: Code) -> None:
    with pytest.raises(CommandRefused) as refused:
        shop_name(name)

    assert refused.value.code is code


def test_the_server_names_the_shop_of_a_till_that_has_joined(
    sample: SampleTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sample.open() as till:
        joined = dataclasses.replace(till.shop, joined=True)
        monkeypatch.setattr(TillContext, "identity", joined)

        with pytest.raises(CommandRefused) as refused:
            till.name_shop(NameShop("Corner Café"))

    assert refused.value.code is Code.SHOP_NAMED
