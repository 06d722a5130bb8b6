"""F34: a till that is too old for its server sells on, sends, and looks now and then."""

import time

import pytest

from pos_loyalty.domain.error_catalog import Code
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, sync, wait_until

_LOOK_SECONDS = 2.5


def test_F34_a_till_that_is_too_old_listens_slowly_and_still_sends_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    assert sync(till).trouble is None
    with monkeypatch.context() as patch:
        patch.setattr("pos_loyalty.wire.version.PROTOCOL_OLDEST", 9)
        sell(till, member)
        assert sync(till).pending == 0
        wait_until(lambda: till.sync.status().trouble is Code.UPDATE_NEEDED)
        shown = balance(till, member)

        time.sleep(0.5)
        asked = shop.proxy.request_count
        time.sleep(_LOOK_SECONDS)

        assert shop.proxy.request_count - asked <= 1
        sell(till, member)
        wait_until(lambda: shop.balance_at_server(member) > shown, seconds=_LOOK_SECONDS)
        assert balance(till, member) == shop.balance_at_server(member)
        assert_sound(till)

    assert sync(till).trouble is None
    assert till.sync.status().trouble is None
    assert balance(till, member) == shop.balance_at_server(member)
    assert_sound(till)
