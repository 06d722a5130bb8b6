import itertools

import pytest

from pos_loyalty.domain.card import Card, CardStatus, join_status
from pos_loyalty.domain.ids import CardKey, MemberId


def card(status: CardStatus, member_id: MemberId | None = None) -> Card:
    return Card(
        card_key=CardKey("0" * 32), number=None, member_id=member_id, status=status, batch=None
    )


def test_the_status_is_the_same_in_whatever_order_the_reports_come() -> None:
    for one, two, three in itertools.product(CardStatus, repeat=3):
        assert join_status(one, two) is join_status(two, one)
        assert join_status(one, join_status(two, three)) is join_status(
            join_status(one, two), three
        )
        assert join_status(one, one) is one


@pytest.mark.parametrize("status", list(CardStatus))
def test_a_block_always_wins(status: CardStatus) -> None:
    assert join_status(status, CardStatus.BLOCKED) is CardStatus.BLOCKED


def test_a_blank_card_earns_before_anyone_enrolls() -> None:
    assert card(CardStatus.BLANK).may_earn
    assert not card(CardStatus.BLANK).may_redeem


def test_only_a_members_active_card_redeems() -> None:
    member_id = MemberId("1" * 32)

    assert card(CardStatus.ACTIVE, member_id).may_redeem
    assert not card(CardStatus.ACTIVE).may_redeem
    for status in (CardStatus.SUSPENDED, CardStatus.REPLACED, CardStatus.BLOCKED):
        assert not card(status, member_id).may_redeem
        assert not card(status, member_id).may_earn
