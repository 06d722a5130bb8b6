"""A till that is answered by its hub: what it believes, and what it leaves to the server."""

import msgspec
import pytest

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.sync.exchange import HUB_PAUSE_MS, Outcome, Step
from pos_loyalty.sync.line_status import LineWatch
from pos_loyalty.wire.messages import Status, SyncReply, SyncRequest
from tests.sample_till import SteppingClock, sell
from tests.unit.hub.hub_shop import MERCHANT, HubShop, ShopTill


def enroll(till: ShopTill) -> MemberId:
    return till.till.enroll_member(EnrollMember(name="Ada")).member.id


def held(request: SyncRequest, **fields: object) -> SyncReply:
    reply = SyncReply(
        req=request.req,
        status=Status.HELD,
        merchant=MERCHANT,
        epoch=request.epoch,
        server_now=0,
    )
    return msgspec.structs.replace(reply, **fields)


@pytest.mark.parametrize(
    "claim",
    [{"held": 9, "have_hash": "00" * 32}, {"held": 1, "have_hash": "00" * 32}, {"held": 1}],
    ids=["more than was ever sent", "another event", "no hash"],
)
def test_a_hub_that_holds_another_journal_of_our_name_is_not_believed(
    shop: HubShop, claim: dict[str, object]
) -> None:
    one = shop.add("one")
    enroll(one)
    request = one.exchange.next_request()

    outcome = one.exchange.take(held(request, **claim))

    assert (outcome.step, outcome.wait_ms) == (Step.WAIT, HUB_PAUSE_MS)
    assert one.exchange.has_unsent(one.state.waiting())
    assert len(one.exchange.next_request().events) == 1


def test_a_hub_that_holds_less_than_the_server_is_no_trouble(shop: HubShop) -> None:
    one = shop.add("one")
    sell(one.till, enroll(one), 1_000)
    shop.exchange(one)
    request = one.exchange.next_request()

    assert one.exchange.take(held(request, held=1)).step is Step.DONE


def test_a_report_of_rights_is_between_server_and_till(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    request = one.exchange.next_request()
    one.exchange.take(msgspec.structs.replace(held(request), status=Status.REPORT, epoch=2))
    request = one.exchange.next_request()
    assert request.granted_seen is not None

    outcome = one.exchange.take(held(request))

    assert outcome.step is Step.WAIT
    assert one.exchange.is_reporting


def test_rows_that_wait_are_asked_for_at_once(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    for _ in range(4):
        enroll(one)
    shop.talk(one)
    answer = shop.hold(two, msgspec.structs.replace(two.exchange.next_request(), want_rows=2))

    outcome = two.exchange.take(answer.reply)

    assert outcome.step is Step.MORE
    assert outcome.rows == 2
    while shop.talk(two).step is Step.MORE:
        pass
    with two.till.context.store.read() as read:
        peers = read.connection.execute("SELECT COUNT(*) FROM points WHERE peer_points = 50")
        assert peers.fetchone() == (4,)


def test_the_line_says_that_the_hub_stands_in() -> None:
    told: list[int] = []
    watch = LineWatch(SteppingClock(), lambda: told.append(1))
    outcome = _outcome(rows=0)

    watch.held(outcome)
    watch.held(outcome)
    watch.held(_outcome(rows=3))

    status = watch.status
    assert (status.at_hub, status.online, status.failed_tries) == (True, False, 3)
    assert len(told) == 2


def _outcome(*, rows: int) -> Outcome:
    return Outcome(step=Step.DONE, rows=rows, at_hub=True)
