"""What a hub keeps and what it tells: the tills' own bytes, until the server has them."""

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.event import chain_hash
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, MerchantId
from pos_loyalty.hub.shop_hub import ServerReply, read_visit
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.sync.credentials import batch_text
from pos_loyalty.sync.exchange import Step
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    CardRow,
    MemberRow,
    MerchantRow,
    PeerRow,
    ProfileChange,
    Row,
    Settlement,
    Status,
    SyncRequest,
)
from pos_loyalty.wire.version import PROTOCOL_2, PROTOCOL_3
from tests.sample_till import sell
from tests.unit.hub.hub_shop import MERCHANT, HubShop, ShopTill


def enroll(till: ShopTill, name: str = "Ada", card: str = "") -> MemberId:
    command = EnrollMember(name=name, phone="", card_key=CardKey(card) if card else None)
    return till.till.enroll_member(command).member.id


def rows_at(shop: HubShop, till: ShopTill) -> tuple[Row, ...]:
    """Return what the hub would tell a till that has heard nothing yet."""
    request = msgspec.structs.replace(till.exchange.next_request(), hub_cursor="")
    till.exchange.abandon()
    return shop.hold(till, request).reply.rows


def test_a_sale_at_one_till_is_seen_at_the_other(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    sell(one.till, member, 10_000)

    shop.settle()

    assert two.balance(member) == one.balance(member) == 150
    assert two.rights(member) == 0


def test_the_hub_acknowledges_nothing(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 10_000)

    outcome = shop.talk(one)

    assert outcome.at_hub
    assert outcome.step is Step.DONE
    assert one.state.position().acked_seq == 0
    assert one.state.waiting().events == 2
    assert not one.exchange.has_unsent(one.state.waiting())


def test_nothing_is_sent_to_the_hub_twice(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)

    request = one.exchange.next_request()

    assert request.events == ()
    assert request.profiles == ()
    assert request.from_seq == 2


def test_what_no_hub_can_answer_waits_for_the_server(shop: HubShop) -> None:
    one = shop.add("one")
    settlement = Settlement(settlement=EventId("66" * 16), item="x", choice="seen", at_ms=1)
    with one.till.context.store.write() as work:
        work.connection.execute(
            "INSERT INTO settlement(settlement, item, body) VALUES (?, 'x', ?)",
            (settlement.settlement, msgspec.json.encode(settlement)),
        )
        work.commit()
    assert one.exchange.has_unsent(one.state.waiting())

    shop.talk(one)

    assert one.state.waiting().anything
    assert not one.exchange.has_unsent(one.state.waiting())


def test_a_new_sale_is_news_for_the_hub_again(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.talk(one)

    sell(one.till, member, 5_000)

    assert one.exchange.has_unsent(one.state.waiting())
    assert len(one.exchange.next_request().events) == 1


def test_S30_what_was_held_is_sent_on_byte_for_byte_and_dropped(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    body, signature = one.sign(request := one.exchange.next_request())
    one.exchange.take(shop.hub.hold(read_visit(body, signature)).reply)
    sell(one.till, member, 5_000)
    shop.talk(one)

    sent = shop.send_on()

    assert (sent[0].body, sent[0].signature) == (body, signature)
    assert len(sent) == 2
    assert shop.server[one.stream] == [bytes(request.events[0]), *shop.server[one.stream][1:]]
    assert len(shop.server[one.stream]) == 2
    assert shop.hub.waiting() == ()


def test_S42_the_server_counts_once_what_came_by_hub_and_directly(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 5_000)
    shop.talk(one)

    shop.exchange(one)
    shop.send_on()

    assert len(shop.server[one.stream]) == 2
    assert shop.hub.waiting() == ()


def test_a_till_that_says_what_is_acknowledged_frees_what_is_held(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()
    shop.exchange(one)

    shop.talk(one)

    assert shop.hub.waiting() == ()
    assert PeerRow(v=0, member=member) in [
        msgspec.structs.replace(row, v=0) for row in rows_at(shop, two) if isinstance(row, PeerRow)
    ]


def test_S42_points_of_others_are_gone_once_the_server_has_them(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()
    assert two.balance(member) == 50

    shop.send_on()
    shop.talk(two)

    assert two.balance(member) == 0


def test_a_row_of_the_server_ends_what_the_hub_said_of_a_member(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()

    two.write_rows(MemberRow(v=7, member=member, balance=50, name="Ada"))

    assert two.balance(member) == 50


def test_a_member_who_is_new_at_one_till_is_known_at_the_other_by_name_and_card(
    shop: HubShop,
) -> None:
    one, two = shop.add("one"), shop.add("two")
    card = "12" * 16
    for till in (one, two):
        till.write_rows(CardRow(v=1, card_key=CardKey(card), number="123456789012"))
    member = enroll(one, "Ada New", card)

    shop.settle()

    with two.till.context.store.read() as read:
        record = read.members.record_by_card(card)
    assert record is not None
    assert (record.member, record.name, record.balance_points) == (member, "Ada New", 50)


def test_what_the_server_says_of_a_card_is_not_overridden(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    card, other = "12" * 16, MemberId("77" * 16)
    one.write_rows(CardRow(v=1, card_key=CardKey(card)))
    two.write_rows(
        MemberRow(v=1, member=other, name="Other"),
        CardRow(v=2, card_key=CardKey(card), member=other, status="active"),
    )
    enroll(one, "Ada New", card)

    shop.settle()

    with two.till.context.store.read() as read:
        record = read.members.record_by_card(card)
    assert record is not None
    assert record.member == other


def test_what_the_server_says_of_a_member_is_not_overridden(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one, "Ada Typed")
    two.write_rows(MemberRow(v=4, member=member, name="Ada Of The Server"))

    shop.settle()

    with two.till.context.store.read() as read:
        record = read.members.record(member)
    assert record is not None
    assert record.name == "Ada Of The Server"


def test_a_hub_cannot_say_what_only_the_server_may(shop: HubShop) -> None:
    one = shop.add("one")
    before = one.till.shop

    one.state.apply_from_hub(
        [MerchantRow(v=9, merchant=MERCHANT, name="Somebody else", currency="EUR", hub_pin="x")]
    )

    one.till.context.refresh()
    assert one.till.shop == before
    assert one.state.position().has_hub


def test_a_sale_on_a_card_that_nobody_knows_yet_is_held_like_any(shop: HubShop) -> None:
    one = shop.add("one")
    card = CardKey("34" * 16)
    one.till.record_sale(RecordSale(total=1_000, card_key=card))

    shop.talk(one)

    assert dict(shop.hub.waiting()) == {one.stream: 1}
    assert rows_at(shop, one) == ()


def test_a_till_hears_nothing_of_itself(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)

    rows = [row for row in rows_at(shop, one) if not isinstance(row, PeerRow)]

    assert rows == []
    assert all(row.points == 0 for row in rows_at(shop, one) if isinstance(row, PeerRow))


def test_a_restart_of_everything_forgets_nothing(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()
    for till in (one, two):
        till.restart()
    shop.restart_hub()
    sell(one.till, member, 10_000)

    shop.settle()

    assert two.balance(member) == 150
    shop.send_on()
    assert len(shop.server[one.stream]) == 2


def test_a_hub_without_what_it_once_held_gets_it_again(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.talk(one)
    with shop.hub_till.till.context.store.write() as work:
        for statement in (
            "DELETE FROM hub_body",
            "DELETE FROM hub_event",
            "DELETE FROM hub_entry",
            "DELETE FROM hub_newcomer",
            "DELETE FROM hub_stream",
        ):
            work.connection.execute(statement)
        work.commit()
    sell(one.till, member, 5_000)

    assert shop.talk(one).step is Step.MORE
    shop.talk(one)

    shop.send_on()
    assert len(shop.server[one.stream]) == 2


def test_a_gap_that_the_server_fills_is_no_gap(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.exchange(one)
    sell(one.till, member, 5_000)

    assert shop.talk(one).step is Step.DONE

    shop.send_on()
    assert len(shop.server[one.stream]) == 2


def test_another_journal_of_the_same_name_has_to_wait_for_the_server(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    first = one.exchange.next_request()
    shop.hold(one, first)
    event = bytes(first.events[0]).replace(b'"welcome":50', b'"welcome":51')

    answer = shop.hold(one, _resigned(one, first, event))

    assert answer.reply.status is Status.BUSY
    assert answer.reply.retry_after_ms > 0
    shop.send_on()
    assert shop.server[one.stream] == [bytes(first.events[0])]


def test_only_tills_that_the_server_named_are_held_for(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    stranger = ShopTill(shop.folder / "stranger", 99)
    shop.tills["stranger"] = stranger
    enroll(stranger)

    with pytest.raises(LoyaltyError) as refused:
        shop.talk(stranger)

    assert refused.value.code is Code.SERVER_SILENT
    assert shop.hub.waiting() == ()


def test_a_till_of_another_shop_waits_for_the_server(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.tell_of(one, shop="Another shop")

    with pytest.raises(LoyaltyError) as refused:
        shop.talk(one)

    assert refused.value.code is Code.SERVER_SILENT


def test_a_till_that_was_switched_off_is_refused(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.tell_of(one, status="revoked")

    with pytest.raises(LoyaltyError) as refused:
        shop.talk(one)

    assert refused.value.code is Code.TILL_REVOKED


def test_a_request_with_another_signature_is_refused(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    enroll(one)
    shop.talk(one)
    enroll(one, "Another")
    body, _ = one.sign(one.exchange.next_request())
    _, other = two.sign(two.exchange.next_request())

    with pytest.raises(LoyaltyError) as refused:
        shop.hub.hold(read_visit(body, other))

    assert refused.value.code is Code.SIGNATURE
    assert dict(shop.hub.waiting())[one.stream] == 1


def test_events_that_their_till_did_not_sign_are_refused(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    request = msgspec.structs.replace(one.exchange.next_request(), sig="AAAA")

    with pytest.raises(LoyaltyError) as refused:
        shop.hold(one, request)

    assert refused.value.code is Code.SIGNATURE


def test_a_till_of_protocol_1_waits_for_the_server(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    request = msgspec.structs.replace(one.exchange.next_request(), proto=1)

    with pytest.raises(LoyaltyError) as refused:
        shop.hold(one, request)

    assert refused.value.code is Code.SERVER_SILENT


@pytest.mark.parametrize("protocol", [PROTOCOL_2, PROTOCOL_3])
def test_S29_a_hub_holds_for_tills_of_its_own_age_and_older(shop: HubShop, protocol: int) -> None:
    one = shop.add("one")
    enroll(one)
    request = msgspec.structs.replace(one.exchange.next_request(), proto=protocol)

    reply = shop.hold(one, request).reply

    assert (reply.status, reply.held) == (Status.HELD, request.top)


def test_a_closed_journal_is_neither_sent_on_nor_shown(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()

    shop.hub.joined(one.stream)
    shop.talk(two)

    assert shop.hub.waiting() == ()
    assert two.balance(member) == 0


def test_what_the_server_refuses_is_kept_and_tried_later(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)
    body = shop.hub.next_body(one.stream)
    assert body is not None

    shop.hub.refused(body)

    assert shop.hub.next_body(one.stream) is None
    assert shop.hub.waiting() == ()
    shop.hub_till.sample.clock.running_ms += 61_000
    assert [stream for stream, _ in shop.hub.waiting()] == [one.stream]


def test_a_reply_of_another_merchant_frees_nothing(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    visit = read_visit(*one.sign(one.exchange.next_request()))
    shop.hub.hold(visit)
    strange = ServerReply(status="ok", merchant=MerchantId("00" * 16), have=1, have_hash="11" * 32)

    shop.hub.heard(visit, strange)
    body = shop.hub.next_body(one.stream)
    assert body is not None
    shop.hub.forwarded(body, strange)

    assert dict(shop.state.waiting()) == {one.stream: 1}


def test_another_end_of_the_chain_at_the_server_frees_nothing(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    visit = read_visit(*one.sign(one.exchange.next_request()))
    shop.hub.hold(visit)

    other = ServerReply(status="ok", merchant=MERCHANT, have=1, have_hash="11" * 32)
    shop.hub.heard(visit, other)

    assert dict(shop.hub.waiting()) == {one.stream: 1}


def test_a_name_that_was_typed_is_kept_though_no_event_waits(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.exchange(one)
    change = ProfileChange(change=EventId("55" * 16), member=member, at_ms=1, name="Ada Lovelace")
    with one.till.context.store.write() as work:
        work.members.queue_profile(change.change, member, msgspec.json.encode(change))
        work.commit()

    shop.talk(one)
    shop.talk(one)

    assert dict(shop.hub.waiting()) == {one.stream: 1}
    sent = shop.send_on()
    assert b"Lovelace" in codec.inflate(sent[0].body)


def _resigned(till: ShopTill, request: SyncRequest, event: bytes) -> SyncRequest:
    """Return a request with another first event, properly signed by its till."""
    digest = chain_hash(bytes.fromhex(request.prev_hash), event)
    text = batch_text(merchant=MERCHANT, stream=till.stream, last_seq=1, last_hash=digest)
    return msgspec.structs.replace(request, events=(msgspec.Raw(event),), sig=till.key.sign(text))
