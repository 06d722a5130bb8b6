"""Spend rights, allowance and their end between real tills and a real server."""

from contextlib import closing

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.server.owner_commands import settle_item
from pos_loyalty.services.attention import ReadAttention, SettleItem
from pos_loyalty.services.member_view import ELSEWHERE
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from tests.contract.running_server import CLOCK, IDS
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, sync, view

WELCOME = 50


def redeem(till: Till, member: MemberId, points: int) -> SaleDone:
    """Pay a sale with points, as far as it goes: half of so many cents as points."""
    choice = RewardChoice(RewardId("pay-with-points"), points)
    return till.record_sale(
        RecordSale(total=points, member_id=member, rewards=(choice,), found_by="card")
    )


def both_synced(*tills: Till) -> None:
    for till in tills * 2:
        assert sync(till).trouble is None


def number(till: Till, name: Setting) -> int:
    with till.context.store.read() as work:
        return work.settings.number(name)


def spent_twice(shop: Shop) -> tuple[Till, Till, MemberId]:
    """A member uses all points at one till and 100 of them once more at another, offline."""
    shop.server.owner("placement", "off")
    one, two = shop.joined_till("one"), shop.joined_till("two")
    shop.server.owner("allowance", "--total", "300", "--per-till", "100")
    member = enroll(one)
    earned = sell(one, member, 20_000).earned_points
    sell(two, None, 500)
    both_synced(one, two)
    assert (number(one, Setting.RISK_TOTAL), number(two, Setting.RISK_TOTAL)) == (100, 100)
    shop.proxy.cut()
    redeem(one, member, earned)
    shown = view(two, member)
    assert shown.limit is not None
    assert (shown.spendable_points, shown.limit.reason) == (100, ELSEWHERE)
    redeem(two, member, 100)
    return one, two, member


def test_two_tills_offline_lose_no_more_than_the_allowance_and_the_owner_is_told(
    shop: Shop,
) -> None:
    one, two, member = spent_twice(shop)
    with pytest.raises(RuleViolation) as refused:
        redeem(two, member, 100)
    assert refused.value.code is Code.RIGHTS_SHORT, "the allowance of this till is used"

    shop.proxy.heal()
    both_synced(one, two)

    report = shop.server.owner("allowance")
    assert report["not_covered_points"] == 100 - WELCOME
    assert report["largest_loss_points"] == 300
    assert -WELCOME <= shop.balance_at_server(member) < 0
    assert shop.server.verified().faults == []
    for till in (one, two):
        assert_sound(till)


def test_A20_no_till_accepts_a_loss_and_takes_the_allowance_again(shop: Shop) -> None:
    one, two, _ = spent_twice(shop)
    shop.proxy.heal()
    both_synced(one, two)
    items = two.attention(ReadAttention(only_open=True)).items
    item = next(each for each in items if each.kind == "allowance_used")
    assert item.points == 100 - WELCOME

    with pytest.raises(CommandRefused) as refused:
        two.settle_item(SettleItem(item.item, "accept"))
    assert refused.value.code is Code.ITEM_CHOICE
    assert shop.server.owner("allowance")["not_covered_points"] == 100 - WELCOME

    with closing(shop.server.open()) as database:
        settle_item(database, item.item, "accept", clock=CLOCK, ids=IDS)
    both_synced(one, two)

    report = shop.server.owner("allowance")
    assert (report["not_covered_points"], report["on_tills_points"]) == (0, 200)


def test_a_till_learns_when_its_rights_end_and_hears_of_a_change(shop: Shop) -> None:
    till = shop.joined_till("one")
    both_synced(till)
    first = number(till, Setting.SPEND_UNTIL_MS)

    shop.server.owner("rights-days", "0")
    both_synced(till)

    assert first > number(till, Setting.TRUSTED_MS)
    assert number(till, Setting.SPEND_UNTIL_MS) == 0
