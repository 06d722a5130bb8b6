"""A till that must be updated keeps its own sales in view; a recall outlives a restart."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.store.sync_state import PageSlice
from pos_loyalty.sync import reply_parts
from pos_loyalty.sync.exchange import Outcome, Step
from pos_loyalty.wire.messages import MemberRow, RightsRow, Row, Status
from tests.unit.sync.model_server import ModelServer
from tests.unit.sync.sim_till import SimTill

ANN = MemberId("1" * 32)
BEN = MemberId("2" * 32)


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(page=100)


@pytest.fixture
def till(tmp_path: Path, server: ModelServer) -> Iterator[SimTill]:
    made = SimTill(tmp_path / "till", random.Random(1))
    made.join(server)
    yield made
    made.store.close()


def told_to_update(till: SimTill, server: ModelServer) -> Outcome:
    """Exchange with a server that takes events and sends no rows."""
    request = till.request()
    reply = server.exchange(request)
    return till.exchange.take(
        msgspec.structs.replace(
            reply, status=Status.UPGRADE, rows=(), cursor=request.cursor, more=False, min_proto=9
        )
    )


def test_S29_F34_own_sales_stay_in_view_though_the_server_has_them(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(ANN, 10)
    till.sell(BEN, 20)

    outcome = told_to_update(till, server)

    assert (outcome.step, outcome.update_needed, outcome.hears_nothing) == (Step.DONE, True, True)
    assert not till.state.waiting().anything
    assert (till.balance(ANN), till.balance(BEN)) == (10, 20)
    till.verify()


def test_F34_it_keeps_selling_and_sending_and_sends_nothing_twice(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(ANN, 10)
    told_to_update(till, server)
    till.restart()
    till.sell(ANN, 5)

    request = till.request()
    till.exchange.abandon()
    told_to_update(till, server)

    assert (request.from_seq, len(request.events)) == (2, 1)
    assert till.balance(ANN) == 15
    till.verify()


def test_F34_after_the_update_rows_and_own_sales_are_not_counted_twice(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(ANN, 10)
    told_to_update(till, server)
    till.restart()
    till.sell(ANN, 5)
    told_to_update(till, server)

    till.settle(server)

    assert till.balance(ANN) == server.books.balances[ANN] == 15
    till.verify()


def test_rights_come_with_the_rows_that_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A till that dies between slices must not hold rights that its cursor does not prove."""
    monkeypatch.setattr(reply_parts, "ROWS_PER_TRANSACTION", 2)
    rights = RightsRow(v=1, member=ANN, granted=5)
    rows: list[Row] = [rights, *(MemberRow(v=v, member=ANN) for v in range(2, 7))]

    slices = reply_parts.slices_of(rows)

    assert [len(part) for part in slices] == [2, 2, 2]
    assert slices[-1][-1] is rights


def grant(till: SimTill, row: RightsRow) -> int:
    position = till.state.position()
    page = PageSlice(epoch=position.epoch, have=position.last_seq, rows=(row,))
    return till.state.apply(page)


def nothing(till: SimTill) -> int:
    position = till.state.position()
    return till.state.apply(PageSlice(epoch=position.epoch, have=position.last_seq, rows=()))


def test_S45_a_recall_that_a_basket_held_back_outlives_a_restart(till: SimTill) -> None:
    till.state.reserved = lambda _: 30
    grant(till, RightsRow(v=1, member=ANN, granted=40))
    assert grant(till, RightsRow(v=2, member=ANN, granted=40, keep=0)) == 1
    assert till.rights(ANN).spendable == 30

    till.restart()
    assert nothing(till) == 1

    assert till.rights(ANN).spendable == 0
    assert nothing(till) == 0
    till.verify()


def test_a_recall_that_the_server_took_back_is_forgotten(till: SimTill) -> None:
    till.state.reserved = lambda _: 40
    grant(till, RightsRow(v=1, member=ANN, granted=40))
    grant(till, RightsRow(v=2, member=ANN, granted=40, keep=0))
    grant(till, RightsRow(v=3, member=ANN, granted=40))

    till.restart()

    assert nothing(till) == 0
    assert till.rights(ANN).spendable == 40
